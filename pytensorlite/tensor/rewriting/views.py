"""Rewrites that remove what is the identity by now: zero_grad, copies, assertions that hold.

Once the graph is being compiled every derivative has been taken; what only speaks to the gradient
leaves. An assertion stays until its condition is known to hold.
"""

from __future__ import annotations

from typing import Any

from pytensorlite.gradient.views import ViewOp
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.raise_op import CheckAndRaise
from pytensorlite.tensor.basic import tensor_copy
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    register_canonicalize,
    register_useless,
)


@register_useless
@register_canonicalize
@node_rewriter([ViewOp])
def local_view_op(fgraph: Any, node: Apply) -> list[Variable]:
    """``zero_grad(x) -> x``, and so for every op that is the identity but to the gradient."""
    return list(node.inputs)


@register_useless
@register_canonicalize
@node_rewriter([tensor_copy])
def remove_tensor_copy(fgraph: Any, node: Apply) -> list[Variable]:
    """``copy(x) -> x``: the compiled function decides itself what needs memory of its own."""
    return list(node.inputs)


@register_useless
@register_canonicalize
@node_rewriter([CheckAndRaise])
def local_remove_useless_assert(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``assert(x, True, c) -> assert(x, c)`` and ``assert(x) -> x``."""
    x, *conditions = node.inputs
    open_ones = [c for c in conditions if not constant_value(c)]
    if len(open_ones) == len(conditions):
        return None
    return [node.op(x, *open_ones) if open_ones else x]


@register_useless("unsafe")
@node_rewriter([CheckAndRaise])
def local_remove_all_assert(fgraph: Any, node: Apply) -> list[Variable]:
    """``assert(x, c) -> x``: for those who know, ``mode.including("local_remove_all_assert")``."""
    return [node.inputs[0]]
