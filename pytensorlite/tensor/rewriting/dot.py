"""Rewrites of matrix products: transposes move to the operands, vectors are said to be such.

What `jacobian` writes comes out as a person would: the pull-backs of all unit vectors through a
matrix are one product of matrices, or that matrix itself with its rows scaled.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import constant
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.creation import UnitVectors
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.math import Dot, mul, neg
from pytensorlite.tensor.rewriting.basic import (
    filled,
    has_one_client,
    is_exact,
    is_zero,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    scalar_op_of,
)


@register_canonicalize
@node_rewriter([DimShuffle])
def local_lift_transpose_through_dot(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(x, y).T -> dot(y.T, x.T)`` if nothing else reads the product."""
    inner = node.inputs[0].owner
    if node.op.new_order != (1, 0) or inner is None or not isinstance(inner.op, Dot):
        return None
    if not has_one_client(fgraph, node.inputs[0]):
        return None
    x, y = inner.inputs
    new = inner.op(_transposed(y), _transposed(x))
    return [new] if node.outputs[0].type.is_super(new.type) else None


def _transposed(x: Variable) -> Variable:
    return DimShuffle(input_ndim=2, new_order=(1, 0))(x)


@register_canonicalize
@register_specialize
@node_rewriter([Dot])
def local_dot_of_expanded_vectors(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(X, v[:, None]) -> dot(X, v)[:, None]``: products of vectors are said to be such."""
    x, y = node.inputs
    new_x = _squeezed(x, 0) if x.type.ndim == 2 else x
    new_y = _squeezed(y, 1) if y.type.ndim == 2 else y
    if new_x is x and new_y is y:
        return None
    new = node.op(new_x, new_y)
    copy_stack_trace(node.outputs[0], new)
    order = iter(range(new.type.ndim))
    kept = []
    if x.type.ndim == 2:
        kept.append("x" if new_x is not x else next(order))
    if y.type.ndim == 2:
        kept.append("x" if new_y is not y else next(order))
    new = DimShuffle(input_ndim=new.type.ndim, new_order=kept)(new)
    return [new] if node.outputs[0].type.is_super(new.type) else None


def _squeezed(x: Variable, axis: int) -> Variable:
    """Return the vector that ``x`` is with a length of 1 added at ``axis``, else ``x``."""
    node = x.owner
    if node is None or not isinstance(node.op, DimShuffle) or node.op.new_order[axis] != "x":
        return x
    vector = node.inputs[0]
    return vector if vector.type.ndim == 1 and node.op.new_order[1 - axis] == 0 else x


@register_canonicalize
@register_specialize
@node_rewriter([Dot])
def local_dot_to_mul(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(x, y) -> x * y`` where the summed dimension has the static length 1."""
    x, y = node.inputs
    [out] = node.outputs
    if x.type.ndim != 2 or y.type.ndim != 2 or x.type.shape[1] != 1 or y.type.shape[0] != 1:
        return None
    new = match_type(out, mul(x, y))
    return [new] if new is not None and out.type.is_super(new.type) else None


@register_canonicalize("nan_unsafe")
@node_rewriter([Dot])
def local_dot_signs(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(-x, y) -> -dot(x, y)``: the sign of products that are zero changes."""
    x, y = node.inputs
    negations = [scalar_op_of(v) == ps.neg and not is_exact(v) for v in (x, y)]
    if not any(negations):
        return None
    x, y = (v.owner.inputs[0] if n else v for v, n in zip((x, y), negations, strict=True))
    product = node.op(x, y)
    return [product if all(negations) else neg(product)]


@register_stabilize("nan_unsafe")
@node_rewriter([Dot])
def local_0_dot_x(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(0, x) -> 0``: not for NaN and infinity, and so not unless asked for."""
    return filled(fgraph, node.outputs[0], 0) if any(map(is_zero, node.inputs)) else None


# -- many vectors through one matrix ---------------------------------------------------------------


@register_canonicalize
@register_specialize
@node_rewriter([Blockwise])
def local_batch_of_vectors(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``[A @ v for v in V] -> V @ A.T`` and ``[v @ A for v in V] -> V @ A``."""
    if not isinstance(node.op.core_op, Dot) or node.outputs[0].type.ndim != 3:
        return None
    x, y = node.inputs
    if x.type.shape[0] == 1 and y.type.shape[2] == 1:
        vectors, matrix, place = _taken(y, 0, 1), _taken(x, 2, 1), 2
    elif y.type.shape[0] == 1 and x.type.shape[1] == 1:
        vectors, matrix, place = _taken(x, 0, 2), _taken(y, 1, 2), 1
    else:
        return None
    order: list[Any] = [0, 1]
    order.insert(place, "x")
    new = DimShuffle(input_ndim=2, new_order=order)(node.op.core_op(vectors, matrix))
    return [new] if node.outputs[0].type.is_super(new.type) else None


def _taken(x: Variable, *axes: int) -> Variable:
    """Return an array without its other axes, which have the length 1."""
    return DimShuffle(input_ndim=x.type.ndim, new_order=axes)(x)


@register_canonicalize
@register_specialize
@node_rewriter([Dot])
def local_dot_of_unit_vectors(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(units * v, X) -> v[:, None] * X``: of each sum one term is left."""
    x, y = node.inputs
    if x.type.ndim != 2 or y.type.ndim != 2:
        return None
    [out] = node.outputs
    scale, rest = _diagonal(x), y
    if scale is None or rest.type.shape[0] == 1:
        scale, rest = _diagonal(y), x
        if scale is None or rest.type.shape[1] == 1:
            return None
        scale = _transposed(scale)
    new = match_type(out, mul(scale, rest))
    return [new] if new is not None and out.type.is_super(new.type) else None


def _diagonal(x: Variable) -> Variable | None:
    """Return the diagonal of scaled unit vectors as a column; None if `x` is something else."""
    node = x.owner
    if node is None:
        return None
    if isinstance(node.op, UnitVectors):
        return constant(1, dtype=x.type.dtype, ndim=2)
    if not isinstance(node.op, Elemwise):
        return None
    inputs = list(node.inputs)
    columns = [_diagonal(each) for each in inputs]
    found = [number for number, column in enumerate(columns) if column is not None]
    # A product is zero where one factor is, a quotient only where its numerator is.
    op = node.op.scalar_op
    if not found or not (op in (ps.mul, ps.neg) or (op == ps.true_div and found == [0])):
        return None
    for number, each in enumerate(inputs):
        column = columns[number]
        if column is None:
            column = each if each.type.shape[1] == 1 else _transposed(each)
        if column.type.shape[1] != 1:
            return None  # another matrix
        inputs[number] = column
    return node.op(*inputs)
