"""Vectors that every row reads are copied to aligned memory: the same bits, wherever they lie."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as pt


def placed(values, offset):
    """Return a copy of `values` that begins `offset` bytes into a line of the cache."""
    memory = np.empty(values.nbytes + 128, "u1")
    start = -memory.ctypes.data % 64 + offset
    result = memory[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    result[...] = values
    return result


@pytest.fixture(scope="module", params=["float64", "float32"])
def program(request):
    """A product of a matrix and a vector, and a step that writes over the vector."""
    A, x = pt.matrix("A", dtype=request.param), pt.vector("x", dtype=request.param)
    kept = pytensorlite.shared(np.zeros(1, request.param), shape=(None,))
    f = pytensorlite.function([A, x], pt.tanh(A @ x))
    step = pytensorlite.function([A], [], updates={kept: kept + (A @ kept)})
    return request.param, f, kept, step


@given(st.integers(1, 6), st.integers(1, 700), st.integers(0, 15), st.integers(0, 2**32 - 1))
def test_no_bit_depends_on_where_a_vector_lies(program, rows, n, place, seed):
    dtype, f, _, _ = program
    rng = np.random.default_rng(seed)
    A, x = rng.normal(size=(rows, n)).astype(dtype), rng.normal(size=n).astype(dtype)
    there = f(A, placed(x, 0))
    step = np.dtype(dtype).itemsize
    np.testing.assert_array_equal(f(A, placed(x, place * step % 64)), there)
    np.testing.assert_allclose(there, np.tanh(A @ x), rtol=1e-3 if dtype == "float32" else 1e-9)


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_a_vector_that_is_replaced_is_read_before(program, n, seed):
    dtype, _, kept, step = program
    rng = np.random.default_rng(seed)
    A, x = rng.normal(size=(n, n)).astype(dtype), rng.normal(size=n).astype(dtype)
    kept.set_value(x)
    step(A)
    near = 1e-3 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(kept.get_value(), x + A @ x, rtol=near, atol=near)


def test_matrices_stay_where_they_are(program):
    _, f, _, _ = program
    assert re.search(r"x1 = ptl_aligned\(in\[1\]", f.c_source)
    assert re.search(r"x0 = in\[0\]", f.c_source)
