"""Axes joined and split, arrays packed and unpacked."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from tests.tensor.tools import check, check_gradient, evaluate

CUBE = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ((), (24,)),
        ((1,), (2, 12)),
        ((-2,), (2, 12)),
        ((0, 2), (6, 4)),
        ((1, 1), (2, 3, 4)),
        ((0, 0), (1, 2, 3, 4)),
        ((3,), (2, 3, 4, 1)),
    ],
)
def test_join_dims(arguments, shape):
    check(lambda x: pt.join_dims(x, *arguments), [CUBE], CUBE.reshape(shape))
    check_gradient(lambda x: pt.join_dims(x, *arguments), [CUBE], order=1)


def test_join_dims_of_nothing():
    check(lambda x: pt.join_dims(x, 1), [np.zeros((0, 3, 4))], np.zeros((0, 12)))
    with pytest.raises(IndexError, match="out of bounds"):
        pt.join_dims(pt.matrix("x"), 3)
    with pytest.raises(ValueError, match="Cannot join 3 axes"):
        pt.join_dims(pt.matrix("x"), 1, 3)


@pytest.mark.parametrize(
    ("lengths", "axis", "shape"),
    [
        ((2, 2), 2, (2, 3, 2, 2)),
        ((2, -1), -1, (2, 3, 2, 2)),
        (3, 1, (2, 3, 4)),
        (np.array([1, 3]), 1, (2, 1, 3, 4)),
    ],
)
def test_split_dims(lengths, axis, shape):
    check(lambda x: pt.split_dims(x, lengths, axis=axis), [CUBE], CUBE.reshape(shape))
    check_gradient(lambda x: pt.split_dims(x, lengths, axis=axis), [CUBE], order=1)


def test_split_dims_into_nothing():
    check(lambda x: pt.split_dims(x, (), axis=0), [CUBE[:1]], CUBE[0])
    with pytest.raises(ValueError):
        pt.split_dims(pt.tensor("x", shape=(2, 5)), (2, 3), axis=1).type.shape[0] or pt.split_dims(
            pt.tensor("x", shape=(2, 5)), (2, 2), axis=1
        )


@pytest.mark.parametrize("keep_axes", [None, 0, -1, [0, -1]])
def test_what_is_packed_can_be_unpacked(keep_axes):
    arrays = [CUBE, CUBE[:, 0]] if keep_axes is not None else [CUBE, CUBE[0, 0], CUBE[0, 0, 0]]
    for i, array in enumerate(arrays):

        def packed_and_unpacked(*inputs, i=i):
            packed, shapes = pt.pack(*inputs, keep_axes=keep_axes)
            return pt.unpack(packed, shapes, keep_axes=keep_axes)[i]

        check(packed_and_unpacked, arrays, array)
        check_gradient(packed_and_unpacked, arrays, order=1)


def test_packed_arrays():
    check(lambda x, y: pt.pack(x, y)[0], [CUBE, CUBE[0]], np.r_[CUBE.ravel(), CUBE[0].ravel()])
    _, shapes = pt.pack(pt.dmatrix("x"), pt.tensor("v", shape=(3,)))
    assert [shape.type.shape for shape in shapes] == [(2,), (1,)]
    pieces = pt.unpack(pt.as_tensor(np.arange(7.0)), [(3,), (2, 2)])
    np.testing.assert_array_equal(evaluate(pieces[1], {}), [[3, 4], [5, 6]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: pt.pack(),
        lambda: pt.pack(pt.scalar("s"), keep_axes=0),
        lambda: pt.pack(pt.tensor3("t"), keep_axes=1),
        lambda: pt.pack(pt.tensor("a", shape=(3, 4)), pt.tensor("b", shape=(5, 4)), keep_axes=0),
        lambda: pt.unpack(pt.vector("v"), []),
    ],
)
def test_mistakes(call):
    with pytest.raises(ValueError):
        call()
