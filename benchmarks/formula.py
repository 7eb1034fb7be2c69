"""Element-wise workloads: one formula as text serves every contender."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .workload import Workload

__all__ = ["Formula", "single"]


class Formula(Workload):
    """An expression of vectors, written once.

    Attributes
    ----------
    arguments, expression : str
        For example ``"x, y"`` and ``"3 * x + y"``.
    operations : int
        Additions and multiplications an element; 0 where functions make them uncountable.
    """

    arguments: ClassVar[str] = "x"
    expression: ClassVar[str] = ""
    operations: ClassVar[int] = 0
    limit = "copy"
    sizes = {"1e3": {"n": 1_000}, "1e5": {"n": 100_000}, "1e7": {"n": 10_000_000}}
    names: ClassVar[dict[str, Callable]] = {}

    @classmethod
    def inputs(cls, rng, n):
        return tuple(rng.normal(size=(cls.arguments.count(",") + 1, n)))

    @classmethod
    def function(cls, module: Any) -> Callable:
        """Return the formula with the functions of a module."""
        extra = {name: find(module) for name, find in cls.names.items()}
        return eval(f"lambda {cls.arguments}: {cls.expression}", {**vars(module), **extra})

    @classmethod
    def numpy(cls, *arrays):
        return cls.function(np)(*arrays)

    @classmethod
    def graph(cls, api, *variables):
        return cls.function(api.pt)(*variables)

    @classmethod
    def jax(cls, jax):
        return cls.function(jax.numpy)

    @classmethod
    def torch(cls, torch):
        return cls.function(torch)

    @classmethod
    def numba(cls, numba):
        return numba.njit(cls.function(np), fastmath=True)

    @classmethod
    def numexpr(cls, numexpr):
        names = [name.strip() for name in cls.arguments.split(",")]
        return lambda *arrays: numexpr.evaluate(
            cls.expression, dict(zip(names, arrays, strict=True))
        )

    @classmethod
    def moved(cls, n):
        return 8.0 * n * (cls.arguments.count(",") + 2), 1.0 * n * cls.operations


def single(workload: type[Workload]) -> type[Workload]:
    """Return the same workload in float32, registered under ``NAME_f32``."""

    def inputs(rng, **size):
        return tuple(
            a.astype(np.float32) if getattr(a, "dtype", None) == np.float64 else a
            for a in workload.inputs(rng, **size)
        )

    def moved(**size):
        moved_bytes, operations = workload.moved(**size)
        return moved_bytes / 2, operations

    attributes = {
        "name": f"{workload.name}_f32",
        "about": f"{workload.about}, float32",
        "inputs": staticmethod(inputs),
        "moved": staticmethod(moved),
    }
    return types.new_class(
        f"{workload.__name__}Single", (workload,), {}, lambda body: body.update(attributes)
    )
