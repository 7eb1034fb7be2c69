"""Filling diagonals with one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.basic import as_tensor_variable, cast, switch, zeros_like
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes
from pytensorlite.tensor.variable import TensorVariable


class FillDiagonal(Op):
    """Set the main diagonal of an array to one value."""

    __props__ = ()

    def make_node(self, a: Any, val: Any) -> Apply:
        a = as_tensor_variable(a)
        val = _scalar_like(self, a, val)
        if a.type.ndim < 2:
            raise TypeError(f"{self}: the first input needs at least 2 dimensions, got {a.type}.")
        return Apply(self, [a, val], [a.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        a, val = inputs
        filled = a.copy()
        if a.ndim > 2 and len(set(a.shape)) > 1:
            raise ValueError(
                f"{self}: all dimensions of a tensor must be equal, got shape {a.shape}."
            )
        positions = np.arange(min(a.shape))
        filled[(positions,) * a.ndim] = val
        output_storage[0][0] = filled

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (g,) = cotangents
        return _pulled_through_fill(self, inputs, g, ())

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return _pushed_through_fill(self, inputs, tangents)


class FillDiagonalOffset(Op):
    """Set a diagonal of a matrix, above (positive) or below the main one, to one value."""

    __props__ = ()

    def make_node(self, a: Any, val: Any, offset: Any) -> Apply:
        a, offset = as_tensor_variable(a), as_tensor_variable(offset)
        val = _scalar_like(self, a, val)
        if a.type.ndim != 2:
            raise TypeError(f"{self}: the first input must have 2 dimensions, got {a.type}.")
        if offset.type.ndim != 0 or offset.type.dtype not in integer_dtypes:
            raise TypeError(f"{self}: the offset must be a single integer, got {offset.type}.")
        return Apply(self, [a, val, offset], [a.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        a, val, offset = inputs
        filled = a.copy()
        down, right = max(0, -int(offset)), max(0, int(offset))
        steps = np.arange(max(0, min(a.shape[0] - down, a.shape[1] - right)))
        filled[steps + down, steps + right] = val
        output_storage[0][0] = filled

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (g,) = cotangents
        return [*_pulled_through_fill(self, inputs[:2], g, inputs[2:]), disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return _pushed_through_fill(self, inputs, tangents)


def _scalar_like(op: Op, a: TensorVariable, val: Any) -> TensorVariable:
    val = as_tensor_variable(val)
    if val.type.ndim != 0:
        raise TypeError(f"{op}: the value must be a scalar, got {val} of type {val.type}.")
    if not np.can_cast(val.type.dtype, a.type.dtype, "same_kind"):
        raise TypeError(
            f"{op}: type of second parameter must be the same as the first's: a value of "
            f"{val.type.dtype} does not fit into an array of {a.type.dtype}."
        )
    return cast(val, a.type.dtype)


def _pulled_through_fill(op: Op, inputs: Any, g: Any, offset: Sequence[Any]) -> list[Any]:
    a, _ = inputs
    if isinstance(g.type, DisconnectedType):
        return [disconnected_type(), disconnected_type()]
    if a.type.dtype in discrete_dtypes:
        return [float_zeros_like(v) for v in inputs]
    filled = op(zeros_like(g), 1, *offset)
    return [op(g, 0, *offset), pt_sum(switch(filled, g, zeros_like(g)))]


def _pushed_through_fill(op: Op, inputs: Any, tangents: Any) -> list[Any]:
    (a, val, *offset), (ta, tval, *_) = inputs, tangents
    if isinstance(ta.type, DisconnectedType) and isinstance(tval.type, DisconnectedType):
        return [disconnected_type()]
    ta = zeros_like(a) if isinstance(ta.type, DisconnectedType) else ta
    tval = zeros_like(val) if isinstance(tval.type, DisconnectedType) else tval
    return [op(ta, tval, *offset)]


fill_diagonal_ = FillDiagonal()
fill_diagonal_offset_ = FillDiagonalOffset()


def fill_diagonal(a: Any, val: Any) -> TensorVariable:
    """Return the array with its main diagonal set to a value; a tall matrix is not wrapped around.

    Parameters
    ----------
    a : tensor_like
        A matrix, or a tensor all of whose dimensions are equal.
    val : tensor_like
        A scalar.

    Examples
    --------
    >>> fill_diagonal([[1, 2], [3, 4]], 0).eval()
    array([[0, 2],
           [3, 0]])
    """
    return fill_diagonal_(a, val)


def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> TensorVariable:
    """Return the matrix with the diagonal at ``offset`` set to a value.

    Parameters
    ----------
    a : tensor_like
        A matrix.
    val : tensor_like
        A scalar.
    offset : int or integer scalar
        Which diagonal: positive above the main one, negative below.

    Examples
    --------
    >>> fill_diagonal_offset([[1, 2], [3, 4]], 0, 1).eval()
    array([[1, 0],
           [3, 4]])
    """
    return fill_diagonal_offset_(a, val, offset)
