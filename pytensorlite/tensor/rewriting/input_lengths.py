"""Which lengths of the inputs must agree, noted before any node that would check it is gone.

Rewriting drops nodes of which only the shape matters: ``ones_like(x) * y`` becomes ``y``, and the
gradient of ``sum(x * y)`` never multiplies. That is right when the lengths agree, and when they do
not the user must hear of it. So the lengths that meet in the graph as it was written are followed
to the inputs they come from; the program compares them before it computes. Most of these
comparisons it makes anyway, and each happens once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import graph_rewriter
from pytensorlite.ifelse import IfElse
from pytensorlite.tensor.basic import Alloc, Join, ScalarFromTensor, TensorFromScalar
from pytensorlite.tensor.careduce import CAReduce
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.math import Dot
from pytensorlite.tensor.rewriting.axis_labels import reduced_axes
from pytensorlite.tensor.shape import Shape, Shape_i, SpecifyShape
from pytensorlite.tensor.subtensor import IncSubtensor, Subtensor

Length = Any  # a number, the (position, axis) of an input, or None where it is neither


REMEDY = (
    "A length of 1 is repeated only where the type promises it: shape=(1,), or "
    "specify_broadcastable."
)


class Agreement(NamedTuple):
    """A length of an input, what it must equal, and the node that says so."""

    first: tuple[int, int]
    second: tuple[int, int] | int
    text: str  # over the two lengths
    node: Apply


@graph_rewriter
def note_input_lengths(fgraph: Any) -> None:
    """Note in ``fgraph.agreements`` which lengths of the inputs must agree."""
    fgraph.agreements = list(_Lengths(fgraph).agreements())


class _Lengths:
    """The lengths of the variables of a graph, as far as they are those of inputs."""

    def __init__(self, fgraph: Any):
        self.fgraph = fgraph
        self.of: dict[Variable, Sequence[Length]] = {}
        self.leaders: dict[Length, Length] = {}
        for position, variable in enumerate(fgraph.inputs):
            shape = getattr(variable.type, "shape", ())
            self.of[variable] = tuple(
                (position, axis) if n is None else n for axis, n in enumerate(shape)
            )

    def agreements(self) -> Iterator[Agreement]:
        """Follow the lengths from the inputs to the outputs and yield what must be compared."""
        for node in _always_computed(self.fgraph):
            for group in _meeting(node, self._lengths):
                known = [n for n in group if n is not None]
                for other in known[1:]:
                    yield from self._join(known[0], other, node)
            if len(node.outputs) == 1 and hasattr(node.outputs[0].type, "shape"):
                self._pass_on(node)

    def _join(self, first: Length, second: Length, node: Apply) -> Iterator[Agreement]:
        a, b = self._leader(first), self._leader(second)
        if a == b:
            return
        if isinstance(a, int) or (isinstance(b, tuple) and b < a):
            a, b = b, a
        if isinstance(a, int):
            return  # two numbers: it fails whenever it is called, and the node itself says so
        if isinstance(b, int):
            self.leaders[a] = b
        else:
            self.leaders[b] = a
        op, mine, other = _braced(str(node.op)), self._name(a), self._name(b)
        text = (
            f"Input dimension mismatch for {op}: {mine} has length {{0}}, {other} has length {{1}}"
        )
        yield Agreement(a, b, f"{text}. {REMEDY}", node)

    def _name(self, length: Length) -> str:
        if isinstance(length, int):
            return "what it meets"
        position, axis = length
        name = self.fgraph.inputs[position].name or f"input {position}"
        return _braced(f"dimension {axis} of {name}")

    def _leader(self, length: Length) -> Length:
        while length in self.leaders:
            length = self.leaders[length]
        return length

    def _lengths(self, variable: Variable) -> Sequence[Length]:
        static = getattr(variable.type, "shape", ())
        return self.of.get(variable, static)

    def _pass_on(self, node: Apply) -> None:
        """Find the lengths of an output: what its type knows, else those of the inputs."""
        [out] = node.outputs
        static = out.type.shape
        if None not in static:
            return
        follow = next((rule for kind, rule in FOLLOW.items() if isinstance(node.op, kind)), None)
        if follow is None:
            return
        found = follow(node, self._lengths)
        self.of[out] = tuple(
            length if length is not None else other
            for length, other in zip(static, found, strict=True)
        )


def _braced(text: str) -> str:
    """Return text that `str.format` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _always_computed(fgraph: Any) -> Iterator[Apply]:
    """Yield the nodes that every call computes: not what only one branch of a choice needs."""
    order = fgraph.toposort()
    wanted = set(fgraph.outputs)
    kept = []
    for node in reversed(order):
        if wanted.isdisjoint(node.outputs):
            continue
        kept.append(node)
        wanted.update(node.inputs[:1] if isinstance(node.op, IfElse) else node.inputs)
    yield from reversed(kept)


