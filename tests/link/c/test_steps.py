"""Rows of five, six or seven elements, and a few columns of many, are read as vectors."""

import platform
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad
from pytensorlite.cgen.toolchain import INCLUDE, find_toolchain


@given(st.data())
def test_columns_of_a_matrix(data):
    """Whatever the length of rows, their order and which elements of them are used."""
    width = data.draw(st.integers(1, 17), "elements of a row")
    used = data.draw(st.lists(st.integers(0, width - 1), min_size=1, max_size=6), "columns")
    dtype = data.draw(st.sampled_from(["float64", "float32", "int16"]), "dtype")
    backwards = data.draw(st.booleans(), "backwards")
    length = data.draw(st.sampled_from([0, 1, 7, 8, 40]), "rows")
    x = pt.tensor("x", dtype=dtype, shape=(None, width))
    y = pt.dvector("y")
    rows = x[::-1] if backwards else x
    columns = [rows[:, column] for column in used]
    total = sum(columns[1:], columns[0])
    outputs = [pt.exp(total * 0.1) + columns[0], rows[:, used[0]].set(y.astype(dtype))]
    numbers = np.random.default_rng(0).integers(-9, 9, (length, width)).astype(dtype)
    results = function([x, y], outputs, mode="C")(numbers, np.arange(float(length)))
    expected = function([x, y], outputs, mode="NUMPY")(numbers, np.arange(float(length)))
    for result, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, other, rtol=1e-5 if dtype == "float32" else 1e-12)


def regression(width):
    x, b, y = pt.tensor("x", shape=(None, width)), pt.vector("b"), pt.vector("y")
    e = x @ b
    loss = (pt.arctan(e) - y * e).sum()
    return [x, b, y], [loss, grad(loss, b)]


def columns(width):
    x = pt.tensor("x", shape=(None, width))
    return [x], [pt.arctan(x[:, 0] * x[:, 1]) + x[:, 2]]


@pytest.mark.skipif(not shutil.which("gcc"), reason="asks gcc")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="another vector library")
@pytest.mark.parametrize(
    ("program", "width"),
    [*((regression, n) for n in range(2, 9)), *((columns, n) for n in (5, 10))],
)
def test_the_loop_over_rows_is_a_vector(program, width, tmp_path):
    """It calls a vector function of the library."""
    (tmp_path / "source.c").write_text(function(*program(width)).c_source)
    command = ["gcc", *find_toolchain("gcc").compile_flags(), f"-I{INCLUDE}"]
    subprocess.run([*command, "-S", "source.c"], cwd=tmp_path, check=True)
    assert re.search(r"call\s+_ZGV\w+_atan", (tmp_path / "source.s").read_text())
