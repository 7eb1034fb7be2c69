"""Rewrites of writing into parts of arrays: ``set_subtensor``, ``inc_subtensor`` and their gradients.

The derivative of reading a part is an array of zeros increased at that part. Where several parts of
one array are read, those arrays are added: here the additions become one array written several times.
"""

from __future__ import annotations

from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import second
from pytensorlite.tensor.math import add
from pytensorlite.tensor.rewriting.basic import (
    has_one_client,
    is_zero,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.rewriting.subtensor import entries_of, is_full, same_entries
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
)

WRITES = (IncSubtensor, AdvancedIncSubtensor1, AdvancedIncSubtensor)
READS = {IncSubtensor: Subtensor, AdvancedIncSubtensor1: AdvancedSubtensor1, AdvancedIncSubtensor: AdvancedSubtensor}


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([IncSubtensor])
def local_useless_inc_subtensor(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``set_subtensor(x[:], y) -> y`` and ``inc_subtensor(x[:], y) -> x + y``."""
    x, y = node.inputs[:2]
    [out] = node.outputs
    if not all(is_full(entry) for entry in entries_of(node)):
        return None
    if y.type.broadcastable != out.type.broadcastable:
        new = second(x, y) if node.op.set_instead_of_inc else add(x, y)
    elif node.op.set_instead_of_inc:
        # A value of another length than the array is an error that must stay.
        new = y if shapes_of(fgraph).same_shape(x, y) else second(x, y)
    else:
        new = add(x, y)
    new = match_type(out, new)
    return [new] if new is not None and out.type.is_super(new.type) else None


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter(list(WRITES))
def local_useless_write(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``set_subtensor(x[i], x[i]) -> x``."""
    x, y = node.inputs[:2]
    source = y.owner
    if source is None or not getattr(node.op, "set_instead_of_inc", False):
        return None
    if type(source.op) is not READS[type(node.op)] or source.inputs[0] is not x:
        return None
    return [x] if _same_place(node, 2, source, 1) else None


@register_canonicalize("zero_sign")
@register_stabilize("zero_sign")
@node_rewriter(list(WRITES))
def local_incsubtensor_of_zeros(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``inc_subtensor(x[i], 0) -> x`` for basic indices that cannot be out of range."""
    x, y = node.inputs[:2]
    if node.op.set_instead_of_inc or not is_zero(y):
        return None
    safe = isinstance(node.op, IncSubtensor) and all(isinstance(e, slice) for e in entries_of(node))
    return [x] if safe and all(length == 1 for length in y.type.shape) else None


@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([IncSubtensor])
def local_incsubtensor_of_zeros_to_setsubtensor(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``inc_subtensor(zeros[i], y) -> set_subtensor(zeros[i], y)``: basic indices meet nothing twice."""
    if node.op.set_instead_of_inc or not is_zero(node.inputs[0]):
        return None
    setter = IncSubtensor(node.op.idx_list, inplace=node.op.inplace, set_instead_of_inc=True)
    return [setter(*node.inputs)]


@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter(list(WRITES))
def local_write_of_write_same_indices(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``set(set(x[i], y)[i], z) -> set(x[i], z)`` and ``inc(set(x[i], y)[i], z) -> set(x[i], y + z)``."""
    inner = node.inputs[0].owner
    if inner is None or type(inner.op) is not type(node.op) or not _same_place(node, 2, inner, 2):
        return None
    if not has_one_client(fgraph, node.inputs[0]):
        return None
    x, old = inner.inputs[:2]
    new = node.inputs[1]
    if node.op.set_instead_of_inc:
        return [node.op(x, new, *node.inputs[2:])]
    if not isinstance(node.op, IncSubtensor) or node.inputs[0].type.dtype != x.type.dtype:
        return None
    # Writing to a narrower dtype rounds each value; their sum would be rounded once.
    if old.type.dtype != x.type.dtype or new.type.dtype != x.type.dtype:
        return None
    if inner.op.set_instead_of_inc:
        return [inner.op(x, old + new, *node.inputs[2:])]
    return None


@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([add])
def local_add_of_sparse_write(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x + inc_subtensor(zeros[i], y) -> inc_subtensor(x[i], y)``: no array of zeros is made and added."""
    [out] = node.outputs
    operands = list(node.inputs)
    written = [x for x in operands if _is_sparse_write(fgraph, x, out)]
    if not written:
        return None
    rest = [x for x in operands if x not in written]
    if not any(_fills(fgraph, x, out) for x in rest):
        # All parts are written into one array of zeros, the first one's.
        rest = [written.pop(0)]
    total = rest[0] if len(rest) == 1 else add(*rest)
    if not written or total.type.dtype != out.type.dtype:
        return None
    for x in written:
        write = x.owner
        total = _as_increment(write.op)(total, write.inputs[1], *write.inputs[2:])
        copy_stack_trace(out, total)
    return [total] if out.type.is_super(total.type) else None


def _is_sparse_write(fgraph: Any, x: Variable, out: Variable) -> bool:
    node = x.owner
    if node is None or not isinstance(node.op, WRITES) or not is_zero(node.inputs[0]):
        return False
    if x.type.dtype != out.type.dtype or x.type.broadcastable != out.type.broadcastable:
        return False
    # Setting an advanced index keeps the last of equal positions, increasing adds them all up.
    if node.op.set_instead_of_inc and not isinstance(node.op, IncSubtensor):
        return False
    return has_one_client(fgraph, x)


def _fills(fgraph: Any, x: Variable, out: Variable) -> bool:
    return x.type.broadcastable == out.type.broadcastable


def _as_increment(op: Any) -> Any:
    if not op.set_instead_of_inc:
        return op
    return IncSubtensor(op.idx_list, inplace=False, set_instead_of_inc=False)


def _same_place(a: Apply, first_a: int, b: Apply, first_b: int) -> bool:
    """Whether two nodes index the same part of their arrays."""
    if a.op.idx_list != b.op.idx_list:
        return False
    return same_entries(tuple(a.inputs[first_a:]), tuple(b.inputs[first_b:]))
