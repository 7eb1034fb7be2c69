"""One contender's process: reads requests as JSON lines, answers on the original standard output.

`python -m benchmarks.worker NAME` serves `prepare` (build, compare with NumPy) and `batches` (time
calls); `python -m benchmarks.worker NAME build WORKLOAD SIZE` measures one build and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import timeit
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from .contenders import BUILDERS, version
from .workload import Case, arrays_for, find

BATCHES = 5  # per round: enough for a least one that was not interrupted
ROUND = 0.05  # seconds: a batch that lasts as long has been interrupted, one a round will do
BLOCK = 1 << 16  # elements that are compared at a time, in the caches


def flat(outputs: Any) -> list[np.ndarray]:
    """Return the outputs as a list of arrays."""
    several = isinstance(outputs, (tuple, list))
    return [np.asarray(each) for each in outputs] if several else [np.asarray(outputs)]


def largest_error(found: Any, expected: Any) -> float:
    """Return the largest error of any output, relative to that output's largest magnitude."""
    worst = 0.0
    for got, want in zip(flat(found), flat(expected), strict=True):
        if got.shape != want.shape:
            raise ValueError(f"an output has shape {got.shape}, NumPy's {want.shape}")
        largest = scale = 0.0
        one, other = got.reshape(-1), want.reshape(-1)
        for start in range(0, want.size, BLOCK):
            block = slice(start, start + BLOCK)
            difference, magnitude = _error(one[block], other[block])
            largest, scale = max(largest, difference), max(scale, magnitude)
        worst = max(worst, largest / (scale or 1.0))
    return worst


def _error(got: np.ndarray, want: np.ndarray) -> tuple[float, float]:
    """Return the largest difference and the largest magnitude, of the finite numbers."""
    wide = np.complex128 if got.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore"):
        difference, magnitude = np.abs(got.astype(wide) - want), np.abs(want)
    largest, scale = float(difference.max()), float(magnitude.max())
    if np.isfinite(largest) and np.isfinite(scale):
        return largest, scale
    finite = np.isfinite(want)
    if not np.array_equal(np.isfinite(got), finite):
        return float("inf"), 1.0
    return (
        float(np.max(difference, where=np.isfinite(difference), initial=0.0)),
        float(np.max(magnitude, where=finite, initial=0.0)),
    )


def check(case: Case, call: Callable, arrays: tuple) -> float:
    """Compare the first calls with NumPy's and return the error; raise when it is too large."""
    make = getattr(case.workload, "make_numpy", None)
    reference = make(arrays) if make else case.workload.numpy
    error = 0.0
    for _ in range(case.workload.calls):
        with np.errstate(all="ignore"):
            expected = reference(*arrays)
        error = max(error, largest_error(call(*arrays), expected))
    single = any(a.dtype in (np.float32, np.complex64) for a in arrays)
    allowed = case.workload.tolerance * (2e5 if single else 1)
    if not error <= allowed:
        raise ValueError(f"differs from NumPy by {error:.1e} of the largest value")
    return error


class Timed:
    """A callable with its arguments, timed in batches long enough for the clock."""

    def __init__(self, call: Callable, arrays: tuple) -> None:
        names = {f"a{k}": a for k, a in enumerate(arrays)}
        self.timer = timeit.Timer(f"call({', '.join(names)})", globals={"call": call, **names})
        self.count, self.repeats = 1, BATCHES

    def calibrate(self, seconds: float) -> None:
        """Choose how many calls fill a batch of that length, and how many batches a round has."""
        least = min(self.timer.timeit(1) for _ in range(2))
        if least < ROUND / BATCHES:
            least = min(least, *(self.timer.timeit(1) for _ in range(3)))
        if least < seconds:
            count = max(1, int(seconds / 20 / max(least, 1e-7)))
            least = min(self.timer.timeit(count) for _ in range(3)) / count
        self.count = max(1, int(seconds / least))
        self.repeats = min(BATCHES, max(1, int(ROUND / (least * self.count))))

    def batches(self) -> tuple[list[float], float]:
        """Return seconds a call of a few batches, and processor seconds a call of all of them."""
        start = time.process_time()
        wall = [self.timer.timeit(self.count) / self.count for _ in range(self.repeats)]
        return wall, (time.process_time() - start) / (self.count * self.repeats)


