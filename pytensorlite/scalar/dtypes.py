"""Dtypes by name: which exist, how they combine, and what a Python number becomes.

Everything here works on dtype names (``"float32"``); `rules` says which dtype each op answers
with, and `type` wraps names into scalar types.
"""

from __future__ import annotations

import builtins
from functools import cache
from typing import Any

import numpy as np

from pytensorlite.configdefaults import config

int_dtypes = ("int8", "int16", "int32", "int64")
uint_dtypes = ("uint8", "uint16", "uint32", "uint64")
float_dtypes = ("float16", "float32", "float64")
complex_dtypes = ("complex64", "complex128")
integer_dtypes = int_dtypes + uint_dtypes
discrete_dtypes = ("bool", *integer_dtypes)
continuous_dtypes = float_dtypes + complex_dtypes
all_dtypes = discrete_dtypes + continuous_dtypes


@cache
def kind(dtype: str) -> str:
    """Return NumPy's letter for the family of `dtype`: b, i, u, f or c.

    >>> [kind(dtype) for dtype in ("bool", "int8", "uint8", "float16", "complex64")]
    ['b', 'i', 'u', 'f', 'c']
    """
    return np.dtype(dtype).kind


def upcast(dtype: str, *dtypes: str) -> str:
    """Return the smallest dtype that holds all of `dtypes`, by NumPy's table.

    With ``config.cast_policy = "numpy+floatX"`` and ``config.floatX = "float32"``, a float64 that
    no float64 operand asked for becomes float32.

    >>> upcast("int8", "uint8"), upcast("int32", "float32"), upcast("bool", "int8")
    ('int16', 'float64', 'int8')
    """
    result = _promote(dtype, *dtypes)
    if (
        result == "float64"
        and config.cast_policy == "numpy+floatX"
        and config.floatX == "float32"
        and "float64" not in (dtype, *dtypes)
    ):
        return "float32"
    return result


@cache
def _promote(*dtypes: str) -> str:
    """Promote by NumPy's table; ``np.result_type`` looks at dtypes only, never at values."""
    return str(np.result_type(*map(np.dtype, dtypes)))


@cache
def real_part_dtype(dtype: str) -> str:
    """Return the dtype of the real part: complex64 → float32, anything real → itself."""
    return str(np.dtype(dtype).type(0).real.dtype) if kind(dtype) == "c" else dtype


@cache
def float_counterpart(dtype: str) -> str:
    """Return the float that an op such as exp computes in, for any `dtype`.

    Integers of up to 16 bits become float32, wider ones float64, as in PyTensor.
    NumPy would take float16 for int8, where exp overflows from 12 on.
    """
    if kind(dtype) in "fc":
        return dtype
    return "float32" if np.dtype(dtype).itemsize <= 2 else "float64"


class NumpyAutocaster:
    """Give a bare Python number the smallest of `dtypes` that represents it exactly.

    Parameters
    ----------
    dtypes : sequence of str
        Candidates, smallest first. For a float, ``config.floatX`` is tried where it appears, and
        the last candidate is taken if none is exact.

    Examples
    --------
    >>> NumpyAutocaster(("int8", "int16"))(200).dtype
    dtype('int16')
    """

    def __init__(self, dtypes: tuple[str, ...]) -> None:
        self.dtypes = tuple(dtypes)

    def __call__(self, x: Any) -> np.ndarray:
        """Return `x` as an array of the chosen dtype; arrays and NumPy scalars keep theirs."""
        if hasattr(x, "dtype"):
            return np.asarray(x)
        if config.cast_policy == "numpy+floatX":
            return _numpy_float_x(x)
        if isinstance(x, float):
            return self._cast_float(x)
        return _first_exact(x, self.dtypes)

    def _cast_float(self, x: float) -> np.ndarray:
        # A float that fits float32 exactly must not widen a float32 graph, but float16 is too
        # narrow to be anybody's intention unless floatX says so.
        candidates = [
            dtype for dtype in self.dtypes if dtype != "float16" or config.floatX == "float16"
        ]
        if config.floatX in candidates and config.floatX != "float64":
            candidates = candidates[: candidates.index(config.floatX) + 1]
        if np.isnan(x):
            return np.asarray(x, dtype=candidates[0])
        return _first_exact(x, tuple(candidates or self.dtypes))


def _numpy_float_x(x: Any) -> np.ndarray:
    array = np.asarray(x)
    if array.dtype == "float64" and config.floatX == "float32":
        return array.astype("float32")
    return array


def _first_exact(x: Any, dtypes: tuple[str, ...]) -> np.ndarray:
    """Return `x` in the first of `dtypes` that keeps its value, else in the last."""
    if isinstance(x, builtins.int) and not isinstance(x, builtins.bool):
        for dtype in dtypes:
            if np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
                return np.asarray(x, dtype=dtype)
        if x < 2**64 and x > 0:
            return np.asarray(x, dtype="uint64")
        raise OverflowError(f"expected an integer that fits 64 bits, got {x}; try a float")
    with np.errstate(over="ignore"):
        for dtype in dtypes:
            array = np.asarray(x, dtype=dtype)
            # As a Python number: a float32 beside a bare float would be compared in float32.
            if array.item() == x:
                return array
    return array


autocast_int = NumpyAutocaster(int_dtypes)
autocast_float = NumpyAutocaster(float_dtypes)


class autocast_float_as:
    """Within the block, bare Python floats become the first of `dtypes` that holds them.

    >>> with autocast_float_as("float32"):
    ...     print(autocast_float(1.1).dtype)
    float32
    """

    def __init__(self, *dtypes: str) -> None:
        self.dtypes = dtypes

    def __enter__(self) -> None:
        self.old_dtypes, autocast_float.dtypes = autocast_float.dtypes, self.dtypes

    def __exit__(self, *exception: object) -> None:
        autocast_float.dtypes = self.old_dtypes


def convert(x: Any, dtype: str | None = None) -> np.ndarray:
    """Turn a number into a 0-d array of `dtype`, or of the smallest dtype that fits.

    >>> convert(1).dtype, convert(0.5).dtype, convert(0.1).dtype, convert(True).dtype
    (dtype('int8'), dtype('float32'), dtype('float64'), dtype('bool'))
    """
    if dtype is not None:
        return np.asarray(x, dtype=config.floatX if dtype == "floatX" else dtype)
    if isinstance(x, builtins.bool):
        return np.asarray(x)
    if isinstance(x, builtins.int):
        return autocast_int(x)
    if isinstance(x, float) and not hasattr(x, "dtype"):
        return autocast_float(x)
    return np.asarray(x)
