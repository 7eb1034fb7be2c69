"""What this machine can do: bandwidth of memory and caches, fused multiply-adds, BLAS."""

from __future__ import annotations

import ctypes
import functools
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from .process import start
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


def together(calls: list[Callable[[], Any]], pool: ThreadPoolExecutor | None) -> None:
    """Make the calls, side by side where there is a pool: ctypes lets go of the interpreter."""
    if pool is None:
        calls[0]()
        return
    for future in [pool.submit(call) for call in calls]:
        future.result()


def bandwidth(
    loops: ctypes.CDLL, total_bytes: int, threads: int, pool: ThreadPoolExecutor | None
) -> dict[str, float]:
    """Return GB/s of reading, copying and the triad when the arrays together have that size."""
    found = {}
    for name, count in (("read", 1), ("copy", 2), ("triad", 3)):
        n = total_bytes // (8 * count * threads)
        rounds = max(1, (1 << 25) // total_bytes)
        arrays = [np.ones(n) for _ in range(count * threads)]
        loop = getattr(loops, name)
        calls = [
            functools.partial(
                loop, ctypes.c_int64(rounds), ctypes.c_int64(n),
                *(ctypes.c_void_p(a.ctypes.data) for a in arrays[k::threads]),
            )
            for k in range(threads)
        ]  # fmt: skip
        time_taken = best(lambda calls=calls: together(calls, pool), 0.5)
        found[name] = 8.0 * count * n * threads * rounds / time_taken / 1e9
    return found


def measure_here(threads: int) -> dict[str, float]:
    """Measure in this process, whose threads and processors are fixed already."""
    loops = load()
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    sizes = {f"L{level}": cache_bytes(level) for level in (1, 2, 3)}
    limits: dict[str, float] = {f"{name} bytes": size for name, size in sizes.items()}
    shared = {"L1": threads, "L2": threads, "L3": 1}
    places = {name: size * shared[name] // 2 for name, size in sizes.items()}
    places["memory"] = max(256 << 20, 4 * sizes["L3"])
    for place, size in places.items():
        rates = bandwidth(loops, size, threads, pool)
        limits.update({f"{place} {name}": rate for name, rate in rates.items()})
    rounds = 100_000
    for key, name, width in (("fma", "fma_double", 8), ("fma_f32", "fma_float", 16)):
        calls = [functools.partial(getattr(loops, name), ctypes.c_int64(rounds))] * threads
        operations = 2.0 * 16 * width * rounds * threads
        limits[key] = operations / best(lambda calls=calls: together(calls, pool)) / 1e9
    for key, dtype in (("gemm", np.float64), ("gemm_f32", np.float32)):
        a, b = np.ones((2, 768, 768), dtype)
        limits[key] = 2.0 * 768**3 / best(lambda a=a, b=b: a @ b, 1.0) / 1e9
    return limits


def measure_limits(threads: int = 1) -> dict[str, float]:
    """Measure the limits of so many threads, in a process of their own that has so many processors.

    Returns
    -------
    dict
        GB/s under ``L1 read``, ``L2 copy``, ``memory triad`` and so on, GFLOP/s of ``fma``,
        ``fma_f32``, ``gemm`` and ``gemm_f32``, and the caches' sizes under ``L1 bytes``.

    Raises
    ------
    RuntimeError
        When that process fails.
    """
    process = start("benchmarks.limits", sys.executable, threads, str(threads))
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the limits were not measured: exit status {process.returncode}")
    return json.loads(output)


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


if __name__ == "__main__":
    print(json.dumps(measure_here(int(sys.argv[1]))))
