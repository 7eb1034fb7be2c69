"""Sums of rows: lanes, what is left over of a row, and how far from the truth they are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite.cgen.build import build

ANYWHERE = """
#include "ptl_runtime.h"
#include "ptl_lanes.h"
_Static_assert(_Alignof(ptl_double2) == _Alignof(double), "two doubles");
_Static_assert(_Alignof(ptl_double4) == _Alignof(double), "four doubles");
_Static_assert(_Alignof(ptl_float4) == _Alignof(float), "four floats");
_Static_assert(_Alignof(ptl_float8) == _Alignof(float), "eight floats");
"""


def roundings(n):
    """Return how many additions at most an element of a row goes through, with 128 bits or more.

    That is `docs/design.md`'s n / 8 with 512 bits, as lanes are added up and what is left over.
    """
    return n / 2 + 32


@pytest.fixture(scope="module", params=["float32", "float64"])
def sums(request):
    """Sums of rows, of their squares and of products with a vector, and a value of each element."""
    dtype = request.param
    x, w = pt.matrix("x", dtype=dtype), pt.vector("w", dtype=dtype)
    own = {"dtype": dtype, "acc_dtype": dtype, "axis": 1}
    outputs = [x.sum(**own), (x * x).sum(**own), (x * w).sum(**own), x + 1]
    return dtype, pytensorlite.function([x, w], outputs, mode="C")


@given(rows=st.integers(0, 9), n=st.integers(0, 140), seed=st.integers(0, 2**32 - 1))
def test_each_element_counts_once(sums, rows, n, seed):
    dtype, function = sums
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, size=(rows, n)).astype(dtype)  # all sums are exact
    w = rng.integers(-4, 5, size=n).astype(dtype)
    total, squares, products, more = function(x, w)
    np.testing.assert_array_equal(total, x.sum(axis=1))
    np.testing.assert_array_equal(squares, (x * x).sum(axis=1))
    np.testing.assert_array_equal(products, (x * w).sum(axis=1))
    np.testing.assert_array_equal(more, x + 1)


@given(n=st.integers(1, 3000), seed=st.integers(0, 2**32 - 1), spread=st.integers(0, 30))
def test_the_error_is_within_the_stated_bound(sums, n, seed, spread):
    dtype, function = sums
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-spread / 2, spread / 2, size=n)).astype(
        dtype
    )
    unit = np.finfo(dtype).eps / 2
    for found, row in zip(function(x, x[0])[0], x, strict=True):
        error = abs(float(found) - math.fsum(row))
        assert error <= roundings(n) * unit * math.fsum(np.abs(row))


def test_float32_sums_in_double_keep_their_digits(rng):
    x = pt.matrix("x", dtype="float32")
    function = pytensorlite.function([x], x.sum(axis=1, dtype="float64"), mode="C")
    given = rng.normal(size=(3, 1003)).astype("float32")
    expected = [math.fsum(row) for row in given]
    np.testing.assert_allclose(function(given), expected, rtol=1e-12)


def test_lanes_may_lie_anywhere(tmp_path):
    """Local arrays begin at multiples of 16 bytes, unless an optimiser knows of the vectors."""
    build(ANYWHERE, cache_dir=str(tmp_path))


@pytest.fixture(scope="module", params=["float32", "float64"])
def extremes(request):
    """Largest and smallest of rows, with and without arithmetic beside."""
    x = pt.matrix("x", dtype=request.param)
    outputs = [x.max(axis=1), x.min(axis=1), abs(x).max(axis=1)]
    each = [pytensorlite.function([x], output, mode="C") for output in outputs]
    return request.param, [*each, pytensorlite.function([x], outputs, mode="C")]


@given(
    rows=st.integers(0, 5),
    n=st.integers(1, 90),
    seed=st.integers(0, 2**32 - 1),
    special=st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]), max_size=5),
)
def test_extremes_are_those_of_numpy(extremes, rows, n, seed, special):
    dtype, functions = extremes
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, n)).astype(dtype)
    for value in special if rows else ():
        x[rng.integers(rows), rng.integers(n)] = value
    expected = [x.max(axis=1), x.min(axis=1), abs(x).max(axis=1)]
    for function, theirs in zip(functions, expected, strict=False):
        np.testing.assert_array_equal(function(x), theirs)
    for ours, theirs in zip(functions[-1](x), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
