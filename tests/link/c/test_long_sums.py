"""Sums of whole arrays: strips, lanes, what is left over, and how far from the truth they are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as pt

LENGTHS = [0, 1, 7, 31, 32, 33, 63, 64, 65, 100, 4095, 4096, 4097, 4128, 8191, 8200, 20_001]


def roundings(n):
    """Return how many additions at most an element goes through, as `docs/design.md` states it."""
    return 400 + n / 2**18


@pytest.fixture(scope="module", params=["float32", "float64"])
def sums(request):
    """The sum of a vector, and of its squares, in its own dtype."""
    dtype = request.param
    x = pt.vector("x", dtype=dtype)
    own = {"dtype": dtype, "acc_dtype": dtype}
    return dtype, pytensorlite.function([x], [x.sum(**own), (x * x).sum(**own)], mode="C")


@pytest.fixture(scope="module", params=["float32", "float64"])
def only_sum(request):
    """The sum of a vector, a loop with no other work."""
    dtype = request.param
    x = pt.vector("x", dtype=dtype)
    return dtype, pytensorlite.function([x], x.sum(dtype=dtype, acc_dtype=dtype), mode="C")


def error_in_roundings(found, terms):
    """Return the error of a sum, in units of roundoff times the sum of magnitudes."""
    exact, magnitude = math.fsum(terms), math.fsum(np.abs(terms))
    unit = np.finfo(terms.dtype).eps / 2
    return abs(float(found) - exact) / (unit * magnitude) if magnitude else abs(float(found))


@pytest.mark.parametrize("n", LENGTHS)
def test_each_element_counts_once(sums, only_sum, n, rng):
    for dtype, function in (sums, only_sum):
        x = rng.integers(-4, 5, size=n).astype(dtype)  # sums and squares are exact
        found = function(x)
        if isinstance(found, list):
            assert found[1] == (x * x).sum()
            found = found[0]
        assert found == x.sum()


@given(
    n=st.integers(1, 9000),
    seed=st.integers(0, 2**32 - 1),
    spread=st.integers(0, 30),
    cancels=st.booleans(),
)
def test_the_error_is_within_the_stated_bound(only_sum, n, seed, spread, cancels):
    dtype, function = only_sum
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) * 10.0 ** rng.uniform(-spread / 2, spread / 2, size=n)
    if cancels:  # all but a little of the sum vanishes
        x = rng.permutation(np.concatenate([x, -x, rng.normal(size=3)]))
    x = x.astype(dtype)
    assert error_in_roundings(function(x), x) <= roundings(len(x))


@pytest.mark.parametrize("n", [100_000, 10_000_000])
@pytest.mark.parametrize("what", ["equal", "positive", "any"])
def test_errors_of_long_sums_do_not_grow_with_them(only_sum, n, what, rng):
    """Equal terms are the worst: each addition to a large sum errs in the same direction."""
    dtype, function = only_sum
    x = {"equal": np.full(n, 0.1), "positive": rng.uniform(size=n), "any": rng.normal(size=n)}
    terms = x[what].astype(dtype)
    assert error_in_roundings(function(terms), terms) <= roundings(n)


def test_squares_and_expensive_terms_have_strips_too(rng):
    x = pt.fvector("x")
    own = {"dtype": "float32", "acc_dtype": "float32"}
    function = pytensorlite.function([x], pt.exp(x).sum(**own), mode="C")
    terms = np.full(3_000_000, 0.1, "float32")
    exact = math.fsum(np.exp(terms.astype("float64")))
    # 4096 additions for a processor without vectors, and the exponentials' own errors.
    assert abs(float(function(terms)) - exact) <= 4500 * 2.0**-24 * exact


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_special_values_reach_the_sum(sums, value, rng):
    dtype, function = sums
    for position in (0, 31, 32, 4095, 4096, 4199):
        x = rng.normal(size=4200).astype(dtype)
        x[position] = value
        total, squares = function(x)
        np.testing.assert_array_equal(total, x.sum())
        np.testing.assert_array_equal(squares, (x * x).sum())


def test_extremes_and_products_in_lanes(rng):
    x = pt.dvector("x")
    outputs = [x.max(), x.min(), x.prod()]
    together = pytensorlite.function([x], outputs, mode="C")
    apart = [pytensorlite.function([x], output, mode="C") for output in outputs]
    for n in LENGTHS[1:]:
        array = np.exp2(rng.integers(-1, 2, size=n))  # products are exact
        expected = [array.max(), array.min(), array.prod()]
        for found in (together(array), [function(array) for function in apart]):
            np.testing.assert_array_equal(found, expected)
        array[rng.integers(n)] = np.nan
        assert np.isnan(together(array)).all()
        assert all(np.isnan(function(array)) for function in apart)


def test_threads_do_not_change_a_bit(rng):
    x = pt.dvector("x")
    function = pytensorlite.function([x], x.sum(), mode="C")
    array = rng.normal(size=2_000_003)
    found = set()
    for threads in (1, 2, 5):
        with pytensorlite.config.change_flags(threads=threads):
            found.add(float(function(array)))
    assert len(found) == 1
