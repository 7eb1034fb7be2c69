"""Means, variances and their relatives: graphs of sums, built here and rewritten like any other."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.scalar.dtypes import float_counterpart, real_part_dtype
from pytensorlite.tensor.basic import cast
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.joining import concatenate
from pytensorlite.tensor.products import dot
from pytensorlite.tensor.reduction import Max, makeKeepDims
from pytensorlite.tensor.reduction import max as pt_max
from pytensorlite.tensor.reduction import min as pt_min
from pytensorlite.tensor.reduction import sum as pt_sum
from pytensorlite.tensor.shape import reshape, shape_tuple
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes
from pytensorlite.tensor.utils import normalize_reduce_axis
from pytensorlite.tensor.variable import TensorVariable


def _count(x: Any, axis: Any, dtype: str) -> Any:
    """Return how many elements a reduction takes together, in the dtype that it is to divide."""
    given = normalize_reduce_axis(axis, x.type.ndim)
    axes = range(x.type.ndim) if given is None else given
    lengths = shape_tuple(x)
    number: Any = 1
    for axis_length in (lengths[i] for i in axes):
        number = number * (int(axis_length.data) if hasattr(axis_length, "data") else axis_length)
    if isinstance(number, int):
        return as_tensor_variable(number, dtype=real_part_dtype(dtype))
    return cast(number, real_part_dtype(dtype))


def mean(
    input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
) -> TensorVariable:
    """Return the arithmetic mean over axes.

    Parameters
    ----------
    input : array_like
        The array.
    axis : int or sequence of int, optional
        Over which axes; None for all.
    dtype : str, optional
        Dtype of the sum: float64 for integers, and the input's own for others.
    keepdims : bool
        Leave the reduced axes in place with length 1.
    acc_dtype : str, optional
        Dtype of the running sum.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> mean(pt.imatrix("x"), axis=0).type
    TensorType(float64, shape=(None,))
    """
    x = as_tensor_variable(input)
    is_half = x.type.dtype == "float16" and dtype is None
    if dtype is None:
        # Half precision could not even hold the sum of many small numbers.
        dtype = "float64" if x.type.dtype in discrete_dtypes else "float32" if is_half else None
    total = pt_sum(x, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)
    result = ps.true_div(total, _count(x, axis, total.type.dtype))
    if is_half:
        result = cast(result, "float16")
    result.name = "mean"
    return result


def var(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> TensorVariable:
    """Return the variance over axes.

    Parameters
    ----------
    input : array_like
        The array.
    axis : int or sequence of int, optional
        Over which axes; None for all.
    ddof : int
        The sum of squares is divided by the number of elements less this.
    keepdims : bool
        Leave the reduced axes in place with length 1.
    corrected : bool
        Take out what the mean's own rounding adds.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> var(pt.fmatrix("x"), axis=0).type
    TensorType(float32, shape=(None,))
    """
    x = as_tensor_variable(input)
    if isinstance(ddof, bool):
        raise ValueError("ddof is a number; perhaps keepdims was meant.")
    is_half = x.type.dtype == "float16"
    if is_half:
        x = cast(x, "float32")
    centered = x - mean(x, axis=axis, keepdims=True)
    squares = _square_of_magnitude(centered)
    total = pt_sum(squares, axis=axis, keepdims=keepdims)
    count = _count(x, axis, total.type.dtype)
    if corrected:
        error = pt_sum(centered, axis=axis, keepdims=keepdims)
        total = total - _square_of_magnitude(error) / count
    result = total / (count - ddof if ddof else count)
    if is_half:
        result = cast(result, "float16")
    result.name = "var"
    return result


def _square_of_magnitude(x: Any) -> Any:
    if x.type.dtype in complex_dtypes:
        return ps.real(x * ps.conj(x))
    return ps.sqr(x)


def std(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> TensorVariable:
    """Return the standard deviation over axes: the root of `var`, with the same parameters.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> std(pt.fmatrix("x"), axis=0).type
    TensorType(float32, shape=(None,))
    """
    result = ps.sqrt(var(input, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected))
    result.name = "std"
    return result


class Level(Max):
    """The maximum as a level to measure from, without a derivative.

    What is measured from the level and added to it again does not depend on it, so its derivative
    is left out: every term of it would cancel.
    """

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return log(Σ exp(x)) over axes, without overflow.

    Parameters
    ----------
    x : array_like
        The array; -inf counts as the logarithm of zero.
    axis : int or sequence of int, optional
        Over which axes; None for all.
    keepdims : bool
        Leave the reduced axes in place with length 1.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> logsumexp(pt.dmatrix("x"), axis=1).type
    TensorType(float64, shape=(None,))
    """
    x = as_tensor_variable(x)
    x = cast(x, float_counterpart(x.type.dtype))
    if x.type.dtype in complex_dtypes:
        return ps.log(pt_sum(ps.exp(x), axis=axis, keepdims=keepdims))
    level = makeKeepDims(x, Level(axis)(x), axis)
    # Infinities cannot be measured from: -inf - -inf would be NaN.
    level = ps.switch(ps.isfinite(level), level, np.zeros((), x.type.dtype))
    total = pt_sum(ps.exp(x - level), axis=axis, keepdims=True)
    result = ps.log(total) + level
    if keepdims:
        return result
    axes = normalize_reduce_axis(axis, x.type.ndim)
    reduced = range(x.type.ndim) if axes is None else axes
    return result.dimshuffle([i for i in range(x.type.ndim) if i not in reduced])


