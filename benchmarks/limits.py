"""What this machine can do: bandwidth of memory and caches, fused multiply-adds, BLAS."""

from __future__ import annotations

import ctypes
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .process import processors
from .report import aligned

__all__ = ["measure_limits", "table"]

SOURCE = Path(__file__).parent / "kernels" / "limits.c"


def best(call: Callable[[], Any], seconds: float = 0.3) -> float:
    """Return the least time of calls repeated for that long."""
    least, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least


def cache_bytes(level: int) -> int:
    """Return the size of a cache of this processor, or a usual one where nothing tells."""
    for index in range(6):
        folder = Path(f"/sys/devices/system/cpu/cpu0/cache/index{index}")
        if folder.exists() and (folder / "level").read_text().strip() == str(level):
            text = (folder / "size").read_text().strip()
            return int(text[:-1]) * {"K": 1 << 10, "M": 1 << 20}[text[-1]]
    return {1: 32 << 10, 2: 1 << 20, 3: 16 << 20}[level]


def load() -> ctypes.CDLL:
    """Compile the loops with the project's own compiler driver."""
    from pytensorlite.cgen.build import build

    handle = build(SOURCE.read_text(), flags=("-ffp-contract=fast",), label="limits").handle
    handle.read.restype = handle.fma_double.restype = ctypes.c_double
    handle.fma_float.restype = ctypes.c_float
    return handle


def bandwidth(loops: ctypes.CDLL, total_bytes: int) -> dict[str, float]:
    """Return GB/s of reading, copying and the triad when the arrays together have that size."""
    found = {}
    for name, count in (("read", 1), ("copy", 2), ("triad", 3)):
        n = total_bytes // (8 * count)
        arrays = [np.ones(n) for _ in range(count)]
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in arrays]
        rounds = max(1, (1 << 24) // total_bytes)
        arguments = (ctypes.c_int64(rounds), ctypes.c_int64(n), *pointers)
        time_taken = best(functools.partial(getattr(loops, name), *arguments))
        found[name] = 8.0 * count * n * rounds / time_taken / 1e9
    return found


def measure_limits(threads: int = 1) -> dict[str, float]:
    """Measure the limits of one thread of this process, pinned where that is possible.

    Returns
    -------
    dict
        GB/s of ``L1``, ``L2``, ``L3`` and ``memory`` (the best of reading, copying and triad, and
        each by name), GFLOP/s of ``fma``, ``fma_f32``, ``gemm``, ``gemm_f32``, and cache sizes.
    """
    if where := processors(threads):
        os.sched_setaffinity(0, where)
    loops = load()
    sizes = {f"L{level}": cache_bytes(level) for level in (1, 2, 3)}
    limits: dict[str, float] = {f"{name} bytes": size for name, size in sizes.items()}
    places = {name: size // 2 for name, size in sizes.items()}
    places["memory"] = max(256 << 20, 4 * sizes["L3"])
    for place, size in places.items():
        rates = bandwidth(loops, size)
        limits[place] = max(rates.values())
        limits.update({f"{place} {name}": rate for name, rate in rates.items()})
    rounds = 100_000
    for name, width in (("double", 8), ("float", 16)):
        loop = getattr(loops, f"fma_{name}")
        operations = 2.0 * 16 * width * rounds
        key = "fma" if name == "double" else "fma_f32"
        limits[key] = operations / best(lambda loop=loop: loop(ctypes.c_int64(rounds))) / 1e9
    for key, dtype in (("gemm", np.float64), ("gemm_f32", np.float32)):
        a, b = np.ones((2, 768, 768), dtype)
        limits[key] = 2.0 * 768**3 / best(lambda a=a, b=b: a @ b, 1.0) / 1e9
    return limits


def table(limits: dict[str, float]) -> str:
    """Return the limits as a table."""
    lines = [["place", "size", "read", "copy", "triad, GB/s"]]
    for place in ("L1", "L2", "L3", "memory"):
        size = f"{limits[f'{place} bytes'] / 1024:.0f} KiB" if place != "memory" else ""
        rates = [f"{limits[f'{place} {name}']:.1f}" for name in ("read", "copy", "triad")]
        lines.append([place, size, *rates])
    sums = [f"{limits[key]:.1f}" for key in ("fma", "gemm", "fma_f32", "gemm_f32")]
    text = "GFLOP/s: double fma {}, gemm {}; single fma {}, gemm {}".format(*sums)
    return f"{aligned(lines)}\n\n{text}"
