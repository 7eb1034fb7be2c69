"""Rewrites of reading parts of arrays: useless slices leave, reads move towards the inputs.

A read that stands close to the inputs computes less: ``exp(x)[0]`` becomes ``exp(x[0])``, the read
of a written part becomes the value that was written, the read of a join becomes the read of one
piece.

Index expressions are handled as tuples of entries, each a scalar variable or a slice of scalar
variables and None; `entries_of` takes them out of a node and ``x[entries]`` puts them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import Alloc, ARange, Join, MakeVector, alloc, arange
from pytensorlite.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensorlite.tensor.indexing import (
    FULL_SLICE,
    indices_from_subtensor,
    literal_or_none,
    slice_len,
)
from pytensorlite.tensor.math import Dot
from pytensorlite.tensor.rewriting.basic import (
    INDEXING,
    has_one_client,
    is_same,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.shape import SpecifyShape
from pytensorlite.tensor.special import LogSoftmax, Softmax
from pytensorlite.tensor.subtensor import (
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
)

Entries = tuple[Any, ...]


# -- index expressions -----------------------------------------------------------------------------


def entries_of(node: Apply) -> Entries:
    """Return the index expression of a node that reads or writes a part of an array."""
    first = len(node.inputs) - node.op.n_index_inputs
    return indices_from_subtensor(node.inputs[first:], node.op.idx_list)


def is_full(entry: Any) -> bool:
    """Whether the entry is ``:``."""
    return isinstance(entry, slice) and entry == FULL_SLICE


def same_entries(a: Entries, b: Entries) -> bool:
    """Whether two index expressions are the same, entry for entry."""
    return len(a) == len(b) and all(map(_same_entry, a, b))


def _same_entry(a: Any, b: Any) -> bool:
    if isinstance(a, slice) != isinstance(b, slice):
        return False
    if isinstance(a, slice):
        return all(map(_same_entry, (a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    return is_same(a, b)


def read(x: Any, entries: Sequence[Any]) -> Variable:
    """Return ``x[entries]``, which is ``x`` itself where all entries are full slices."""
    entries = list(entries)
    while entries and is_full(entries[-1]):
        entries.pop()
    return x[tuple(entries)] if entries else x


def _padded(entries: Sequence[Any], ndim: int) -> list[Any]:
    return [*entries, *[FULL_SLICE] * (ndim - len(entries))]


# -- useless reads ---------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Subtensor])
def local_useless_slice(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[0:len(x):1] -> x[:]``, and trailing full slices are dropped."""
    x, entries = node.inputs[0], entries_of(node)
    simpler = [
        _simpler_slice(fgraph, x, d, entry) if isinstance(entry, slice) else entry
        for d, entry in enumerate(entries)
    ]
    if same_entries(tuple(simpler), entries) and not is_full(entries[-1] if entries else None):
        return None
    return _if_type_kept(node, read(x, simpler))


def _simpler_slice(fgraph: Any, x: Variable, d: int, entry: slice) -> slice:
    start, stop, step = entry.start, entry.stop, entry.step
    if literal_or_none(step) == 1:
        step = None
    if step is not None and not (literal_or_none(step) or 0) > 0:
        return slice(start, stop, step)
    if literal_or_none(start) == 0:
        start = None
    if stop is not None and _reaches_end(fgraph, x, d, stop):
        stop = None
    return slice(start, stop, step)


def _reaches_end(fgraph: Any, x: Variable, d: int, stop: Variable) -> bool:
    length, bound = x.type.shape[d], literal_or_none(stop)
    if bound is not None:
        return bound >= 0 and (
            bound == np.iinfo(np.int64).max or (length is not None and bound >= length)
        )
    shapes = shapes_of(fgraph)
    return shapes.same_length(shapes.unpack(stop), shapes.get_shape(x, d))


