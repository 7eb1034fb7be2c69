"""Reductions as vector loops: lengths around the vectors' own, NaN anywhere, ends of ranges."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt

LENGTHS = [1, 2, 7, 8, 9, 31, 33, 64, 100]
SPECIAL = [np.nan, np.inf, -np.inf, -0.0]


def compiled(dtype, ndim, build):
    x = pt.tensor("x", dtype=dtype, shape=(None,) * ndim)
    return pytensorlite.function([x], build(x), mode="C")


@pytest.fixture(scope="module", params=["float32", "float64", "float16"])
def extremes(request):
    """The largest and smallest of rows, columns and all of a matrix."""

    def build(x):
        return [reduce(x, axis) for reduce in (pt.max, pt.min) for axis in (0, 1, None)]

    return request.param, compiled(request.param, 2, build)


def check_extremes(extremes, array):
    dtype, function = extremes
    array = array.astype(dtype)
    expected = [f(array, axis) for f in (np.max, np.min) for axis in (0, 1, None)]
    for ours, theirs in zip(function(array), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("value", SPECIAL, ids=str)
@pytest.mark.parametrize("length", LENGTHS)
def test_extremes_with_a_special_value_anywhere(extremes, length, value, rng):
    for position in range(length):
        array = rng.normal(size=(3, length))
        array[1, position] = value
        check_extremes(extremes, array)
        check_extremes(extremes, array.T.copy())


@pytest.mark.parametrize("value", SPECIAL, ids=str)
@pytest.mark.parametrize("length", [255, 256, 257, 511, 512, 571])
def test_extremes_of_long_rows_with_a_special_value_anywhere(extremes, length, value, rng):
    for position in [*range(0, length, 17), length - 1]:
        array = rng.normal(size=(3, length))
        array[1, position] = value
        check_extremes(extremes, array)


@pytest.mark.parametrize("value", SPECIAL, ids=str)
def test_extremes_of_nothing_else(extremes, value):
    check_extremes(extremes, np.full((3, 21), value))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "uint32", "int64"])
def test_extremes_of_integers(dtype, rng):
    function = compiled(dtype, 2, lambda x: [pt.max(x, axis=1), pt.min(x, axis=1), pt.max(x, 0)])
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    for length in LENGTHS:
        array = rng.integers(low, high, (3, length), endpoint=True, dtype="int64").astype(dtype)
        array[0, -1], array[1, 0] = high, low
        expected = [array.max(axis=1), array.min(axis=1), array.max(axis=0)]
        for ours, theirs in zip(function(array), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bad", [5, -6, 2**63 - 1, -(2**63), -(2**63) + 5, 2**62])
def test_a_position_out_of_range_anywhere(length, bad):
    x, at = pt.dvector("x"), pt.lvector("at")
    function = pytensorlite.function([x, at], x[at].sum(), mode="C")
    positions = np.arange(length) % 10 - 5
    assert function(np.ones(5), positions) == length
    for place in range(0, length, 5):
        wrong = positions.copy()
        wrong[place] = bad
        with pytest.raises(IndexError, match=f"index {bad} is out of bounds"):
            function(np.ones(5), wrong)


@pytest.mark.parametrize("length", LENGTHS)
def test_rows_that_are_walked_several_times(length, rng):
    """Maximum, exponentials, sum and quotient of each row, in blocks of rows."""
    function = compiled("float64", 2, lambda x: pt.special.softmax(x, axis=1))
    for rows in (0, 1, 63, 64, 65, 130):
        array = rng.normal(size=(rows, length))
        exponentials = np.exp(array - array.max(axis=1, keepdims=True, initial=-np.inf))
        expected = exponentials / exponentials.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(function(array), expected, rtol=1e-14)
