"""What a workload is: inputs, the same mathematics in several languages, and what it must move.

A workload is a class; its attributes are data and static methods, and none of them imports a
rival: the modules are handed to them, so that each process imports only its own contender.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

__all__ = ["Api", "Case", "Workload", "arrays_for", "cases", "find", "registry"]

SEED = 20240917


class Api(NamedTuple):
    """PyTensor's interface, as pytensorlite or PyTensor provides it."""

    module: Any
    pt: Any

    def variables(self, arrays: tuple, shapes: tuple = ()) -> list:
        """Make one free variable per array: its dtype and rank, lengths unknown or as given."""
        given = dict(enumerate(shapes))
        return [
            self.pt.tensor(f"x{k}", dtype=str(a.dtype), shape=given.get(k, (None,) * a.ndim))
            for k, a in enumerate(arrays)
        ]

    def grad(self, cost: Any, wrt: Any) -> Any:
        """Differentiate."""
        return self.module.grad(cost, wrt)


class Workload:
    """Base of all workloads; a subclass with a `name` registers itself.

    Attributes
    ----------
    name, about : str
        As chosen on the command line, and a line for `list`.
    sizes : dict
        Label → keyword arguments of `inputs`.
    kernel : str
        The file in `kernels/` that contender ``c`` compiles; empty for none.
    partial : bool
        Whether that kernel only calls BLAS or LAPACK, as any solution must: its results are none.
    limit : str
        What the machine can do at best: ``read``, ``copy``, ``triad``, or ``gemm`` through BLAS.
    shapes : tuple of tuples
        The lengths that a user would declare, where some are of the problem's nature.
    tolerance : float
        Largest error relative to the largest magnitude of each output (float32 gets 2e5 times it).
    calls : int
        How many first calls are compared with NumPy: 2 where a call changes shared state.
    trust : bool
        Whether PyTensor may skip its checks of the arguments.
    listed : bool
        Whether it belongs to a run of all workloads.
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    sizes: ClassVar[dict[str, dict]] = {}
    kernel: ClassVar[str] = ""
    partial: ClassVar[bool] = False
    limit: ClassVar[str] = "read"
    shapes: ClassVar[tuple[tuple[int | None, ...], ...]] = ()
    tolerance: ClassVar[float] = 1e-10
    calls: ClassVar[int] = 1
    trust: ClassVar[bool] = False
    listed: ClassVar[bool] = True

    inputs: ClassVar[Callable[..., tuple]]  # (rng, **size) → arrays
    numpy: ClassVar[Callable[..., Any]]  # (*arrays) → outputs
    graph: ClassVar[Callable[..., Any]]  # (api, *variables) → outputs
    jax: ClassVar[Callable[..., Any]]  # (jax) → a function of arrays, to be jitted
    torch: ClassVar[Callable[..., Any]]  # (torch) → a function of tensors, to be compiled
    numba: ClassVar[Callable[..., Any]]  # (numba) → a compiled function of arrays
    numexpr: ClassVar[Callable[..., Any]]  # (numexpr) → a function of arrays

    def __init_subclass__(cls) -> None:
        if cls.name:
            registry[cls.name] = cls

    @staticmethod
    def moved(**size: Any) -> tuple[float, float]:
        """Return the bytes that must cross memory and the floating-point operations, or zeros."""
        return 0.0, 0.0

    @staticmethod
    def elements(**size: Any) -> int:
        """Return by how many elements an operation's time is divided; 0 for whole workloads."""
        return 0


registry: dict[str, type[Workload]] = {}


class Case(NamedTuple):
    """A workload at one size."""

    workload: type[Workload]
    size: str

    @property
    def label(self) -> str:
        """For example ``logreg 100x5``."""
        return f"{self.workload.name} {self.size}".strip()


def load() -> dict[str, type[Workload]]:
    """Import every file of `workloads/` and return the registry."""
    from . import workloads

    for module in pkgutil.iter_modules(workloads.__path__):
        importlib.import_module(f"{workloads.__name__}.{module.name}")
    return registry


def find(name: str, size: str) -> Case:
    """Return the case of that name; the operations of the table are made on demand."""
    if name.startswith("op."):
        from . import ops

        return Case(ops.workload(name), size)
    return Case(load()[name], size)


def cases(names: list[str], sizes: list[str]) -> Iterator[Case]:
    """Yield the chosen cases; a name may end in ``*``, and no names or sizes mean all."""
    known = load()
    for pattern in names or [name for name, each in known.items() if each.listed]:
        chosen = [
            n for n in known if n == pattern or (pattern[-1] == "*" and n.startswith(pattern[:-1]))
        ]
        if not chosen:
            raise SystemExit(f"no workload {pattern!r}; there are: {', '.join(known)}")
        for name in chosen:
            yield from (Case(known[name], s) for s in known[name].sizes if not sizes or s in sizes)


def arrays_for(case: Case) -> tuple[np.ndarray, ...]:
    """Return the inputs, the same in every process."""
    made = case.workload.inputs(np.random.default_rng(SEED), **case.workload.sizes[case.size])
    return tuple(placed(np.asarray(a)) for a in made)


LINE, INTO = 64, 16  # bytes


def placed(array: np.ndarray) -> np.ndarray:
    """Return `array`, begun 16 bytes into a line of memory.

    That is where NumPy's large arrays begin.  Where small ones do is chance, and reading vectors
    that lie across two lines takes up to half as long again.

    Examples
    --------
    >>> placed(np.arange(9.0)).ctypes.data % 64
    16
    """
    if not array.flags.c_contiguous or array.nbytes == 0:
        return array
    room = np.empty(array.nbytes + LINE, np.uint8)
    start = (INTO - room.ctypes.data) % LINE
    there = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    there[...] = array
    return there
