"""Functions built on indexing, and the small ones that read index expressions."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.subtensor import (
    AdvancedSubtensor1,
    advanced_inc_subtensor1,
    advanced_subtensor1,
    as_index_constant,
    as_index_literal,
    flip,
    indexed_result_shape,
    slice_at_axis,
    take,
)

from .agreement import assert_agrees, evaluate


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
@pytest.mark.parametrize("indices", [1, [0, 2], [[1, 0], [2, 1]], []])
def test_take(rng, axis, mode, indices):
    x = rng.normal(size=(3, 4))
    indices = np.array(indices, dtype="int64")
    if mode != "raise":
        indices = indices * 7 - 5
    assert_agrees(lambda v: take(v, indices, axis, mode), [x], np.take(x, indices, axis, mode=mode))
    assert_agrees(lambda v: v.take(indices, axis, mode), [x], np.take(x, indices, axis, mode=mode))


def test_take_refuses_other_modes_and_axes():
    with pytest.raises(ValueError, match="mode"):
        take([1], 0, mode="ignore")
    with pytest.raises(np.exceptions.AxisError):
        take([1], 0, axis=2)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_flip(rng, axis):
    x = rng.normal(size=(2, 3, 4))
    assert_agrees(lambda v: flip(v, axis), [x], np.flip(x, axis))


def test_slice_at_axis():
    x = np.arange(24).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1, -2):
        np.testing.assert_array_equal(x[slice_at_axis(slice(1), axis)], np.take(x, [0], axis))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis(rng, axis):
    x = rng.normal(size=(3, 4))
    order = np.argsort(x, axis)
    expected = np.take_along_axis(x, order, axis)
    assert_agrees(lambda v: pt.take_along_axis(v, order, axis), [x], expected)


def test_index_conversions():
    assert as_index_constant(3).data == 3
    assert as_index_constant(slice(1, None)).start.data == 1
    assert as_index_constant(None) is None
    n = pt.lscalar("n")
    assert as_index_constant(n) is n
    assert as_index_literal(slice(pt.constant(1), None)) == slice(1, None)
    assert as_index_literal(np.int8(3)) == 3


def test_shape_of_a_result_before_it_exists():
    a, b = pt.lscalar("a"), pt.lscalar("b")
    index = pt.lmatrix("index")
    shape = indexed_result_shape((a, b), (index, slice(1, None)))
    same = indexed_result_shape((a, b), ((2, 3), slice(1, None)), indices_are_shapes=True)
    found = evaluate(
        [pt.as_tensor(n) for n in (*shape, *same)], [a, b, index], [9, 5, np.zeros((2, 3), int)]
    )
    assert [int(n) for n in found] == [2, 3, 4, 2, 3, 4]


def test_row_ops_refuse_other_indices():
    for bad in (pt.lmatrix(), pt.vector(dtype="bool"), pt.dvector()):
        with pytest.raises(TypeError):
            advanced_subtensor1(pt.dmatrix(), bad)
    with pytest.raises(TypeError, match="scalar"):
        advanced_inc_subtensor1(pt.dscalar(), 1.0, [0])
    with pytest.raises(NotImplementedError, match="sparse_grad"):
        AdvancedSubtensor1(sparse_grad=True)
