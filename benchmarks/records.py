"""Records of runs: written with their command, read, and joined when a run was made in pieces."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["join", "read", "save"]


def read(paths: Sequence[str]) -> dict[str, Any]:
    """Read the record of a run, or of a run in pieces."""
    return join([json.loads(Path(path).read_text()) for path in paths])


def save(found: dict[str, Any], path: str, arguments: Sequence[str]) -> None:
    """Write a record with the command that made it, interpreters left out."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and not argument.startswith("--python"):
            kept.append(argument)
        skip = argument == "--python"
    found["command"] = shlex.join(["python", "-m", "benchmarks", *kept])
    Path(path).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def join(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one record of several from the same machine with as many threads.

    A case of a later record replaces the same case of an earlier one; of each limit the largest is
    kept, because what disturbs a measurement only ever lowers it.

    Raises
    ------
    ValueError
        When the records are of different machines or numbers of threads.
    """
    joined = {**records[0], "versions": {}, "skipped": {}, "results": []}
    cases: dict[tuple, list[dict]] = {}
    limits: dict[str, float] = {}
    for record in records:
        for what in ("processor", "system"):
            if record["machine"][what] != joined["machine"][what]:
                raise ValueError(f"the records are of different machines: {what} differs")
        if record["threads"] != joined["threads"]:
            raise ValueError("the records are of runs with different numbers of threads")
        joined["versions"].update(record["versions"])
        joined["skipped"].update(record["skipped"])
        fresh: dict[tuple, list[dict]] = {}
        for row in record["results"]:
            fresh.setdefault((row["workload"], row["size"]), []).append(row)
        cases.update(fresh)
        for name, rate in record.get("limits", {}).items():
            limits[name] = max(rate, limits.get(name, 0))
    joined["results"] = [row for rows in cases.values() for row in rows]
    joined["skipped"] = {k: v for k, v in joined["skipped"].items() if k not in joined["versions"]}
    return {**joined, "limits": limits} if limits else joined