def clock() -> tuple[float, float, float]:
    """Wall clock, processor time of this process, and of the children it has waited for."""
    times = os.times()
    return (
        time.perf_counter(),
        times.user + times.system,
        times.children_user + times.children_system,
    )


def build(name: str, case: Case) -> dict[str, Any]:
    """Measure one build, from the workload's graph to the first result; imports are not counted."""
    before = time.process_time()
    import_package(name)
    imported = time.process_time() - before
    arrays = arrays_for(case)
    make_numpy = getattr(case.workload, "make_numpy", None)
    start = clock()
    before = time.process_time()
    call = BUILDERS[name](case.workload, arrays)
    if call is None:
        return {"absent": True}
    found = call(*arrays)
    own = time.process_time() - before
    wall, _, children = (now - then for now, then in zip(clock(), start, strict=True))
    expected = (make_numpy(arrays) if make_numpy else case.workload.numpy)(*arrays)
    times = {"wall": wall, "own": own, "children": children, "import": imported}
    return {**times, "error": largest_error(found, expected)}


def import_package(name: str) -> None:
    """Import what the contender's builder will import, and start what starts once a process."""
    if name == "pytensorlite":
        from pytensorlite import function, grad  # noqa: F401
    elif name.startswith("pytensor"):
        import pytensor.tensor  # noqa: F401
    elif name.startswith("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.devices()
        if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
            jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    elif name == "torch":
        import torch._inductor  # noqa: F401
    elif name == "numba":
        import numba  # noqa: F401


class Server:
    """The requests of one session with one contender."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.timed: dict[str, Timed] = {}

    def hello(self) -> dict[str, Any]:
        """Say which version this is, having imported it."""
        found = version(self.name)
        import_package(self.name)
        return {"version": found, "python": sys.version.split()[0], "numpy": np.__version__}

    def prepare(self, workload: str, size: str, seconds: float) -> dict[str, Any]:
        """Build, compare with NumPy, and choose the length of a batch."""
        case = find(workload, size)
        arrays = arrays_for(case)
        start = clock()
        call = BUILDERS[self.name](case.workload, arrays)
        if call is None:
            return {"absent": True}
        call(*arrays) if case.workload.calls == 1 else None
        wall, own, children = (now - then for now, then in zip(clock(), start, strict=True))
        answer = {"build": wall, "build_cpu": own + children}
        answer["itemsize"] = arrays[0].itemsize
        if not (self.name == "c" and case.workload.partial):
            answer["error"] = 0.0 if self.name == "numpy" else check(case, call, arrays)
        timed = self.timed[case.label] = Timed(call, arrays)
        timed.calibrate(seconds)
        return {**answer, "count": timed.count}

    def batches(self, label: str) -> dict[str, Any]:
        """Time one round."""
        wall, processor = self.timed[label].batches()
        return {"seconds": wall, "cpu": processor}

    def drop(self, label: str) -> dict[str, Any]:
        """Forget a case and its arrays."""
        self.timed.pop(label, None)
        return {}


def answer(action: Callable[..., dict], **given: Any) -> dict[str, Any]:
    """Do it; what goes wrong is an answer too."""
    try:
        return action(**given)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return {
            "failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        }


def main() -> None:
    """Serve until standard input ends."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    name = sys.argv[1]
    if sys.argv[2:3] == ["build"]:
        found = answer(build, name=name, case=find(*sys.argv[3:5]))
        print(json.dumps(found), file=channel, flush=True)
        return
    server = Server(name)
    for line in sys.stdin:
        request = json.loads(line)
        found = answer(getattr(server, request.pop("do")), **request)
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(found), file=channel, flush=True)


if __name__ == "__main__":
    main()
