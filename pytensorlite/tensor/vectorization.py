"""How each op of this package meets a batch: further dimensions in front of its inputs.

`vectorize_graph` walks a graph and asks, node by node, the rule registered here. Ops without a
rule are applied in a loop over the batch, by `Blockwise`. Rules of indexing are in
``indexing_vectorized``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.replace import _vectorize_node, _vectorize_not_needed
from pytensorlite.tensor.basic import (
    Alloc,
    ExtractDiag,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
    alloc,
    as_tensor_variable,
    join,
    stack,
)
from pytensorlite.tensor.blockwise import Blockwise, left_padded, vectorize_node_fallback
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.extra_ops import broadcast_arrays
from pytensorlite.tensor.indexing import literal_or_none
from pytensorlite.tensor.indexing_vectorized import vectorize_reading, vectorize_writing
from pytensorlite.tensor.math import all as pt_all
from pytensorlite.tensor.shape import Reshape, Shape_i, SpecifyShape, specify_shape
from pytensorlite.tensor.variable import TensorVariable

_vectorize_node.register(Elemwise, _vectorize_not_needed)


def batch_ndim(new: Variable, old: Variable) -> int:
    """Return how many dimensions a batched input has in front of those of the core."""
    return new.type.ndim - getattr(old.type, "ndim", 0)


def batch_lengths(x: TensorVariable, ndim: int) -> list[Any]:
    """Return the first lengths of a tensor, as numbers where they are static."""
    return [
        x.type.shape[axis] if x.type.shape[axis] is not None else x.shape[axis]
        for axis in range(ndim)
    ]


@_vectorize_node.register(DimShuffle)
def vectorize_dimshuffle(op: DimShuffle, node: Apply, x: TensorVariable) -> Any:
    """Keep the batch dimensions in front and move the axes behind them."""
    ndim = batch_ndim(x, node.inputs[0])
    order = [axis if axis == "x" else axis + ndim for axis in op.new_order]
    return DimShuffle(input_ndim=x.type.ndim, new_order=(*range(ndim), *order)).make_node(x)


@_vectorize_node.register(TensorFromScalar)
@_vectorize_node.register(ScalarFromTensor)
def vectorize_scalar_conversion(op: Any, node: Apply, x: Any) -> Any:
    """Leave a batch of scalars the tensor it is."""
    return op.make_node(x) if getattr(x.type, "ndim", 0) == 0 and _fits(op, x) else [x]


def _fits(op: Any, x: Any) -> bool:
    return isinstance(op, ScalarFromTensor) == isinstance(x, TensorVariable)


# -- shapes ----------------------------------------------------------------------------------------


@_vectorize_node.register(Shape_i)
def vectorize_shape_i(op: Shape_i, node: Apply, x: TensorVariable) -> Any:
    """Return the core length once for every element of the batch."""
    ndim = batch_ndim(x, node.inputs[0])
    return alloc(x.shape[op.i + ndim], *batch_lengths(x, ndim)).owner


@_vectorize_node.register(SpecifyShape)
def vectorize_specify_shape(op: SpecifyShape, node: Apply, x: Any, *shape: Any) -> Any:
    """Specify the core lengths alone."""
    if any(getattr(length.type, "ndim", 0) for length in shape):
        raise NotImplementedError("The lengths of specify_shape cannot differ within a batch.")
    ndim = batch_ndim(x, node.inputs[0])
    return [specify_shape(x, [None] * ndim + list(shape))]


@_vectorize_node.register(Reshape)
def vectorize_reshape(op: Reshape, node: Apply, x: TensorVariable, shape: TensorVariable) -> Any:
    """Reshape every core alike."""
    if shape.type.ndim != 1:
        return vectorize_node_fallback(op, node, x, shape)
    ndim = batch_ndim(x, node.inputs[0])
    lengths = [as_tensor_variable(n).astype("int64") for n in batch_lengths(x, ndim)]
    known = [shape[i] for i in range(op.ndim)]
    return [x.reshape([*lengths, *known], ndim=ndim + op.ndim)]


@_vectorize_node.register(Alloc)
def vectorize_alloc(op: Alloc, node: Apply, value: TensorVariable, *shape: TensorVariable) -> Any:
    """Fill behind the batch of values."""
    if any(length.type.ndim for length in shape):
        return vectorize_node_fallback(op, node, value, *shape)
    ndim = batch_ndim(value, node.inputs[0])
    missing = len(shape) - (value.type.ndim - ndim)
    pattern = [*range(ndim), *["x"] * missing, *range(ndim, value.type.ndim)]
    lengths = batch_lengths(value, ndim)
    return op.make_node(value.dimshuffle(pattern), *lengths, *shape)


# -- joining ---------------------------------------------------------------------------------------


@_vectorize_node.register(MakeVector)
def vectorize_make_vector(op: MakeVector, node: Apply, *elements: TensorVariable) -> Any:
    """Stack the batches along a new last axis."""
    return [stack(broadcast_arrays(*elements), axis=-1).astype(op.dtype)]


@_vectorize_node.register(Join)
def vectorize_join(op: Join, node: Apply, axis: Any, *tensors: TensorVariable) -> Any:
    """Join along the same axis, counted behind a batch that all tensors are broadcast to."""
    number = literal_or_none(axis)
    if number is None:
        raise NotImplementedError("The axis of a join cannot be vectorised: it must be a constant.")
    core_ndim = node.inputs[1].type.ndim
    ndim = max(x.type.ndim - core_ndim for x in tensors)
    padded = [left_padded(x, ndim + core_ndim - x.type.ndim) for x in tensors]
    lengths = [_common_length([x for x in padded], axis) for axis in range(ndim)]
    filled = [
        x
        if x.type.broadcastable[:ndim] == tuple(length == 1 for length in lengths)
        else alloc(x, *lengths, *(x.shape[k] for k in range(ndim, x.type.ndim)))
        for x in padded
    ]
    return [join(number + ndim if number >= 0 else number, *filled)]


def _common_length(tensors: Sequence[TensorVariable], axis: int) -> Any:
    free = [x for x in tensors if x.type.shape[axis] != 1]
    known = [x.type.shape[axis] for x in free if x.type.shape[axis] is not None]
    if known or not free:
        return known[0] if known else 1
    return free[0].shape[axis]


@_vectorize_node.register(Split)
def vectorize_split(op: Split, node: Apply, x: TensorVariable, axis: Any, splits: Any) -> Any:
    """Split along the same axis, counted behind the batch."""
    number = literal_or_none(axis)
    if number is None or splits.type.ndim != 1:
        raise NotImplementedError(
            "A split can only be vectorised along a constant axis, all cores alike."
        )
    ndim = batch_ndim(x, node.inputs[0])
    return op.make_node(x, number + ndim if number >= 0 else number, splits)


# -- diagonals and checks --------------------------------------------------------------------------


@_vectorize_node.register(ExtractDiag)
def vectorize_extract_diag(op: ExtractDiag, node: Apply, x: TensorVariable) -> Apply:
    """Take the diagonals of the same axes, counted behind the batch."""
    ndim = batch_ndim(x, node.inputs[0])
    return ExtractDiag(op.offset, op.axis1 + ndim, op.axis2 + ndim, op.view).make_node(x)


@_vectorize_node.register(CheckAndRaise)
def vectorize_check_and_raise(op: CheckAndRaise, node: Apply, value: Any, *conditions: Any) -> Any:
    """Check that the conditions hold everywhere; a batch of conditions makes a batch of values."""
    checked = op(value, *(pt_all(condition) for condition in conditions))
    ndim = batch_ndim(value, node.inputs[0])
    widest = max(conditions, key=lambda condition: condition.type.ndim)
    missing = widest.type.ndim - ndim
    if missing <= 0:
        return [checked]
    core = [checked.shape[axis] for axis in range(ndim, checked.type.ndim)]
    padded = left_padded(checked, missing)
    return [alloc(padded, *batch_lengths(widest, widest.type.ndim), *core)]


__all__ = [
    "Blockwise",
    "batch_lengths",
    "batch_ndim",
    "vectorize_alloc",
    "vectorize_check_and_raise",
    "vectorize_dimshuffle",
    "vectorize_extract_diag",
    "vectorize_join",
    "vectorize_make_vector",
    "vectorize_reading",
    "vectorize_reshape",
    "vectorize_scalar_conversion",
    "vectorize_shape_i",
    "vectorize_specify_shape",
    "vectorize_split",
    "vectorize_writing",
]
