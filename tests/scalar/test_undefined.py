"""No row's C does anything undefined on integers: wrap, shift, division, casts of floats.

The rows are compiled so that undefined behaviour stops the process, and run in one of their own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytensorlite.scalar.dtypes import kind
from pytensorlite.scalar.table import ROWS
from tests.scalar.compiled_rows import Case, CompiledRows, cases
from tests.scalar.test_table import samples, seeded

ROOT = Path(__file__).resolve().parents[2]
TRAPS = (
    "-fsanitize=signed-integer-overflow,shift,integer-divide-by-zero,float-cast-overflow",
    "-fsanitize-undefined-trap-on-error",
)


def touches_integers(case: Case) -> bool:
    """Whether a row reads or writes integers."""
    output = ROWS[case.name].output_dtype(*case.dtypes)
    return any(kind(dtype) in "iu" for dtype in (*case.dtypes, output))


def run_all(directory: str) -> None:
    """Run every row on its edge values."""
    chosen = [case for case in cases() if touches_integers(case)]
    compiled = CompiledRows(Path(directory), *TRAPS, chosen=chosen)
    for case in chosen:
        print(case, flush=True)
        compiled(case, *samples(case, seeded(case.name)))


def test_nothing_undefined_happens(tmp_path):
    program = "import sys; from tests.scalar.test_undefined import run_all; run_all(sys.argv[1])"
    command = [sys.executable, "-c", program, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    last = ran.stdout.splitlines()[-1:] or ["nothing"]
    assert ran.returncode == 0, f"stopped in {last[0]}: {ran.stderr[-500:]}"
