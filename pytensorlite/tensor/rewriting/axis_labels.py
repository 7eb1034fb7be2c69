"""Which dimensions of which variables run together: labels by union-find.

Two dimensions carry the same label when some op makes them equal for every value of the inputs:
the operands of an element-wise op, a matrix's columns and the vector it multiplies, an index and
what it gathers.  A dimension of static length 1 that broadcasts carries none.  A variable may not
carry one label twice (``x + x.T`` would need the diagonal only): the node that asks for it is
refused, and the fuser puts it into the next region.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.tensor.basic import Alloc, ARange, Join
from pytensorlite.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensorlite.tensor.indexing import indices_from_subtensor
from pytensorlite.tensor.math import Dot
from pytensorlite.tensor.rewriting.positions import Positions
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
)

Labels = tuple[int | None, ...]


class AxisLabels:
    """Labels of the dimensions of variables, unified as nodes are added."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._carriers: list[set[object]] = []  # of each root: who has it on a dimension
        self._parts: dict[tuple[Apply, int], int] = {}  # of axes that a node writes to in part
        self._labels: dict[Variable, Labels] = {}

    def __contains__(self, variable: Variable) -> bool:
        return variable in self._labels

    def __getitem__(self, variable: Variable) -> Labels:
        """Return the labels of `variable`, one per dimension, None where it broadcasts."""
        if variable not in self._labels:
            self._set(variable, [self._fresh() if n != 1 else None for n in variable.type.shape])
        return tuple(None if x is None else self.find(x) for x in self._labels[variable])

    def find(self, label: int) -> int:
        """Return the representative of `label`."""
        parent = self._parent
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    def add(self, node: Apply) -> bool:
        """Take in `node`; False if some variable would carry a label twice.

        A refused node leaves harmless unions behind: they are equalities that the graph implies.
        """
        return RULES[kind(node) or ""](self, node)

    def unify(self, first: int | None, second: int | None) -> bool:
        """Make two labels one, unless a variable carries both."""
        if first is None or second is None:
            return True
        first, second = self.find(first), self.find(second)
        if first == second:
            return True
        small, large = sorted((first, second), key=lambda label: len(self._carriers[label]))
        if not self._carriers[small].isdisjoint(self._carriers[large]):
            return False
        self._parent[small] = large
        self._carriers[large] |= self._carriers[small]
        self._carriers[small] = set()
        return True

    def _fresh(self) -> int:
        self._parent.append(len(self._parent))
        self._carriers.append(set())
        return len(self._parent) - 1

    def _set(self, variable: Variable, labels: Iterable[int | None]) -> bool:
        labels = tuple(labels)
        roots = [self.find(x) for x in labels if x is not None]
        if len(set(roots)) != len(roots):
            return False
        self._labels[variable] = labels
        for root in roots:
            self._carriers[root].add(variable)
        return True

    # -- one rule a family of ops ------------------------------------------------------------------

    def _elemwise(self, node: Apply) -> bool:
        operands = [self[x] for x in node.inputs]
        result: list[int | None] = []
        for axis in range(node.outputs[0].type.ndim):
            labels = [labels[axis] for labels in operands if labels[axis] is not None]
            if any(not self.unify(labels[0], label) for label in labels[1:]):
                return False
            result.append(labels[0] if labels else None)
        return all(self._set(out, result) for out in node.outputs)

    def _dimshuffle(self, node: Apply) -> bool:
        labels = self[node.inputs[0]]
        order = node.op.new_order
        return self._set(node.outputs[0], [None if i == "x" else labels[i] for i in order])

    def _reduce(self, node: Apply) -> bool:
        labels = self[node.inputs[0]]
        axes = reduced_axes(node)
        kept = [label for axis, label in enumerate(labels) if axis not in axes]
        return self._set(node.outputs[0], kept)

    def _dot(self, node: Apply) -> bool:
        left, right = (self[x] for x in node.inputs)
        if not self.unify(left[-1], right[0]):
            return False
        summed = right[0] if left[-1] is None else left[-1]
        kept = [*left[:-1], *right[1:]]
        return self._keep_apart([summed, *kept], node) and self._set(node.outputs[0], kept)

    def _gather(self, node: Apply) -> bool:
        index = Indexing(node)
        places = self._places(index)
        return places is not None and self._set(node.outputs[0], places)

    def _scatter(self, node: Apply) -> bool:
        index = Indexing(node)
        places = self._places(index)
        written = index.values
        if places is None or written is None or written.type.ndim > len(places):
            return False
        values = self[written]
        written_places = places[len(places) - len(values) :]
        if not all(self._runs_along(a, b) for a, b in zip(written_places, values, strict=True)):
            return False
        return self._keep_apart(places, node) and self._set(node.outputs[0], self[index.array])

    def _keep_apart(self, places: Iterable[int | None], carrier: object) -> bool:
        """Let the labels of places that are no variable stay as different as if they were."""
        roots = [self.find(label) for label in places if label is not None]
        if len(set(roots)) != len(roots):
            return False
        for root in roots:
            self._carriers[root].add(carrier)
        return True

    def _write(self, node: Apply) -> bool:
        array, values = node.inputs[:2]
        places = self.written_places(node)
        written = places[len(places) - values.type.ndim :]
        if not all(self._runs_along(a, b) for a, b in zip(written, self[values], strict=True)):
            return False
        return self._keep_apart(places, node) and self._set(node.outputs[0], self[array])

    def written_places(self, node: Apply) -> list[int | None]:
        """Return the labels of ``x[index]`` that a node writes to, one per dimension."""
        places = []
        for axis, (label, entry) in enumerate(
            zip(self[node.inputs[0]], written_entries(node), strict=True)
        ):
            if not isinstance(entry, slice):
                continue
            if entry != slice(None):
                if (node, axis) not in self._parts:
                    self._parts[node, axis] = self._fresh()
                label = self._parts[node, axis]
            places.append(None if label is None else self.find(label))
        return places

    def _join(self, node: Apply) -> bool:
        axis, whole = joined_axis(node), list(self[node.outputs[0]])
        for number, part in enumerate(node.inputs[1:]):
            labels = self[part]
            for i, (place, label) in enumerate(zip(whole, labels, strict=True)):
                if i != axis and not self._runs_along(place, label):
                    return False
            if not self._keep_apart(labels, (node, number)):
                return False
        return self._set(node.outputs[0], whole)

    def _places(self, index: Indexing) -> list[int | None] | None:
        """Return the labels of ``array[entries]``, None if the index arrays cannot share theirs."""
        common: list[int | None] = [None] * index.rank
        for axis in index.positions:
            labels = self[index.variable(axis)]
            for place, label in enumerate(labels, start=index.rank - len(labels)):
                if not self.unify(common[place], label):
                    return None
                common[place] = label if common[place] is None else common[place]
        kept = self[index.array]
        places = [kept[axis] for axis in index.kept]
        places[index.first : index.first] = common
        return places

    def _range(self, node: Apply) -> bool:
        return self._set(node.outputs[0], self[node.outputs[0]])

    def _alloc(self, node: Apply) -> bool:
        value, (out,) = self[node.inputs[0]], node.outputs
        labels = list(self[out])
        for axis, label in enumerate(value, start=len(labels) - len(value)):
            if not self._runs_along(labels[axis], label):
                return False
        return self._set(out, labels)

    def _runs_along(self, place: int | None, label: int | None) -> bool:
        """Unify the labels of a place and of what is written there, if loops over it reach both."""
        if place is None and label is not None:
            return False  # a single place, and a length that only the caller knows to be 1
        return self.unify(place, label)


