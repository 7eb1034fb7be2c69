"""Numbers evenly spaced in some sense: linspace and its relatives, as graphs of elementwise ops."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.tensor.basic import arange, as_tensor_variable, cast, moveaxis, switch
from pytensorlite.tensor.math import abs as pt_abs
from pytensorlite.tensor.math import and_, eq, gt, le, log, maximum, sign
from pytensorlite.tensor.type import discrete_dtypes
from pytensorlite.tensor.variable import TensorVariable


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    end: Any = None,
    steps: Any = None,
) -> Any:
    """Return numbers evenly spaced over an interval.

    Parameters
    ----------
    start, stop : tensor_like
        The ends of the interval; arrays give one row of numbers for each pair.
    num : int or integer scalar
        How many.
    endpoint : bool
        Whether ``stop`` is the last of them.
    retstep : bool
        Whether to return the spacing as well.
    dtype : str, optional
        The dtype of the result; by default the float dtype of the inputs and ``config.floatX``.
    axis : int
        Which axis of the result the numbers run along.
    end, steps : tensor_like, optional
        Old names of ``stop`` and ``num``.

    Examples
    --------
    >>> linspace(0, 1, 5).eval()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    stop, num = _renamed(stop, end, num, steps)
    start, stop = as_float(start), as_float(stop)
    num = as_tensor_variable(num)
    if num.type.ndim != 0 or num.type.dtype not in discrete_dtypes:
        raise TypeError(f"`num` must be a single integer, got {num} of type {num.type}.")
    count = cast(num, "int64")
    divisions = count - 1 if endpoint else count
    step = (stop - start) / switch(eq(divisions, 0), 1, divisions)
    positions = arange(maximum(count, 0), dtype="int64")
    positions = positions.dimshuffle(0, *["x"] * step.type.ndim)
    values = start + positions * step
    if endpoint:
        # The sum of steps misses the end by a rounding error.
        is_last = and_(eq(positions, count - 1), gt(count, 1))
        values = switch(is_last, stop, values)
    values = moveaxis(values, 0, axis) if axis != 0 else values
    values = cast(values, dtype or upcast(start.type.dtype, stop.type.dtype, config.floatX))
    return (values, step) if retstep else values


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    base: Any = 10.0,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    end: Any = None,
    steps: Any = None,
) -> TensorVariable:
    """Return powers of a base whose exponents are evenly spaced.

    Parameters
    ----------
    start, stop : tensor_like
        The first and last exponent.
    num, endpoint, dtype, axis, end, steps
        As for `linspace`.
    base : tensor_like
        The base.

    Examples
    --------
    >>> logspace(0, 2, 3).eval()
    array([  1.,  10., 100.])
    """
    stop, num = _renamed(stop, end, num, steps)
    exponents = linspace(start, stop, num, endpoint=endpoint, axis=axis)
    powers = as_float(base) ** exponents
    return powers if dtype is None else cast(powers, dtype)


def geomspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    base: Any = 10.0,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    end: Any = None,
    steps: Any = None,
) -> TensorVariable:
    """Return numbers of which each is the same multiple of the one before.

    Parameters
    ----------
    start, stop : tensor_like
        The first and last number; of one sign, and not zero.
    num, endpoint, dtype, axis, end, steps
        As for `linspace`.
    base : tensor_like
        The base of the logarithms in between; it makes no difference but rounding.

    Examples
    --------
    >>> geomspace(1, 8, 4).eval()
    array([1., 2., 4., 8.])
    """
    stop, num = _renamed(stop, end, num, steps)
    start, stop, base = as_float(start), as_float(stop), as_float(base)
    first, last = (log(pt_abs(bound)) / log(base) for bound in (start, stop))
    values = sign(start) * logspace(first, last, num, base=base, endpoint=endpoint, axis=0)
    positions = arange(maximum(cast(as_tensor_variable(num), "int64"), 0), dtype="int64")
    positions = positions.dimshuffle(0, *["x"] * (values.type.ndim - 1))
    # The ends went through a logarithm and back.
    values = switch(eq(positions, 0), start, values)
    if endpoint:
        end_at = cast(as_tensor_variable(num), "int64") - 1
        values = switch(and_(eq(positions, end_at), gt(end_at, 0)), stop, values)
    values = moveaxis(values, 0, axis) if axis != 0 else values
    return values if dtype is None else cast(values, dtype)


def bartlett(M: Any) -> TensorVariable:
    """Return the triangular window of ``M`` points, zero at both ends.

    Parameters
    ----------
    M : int or integer scalar
        How many points.

    Examples
    --------
    >>> bartlett(5).eval()
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    M = as_tensor_variable(M)
    if M.type.ndim != 0:
        raise TypeError(f"bartlett only works on scalar input, got {M} of type {M.type}")
    if M.type.dtype not in discrete_dtypes:
        raise TypeError(f"bartlett only works on integer input, got {M} of type {M.type}")
    count = cast(M, "int64")
    positions = arange(maximum(count, 0), dtype="int64")
    half = (count - 1) / 2.0
    slope = positions / switch(le(half, 0), 1.0, half)
    window = switch(le(positions, half), slope, 2.0 - slope)
    # A window of one point is that point.
    return switch(eq(count, 1), 1.0, window)


def as_float(x: Any) -> TensorVariable:
    """Return a tensor at least as precise as ``config.floatX``."""
    x = as_tensor_variable(x)
    if x.type.dtype in discrete_dtypes:
        return cast(x, config.floatX)
    # A bare 10.0 is a float32 constant, whose logarithm would be one too.
    return cast(x, np.promote_types(x.type.dtype, config.floatX).name)


def _renamed(stop: Any, end: Any, num: Any, steps: Any) -> tuple[Any, Any]:
    for old, new, value in (("end", "stop", end), ("steps", "num", steps)):
        if value is not None:
            warnings.warn(f"`{old}` is called `{new}` now.", DeprecationWarning, stacklevel=3)
    return (stop if end is None else end), (num if steps is None else steps)
