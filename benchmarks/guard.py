"""The regression guard: instructions a call, which no clock and no busy neighbour changes.

Valgrind knows no AVX-512, so kernels are built for the level below it; a change that costs
instructions costs them there too. Counts depend on compiler, C library, Python and NumPy: they are
compared only where these are what they were when the counts were stored.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from .process import inherited
from .report import aligned

__all__ = ["STORED", "Verdict", "check", "compare", "count_instructions", "differences", "missing",
           "parse_dump", "table"]  # fmt: skip

STORED = Path(__file__).parent / "instructions.json"
ROOT = Path(__file__).resolve().parents[1]
LEVEL = "x86-64-v3"  # the highest that valgrind runs
HEADER = "#include <valgrind/callgrind.h>"


def missing() -> str:
    """Say what the guard lacks on this machine; empty when it can run."""
    from pytensorlite.cgen import features
    from pytensorlite.cgen.errors import BuildError
    from pytensorlite.cgen.toolchain import find_toolchain

    if not shutil.which("valgrind"):
        return "valgrind is not installed (Debian: apt install valgrind)"
    if features.level() < LEVEL:
        return f"this processor is {features.level()}; the counts are of {LEVEL}"
    try:
        command = [*find_toolchain().command, "-E", "-x", "c", "-"]
    except BuildError as error:
        return str(error).splitlines()[0]
    if subprocess.run(command, input=HEADER, text=True, capture_output=True).returncode:
        return "valgrind's header callgrind.h is not installed"
    return ""


def count_instructions() -> dict[str, Any]:
    """Build and count in processes of their own; return identity and instructions a call.

    Raises
    ------
    RuntimeError
        When one of the processes fails; the message ends with its last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = f"cache_dir={folder}/cache,threads=1,compile_flags=-march={LEVEL}"
        flags = ",".join(filter(None, [os.environ.get("PYTENSORLITE_FLAGS"), own]))
        environment = {
            **inherited(), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT), "PYTENSORLITE_FLAGS": flags,
        }  # fmt: skip
        valgrind = [
            "valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no",
            f"--callgrind-out-file={folder}/out",
        ]  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.counting"]
        run([*command, "build"], environment)
        found = run([*valgrind, *command, "count"], environment)
        paths = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        dumps = [path.read_text() for path in paths]
    return {"level": LEVEL, **json.loads(found), "instructions": differences(dumps)}


def run(command: list[str], environment: dict[str, str]) -> str:
    """Run a process and return the last line that it printed."""
    result = subprocess.run(command, env=environment, text=True, capture_output=True)
    lines = (result.stderr if result.returncode else result.stdout).strip().splitlines()
    if result.returncode or not lines:
        what = f"exit status {result.returncode}: {lines[-1] if lines else 'no output'}"
        raise RuntimeError(f"{' '.join(command)} failed\n  {what}")
    return lines[-1]


def parse_dump(text: str) -> tuple[str, int, int] | None:
    """Return the title, the number of calls and the instructions of one dump of callgrind's."""
    trigger = re.search(r"^desc: Trigger: Client Request: (.*): (\d+)$", text, re.MULTILINE)
    total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
    return (trigger[1], int(trigger[2]), int(total[1])) if trigger and total else None


def differences(dumps: list[str]) -> dict[str, int]:
    """Return the instructions of one call of each: those of all calls less those of none."""
    counts = {(title, calls): n for title, calls, n in filter(None, map(parse_dump, dumps))}
    return {
        title: round((total - counts[title, 0]) / calls)
        for (title, calls), total in counts.items()
        if calls
    }


def check(update: bool, tolerance: float) -> int:
    """Count, print the comparison with what is stored, and return an exit status.

    Parameters
    ----------
    update : bool
        Store the new counts instead of judging them.
    tolerance : float
        How much more, as a share, is still the same.
    """
    if why := missing():
        print(f"guard: skipped: {why}")
        return 0
    counted = count_instructions()
    verdict = compare(json.loads(STORED.read_text()) if STORED.exists() else {}, counted, tolerance)
    if verdict.lines:
        print(table(verdict))
    if update:
        STORED.write_text(json.dumps(counted, indent=1, ensure_ascii=False) + "\n")
        print(f"guard: stored {len(counted['instructions'])} counts in {STORED.name}")
    elif verdict.otherwise:
        print(f"guard: not compared: {verdict.otherwise}")
    elif verdict.more:
        print(f"guard: more instructions than before: {', '.join(verdict.more)}")
        print("guard: mend it, or store the new counts: python -m benchmarks guard --update")
    else:
        print(f"guard: {len(verdict.lines)} counts are within {tolerance:.0%} of what is stored")
    return 1 if verdict.more and not update else 0


class Verdict(NamedTuple):
    """What the comparison of two records found.

    Attributes
    ----------
    lines : list of list of str
        A row a kernel: name, before, now, ratio, and a word where it matters.
    more : list of str
        The kernels that now take more instructions than the tolerance allows.
    otherwise : str
        Why nothing was compared; empty when it was.
    """

    lines: list[list[str]]
    more: list[str]
    otherwise: str = ""


def compare(stored: dict[str, Any], counted: dict[str, Any], tolerance: float) -> Verdict:
    """Compare instruction counts with the stored ones, which must come from the same tools."""
    for what in ("level", "compiler", "libc", "python", "numpy"):
        if stored.get(what) != counted[what]:
            text = f"{what} is {counted[what]}, the stored counts are of {stored.get(what)}"
            return Verdict([], [], text)
    lines, more = [], []
    for name, now in counted["instructions"].items():
        was = stored["instructions"].get(name)
        ratio = now / was if was else float("nan")
        word = "new" if not was else "MORE" if ratio > 1 + tolerance else ""
        if was and ratio < 1 - tolerance:
            word = "fewer"
        if word == "MORE":
            more.append(name)
        figures = [f"{was:,}" if was else "–", f"{now:,}", f"{ratio:.3f}" if was else "–"]
        lines.append([name, *figures, word])
    return Verdict(lines, more)


def table(verdict: Verdict) -> str:
    """Return the rows of a comparison."""
    head = ["instructions a call", "stored", "now", "now / stored", ""]
    return aligned([head, *verdict.lines])
