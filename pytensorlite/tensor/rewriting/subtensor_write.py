"""Rewrites of writing into parts of arrays: ``set_subtensor``, ``inc_subtensor``.

The derivative of reading a part is an array of zeros increased at that part. Where several parts of
one array are read, those arrays are added: here the additions become one array written several
times.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import Alloc, ARange, alloc, constant, second
from pytensorlite.tensor.math import Sum, add, neg, sub
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    has_one_client,
    is_zero,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.rewriting.subtensor import (
    entries_of,
    is_full,
    may_be_outside,
    same_entries,
)
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
)

WRITES = (IncSubtensor, AdvancedIncSubtensor1, AdvancedIncSubtensor)
READS: dict[type, type] = {
    IncSubtensor: Subtensor,
    AdvancedIncSubtensor1: AdvancedSubtensor1,
    AdvancedIncSubtensor: AdvancedSubtensor,
}


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
    if not isinstance(node.op, IncSubtensor) or may_be_outside(entries_of(node), x):
        return None  # an index out of range is an error that must stay
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
    """``inc_subtensor(zeros[i], y) -> set_subtensor(zeros[i], y)`` for basic indices."""
    if node.op.set_instead_of_inc or not is_zero(node.inputs[0]):
        return None
    setter = IncSubtensor(node.op.idx_list, inplace=node.op.inplace, set_instead_of_inc=True)
    return [setter(*node.inputs)]


@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter(list(WRITES))
def local_write_of_write_same_indices(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``set(set(x[i], y)[i], z) -> set(x[i], z)`` and ``inc(set(x[i], y)[i], z)`` likewise."""
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


@register_canonicalize
@register_specialize
@node_rewriter(list(WRITES))
def local_useless_inc_subtensor_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``inc_subtensor(x[i], alloc(v, n)) -> inc_subtensor(x[i], v)``: a write repeats ``v``."""
    x, y, *indices = node.inputs
    value = filled_value(y)
    if value is None or value.type.dtype != y.type.dtype:
        return None
    reader = READS[type(node.op)]
    part = reader(*(() if reader is AdvancedSubtensor1 else (node.op.idx_list,)))(x, *indices)
    shapes = shapes_of(fgraph)
    if part.type.ndim != y.type.ndim or not shapes.same_shape(part, y):
        return None
    new = node.op(x, value, *indices)
    return [new] if node.outputs[0].type.is_super(new.type) else None


def filled_value(x: Variable) -> Variable | None:
    """Return the value that ``x`` repeats, or None."""
    if x.owner is not None and isinstance(x.owner.op, Alloc):
        return x.owner.inputs[0]
    return x.owner.inputs[1] if scalar_op_of(x) == ps.second else None


@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([sub])
def local_sub_of_sparse_write(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``inc_subtensor(zeros[i], y) - x -> inc_subtensor((0 - x)[i], y)``, and so on the right."""
    [out] = node.outputs
    x, y = node.inputs
    # Not -y: where y is zero, 0 - y is 0.0.
    zero = constant(0, dtype=out.type.dtype)
    if _is_sparse_write(fgraph, x, out) and _fills(y, out):
        write, target, value = x.owner, sub(zero, y), x.owner.inputs[1]
    elif _is_sparse_write(fgraph, y, out) and _fills(x, out):
        write, target, value = y.owner, x, neg(y.owner.inputs[1])
    else:
        return None
    new = _as_increment(write.op)(target, value, *write.inputs[2:])
    return [new] if new.type.dtype == out.type.dtype and out.type.is_super(new.type) else None


@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([Sum])
def local_sum_of_sparse_write(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(inc_subtensor(zeros[arange(n), j], y), axis=1) -> y``: one write in each row."""
    write = node.inputs[0].owner
    if write is None or not isinstance(write.op, AdvancedIncSubtensor) or node.op.axis != (1,):
        return None
    if has_one_client(fgraph, node.inputs[0]):
        return None  # nothing else would notice an index out of range
    if write.op.set_instead_of_inc or write.op.ignore_duplicates or write.op.idx_list != (0, 1):
        return None
    zeros, y, rows, columns = write.inputs
    [out] = node.outputs
    if not is_zero(zeros) or zeros.type.ndim != 2 or y.type.dtype != out.type.dtype:
        return None
    if (
        columns.type.ndim != 1
        or columns.type.dtype == "bool"
        or not _counts_rows(fgraph, rows, zeros)
    ):
        return None
    new = y if _fills(y, out) else alloc(y, *shapes_of(fgraph).shape(out))
    return [new] if out.type.is_super(new.type) else None


def _counts_rows(fgraph: Any, rows: Variable, array: Variable) -> bool:
    """Whether ``rows`` is ``arange(len(array))``."""
    if rows.owner is None or not isinstance(rows.owner.op, ARange):
        return False
    start, stop, step = rows.owner.inputs
    shapes = shapes_of(fgraph)
    same = shapes.same_length(shapes.unpack(stop), shapes.get_shape(array, 0))
    return constant_value(start) == 0 and constant_value(step) == 1 and same


@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([add])
def local_add_of_sparse_write(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x + inc_subtensor(zeros[i], y) -> inc_subtensor(x[i], y)``: no zeros are added."""
    [out] = node.outputs
    operands = list(node.inputs)
    written = [x for x in operands if _is_sparse_write(fgraph, x, out)]
    if not written:
        return None
    rest = [x for x in operands if x not in written]
    if not any(_fills(x, out) for x in rest):
        # The array to write into is the first of zeros; what broadcasts against it is added first.
        rest.insert(0, written.pop(0))
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


def _fills(x: Variable, out: Variable) -> bool:
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
