"""Results written past the caches: where, and that they are what they would be anyway."""

import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function, grad, shared
from pytensorlite.cgen import stream
from pytensorlite.cgen.toolchain import INCLUDE

x, y, v = pt.dmatrix("x"), pt.dmatrix("y"), pt.dvector("v")
s = pt.fmatrix("s")

ALWAYS, NEVER = "-DPTL_STREAMED_FROM=0", "-DPTL_STREAMED_FROM=INT64_MAX"
VECTORS = ["", " -mno-avx512f", " -mno-avx"] if platform.machine() == "x86_64" else [""]


def standardised(x):
    """Rows less their mean, over their norm: each row is walked three times, and written last."""
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / pt.sqrt((centred**2).sum(axis=1, keepdims=True) + 1)


def layer_norm():
    result = standardised(x) * v
    return [result, *grad((result * y).sum(), [x, v])]


PROGRAMS = {
    "elements": [x * 3 + y],
    "elements of several sizes": [x + 1, x > 0, x.astype("int8"), pt.exp(x).astype("float32")],
    "more than go together": [x + k for k in range(6)],
    "rows by a vector": [x * v],
    "rows walked several times": [standardised(x), pt.special.softmax(y, axis=1)],
    "floats": [standardised(s), s * 2],
    "value and gradients": layer_norm(),
    "parts of rows": [pt.set_subtensor(x[:, 1:], y[:, 1:]), pt.concatenate([x, y], axis=1)],
    "rows with scattered elements": grad(pt.logsumexp(x, axis=1).sum() - x[:, 0].sum(), [x]),
}


def compiled(name, flags):
    with config.change_flags(compile_flags=flags):
        return function([x, y, v, s], PROGRAMS[name], on_unused_input="ignore", mode="C")


def values(rows, columns, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, rows, columns))
    return x, y, rng.normal(size=columns), x.astype("float32")


@pytest.mark.parametrize("vectors", VECTORS)
@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=15, deadline=None)
@given(st.one_of(st.integers(1, 60), st.integers(61, 400_000)), st.integers(0, 9))
def test_each_element_is_what_it_would_be_in_caches(name, vectors, rows, more):
    given = values(rows, 400_000 // rows + more)
    streamed, direct = (compiled(name, flags + vectors)(*given) for flags in (ALWAYS, NEVER))
    for found, expected in zip(streamed, direct, strict=True):
        # What is left over of a block has the plain function, not that for vectors.
        tolerance = 1e-6 if found.dtype == "float32" else 1e-13
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(1_700, 1_024), (1_600_001, 1), (3, 700_001), (40_001, 43)])
def test_large_results_are_those_of_numpy(shape):
    a, b, w, _ = values(*shape)
    np.testing.assert_array_equal(function([x, y], x * 3 + y, mode="C")(a, b), a * 3 + b)
    np.testing.assert_array_equal(function([x, v], x * v, mode="C")(a, w), a * w)
    centred = a - a.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True) + 1)
    np.testing.assert_allclose(function([x], standardised(x), mode="C")(a), expected, atol=1e-12)


def test_a_large_sum_beside_a_result_is_that_of_numpy():
    a = values(1_700, 1_024)[0]
    result, total = function([x], [x + 1, (x + 1).sum()], mode="C")(a)
    np.testing.assert_array_equal(result, a + 1)
    np.testing.assert_allclose(total, (a + 1).sum(), rtol=1e-12)


def test_a_large_value_is_updated_where_it_lies():
    a = values(1_700, 1_024)[0]
    weights = shared(a.copy())
    step = function([y], [], updates={weights: weights - 0.1 * y}, mode="C")
    for _ in range(2):
        step(a)
    np.testing.assert_allclose(weights.get_value(), 0.8 * a, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("elements", "ptl_stream(&a->y0[from], y0, 8*(to - from));"),
        ("rows by a vector", "ptl_stream(&a->y0[a->n1*from], y0, 8*a->n1*(to - from));"),
        (
            "rows walked several times",
            "ptl_stream_row(&y0[i_block*n1], y0_rows, i - i_block, i_end - i_block, 8*",
        ),
    ],
)
def test_rows_go_out_when_they_are_finished(name, line):
    assert line in compiled(name, "").c_source


def test_what_is_read_again_is_written_directly():
    assert "ptl_stream" not in compiled("rows with scattered elements", "").c_source


def test_the_header_and_python_agree():
    with open(f"{INCLUDE}/ptl_stream.h", encoding="utf-8") as file:
        assert f"#define PTL_STREAMED_BLOCK {stream.BLOCK}\n" in file.read()
