"""The emitted C does nothing undefined and touches no memory that is not its own.

Kernels are built with gcc's address and undefined-behaviour sanitizers, which end the process at
the first error, and the tests run against them in a process of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEW = ["tests/fuzz/test_found.py", "-k", "native"]
ALL = ["tests/fuzz", "tests/link", "tests/tensor", "tests/linalg", "tests/trust/test_lengths.py"]


def sanitized(*words: str, place: Path, preload: bool = True) -> subprocess.CompletedProcess:
    """Run Python with sanitized kernels."""
    library = ""
    if shutil.which("gcc"):
        asked = ["gcc", "-print-file-name=libasan.so"]
        library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not os.path.isabs(library):
        pytest.skip("gcc has no sanitizers here")
    flags = f"compiler=gcc,cache_dir={place},sanitize=address+undefined"
    environment = {**os.environ, "PYTENSORLITE_FLAGS": flags, "ASAN_OPTIONS": "detect_leaks=0"}
    if preload:
        environment["LD_PRELOAD"] = library
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")


def test_a_few_tests(tmp_path):
    run = sanitized(*PYTEST, *FEW, place=tmp_path)
    assert run.returncode == 0, (run.stdout + run.stderr)[-3000:]


@pytest.mark.nightly
def test_the_tests_of_values(tmp_path):
    run = sanitized(*PYTEST, *ALL, place=tmp_path)
    assert run.returncode == 0, (run.stdout + run.stderr)[-3000:]


def test_the_sanitizer_must_be_there_from_the_start(tmp_path):
    """Or it would end the process when the first kernel is loaded."""
    run = sanitized(*PYTEST, "tests/fuzz/test_found.py", place=tmp_path, preload=False)
    assert run.returncode == 1
    assert "LD_PRELOAD=$(gcc -print-file-name=libasan.so)" in run.stdout


WRONG = """
import ctypes, sys
from pytensorlite.link.c.compiled import compile_sources
source = "long f(long x) { long a[2] = {x, x}; return BODY; }"
library = compile_sources([source.replace("BODY", sys.argv[1])], "wrong")
call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(library.address("f"))
print(call(2**63 - 1))
"""


@pytest.mark.parametrize("body", ["x + 1", "a[(x & 1) + 4]", "x << 70"])
def test_an_error_ends_the_process(body, tmp_path):
    run = sanitized("-c", WRONG, body, place=tmp_path)
    assert run.returncode != 0
    assert "runtime error" in run.stderr or "AddressSanitizer" in run.stderr
