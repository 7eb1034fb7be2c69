"""Where the arrays of a workspace begin."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad
from pytensorlite.cgen.build import build

SOURCE = """
#include "ptl_runtime.h"
#include "ptl_loops.h"
int64_t reserve(int64_t offset, int64_t bytes) { return ptl_reserve(offset, bytes); }
"""
PAGE, LINE = 4096, 64


@pytest.fixture(scope="module")
def reserve(tmp_path_factory):
    library = build(SOURCE, cache_dir=str(tmp_path_factory.mktemp("reserve")))
    function = ctypes.CDLL(library.path).reserve
    function.restype = ctypes.c_int64
    function.argtypes = [ctypes.c_int64, ctypes.c_int64]
    return function


@given(lines=st.integers(0, 2**40), bytes_=st.integers(0, 2**40) | st.integers(0, 3 * PAGE))
def test_arrays_follow_each_other_and_long_ones_share_no_place_of_a_page(reserve, lines, bytes_):
    offset = lines * LINE
    following = reserve(offset, bytes_)
    assert following % LINE == 0
    assert offset + bytes_ <= following < offset + bytes_ + LINE + (PAGE if bytes_ >= PAGE else 0)
    if bytes_ >= PAGE:
        assert (following - offset) % PAGE == 10 * LINE


@given(offset=st.integers(0, 2**63 - 1), bytes_=st.integers(2**63 - 2 * PAGE, 2**63 - 1))
def test_what_no_allocator_grants_stays_so(reserve, offset, bytes_):
    assert reserve(offset, bytes_) == reserve(bytes_, offset) == 2**63 - 1


@pytest.fixture(scope="module")
def deep():
    """Value and derivative of a chain that leaves far more arrays between loops than fit in one."""
    x = pt.dvector("x")
    y = x
    for step in range(100):
        y = pt.sin(y) * (1.0 + step / 100)
    return function([x], [y, grad(y.sum(), x)])


def test_arrays_of_one_size_are_placed_by_one_loop(deep):
    text = deep.c_source
    arrays, placed = text.count("workspace + sizes["), text.count("ptl_reserve(")
    assert arrays > 50
    assert placed < arrays / 10


@pytest.mark.parametrize("length", [0, 1, 7, 600])
def test_many_arrays_do_not_touch_each_other(deep, length):
    x = np.linspace(-3, 3, length)
    value, slope = x, np.ones_like(x)
    for step in range(100):
        slope = slope * np.cos(value) * (1.0 + step / 100)
        value = np.sin(value) * (1.0 + step / 100)
    for got, expected in zip(deep(x), (value, slope), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-300)
