"""Reductions over any axes, of every dtype, with their derivatives."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.elemwise import CAReduce
from pytensorlite.tensor.math import All, Any, Argmax, Max, Min, Prod, Sum
from tests.tensor.tools import check, check_gradient, evaluate

AXES = [None, 0, -1, (0, 2), (0, 1, 2), ()]
DTYPES = ["float64", "float32", "float16", "int64", "int8", "uint8", "bool"]
CUBE = np.random.default_rng(3).normal(size=(2, 3, 4)) * 2


def numpy_result(name, array, axis, keepdims):
    """Reduce by NumPy; float16 in single precision, as we do."""
    wide = array.astype("float32") if array.dtype == "float16" else array
    result = getattr(np, name)(wide, axis=axis, keepdims=keepdims)
    if array.dtype == "float16" and result.dtype == "float32":
        return result.astype("float16")
    return result


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "all", "any"])
def test_values(name, dtype, axis):
    array = CUBE.astype(dtype)
    for keepdims in (False, True):
        check(
            lambda x, keepdims=keepdims: getattr(pt, name)(x, axis=axis, keepdims=keepdims),
            [array],
            numpy_result(name, array, axis, keepdims),
        )


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_positions(dtype, axis):
    array = CUBE.astype(dtype)
    for name in ("argmax", "argmin"):
        check(
            lambda x, name=name: getattr(pt, name)(x, axis=axis),
            [array],
            getattr(np, name)(array, axis=axis),
        )


def test_positions_over_several_axes():
    expected = CUBE.transpose(1, 0, 2).reshape(3, 8).argmax(1)
    check(lambda x: pt.argmax(x, axis=(0, 2)), [CUBE], expected)
    check(lambda x: pt.argmax(x, axis=(2, 0), keepdims=True), [CUBE], expected[None, :, None])
    check(pt.argmax, [np.float64(3)], np.int64(0))


def test_extremes_of_integers_at_the_ends_of_their_range():
    low, high = np.iinfo("int64").min, np.iinfo("int64").max
    array = np.array([high, low, low + 1, 0])
    check(pt.argmin, [array], np.int64(1))
    check(pt.argmax, [array], np.int64(0))
    check(pt.min, [array], np.int64(low))
    check(pt.max, [array - high], np.int64(2))


def test_extremes_carry_nan():
    array = np.array([[1.0, np.nan], [3.0, 2.0]])
    check(lambda x: pt.max(x, axis=1), [array], np.array([np.nan, 3]))
    check(lambda x: pt.min(x, axis=0), [array], np.array([1, np.nan]))
    check(lambda x: pt.argmax(x, axis=1), [array], np.array([1, 0]))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_empty_and_single(shape):
    array = np.ones(shape)
    for name in ("sum", "prod", "all", "any"):
        check(lambda x, name=name: getattr(pt, name)(x, 0), [array], getattr(np, name)(array, 0))


@pytest.mark.parametrize("function", [pt.max, pt.min, pt.argmax])
def test_no_elements_have_no_extreme(function):
    x = pt.dmatrix("x")
    with pytest.raises(ValueError, match=r"zero-size|empty"):
        evaluate(function(x, axis=0), {x: np.zeros((0, 3))})
    if function is not pt.argmax:
        with pytest.raises(ValueError, match="no elements"):
            function(pt.vector("x", shape=(0,)))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_derivatives(name, axis):
    check_gradient(lambda x: getattr(pt, name)(x, axis=axis), [CUBE])


def test_derivative_of_ties_is_one_at_each():
    x = pt.dvector("x")
    gradient = pt.grad(pt.max(x), x)
    np.testing.assert_array_equal(evaluate(gradient, {x: np.array([3.0, 1, 3])}), [1, 0, 1])


@pytest.mark.parametrize(
    "rows", [[[0.0, 2, 3]], [[0.0, 0, 3]], [[0.0, 0, 0]], [[0.0, 2, 3], [1, 2, 3], [0, 0, 2]]]
)
def test_products_with_zeros_to_second_order(rows):
    check_gradient(lambda x: pt.prod(x, axis=1), [np.array(rows)])


def test_products_promised_to_have_no_zeros():
    check_gradient(lambda x: pt.prod(x, axis=1, no_zeros_in_input=True), [CUBE])
    assert Prod(no_zeros_in_input=True) != Prod()


def test_dtypes_of_results_and_accumulators():
    expected = {
        "bool": ("int64", "int64"),
        "int8": ("int64", "int64"),
        "uint8": ("uint64", "uint64"),
        "float16": ("float16", "float32"),
        "float32": ("float32", "float64"),
        "float64": ("float64", "float64"),
        "complex64": ("complex64", "complex128"),
    }
    for dtype, (result, accumulator) in expected.items():
        for function in (pt.sum, pt.prod):
            op = function(pt.vector("x", dtype=dtype)).owner.op
            assert (op.dtype, op.acc_dtype) == (result, accumulator)
    assert pt.sum(pt.fvector("x"), dtype="int64").owner.op.acc_dtype == "float64"
    assert pt.sum(pt.ivector("x"), dtype="float32").owner.op.acc_dtype == "int64"
    assert pt.sum(pt.fvector("x"), acc_dtype="float32").owner.op.acc_dtype == "float32"
    assert pt.max(pt.vector("x", dtype="int8")).type.dtype == "int8"
    with pytest.raises(TypeError, match="precision would be lost"):
        pt.sum(pt.fvector("x"), acc_dtype="int32")


def test_half_precision_is_summed_in_single():
    check(pt.sum, [np.full(4096, 0.1, "float16")], np.float16(409.5))


def test_complex_numbers():
    array = CUBE + 1j * CUBE[::-1]
    check(lambda x: pt.sum(x, axis=0), [array], array.sum(0))
    check(lambda x: pt.sum(x, dtype="float64"), [array], array.real.sum())
    for function in (pt.max, pt.min):
        with pytest.raises(TypeError, match="order"):
            function(pt.zvector("z"))


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2)])
def test_axes_out_of_range_or_repeated(axis):
    for function in (pt.sum, pt.max, pt.argmax, pt.mean, pt.all):
        with pytest.raises(ValueError):
            function(pt.matrix("x"), axis=axis)


@pytest.mark.parametrize("axis", ["a", 1.0, True, pt.lscalar("axis")])
def test_axes_that_are_none(axis):
    with pytest.raises(TypeError):
        pt.sum(pt.matrix("x"), axis=axis)


def test_axes_are_sorted():
    x = pt.matrix("x")
    assert Sum(axis=(1, 0)).axis == (0, 1)
    assert pt.sum(x, axis=-1).owner.op.axis == (1,)
    assert pt.sum(x, axis=np.int64(1)).owner.op == pt.sum(x, axis=pt.constant(1)).owner.op
    assert pt.sum(pt.scalar("x"), axis=0).owner.op.axis == ()
    assert pt.sum(x).owner.op.axis is None


def test_how_reductions_print():
    x = pt.fmatrix("x")
    assert str(pt.sum(x).owner.op) == "Sum{axes=None, acc=float64}"
    assert str(pt.sum(pt.dmatrix("x"), axis=0).owner.op) == "Sum{axis=0}"
    assert str(pt.max(x, axis=(0, 1)).owner.op) == "Max{axes=[0, 1]}"
    assert str(Argmax((0,))) == "Argmax{axis=(0,)}"
    assert str(CAReduce(ps.add, axis=0)) == "CAReduce{add, axis=0}"


def test_clones_keep_their_parameters():
    for op in (Sum(0, "int64"), Prod(1, acc_dtype="float64"), Max(0), Min((0, 1)), All(0), Any()):
        assert op.clone() == op
        assert op.clone(axis=3).axis == (3,)


def test_reduction_by_any_scalar_op():
    array = np.array([[5, 3], [6, 12]])
    check(CAReduce(ps.xor, axis=0), [array], np.bitwise_xor.reduce(array, axis=0))
    check(CAReduce(ps.gcd, axis=1), [array], np.gcd.reduce(array, axis=1))
    with pytest.raises(NotImplementedError, match="two inputs"):
        CAReduce(ps.exp)


def test_integer_results_have_zero_derivatives():
    x = pt.dvector("x")
    for cost in (pt.all(x), pt.argmax(x), pt.sum(x, dtype="int64")):
        (gradient,) = cost.owner.op.pullback(cost.owner.inputs, [cost], [pt.dscalar("g")])
        assert gradient.type.dtype == "float64"


def test_largest_and_smallest():
    a, b = CUBE[0], CUBE[1]
    check(pt.largest, [a, b], np.maximum(a, b))
    check(lambda x, y: pt.smallest(x, y, -x), [a, b], np.min([a, b, -a], axis=0))
    values, positions = pt.max_and_argmax(pt.as_tensor(a), axis=1, keepdims=True)
    np.testing.assert_array_equal(evaluate(values, {}), a.max(1, keepdims=True))
    np.testing.assert_array_equal(evaluate(positions, {}), a.argmax(1)[:, None])
