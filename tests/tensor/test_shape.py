"""Shapes asked for, asserted and changed."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.tensor.shape import (
    Reshape,
    Shape,
    Shape_i,
    SpecifyShape,
    shape_i,
    shape_tuple,
)
from tests.tensor.tools import check, check_gradient, evaluate

MATRIX = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 1, 4)])
def test_shape(shape):
    check(pt.shape, [np.zeros(shape)], np.array(shape, dtype="int64"))
    for i, length in enumerate(shape):
        check(Shape_i(i), [np.zeros(shape)], np.int64(length))


def test_a_known_shape_is_a_constant():
    x = pt.tensor("x", shape=(2, 3))
    assert x.shape.data.tolist() == [2, 3]
    assert pt.shape([[1, 2]]).data.tolist() == [1, 2]
    mixed = pt.tensor("x", shape=(None, 3))
    assert isinstance(mixed.shape.owner.op, Shape)
    first, second = shape_tuple(mixed)
    assert first.owner is not None
    assert second.data == 3


def test_lengths_that_are_not_there():
    with pytest.raises(TypeError, match="no axis 2"):
        Shape_i(2)(pt.matrix("x"))


def test_what_a_graph_knows_of_its_shapes():
    class Graph:
        class shape_feature:
            shape_of = {}  # noqa: RUF012

    x, known = pt.vector("x"), pt.lscalar("known")
    assert isinstance(shape_i(x, 0, Graph).owner.op, Shape_i)
    Graph.shape_feature.shape_of[x] = (known,)
    assert shape_i(x, 0, Graph) is known


# -- asserting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3), (None, 3), [2, None], (..., 3), np.array([2, 3])])
def test_specify_shape(shape):
    check(lambda x: pt.specify_shape(x, shape), [MATRIX], MATRIX)
    check_gradient(lambda x: pt.specify_shape(x, shape), [MATRIX])
    specified = pt.specify_shape(pt.dmatrix("x"), shape)
    assert all(length is not None for length in specified.type.shape[-1:]) or shape == [2, None]


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
def test_specified_lengths_are_checked_at_every_call(mode):
    x = pt.dvector("x")
    f = function([x], pt.specify_shape(x, (2,)) * 2, mode=mode)
    np.testing.assert_array_equal(f([1.0, 2.0]), [2.0, 4.0])
    with pytest.raises(AssertionError, match="dim 0 of input has shape 3, expected 2"):
        f([1.0, 2.0, 3.0])


def test_specified_lengths_may_be_symbolic():
    x, n = pt.dmatrix("x"), pt.lscalar("n")
    specified = pt.specify_shape(x, (n, 3))
    assert specified.type.shape == (None, 3)
    np.testing.assert_array_equal(evaluate(specified, {x: MATRIX, n: np.array(2)}), MATRIX)
    with pytest.raises(AssertionError, match="dim 0 of input has shape 2, expected 5"):
        evaluate(specified, {x: MATRIX, n: np.array(5)})
    lengths = pt.lvector("lengths", shape=(2,))
    assert pt.specify_shape(x, lengths).owner.nin == 3


def test_a_shape_that_is_known_is_not_asserted_again():
    x = pt.tensor("x", shape=(2, None))
    assert pt.specify_shape(x, (2, None)) is x
    assert pt.specify_shape(x, (None, None)) is x
    assert isinstance(pt.specify_shape(x, (2, 3)).owner.op, SpecifyShape)


def test_contradictory_shapes():
    with pytest.raises(AssertionError, match="length 3, expected 2"):
        pt.specify_shape(pt.vector("x", shape=(3,)), (2,))
    with pytest.raises(ValueError, match="rank 1"):
        pt.specify_shape(pt.vector("x"), (2, 3))
    with pytest.raises(TypeError, match="integer"):
        pt.specify_shape(pt.vector("x"), (2.5,))


def test_specify_broadcastable():
    x = pt.dmatrix("x")
    assert pt.specify_broadcastable(x) is x
    assert pt.specify_broadcastable(x, -1).type.shape == (None, 1)
    row = pt.row("r")
    assert pt.specify_broadcastable(row, 0) is row
    with pytest.raises(ValueError):
        pt.specify_broadcastable(x, 2)


# -- changing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "new"),
    [
        ((2, 3), (3, 2)),
        ((2, 3), (-1,)),
        ((2, 3), (3, -1)),
        ((2, 3), 6),
        ((2, 3), (1, 2, 1, 3)),
        ((1, 1), ()),
        ((), (1, 1)),
        ((0, 3), (3, 0)),
        ((0, 3), (-1, 3)),
        ((0, 3), (0, 5)),
    ],
)
def test_reshape(shape, new):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    check(lambda x: pt.reshape(x, new), [array], array.reshape(new))
    if array.size:
        check_gradient(lambda x: pt.reshape(x, new), [array])


def test_reshape_by_symbolic_lengths():
    check(lambda x: x.reshape(x.shape[::-1]), [MATRIX], MATRIX.reshape(3, 2))
    check(lambda x: x.reshape((x.shape[1], -1)), [MATRIX], MATRIX.reshape(3, 2))
    check(lambda x: x.reshape((x.shape[0] * x.shape[1],)), [MATRIX], MATRIX.ravel())
    check(lambda x, s: x.reshape(s, ndim=2), [MATRIX, np.array([-1, 2])], MATRIX.reshape(3, 2))
    check(lambda x: x.reshape(np.int8([3, 2])), [MATRIX], MATRIX.reshape(3, 2))


def test_static_shapes_of_reshapes():
    x = pt.tensor("x", shape=(2, 3))
    n = pt.lscalar("n")
    assert x.reshape((3, -1)).type.shape == (3, 2)
    assert x.reshape((n, 2)).type.shape == (3, 2)
    assert pt.vector("v").reshape((n, 2)).type.shape == (None, 2)
    assert pt.vector("v").reshape((-1, 1)).type.shape == (None, 1)


@pytest.mark.parametrize("new", [(2, -1, -1), (-2,), (4,), (4, -1)])
def test_impossible_reshapes(new):
    with pytest.raises(ValueError):
        pt.tensor("x", shape=(2, 3)).reshape(new)


def test_reshapes_that_fail_at_run_time():
    x, s = pt.dmatrix("x"), pt.lvector("s")
    with pytest.raises(ValueError, match=r"shape \(2, 3\) into shape \(4, 2\)"):
        evaluate(x.reshape((4, 2)), {x: MATRIX})
    with pytest.raises(ValueError, match="Expected 2 lengths"):
        evaluate(x.reshape(s, ndim=2), {x: MATRIX, s: np.array([6])})
    with pytest.raises(ValueError, match="ndim"):
        x.reshape(s)
    with pytest.raises(TypeError, match="integers"):
        x.reshape((2.0, 3.0))
    with pytest.raises(TypeError, match="Expected 3 lengths"):
        Reshape(3)(x, [2, 3])
    with pytest.raises(ValueError, match="negative"):
        Reshape(-1)


def test_padding_with_axes_of_length_one():
    check(pt.shape_padleft, [MATRIX], MATRIX[np.newaxis])
    check(lambda x: pt.shape_padright(x, 2), [MATRIX], MATRIX[..., np.newaxis, np.newaxis])
    check(lambda x: pt.shape_padaxis(x, 1), [MATRIX], MATRIX[:, np.newaxis])
    check(lambda x: pt.shape_padaxis(x, -1), [MATRIX], MATRIX[..., np.newaxis])
    with pytest.raises(IndexError, match="out of range"):
        pt.shape_padaxis(pt.matrix("x"), 3)


def test_shapes_have_no_derivative():
    x = pt.dmatrix("x")
    for node in (x.shape.owner, Shape_i(0)(x).owner):
        assert node.op.connection_pattern(node) == [[False]]
    node = x.reshape(x.shape[::-1]).owner
    assert node.op.connection_pattern(node) == [[True], [False]]
