"""Numbers that sum up a matrix: trace, determinant, norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import (
    as_tensor_variable,
    cast,
    moveaxis,
    switch,
    trace,
    zeros_like,
)
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.decomposition.svd import svd
from pytensorlite.tensor.linalg.inverse import matrix_inverse
from pytensorlite.tensor.linalg.matrices import (
    as_square,
    checked_square,
    is_disconnected,
    linalg_output_dtype,
    linalg_real_output_dtype,
    output,
)
from pytensorlite.tensor.math import abs as pt_abs
from pytensorlite.tensor.math import eq, neq, sqrt
from pytensorlite.tensor.math import max as pt_max
from pytensorlite.tensor.math import min as pt_min
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes
from pytensorlite.tensor.variable import TensorVariable


class Det(Op):
    """The determinant of a square matrix."""

    __props__ = ()
    gufunc_signature = "(m,m)->()"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        return Apply(self, [x], [output(linalg_output_dtype(x.type.dtype))])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [()]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        checked_square(self, x)
        dtype = node.outputs[0].type.dtype
        output_storage[0][0] = np.asarray(np.linalg.det(x.astype(dtype, copy=False)), dtype=dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (y,), (g,) = inputs, outputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        return [g * y * matrix_inverse(x).T]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (y,), (t,) = inputs, outputs, tangents
        if is_disconnected(t):
            return [t]
        return [y * pt_sum(matrix_inverse(x).T * t)]


class SLogDet(Op):
    """The sign of the determinant of a square matrix, and the logarithm of its absolute value."""

    __props__ = ()
    gufunc_signature = "(m,m)->(),()"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        dtype = linalg_output_dtype(x.type.dtype)
        return Apply(self, [x], [output(dtype), output(linalg_real_output_dtype(dtype))])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(), ()]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        checked_square(self, x)
        results = np.linalg.slogdet(x.astype(node.outputs[0].type.dtype, copy=False))
        for storage, result, variable in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(result, dtype=variable.type.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,) = inputs
        g_sign, g_log = cotangents
        if is_disconnected(g_log):
            # The sign is a step function.
            return [disconnected_type() if is_disconnected(g_sign) else zeros_like(x)]
        return [g_log * matrix_inverse(x).T]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if is_disconnected(t):
            return [t, t]
        return [zeros_like(outputs[0]), pt_sum(matrix_inverse(x).T * t)]


_det = Blockwise(Det())
_slogdet = Blockwise(SLogDet())


def det(x: Any) -> TensorVariable:
    """Return the determinant of a square matrix, or of each in a batch.

    Parameters
    ----------
    x : tensor_like
        Square matrices in the last two axes.

    Examples
    --------
    >>> round(float(det([[1.0, 2.0], [3.0, 4.0]]).eval()), 12)
    -2.0
    """
    return _det(x)


def slogdet(x: Any) -> tuple[TensorVariable, TensorVariable]:
    """Return sign and logarithm of the determinant, which do not overflow as `det` may.

    Parameters
    ----------
    x : tensor_like
        Square matrices in the last two axes.

    Returns
    -------
    sign, logabsdet : TensorVariable
        ``det(x)`` is ``sign * exp(logabsdet)``; a singular matrix has sign 0 and logarithm -inf.

    Examples
    --------
    >>> [float(v.eval()) for v in slogdet([[-1.0]])]
    [-1.0, 0.0]
    """
    sign, logabsdet = _slogdet(x)
    return sign, logabsdet


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return the norm of a vector or a matrix, as `numpy.linalg.norm` does.

    Parameters
    ----------
    x : tensor_like
        The array.
    ord : None, number, "fro", "nuc", numpy.inf or -numpy.inf
        Which norm. None is the root of the sum of squares; 0 counts what is not zero in a vector;
        2 and -2 of a matrix are its largest and smallest singular values, "nuc" is their sum.
    axis : int or pair of int, optional
        One axis for vectors, two for matrices. By default all elements if ``ord`` is None, and else
        the only axis of a vector or the last two axes.
    keepdims : bool
        Whether the axes stay, with length 1.

    Examples
    --------
    >>> float(norm([3.0, 4.0]).eval())
    5.0
    """
    x = as_tensor_variable(x)
    if x.type.dtype in discrete_dtypes:
        x = cast(x, "float64")
    if axis is None:
        if ord is None:
            return _length(pt_sum(_squared_abs(x), keepdims=keepdims))
        axis = (-1,) if x.type.ndim == 1 else (-2, -1)
    axes = normalize_axis_tuple(axis, x.type.ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(
        f"Cannot compute norm over {len(axes)} axes of {x}: expected 1 axis for vectors or 2 "
        "for matrices."
    )


def _vector_norm(x: TensorVariable, ord: Any, axis: int, keepdims: bool) -> TensorVariable:
    over: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if ord is None or ord == 2:
        return _length(pt_sum(_squared_abs(x), **over))
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord == np.inf:
        return pt_max(pt_abs(x), **over)
    if ord == -np.inf:
        return pt_min(pt_abs(x), **over)
    if ord == 0:
        return cast(pt_sum(neq(x, 0), **over), linalg_real_output_dtype(x.type.dtype))
    if ord == 1:
        return pt_sum(pt_abs(x), **over)
    return pt_sum(pt_abs(x) ** ord, **over) ** (1.0 / ord)


def _length(squares: TensorVariable) -> TensorVariable:
    """Return the root of a sum of squares.

    A length has no derivative at 0. Through the root alone it would be NaN there, infinity times
    zero; among the slopes that touch the cone at its tip, 0 is the one that harms nobody.
    """
    is_nothing = eq(squares, 0)
    one = np.ones((), dtype=squares.type.dtype)
    return switch(is_nothing, 0 * one, sqrt(switch(is_nothing, one, squares)))


def _matrix_norm(
    x: TensorVariable, ord: Any, axes: tuple[int, ...], keepdims: bool
) -> TensorVariable:
    rows, columns = axes
    if rows == columns:
        raise ValueError("Duplicate axes given.")
    if ord is None or ord in ("fro", "f"):
        return _length(pt_sum(_squared_abs(x), axis=axes, keepdims=keepdims))
    reductions = {
        1: (pt_max, rows),
        -1: (pt_min, rows),
        np.inf: (pt_max, columns),
        -np.inf: (pt_min, columns),
    }
    if ord in reductions:
        extreme, summed = reductions[ord]
        result = extreme(pt_sum(pt_abs(x), axis=summed, keepdims=True), axis=axes, keepdims=True)
    elif ord in (2, -2, "nuc"):
        reduce: Any = {2: pt_max, -2: pt_min, "nuc": pt_sum}[ord]
        values = svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
        result = reduce(values, axis=-1)
        for axis in sorted(axes):
            result = result.dimshuffle([*range(axis), "x", *range(axis, result.type.ndim)])
    else:
        raise ValueError(f"Invalid norm order for matrices: {ord}")
    return result if keepdims else result.squeeze(axes)


def _squared_abs(x: TensorVariable) -> TensorVariable:
    return pt_abs(x) ** 2 if x.type.dtype in complex_dtypes else x**2


__all__ = ["det", "norm", "slogdet", "trace"]
