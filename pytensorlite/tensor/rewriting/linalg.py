"""Rewrites of linear algebra: what is cheaper, or safer, than what was written."""

from __future__ import annotations

from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import switch
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.linalg.inverse import MatrixInverse
from pytensorlite.tensor.linalg.solvers.general import solve
from pytensorlite.tensor.linalg.summary import Det, slogdet
from pytensorlite.tensor.math import Dot, ge, log
from pytensorlite.tensor.rewriting.basic import (
    has_one_client,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
    scalar_op_of,
)


def core_of(var: Variable) -> Any:
    """Return the op that computes ``var``: of a batch of matrices, the core op."""
    node = var.owner
    if node is None:
        return None
    return node.op.core_op if isinstance(node.op, Blockwise) else node.op


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([Blockwise])
def local_useless_unbatched_blockwise(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``Blockwise(op)(matrices) -> op(matrices)``: no batch, no loop over it."""
    if any(x.type.ndim != len(sig) for x, sig in zip(node.inputs, node.op.inputs_sig, strict=True)):
        return None
    new = node.op.core_op.make_node(*node.inputs).outputs
    copy_stack_trace(node.outputs, new)
    fits = all(a.type.is_super(b.type) for a, b in zip(node.outputs, new, strict=True))
    return list(new) if fits else None


def transposed_matrix(x: Variable) -> Variable | None:
    """Return the variable of which ``x`` swaps the last two dimensions, or None."""
    node = x.owner
    if node is None or not isinstance(node.op, DimShuffle):
        return None
    ndim = node.inputs[0].type.ndim
    swapped = (*range(ndim - 2), ndim - 1, ndim - 2)
    return node.inputs[0] if ndim >= 2 and node.op.new_order == swapped else None


@register_canonicalize
@node_rewriter([Det, Blockwise])
def det_of_transpose(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``det(x.T) -> det(x)``."""
    if not isinstance(core_of(node.outputs[0]), Det):
        return None
    x = transposed_matrix(node.inputs[0])
    return None if x is None else [node.op(x)]


@register_stabilize
@register_specialize
@node_rewriter([log])
def local_log_det(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``log(det(x)) -> log |det(x)|`` of `slogdet`, NaN where the determinant is negative."""
    [inner] = node.inputs
    of_absolute = scalar_op_of(inner) == ps.abs
    determinant = inner.owner.inputs[0] if of_absolute else inner
    if not isinstance(core_of(determinant), Det):
        return None
    sign, logarithm = slogdet(determinant.owner.inputs[0])
    if not of_absolute:
        logarithm = switch(ge(sign, 0), logarithm, np.asarray(np.nan, dtype=logarithm.type.dtype))
    new = match_type(node.outputs[0], logarithm)
    return None if new is None else [new]


@register_stabilize
@node_rewriter([Dot])
def inv_to_solve(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``inv(a) @ b -> solve(a, b)``, ``b @ inv(a) -> solve(a.T, b.T).T`` for a private inverse."""
    left: Any
    right: Any
    left, right = node.inputs
    new: Any
    if _is_private_inverse(fgraph, left):
        a = left.owner.inputs[0]
        new = solve(a, right, b_ndim=right.type.ndim)
    elif _is_private_inverse(fgraph, right):
        a = right.owner.inputs[0]
        b = left if left.type.ndim == 1 else left.T
        new = solve(a.T, b, b_ndim=b.type.ndim)
        new = new if left.type.ndim == 1 else new.T
    else:
        return None
    new = match_type(node.outputs[0], new)
    return [new] if new is not None and node.outputs[0].type.is_super(new.type) else None


def _is_private_inverse(fgraph: Any, x: Variable) -> bool:
    return isinstance(core_of(x), MatrixInverse) and x.type.ndim == 2 and has_one_client(fgraph, x)
