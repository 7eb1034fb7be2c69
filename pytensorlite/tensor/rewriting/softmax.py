"""Rewrites of sums of exponentials: log-sum-exp, log-softmax, their gradients.

Users write ``log(sum(exp(x)))`` and ``log(softmax(x))``; what is computed subtracts the largest
element first. The ``inline`` phase at the end opens `Softmax` and its kin into element-wise
operations and reductions, so that fusion puts them into the loops of their neighbours.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
import pytensorlite.scalar.math as psm
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, graph_rewriter, node_rewriter
from pytensorlite.tensor.basic import constant, switch, zeros_like
from pytensorlite.tensor.elemwise import DimShuffle, elemwise_of
from pytensorlite.tensor.math import (
    Max,
    Sum,
    add,
    exp,
    ge,
    isfinite,
    le,
    log,
    log1p,
    maximum,
    mul,
    neg,
    sub,
    true_div,
)
from pytensorlite.tensor.math import abs as abs_
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    match_type,
    register_canonicalize,
    register_inline,
    register_stabilize,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.cancel import factors_of
from pytensorlite.tensor.special import (
    LogSoftmax,
    Softmax,
    log_softmax_graph,
    softmax_graph,
)
from pytensorlite.tensor.statistics import Level, logsumexp

logaddexp = elemwise_of(ps.logaddexp)


# -- logarithms of sums of exponentials ------------------------------------------------------------


@register_stabilize
@node_rewriter([log])
def local_log_sum_exp(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(sum(exp(x), axis)) -> m + log(sum(exp(x - m), axis))`` with ``m = max(x, axis)``."""
    total, kept = node.inputs[0], None
    if isinstance(total.owner and total.owner.op, DimShuffle):
        kept, total = total.owner.op, total.owner.inputs[0]
    if total.owner is None or not isinstance(total.owner.op, Sum):
        return None
    [e] = total.owner.inputs
    if scalar_op_of(e) != ps.exp or e.type.dtype != node.outputs[0].type.dtype:
        return None
    [x] = e.owner.inputs
    axis = total.owner.op.axis
    if x.type.dtype != e.type.dtype or _is_shifted(x, axis):
        return None
    result = logsumexp(x, axis=axis)
    return [kept(result) if kept is not None else result]


def _is_shifted(x: Variable, axis: Any) -> bool:
    """Whether ``x`` is already something less its largest element."""
    return scalar_op_of(x) == ps.sub and (
        _is_maximum(x.owner.inputs[1]) or finite_maximum(x.owner.inputs[1]) is not None
    )


def _is_maximum(x: Variable) -> bool:
    while x.owner is not None and isinstance(x.owner.op, DimShuffle):
        x = x.owner.inputs[0]
    return is_largest(x)


def is_largest(x: Variable) -> bool:
    """Whether ``x`` is a maximum along axes; the class of minima derives from that of maxima."""
    return x.owner is not None and type(x.owner.op) is Max


def finite_maximum(x: Variable) -> Variable | None:
    """Return ``m`` where ``x`` is ``switch(isfinite(m), m, 0)``: a level that is never infinite."""
    if scalar_op_of(x) != ps.switch:
        return None
    condition, m, otherwise = x.owner.inputs
    if scalar_op_of(condition) != ps.isfinite or condition.owner.inputs[0] is not m:
        return None
    return m if constant_value(otherwise) == 0 else None


@register_canonicalize
@register_stabilize
@node_rewriter([Level])
def local_level_to_max(fgraph: Any, node: Apply) -> list[Variable]:
    """The level of a log-sum-exp is a maximum, once no derivative is taken any more."""
    return [Max(node.op.axis)(node.inputs[0])]


