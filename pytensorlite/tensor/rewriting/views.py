"""Rewrites that remove what only speaks to the gradient: zero_grad, grad_clip and their like.

Once the graph is being compiled every derivative has been taken, and these ops are the identity.
"""

from __future__ import annotations

from typing import Any

from pytensorlite.gradient.views import ViewOp
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.tensor.basic import tensor_copy
from pytensorlite.tensor.rewriting.basic import register_canonicalize, register_useless


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
