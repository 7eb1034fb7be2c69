"""How many rows make up a block, as the headers choose them when lengths are known."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytensorlite.cgen.build import build

CHOICES = """
#include "ptl_loops.h"
int64_t rows(int64_t most, int64_t elements) { return ptl_block_rows(most, elements); }
int64_t ahead(int64_t rows, int64_t fetched, int64_t size) {
    return ptl_rows_ahead(rows, fetched, size);
}
"""
MOST = st.sampled_from([64, 512])
ELEMENTS = st.integers(0, 100_000)


@pytest.fixture(scope="module")
def choices(tmp_path_factory):
    library = build(CHOICES, cache_dir=str(tmp_path_factory.mktemp("choices")))

    def function(name, count):
        return ctypes.CFUNCTYPE(*[ctypes.c_int64] * (1 + count))(library.address(name))

    return function("rows", 2), function("ahead", 3)


@given(most=MOST, elements=ELEMENTS)
def test_blocks_stay_in_caches_and_are_whole_vectors(choices, most, elements):
    rows = choices[0](most, elements)
    assert 1 <= rows <= most
    assert rows == 1 or rows * elements <= 16_384
    assert rows % 16 == 0 or rows <= 8


@given(most=MOST, elements=ELEMENTS, fetched=st.integers(0, 1_000), size=st.sampled_from([4, 8]))
def test_blocks_that_fetch_ahead_are_no_longer_and_whole_vectors(
    choices, most, elements, fetched, size
):
    rows = choices[0](most, elements)
    ahead = choices[1](rows, fetched, size)
    assert 1 <= ahead <= rows
    assert ahead == rows or ahead % (64 // size) == 0
    assert fetched > 0 or ahead == rows
