"""Running sums and products."""

import numpy as np
import pytest

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite.gradient import grad
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.cumulative import CumOp, LinearRecurrence, cumprod, cumsum

from .agreement import assert_agrees, assert_differentiable, evaluate

SHAPES = [(0,), (1,), (5,), (2, 3), (3, 0), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("ours", "numpy"), [(cumsum, np.cumsum), (cumprod, np.cumprod)])
def test_values(rng, shape, ours, numpy):
    x = rng.normal(size=shape)
    for axis in (None, *range(-len(shape), len(shape))):
        assert_agrees(lambda v, axis=axis: ours(v, axis), [x], numpy(x, axis))


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "complex128"]
)
@pytest.mark.parametrize(("ours", "numpy"), [(cumsum, np.cumsum), (cumprod, np.cumprod)])
def test_dtypes(dtype, ours, numpy):
    x = np.array([1, 0, 3]).astype(dtype)
    expected = numpy(x, dtype="int64" if dtype == "bool" else dtype)
    assert_agrees(ours, [x], expected)


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3), (3, 2, 2), (0,)])
@pytest.mark.parametrize("function", [cumsum, cumprod])
def test_derivatives(rng, shape, function):
    x = rng.uniform(0.5, 1.5, size=shape)
    for axis in (None, -1, 0):
        assert_differentiable(lambda v, axis=axis: function(v**2, axis), [x])


@pytest.mark.parametrize("zeros", [[0], [2], [4], [1, 3], [0, 1, 2, 3, 4]])
def test_derivatives_of_products_with_zeros(rng, zeros):
    x = rng.uniform(0.5, 1.5, size=5)
    x[zeros] = 0.0
    assert_differentiable(cumprod, [x])


def test_the_gradient_at_a_zero_is_exact():
    x = pt.dvector("x")
    g = grad(cumprod(x).sum(), x)
    np.testing.assert_array_equal(evaluate(g, [x], [np.array([2.0, 0.0, 3.0, 5.0])]), [1, 38, 0, 0])


@pytest.mark.parametrize("axis", [0, 1])
def test_linear_recurrence(rng, axis):
    a, b = rng.normal(size=(2, 3, 4))
    expected = b.copy()
    rows, factors = np.moveaxis(expected, axis, 0), np.moveaxis(a, axis, 0)
    for i in range(1, len(rows)):
        rows[i] = factors[i] * rows[i - 1] + rows[i]
    assert_agrees(LinearRecurrence(axis), [a, b], expected)
    assert_differentiable(LinearRecurrence(axis), [a, b])


def test_an_integer_has_zero_gradient():
    x = pt.lvector("x")
    g = grad(cumsum(x).sum().astype("float64"), x)
    np.testing.assert_array_equal(evaluate(g, [x], [np.arange(3)]), 0.0)


@pytest.mark.parametrize("build", [lambda v: cumsum(v, 0), lambda v: cumprod(v, 1)])
def test_batches(rng, build):
    x, xs = pt.dmatrix("x"), pt.dtensor3("xs")
    values = rng.normal(size=(2, 3, 4))
    batch = evaluate(vectorize_graph(build(x), {x: xs}), [xs], [values])
    np.testing.assert_array_equal(batch, [evaluate(build(x), [x], [value]) for value in values])


def test_errors():
    with pytest.raises(np.exceptions.AxisError):
        cumsum(pt.dvector(), axis=1)
    with pytest.raises(ValueError, match="mode"):
        CumOp(0, "max")
    with pytest.raises(ValueError, match="from the front"):
        CumOp(-1)
    with pytest.raises(TypeError, match="integer"):
        CumOp(0.5)
    with pytest.raises(ValueError, match="out of bounds"):
        CumOp(1)(pt.dvector())
    with pytest.raises(TypeError, match="one rank and dtype"):
        LinearRecurrence(0)(pt.dvector(), pt.fvector())


def test_text_and_equality():
    assert str(CumOp(0)) == "Cumsum{axis=0}"
    assert str(CumOp(1, "mul")) == "Cumprod{axis=1}"
    assert CumOp(0) == CumOp(0) != CumOp(0, "mul")


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_along_any_axis_in_any_layout_in_c(rng, dtype, order):
    x = pt.tensor("x", dtype=dtype, shape=(None, None, None))
    outputs = [run(x, axis) for run in (cumsum, cumprod) for axis in range(3)]
    program = pytensor.function([x], outputs, mode="C")
    assert not program.fallbacks
    for shape in [(3, 4, 5), (1, 7, 1), (2, 1, 9), (0, 3, 2), (2, 0, 3), (2, 3, 0), (40, 3, 2)]:
        a = np.asarray(rng.integers(-2, 3, size=shape).astype(dtype), order=order)
        expected = [run(a, axis, dtype) for run in (np.cumsum, np.cumprod) for axis in range(3)]
        for found, wanted in zip(program(a), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("static", [(None, 1), (1, None), (1, 1), (None, 1, None), (1, None, 1)])
def test_along_and_beside_axes_of_length_one(rng, static):
    x = pt.tensor("x", shape=static)
    program = pytensor.function([x], [cumsum(x, axis) for axis in range(x.ndim)], mode="C")
    a = rng.normal(size=tuple(n or 3 for n in static))
    for axis, found in enumerate(program(a)):
        np.testing.assert_allclose(found, np.cumsum(a, axis), rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_sums_begin_with_the_first_element(axis):
    x = pt.dmatrix("x")
    for mode in ("C", "NUMPY"):
        found = evaluate(cumsum(x, axis), [x], [np.full((3, 4), -0.0)], mode)
        assert np.signbit(found).all()
