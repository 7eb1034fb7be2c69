"""Rewrites of reductions: of reductions, of repeated values, of moved and of scaled arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import Alloc, MakeVector, alloc, cast, constant, switch
from pytensorlite.tensor.elemwise import CAReduce, DimShuffle
from pytensorlite.tensor.math import (
    All,
    Max,
    Min,
    Prod,
    Sum,
    add,
    eq,
    mul,
    neg,
    true_div,
)
from pytensorlite.tensor.math import (
    Any as AnyOf,
)
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    expand_to,
    is_exact,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of

REDUCTIONS = [CAReduce, Sum, Prod, Max, Min, All, AnyOf]


def axes_of(node: Apply) -> tuple[int, ...]:
    """Return the reduced axes of a reduction, all of them where the op says None."""
    axis = node.op.axis
    return tuple(range(node.inputs[0].type.ndim)) if axis is None else tuple(axis)


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter(REDUCTIONS)
def local_useless_reduce(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(x, axis=()) -> x``."""
    [x] = node.inputs
    if axes_of(node):
        return None
    new = match_type(node.outputs[0], x)
    return None if new is None else [new]


@register_canonicalize
@register_specialize
@node_rewriter(REDUCTIONS)
def local_reduce_broadcastable(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(x, axis) -> x.squeeze(axis)`` for axes of the static length 1."""
    [x] = node.inputs
    axes = axes_of(node)
    single = [d for d in axes if x.type.shape[d] == 1]
    if not single:
        return None
    order = [d for d in range(x.type.ndim) if d not in single]
    squeezed = DimShuffle(input_ndim=x.type.ndim, new_order=order)(x)
    copy_stack_trace(node.outputs[0], squeezed)
    left = [order.index(d) for d in axes if d not in single]
    new = node.op.clone(axis=left)(squeezed) if left else squeezed
    new = match_type(node.outputs[0], new)
    return None if new is None else [new]


@register_canonicalize
@register_specialize
@node_rewriter(REDUCTIONS)
def local_reduce_chain(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(sum(x, axis=0), axis=0) -> sum(x, axis=(0, 1))``, for every kind of reduction."""
    inner = node.inputs[0].owner
    if (
        inner is None
        or type(inner.op) is not type(node.op)
        or len(fgraph.clients[node.inputs[0]]) > 1
    ):
        return None
    if (
        inner.op.scalar_op != node.op.scalar_op
        or inner.outputs[0].type.dtype != node.outputs[0].type.dtype
    ):
        return None
    if getattr(inner.op, "acc_dtype", None) != getattr(node.op, "acc_dtype", None):
        return None
    x = inner.inputs[0]
    gone = set(axes_of(inner))
    left = [d for d in range(x.type.ndim) if d not in gone]
    axes = sorted(gone | {left[d] for d in axes_of(node)})
    return [node.op.clone(axis=None if len(axes) == x.type.ndim else axes)(x)]


@register_canonicalize
@register_specialize
@node_rewriter(REDUCTIONS)
def local_reduce_of_dimshuffle(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(x.T, axis=0) -> sum(x, axis=1)``: the reduction picks its axes before the move."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, DimShuffle) or inner.op.drop:
        return None
    x, order = inner.inputs[0], inner.op.new_order
    axes = axes_of(node)
    if any(order[d] == "x" for d in axes):
        return None  # a length of 1: local_reduce_broadcastable drops it first
    reduced = sorted(order[d] for d in axes)
    new = node.op.clone(axis=None if len(reduced) == x.type.ndim else reduced)(x)
    copy_stack_trace(node.outputs[0], new)
    left = [d for d in range(x.type.ndim) if d not in reduced]
    new_order = [i if i == "x" else left.index(i) for d, i in enumerate(order) if d not in axes]
    if new_order != list(range(new.type.ndim)):
        new = DimShuffle(input_ndim=new.type.ndim, new_order=new_order)(new)
    return [new]


@register_canonicalize
@register_specialize
@node_rewriter([Sum, Prod])
def local_sum_prod_all_to_none(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(x, axis=(0, 1)) -> sum(x)`` for a matrix: one spelling for all axes."""
    axis = node.op.axis
    if axis is None or len(axis) != node.inputs[0].type.ndim:
        return None
    return [node.op.clone(axis=None)(node.inputs[0])]


# -- repeated values -------------------------------------------------------------------------------


@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Sum, Prod, Max, Min, All, AnyOf])
def local_reduce_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(alloc(v, n)) -> v * n``, ``prod(alloc(v, n)) -> v ** n``, ``max(alloc(v, 3)) -> v``."""
    value, lengths = _repeated(fgraph, node.inputs[0])
    if value is None:
        return None
    axes = axes_of(node)
    offset = len(lengths) - value.type.ndim
    repeats = [lengths[d] for d in axes if d < offset or value.type.shape[d - offset] == 1]
    if len(repeats) != len(axes):
        return None
    left = [d for d in range(len(lengths)) if d not in axes]
    value = expand_to(value, len(lengths))
    value = DimShuffle(input_ndim=len(lengths), new_order=left)(value)
    [out] = node.outputs
    reduced = _reduced(node, value, repeats)
    if reduced is None:
        return None
    new = _alloc_as(out, reduced, [lengths[d] for d in left])
    return [new] if out.type.is_super(new.type) else None


def _repeated(fgraph: Any, x: Variable) -> tuple[Any, list[Variable]]:
    """Return the value that ``x`` repeats and the lengths of ``x``; None where it repeats none."""
    node = x.owner
    if node is not None and isinstance(node.op, Alloc):
        return node.inputs[0], list(node.inputs[1:])
    if scalar_op_of(x) == ps.second:
        value = cast(node.inputs[1], x.type.dtype)
        return value, list(shapes_of(fgraph).shape(x))
    return None, []


def _reduced(node: Apply, value: Variable, repeats: list[Variable]) -> Variable | None:
    """Return what the reduction makes of ``value`` repeated so many times."""
    dtype = node.outputs[0].type.dtype
    statics = [constant_value(n) for n in repeats]
    if isinstance(node.op, Max | Min | All | AnyOf):
        # Of nothing there is no largest: the lengths must be known not to be zero.
        known = all(n is not None and n > 0 for n in statics)
        return cast(value, dtype) if known else None
    count = repeats[0] if len(repeats) == 1 else mul(*repeats)
    value = cast(value, dtype)
    if isinstance(node.op, Sum):
        total = mul(value, cast(count, dtype))
        known = constant_value(value)
        if is_exact(value) or all(statics) or (known is not None and np.isfinite(known)):
            return total
        # Nothing summed is zero, though NaN or infinity times nothing is NaN.
        return switch(eq(count, 0), constant(0, dtype=dtype), total)
    return value if constant_value(value) == 1 else None


def _alloc_as(out: Variable, value: Variable, lengths: list[Variable]) -> Variable:
    if value.type.dtype != out.type.dtype:
        value = cast(value, out.type.dtype)
    return alloc(value, *lengths) if lengths else value


@register_canonicalize
@register_specialize
@node_rewriter([Sum])
def local_sum_make_vector(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum([a, b, c]) -> a + b + c``."""
    inner = node.inputs[0].owner
    if (
        inner is None
        or not isinstance(inner.op, MakeVector)
        or not inner.inputs
        or not axes_of(node)
    ):
        return None
    dtype = node.outputs[0].type.dtype
    terms = [cast(x, inner.op.dtype) for x in inner.inputs]
    terms = [cast(x, dtype) for x in terms]
    return [terms[0] if len(terms) == 1 else add(*terms)]


# -- scaled arrays ---------------------------------------------------------------------------------


@register_canonicalize("nan_unsafe")
@register_specialize("nan_unsafe")
@node_rewriter([Sum])
def local_sum_of_neg_to_neg_of_sum(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(-x) -> -sum(x)``: a sum of 0.0 becomes -0.0, and what is divided by it -inf."""
    [x] = node.inputs
    if scalar_op_of(x) != ps.neg or (is_exact(x) and x.type.dtype != node.outputs[0].type.dtype):
        return None
    return [neg(node.op(x.owner.inputs[0]))]


@register_specialize
@node_rewriter([Sum])
def local_sum_prod_of_mul_or_div(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(c * x) -> c * sum(x)`` and ``sum(x / c) -> sum(x) / c`` for an ordinary constant ``c``.

    A factor that is a variable stays inside: it may be infinite, and then 0 * inf differs. A
    constant below one (or a divisor above one) stays inside too: outside, the sum could overflow
    before it is scaled down. So does a negative one, which would change the sign of a zero sum.
    """
    [x] = node.inputs
    [out] = node.outputs
    op = scalar_op_of(x)
    if op not in (ps.mul, ps.true_div) or is_exact(x) or x.type.dtype != out.type.dtype:
        return None
    if len(fgraph.clients[x]) > 1:
        return None
    operands = list(x.owner.inputs)
    if op == ps.true_div:
        factor = operands[1]
        value = constant_value(factor)
        if (
            value is None
            or not 0 < value <= 1
            or operands[0].type.broadcastable != x.type.broadcastable
        ):
            return None
        return [true_div(_sum_as(node, operands[0], out), constant(value, dtype=out.type.dtype))]
    for i, factor in enumerate(operands):
        value = constant_value(factor)
        if value is None or not 1 <= value < np.inf:
            continue
        rest = operands[:i] + operands[i + 1 :]
        inside = rest[0] if len(rest) == 1 else mul(*rest)
        if inside.type.broadcastable != x.type.broadcastable or inside.type.dtype != x.type.dtype:
            return None
        copy_stack_trace(x, inside)
        return [mul(constant(value, dtype=out.type.dtype), node.op(inside))]
    return None


def _sum_as(node: Apply, x: Variable, out: Variable) -> Variable:
    return node.op(
        x if x.type.dtype == node.inputs[0].type.dtype else cast(x, node.inputs[0].type.dtype)
    )
