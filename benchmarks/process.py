"""The parent's end of a contender's process: its interpreter, its processors, its answers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .contenders import PACKAGES, thread_environment

__all__ = ["Contender", "inherited", "interpreter", "processors"]

ROOT = Path(__file__).resolve().parents[1]


def processors(threads: int) -> set[int]:
    """Return the last `threads` processors that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return set()
    return set(sorted(os.sched_getaffinity(0))[-threads:])


def interpreter(name: str, chosen: dict[str, str]) -> str:
    """Return the interpreter that a contender lives in.

    It is the one given for the contender or for its package, or for all ``rivals``, on the command
    line or in ``BENCH_PYTHON_<NAME>``; else this one.
    """
    keys = [name, PACKAGES[name]]
    if name not in ("pytensorlite", "c", "numpy"):
        keys.append("rivals")
    for key in keys:
        found = chosen.get(key) or os.environ.get(f"BENCH_PYTHON_{key.upper().replace('-', '_')}")
        if key and found:
            return found
    return sys.executable


def inherited() -> dict[str, str]:
    """Return the environment for processes that are measured.

    A variable that keeps Python from writing bytecode would charge each of them with compiling all
    modules that it imports.
    """
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _pin(where: set[int]) -> Callable[[], None] | None:
    return (lambda: os.sched_setaffinity(0, where)) if where else None


def start(
    module: str, python: str, threads: int, *arguments: str, extra: dict | None = None, **popen: Any
):
    """Start a module of this package with its threads and processors fixed."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {
        **inherited(), **thread_environment(threads), "PYTHONPATH": path,
        "PYTHONWARNINGS": "ignore", **(extra or {}),
    }  # fmt: skip
    command = [python, "-m", module, *arguments]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, env=environment,
        preexec_fn=_pin(processors(threads)), **popen,
    )  # fmt: skip


class Contender:
    """A contender's process and what it said of itself.

    Attributes
    ----------
    trouble : str
        Why it takes no part, or empty.
    versions : dict
        Of the package, of Python and of NumPy.
    """

    def __init__(self, name: str, python: str, threads: int) -> None:
        self.name, self.python, self.threads = name, python, threads
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- open as long as the process
        self.begin()
        self.versions = self.ask("hello")
        self.trouble = self.versions.pop("failed", "")

    def begin(self) -> None:
        """Start the process."""
        self.process = start(
            "benchmarks.worker", self.python, self.threads, self.name,
            stdin=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip

    def ask(self, what: str, **given: Any) -> dict[str, Any]:
        """Send a request and wait for the answer; a process that ended is started again."""
        if self.process.poll() is not None:
            self.close_pipes()
            self.begin()
        try:
            self.process.stdin.write(json.dumps({"do": what, **given}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.wait()
        return {"failed": f"ended with status {self.process.returncode}: {self.last_words()}"}

    def last_words(self) -> str:
        """Return the last line that the process wrote to standard error."""
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return lines[-1] if lines else "no word on standard error"

    def close_pipes(self) -> None:
        """Close this end of the pipes; the process takes it as the end."""
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self.process.stdin.close()
        self.process.stdout.close()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.close_pipes()
        self.log.close()
