"""Short axes: sums over a few known elements, unrolled inside the loop around them."""

import platform
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function
from pytensorlite.cgen.toolchain import INCLUDE, find_toolchain

LENGTHS = [0, 1, 2, 5, 17]


def floats(rng, *shape):
    return rng.normal(size=shape)


def check(inputs, output, *arrays):
    compiled = function(inputs, output, mode="C")
    expected = function(inputs, output, mode="NUMPY")(*arrays)
    np.testing.assert_allclose(compiled(*arrays), expected, rtol=1e-12, atol=1e-12)
    return compiled


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("k", [1, 2, 3, 8, 9])
def test_distances_of_all_pairs(rng, n, k):
    x = pt.tensor("x", dtype="float64", shape=(None, k))
    f = check([x], ((x[:, None] - x[None]) ** 2).sum((1, 2)), floats(rng, n, k))
    assert f.fallbacks == []


def test_the_long_axis_vectorises_and_the_array_is_laid_out_for_it():
    x = pt.tensor("x", dtype="float64", shape=(None, 3))
    source = function([x], ((x[:, None] - x[None]) ** 2).sum((1, 2))).c_source
    loops = source[source.index("for (int64_t i") :]
    assert "#pragma omp simd reduction(+:t4)\n        for (int64_t j = 0" in loops
    assert "w0[k*n0 + j]" in loops


@pytest.mark.skipif(not shutil.which("gcc"), reason="asks gcc")
@pytest.mark.parametrize("k", [2, 3, 8])
def test_the_compiler_writes_the_short_axis_out_first(k, tmp_path):
    x = pt.tensor("x", dtype="float64", shape=(None, k))
    source = function([x], ((x[:, None] - x[None]) ** 2).sum((1, 2))).c_source
    lines = source.splitlines()
    line = next(n for n, text in enumerate(lines, 2) if "omp simd reduction" in text)
    assert lines[line + 1].strip() == f"#pragma GCC unroll {k}"
    (tmp_path / "source.c").write_text(source)
    command = ["gcc", *find_toolchain("gcc").compile_flags(), f"-I{INCLUDE}"]
    told = subprocess.run(
        [*command, "-fopt-info-vec-optimized", "-c", "source.c"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.search(rf"source.c:({line - 1}|{line}):.* loop vectorized", told.stderr)


def test_short_sums_of_products_go_by_multiply_adds_and_nothing_else_does(rng):
    x = pt.tensor("x", dtype="float64", shape=(None, 3))
    y = pt.vector("y", dtype="float64")
    distances = function([x], ((x[:, None] - x[None]) ** 2).sum((1, 2)))
    assert distances.c_source.count("ptl_multiply_add") == 1
    others = function([x, y], [x * x - x * x, (y * y).sum(), x.prod(axis=1)])
    assert "ptl_multiply_add" not in others.c_source
    assert not others(floats(rng, 5, 3), floats(rng, 5))[0].any()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="a flag of x86")
def test_short_sums_are_the_same_without_multiply_adds(rng):
    x = pt.tensor("x", dtype="float64", shape=(None, 3))
    at = floats(rng, 17, 3)
    distances = ((x[:, None] - x[None]) ** 2).sum((1, 2))
    found = function([x], distances)(at)
    with config.change_flags(compile_flags="-mno-fma"):
        without = function([x], distances)(at)
    np.testing.assert_allclose(found, without, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex128"])
@pytest.mark.parametrize("n", LENGTHS)
def test_products_of_small_matrices(rng, n, dtype):
    a = pt.tensor("a", dtype=dtype, shape=(None, 3, 4))
    b = pt.tensor("b", dtype=dtype, shape=(None, 4, 5))
    left, right = ((10 * floats(rng, n, *shape)).astype(dtype) for shape in [(3, 4), (4, 5)])
    f = function([a, b], a @ b, mode="C")
    np.testing.assert_allclose(
        f(left, right), left @ right, rtol=2e-5 if dtype == "float32" else 1e-12
    )


@given(
    lengths=st.tuples(*[st.integers(1, 9)] * 3),
    axes=st.sets(st.integers(0, 3), min_size=1),
    function_of_sums=st.sampled_from([pt.exp, lambda x: x, lambda x: x - x.sum()]),
)
def test_sums_over_any_axes(lengths, axes, function_of_sums):
    x = pt.tensor("x", dtype="float64", shape=(None, *lengths))
    y = pt.tensor("y", dtype="float64", shape=lengths[-1:])
    total = function_of_sums((x * y - x.max(-1, keepdims=True)).sum(sorted(axes)))
    rng = np.random.default_rng(7)
    check([x, y], total, floats(rng, 4, *lengths), floats(rng, lengths[-1]))


def test_extremes_and_products_keep_nan(rng):
    x = pt.tensor("x", dtype="float64", shape=(None, 4))
    data = floats(rng, 30, 4)
    data[3, 2] = np.nan
    for fold in (pt.max, pt.min, pt.prod):
        check([x], fold(x, axis=1), data)
        check([x], fold(x[:, None] * x[None], axis=(1, 2)), data)


def test_multiply_adds_go_into_a_sum_of_all():
    x = pt.tensor("x", shape=(None, 5), dtype="float64")
    weights = pt.tensor("weights", shape=(5,), dtype="float64")
    f = function([x, weights], ((x[:, None] - x[None]) ** 2 * weights).sum())
    assert "ptl_multiply_add" in f.c_source
    assert "run_loop" in f.c_source
    rng = np.random.default_rng(0)
    x, weights = floats(rng, 300, 5), floats(rng, 5)
    expected = ((x[:, None] - x[None]) ** 2 * weights).sum()
    np.testing.assert_allclose(f(x, weights), expected, rtol=1e-13)
