"""Products of small matrices by the routine that stands in for BLAS."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function
from pytensorlite.cgen.build import BuildError
from pytensorlite.link.c import routines, small_products

ROUTINES = {"float64": ("small_dgemm", ctypes.c_double), "float32": ("small_sgemm", ctypes.c_float)}
lengths = st.one_of(st.integers(0, 40), st.sampled_from([0, 1, 3, 4, 8, 16, 17, 32]))
numbers = st.sampled_from([1.0, -0.01, 0.5, 2.0])


def laid_out(matrix, order, gap):
    """Return memory that holds the matrix by rows or by columns, and their distance."""
    rows = matrix if order == "N" else matrix.T
    memory = np.full((rows.shape[0], rows.shape[1] + gap), np.nan, matrix.dtype)
    memory[:, : rows.shape[1]] = rows
    return memory, rows.shape[1] + gap


def multiply(alpha, a, a_order, b, b_order, beta, c, gap):
    """Call the routine for ``alpha a b + beta c``; return the result and what lies beside it."""
    name, scalar = ROUTINES[a.dtype.name]
    call = ctypes.CFUNCTYPE(
        None, ctypes.c_char, ctypes.c_char, *[ctypes.c_int64] * 3, scalar, ctypes.c_void_p,
        ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, scalar, ctypes.c_void_p, ctypes.c_int64,
    )(small_products.compiled(name))  # fmt: skip
    (left, left_lead), (right, right_lead) = laid_out(a, a_order, gap), laid_out(b, b_order, gap)
    target, lead = laid_out(c, "N", gap)
    call(
        a_order.encode(), b_order.encode(), *c.shape, a.shape[1], alpha, left.ctypes.data,
        left_lead, right.ctypes.data, right_lead, beta, target.ctypes.data, lead,
    )  # fmt: skip
    return target[:, : c.shape[1]], target[:, c.shape[1] :]


@given(
    shape=st.tuples(lengths, lengths, lengths),
    orders=st.tuples(st.sampled_from("NT"), st.sampled_from("NT")),
    scales=st.tuples(numbers, st.one_of(st.just(0.0), numbers)),
    gap=st.integers(0, 3),
    dtype=st.sampled_from(list(ROUTINES)),
    seed=st.integers(0, 99),
)
def test_any_lengths_orders_and_scales(shape, orders, scales, gap, dtype, seed):
    rng = np.random.default_rng(seed)
    (m, n, k), (alpha, beta) = shape, scales
    a, b, c = (rng.normal(size=s).astype(dtype) for s in [(m, k), (k, n), (m, n)])
    found, beside = multiply(alpha, a, orders[0], b, orders[1], beta, c, gap)
    digits = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found, alpha * (a @ b) + beta * c, rtol=digits, atol=digits)
    assert np.isnan(beside).all()


def test_what_is_overwritten_is_not_read():
    a, b = np.ones((5, 3)), np.ones((3, 11))
    found, _ = multiply(1.0, a, "N", b, "N", 0.0, np.full((5, 11), np.nan), 0)
    np.testing.assert_array_equal(found, np.full((5, 11), 3.0))


@pytest.mark.parametrize("n", [63, 64, 65, 257])
def test_products_are_the_same_on_both_sides_of_the_limit(rng, n):
    a, b = pt.dmatrices("a", "b")
    product = function([a, b], [a @ b, a.T @ b.T, a @ b.T])
    left, right = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    for found, expected in zip(
        product(left, right), [left @ right, left.T @ right.T, left @ right.T], strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_without_the_routine_blas_multiplies(rng, monkeypatch, tmp_path):
    def fail(*args, **kwargs):
        raise BuildError("no compiler today")

    monkeypatch.setattr(small_products, "build", fail)
    monkeypatch.setattr(small_products, "blas_kernels", lambda: "Haswell")
    monkeypatch.setattr(routines, "address", routines.address.__wrapped__)
    a, b = pt.fmatrices("a", "b")
    with (
        config.change_flags(cache_dir=str(tmp_path)),
        pytest.warns(UserWarning, match="left to BLAS: no compiler today"),
    ):
        product = function([a, b], a @ b)
    left, right = rng.normal(size=(2, 4, 4)).astype("float32")
    np.testing.assert_allclose(product(left, right), left @ right, rtol=1e-5)


def test_where_blas_is_quick_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(small_products, "blas_kernels", lambda: "SkylakeX")
    monkeypatch.setattr(small_products, "compiled", lambda name: pytest.fail("not needed"))
    assert small_products.small_routine("small_dgemm") == 0
    assert isinstance(small_products.blas_kernels(), str)
