"""Exact functions agree with NumPy on any bits whatever: of the bits of floats, and divisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scalar.compiled_rows import Case, CompiledRows

UNARY = [
    Case(name, (dtype,)) for name in ("spacing", "signbit") for dtype in ("float32", "float64")
]
NEXT = [Case("nextafter", (dtype,) * 2) for dtype in ("float32", "float64")]
SCALED = [
    Case("ldexp", (dtype, order))
    for dtype in ("float32", "float64")
    for order in ("int32", "int64", "uint64")
]
HALF = [Case("convert_to_float16", (dtype,)) for dtype in ("float64", "int64", "uint16")]
DIVISIONS = [
    Case(name, (dtype,) * 2)
    for name in ("mod", "fmod", "int_div")
    for dtype in ("float32", "float64", "int8", "int32", "uint32", "int64", "uint64")
]
DIVISORS = [Case(name, (dtype,) * 2) for name in ("gcd", "lcm") for dtype in ("uint32", "int64")]
ALL = [*UNARY, *NEXT, *SCALED, *HALF, *DIVISIONS, *DIVISORS]
WORDS = st.lists(st.integers(0, 2**64 - 1), min_size=19, max_size=19)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The rows as C."""
    return CompiledRows(tmp_path_factory.mktemp("bits"), chosen=ALL)


def of_words(words: list[int], dtype: str) -> np.ndarray:
    """Return numbers with the lowest bits of `words`."""
    width = f"u{np.dtype(dtype).itemsize}"
    return np.array(words, "u8").astype(width).view(dtype)


def agree(compiled: CompiledRows, case: Case, *inputs: np.ndarray) -> None:
    """Compare C with NumPy, NaN and the signs of zeros included."""
    if case.touches_half and not compiled.has_half:
        pytest.skip("this compiler has no _Float16")
    expected, got = case.row.evaluate(*inputs), compiled(case, *inputs)
    np.testing.assert_array_equal(got, expected)
    if got.dtype.kind == "f":
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("case", UNARY, ids=str)
@given(WORDS)
def test_of_one_number(compiled, case, words):
    agree(compiled, case, of_words(words, case.dtypes[0]))


@pytest.mark.parametrize("case", NEXT, ids=str)
@given(WORDS, WORDS, st.integers(-2, 2))
def test_neighbours(compiled, case, words, others, near):
    x, y = (of_words(each, case.dtypes[0]) for each in (words, others))
    agree(compiled, case, x, y)
    agree(compiled, case, x, of_words([(word + near) % 2**64 for word in words], case.dtypes[0]))


@pytest.mark.parametrize("case", SCALED, ids=str)
@given(WORDS, st.integers(-2400, 2400), WORDS)
def test_scaling_by_powers_of_two(compiled, case, words, order, others):
    x = of_words(words, case.dtypes[0])
    agree(compiled, case, x, np.full(x.shape, order).astype(case.dtypes[1]))
    agree(compiled, case, x, of_words(others, case.dtypes[1]))


@pytest.mark.parametrize("case", HALF, ids=str)
@settings(max_examples=300)
@given(WORDS, st.integers(-40, 20), st.integers(0, 52))
def test_rounding_to_half(compiled, case, words, exponent, zeros):
    """Numbers of the size of halves, many of them on or beside the middle of two."""
    x = of_words([word >> zeros << zeros for word in words], case.dtypes[0])
    agree(compiled, case, x)
    if case.dtypes[0] == "float64":
        agree(compiled, case, np.ldexp(np.frexp(x)[0], exponent))


@pytest.mark.parametrize("case", DIVISIONS, ids=str)
@settings(max_examples=200)
@given(WORDS, WORDS, st.integers(0, 63), st.integers(0, 63))
def test_divisions_of_any_numbers(compiled, case, words, others, cut, more):
    a = of_words([word >> cut for word in words], case.dtypes[0])
    b = of_words([word >> more for word in others], case.dtypes[0])
    agree(compiled, case, a, b)


@pytest.mark.parametrize("case", [c for c in DIVISIONS if "float" in c.dtypes[0]], ids=str)
@settings(max_examples=200)
@given(WORDS, WORDS, st.integers(0, 70), st.integers(-2, 2), st.booleans())
def test_quotients_at_and_beside_whole_numbers(compiled, case, words, others, size, near, negative):
    dtype = case.dtypes[0]
    b = np.frexp(of_words([word >> 12 << 12 for word in words], dtype))[0]
    whole = np.floor(np.ldexp(np.array(others, "u8") / 2.0**64, size)).astype(dtype)
    with np.errstate(all="ignore"):
        a = (whole * b).astype(dtype)
        for _ in range(abs(near)):
            a = np.nextafter(a, np.asarray(np.copysign(np.inf, near), dtype))
    agree(compiled, case, -a if negative else a, b)


@pytest.mark.parametrize("case", DIVISORS, ids=str)
@given(WORDS, WORDS, st.integers(0, 62))
def test_common_divisors(compiled, case, words, others, cut):
    a, b = (of_words([w >> cut for w in each], case.dtypes[0]) for each in (words, others))
    lowest = np.iinfo(case.dtypes[0]).min  # NumPy takes abs of it, which has none
    inside = (a != lowest) | (a == 0)
    agree(compiled, case, np.where(inside, a, 0), np.where((b != lowest) | (b == 0), b, 0))
