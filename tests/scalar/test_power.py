"""Powers of any floats are NumPy's within the bound, and special values and whole numbers exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scalar.compiled_rows import Case, CompiledRows
from tests.scalar.test_bits import WORDS, of_words

CASES = [Case("pow", (dtype,) * 2) for dtype in ("float32", "float64")]
SPECIAL = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 2.0**24 - 1, 2.0**53 - 1, 2.0**60, 1e30, np.inf, np.nan]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The rows as C."""
    return CompiledRows(tmp_path_factory.mktemp("powers"), chosen=CASES)


def agree(got: np.ndarray, expected: np.ndarray) -> None:
    """Compare within 4 units of the last place, and what is no ordinary number exactly."""
    ordinary = np.isfinite(expected) & (expected != 0)
    np.testing.assert_array_equal(got[~ordinary], expected[~ordinary])
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))
    unit = np.spacing(np.abs(expected[ordinary])).astype("float64")
    error = np.abs(got[ordinary].astype("float64") - expected[ordinary].astype("float64"))
    assert np.all(error <= 4 * unit)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_special_values(compiled, case):
    values = [sign * value for sign in (1, -1) for value in SPECIAL]
    with np.errstate(all="ignore"):
        x, y = np.array(list(itertools.product(values, values)), case.dtypes[0]).T
    agree(compiled(case, x, y), case.row.evaluate(x, y))


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(max_examples=300)
@given(WORDS, WORDS)
def test_any_numbers(compiled, case, words, others):
    x, y = (of_words(each, case.dtypes[0]) for each in (words, others))
    agree(compiled(case, x, y), case.row.evaluate(x, y))


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(max_examples=300)
@given(WORDS, st.integers(-80, 1100), st.integers(0, 4))
def test_results_of_every_size(compiled, case, words, size, halves):
    """The exponents are chosen so that the results are from below the smallest to the largest."""
    x = of_words(words, case.dtypes[0])
    with np.errstate(all="ignore"):
        exponents = np.log2(np.abs(x).astype("float64"))
        y = np.round(size / exponents * 2.0**halves) / 2.0**halves
    y = np.nan_to_num(y).astype(case.dtypes[0])
    agree(compiled(case, x, y), case.row.evaluate(x, y))
    agree(compiled(case, x, -y), case.row.evaluate(x, -y))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_whole_numbers_are_exact(compiled, case):
    largest = 2 ** (np.finfo(case.dtypes[0]).nmant + 1)
    pairs = [(b, n) for b in range(-40, 41) for n in range(64) if abs(b**n) <= largest]
    x, y = np.array(pairs, case.dtypes[0]).T
    wanted = np.array([base**exponent for base, exponent in pairs], case.dtypes[0])
    np.testing.assert_array_equal(compiled(case, x, y), wanted)
