"""How `pprint` writes array ops: ``x[1:]``, ``m.T``, ``sum(x, axis=0)``.

Printers are found by the name of the op's class, so that nothing of arrays is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply

#: The precedence of what is indexed or transposed: it binds tighter than any operator.
TIGHTEST = 1000

Piece = Any


def _shuffled(node: Apply, around: int) -> list[Piece]:
    """A transposition is ``x.T``; dimensions of length 1 come and go without a word."""
    (x,) = node.inputs
    kept = [axis for axis in node.op.new_order if axis != "x"]
    if kept == sorted(kept):
        return [(x, around)]
    if kept == sorted(kept, reverse=True):
        return [(x, TIGHTEST), ".T"]
    return [(x, TIGHTEST), f".transpose({', '.join(map(str, kept))})"]


def _reduced(name: str) -> Callable[[Apply, int], list[Piece]]:
    def pieces(node: Apply, around: int) -> list[Piece]:
        axis = getattr(node.op, "axis", None)
        return [f"{name}(", (node.inputs[0], _LOOSEST), ")" if axis is None else f", axis={axis})"]

    return pieces


def _called(name: str) -> Callable[[Apply, int], list[Piece]]:
    return lambda node, around: [f"{name}(", *_listed(node.inputs), ")"]


def _listed(variables: Sequence[Any]) -> list[Piece]:
    pieces: list[Piece] = []
    for variable in variables:
        pieces += [", ", (variable, _LOOSEST)]
    return pieces[1:]


def _vector(node: Apply, around: int) -> list[Piece]:
    return ["[", *_listed(node.inputs), "]"]


def _product(node: Apply, around: int) -> list[Piece]:
    x, y = node.inputs
    return ["(", (x, -1), " \\dot ", (y, -1), ")"]


def _index(idx_list: Sequence[Any], indices: Sequence[Any]) -> list[Piece]:
    """Return the pieces between brackets; `idx_list` holds positions in `indices`."""
    pieces: list[Piece] = []
    for entry in idx_list:
        pieces.append(", ")
        if not isinstance(entry, slice):
            pieces.append((indices[entry], _LOOSEST))
            continue
        for mark, part in (("", entry.start), (":", entry.stop)):
            pieces += [mark] if part is None else [mark, (indices[part], _LOOSEST)]
        if entry.step is not None:
            pieces += [":", (indices[entry.step], _LOOSEST)]
    return pieces[1:]


def _subtensor(node: Apply, around: int) -> list[Piece]:
    x, *indices = node.inputs
    return [(x, TIGHTEST), "[", *_index(node.op.idx_list, indices), "]"]


def _written(node: Apply, around: int) -> list[Piece]:
    x, y, *indices = node.inputs
    name = "set_subtensor" if node.op.set_instead_of_inc else "inc_subtensor"
    index = _index(node.op.idx_list, indices)
    return [f"{name}(", (x, TIGHTEST), "[", *index, "], ", (y, _LOOSEST), ")"]


_LOOSEST = -1000

#: By the name of the op's class: the pieces of a node within a precedence.
BY_CLASS: dict[str, Callable[[Apply, int], list[Piece]]] = {
    "DimShuffle": _shuffled,
    "Sum": _reduced("sum"),
    "Prod": _reduced("prod"),
    "Max": _reduced("max"),
    "Min": _reduced("min"),
    "All": _reduced("all"),
    "Any": _reduced("any"),
    "Argmax": _reduced("argmax"),
    "MakeVector": _vector,
    "Dot": _product,
    "Subtensor": _subtensor,
    "IncSubtensor": _written,
    "Join": _called("join"),
    "Alloc": _called("alloc"),
    "Shape": _called("shape"),
}
