"""Rows that promise vectors are vectors: gcc says of each loop whether it became one."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from benchmarks.accuracy import FUNCTIONS
from pytensorlite.cgen.toolchain import find_toolchain
from pytensorlite.scalar.headers import headers_of
from tests.scalar.compiled_rows import INCLUDE, cases, loop

#: Loops that gcc turns into a copy, or that read or write what it has no vectors of.
NEVER = {"identity", "positive", "second", "real", "imag", "conj"}
NOT_IN_DOUBLE = {"convert_to_float64"}
#: AVX2 has no instruction from floats to integers of 64 bits.
NOT_IN_256_BITS = {"convert_to_int64", "convert_to_uint64", "convert_to_uint32"}


def chosen() -> list:
    """Return the rows of real floats that say they vectorise."""
    return [
        case
        for case in cases()
        if case.row.vectorises
        and set(case.dtypes) in ({"float32"}, {"float64"})
        and case.name not in NEVER
        and not case.touches_half
        and not (case.name in NOT_IN_DOUBLE and case.dtypes[0] == "float64")
        and case.name != f"convert_to_{case.dtypes[0]}"
    ]


def gcc() -> str | None:
    """Return the compiler if it is a gcc that has the vector library."""
    compiler = os.environ.get("CC", "gcc")
    macros = "__GNUC__ __clang__ __x86_64__ __GLIBC__ __GLIBC_MINOR__"
    text = f"#include <math.h>\n#include <features.h>\nversion={macros}\n"
    command = [compiler, "-E", "-P", "-xc", "-"]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"version=(\d+) __clang__ 1 2 (\d+)", done.stdout)
    return compiler if found and int(found[1]) >= 12 and int(found[2]) >= 35 else None


@pytest.mark.skipif(gcc() is None, reason="needs gcc 12 and glibc 2.35 on x86-64")
@pytest.mark.parametrize(
    ("flags", "never"),
    [
        (("-march=x86-64-v4", "-mprefer-vector-width=512"), frozenset()),
        (("-march=x86-64-v3",), NOT_IN_256_BITS),
    ],
    ids=["512 bits", "256 bits"],
)
def test_loops_of_rows_are_vectors(flags, never, tmp_path):
    rows = [case for case in chosen() if case.name not in never]
    # Equal functions would be folded into one before that, hence the last of the flags.
    told = ("-fno-ipa-icf", "-fopt-info-vec-optimized")
    code = "".join(f'#line {1000 * n} "row"\n{loop(case)}' for n, case in enumerate(rows, 1))
    includes = "".join(f'#include "{h}"\n' for h in ("ptl_math.h", *headers_of(code)))
    (tmp_path / "rows.c").write_text(includes + code)
    options = [f for f in find_toolchain(gcc()).compile_flags() if not f.startswith("-m")]
    done = subprocess.run(
        [gcc(), *options, *flags, *told, f"-I{INCLUDE}", "-c", "rows.c", "-o", "rows.o"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = re.findall(r"^row:(\d+):\d+: optimized: loop vectorized", done.stderr, re.MULTILINE)
    vectors = {int(line) // 1000 for line in lines}
    assert [str(case) for n, case in enumerate(rows, 1) if n not in vectors] == []


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS])
def test_functions_of_the_document_are_among_them(name):
    assert {("float32",), ("float64",)} <= {
        case.dtypes[:1] for case in chosen() if case.name == name
    }
