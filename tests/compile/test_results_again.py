"""Small results are handed out again when nobody holds them, and never otherwise."""

import gc
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.cgen.dispatch import is_native

pytestmark = pytest.mark.skipif(not is_native, reason="the Python dispatcher makes fresh arrays")

x, m = pt.dvector("x"), pt.dmatrix("m")
ONES = np.ones(4)


@pytest.fixture
def f():
    return function([x], x + 1, mode="C")


def test_a_result_that_was_dropped_comes_back(f):
    addresses = set()
    for step in range(10):
        result = f(np.full(4, step))
        assert np.array_equal(result, np.full(4, step + 1.0))
        addresses.add(id(result))
    assert len(addresses) == 2


def test_results_that_are_held_stay_what_they_are(f):
    held = [f(np.full(4, float(step))) for step in range(20)]
    assert [result[0] for result in held] == [step + 1 for step in range(20)]
    assert len({result.ctypes.data for result in held}) == 20


@pytest.mark.parametrize("view", [lambda r: r[1:], lambda r: r.T, memoryview, lambda r: r.data])
def test_a_view_of_a_result_keeps_it(f, view):
    view = view(f(ONES))
    for _ in range(5):
        f(0 * ONES)
    assert np.all(np.asarray(view) == 2)


def test_a_watched_result_is_let_go(f):
    gone = []
    weakref.finalize(f(ONES), gone.append, True)
    for _ in range(5):
        f(ONES)
    assert gone == [True]


def test_what_was_changed_about_a_result_does_not_come_back(f):
    for change in (
        lambda r: r.setflags(write=False),
        lambda r: r.resize((2, 2), refcheck=False),
        lambda r: r.resize(8, refcheck=False),
    ):
        for _ in range(3):
            change(f(ONES))
        for _ in range(3):
            result = f(ONES)
            assert result.shape == (4,)
            assert result.dtype == "float64"
            assert result.flags.writeable
            assert np.array_equal(result, 2 * ONES)


@given(lengths=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_lengths_may_change_from_call_to_call(lengths):
    f = DOUBLED
    kept = []
    for number, shape in enumerate(lengths):
        result = f(np.full(shape, number))
        assert np.array_equal(result, np.full(shape, 2.0 * number))
        if number % 3 == 0:
            kept.append((number, result))
    assert all(np.all(result == 2 * number) for number, result in kept)


DOUBLED = function([m], 2 * m, mode="C")


def test_two_results_of_a_call_are_apart():
    f = function([x], [x + 1, x + 2, x], mode="C")
    for _ in range(4):
        a, b, c = f(ONES)
        assert len({array.ctypes.data for array in (a, b, c)}) == 3
        assert np.array_equal([a[0], b[0], c[0]], [2, 3, 1])


def test_a_function_keeps_small_arrays_only(f):
    large, small = f(np.ones(100_000)), f(ONES)
    assert (sys.getrefcount(large), sys.getrefcount(small)) == (2, 3)


def test_a_function_that_goes_leaves_its_results():
    f = function([x], x + 1, mode="C")
    result = f(ONES)
    del f
    gc.collect()
    assert sys.getrefcount(result) in (2, 3)  # the program may be known to others
    assert np.array_equal(result, 2 * ONES)
