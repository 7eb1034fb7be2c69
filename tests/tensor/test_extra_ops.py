"""Repeating, selecting, counting, searching, filling."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.gradient import NullTypeGradError, grad
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.extra_ops import (
    Repeat,
    Unique,
    bincount,
    compress,
    diff,
    fill_diagonal,
    fill_diagonal_offset,
    ravel_multi_index,
    repeat,
    searchsorted,
    squeeze,
    unique,
    unravel_index,
)

from .agreement import assert_agrees, assert_differentiable, evaluate

SHAPES = [(0,), (1,), (4,), (2, 3), (2, 0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_repeat_alike(rng, shape, count):
    x = rng.normal(size=shape)
    for axis in (None, *range(-len(shape), len(shape))):
        expected = np.repeat(x, count, axis)
        assert_agrees(lambda v, axis=axis: repeat(v, count, axis), [x], expected)
        counts = np.array(count)
        assert_agrees(lambda v, n, axis=axis: repeat(v, n, axis), [x, counts], expected)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "uint64"])
def test_repeat_each_its_own_number(rng, axis, dtype):
    x = rng.normal(size=(2, 3))
    counts = np.arange(6 if axis is None else x.shape[axis]).astype(dtype)
    assert_agrees(
        lambda v, n: repeat(v, n, axis), [x, counts], np.repeat(x, counts.astype(int), axis)
    )
    assert_differentiable(lambda v: repeat(v**2, counts, axis), [x])
    assert_differentiable(lambda v: repeat(v**2, 2, axis), [x])


def test_repeat_errors():
    x, n = pt.dvector("x"), pt.lvector("n")
    with pytest.raises(ValueError, match="one number of repeats for each of the 3"):
        evaluate(repeat(x, n, 0), [x, n], [np.zeros(3), np.array([2])])
    with pytest.raises(ValueError, match="negative"):
        evaluate(repeat(x, n, 0), [x, n], [np.zeros(2), np.array([2, -1])])
    with pytest.raises(TypeError, match="integers"):
        repeat(x, pt.dvector())
    with pytest.raises(TypeError, match="integers"):
        repeat(x, 1.5)
    with pytest.raises(ValueError, match="not exceed 1"):
        repeat(x, pt.lmatrix())
    with pytest.raises(ValueError, match="from the front"):
        Repeat(-1)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_squeeze(axis):
    x = np.arange(3.0).reshape(1, 3, 1)
    assert_agrees(lambda v: squeeze(v, axis), [x], np.squeeze(x, axis))
    assert_agrees(lambda v: v.squeeze(axis), [x], np.squeeze(x, axis))


def test_squeeze_keeps_what_may_be_longer():
    assert squeeze(pt.dmatrix()).type.ndim == 2
    with pytest.raises((TypeError, ValueError)):
        squeeze(pt.tensor(dtype="float64", shape=(3, 1)), 0)
    with pytest.raises(np.exceptions.AxisError):
        squeeze(pt.dvector(), 1)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_diff(rng, n, axis):
    x = rng.normal(size=(3, 4))
    assert_agrees(lambda v: diff(v, n, axis), [x], np.diff(x, n, axis))
    assert_differentiable(lambda v: diff(v**3, n, axis), [x])


def test_diff_of_booleans_and_unsigned():
    x = np.array([True, False, False])
    assert_agrees(diff, [x], np.diff(x))
    y = np.array([1, 0], dtype="uint8")
    assert_agrees(diff, [y], np.diff(y))
    with pytest.raises(ValueError, match="from 0 on"):
        diff(pt.dvector(), n=-1)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("condition", [[1, 0, 1], [0, 0], [2]])
def test_compress(rng, axis, condition):
    x = rng.normal(size=(3, 4))
    condition = np.array(condition)
    assert_agrees(
        lambda c, v: compress(c, v, axis), [condition, x], np.compress(condition, x, axis)
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64"])
@pytest.mark.parametrize("x", [[], [0], [3, 1, 1]])
def test_bincount(rng, x, dtype):
    x = np.array(x, dtype=dtype)
    assert_agrees(bincount, [x], np.bincount(x))
    assert_agrees(lambda v: bincount(v, minlength=6), [x], np.bincount(x, minlength=6))
    weights = rng.normal(size=x.shape)
    # NumPy forgets the weights' dtype where there are none.
    expected = np.bincount(x, weights).astype("float64")
    assert_agrees(bincount, [x, weights], expected)
    assert_differentiable(lambda w: bincount(pt.as_tensor(x), w**2), [weights])


def test_bincount_errors():
    x = pt.lvector("x")
    with pytest.raises(ValueError, match="negative"):
        evaluate(bincount(x), [x], [np.array([1, -1])])
    with pytest.raises(TypeError, match="integers"):
        bincount(pt.dvector())
    with pytest.raises(TypeError, match="dimension 1"):
        bincount(pt.lmatrix())


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (0,)])
def test_searchsorted(rng, side, shape):
    x, v = (
        np.sort(rng.integers(0, 5, 6)).astype("float64"),
        rng.integers(0, 5, shape).astype("float64"),
    )
    assert_agrees(lambda a, b: searchsorted(a, b, side), [x, v], np.searchsorted(x, v, side))
    shuffled = rng.permutation(x)
    order = np.argsort(shuffled)
    expected = np.searchsorted(shuffled, v, side, order)
    assert_agrees(lambda a, b, c: searchsorted(a, b, side, c), [shuffled, v, order], expected)
    a = pt.dvector("a")
    g = grad(searchsorted(a, v, side).astype("float64").sum(), a)
    np.testing.assert_array_equal(evaluate(g, [a], [x]), 0.0)


def test_searchsorted_errors():
    with pytest.raises(ValueError, match="invalid value for keyword 'side'"):
        searchsorted(pt.dvector(), 1.0, side="middle")
    with pytest.raises(TypeError, match="sorter must be an integer vector"):
        searchsorted(pt.dvector(), 1.0, sorter=pt.dvector())
    with pytest.raises(ValueError, match="dimensions"):
        searchsorted(pt.dmatrix(), 1.0)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_unique(rng, axis):
    x = rng.integers(0, 3, size=(4, 3)).astype("float64")
    assert_agrees(lambda v: unique(v, axis=axis), [x], np.unique(x, axis=axis))
    expected = np.unique(x, True, True, True, axis=axis)
    expected = [expected[0], *(part.ravel() for part in expected[1:])]
    assert_agrees(lambda v: unique(v, True, True, True, axis=axis), [x], expected)


def test_unique_has_no_derivative():
    x = pt.dvector("x")
    with pytest.raises(NullTypeGradError, match="Unique"):
        grad(unique(x).sum(), x)
    assert Unique() == Unique() != Unique(axis=0)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("indices", [3, [0, 11], [[1, 2], [3, 4]], []])
def test_unravel_and_ravel(indices, order):
    indices = np.array(indices, dtype="int64")
    expected = np.unravel_index(indices, (3, 4), order)
    assert_agrees(lambda v: unravel_index(v, (3, 4), order), [indices], expected)
    back = lambda a, b: ravel_multi_index((a, b), (3, 4), order=order)
    assert_agrees(back, expected, np.asarray(indices))


@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_ravel_modes(mode):
    rows, columns = np.array([5, -1]), np.array([2, 9])
    expected = np.ravel_multi_index((rows, columns), (3, 4), mode=mode)
    assert_agrees(
        lambda a, b: ravel_multi_index((a, b), (3, 4), mode=mode), [rows, columns], expected
    )


def test_unravel_errors():
    x = pt.lvector("x")
    with pytest.raises(ValueError, match="order"):
        unravel_index(x, (3,), order="A")
    with pytest.raises(TypeError, match="integers"):
        unravel_index(pt.dvector(), (3,))
    with pytest.raises(TypeError, match="tuple or a list"):
        ravel_multi_index(x, (3,))
    with pytest.raises(ValueError, match="out of bounds"):
        evaluate(unravel_index(x, (2, 2)), [x], [np.array([4])])


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (5, 2), (0, 3), (3, 3, 3)])
def test_fill_diagonal(rng, shape):
    x, value = rng.normal(size=shape), np.array(7.0)
    expected = x.copy()
    if x.size:
        np.fill_diagonal(expected, value)
    if shape == (5, 2):
        expected = x.copy()
        expected[[0, 1], [0, 1]] = 7.0
    assert_agrees(fill_diagonal, [x, value], expected)
    if x.size:
        assert_differentiable(lambda v, w: fill_diagonal(v**2, w**2), [x, value])


@pytest.mark.parametrize("offset", [-5, -2, 0, 1, 3, 5])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_fill_diagonal_offset(rng, shape, offset):
    x, value = rng.normal(size=shape), np.array(7.0)
    mask = np.eye(*shape, k=offset, dtype=bool)
    assert_agrees(fill_diagonal_offset, [x, value, np.array(offset)], np.where(mask, 7.0, x))
    build = lambda v, w: fill_diagonal_offset(v**2, w**2, offset)
    assert_differentiable(build, [x, value])


def test_fill_diagonal_errors():
    with pytest.raises(TypeError, match="same as the first's"):
        fill_diagonal(pt.dmatrix(), 1j)
    with pytest.raises(TypeError, match="at least 2"):
        fill_diagonal(pt.dvector(), 1.0)
    with pytest.raises(TypeError, match="scalar"):
        fill_diagonal(pt.dmatrix(), pt.dvector())
    with pytest.raises(TypeError, match="single integer"):
        fill_diagonal_offset(pt.dmatrix(), 1.0, 0.5)
    x = pt.dtensor3("x")
    with pytest.raises(ValueError, match="must be equal"):
        evaluate(fill_diagonal(x, 1.0), [x], [np.zeros((2, 2, 3))])


@pytest.mark.parametrize(
    "build",
    [
        lambda x, n: repeat(x, n),
        lambda x, n: pt.concatenate(unique(x, return_counts=True)) * 0.0,
        lambda x, n: searchsorted(x, x),
        lambda x, n: diff(x),
    ],
)
def test_batches(build):
    x, n, xs = pt.dvector("x"), pt.lvector("n"), pt.dmatrix("xs")
    values, counts = np.array([[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]), np.array([1, 0, 2])
    batch = evaluate(vectorize_graph(build(x, n), {x: xs}), [xs, n], [values, counts])
    expected = [evaluate(build(x, n), [x, n], [value, counts]) for value in values]
    np.testing.assert_array_equal(batch, expected)