def _meeting(node: Apply, lengths: Any) -> list[list[Length]]:
    """Return groups of lengths that must agree for the node to be computed."""
    if isinstance(node.op, Elemwise):
        shapes = [(x.type.shape, lengths(x)) for x in node.inputs]
        ndim = node.outputs[0].type.ndim
        return [[known[d] for static, known in shapes if static[d] != 1] for d in range(ndim)]
    if isinstance(node.op, Join) and isinstance(node.inputs[0], Constant):
        parts = node.inputs[1:]
        axis = int(node.inputs[0].data) % parts[0].type.ndim
        return [[lengths(x)[d] for x in parts] for d in range(parts[0].type.ndim) if d != axis]
    if isinstance(node.op, IncSubtensor):
        part = _slice(node, lengths)
        value = node.inputs[1]
        pairs = zip(part[::-1], lengths(value)[::-1], value.type.shape[::-1], strict=False)
        return [[wanted, given] for wanted, given, static in pairs if static != 1]
    return []


# -- how lengths pass through a node ---------------------------------------------------------------


def _elemwise(node: Apply, lengths: Any) -> list[Length]:
    groups = _meeting(node, lengths)
    return [next((n for n in group if n is not None), None) for group in groups]


def _dimshuffle(node: Apply, lengths: Any) -> list[Length]:
    known = lengths(node.inputs[0])
    return [1 if i == "x" else known[i] for i in node.op.new_order]


def _reduce(node: Apply, lengths: Any) -> list[Length]:
    gone = reduced_axes(node)
    return [n for d, n in enumerate(lengths(node.inputs[0])) if d not in gone]


def _dot(node: Apply, lengths: Any) -> list[Length]:
    left, right = (lengths(x) for x in node.inputs)
    return [*left[:-1], *(right[1:] if len(right) == 2 else ())]


def _same(node: Apply, lengths: Any) -> Sequence[Length]:
    return lengths(node.inputs[0])


def _slice(node: Apply, lengths: Any) -> list[Length]:
    known = lengths(node.inputs[0])
    entries = [*node.op.idx_list, *[slice(None)] * (len(known) - len(node.op.idx_list))]
    return [
        n if entry == slice(None) else None
        for n, entry in zip(known, entries, strict=True)
        if isinstance(entry, slice)
    ]


def _alloc(node: Apply, lengths: Any) -> list[Length]:
    return [_number(length, lengths) for length in node.inputs[1:]]


def _number(variable: Variable, lengths: Any) -> Length:
    """Return the length of an input whose value an integer variable is, or None."""
    while variable.owner is not None and isinstance(
        variable.owner.op, ScalarFromTensor | TensorFromScalar
    ):
        variable = variable.owner.inputs[0]
    node = variable.owner
    if node is None:
        return None
    if isinstance(node.op, Shape_i):
        return lengths(node.inputs[0])[node.op.i]
    if not (isinstance(node.op, Subtensor) and len(node.inputs) == 2):
        return None
    shape, index = node.inputs
    if not (isinstance(index, Constant) and shape.owner and isinstance(shape.owner.op, Shape)):
        return None
    known = lengths(shape.owner.inputs[0])
    return known[int(index.data)] if -len(known) <= index.data < len(known) else None


FOLLOW: dict[type, Any] = {
    Elemwise: _elemwise,
    DimShuffle: _dimshuffle,
    CAReduce: _reduce,
    Dot: _dot,
    IncSubtensor: _same,
    SpecifyShape: _same,
    Subtensor: _slice,
    Alloc: _alloc,
}
