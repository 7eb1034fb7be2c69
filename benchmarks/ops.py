"""Throughput of each operation of the scalar table: one workload an operation, made on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .report import aligned
from .workload import Case, Workload

__all__ = ["chosen", "table", "workload"]

SIZES = {
    "in cache f64": {"n": 4096, "dtype": "float64"},
    "in cache f32": {"n": 4096, "dtype": "float32"},
    "in memory f64": {"n": 8_000_000, "dtype": "float64"},
    "in memory f32": {"n": 8_000_000, "dtype": "float32"},
}

# Where an operation is not defined around zero, or is more than its usual self there.
DOMAINS = {
    "log": (0.1, 9), "log2": (0.1, 9), "log10": (0.1, 9), "log1p": (-0.9, 9), "sqrt": (0, 9),
    "arccosh": (1, 9), "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-0.99, 0.99),
    "erfinv": (-0.99, 0.99), "erfcinv": (0.01, 1.99), "gamma": (0.5, 9), "gammaln": (0.5, 9),
    "digamma": (0.5, 9), "psi": (0.5, 9), "trigamma": (0.5, 9), "tri_gamma": (0.5, 9),
    "log1mexp": (-9, -0.01), "pow": (0.1, 3), "gammainc": (0.5, 9), "gammaincc": (0.5, 9),
    "kve": (0.5, 9), "kv": (0.5, 9), "xlogx": (0.1, 9), "xlogy0": (0.1, 9),
}  # fmt: skip


def operations() -> dict[str, Any]:
    """Return the operations that take and give floating-point numbers in C, by name."""
    from pytensorlite.scalar import basic, math
    from pytensorlite.scalar.op import ScalarOp

    found: dict[str, Any] = {}
    for module in (basic, math):
        for each in vars(module).values():
            if isinstance(each, ScalarOp) and each.c is not None and each.nin in (-1, 1, 2, 3):
                found.setdefault(each.name, each)
    return {name: each for name, each in found.items() if _is_real(each)}


def _is_real(operation: Any) -> bool:
    x = np.full(2, 0.5)
    try:
        with np.errstate(all="ignore"):
            result = operation.numpy(*[x] * _arity(operation))
    except Exception:
        return False  # for integers, or for conditions
    return getattr(result, "dtype", None) == np.float64


def _arity(operation: Any) -> int:
    return 2 if operation.nin == -1 else operation.nin


def workload(name: str) -> type[Workload]:
    """Return the workload of the operation in ``op.NAME``."""
    operation = operations()[name.partition(".")[2]]
    low, high = DOMAINS.get(operation.name, (-3, 3))

    class Throughput(Workload):
        about = f"{operation.name} of every element"
        sizes = SIZES
        tolerance = 1e-6 if operation.name in ("gamma", "pow") else 1e-9

        def inputs(rng, n, dtype):
            return tuple(rng.uniform(low, high, size=(_arity(operation), n)).astype(dtype))

        def numpy(*arrays):
            return operation.numpy(*arrays)

        def graph(api, *variables):
            from pytensorlite.tensor.elemwise import Elemwise

            return Elemwise(operation)(*variables)

        def jax(jax):
            return getattr(jax.numpy, operation.name)

        def moved(n, dtype):
            return n * (_arity(operation) + 1) * float(np.dtype(dtype).itemsize), 0.0

    Throughput.name = name
    return Throughput


def chosen(names: list[str], sizes: list[str]) -> Iterator[Case]:
    """Yield the cases of the operations named, or of ``all``."""
    known = operations()
    for name in list(known) if names == ["all"] else names:
        if name not in known:
            raise SystemExit(f"no operation {name!r}; there are: {', '.join(known)}")
        made = workload(f"op.{name}")
        yield from (Case(made, size) for size in SIZES if not sizes or size in sizes)


def table(record: dict[str, Any], key: str) -> str:
    """Return nanoseconds an element, and how many times NumPy's that is."""
    rows: dict[str, dict[str, str]] = {}
    times = {(r["workload"], r["size"], r["contender"]): r for r in record["results"] if key in r}
    for (name, size, contender), row in times.items():
        if contender == "pytensorlite" and name.startswith("op."):
            each = row[key] / SIZES[size]["n"]
            other = times.get((name, size, "numpy"))
            ratio = f" ({other[key] / row[key]:.1f}×)" if other else ""
            rows.setdefault(name[3:], {})[size] = f"{each * 1e9:.2f}{ratio}"
    lines = [["ns an element (× NumPy)", *SIZES]]
    lines += [[name, *(row.get(size, "–") for size in SIZES)] for name, row in rows.items()]
    return aligned(lines) if rows else ""
