"""The identities that steer the gradient."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, grad
from pytensorlite.gradient import (
    DisconnectedInputError,
    GradClip,
    NullTypeGradError,
    ViewOp,
    disconnected_grad,
    grad_clip,
    grad_scale,
    jacobian,
    undefined_grad,
    zero_grad,
)

from .evaluate import evaluate

X = np.array([1.0, -2.0, 3.0])

VIEWS = {
    "zero_grad": zero_grad,
    "disconnected_grad": disconnected_grad,
    "undefined_grad": undefined_grad,
    "grad_clip": lambda x: grad_clip(x, -1.0, 1.0),
    "grad_scale": lambda x: grad_scale(x, 2.0),
}


@pytest.mark.parametrize("view", VIEWS)
def test_forward_they_are_the_identity(view):
    x = pt.dvector("x")
    np.testing.assert_array_equal(evaluate(VIEWS[view](x), {x: X}), X)


@pytest.mark.parametrize("view", VIEWS)
def test_they_leave_the_compiled_graph(view):
    x = pt.dvector("x")
    compiled = function([x], VIEWS[view](x) * 2)
    np.testing.assert_array_equal(compiled(X), 2 * X)
    nodes = compiled.maker.fgraph.toposort()
    assert not any(isinstance(node.op, ViewOp) for node in nodes)


@pytest.mark.parametrize("view", VIEWS)
def test_they_keep_type_and_take_numbers(view):
    x = pt.tensor("x", dtype="float32", shape=(1, None))
    assert VIEWS[view](x).type == x.type
    assert VIEWS[view](2.0).type.ndim == 0


def test_zero_grad_is_zero_but_connected():
    x = pt.dvector("x")
    gradient = grad((zero_grad(x) ** 2).sum(), x, return_disconnected="none")
    np.testing.assert_array_equal(evaluate(gradient, {x: X}), np.zeros(3))


def test_disconnected_grad_disconnects():
    x = pt.dvector("x")
    with pytest.raises(DisconnectedInputError):
        grad((disconnected_grad(x) ** 2).sum(), x)
    gradient = grad((x * disconnected_grad(x)).sum(), x)
    np.testing.assert_array_equal(evaluate(gradient, {x: X}), X)


def test_undefined_grad_raises():
    x = pt.dvector("x")
    with pytest.raises(NullTypeGradError):
        grad((undefined_grad(x) ** 2).sum(), x)


def test_grad_clip_clips():
    x = pt.dvector("x")
    gradient = grad((grad_clip(x, -1.0, 2.0) ** 2).sum(), x)
    np.testing.assert_array_equal(evaluate(gradient, {x: X}), [2.0, -1.0, 2.0])


@pytest.mark.parametrize("bounds", [(1, 0), (0, float("nan"))])
def test_grad_clip_refuses_crossed_bounds(bounds):
    with pytest.raises(ValueError, match="upper bound"):
        grad_clip(pt.dvector(), *bounds)


def test_grad_scale_scales():
    x = pt.dvector("x")
    gradient = grad((grad_scale(x, -3.0) ** 2).sum(), x)
    np.testing.assert_array_equal(evaluate(gradient, {x: X}), -6.0 * X)


def test_float32_stays_float32():
    x = pt.fvector("x")
    for view in (lambda x: grad_clip(x, -1.0, 1.0), lambda x: grad_scale(x, 2.0), zero_grad):
        assert grad((view(x) ** 2).sum(), x).type.dtype == "float32"


def test_ops_are_equal_by_their_parameters():
    assert GradClip(0, 1) == GradClip(0, 1)
    assert GradClip(0, 1) != GradClip(0, 2)


def test_they_vectorize():
    x = pt.dvector("x")
    value = evaluate(jacobian(grad_scale(x**2, 3.0), x), {x: X})
    np.testing.assert_allclose(value, np.diag(6 * X))
    value = evaluate(jacobian(grad_scale(x, 3.0) ** 2, x), {x: X})
    np.testing.assert_allclose(value, np.diag(6 * X))