class Indexing:
    """What an op that indexes by arrays reads or writes, in one form for all four of them.

    Attributes
    ----------
    array, values
        The array that is indexed, and what is written to it (None for reading).
    entries
        For each axis of the array, an integer variable or a full slice.
    positions, kept
        The axes that have a variable, and the others.
    rank, first
        How many dimensions the index arrays make together, and where in the result they stand:
        where they are, or in front if something stands between them.
    """

    def __init__(self, node: Apply):
        self.array = node.inputs[0]
        is_write = isinstance(node.op, AdvancedIncSubtensor | AdvancedIncSubtensor1)
        self.values = node.inputs[1] if is_write else None
        variables = node.inputs[1 + is_write :]
        if isinstance(node.op, AdvancedSubtensor1 | AdvancedIncSubtensor1):
            entries = list(variables)
        else:
            entries = list(indices_from_subtensor(variables, node.op.idx_list))
        ndim = self.array.type.ndim
        self.entries = entries + [slice(None)] * (ndim - len(entries))
        self.positions = [i for i, e in enumerate(self.entries) if not isinstance(e, slice)]
        self.kept = [i for i in range(ndim) if i not in self.positions]
        self.rank = max(self.variable(i).type.ndim for i in self.positions)
        low, high = self.positions[0], self.positions[-1]
        self.first = low if high - low + 1 == len(self.positions) else 0

    def variable(self, axis: int) -> Variable:
        """Return the index array of an axis that has one."""
        entry = self.entries[axis]
        assert not isinstance(entry, slice)
        return entry

    @property
    def is_plain(self) -> bool:
        """Whether only whole axes stand beside integer arrays."""
        return (
            all(
                entry == slice(None) if isinstance(entry, slice) else entry.type.dtype != "bool"
                for entry in self.entries
            )
            and len(self.entries) == self.array.type.ndim
        )


