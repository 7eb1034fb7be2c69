"""Call a native program through ctypes: for programs that are only part of a graph, and for tests.

A graph that is one native program is called by the dispatcher instead, at a hundredth of the cost.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytensorlite.link.basic import NativeEntry


class _Array(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    )


class _Error(ctypes.Structure):
    _fields_ = (("where", ctypes.c_int64), ("detail", ctypes.c_int64 * 6))


_SIZES = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_RUN = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 5)
_ALIGNMENT = 64


def call_native(
    entry: NativeEntry, arrays: Sequence[Any], describe: Callable[..., BaseException]
) -> list[np.ndarray]:
    """Call a native program on arrays of any layout and return its outputs.

    Raises
    ------
    BaseException
        What `describe` makes of the program's failure.
    """
    inputs = [
        np.require(array, np.dtype(spec.dtype), ["C", "A"])
        for array, spec in zip(arrays, entry.inputs, strict=True)
    ] + entry.constants
    described = (_Array * max(1, len(inputs)))()
    kept = [np.array([*a.shape, *a.strides, 0], np.int64) for a in inputs]
    for cell, array, lengths in zip(described, inputs, kept, strict=False):
        cell.data = array.ctypes.data
        cell.shape = lengths.ctypes.data
        cell.strides = lengths.ctypes.data + 8 * array.ndim
    sizes = np.zeros(entry.n_sizes, np.int64)
    error = _Error()
    if _SIZES(entry.sizes)(ctypes.addressof(described), sizes.ctypes.data, ctypes.addressof(error)):
        raise describe(error.where, list(error.detail))
    outputs = [np.empty([sizes[d] for d in spec.dims], spec.dtype) for spec in entry.outputs]
    pointers = (ctypes.c_void_p * max(1, len(outputs)))(*[a.ctypes.data for a in outputs])
    workspace = np.empty(int(sizes[0]) + _ALIGNMENT, np.uint8)
    start = workspace.ctypes.data
    arguments = (
        ctypes.addressof(described),
        ctypes.addressof(pointers),
        sizes.ctypes.data,
        start + -start % _ALIGNMENT,
        ctypes.addressof(error),
    )
    if _RUN(entry.run)(*arguments):
        raise describe(error.where, list(error.detail))
    return outputs
