"""Instructions of calls, counted by callgrind: the process that the guard starts, twice.

`python -m benchmarks.counting build` compiles what is to be counted, at full speed;
`python -m benchmarks.counting count`, run under callgrind, finds it in the cache and calls it.
Callgrind counts only between `start` and `stop`, and writes the count under a name at `dump`.
"""

from __future__ import annotations

import gc
import json
import sys
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from .contenders import BUILDERS
from .worker import import_package
from .workload import SEED, load

__all__ = ["CALLS", "COUNTED", "identity"]

CALLS = 40

# What is guarded: a name, its workload, and a size at which a call takes some 10⁵ instructions.
COUNTED: list[tuple[str, str, dict[str, Any]]] = [
    ("call", "call_vec8", {}),
    ("call, 3 in 3 out", "call_3in_3out", {}),
    ("call with update", "call_shared_update", {}),
    ("poly", "poly", {"n": 20_000}),
    ("poly float32", "poly_f32", {"n": 20_000}),
    ("transcendental", "transc", {"n": 5_000}),
    ("special", "special", {"n": 2_000}),
    ("sums of rows", "sum1", {"n": 200}),
    ("sums of columns", "sum0", {"n": 200}),
    ("maxima of rows", "max1", {"n": 200}),
    ("means and variances", "meanvar0", {"n": 200}),
    ("logsumexp", "logsumexp1", {"n": 64}),
    ("softmax cross-entropy", "softmax_xent", {"n": 64, "k": 100}),
    ("log-softmax", "log_softmax", {"n": 64, "k": 100}),
    ("running sums", "cumsum1", {"n": 200}),
    ("running sums of columns", "cumsum0", {"n": 200}),
    ("symmetrised", "symmetrised", {"n": 200}),
    ("masked", "masked", {"n": 200}),
    ("gather", "gather", {"n": 1_000, "count": 10_000}),
    ("scatter-add", "scatter_add", {"n": 1_000, "count": 10_000}),
    ("layer norm", "layernorm", {"n": 64, "d": 128}),
    ("logistic regression", "logreg", {"n": 500, "d": 100}),
    ("logistic, narrow", "logreg", {"n": 500, "d": 5}),
    ("radon", "radon", {"n": 919, "groups": 85}),
    ("network step", "mlp_sgd", {"n": 16, "d": 8, "hidden": 16, "k": 1}),
    ("distances", "sqdist", {"n": 100}),
    ("products of 4 × 4", "bmm", {"n": 500, "k": 4}),
    ("Gaussian process", "gp_mll", {"n": 30}),
    ("Hessian", "rosen_hess", {"n": 30}),
    ("Hessian-vector product", "hvp", {"n": 1_000}),
    ("Jacobian-vector product", "rop", {"n": 100}),
]

WARM = ("logreg", {"n": 100, "d": 5})  # value and gradient, 25 nodes

REQUESTS = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void dump(const char *name) { CALLGRIND_DUMP_STATS_AT(name); }
void stop(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""


def identity() -> dict[str, str]:
    """Return all that decides the counts besides this repository."""
    import platform

    from pytensorlite.cgen.toolchain import find_toolchain

    tools = find_toolchain()
    return {
        "compiler": f"{tools.family} {tools.version}",
        "libc": "-".join(platform.libc_ver()),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": ".".join(np.__version__.split(".")[:2]),
    }


def prepare(name: str, size: dict[str, Any]) -> tuple[Callable, tuple]:
    """Return the compiled function of a workload and its arguments."""
    workload = load()[name]
    arrays = tuple(np.asarray(a) for a in workload.inputs(np.random.default_rng(SEED), **size))
    return BUILDERS["pytensorlite"](workload, arrays), arrays


def count(requests: Any, title: str, call: Callable, arrays: tuple) -> None:
    """Count calls, and none, so that what surrounds them cancels."""
    names = {f"a{k}": a for k, a in enumerate(arrays)}
    timer = timeit.Timer(f"call({', '.join(names)})", globals={"call": call, **names})
    timer.timeit(CALLS)  # buffers are there, and the interpreter has specialised its code
    for calls in (0, CALLS):
        gc.collect()
        requests.start()
        timer.timeit(calls)
        requests.dump(f"{title}: {calls}".encode())
        requests.stop()


def count_warm_start(requests: Any) -> None:
    """Count, once in a process, the way from writing a graph to its function out of the cache."""
    load()
    import_package("pytensorlite")
    for calls in (0, 1):
        gc.collect()
        requests.start()
        prepare(*WARM) if calls else None
        requests.dump(f"warm start: {calls}".encode())
        requests.stop()


def main() -> None:
    """Build, or count."""
    from pytensorlite.cgen.build import build

    counting = sys.argv[1] == "count"
    requests = build(REQUESTS, label="callgrind requests").handle
    requests.dump.restype = None
    count_warm_start(requests) if counting else prepare(*WARM)
    for title, name, size in COUNTED:
        call, arrays = prepare(name, size)
        call(*arrays)
        if counting:
            count(requests, title, call, arrays)
    print(json.dumps(identity()))


if __name__ == "__main__":
    main()