def logaddexp(*xs: Any) -> TensorVariable:
    """Return the logarithm of the sum of exponentials of several arrays, without overflow.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> logaddexp(pt.dvector("a"), pt.dvector("b")).type
    TensorType(float64, shape=(None,))
    """
    return reduce(ps.logaddexp, [as_tensor_variable(x) for x in xs])


def ptp(a: Any, axis: Any = None) -> TensorVariable:
    """Return the largest less the smallest element over axes."""
    a = as_tensor_variable(a)
    return pt_max(a, axis=axis) - pt_min(a, axis=axis)


def median(x: Any, axis: Any = None) -> TensorVariable:
    """Return the median over axes: of an even number of elements, the mean of the middle two.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> median(pt.dmatrix("x"), axis=0).type
    TensorType(float64, shape=(None,))
    """
    from pytensorlite.tensor.sort import sort

    x = as_tensor_variable(x)
    if x.type.dtype in discrete_dtypes:
        x = cast(x, "float64")
    axes = normalize_reduce_axis(axis, x.type.ndim)
    axes = tuple(range(x.type.ndim)) if axes is None else axes
    kept = [i for i in range(x.type.ndim) if i not in axes]
    lengths = shape_tuple(x)
    rows = reshape(
        x.dimshuffle(*kept, *axes), [*(lengths[i] for i in kept), -1], ndim=len(kept) + 1
    )
    ordered = sort(rows, axis=-1)
    n = shape_tuple(rows)[-1]
    # The two middle elements are the same one if the number is odd.
    low, high = ordered[..., (n - 1) // 2], ordered[..., n // 2]
    result = ps.true_div(low + high, 2)
    # NaNs come last in the order, and any of them makes the median NaN.
    last = ordered[..., -1]
    return ps.switch(ps.isnan(last), last, result)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> TensorVariable:
    """Return the covariance matrix of variables in rows, as `numpy.cov`.

    Parameters
    ----------
    m, y : array_like
        Variables in rows and observations in columns; ``y`` holds further variables.
    rowvar : bool
        False if the variables are in columns instead.
    bias : bool
        Divide by the number of observations, not by one less.
    ddof : int, optional
        Divide by the number of observations less this.
    fweights, aweights : array_like, optional
        How often each observation occurred, and how reliable it is.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> cov(pt.dmatrix("x")).type.ndim
    2
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"ddof must be an integer, got {ddof}.")
    x = _variables_in_rows(m, rowvar)
    if y is not None:
        x = concatenate([x, _variables_in_rows(y, rowvar)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else int(ddof)
    observations = shape_tuple(x)[1]

    weights = None
    if fweights is not None:
        weights = as_tensor_variable(fweights)
    if aweights is not None:
        reliability = as_tensor_variable(aweights)
        weights = reliability if weights is None else weights * reliability

    if weights is None:
        centered = x - mean(x, axis=1, keepdims=True)
        weighted, factor = centered, observations - ddof
    else:
        total = pt_sum(weights)
        centered = x - (pt_sum(x * weights, axis=1) / total).dimshuffle(0, "x")
        weighted = centered * weights
        if aweights is None or ddof == 0:
            factor = total - ddof
        else:
            factor = total - ddof * pt_sum(weights * reliability) / total
    result = dot(weighted, centered.T.conj()) / factor
    return result.squeeze() if all(length == 1 for length in result.type.shape) else result


def _variables_in_rows(m: Any, rowvar: bool) -> Any:
    x = as_tensor_variable(m)
    if x.type.ndim > 2:
        raise ValueError(f"cov takes vectors and matrices, got {x} of type {x.type}.")
    if x.type.ndim < 2:
        return x.dimshuffle(["x"] * (2 - x.type.ndim) + list(range(x.type.ndim)))
    return x if rowvar else x.T
