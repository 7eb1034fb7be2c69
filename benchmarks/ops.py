"""Throughput of each operation: of the scalar table, and of what moves, sums and multiplies arrays.

One workload an operation, made on demand; each in cache and out of it, with 64-bit and 32-bit
elements. What takes long has fewer elements out of cache, where memory is not what it waits for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .report import aligned
from .workload import SEED, Case, Workload

__all__ = ["chosen", "table", "workload"]

SIZES = {
    "cache-64": {"rows": 64, "bits": 64},
    "cache-32": {"rows": 64, "bits": 32},
    "memory-64": {"rows": 2048, "bits": 64},
    "memory-32": {"rows": 2880, "bits": 32},
}
LONGEST = 0.05  # seconds a call, by the cost that the table says
DTYPES = {
    ("float", 64): "float64", ("float", 32): "float32", ("integer", 64): "int64",
    ("integer", 32): "int32", ("complex", 64): "complex128", ("complex", 32): "complex64",
}  # fmt: skip

# Where an operation is not defined around zero, or is more than its usual self there.
DOMAINS = {
    "log": (0.1, 9), "log2": (0.1, 9), "log10": (0.1, 9), "log1p": (-0.9, 9), "sqrt": (0, 9),
    "arccosh": (1, 9), "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-0.99, 0.99),
    "erfinv": (-0.99, 0.99), "erfcinv": (0.01, 1.99), "gamma": (0.5, 9), "gammaln": (0.5, 9),
    "digamma": (0.5, 9), "psi": (0.5, 9), "trigamma": (0.5, 9), "tri_gamma": (0.5, 9),
    "gammaln_positive": (0.5, 9), "psi_positive": (0.5, 9),
    "log1mexp": (-9, -0.01), "pow": (0.1, 3), "gammainc": (0.5, 9), "gammaincc": (0.5, 9),
    "kve": (0.5, 9), "kv": (0.5, 9), "xlogx": (0.1, 9), "xlogy0": (0.1, 9), "xlog1py0": (-0.9, 9),
    "left_shift": (0, 5), "right_shift": (0, 5), "gcd": (1, 99), "lcm": (1, 99),
    "convert_to_uint8": (0, 99), "convert_to_uint16": (0, 99), "convert_to_uint32": (0, 99),
    "convert_to_uint64": (0, 99),
}  # fmt: skip


class Structural(NamedTuple):
    """An operation on whole matrices, the same text for NumPy and for graphs.

    Attributes
    ----------
    formula : callable
        ``(xp, x, y, i)``: the module, two square matrices, and as many indices as rows.
    most : int
        Rows of the larger size.
    """

    formula: Callable[..., Any]
    most: int = 2880


def _increment(xp: Any, x: Any, i: Any, y: Any) -> Any:
    if xp is not np:
        return xp.inc_subtensor(x[i], y)
    x = x.copy()
    np.add.at(x, i, y)
    return x


STRUCTURAL = {
    **{
        f"{name} {where}": Structural(
            lambda xp, x, y, i, name=name, axis=axis: getattr(xp, name)(x, axis=axis)
        )
        for name in ("sum", "prod", "max", "argmax", "mean", "var", "any", "cumsum")
        for where, axis in (("rows", 1), ("columns", 0))
    },
    "sum all": Structural(lambda xp, x, y, i: x.sum()),
    "sum transposed": Structural(lambda xp, x, y, i: x.T.sum(axis=1)),
    "add a row": Structural(lambda xp, x, y, i: x + y[0]),
    "add a column": Structural(lambda xp, x, y, i: x + y[:, 0][:, None]),
    "add transposed": Structural(lambda xp, x, y, i: x + y.T),
    "slice with steps": Structural(lambda xp, x, y, i: x[::2, ::2] + y[1::2, 1::2]),
    "reversed": Structural(lambda xp, x, y, i: x[::-1, ::-1] + y),
    "concatenate": Structural(lambda xp, x, y, i: xp.concatenate([x, y], axis=1)),
    "take rows": Structural(lambda xp, x, y, i: x[i]),
    "take columns": Structural(lambda xp, x, y, i: x[:, i]),
    "pick from rows": Structural(lambda xp, x, y, i: x[xp.arange(x.shape[0]), i]),
    "add into rows": Structural(lambda xp, x, y, i: _increment(xp, x, i, y)),
    "dot of vectors": Structural(lambda xp, x, y, i: xp.dot(x.ravel(), y.ravel())),
    "matrix by vector": Structural(lambda xp, x, y, i: x @ y[0]),
    "transposed by vector": Structural(lambda xp, x, y, i: x.T @ y[0]),
    "outer product": Structural(lambda xp, x, y, i: xp.outer(x[0], y[0])),
    "matrix by matrix": Structural(lambda xp, x, y, i: x @ y, 512),
    "matrix by transposed": Structural(lambda xp, x, y, i: x @ y.T, 512),
}


def operations() -> dict[str, Any]:
    """Return the operations of the scalar table that have C, by name."""
    from pytensorlite.scalar import basic, math
    from pytensorlite.scalar.op import ScalarOp

    found: dict[str, Any] = {}
    for module in (basic, math):
        for each in vars(module).values():
            if isinstance(each, ScalarOp) and each.c is not None and each.nin in (-1, 1, 2, 3):
                found.setdefault(each.name, each)
    return {name: each for name, each in found.items() if _kind(each)}


def _kind(operation: Any) -> str:
    """Return which numbers an operation is for: the first kind that NumPy takes."""
    for kind, x in (("float", 0.5), ("integer", 1), ("complex", 0.5j)):
        try:
            with np.errstate(all="ignore"):
                operation.numpy(*[np.full(2, x)] * _arity(operation))
        except Exception:
            continue
        return kind
    return ""


def _arity(operation: Any) -> int:
    return 2 if operation.nin == -1 else operation.nin


class Operation(Workload):
    """Base of the operations: its sizes, in elements of a matrix."""

    sizes = SIZES
    listed = False
    tolerance = 1e-9
    limit = "copy"

    def elements(rows, bits):
        return rows * rows


def workload(name: str) -> type[Workload]:
    """Return the workload of the operation in ``op.NAME``."""
    short = name.partition(".")[2]
    made = _structural(short) if short in STRUCTURAL else _elementwise(short)
    made.name = name
    return made


@functools.lru_cache(maxsize=len(SIZES))
def _drawn(low: float, high: float, arity: int, count: int, dtype: str) -> tuple[Any, ...]:
    """Return random inputs, kept for the next operation: to fill them takes as long as the rest."""
    rng = np.random.default_rng(SEED)
    return tuple(rng.uniform(low, high, count).astype(dtype, copy=False) for _ in range(arity))


def _at_most(rows: int) -> dict[str, dict[str, int]]:
    """Return the sizes, none of more rows than these."""
    return {label: {**size, "rows": min(size["rows"], rows)} for label, size in SIZES.items()}


def _elementwise(name: str) -> type[Workload]:
    operation = operations()[name]
    kind, arity = _kind(operation), _arity(operation)
    low, high = DOMAINS.get(name, (-3, 3))

    class Throughput(Operation):
        about = f"{name} of every element"
        sizes = _at_most(int((LONGEST / (operation.cost * 1e-9 + 1e-12)) ** 0.5))
        tolerance = 1e-6 if name in ("gamma", "pow") else 1e-9

        def inputs(rng, rows, bits):
            return _drawn(low, high, arity, rows * rows, DTYPES[kind, bits])

        def numpy(*arrays):
            return operation.numpy(*arrays)

        def graph(api, *variables):
            from pytensorlite.tensor.elemwise import Elemwise

            return Elemwise(operation)(*variables)

        def jax(jax):
            return getattr(jax.numpy, name)

        def moved(rows, bits):
            return rows * rows * (arity + 1) * bits / 8, 0.0

    return Throughput


def _structural(name: str) -> type[Workload]:
    formula, most = STRUCTURAL[name]

    class Movement(Operation):
        about = f"{name}, square matrices"
        sizes = _at_most(most)

        def inputs(rng, rows, bits):
            x, y = rng.uniform(0.5, 1.5, size=(2, rows, rows)).astype(f"float{bits}")
            return x, y, rng.integers(0, rows, rows)

        def numpy(x, y, i):
            return formula(np, x, y, i)

        def make_function(api, arrays, mode):
            variables = api.variables(arrays)
            outputs = formula(api.pt, *variables)
            return api.module.function(variables, outputs, mode=mode, on_unused_input="ignore")

        def jax(jax):
            if name == "add into rows":
                return lambda x, y, i: x.at[i].add(y)
            return lambda x, y, i: formula(jax.numpy, x, y, i)

        def moved(rows, bits):
            return rows * rows * bits / 8, 0.0

    return Movement


def chosen(names: list[str], sizes: list[str]) -> Iterator[Case]:
    """Yield the cases of the operations named, or of ``table``, ``arrays`` or ``all``."""
    groups = {"table": list(operations()), "arrays": list(STRUCTURAL)}
    groups["all"] = groups["table"] + groups["arrays"]
    for name in [each for given in names for each in groups.get(given, [given])]:
        if name not in groups["all"]:
            raise SystemExit(f"no operation {name!r}; there are: {', '.join(groups['all'])}")
        made = workload(f"op.{name}")
        yield from (Case(made, size) for size in made.sizes if not sizes or size in sizes)


def table(record: dict[str, Any], key: str) -> str:
    """Return nanoseconds an element of a matrix, and how many times NumPy's that is."""
    rows: dict[str, dict[str, str]] = {}
    times = {(r["workload"], r["size"], r["contender"]): r for r in record["results"] if key in r}
    for (name, size, contender), row in times.items():
        if contender == "pytensorlite" and name.startswith("op."):
            each = row[key] / row["elements"]
            other = times.get((name, size, "numpy"))
            ratio = f" ({other[key] / row[key]:.1f}×)" if other else ""
            rows.setdefault(name[3:], {})[size] = f"{each * 1e9:.2f}{ratio}"
    lines = [["ns an element (× NumPy)", *SIZES]]
    lines += [[name, *(row.get(size, "–") for size in SIZES)] for name, row in rows.items()]
    return aligned(lines) if rows else ""
