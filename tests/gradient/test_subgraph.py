"""`subgraph_grad`: gradients piece by piece."""

from types import SimpleNamespace

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import grad
from pytensorlite.gradient import subgraph_grad

from .evaluate import evaluate


def two_layers(rng):
    """Return a small network: its variables and their values by name."""
    x, w1, w2, target = pt.dmatrices("x", "w1", "w2", "target")
    hidden = pt.tanh(pt.dot(x, w1))
    output = pt.tanh(pt.dot(hidden, w2))
    cost = ((output - target) ** 2).sum() + 0.1 * (w1**2).sum() + 0.1 * (w2**2).sum()
    values = {
        x: rng.normal(size=(5, 4)),
        w1: rng.normal(size=(4, 3)),
        w2: rng.normal(size=(3, 2)),
        target: rng.normal(size=(5, 2)),
    }
    return SimpleNamespace(
        cost=cost, w1=w1, w2=w2, hidden=hidden, start={output: pt.ones_like(output)}, values=values
    )


def test_layer_by_layer_equals_one_gradient(rng):
    x, w1, w2, target = pt.dmatrices("x", "w1", "w2", "target")
    hidden = pt.tanh(pt.dot(x, w1))
    output = pt.tanh(pt.dot(hidden, w2))
    loss = ((output - target) ** 2).sum()
    decay1, decay2 = 0.1 * (w1**2).sum(), 0.1 * (w2**2).sum()
    values = {
        v: rng.normal(size=shape)
        for v, shape in ((x, (5, 4)), (w1, (4, 3)), (w2, (3, 2)), (target, (5, 2)))
    }

    (g2,), (g_hidden,) = subgraph_grad([w2], [hidden], cost=loss + decay2)
    (g1,), (g_x,) = subgraph_grad([w1], [x], start={hidden: g_hidden}, cost=decay1)

    whole = grad(loss + decay1 + decay2, [w1, w2, x])
    for piece, expected in zip((g1, g2, g_x), whole, strict=True):
        np.testing.assert_allclose(evaluate(piece, values), evaluate(expected, values), rtol=1e-12)


def test_cost_and_start_are_added(rng):
    net = two_layers(rng)
    both, _ = subgraph_grad([net.w2], [net.hidden], start=net.start, cost=net.cost)
    by_start, _ = subgraph_grad([net.w2], [net.hidden], start=net.start)
    by_cost, _ = subgraph_grad([net.w2], [net.hidden], cost=net.cost)
    total = evaluate(by_start[0], net.values) + evaluate(by_cost[0], net.values)
    np.testing.assert_allclose(evaluate(both[0], net.values), total)


def test_details(rng):
    net = two_layers(rng)
    ends = [net.w2], [net.hidden]
    wrt, end, by_start, by_cost = subgraph_grad(*ends, net.start, net.cost, details=True)
    assert len(wrt) == len(end) == 1
    for part, alone in ((by_start, {"start": net.start}), (by_cost, {"cost": net.cost})):
        wanted_wrt, wanted_end = subgraph_grad(*ends, **alone)
        for given, wanted in zip(part, wanted_wrt + wanted_end, strict=True):
            np.testing.assert_allclose(evaluate(given, net.values), evaluate(wanted, net.values))


def test_details_are_none_for_what_is_absent(rng):
    net = two_layers(rng)
    ends = [net.w2], [net.hidden]
    assert subgraph_grad(*ends, cost=net.cost, details=True)[2] is None
    assert subgraph_grad(*ends, start=net.start, details=True)[3] is None


def test_nothing_flows_below_the_end(rng):
    net = two_layers(rng)
    (by_w1,), _ = subgraph_grad([net.w1], [net.hidden], start=net.start)
    np.testing.assert_array_equal(evaluate(by_w1, net.values), np.zeros((4, 3)))


def test_a_single_contribution_is_not_added_to_zeros():
    x, y, g = pt.dvectors("x", "y", "g")
    layer = x * y
    (by_y,), _ = subgraph_grad([layer], [x], start={layer: g}, cost=(x**2).sum())
    assert by_y is g


def test_wrt_and_end_may_overlap():
    x = pt.dvector("x")
    wrt, end = subgraph_grad([x], [x], cost=(x**2).sum())
    assert wrt[0] is end[0]


def test_neither_cost_nor_start():
    x = pt.dvector("x")
    with pytest.raises(ValueError, match="cost"):
        subgraph_grad([x], [x])


@pytest.mark.parametrize("wrong", ["wrt", "end", "start"])
def test_containers_must_be_of_the_right_kind(wrong):
    x = pt.dvector("x")
    cost = x.sum()
    arguments = {"wrt": [x], "end": [x], "start": {cost: pt.dscalar()}}
    arguments[wrong] = (x,)
    with pytest.raises(TypeError, match=wrong):
        subgraph_grad(**arguments, cost=cost)
