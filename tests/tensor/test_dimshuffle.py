"""Axes permuted, added and dropped."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.elemwise import DimShuffle
from tests.tensor.tools import check, check_gradient, evaluate

ARRAY = np.arange(24.0).reshape(2, 3, 1, 4)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((0, 1, 2, 3), ARRAY),
        ((3, 2, 1, 0), ARRAY.T),
        ((0, 1, 3), ARRAY[:, :, 0]),
        (("x", 3, "x", 0, 1), ARRAY[:, :, 0].transpose(2, 0, 1)[np.newaxis, :, np.newaxis]),
        ((-1, 0, 1), ARRAY[:, :, 0].transpose(2, 0, 1)),
    ],
)
def test_orders(order, expected):
    check(lambda x: x.dimshuffle(order), [ARRAY], expected)
    check_gradient(lambda x: x.dimshuffle(order), [ARRAY])


def test_parts_of_an_order():
    op = DimShuffle(input_ndim=3, new_order=("x", 2, 0))
    assert (op.shuffle, op.augment, op.drop) == ((2, 0), (0,), (1,))
    assert op == DimShuffle(input_ndim=3, new_order=["x", -1, 0])
    assert op.view_map == {0: [0]}


@pytest.mark.parametrize(
    ("ndim", "order", "text"),
    [
        (1, ("x", 0), "ExpandDims{axis=0}"),
        (1, ("x", 0, "x"), "ExpandDims{axes=(0, 2)}"),
        (2, (1,), "Squeeze{axis=0}"),
        (2, (), "Squeeze{axes=(0, 1)}"),
        (3, (0, 2, 1), "MatrixTranspose"),
        (3, (1, 0, 2), "Transpose{axes=(1, 0, 2)}"),
        (3, ("x", 1, 0), "DimShuffle{order=[x,1,0]}"),
    ],
)
def test_how_it_prints(ndim, order, text):
    assert str(DimShuffle(input_ndim=ndim, new_order=order)) == text


def test_mistakes():
    with pytest.raises(TypeError, match="position 1"):
        DimShuffle(input_ndim=2, new_order=(0, "y"))
    with pytest.raises(TypeError, match=r"1\.0 of float"):
        DimShuffle(input_ndim=2, new_order=(0, 1.0))
    with pytest.raises(ValueError, match="only 1 axes"):
        DimShuffle(input_ndim=1, new_order=(1,))
    with pytest.raises(ValueError, match="twice"):
        DimShuffle(input_ndim=2, new_order=(0, 0))
    with pytest.raises(TypeError, match="expected 2, got 1"):
        DimShuffle(input_ndim=2, new_order=(0, 1))(pt.vector("x"))
    with pytest.raises(TypeError, match="has 3"):
        pt.tensor("x", shape=(2, 3)).dimshuffle(0)


def test_a_dropped_length_is_checked_when_it_is_known():
    x = pt.dmatrix("x")
    np.testing.assert_array_equal(evaluate(x.dimshuffle(0), {x: np.ones((2, 1))}), [1, 1])
    with pytest.raises(ValueError, match=r"must have length 1.*\(2, 3\)"):
        evaluate(x.dimshuffle(0), {x: np.ones((2, 3))})


def test_integers_have_float_derivatives():
    x = pt.ivector("x")
    out = x.dimshuffle("x", 0)
    (gradient,) = out.owner.op.pullback([x], [out], [pt.drow("g")])
    assert gradient.type.dtype == "float64"
    np.testing.assert_array_equal(evaluate(gradient, {x: np.int32([1, 2])}), [0, 0])
