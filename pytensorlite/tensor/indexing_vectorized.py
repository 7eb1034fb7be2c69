"""How indexing meets a batch: of arrays, of indices, of values to write.

One construction serves all cases. Where only the array is a batch, full slices in front of the
index pass over it. Where integers of the index are a batch too, counters in front of them walk
through the batch of the array, and all broadcast together; what NumPy then puts in front is moved
to its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.basic import ScalarType
from pytensorlite.tensor.alike import alike
from pytensorlite.tensor.basic import alloc, arange, tensor_from_scalar
from pytensorlite.tensor.indexing import (
    FULL_SLICE,
    is_mask,
    non_consecutive,
    unflatten_index_variables,
)
from pytensorlite.tensor.indexing_advanced import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
)
from pytensorlite.tensor.indexing_basic import IncSubtensor, Subtensor
from pytensorlite.tensor.variable import TensorVariable


def _without_batch(index: Any, core: Any, x_ndim: int) -> Any:
    """Return an index without its batch if it is alike in it and the array has the batch."""
    ndim = index.type.ndim - core.type.ndim
    found = alike(index, ndim) if ndim <= x_ndim else None
    return index if found is None else found


class _BatchedIndex:
    """An index expression for a whole batch, and where its result has the axes of the core's.

    Parameters
    ----------
    op : Op
        The core's indexing op.
    core : sequence of Variable
        The index inputs of the core.
    batched : sequence of Variable
        The same, some of them with further dimensions in front.
    x_ndim : int
        How many batch dimensions the indexed array has.
    lengths : sequence
        The batch lengths of the indexed array.
    """

    def __init__(
        self, op: Any, core: Sequence[Any], batched: Sequence[Any], x_ndim: int, lengths: Any
    ):
        core, batched = ([_as_tensor(v) for v in variables] for variables in (core, batched))
        # Positions that come from lengths are the same in the whole batch.
        batched = [_without_batch(b, c, x_ndim) for b, c in zip(batched, core, strict=True)]
        core_entries = unflatten_index_variables(core, op.idx_list)
        entries = unflatten_index_variables(batched, op.idx_list)
        extra = [b.type.ndim - c.type.ndim for b, c in zip(batched, core, strict=True)]
        self.ndim = max([x_ndim, *extra])
        arrays = [e for e in core_entries if not isinstance(e, slice)]
        self.width = _width(arrays)
        self.n_slices = sum(isinstance(e, slice) for e in core_entries)
        # Where the core's result has the common axes of its index arrays.
        self.in_front = non_consecutive(core_entries) or not isinstance(
            next(iter(core_entries), None), slice
        )
        self.leading = 0 if self.in_front else _leading_slices(core_entries)
        if not any(extra):
            self._pass_over(entries, bool(arrays))
        else:
            self._count_through(core_entries, entries, x_ndim, lengths)

    def _pass_over(self, entries: Sequence[Any], advanced: bool) -> None:
        self.entries = [FULL_SLICE] * self.ndim + list(entries)
        self.moves = advanced and self.width > 0 and non_consecutive(entries)
        self.front = 0

    def _count_through(
        self, core: Sequence[Any], entries: Sequence[Any], x_ndim: int, lengths: Any
    ) -> None:
        counters = []
        for axis in range(x_ndim):
            counter = arange(lengths[axis], dtype="int64")
            counters.append(counter.dimshuffle([0, *["x"] * (x_ndim - axis - 1 + self.width)]))
        aligned = [self._aligned(c, e) for c, e in zip(core, entries, strict=True)]
        self.entries = counters + aligned
        self.moves = True
        self.front = self.ndim
        # Without counters the arrays stay where they were, the batch in front of their axes.
        self.arrays_at = 0 if x_ndim or self.in_front else self.leading

    def _aligned(self, core: Any, entry: Any) -> Any:
        if isinstance(entry, slice):
            if any(
                part is not None and part.type.ndim
                for part in (entry.start, entry.stop, entry.step)
            ):
                raise NotImplementedError(
                    "The bounds of a slice cannot differ within a batch: its elements would "
                    "differ in length."
                )
            return entry
        extra = entry.type.ndim - core.type.ndim
        if is_mask(core):
            if extra:
                raise NotImplementedError(
                    "A mask cannot differ within a batch: the results would in length."
                )
            return entry
        pad = self.width - core.type.ndim
        return entry.dimshuffle([*range(extra), *["x"] * pad, *range(extra, entry.type.ndim)])

    def order(self, rank: int) -> list[int] | None:
        """Return the axes of the result, batch first, then as in the core; None if they are so."""
        if not self.moves:
            return None
        if self.front:
            return self._order_of_counted(rank)
        # The arrays' axes came in front of the batch.
        arrays = list(range(self.width))
        batch = list(range(self.width, self.width + self.ndim))
        others = list(range(self.width + self.ndim, rank))
        return [*batch, *arrays, *others]

    def _order_of_counted(self, rank: int) -> list[int]:
        at = self.arrays_at
        batch = list(range(at, at + self.ndim))
        arrays = list(range(at + self.ndim, at + self.ndim + self.width))
        others = [axis for axis in range(rank) if axis not in batch and axis not in arrays]
        position = 0 if self.in_front else self.leading
        return [*batch, *others[:position], *arrays, *others[position:]]


def _as_tensor(variable: Any) -> Any:
    return tensor_from_scalar(variable) if isinstance(variable.type, ScalarType) else variable


def _width(arrays: Sequence[Any]) -> int:
    return max((1 if is_mask(a) else a.type.ndim for a in arrays), default=0)


def _leading_slices(entries: Sequence[Any]) -> int:
    count = 0
    for entry in entries:
        if not isinstance(entry, slice):
            break
        count += 1
    return count


@_vectorize_node.register(Subtensor)
@_vectorize_node.register(AdvancedSubtensor)
@_vectorize_node.register(AdvancedSubtensor1)
def vectorize_reading(op: Any, node: Apply, x: TensorVariable, *indices: Variable) -> Any:
    """Read the same part, or each its own part, of every element of the batch."""
    x_ndim = x.type.ndim - node.inputs[0].type.ndim
    lengths = [x.shape[axis] for axis in range(x_ndim)]
    index = _BatchedIndex(op, node.inputs[1:], indices, x_ndim, lengths)
    part = x[tuple(index.entries)]
    order = index.order(part.type.ndim)
    return [part if order is None else part.dimshuffle(order)]


@_vectorize_node.register(IncSubtensor)
@_vectorize_node.register(AdvancedIncSubtensor)
@_vectorize_node.register(AdvancedIncSubtensor1)
def vectorize_writing(
    op: Any, node: Apply, x: TensorVariable, y: TensorVariable, *indices: Variable
) -> Any:
    """Write to every element of the batch; an array that is no batch becomes one."""
    core_x, core_y, *core_indices = node.inputs
    x_ndim, y_ndim = x.type.ndim - core_x.type.ndim, y.type.ndim - core_y.type.ndim
    extra = [
        getattr(b.type, "ndim", 0) - getattr(c.type, "ndim", 0)
        for b, c in zip(indices, core_indices, strict=True)
    ]
    ndim = max([x_ndim, y_ndim, *extra])
    lengths = _batch_lengths(ndim, [(x, x_ndim), (y, y_ndim), *zip(indices, extra, strict=True)])
    if x_ndim < ndim or any(x.type.shape[axis] == 1 for axis in range(ndim)):
        core_shape = [x.shape[axis] for axis in range(x_ndim, x.type.ndim)]
        x = alloc(x.dimshuffle(_padding(x_ndim, ndim, 0, x.type.ndim)), *lengths, *core_shape)
    index = _BatchedIndex(op, core_indices, indices, ndim, lengths)
    part = x[tuple(index.entries)]
    rank = part.type.ndim
    y = y.dimshuffle(_padding(y_ndim, ndim, rank - ndim - core_y.type.ndim, y.type.ndim))
    order = index.order(rank)
    if order is not None:
        y = y.dimshuffle([order.index(axis) for axis in range(rank)])
    if op.set_instead_of_inc:
        return [part.set(y)]
    ignored = getattr(op, "ignore_duplicates", False)
    return [part.inc(y, ignore_duplicates=True) if ignored else part.inc(y)]


def _padding(own: int, batch: int, missing: int, ndim: int) -> list[Any]:
    """Return the pattern that widens a batch, and leaves room between it and the core."""
    return [*["x"] * (batch - own), *range(own), *["x"] * missing, *range(own, ndim)]


def _batch_lengths(ndim: int, sources: Sequence[tuple[Any, int]]) -> list[Any]:
    """Return the lengths of the batch, each from the first source that does not broadcast there."""
    lengths: list[Any] = []
    for axis in range(-ndim, 0):
        found: Any = 1
        for variable, own in sources:
            position = own + axis
            if position >= 0 and variable.type.shape[position] != 1:
                found = variable.shape[position]
                break
        lengths.append(found)
    return lengths
