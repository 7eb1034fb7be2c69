"""Each function stays within its bound of the truth; ``docs/accuracy.md`` has the full table."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.accuracy import FUNCTIONS, loops, measure
from pytensorlite.scalar.table import ROWS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"


@pytest.fixture(scope="module")
def compiled():
    """Every function as C loops."""
    return loops(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_error_is_within_the_bound(function, compiled):
    measured = measure(function, compiled, 100)
    assert all(got <= bound for got, bound in zip(measured, function.bounds, strict=True)), measured


def test_the_document_tells_of_every_function_within_its_bound():
    text = DOCUMENT.read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (.*) \|$", text, re.MULTILINE)
    assert [name for name, _ in rows] == [function.name for function in FUNCTIONS]
    for _, cells in rows:
        *measured, bounds = cells.split("|")
        limits = map(float, bounds.split(","))
        assert all(float(m) <= b for m, b in zip(measured[-3:], limits, strict=True))


@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump")
def test_loops_call_the_vector_library(compiled):
    library, _ = compiled["double_sin"]
    if os.uname().machine != "x86_64" or not Path("/lib/x86_64-linux-gnu/libmvec.so.1").exists():
        pytest.skip("no vector library here")
    listing = subprocess.run(
        ["objdump", "-T", str(library.path)], capture_output=True, text=True, check=True
    ).stdout
    called = set(re.findall(r"_ZGV\w+?v+_(\w+)", listing))
    wanted = {"log2", "sin", "cos", "sinh", "erf", "erfc", "log2f", "sinf"}
    assert wanted <= called, wanted - called


def test_rows_that_promise_vectors_have_a_template():
    assert not [name for name, row in ROWS.items() if row.vectorises and row.c is None]
