"""Exponentials that are only added to exp(0): nobody sees their last digits.

``sum(exp(x - max(x)))`` has a term 1 and none that is larger.  An exponential whose relative error
grows with its argument is as good there as one that is right to the last digit, and takes less time
(``ptl_vectors.h``): an error of ``|d|`` units of the last place of ``exp(d)`` is 0.37 units of the
last place of 1 at most.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, graph_rewriter
from pytensorlite.tensor.elemwise import DimShuffle, elemwise_of
from pytensorlite.tensor.math import Sum
from pytensorlite.tensor.rewriting.basic import scalar_op_of
from pytensorlite.tensor.rewriting.softmax import finite_maximum, is_largest

exp_term = elemwise_of(ps.exp_term)


@graph_rewriter
def mark_terms(fgraph: Any) -> None:
    """``sum(exp(x - max(x))) -> sum(exp_term(x - max(x)))`` where nothing else reads the terms."""
    for node in fgraph.toposort():
        if isinstance(node.op, Sum):
            [e] = node.inputs
            if len(fgraph.clients[e]) == 1 and _is_of_differences(e, node.op.axis):
                term = exp_term(e.owner.inputs[0])
                copy_stack_trace(e, term)
                fgraph.replace_validate(e, term, reason="mark_terms")


def _is_of_differences(e: Variable, axis: tuple[int, ...] | None) -> bool:
    """Whether ``e`` is ``exp(x - m)``, and 1 somewhere along ``axis`` wherever that can be."""
    if scalar_op_of(e) != ps.exp or e.type.dtype not in ("float32", "float64"):
        return False
    [difference] = e.owner.inputs
    if scalar_op_of(difference) != ps.sub or difference.type.dtype != e.type.dtype:
        return False
    x, level = difference.owner.inputs
    largest, order = _without_axes(level)
    if not is_largest(largest):
        return False
    every = range(x.type.ndim)
    over = every if largest.owner.op.axis is None else largest.owner.op.axis
    kept = iter(range(x.type.ndim))
    return (
        largest.owner.inputs[0] is x
        and order == tuple("x" if d in over else next(kept) for d in every)
        and set(over) <= set(every if axis is None else axis)
    )


def _without_axes(level: Variable) -> tuple[Variable, tuple[int | str, ...]]:
    """Return what ``level`` is but for axes of length 1 and for infinities, and its axes."""
    order: tuple[int | str, ...] = tuple(range(level.type.ndim))
    for _ in range(2):  # infinities may have been replaced before or after
        finite = finite_maximum(level)
        level = level if finite is None else finite
        if isinstance(level.owner and level.owner.op, DimShuffle):
            order = tuple(level.owner.op.new_order)
            level = level.owner.inputs[0]
    return level, order
