"""Programs with exponentials and logarithms of whole vectors: right wherever a number stands."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import erf

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite import scalar as ps
from pytensorlite.cgen.build import build
from pytensorlite.tensor.elemwise import Elemwise

ANYWHERE = """
#include "ptl_runtime.h"
#include "ptl_math.h"
#include "ptl_vectors.h"
#include "ptl_vector_power.h"
#if PTL_VECTOR_BYTES == 64 && defined(__AVX512DQ__)
_Static_assert(_Alignof(ptl_double8) == _Alignof(double), "eight doubles");
_Static_assert(_Alignof(ptl_float16) == _Alignof(float), "sixteen floats");
#endif
"""

ELEMENTWISE = {
    "exp": pt.exp,
    "twice": lambda x: pt.exp(-pt.exp(x)),
    "beside": lambda x: pt.exp(x) * x + pt.exp(-x * x) / (1 + x * x),
    "sigmoid": lambda x: pt.sigmoid(2 * x) * x,
    "softplus": lambda x: pt.softplus(x) - x,
    "log": pt.log,
    "log1p": pt.log1p,
    "logs": lambda x: pt.log(1 + pt.log1p(x * x)) * pt.exp(-abs(x)),
    "logaddexp": lambda x: pt.logaddexp(x, 1 - x),
    "xlogy": lambda x: Elemwise(ps.xlogy0)(x, x + 1),
    "powers": lambda x: abs(x) ** x,
    "roots": lambda x: x**2.5 + (1 + x * x) ** -1.5,
    "chosen": lambda x: pt.switch(x > 0, pt.exp(-x), x),
}
SUMS = {
    "rows": lambda x: pt.exp(x).sum(axis=1),
    "columns": lambda x: pt.exp(x).sum(axis=0),
    "all": lambda x: (pt.exp(x) + pt.sigmoid(x)).sum(),
    "logs": lambda x: pt.log(1 + x * x).sum(axis=1),
    "powers": lambda x: (abs(x) ** (x / 2)).sum(axis=1),
    "chains": lambda x: (pt.softplus(x) * x).sum(axis=1),
    "largest": lambda x: pt.logsumexp(x, axis=1),
    "shares": lambda x: pt.special.softmax(x, axis=1),
    "gradient": lambda x: pytensorlite.grad(pt.softplus(x).sum(), x),
}


def compiled(programs, dtype):
    """Return each program in C, and in NumPy."""
    found = {}
    for name, program in programs.items():
        x = pt.matrix("x", dtype=dtype)
        found[name] = [pytensorlite.function([x], program(x), mode=mode) for mode in ("C", "NUMPY")]
    return found


@pytest.fixture(scope="module", params=["float32", "float64"])
def elementwise(request):
    """Functions of each element."""
    return request.param, compiled(ELEMENTWISE, request.param)


@pytest.fixture(scope="module", params=["float32", "float64"])
def sums(request):
    """Programs that add exponentials up."""
    return request.param, compiled(SUMS, request.param)


SHAPES = st.tuples(st.integers(0, 5), st.integers(1, 40) | st.integers(120, 140))


def numbers(dtype):
    """Draw matrices of all that floats can be, and of ordinary numbers."""
    width = 8 * np.dtype(dtype).itemsize
    element = st.floats(width=width) | st.floats(-20, 20, width=width)
    return arrays(dtype, SHAPES, elements=element)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elements_are_right_at_all_ends(elementwise, name):
    dtype, programs = elementwise
    fast, slow = programs[name]

    @given(numbers(dtype))
    def check(x):
        with np.errstate(all="ignore"):
            expected = slow(x)
        # What exp(exp(x)) makes of a last bit, and softplus(x) - x.
        near = 1e-4 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(fast(x), expected, rtol=near, atol=near)

    check()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_element_gets_what_it_gets_alone(elementwise, name):
    dtype, programs = elementwise
    fast, _ = programs[name]

    @given(numbers(dtype), st.data())
    def check(x, data):
        row = data.draw(st.integers(0, x.shape[0]))
        column = data.draw(st.integers(0, x.shape[1]))
        np.testing.assert_array_equal(fast(x)[row:, column:], fast(x[row:, column:].copy()))

    check()


@pytest.mark.parametrize("name", SUMS)
def test_sums_agree_with_numpy(sums, name):
    dtype, programs = sums
    fast, slow = programs[name]

    @given(st.integers(1, 70), st.integers(1, 200), st.integers(0, 2**32 - 1))
    def check(rows, n, seed):
        x = np.random.default_rng(seed).normal(size=(rows, n)).astype(dtype) * 3
        near = 1e-4 if dtype == "float32" else 1e-12
        # A logarithm and a maximum may cancel.
        floor = near if name == "largest" else 0
        np.testing.assert_allclose(fast(x), slow(x), rtol=near, atol=floor)

    check()


@pytest.mark.parametrize("name", ["rows", "largest"])
def test_sums_of_rows_keep_what_is_no_number(sums, name):
    dtype, programs = sums
    fast, slow = programs[name]

    @given(numbers(dtype))
    def check(x):
        with np.errstate(all="ignore"):
            expected = slow(x)
        near = 1e-4 if dtype == "float32" else 1e-12
        # A logarithm and a maximum may cancel.
        floor = near if name == "largest" else 0
        np.testing.assert_allclose(fast(x), expected, rtol=near, atol=floor)

    check()


def added(dtype):
    """Return the sum of exp(x - max(x)) over rows, where no term is kept."""
    x = pt.matrix("x", dtype=dtype)
    terms = pt.exp(x - x.max(axis=1, keepdims=True))
    f = pytensorlite.function([x], terms.sum(axis=1), mode="C")
    assert "ptl_add_exps_" in f.c_source
    return f


def differences(dtype):
    """Draw rows whose largest number is 0, near it and as far below as exponentials go."""
    width = 8 * np.dtype(dtype).itemsize
    below = st.floats(-3, 0, width=width) | st.floats(-800, 0, width=width) | st.just(-np.inf)
    rows = arrays(dtype, st.tuples(st.integers(1, 4), st.integers(1, 70)), elements=below)
    return rows.map(lambda x: np.hstack([x, np.zeros_like(x[:, :1])]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_terms_err_by_less_than_half_a_unit_of_their_sum_each(dtype):
    """|x| exp(x) is at most 0.37, of which a term errs by one unit for ln 2's rounding and x's."""
    f, half = added(dtype), np.finfo(dtype).eps / 2

    @given(differences(dtype))
    def check(x):
        exact = np.exp(x.astype(np.longdouble))
        total = [float(math.fsum(row)) for row in exact]
        # Of each term: of its argument, and of the table, the polynomial and their product.
        allowed = half * (1.2 * np.abs(np.where(exact > 0, x, 0)) + 2) * exact
        # Sums in double round each time; the result once.
        rounding = (half + x.shape[1] * np.finfo("float64").eps) * np.array(total)
        assert (np.abs(f(x) - total) <= allowed.sum(axis=1) + rounding).all()

    check()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_terms_of_ones_are_ones(dtype):
    f = added(dtype)
    for n in range(1, 70):
        np.testing.assert_array_equal(f(np.full((3, n), 2.5, dtype)), n)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_terms_that_are_far_below_add_nothing(dtype):
    f = added(dtype)
    x = -np.linspace(0, 1500, 3001).astype(dtype)[:, None] * np.array([0, 1], dtype)
    with np.errstate(under="ignore"):
        np.testing.assert_allclose(f(x), 1 + np.exp(x[:, 1]), rtol=2 * np.finfo(dtype).eps)


def test_vectors_may_lie_anywhere():
    """Local arrays are aligned as their elements are, and so must be what reads them."""
    build(ANYWHERE, label="vectors")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loops_with_several_exponentials_may_call_any_other_function(dtype):
    x = pt.vector("x", dtype=dtype)
    names = [
        "cbrt",
        "cos",
        "cosh",
        "erf",
        "exp2",
        "expm1",
        "log",
        "log10",
        "log1p",
        "log2",
        "sin",
        "sinh",
        "sqrt",
        "tan",
        "tanh",
    ]
    outputs = [pt.exp(x), pt.sigmoid(x), pt.softplus(x), *(getattr(pt, name)(x) for name in names)]
    with pytensorlite.config.change_flags(on_compile_error="raise"):
        f = pytensorlite.function([x], outputs, mode="C")
    assert "ptl_exp_" in f.c_source
    values = np.linspace(0.1, 0.9, 37).astype(dtype)
    for found, name in zip(f(values)[3:], names, strict=True):
        expected = getattr(np, name, erf)(values)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
