"""Rewrites of sums of exponentials: log-sum-exp, log-softmax, their gradients, and what fusion sees.

Users write ``log(sum(exp(x)))`` and ``log(softmax(x))``; what is computed subtracts the largest element
first. The ``inline`` phase at the end opens `Softmax` and its kin into element-wise operations and
reductions, so that fusion puts them into the loops of their neighbours.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
import pytensorlite.scalar.math as psm
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, graph_rewriter, node_rewriter
from pytensorlite.tensor.basic import constant, switch, zeros_like
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.math import Sum, add, eq, exp, ge, isinf, le, log, log1p, maximum, mul, neg, sub, true_div
from pytensorlite.tensor.math import abs as abs_
from pytensorlite.tensor.math import max as max_
from pytensorlite.tensor.rewriting.basic import (
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


# -- logarithms of sums of exponentials ----------------------------------------------------------------


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
    largest = max_(x, axis=axis, keepdims=True)
    # x - inf would be NaN where the largest element is infinite; unshifted, the sum is right.
    shift = switch(isinf(largest), zeros_like(largest), largest)
    result = log(total.owner.op(exp(x - shift))) + _without(shift, axis)
    return [kept(result) if kept is not None else result]


def _without(x: Variable, axis: Any) -> Variable:
    """Return ``x`` without the reduced axes, which have length 1."""
    axes = range(x.type.ndim) if axis is None else axis
    order = [d for d in range(x.type.ndim) if d not in axes]
    return DimShuffle(input_ndim=x.type.ndim, new_order=order)(x)


def _is_shifted(x: Variable, axis: Any) -> bool:
    """Whether ``x`` is already something less its largest element."""
    if scalar_op_of(x) != ps.sub:
        return False
    shift = x.owner.inputs[1]
    seen = 0
    while shift.owner is not None and seen < 4:
        if type(shift.owner.op).__name__ in ("Max", "CAReduce"):
            return True
        op = scalar_op_of(shift)
        shift = shift.owner.inputs[-1 if op == ps.switch else 0]
        seen += 1
    return False


@register_stabilize
@node_rewriter([log])
def local_log_add_exp(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(exp(x) + exp(y)) -> max(x, y) + log1p(exp(-abs(x - y)))``, and so for any number of terms."""
    [total] = node.inputs
    if scalar_op_of(total) != ps.add or total.type.dtype != node.outputs[0].type.dtype:
        return None
    terms = total.owner.inputs
    if len(terms) < 2 or any(scalar_op_of(t) != ps.exp or t.type.dtype != total.type.dtype for t in terms):
        return None
    exponents = [t.owner.inputs[0] for t in terms]
    largest = maximum(*exponents) if len(exponents) == 2 else _largest(exponents)
    if len(exponents) == 2:
        x, y = exponents
        # Two equal infinities differ by nothing, not by NaN.
        distance = switch(eq(x, y), zeros_like(sub(x, y)), sub(x, y))
        return [add(largest, log1p(exp(neg(abs_(distance)))))]
    shift = switch(isinf(largest), zeros_like(largest), largest)
    return [add(shift, log(add(*[exp(sub(x, shift)) for x in exponents])))]


def _largest(exponents: list[Variable]) -> Variable:
    largest = exponents[0]
    for x in exponents[1:]:
        largest = maximum(largest, x)
    return largest


# -- softmax -------------------------------------------------------------------------------------------


@register_canonicalize
@register_stabilize
@node_rewriter([log])
def local_logsoftmax(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(softmax(x)) -> log_softmax(x)``."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Softmax):
        return None
    return [LogSoftmax(axis=inner.op.axis)(inner.inputs[0])]


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

    This is the gradient of ``log(softmax(x))``; where ``s`` underflows, ``w`` is 0 / 0 and ``g`` is not.
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
        if inner is None or not isinstance(inner.op, DimShuffle) or len(projected.owner.inputs) != 2:
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


# -- the inline phase ----------------------------------------------------------------------------------


@register_inline
@node_rewriter([Softmax])
def inline_softmax(fgraph: Any, node: Apply) -> list[Variable]:
    """``softmax(x) -> e / sum(e)`` with ``e = exp(x - max(x))``."""
    return [softmax_graph(node.inputs[0], node.op.axis)]


@register_inline
@node_rewriter([LogSoftmax])
def inline_log_softmax(fgraph: Any, node: Apply) -> list[Variable]:
    """``log_softmax(x) -> d - log(sum(exp(d)))`` with ``d = x - max(x)``."""
    return [log_softmax_graph(node.inputs[0], node.op.axis)]


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
