"""Time to build: fresh processes with an empty cache, then with the cache that they left.

Processor seconds are what counts (wall clock too, but a busy machine stretches it): `own` is the
process itself, from the workload's graph to the first result, imports not counted; `children` is
what the compilers took that it started. Python's bytecode is there before anything is measured, for
all contenders alike.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterable
from typing import Any

from .measure import Progress, machine
from .process import interpreter, start
from .report import aligned
from .workload import Case, find

__all__ = ["grow", "growth_table", "measure_builds", "table"]

GROWTH = (1_000, 3_000, 10_000)
NOTE = "Bytecode of all modules was written beforehand, for all contenders alike."


def cache_environment(name: str, folder: str) -> dict[str, str]:
    """Return the variables that put a contender's cache into a folder."""
    flags = os.environ.get("PYTENSORLITE_FLAGS", "")
    return {
        "PYTENSORLITE_FLAGS": f"{flags},cache_dir={folder}/pytensorlite".lstrip(","),
        "PYTENSOR_FLAGS": f"base_compiledir={folder}/pytensor,cxx={os.environ.get('CXX', 'g++')}",
        "JAX_COMPILATION_CACHE_DIR": f"{folder}/jax",
        "NUMBA_CACHE_DIR": f"{folder}/numba",
        "TORCHINDUCTOR_CACHE_DIR": f"{folder}/torch",
    }


def one_build(name: str, python: str, case: Case, folder: str) -> dict[str, Any]:
    """Build in a fresh process."""
    process = start(
        "benchmarks.worker", python, 1, name, "build", case.workload.name, case.size,
        extra=cache_environment(name, folder), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    output, errors = process.communicate()
    if process.returncode:
        return {"failed": (errors.strip().splitlines() or ["it ended without a word"])[-1]}
    return json.loads(output)


def build_often(name: str, python: str, case: Case, primed: str, repeats: int) -> dict[str, Any]:
    """Return the median of cold builds and of warm ones, after one that only leaves bytecode."""
    found: dict[str, Any] = {"workload": case.workload.name, "size": case.size, "contender": name}
    cold, warm = [], []
    for number in range(repeats + 1):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(primed, folder, dirs_exist_ok=True, symlinks=True)
            for results in (cold, warm):
                result = one_build(name, python, case, folder)
                if "failed" in result or "absent" in result:
                    return {**found, **result}
                if number > 0:
                    results.append(result)
    for temperature, results in (("cold", cold), ("warm", warm)):
        found[temperature] = {
            key: statistics.median(result[key] for result in results)
            for key in ("wall", "own", "children", "import")
        }
    return found


def measure_builds(
    chosen: Iterable[Case], names: Iterable[str], *, pythons: dict[str, str], repeats: int = 3
) -> dict[str, Any]:
    """Measure cold and warm builds of every case by every contender.

    Each contender first builds ``x + 1`` on a scalar into the cache that all its builds start from:
    what a package finds out or compiles once per installation is no part of a build.
    """
    progress, results, chosen = Progress(), [], list(chosen)
    for name in names:
        python = interpreter(name, pythons)
        with tempfile.TemporaryDirectory() as primed:
            progress.say(f"{name}: what it does once per installation")
            trouble = one_build(name, python, find("call_scalar", "0-d"), primed).get("failed")
            for case in chosen if not trouble else ():
                progress.say(f"{case.label}: {name} builds in fresh processes")
                results.append(build_often(name, python, case, primed, repeats))
        if trouble:
            results += [
                {"workload": c.workload.name, "size": c.size, "contender": name, "failed": trouble}
                for c in chosen
            ]
    progress.clear()
    results.sort(
        key=lambda row: [(c.workload.name, c.size) for c in chosen].index(
            (row["workload"], row["size"])
        )
    )
    return {"machine": machine(), "repeats": repeats, "builds": results}


def total(times: dict[str, float]) -> float:
    """Return the processor seconds of the process and of what it started."""
    return times["own"] + times["children"]


def table(record: dict[str, Any]) -> str:
    """Return the builds as a table: processor seconds of the whole and of the compiler."""
    lines = [["build", "contender", "cold, CPU s", "of it compiler", "warm, CPU s", "cold, wall s",
              "import, CPU s"]]  # fmt: skip
    for row in record["builds"]:
        label = f"{row['workload']} {row['size']}"
        if "cold" in row:
            cold, warm = row["cold"], row["warm"]
            figures = [total(cold), cold["children"], total(warm), cold["wall"], cold["import"]]
            lines.append([label, row["contender"], *(f"{figure:.3f}" for figure in figures)])
        elif "failed" in row:
            lines.append([label, row["contender"], "failed", row["failed"][:60], "", "", ""])
    return f"{aligned(lines)}\n{NOTE}"


def grow(names: Iterable[str], *, pythons: dict[str, str], repeats: int = 1) -> dict[str, Any]:
    """Measure how the time to build grows with the number of nodes."""
    chosen = [find("chain", str(nodes)) for nodes in GROWTH]
    return measure_builds(chosen, names, pythons=pythons, repeats=repeats)


def growth_table(record: dict[str, Any]) -> str:
    """Return build times a node: constant where the build is linear."""
    lines = [["nodes", "contender", "cold, CPU s", "Python, µs a node", "compiler, µs a node"]]
    for row in record["builds"]:
        if "cold" not in row:
            continue
        nodes, cold = int(row["size"]), row["cold"]
        figures = [cold["own"] / nodes * 1e6, cold["children"] / nodes * 1e6]
        cells = [f"{total(cold):.2f}", *(f"{figure:.0f}" for figure in figures)]
        lines.append([f"{nodes:,}".replace(",", " "), row["contender"], *cells])
    return f"{aligned(lines)}\n{NOTE}"
