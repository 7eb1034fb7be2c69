"""Sorting."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.gradient import grad
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.sort import (
    ArgSortOp,
    SortOp,
    argsort,
    argtopk,
    sort,
    topk,
    topk_and_argtopk,
)

from .agreement import assert_agrees, assert_differentiable, evaluate

AXES = [None, 0, 1, -1]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("kind", [None, "mergesort", "heapsort", "stable"])
def test_values(rng, axis, kind):
    x = rng.integers(0, 5, size=(3, 4)).astype("float64")
    assert_agrees(lambda v: sort(v, axis, kind), [x], np.sort(x, axis))
    if kind in ("stable", "mergesort"):
        assert_agrees(lambda v: argsort(v, axis, kind), [x], np.argsort(x, axis, kind))


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 0)])
def test_small(shape):
    assert_agrees(sort, [np.zeros(shape)], np.zeros(shape))
    assert_agrees(argsort, [np.zeros(shape)], np.zeros(shape, dtype="int64"))


def test_nan_comes_last():
    x = np.array([np.nan, 1.0, -np.inf])
    assert_agrees(sort, [x], np.sort(x))


@pytest.mark.parametrize("axis", AXES)
def test_derivatives(rng, axis):
    x = rng.permutation(12.0 + np.arange(12)).reshape(3, 4)
    assert_differentiable(lambda v: sort(v, axis) ** 2, [x])
    v = pt.dmatrix()
    g = grad(argsort(v, axis).sum().astype("float64"), v)
    np.testing.assert_array_equal(evaluate(g, [v], [x]), 0.0)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("kth", [1, 2, -1, -2, 3])
def test_topk(rng, axis, kth):
    x = rng.normal(size=(3, 4))
    ordered, indices = np.sort(x, axis), np.argsort(x, axis, kind="stable")
    keep = np.arange(ordered.shape[axis or 0])
    keep = keep[-kth:] if kth > 0 else keep[:-kth]
    expected = [np.take(a, keep, 0 if axis is None else axis) for a in (ordered, indices)]
    assert_agrees(lambda v: topk(v, kth, axis), [x], expected[0])
    assert_agrees(lambda v: argtopk(v, kth, axis), [x], expected[1])
    assert_agrees(lambda v: topk_and_argtopk(v, kth, axis), [x], expected)


@pytest.mark.parametrize("axis", [0, -1])
def test_batches(rng, axis):
    x, xs = pt.dmatrix("x"), pt.dtensor3("xs")
    values = rng.normal(size=(2, 3, 4))
    for function in (sort, argsort):
        found = evaluate(vectorize_graph(function(x, axis), {x: xs}), [xs], [values])
        np.testing.assert_array_equal(
            found, [evaluate(function(x, axis), [x], [v]) for v in values]
        )


def test_errors():
    x = pt.dmatrix("x")
    with pytest.raises(ValueError, match="kind must be one of"):
        sort(x, kind="bogo")
    with pytest.raises(ValueError, match="order"):
        sort(x, order="name")
    with pytest.raises(ValueError, match="same time"):
        sort(x, kind="stable", stable=True)
    with pytest.raises(np.exceptions.AxisError):
        argsort(x, axis=2)
    with pytest.raises(ValueError, match="integer scalar"):
        sort(x, axis=0.5)
    with pytest.raises(ValueError, match="zero"):
        topk(x, 0)
    with pytest.raises(NotImplementedError, match="constant axis"):
        grad(sort(x, pt.lscalar()).sum(), x)
    assert SortOp("stable") == SortOp("stable") != ArgSortOp("stable")
