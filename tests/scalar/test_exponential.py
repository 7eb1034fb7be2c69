"""exp and expm1 in line: one result wherever in a loop a number stands, right at all ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.accuracy import FUNCTIONS, apply, loops
from pytensorlite.cgen.features import level

#: Which loops have it: elsewhere the C library has the word.
IN_LINE = {
    "x86-64-v3": [("float", "float32")],
    "x86-64-v4": [("double", "float64"), ("float", "float32")],
    "aarch64": [("double", "float64"), ("float", "float32")],
}

#: Where the result overflows, is subnormal, has become 0, and beyond the bounds of the argument.
FAR = {"float32": 200.0, "float64": 1500.0}
#: NumPy's function, and how many units of the last place we may be away from it.
TRUTH = {"exp": (np.exp, 2), "expm1": (np.expm1, 3)}
PAYLOADS = {
    "float32": np.array([0x7FC00FFF, 0xFF800001, 0x7F800123], "uint32"),
    "float64": np.array([0x7FF8000000000FFF, 0xFFF0000000000001, 0x7FF0000000000123], "uint64"),
}


@pytest.fixture(scope="module")
def compiled():
    """The functions as C loops."""
    return loops([function for function in FUNCTIONS if function.name in TRUTH])


def numbers(dtype: str) -> st.SearchStrategy[np.ndarray]:
    """Draw vectors of up to 40 numbers, near 0, as far as the bounds, and of all magnitudes."""
    width = 8 * np.dtype(dtype).itemsize
    far = FAR[dtype]
    element = st.floats(width=width) | st.floats(-far, far, width=width)
    element |= st.floats(-2, 2, width=width)
    return arrays(dtype, st.integers(1, 40), elements=element)


def exact(name: str, x: np.ndarray) -> np.ndarray:
    """NumPy's result in double: for floats it is the truth, for doubles within 1 ULP."""
    with np.errstate(all="ignore"):
        return TRUTH[name][0](x.astype("float64"))


def assert_close(values: np.ndarray, truth: np.ndarray, units: int) -> None:
    """Within `units` of the last place, which for subnormal numbers is the smallest of them."""
    with np.errstate(all="ignore"):
        nearest = truth.astype(values.dtype)
        near = np.abs(values - truth) <= units * np.spacing(np.abs(nearest))
    assert ((values == nearest) | near | (np.isnan(values) & np.isnan(nearest))).all()
    zero = truth == 0
    np.testing.assert_array_equal(np.signbit(values[zero]), np.signbit(truth[zero]))


@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize(("kind", "dtype"), IN_LINE.get(level(), []))
class TestLoops:
    def test_are_right_at_all_ends(self, compiled, name, kind, dtype):
        @given(numbers(dtype))
        def check(x):
            assert_close(apply(compiled, kind, name, x[None]), exact(name, x), TRUTH[name][1])

        check()

    def test_give_an_element_what_it_gets_alone(self, compiled, name, kind, dtype):
        @given(numbers(dtype))
        def check(x):
            together = apply(compiled, kind, name, x[None])
            alone = [apply(compiled, kind, name, x[None, k : k + 1]) for k in range(x.size)]
            np.testing.assert_array_equal(together, np.concatenate(alone))

        check()

    def test_keep_every_nan(self, compiled, name, kind, dtype):
        x = np.resize(PAYLOADS[dtype].view(dtype), 24)
        assert np.isnan(apply(compiled, kind, name, x[None])).all()

    def test_reach_zero_and_infinity_where_they_should(self, compiled, name, kind, dtype):
        x = np.linspace(-FAR[dtype], FAR[dtype], 20_001).astype(dtype)
        with np.errstate(over="ignore"):
            y, truth = apply(compiled, kind, name, x[None]), exact(name, x).astype(dtype)
        np.testing.assert_array_equal(y == 0, truth == 0)
        np.testing.assert_array_equal(np.isinf(y), np.isinf(truth))
        assert (np.diff(y[np.isfinite(y)]) >= 0).all()
