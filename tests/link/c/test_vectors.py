"""Loops are vectors: what keeps gcc from making one is written otherwise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config, function, grad
from pytensorlite.cgen.storage import SLOW
from pytensorlite.scalar.table import ROWS

# Ops whose second derivatives have no vector version: those of digamma, and what fmod cannot spare.
NOT_ALL = {"psi", "tri_gamma", "mod", "fmod", "int_div"}


def has_derivatives(row):
    try:
        return row.output_dtype(*["float64"] * row.nin) == "float64"
    except TypeError:
        return False


OPS = [
    name
    for name, row in ROWS.items()
    if row.vectorises and row.cost < SLOW and name not in NOT_ALL
    if hasattr(pt, name) and has_derivatives(row)
]


def program(name):
    """Return variables, and the value of an op with its first and second derivatives."""
    variables = list(pt.dvectors("x", "y", "z"))[: ROWS[name].nin]
    value = getattr(pt, name)(*variables).sum()
    first = grad(value, variables, disconnected_inputs="ignore")
    second = grad(sum(g.sum() for g in first), variables, disconnected_inputs="ignore")
    return variables, [value, *first, *second]


@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="another vector library")
@pytest.mark.skipif(
    not Path("/lib/x86_64-linux-gnu/libmvec.so.1").exists(), reason="no vector library here"
)
@pytest.mark.parametrize("name", OPS)
def test_value_and_derivatives_call_the_vector_library(name, tmp_path):
    """What a loop calls one by one, for its last elements, it calls for vectors too."""
    variables, outputs = program(name)
    with config.change_flags(cache_dir=str(tmp_path)):
        f = function(variables, outputs, on_unused_input="ignore")
    assert not f.fallbacks
    libraries = [str(path) for path in tmp_path.rglob("*.so")]
    assert libraries
    listing = subprocess.run(
        ["objdump", "-T", *libraries], capture_output=True, text=True, check=True
    ).stdout
    called = set(re.findall(r"\*UND\*.* (\w+)$", listing, re.MULTILINE))
    vectors = {re.sub(r"^_ZGV\w+?v+_", "", symbol) for symbol in called}
    assert called - {"memmove", "memset"} <= vectors | {s for s in called if s.startswith("_ZGV")}
    assert "sincos" not in called


def test_a_choice_between_powers_is_computed_before_it():
    x, y = pt.dvectors("x", "y")
    source = function([x, y], pt.switch(x > 0, x**y * pt.log(x), 0.0)).c_source
    loops = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    assert "ptl_pow" in loops
    assert not re.search(r"\?[^;]*(ptl_pow|log)\(", loops)


@pytest.mark.parametrize(
    "normalised",
    [
        lambda x: pt.tanh((x - x.mean(axis=0)) / x.std(axis=0)),
        lambda x: pt.special.softmax(x, axis=0) ** 2,
        lambda x: pt.special.log_softmax(x, axis=0) * x,
    ],
)
def test_columns_are_normalised_row_by_row(normalised):
    """Many visits along the rows of an array cost less than one that goes down its columns."""
    x = pt.dmatrix("x")
    f = function([x], grad(normalised(x).sum(), x))
    assert re.search(r"x0\[i\*n1 \+ j\]", f.c_source)
    assert "x0[i + " not in f.c_source
    data = np.random.default_rng(0).standard_normal((7, 5))
    expected = function([x], grad(normalised(x).sum(), x), mode="NUMPY")(data)
    np.testing.assert_allclose(f(data), expected, rtol=1e-12, atol=1e-14)


def test_narrow_numbers_are_looked_up_in_a_loop_of_their_own():
    """gcc makes no vectors of four-byte numbers at eight-byte positions: the others stay some."""
    x, where = pt.fvector("x"), pt.lvector("where")
    f = function([x, where], pt.exp(pt.tanh(x[where])).sum())
    loops = re.findall(r"for \(int64_t i = [^{]*\{(.*?)\n        \}", f.c_source, re.DOTALL)
    assert any("x0[" in loop for loop in loops)
    assert not any("x0[" in loop and "tanh" in loop for loop in loops)
    numbers, places = np.float32([0.5, -1.0, 2.0]), np.array([2, 0, -1, 1] * 300)
    expected = np.exp(np.tanh(numbers[places], dtype="float64")).sum()
    np.testing.assert_allclose(f(numbers, places), expected, rtol=1e-5)
