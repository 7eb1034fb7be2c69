"""Functions that look at the bits of floats agree with NumPy on any bits whatever."""

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
ALL = [*UNARY, *NEXT, *SCALED, *HALF]
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
