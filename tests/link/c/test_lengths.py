"""Lengths of a program: equal ones are one symbol, and slices of every length agree with NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function

bounds = st.one_of(st.none(), st.integers(-6, 6), st.sampled_from([2**63 - 1, -(2**63)]))
X = pt.dvector("X")


def test_neighbours_have_one_length_and_need_no_check():
    f = function([X], X[1:] - X[:-1])
    assert "PTL_FAIL(" not in f.c_source
    assert f.c_source.count("ptl_max_int64(n0 - 1, 0)") == 1


def test_an_integer_is_named_once():
    f = function([X], [X[: X.shape[0] // 2], 2 * X[: X.shape[0] // 2]])
    assert f.c_source.count("ptl_slice_bound") == 1


@given(start=bounds, stop=bounds, n=st.integers(0, 7))
@settings(deadline=None)  # some examples compile
def test_slices_of_a_length_known_at_run_time(start, stop, n):
    x = np.arange(n, dtype="float64")
    assert np.array_equal(sliced(start, stop)(x), x[start:stop])


def sliced(start, stop, made={}):  # noqa: B006 (compiled functions are kept on purpose)
    if (start, stop) not in made:
        made[start, stop] = function([X], X[start:stop], mode="C")
    return made[start, stop]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_what_follows_an_empty_slice(n):
    x = np.arange(float(n))
    row = pt.outer(X[2:], X[:-2])
    assert np.array_equal(function([X], row)(x), np.outer(x[2:], x[:-2]))
    assert function([X], X[2:].sum() + X[1:-2].sum())(x) == x[2:].sum() + x[1:-2].sum()


@pytest.mark.parametrize("product", [lambda v, row: v @ row, lambda v, row: row @ row])
def test_a_row_times_itself(product):
    v = pt.dvector("v")
    f = function([v], product(v, v[None, :]))
    np.testing.assert_array_equal(f([3.0]).ravel(), [9.0])
    assert not f.fallbacks
    with pytest.raises(ValueError):
        f([1.0, 2.0])
