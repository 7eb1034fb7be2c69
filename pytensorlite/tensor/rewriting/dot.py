"""Rewrites of matrix products: transposes move to the operands, vectors are said to be such."""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.elemwise import DimShuffle
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
