"""The host of programs without the native dispatcher: one thread, and it can be stopped.

It cuts loops exactly as ``ptl_host.h`` does, so that the results are the same bit for bit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

BLOCK, STEP, MOST_BLOCKS = 50_000, 2_000_000, 64  # PTL_BLOCK, PTL_STEP, PTL_MOST_BLOCKS


class Loop(ctypes.Structure):
    """``ptl_loop``."""

    _fields_ = [
        ("run_step", ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * 3)),
        ("task", ctypes.c_void_p),
        ("extent", ctypes.c_int64),
        ("blocks", ctypes.c_int64),
        ("work", ctypes.c_int64),
    ]


_RUN_LOOP = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(Loop))


class PythonHost(ctypes.Structure):
    """``ptl_host``; `interruption` is what ended a loop before its time."""

    _fields_ = [("run_loop", _RUN_LOOP), ("must_finish", ctypes.c_bool)]

    def __init__(self) -> None:
        super().__init__(_RUN_LOOP(self._run))
        self.interruption: BaseException | None = None

    def _run(self, _: Any, pointer: Any) -> int:
        loop = pointer.contents
        try:
            for block, start, stop in cuts(loop.extent, loop.blocks, loop.work):
                loop.run_step(loop.task, block, start, stop)
        except BaseException as interruption:  # it cannot pass through C
            self.interruption = interruption
            return 1
        return 0


def cuts(extent: int, blocks: int, work: int) -> Iterator[tuple[int, int, int]]:
    """Yield ``(block, start, stop)`` for each step of a loop.

    Examples
    --------
    >>> list(cuts(10, 3, 1))
    [(0, 0, 4), (1, 4, 7), (2, 7, 10)]
    """
    blocks = blocks or max(1, min(work // BLOCK, MOST_BLOCKS, extent))
    steps = max(1, min(work // blocks // STEP, extent // blocks))
    for block in range(blocks):
        first, last = (_cut(extent, blocks, number) for number in (block, block + 1))
        for step in range(steps):
            start, stop = (first + _cut(last - first, steps, number) for number in (step, step + 1))
            if start < stop:
                yield block, start, stop


def _cut(length: int, parts: int, number: int) -> int:
    """Return where part `number` begins: at a multiple of 16 or 64 where parts are long."""
    part, rest = divmod(length, parts)
    start = part * number + min(number, rest)
    unit = 1 if part < 64 else 16 if part < 512 else 64
    return min(length, -(-start // unit) * unit)
