"""The axes of a region: which of them run together, and how long each one is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytensorlite.cgen.index import Index
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.link.c.integers import integer, range_length, refuse_negative
from pytensorlite.link.c.plan import NoLowering, Plan, SizeUnknown
from pytensorlite.link.c.slices import Selection, select
from pytensorlite.scalar.type import ScalarType
from pytensorlite.tensor.basic import ARange
from pytensorlite.tensor.rewriting.axis_labels import (
    AxisLabels,
    Indexing,
    joined_axis,
    kind,
    written_entries,
)

WRITTEN = "cannot write a value of length {0} to a part of length {1}"
MISMATCH = "Input dimension mismatch: one dimension has length {0}, another that must equal it {1}"


class Axes:
    """Labels of the variables of a region, and the length of each label.

    Parameters
    ----------
    plan
        The program, which checks lengths that must agree.
    nodes
        Members, in order.
    inputs
        ``(inner, outer)`` variables read, of which the plan knows the outer ones.

    Attributes
    ----------
    labels, extents
        The labels; of ``a`` and each label's number, the length.
    ranges, selected, written
        Variables that hold every position of their axis; which positions a range holds, and of an
        axis of which length; which part of each axis a node writes to.
    """

    def __init__(
        self, plan: Plan, nodes: Sequence[Apply], inputs: Iterable[tuple[Variable, Variable]]
    ):
        self.plan = plan
        self.nodes = nodes
        self.outer = dict(inputs)
        self.labels = AxisLabels()
        self.extents: dict[str, Index] = {}

    def find_axes(self) -> None:
        """Give every dimension a label and every label a length."""
        for node in self.nodes:
            if not self.labels.add(node):
                raise NoLowering(f"{node} cannot share loops with itself")
        self._share_inputs()
        self._measure()
        if self._align_ranges() | self._align_writes():
            self._measure()

    def _share_inputs(self) -> None:
        """Let two views of one buffer run together where nothing speaks against it."""
        seen: dict[tuple[str, Index, Index], int] = {}
        for inner, outer in self.outer.items():
            if self.is_size(outer):
                continue
            view = self.plan.view(outer)
            for label, length, stride in zip(
                self.labels[inner], view.shape, view.strides, strict=True
            ):
                if label is None:
                    continue
                key = (view.buffer, length, stride)
                if key in seen:
                    self.labels.unify(seen[key], label)
                else:
                    seen[key] = label

    def _measure(self) -> None:
        """Give each label its length; where two lengths meet, the program checks them."""
        self.extents = {}
        self.ranges: set[Variable] = set()
        self.selected: dict[Variable, tuple[Selection, Index]] = {}
        self.written: dict[Apply, list[Selection]] = {}
        for node in self.nodes:
            which = kind(node)
            if which == "range":
                part, _ = self.selected[node.outputs[0]] = self._selected(node)
                if part.start == 0 and part.step == 1:
                    self.ranges.add(node.outputs[0])
                self._measure_output(node, [part.count])
            elif which == "alloc":
                lengths = [self._integer(x) for x in node.inputs[1:]]
                refuse_negative(self.plan, lengths)
                self._measure_output(node, lengths)
        for inner, outer in self.outer.items():
            if self.is_size(outer) or (isinstance(outer, Constant) and outer.type.ndim == 0):
                continue
            for label, length in zip(self.labels[inner], self.plan.view(outer).shape, strict=True):
                if label is None:
                    continue
                name = f"a{label}"
                known = self.extents.setdefault(name, length)
                self.plan.require_equal(known, length, MISMATCH)
        for node in self.nodes:
            match kind(node):
                case "dot":
                    self._measure_product(node)
                case "write":
                    self._measure_write(node)
                case "join":
                    self._measure_join(node)
        self.extents = {name: self.plan.canonical(n) for name, n in self.extents.items()}

    def _measure_product(self, node: Apply) -> None:
        """Check the partner of an axis of static length 1, which carries no label."""
        left, right = (self.labels[x] for x in node.inputs)
        labels = {left[-1], right[0]} - {None}
        if None in (left[-1], right[0]) and labels:
            length = self.extents[f"a{labels.pop()}"]
            self.plan.require_equal(Index.of(1), length, MISMATCH)

    def _measure_write(self, node: Apply) -> None:
        """Find which part of the array is written to; the values have its lengths."""
        shape = self.lengths(node.inputs[0])
        node_entries = written_entries(node)
        entries = [
            slice(*(self.outer.get(x, x) for x in (e.start, e.stop, e.step)))
            if isinstance(e, slice)
            else self.outer.get(e, e)
            for e in node_entries
        ]
        self.written[node] = select(self.plan, entries, shape)
        counts = [part.count for part in self.written[node] if part.count is not None]
        for label, count in zip(self.labels.written_places(node), counts, strict=True):
            if label is not None:
                known = self.extents.setdefault(f"a{label}", count)
                self.plan.require_equal(known, count, WRITTEN)

    def _measure_join(self, node: Apply) -> None:
        (out,), axis = node.outputs, joined_axis(node)
        length = sum((self.lengths(x)[axis] for x in node.inputs[1:]), Index.of(0))
        label = self.labels[out][axis]
        if label is not None:
            known = self.extents.setdefault(f"a{label}", length)
            self.plan.require_equal(known, length, MISMATCH)

    def lengths(self, variable: Variable) -> list[Index]:
        """Return the lengths of a variable's dimensions."""
        return [
            Index.of(1) if label is None else self.plan.canonical(self.extents[f"a{label}"])
            for label in self.labels[variable]
        ]

    def _selected(self, node: Apply) -> tuple[Selection, Index]:
        """Return which positions a range holds, and the length of the axis that they are of."""
        if isinstance(node.op, ARange):
            count = self._range_length(node.inputs[1])
            return Selection(Index.of(0), count, 1), count
        n, *bounds = node.inputs
        entry = node.op.entry(self.outer.get(x, x) for x in bounds)
        length = self._range_length(n)
        (part,) = select(self.plan, [entry], [length])
        return part, length

    def _range_length(self, stop: Variable) -> Index:
        return range_length(self.plan, Index.of(0), self._integer(stop), Index.of(1))

    def _integer(self, inner: Variable) -> Index:
        return integer(self.plan, self.outer.get(inner, inner))

    def _measure_output(self, node: Apply, lengths: Sequence[Index]) -> None:
        for label, length in zip(self.labels[node.outputs[0]], lengths, strict=True):
            if label is not None:
                known = self.extents.setdefault(f"a{label}", length)
                self.plan.require_equal(known, length, MISMATCH)

    def _align_ranges(self) -> bool:
        """Let a range run along the axis that it indexes, where their lengths are the same.

        A diagonal that no loop over rows reads is walked by itself, not with the rows it crosses.
        """
        changed = False
        read = {x for node in self.nodes if kind(node) != "scatter" for x in node.inputs}
        for node in self.nodes:
            if kind(node) not in ("gather", "scatter"):
                continue
            index = Indexing(node)
            crosses = sum(index.variable(axis) in self.selected for axis in index.positions) > 1
            if crosses and node.outputs[0] not in read:
                continue
            for axis in index.positions:
                entry, label = index.variable(axis), self.labels[index.array][axis]
                if entry not in self.ranges or label is None or self.labels[entry] == (label,):
                    continue
                (own,) = self.labels[entry]
                if self.extents.get(f"a{own}") == self.extents.get(f"a{label}"):
                    changed |= self.labels.unify(own, label)
        return changed

    def _align_writes(self) -> bool:
        """Let two nodes that write to the same part of an axis run over it together."""
        changed = False
        known: dict[tuple[object, ...], int] = {}
        for node, parts in self.written.items():
            places = iter(self.labels.written_places(node))
            for label, part in zip(self.labels[node.outputs[0]], parts, strict=True):
                place = next(places) if part.count is not None else None
                if place is None:
                    continue
                key = (label, part.start, part.count, part.step)
                if key in known and self.labels.find(known[key]) != place:
                    changed |= self.labels.unify(known[key], place)
                known.setdefault(key, place)
        return changed

    def is_size(self, outer: Variable) -> bool:
        """Whether `outer` is a length that the program knows without loading it."""
        is_index = isinstance(outer.type, ScalarType) or outer.type.dtype == "int64"
        if not is_index or isinstance(outer, Constant) or outer in self.plan.views:
            return False
        if outer in self.plan.pure:
            return len(self.plan.pure[outer]) == 1
        if outer.type.ndim:
            return False
        try:
            integer(self.plan, outer)
        except SizeUnknown:
            return False
        return True
