"""What must hold of the inputs' lengths, noted before any node that would check it is gone.

Rewriting drops nodes of which only the shape matters: ``ones_like(x) * y`` becomes ``y``, and the
gradient of ``sum(x * y)`` never multiplies. That is right when the lengths agree, and when they do
not the user must hear of it. So the lengths that meet in the graph as it was written are followed
to the inputs they come from; the program compares them before it computes. Most of these
comparisons it makes anyway, and each happens once.

Likewise ``ones(n).sum()`` becomes ``n``, and nothing is left that refuses a negative one. So
lengths of what is made from numbers of the user are noted as polynomials in the inputs.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import graph_rewriter
from pytensorlite.ifelse import IfElse
from pytensorlite.scalar import Cast, ScalarOp
from pytensorlite.tensor.basic import (
    Alloc,
    AllocEmpty,
    Eye,
    Join,
    ScalarFromTensor,
    TensorFromScalar,
)
from pytensorlite.tensor.careduce import CAReduce
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.math import Dot
from pytensorlite.tensor.rewriting.axis_labels import reduced_axes
from pytensorlite.tensor.shape import Shape, Shape_i, SpecifyShape
from pytensorlite.tensor.subtensor import IncSubtensor, Subtensor

Polynomial = Counter[Any]  # the factor of each product of places in the inputs
Length = Any  # a number, the (position, axis) of an input, or None where it is neither


# Dtypes of which int64 holds every number.
INTEGERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")

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


class MadeLength(NamedTuple):
    """A length that may not be negative, as a polynomial in the inputs, and who says so.

    A term is a factor beside what it is multiplied by: the (position, axis) of a length, or the
    (position, None) of a number.
    """

    terms: tuple[tuple[int, tuple[tuple[int, int | None], ...]], ...]
    node: Apply

    def value(self, of_place: Any) -> Any:
        """Compute it from what `of_place` returns for each place."""
        return sum(math.prod(map(of_place, places), start=n) for n, places in self.terms)


@graph_rewriter
def note_input_lengths(fgraph: Any) -> None:
    """Note in ``fgraph.agreements`` and ``fgraph.made_lengths`` what must hold of the inputs."""
    lengths = _Lengths(fgraph)
    fgraph.agreements = list(lengths.agreements())
    fgraph.made_lengths = list(lengths.made())


class _Lengths:
    """The lengths of the variables of a graph, as far as they are those of inputs."""

    def __init__(self, fgraph: Any):
        self.fgraph = fgraph
        self.of: dict[Variable, Sequence[Length]] = {}
        self.leaders: dict[Length, Length] = {}
        self.numbers = {
            variable: position
            for position, variable in enumerate(fgraph.inputs)
            if getattr(variable.type, "dtype", "") in INTEGERS and not variable.type.ndim
        }
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

    def made(self) -> Iterator[MadeLength]:
        """Follow the lengths of what is made of numbers, and yield those that may be negative."""
        for node in _always_computed(self.fgraph):
            for variable in MADE_OF.get(type(node.op), lambda node: [])(node):
                terms = self._polynomial(variable) or Counter()
                if any(n < 0 or any(axis is None for _, axis in at) for at, n in terms.items()):
                    yield MadeLength(tuple((n, at) for at, n in terms.items()), node)

    def _polynomial(self, variable: Variable) -> Polynomial | None:
        """Return an integer as a polynomial in the inputs, or None."""
        if isinstance(variable, Constant):
            return Counter({(): int(variable.data)})
        if variable in self.numbers:
            return Counter({((self.numbers[variable], None),): 1})
        known = _number(variable, self._lengths)
        if known is not None:
            return Counter({(): known} if isinstance(known, int) else {(known,): 1})
        node = variable.owner
        op = getattr(node and node.op, "scalar_op", node and node.op)
        if isinstance(op, ScalarFromTensor | TensorFromScalar | DimShuffle):
            return self._polynomial(node.inputs[0])
        if not isinstance(op, ScalarOp) or not _is_exact(node):
            return None
        parts = [self._polynomial(x) for x in node.inputs]
        name = "identity" if isinstance(op, Cast) else op.name
        return None if None in parts or name not in POLYNOMIALS else POLYNOMIALS[name](*parts)

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


# -- lengths that are numbers ----------------------------------------------------------------------


def _is_exact(node: Apply) -> bool:
    """Whether integers are added as numbers are: none is cut to fewer bits on the way."""
    return node.outputs[0].type.dtype == "int64" and all(
        x.type.dtype in INTEGERS and not getattr(x.type, "ndim", 0) for x in node.inputs
    )


def _total(*parts: Polynomial) -> Polynomial:
    total: Polynomial = Counter()
    for part in parts:
        total.update(part)
    return total


def _product(*parts: Polynomial) -> Polynomial:
    product: Polynomial = Counter({(): 1})
    for part in parts:
        pairs = itertools.product(product.items(), part.items())
        product = _total(*(Counter({a + b: n * m}) for (a, n), (b, m) in pairs))
    return product


def _opposite(part: Polynomial) -> Polynomial:
    return Counter({places: -n for places, n in part.items()})


POLYNOMIALS: dict[str, Any] = {
    "identity": lambda a: a,
    "add": _total,
    "sub": lambda a, b: _total(a, _opposite(b)),
    "neg": _opposite,
    "mul": _product,
}

MADE_OF: dict[type, Any] = {
    Alloc: lambda node: node.inputs[1:],
    AllocEmpty: lambda node: node.inputs,
    Eye: lambda node: node.inputs[:2],
}