@register_stabilize
@node_rewriter([log])
def local_log_add_exp(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(exp(x) + exp(y)) -> logaddexp(x, y)``; more terms are measured from the largest."""
    [total] = node.inputs
    if scalar_op_of(total) != ps.add or total.type.dtype != node.outputs[0].type.dtype:
        return None
    terms = total.owner.inputs
    if len(terms) < 2 or any(
        scalar_op_of(t) != ps.exp or t.type.dtype != total.type.dtype for t in terms
    ):
        return None
    exponents = [t.owner.inputs[0] for t in terms]
    if len(exponents) == 2:
        return [logaddexp(*exponents)]
    largest = _largest(exponents)
    shift = switch(isfinite(largest), largest, zeros_like(largest))
    return [add(shift, log(add(*[exp(sub(x, shift)) for x in exponents])))]


def _largest(exponents: list[Variable]) -> Variable:
    largest = exponents[0]
    for x in exponents[1:]:
        largest = maximum(largest, x)
    return largest


# -- softmax ---------------------------------------------------------------------------------------


@register_canonicalize
@register_stabilize
@node_rewriter([log])
def local_logsoftmax(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(softmax(x)) -> log_softmax(x)``."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Softmax):
        return None
    return [LogSoftmax(axis=inner.op.axis)(inner.inputs[0])]


@register_canonicalize
@register_stabilize
@node_rewriter([Softmax, LogSoftmax])
def local_softmax_of_shifted(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``softmax(x - m) -> softmax(x)`` for a finite level ``m`` that is the same along the axes."""
    [shifted] = node.inputs
    if scalar_op_of(shifted) != ps.sub:
        return None
    x, level = shifted.owner.inputs
    axes = range(x.type.ndim) if node.op.axis is None else node.op.axis
    if finite_maximum(level) is None or any(level.type.shape[d] != 1 for d in axes):
        return None
    return [node.op(x)] if node.outputs[0].type.is_super(x.type) else None


@register_stabilize
@node_rewriter([exp])
def local_exp_logsoftmax(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``exp(log_softmax(x)) -> softmax(x)``."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, LogSoftmax):
        return None
    return [Softmax(axis=inner.op.axis)(inner.inputs[0])]


@register_canonicalize
@register_stabilize
@node_rewriter([sub, add])
def local_logsoftmax_grad(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``w - s * sum(w)`` with ``w = g / s * s`` and ``s = softmax(x)`` becomes ``g - s * sum(g)``.

    This is the gradient of ``log(softmax(x))``; where ``s`` underflows, only ``w`` is 0 / 0.
    """
    if scalar_op_of(node.outputs[0]) != ps.sub:
        return None
    weighted, projected = node.inputs
    cancelled = _without_softmax(weighted)
    if cancelled is None or scalar_op_of(projected) != ps.mul:
        return None
    g, s = cancelled
    for total in projected.owner.inputs:
        inner = total.owner
        if (
            inner is None
            or not isinstance(inner.op, DimShuffle)
            or len(projected.owner.inputs) != 2
        ):
            continue
        reduce = inner.inputs[0].owner
        if reduce is None or not isinstance(reduce.op, Sum) or reduce.inputs[0] is not weighted:
            continue
        if s not in projected.owner.inputs:
            continue
        new = sub(g, mul(s, inner.op(reduce.op(g))))
        copy_stack_trace(node.outputs[0], new)
        new = match_type(node.outputs[0], new)
        return [new] if new is not None and node.outputs[0].type.is_super(new.type) else None
    return None


def _without_softmax(weighted: Variable) -> tuple[Variable, Variable] | None:
    """Return (g, s) where ``weighted`` is ``g / s * s`` for a softmax ``s``, or None."""
    if scalar_op_of(weighted) not in (ps.mul, ps.true_div):
        return None
    factors = factors_of(weighted)
    if factors is None:
        return None
    for s in factors.below:
        if isinstance(s.owner and s.owner.op, Softmax) and s in factors.above:
            factors.above.remove(s)
            factors.below.remove(s)
            g = factors.product()
            if g is None or g.type.broadcastable != weighted.type.broadcastable:
                return None
            return g, s
    return None


# -- the inline phase ------------------------------------------------------------------------------


@register_inline
@node_rewriter([Softmax])
def inline_softmax(fgraph: Any, node: Apply) -> list[Variable]:
    """``softmax(x) -> e / sum(e)`` with ``e = exp(x - max(x))``."""
    x: Any = node.inputs[0]
    return [softmax_graph(x, node.op.axis)]


@register_inline
@node_rewriter([LogSoftmax])
def inline_log_softmax(fgraph: Any, node: Apply) -> list[Variable]:
    """``log_softmax(x) -> d - log(sum(exp(d)))`` with ``d = x - max(x)``."""
    x: Any = node.inputs[0]
    return [log_softmax_graph(x, node.op.axis)]


@graph_rewriter
def inline_shared_sigmoid(fgraph: Any) -> None:
    """Compute ``sigmoid`` and ``softplus`` of ``z`` and of ``-z`` from one ``e = exp(-abs(z))``.

    Only where at least two of the four are needed, as in a logistic loss and its gradient:
    ``softplus(z) = max(z, 0) + log1p(e)`` and ``sigmoid(z) = switch(z >= 0, 1, e) / (1 + e)``.
    """
    families: dict[Variable, list[tuple[Variable, bool]]] = {}
    for node in fgraph.toposort():
        out = node.outputs[0]
        if scalar_op_of(out) in (psm.sigmoid, psm.softplus):
            z, mirrored = _unsigned(node.inputs[0])
            if z.type.dtype == out.type.dtype:
                families.setdefault(z, []).append((out, mirrored))
    for z, members in families.items():
        if len(members) > 1:
            e = exp(neg(abs_(z)))
            copy_stack_trace(members[0][0], e)
            pairs = [(out, _from_exponential(out, z, e, mirrored)) for out, mirrored in members]
            fgraph.replace_all_validate(pairs, reason="inline_shared_sigmoid")


def _unsigned(z: Variable) -> tuple[Variable, bool]:
    return (z.owner.inputs[0], True) if scalar_op_of(z) == ps.neg else (z, False)


def _from_exponential(out: Variable, z: Variable, e: Variable, mirrored: bool) -> Variable:
    zero, one = _number(z, 0), _number(z, 1)
    if scalar_op_of(out) == psm.softplus:
        # maximum(-z, 0) as written, so that a NaN stays one.
        new = add(maximum(neg(z) if mirrored else z, zero), log1p(e))
    else:
        above = switch(le(z, zero) if mirrored else ge(z, zero), one, e)
        new = true_div(above, add(one, e))
    copy_stack_trace(out, new)
    return new


def _number(like: Variable, value: int) -> Variable:
    """Return a constant of the dtype and rank of ``like`` that broadcasts against it."""
    return constant(value, dtype=like.type.dtype, ndim=like.type.ndim)
