"""Arrays of booleans in memory: what reads them, combines them and folds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, shared
from pytensorlite.cgen import emit
from pytensorlite.cgen.folds import WIDE

NUMBERS = [0.0, -0.0, 1.0, -1.0, np.nan, -np.nan, np.inf, -np.inf, 5e-324, -1e-300]
ASKED = {
    "isnan": (pt.isnan, np.isnan),
    "isinf": (pt.isinf, np.isinf),
    "isfinite": (pt.isfinite, np.isfinite),
    "signbit": (pt.signbit, np.signbit),
    "negative": (lambda x: x < 0, lambda x: x < 0),
    "truth": (lambda x: pt.cast(x, "bool"), lambda x: x.astype(bool)),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ASKED)
def test_answers_are_zero_or_one_wherever_they_are_used(name, dtype):
    ours, numpy = ASKED[name]
    x, m = pt.vector("x", dtype=dtype), pt.vector("m", dtype="bool")
    answer = ours(x)
    outputs = [
        *(answer, answer & m, answer ^ pt.isfinite(x), ~answer, pt.where(answer, 2, m)),
        *(pt.eq(answer, m), pt.cast(answer, "float64") + m),
        *(answer.sum(), answer.all(), (answer | m).any()),
    ]
    program = function([x, m], outputs, mode="C")
    assert not program.fallbacks
    with np.errstate(over="ignore", invalid="ignore"):
        a = np.array(NUMBERS * 7).astype(dtype)
    b = np.arange(len(a)) % 3 == 0
    with np.errstate(invalid="ignore"):
        y = numpy(a)
    expected = [
        *(y, y & b, y ^ np.isfinite(a), ~y, np.where(y, 2, b), y == b, y.astype(float) + b),
        *(y.sum(), y.all(), (y | b).any()),
    ]
    for found, wanted in zip(program(a, b), expected, strict=True):
        assert found.dtype != bool or set(found.tobytes()) <= {0, 1}
        np.testing.assert_array_equal(found, wanted)


@given(
    data=st.data(),
    dtype=st.sampled_from(["bool", "int8", "uint16", "int32", "float32", "float64", "complex128"]),
    shape=st.tuples(st.integers(0, 9), st.integers(0, 70)),
    axis=st.sampled_from([None, 0, 1]),
)
def test_any_and_all(data, dtype, shape, axis):
    x = pt.tensor("x", dtype=dtype, shape=(None, None))
    program = function([x], [x.any(axis), x.all(axis), (x.any(axis)).sum()], mode="C")
    seed, share = (
        data.draw(st.integers(0, 99)),
        data.draw(st.sampled_from([0.0, 0.02, 0.5, 0.98, 1])),
    )
    a = (np.random.default_rng(seed).uniform(size=shape) < share).astype(dtype)
    if dtype.startswith(("float", "complex")):
        a[a == 1] = data.draw(st.sampled_from([1.0, -0.5, np.nan, 1e-300]))
    for found, wanted in zip(
        program(a), [a.any(axis), a.all(axis), a.any(axis).sum()], strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_flags_are_types_of_the_loop_language():
    assert set(WIDE.values()) <= set(emit.C_TYPES)
    assert all(np.dtype(dtype).itemsize == size for size, dtype in WIDE.items())


@given(
    given_bytes=st.lists(st.sampled_from([0, 1, 2, 4, 128, 255]), max_size=70),
    layout=st.sampled_from([slice(None), slice(None, None, -1), slice(1, None, 2), slice(1, None)]),
    how=st.sampled_from(["view", "buffer", "trusted", "shared", "constant", "rows"]),
    mode=st.sampled_from(["C", "NUMPY"]),
)
def test_bytes_viewed_as_booleans_are_true_where_they_are_not_zero(given_bytes, layout, how, mode):
    raw = np.array(given_bytes, "uint8")[layout]
    viewed = raw.view(bool)
    if how == "buffer":
        viewed = np.frombuffer(raw.tobytes(), bool)
    m = pt.vector("m", dtype="bool")
    if how == "shared":
        m = shared(viewed, borrow=True)
    elif how == "constant":
        m = pt.constant(viewed)
    elif how == "rows":
        viewed = viewed[:, None].repeat(2, axis=1).view("uint8").view(bool)[:, 0]
    outputs = [m * 3, ~m, m & m[::-1], pt.cast(m, "float64").sum(), pt.eq(m, m[::-1])]
    inputs = [] if how in ("shared", "constant") else [m]
    f = function(inputs, outputs, mode=mode)
    f.trust_input = how == "trusted"
    y = raw != 0
    expected = [y * 3, ~y, y & y[::-1], y.sum(dtype=float), y == y[::-1]]
    found = f(*([viewed] if inputs else []))
    for value, wanted in zip(found, expected, strict=True):
        assert value.dtype != bool or set(value.tobytes()) <= {0, 1}
        np.testing.assert_array_equal(value, wanted)