def written_entries(node: Apply) -> list[Any]:
    """Return a slice or a position for each axis of the array that a node writes to."""
    entries = list(indices_from_subtensor(node.inputs[2:], node.op.idx_list))
    return entries + [slice(None)] * (node.inputs[0].type.ndim - len(entries))


def _writes_evenly(node: Apply) -> bool:
    """Whether the slices that a node writes to have steps that are known, and room enough."""
    entries = [entry for entry in written_entries(node) if isinstance(entry, slice)]
    steps = [entry.step for entry in entries if entry.step is not None]
    known = all(isinstance(s, int) or (isinstance(s, Constant) and s.data != 0) for s in steps)
    return known and node.inputs[1].type.ndim <= len(entries)


def joined_axis(node: Apply) -> int:
    """Return the axis of a join, which is a constant, counted from the front."""
    axis = node.inputs[0]
    assert isinstance(axis, Constant)
    return int(axis.data) % node.outputs[0].type.ndim


def reduced_axes(node: Apply) -> tuple[int, ...]:
    """Return the axes that a reduction sums over, all of them spelled out."""
    axis = node.op.axis
    return tuple(range(node.inputs[0].type.ndim)) if axis is None else tuple(axis)


def kind(node: Apply) -> str | None:
    """Return the family of `node` if it can be a member of a loop nest, else None."""
    op = node.op
    if isinstance(op, Elemwise):
        return "elemwise" if _has_template(node) else None
    if isinstance(op, DimShuffle):
        # What is dropped must have no label: a length that is unknown has to be checked first.
        known = all(node.inputs[0].type.shape[axis] == 1 for axis in op.drop)
        return "dimshuffle" if known else None
    if isinstance(op, CAReduce):
        return (
            "reduce" if op.scalar_op.c is not None and op.scalar_op.identity is not None else None
        )
    if isinstance(op, Dot):
        # Matrix times matrix has work to spare for each byte: that is for BLAS.
        vector = any(x.type.ndim == 1 for x in node.inputs)
        return "dot" if vector else None
    if isinstance(op, AdvancedSubtensor | AdvancedSubtensor1):
        return "gather" if Indexing(node).is_plain else None
    if isinstance(op, AdvancedIncSubtensor | AdvancedIncSubtensor1):
        index = Indexing(node)
        # Loops may change places: of two writes to one position another one would be the last.
        ordered = index.rank > 1 and op.set_instead_of_inc
        ordered |= getattr(op, "ignore_duplicates", False)
        return "scatter" if index.is_plain and not ordered else None
    if isinstance(op, IncSubtensor):
        return "write" if _writes_evenly(node) else None
    if isinstance(op, Join):
        return "join" if isinstance(node.inputs[0], Constant) else None
    if isinstance(op, Positions):
        return "range"
    if isinstance(op, ARange):
        return "range" if _counts_from_zero(node) else None
    if isinstance(op, Alloc):
        return "alloc"
    return None


def _counts_from_zero(node: Apply) -> bool:
    start, _, step = node.inputs
    return (
        isinstance(start, Constant)
        and isinstance(step, Constant)
        and start.data == 0
        and step.data == 1
        and node.outputs[0].type.dtype == "int64"
    )


def _has_template(node: Apply) -> bool:
    if len(node.outputs) != 1:
        return False
    dtypes = [x.type.dtype for x in node.inputs]
    return node.op.scalar_op.c_for(dtypes, node.outputs[0].type.dtype) is not None


RULES = {
    "elemwise": AxisLabels._elemwise,
    "dimshuffle": AxisLabels._dimshuffle,
    "reduce": AxisLabels._reduce,
    "dot": AxisLabels._dot,
    "gather": AxisLabels._gather,
    "scatter": AxisLabels._scatter,
    "write": AxisLabels._write,
    "join": AxisLabels._join,
    "range": AxisLabels._range,
    "alloc": AxisLabels._alloc,
}