def _if_type_kept(node: Apply, new: Variable) -> list[Variable] | None:
    copy_stack_trace(node.outputs[0], new)
    return [new] if node.outputs[0].type.is_super(new.type) else None


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_remove_broadcastable_index(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[0] -> x.squeeze(0)`` where that dimension has the static length 1."""
    x, entries = node.inputs[0], entries_of(node)
    dropped = []
    for d, entry in enumerate(entries):
        if is_full(entry):
            continue
        if (
            isinstance(entry, slice)
            or x.type.shape[d] != 1
            or literal_or_none(entry) not in (0, -1)
        ):
            return None
        dropped.append(d)
    order = [d for d in range(x.type.ndim) if d not in dropped]
    return [DimShuffle(input_ndim=x.type.ndim, new_order=order)(x)]


@register_canonicalize
@node_rewriter([Subtensor])
def local_convert_negative_indices(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[-1] -> x[n - 1]`` where the length ``n`` is static."""
    x, entries = node.inputs[0], entries_of(node)
    new = list(entries)
    for d, entry in enumerate(entries):
        index = None if isinstance(entry, slice) else literal_or_none(entry)
        length = x.type.shape[d]
        if index is not None and length is not None and -length <= index < 0:
            new[d] = index + length
    return None if all(a is b for a, b in zip(new, entries, strict=True)) else [read(x, new)]


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([AdvancedSubtensor1])
def local_useless_AdvancedSubtensor1(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[arange(len(x))] -> x``."""
    x, index = node.inputs
    if isinstance(index, Constant):
        if x.type.shape[0] != len(index.data) or not np.array_equal(
            index.data, np.arange(len(index.data))
        ):
            return None
    elif index.owner and isinstance(index.owner.op, ARange):
        start, stop, step = index.owner.inputs
        if literal_or_none(start) != 0 or literal_or_none(step) != 1:
            return None
        shapes = shapes_of(fgraph)
        if not shapes.same_length(shapes.unpack(stop), shapes.get_shape(x, 0)):
            return None
    else:
        return None
    return _if_type_kept(node, x)


@register_canonicalize
@node_rewriter(INDEXING)
def local_index_of_range(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[[0, 1, 2], j] -> x[arange(3), j]``: how an index counts says more than its numbers."""
    first = 1 if isinstance(node.op, AdvancedSubtensor1 | AdvancedSubtensor) else 2
    indices = [_counting(index) for index in node.inputs[first:]]
    if indices == node.inputs[first:]:
        return None
    return _if_type_kept(node, node.op(*node.inputs[:first], *indices))


def _counting(index: Variable) -> Variable:
    """Return ``arange(n)`` for a constant vector that is just that."""
    if not isinstance(index, Constant) or index.type.dtype != "int64" or index.type.ndim != 1:
        return index
    count = len(index.data)
    return arange(count) if count > 1 and np.array_equal(index.data, range(count)) else index


# -- reads of reads --------------------------------------------------------------------------------


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_merge(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x[i][j] -> x[i, j]`` and ``x[2:][3] -> x[5]``, where no bound is symbolic."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, Subtensor)):
        return None
    x, outer = inner.inputs[0], iter(entries_of(node))
    merged: list[Any] = []
    for entry in _padded(entries_of(inner), x.type.ndim):
        if not isinstance(entry, slice):
            merged.append(entry)
            continue
        second = next(outer, FULL_SLICE)
        if is_full(entry) or is_full(second):
            merged.append(second if is_full(entry) else entry)
            continue
        combined = _combined(entry, second)
        if combined is None:
            return None
        merged.append(combined)
    return _if_type_kept(node, read(x, merged))


def _combined(first: slice, second: Any) -> Any:
    """Return the entry equal to ``[first][second]`` if both count from the front, or None."""
    parts = (first.start, first.stop, first.step)
    start, stop, step = (None if part is None else literal_or_none(part) for part in parts)
    if any(part is not None and literal_or_none(part) is None for part in parts):
        return None
    start, step = start or 0, 1 if step is None else step
    if start < 0 or step <= 0 or (stop is not None and stop < 0):
        return None
    if not isinstance(second, slice):
        index = literal_or_none(second)
        if index is None or index < 0 or (stop is not None and start + index * step >= stop):
            return None
        return start + index * step
    parts = (second.start, second.stop, second.step)
    if any(part is not None and (literal_or_none(part) or 0) < 0 for part in parts):
        return None
    if any(part is not None and literal_or_none(part) is None for part in parts):
        return None
    begin, end, stride = (None if part is None else literal_or_none(part) for part in parts)
    if stride is not None and stride <= 0:
        return None
    ends = [e for e in (stop, None if end is None else start + end * step) if e is not None]
    return slice(
        start + (begin or 0) * step,
        min(ends) if ends else None,
        step * (1 if stride is None else stride),
    )


# -- reads of what was made from pieces ------------------------------------------------------------


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_make_vector(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``[a, b, c][1] -> b`` and ``[a, b, c][1:] -> [b, c]``."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, MakeVector)):
        return None
    [entry] = entries_of(node) or [FULL_SLICE]
    if isinstance(entry, slice):
        bounds = [
            None if b is None else literal_or_none(b) for b in (entry.start, entry.stop, entry.step)
        ]
        asked = (entry.start, entry.stop, entry.step)
        if any(b is None and a is not None for a, b in zip(asked, bounds, strict=True)):
            return None
        return _if_type_kept(node, MakeVector(inner.op.dtype)(*inner.inputs[slice(*bounds)]))
    index = literal_or_none(entry)
    if index is None or not -len(inner.inputs) <= index < len(inner.inputs):
        return None
    new = match_type(node.outputs[0], inner.inputs[index])
    return None if new is None else [new]


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_join(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``join(0, x, y)[i] -> x[i]`` or ``y[i - len(x)]`` where static lengths tell which piece."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, Join)):
        return None
    axis = literal_or_none(inner.inputs[0])
    pieces = inner.inputs[1:]
    if axis is None:
        return None
    entries = _padded(entries_of(node), node.inputs[0].type.ndim)
    axis %= node.inputs[0].type.ndim
    wanted = entries[axis]
    span = _span(wanted)
    if span is None or not all(is_full(e) for d, e in enumerate(entries) if d != axis):
        return None
    begin, end = span
    offset = 0
    for piece in pieces:
        length = piece.type.shape[axis]
        if length is None:
            return None
        if offset <= begin and end <= offset + length:
            shifted = (
                slice(begin - offset, end - offset) if isinstance(wanted, slice) else begin - offset
            )
            new = match_type(node.outputs[0], read(piece, [*entries[:axis], shifted]))
            return None if new is None else _if_type_kept(node, new)
        offset += length
    return None


def _span(entry: Any) -> tuple[int, int] | None:
    """Return first and last-plus-one of a constant entry counted from the front, or None."""
    if not isinstance(entry, slice):
        index = literal_or_none(entry)
        return None if index is None or index < 0 else (index, index + 1)
    if entry.step is not None and literal_or_none(entry.step) != 1:
        return None
    begin = 0 if entry.start is None else literal_or_none(entry.start)
    end = None if entry.stop is None else literal_or_none(entry.stop)
    if begin is None or end is None or begin < 0 or end < begin:
        return None
    return begin, end


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``alloc(v, n, m)[i, a:b] -> alloc(v', length of a:b)``."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, Alloc)):
        return None
    value, *lengths = inner.inputs
    entries = _padded(entries_of(node), len(lengths))
    # An integer in a repeated dimension may be out of range: only the array itself would tell.
    offset = len(lengths) - value.type.ndim
    value_entries, new_lengths = [], []
    for d, (entry, length) in enumerate(zip(entries, lengths, strict=True)):
        repeated = d < offset or value.type.shape[d - offset] == 1
        if isinstance(entry, slice):
            new_lengths.append(length if is_full(entry) else slice_len(entry, length))
        elif repeated and not _surely_inside(entry, node.inputs[0].type.shape[d]):
            return None
        if d >= offset:
            value_entries.append(
                (FULL_SLICE if isinstance(entry, slice) else 0) if repeated else entry
            )
    part = read(value, value_entries)
    return _if_type_kept(node, alloc(part, *new_lengths) if new_lengths else part)


def _surely_inside(entry: Any, length: int | None) -> bool:
    index = literal_or_none(entry)
    return index is not None and length is not None and -length <= index < length


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Subtensor])
def local_read_of_write_same_indices(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``set_subtensor(x[i], y)[i] -> y`` and ``inc_subtensor(x[i], y)[i] -> x[i] + y``."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, IncSubtensor)):
        return None
    x, y = inner.inputs[:2]
    if not same_entries(entries_of(node), entries_of(inner)):
        return None
    [out] = node.outputs
    if not inner.op.set_instead_of_inc:
        return _if_type_kept(node, node.op(x, *node.inputs[1:]) + y)
    if may_be_outside(entries_of(node), x):
        return None
    if y.type.broadcastable == out.type.broadcastable:
        # A value of another length than the part is an error that must stay.
        new = match_type(out, y) if shapes_of(fgraph).same_shape(y, out) else None
        return None if new is None else _if_type_kept(node, new)
    if any(length != 1 for length in y.type.shape):
        return None
    return _if_type_kept(node, alloc(y.astype(out.type.dtype), *shapes_of(fgraph).shape(out)))


def may_be_outside(entries: Entries, x: Variable) -> bool:
    """Whether an integer among the entries might be out of range, an error that must stay."""
    return any(
        not isinstance(entry, slice) and not _surely_inside(entry, x.type.shape[d])
        for d, entry in enumerate(entries)
    )


# -- reads move towards the inputs -----------------------------------------------------------------


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_lift(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``f(x, y)[i] -> f(x[i], y[i])`` if nothing else reads ``f(x, y)``."""
    array = node.inputs[0]
    inner = array.owner
    if not (inner and type(inner.op) is Elemwise and len(inner.outputs) == 1):
        return None
    if not has_one_client(fgraph, array):
        return None
    entries = _padded(entries_of(node), array.type.ndim)
    operands = [read(x, _on_operand(x, array, entries)) for x in inner.inputs]
    for part in operands:
        copy_stack_trace(node.outputs[0], part)
    new = inner.op(*operands)
    return _if_type_kept(node, new)


def _on_operand(x: Variable, array: Variable, entries: list[Any]) -> list[Any]:
    """Return the entries for an operand: a dimension that it broadcasts keeps its length of 1."""
    new = []
    for d, entry in enumerate(entries):
        broadcast = x.type.shape[d] == 1 and array.type.shape[d] != 1
        new.append(entry if not broadcast else (FULL_SLICE if isinstance(entry, slice) else 0))
    return new


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_dimshuffle(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x.T[i] -> x[:, i]``: the read moves below the move."""
    array = node.inputs[0]
    inner = array.owner
    if not (inner and isinstance(inner.op, DimShuffle)) or inner.op.drop:
        return None
    x = inner.inputs[0]
    entries = _padded(entries_of(node), array.type.ndim)
    on_x: list[Any] = [FULL_SLICE] * x.type.ndim
    order: list[Any] = []
    for source, entry in zip(inner.op.new_order, entries, strict=True):
        if source == "x":
            if isinstance(entry, slice):
                if not is_full(entry):
                    return None
                order.append("x")
            elif not _surely_inside(entry, 1):
                return None
            continue
        on_x[source] = entry
        if isinstance(entry, slice):
            order.append(source)
    kept = [d for d, entry in enumerate(on_x) if isinstance(entry, slice)]
    part = read(x, on_x)
    order = [i if i == "x" else kept.index(i) for i in order]
    if order != list(range(part.type.ndim)):
        part = DimShuffle(input_ndim=part.type.ndim, new_order=order)(part)
    return _if_type_kept(node, part)


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_reduce(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``sum(x, axis=1)[i] -> sum(x[i], axis=0)`` if nothing else reads the sum."""
    array = node.inputs[0]
    inner = array.owner
    if not (inner and isinstance(inner.op, CAReduce)) or not has_one_client(fgraph, array):
        return None
    x, axes = inner.inputs[0], inner.op.axis
    if axes is None:
        return None
    remaining = iter(_padded(entries_of(node), array.type.ndim))
    on_x = [FULL_SLICE if d in axes else next(remaining) for d in range(x.type.ndim)]
    gone = [d for d, entry in enumerate(on_x) if not isinstance(entry, slice)]
    new_axes = [a - sum(d < a for d in gone) for a in axes]
    return _if_type_kept(node, inner.op.clone(axis=new_axes)(read(x, on_x)))


@register_stabilize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_dot(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``dot(x, y)[i, j] -> dot(x[i], y[:, j])`` if nothing else reads the product."""
    array = node.inputs[0]
    inner = array.owner
    if not (inner and isinstance(inner.op, Dot)) or not has_one_client(fgraph, array):
        return None
    x, y = inner.inputs
    entries = _padded(entries_of(node), array.type.ndim)
    if x.type.ndim == 2:
        x = read(x, entries[:1])
        entries = entries[1:]
    if y.type.ndim == 2:
        y = read(y, [FULL_SLICE, *entries[:1]])
    return _if_type_kept(node, inner.op(x, y))


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_of_softmax(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``softmax(x, axis=1)[i] -> softmax(x[i], axis=0)`` if nothing else reads the softmax."""
    array = node.inputs[0]
    inner = array.owner
    if not (inner and isinstance(inner.op, Softmax | LogSoftmax)) or not has_one_client(
        fgraph, array
    ):
        return None
    axes = inner.op.axis
    if axes is None or len(axes) != 1:
        return None
    [axis] = axes
    entries = _padded(entries_of(node), array.type.ndim)
    if not is_full(entries[axis]):
        return None
    gone = sum(not isinstance(entry, slice) for entry in entries[:axis])
    part = read(inner.inputs[0], entries)
    return _if_type_kept(node, type(inner.op)(axis=axis - gone)(part))


@register_canonicalize
@register_specialize
@node_rewriter([Subtensor])
def local_subtensor_SpecifyShape_lift(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``specify_shape(x, s)[i] -> specify_shape(x[i], s[1:])`` for integers in front."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, SpecifyShape)):
        return None
    x, *lengths = inner.inputs
    entries = entries_of(node)
    if any(isinstance(entry, slice) and not is_full(entry) for entry in entries):
        return None
    checked = [d for d, length in enumerate(lengths) if hasattr(length.type, "dtype")]
    kept = [d for d, e in enumerate(_padded(entries, x.type.ndim)) if isinstance(e, slice)]
    if not set(checked) <= set(kept):
        return None
    part = read(x, entries)
    return _if_type_kept(node, inner.op(part, *[lengths[d] for d in kept]))
