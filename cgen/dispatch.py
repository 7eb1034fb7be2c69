"""Calling compiled programs: the native dispatcher, and the same in Python where it was not built.

`Kernel` is a program with what is needed to call it; `Caller` is the base of callables that pass
usual arguments to a kernel without entering Python; `accelerate` is the decorator for its
subclasses. The Python versions behave alike, only slower: every call is a general one.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytensorlite.cgen.host import PythonHost

Lengths = tuple[int | None, ...]


class _Array(ctypes.Structure):
    """``ptl_array``."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    ]


class _Error(ctypes.Structure):
    """``ptl_error``."""

    _fields_ = [("where", ctypes.c_int64), ("detail", ctypes.c_int64 * 6)]


_SIZES = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_RUN = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 6)
_ALIGNMENT = 64


class PythonKernel:
    """A compiled program that is called with a list of arrays: `Kernel`, in Python."""

    def __init__(
        self,
        sizes: int,
        run: int,
        n_sizes: int,
        inputs: list[tuple[Any, ...]],
        constants: list[np.ndarray],
        outputs: list[tuple[Any, ...]],
        describe: Callable[[int, tuple[int, ...], tuple[tuple[int, ...], ...]], BaseException],
        keepalive: object = None,
    ):
        self._sizes, self._run = _SIZES(sizes), _RUN(run)
        self._n_sizes = n_sizes
        self._inputs = inputs
        self._constants = constants
        self._outputs = outputs
        self._describe = describe
        self._keepalive = keepalive

    def __call__(self, values: Sequence[Any]) -> list[np.ndarray]:
        """Return fresh arrays for the values of all inputs, in any layout."""
        if len(values) != len(self._inputs):
            raise TypeError(f"expected {len(self._inputs)} inputs, got {len(values)}")
        checked = [
            _checked(position, value, *spec)
            for position, (value, spec) in enumerate(zip(values, self._inputs, strict=True))
        ]
        arrays = [*checked, *self._constants]
        bound, _lengths = _bound(arrays)
        error = _Error()
        sizes = np.zeros(self._n_sizes, dtype=np.int64)
        shapes = tuple(array.shape for array in checked)
        self._check(self._sizes(bound, sizes.ctypes.data, ctypes.byref(error)), error, shapes)
        outputs = [
            np.empty([int(sizes[position]) for position in positions], dtype=dtype)
            for dtype, _, positions, *_ in self._outputs
        ]
        addresses = (ctypes.c_void_p * (len(outputs) + 1))(*(out.ctypes.data for out in outputs))
        workspace = np.empty(int(sizes[0]) + _ALIGNMENT, dtype=np.uint8)
        aligned = -(-workspace.ctypes.data // _ALIGNMENT) * _ALIGNMENT
        host = PythonHost()
        status = self._run(
            bound, addresses, sizes.ctypes.data, aligned, ctypes.byref(error), ctypes.byref(host)
        )
        if host.interruption is not None:
            raise host.interruption
        self._check(status, error, shapes)
        return outputs

    def _check(self, status: int, error: _Error, shapes: tuple[tuple[int, ...], ...]) -> None:
        if status:
            raise self._describe(error.where, tuple(error.detail), shapes)


def read_sizes(
    sizes: int, count: int, arrays: Sequence[np.ndarray], constants: Sequence[np.ndarray]
) -> list[int] | None:
    """Return the sizes that a program finds for arrays in its layout; None if it refuses them."""
    bound, _lengths = _bound([*arrays, *constants])
    found = np.zeros(count, dtype=np.int64)
    status = _SIZES(sizes)(bound, found.ctypes.data, ctypes.byref(_Error()))
    return None if status else found.tolist()


def _bound(arrays: Sequence[np.ndarray]) -> tuple[Any, list[np.ndarray]]:
    """Return the arrays as C takes them, and what must stay alive meanwhile."""
    bound = (_Array * (len(arrays) + 1))()
    kept = []
    for entry, array in zip(bound, arrays, strict=False):
        lengths = np.array(array.shape, dtype=np.int64)
        strides = np.array(array.strides, dtype=np.int64)
        kept += [lengths, strides]
        entry.data, entry.shape, entry.strides = (
            part.ctypes.data for part in (array, lengths, strides)
        )
    return bound, kept


def _checked(
    position: int, value: Any, dtype: Any, ndim: int, lengths: Lengths, in_rows: bool = False
) -> np.ndarray:
    """Return ``value`` as the program takes it, or raise TypeError."""
    array = np.asarray(value)
    fits = array.ndim == ndim and all(
        wanted in (None, length) for wanted, length in zip(lengths, array.shape, strict=True)
    )
    if isinstance(value, bool | int | float) and ndim == 0:
        array = array.astype(dtype)
    if not fits or array.dtype.newbyteorder("=") != np.dtype(dtype):
        raise TypeError(
            f"expected an array of dtype {dtype} and rank {ndim} as input {position} of the"
            f" program, got dtype {array.dtype} and rank {array.ndim}"
            " (or a length that contradicts the static shape)"
        )
    return np.require(array, dtype=dtype, requirements=["C", "A"])


class PythonCaller:
    """Base of callables whose calls are all general ones: ``call_generally`` does the work."""

    def configure(
        self, kernel: Any, sources: list[Any], updates: list[Any], names: tuple, returned: Any
    ) -> None:
        """Accept what the native version needs to know, and need none of it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call_generally(*args, **kwargs)  # type: ignore[attr-defined]


def _python_accelerate(cls: type) -> type:
    return cls


def _python_set_pool_limit(limit: int) -> None:
    """Do nothing: NumPy's allocator serves the Python version."""


def _python_follow_options(options: dict[str, Any]) -> None:
    """Do nothing: the Python version runs programs in the thread that calls."""


def _python_settled(value: Any) -> Any:
    """Return the value: the Python version never writes over it."""
    return value


def _python_lead_blas(address: int, usual: int) -> None:
    """Do nothing: BLAS uses as many threads as it was told to by others."""


def _python_crew_address() -> int:
    """Return 0: nobody shares the loops of libraries."""
    return 0


def _python_stamp_files(*folders: str) -> int:
    """Return what ``stamp_files`` of the native version returns."""
    basis = 14695981039346656037  # of FNV-1a, as its prime below
    return sum(_stamp_folder(os.fsencode(folder), basis) for folder in folders) % 2**64


def _stamp_folder(folder: bytes, path: int) -> int:
    total = 0
    for entry in os.scandir(folder):
        name, here = entry.name, _stamp_bytes(path, entry.name + b"\0")
        if name.endswith((b".py", b".h")):
            status = entry.stat()
            for number in (status.st_size, status.st_mtime_ns):
                here = _stamp_bytes(here, number.to_bytes(8, "little", signed=True))
            total += here
        elif b"." not in name and name != b"__pycache__" and entry.is_dir(follow_symlinks=False):
            total += _stamp_folder(entry.path, here)
    return total


def _stamp_bytes(stamp: int, data: bytes) -> int:
    for byte in data:
        stamp = (stamp ^ byte) * 1099511628211 % 2**64
    return stamp


try:
    from pytensorlite.cgen._dispatch import (  # type: ignore[import-not-found]
        Caller,
        Kernel,
        accelerate,
        crew_address,
        follow_options,
        lead_blas,
        set_pool_limit,
        settled,
        stamp_files,
    )

    is_native = True
except ImportError:
    Caller, Kernel, accelerate = PythonCaller, PythonKernel, _python_accelerate
    set_pool_limit, follow_options = _python_set_pool_limit, _python_follow_options
    settled = _python_settled
    lead_blas, stamp_files = _python_lead_blas, _python_stamp_files
    crew_address = _python_crew_address
    is_native = False
