"""A run: every case, all contenders side by side, rounds in turns."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .process import Contender, interpreter, processors
from .workload import Case

__all__ = ["Progress", "machine", "run"]


class Progress:
    """One line on standard error, rewritten, when a person is watching."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show what is going on."""
        if self.shown:
            print(f"\r\x1b[K{text[:100]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Leave an empty line."""
        self.say("")


def machine() -> dict[str, Any]:
    """Return what a reader of the figures wants to know of the machine."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            named = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
        name = named[0] if named else name
    return {
        "processor": name,
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "date": datetime.date.today().isoformat(),
    }


def take_part(names: Iterable[str], pythons: dict[str, str], threads: int) -> tuple[list, dict]:
    """Start the contenders; return those that are there, and why the others are not."""
    present, absent = [], {}
    for name in names:
        contender = Contender(name, interpreter(name, pythons), threads)
        if contender.trouble:
            absent[name] = contender.trouble
            contender.close()
        else:
            present.append(contender)
    return present, absent


def run(
    chosen: Iterable[Case],
    names: Iterable[str],
    *,
    pythons: dict[str, str],
    threads: int = 1,
    rounds: int = 15,
    seconds: float = 0.002,
    keep: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Measure the cases and return a record that `json` can write.

    After each case `keep` gets the record of what is measured so far: a long run that is cut short
    has not been in vain.
    """
    progress = Progress()
    progress.say("starting the contenders")
    present, absent = take_part(names, pythons, threads)
    results: list[dict[str, Any]] = []
    chosen = list(chosen)
    record = {
        "machine": machine(),
        "threads": threads,
        "pinned_to": sorted(processors(threads)),
        "rounds": rounds,
        "versions": {each.name: each.versions for each in present},
        "skipped": absent,
        "results": results,
    }
    try:
        for number, case in enumerate(chosen, 1):
            where = f"[{number}/{len(chosen)}] {case.label}"
            results += measure_case(case, present, rounds, seconds, progress, where)
            keep(record)
    finally:
        progress.clear()
        for contender in present:
            contender.close()
    return record


def measure_case(
    case: Case, present: list, rounds: int, seconds: float, progress: Progress, where: str
) -> list[dict[str, Any]]:
    """Prepare each contender, time them in turns, and summarise."""
    ready, rows = [], []
    for contender in present:
        progress.say(f"{where}: {contender.name} builds")
        answer = contender.ask(
            "prepare", workload=case.workload.name, size=case.size, seconds=seconds
        )
        if answer.get("absent"):
            continue
        row = {"workload": case.workload.name, "size": case.size, "contender": contender.name}
        rows.append({**row, **answer})
        if "failed" not in answer:
            ready.append((contender, rows[-1], [], []))
    for round_number in range(rounds):
        progress.say(f"{where}: round {round_number + 1} of {rounds}")
        for contender, row, wall, cpu in ready:
            answer = contender.ask("batches", label=case.label)
            if "failed" in answer:
                row["failed"] = answer["failed"]
                continue
            wall += answer["seconds"]
            cpu.append(answer["cpu"])
    size = case.workload.sizes[case.size]
    for contender, row, wall, cpu in ready:
        contender.ask("drop", label=case.label)
        if wall:
            row.update(median=statistics.median(wall), least=min(wall), cpu=min(cpu))
            row["bytes"], row["flops"] = case.workload.moved(**size)
            row["limit"] = case.workload.limit
            row["elements"] = case.workload.elements(**size)
            row["partial"] = contender.name == "c" and case.workload.partial
    return rows
