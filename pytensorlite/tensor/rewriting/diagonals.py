"""What unit vectors are scaled by stands on diagonals, and the rest of the matrix is zeros.

The Jacobian of an element-wise function, the Hessian of a sum over neighbours: `jacobian` computes
them as matrices of products with unit vectors.  Such a matrix is told by the vectors along a few
diagonals, which are computed as vectors and written into zeros.  Only where no loop nest reads the
matrix: there it costs less to multiply on the way than to keep it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter, out2in
from pytensorlite.tensor.basic import alloc, constant
from pytensorlite.tensor.creation import UnitVectors
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.math import add, neg
from pytensorlite.tensor.rewriting.axis_labels import kind
from pytensorlite.tensor.rewriting.basic import is_one, is_zero
from pytensorlite.tensor.rewriting.generators import positions
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.rewriting.subtensor import entries_of, is_full, same_entries
from pytensorlite.tensor.subtensor import IncSubtensor, Subtensor, inc_subtensor

MOST = 8  # diagonals that are written one after the other


@dataclass(frozen=True)
class Diagonal:
    """``matrix[rows[j], columns[j]] = values[0, j]``, where slices stand for their positions."""

    rows: slice
    columns: slice
    values: Variable

    @property
    def is_whole(self) -> bool:
        """Whether it goes through all columns."""
        return is_full(self.columns)

    @property
    def place(self) -> tuple[slice, slice]:
        """Where it lies."""
        return self.rows, self.columns


@node_rewriter([Elemwise, IncSubtensor])
def local_write_diagonals(fgraph: FunctionGraph, node: Apply) -> list[Variable] | None:
    """f(units) -> zeros with a few diagonals written"""
    (out,) = node.outputs
    if out.type.ndim != 2 or any(kind(client) is not None for client, _ in fgraph.clients[out]):
        return None
    found = _Reader().read(out)
    if not found or len(found) > MOST:
        return None
    shape = [shapes_of(fgraph).get_shape(out, axis) for axis in (0, 1)]
    result: Any = alloc(constant(0, dtype=out.type.dtype), *shape)
    for diagonal in _together(found):
        places = [positions(n, part) for n, part in zip(shape, diagonal.place, strict=True)]
        kept = [] if diagonal.values.type.shape[1] == 1 else [1]
        vector = DimShuffle(input_ndim=2, new_order=kept)(diagonal.values)
        result = inc_subtensor(result[tuple(places)], vector)
    copy_stack_trace(out, result)
    return [result] if out.type.is_super(result.type) else None


def _together(diagonals: Iterable[Diagonal]) -> list[Diagonal]:
    """Return the diagonals, those that lie at one place added up."""
    result: list[Diagonal] = []
    for each in diagonals:
        for number, other in enumerate(result):
            if same_entries(each.place, other.place):
                result[number] = replace(other, values=add(other.values, each.values))
                break
        else:
            result.append(each)
    return result


class _Reader:
    """Reads matrices as diagonals; each variable once."""

    def __init__(self) -> None:
        self.known: dict[Variable, list[Diagonal] | None] = {}

    def read(self, x: Variable) -> list[Diagonal] | None:
        """Return the diagonals of which `x` is made, None if it is something else."""
        if x not in self.known:
            self.known[x] = self._read(x)
        return self.known[x]

    def _read(self, x: Variable) -> list[Diagonal] | None:
        node = x.owner
        if node is None or x.type.ndim != 2:
            return None
        match node.op:
            case UnitVectors():
                return [Diagonal(slice(None), slice(None), _one(x))]
            case Subtensor() if isinstance(getattr(node.inputs[0].owner, "op", None), UnitVectors):
                part = _columns(node)
                return None if part is None else [Diagonal(part, slice(None), _one(x))]
            case IncSubtensor():
                return self._written(node)
            case Elemwise():
                return self._computed(node)
        return None

    def _written(self, node: Apply) -> list[Diagonal] | None:
        """Return the diagonals of an array of which some columns are written to."""
        base, value = node.inputs[:2]
        part, before, own = _columns(node), self.read(base), self.read(value)
        if is_zero(base):
            before = []
        elif node.op.set_instead_of_inc:
            return None
        if part is None or before is None or own is None:
            return None
        if not all(each.is_whole for each in own):
            return None
        return before + [replace(each, columns=part) for each in own]

    def _computed(self, node: Apply) -> list[Diagonal] | None:
        """Return the diagonals of a sum of matrices, or of one matrix with scaled columns."""
        op, inputs = node.op.scalar_op, list(node.inputs)
        parts = [self.read(x) for x in inputs]
        found = [number for number, part in enumerate(parts) if part is not None]
        if op in (ps.add, ps.sub) and len(found) == len(inputs):
            return _sum(node, [part or [] for part in parts])
        if len(found) != 1 or not (op in (ps.mul, ps.neg) or (op == ps.true_div and found == [0])):
            return None
        (place,) = found
        diagonals = parts[place] or []
        others = [x for number, x in enumerate(inputs) if number != place]
        if any(x.type.shape[0] != 1 for x in others):
            return None
        if any(x.type.shape[1] != 1 for x in others) and not all(d.is_whole for d in diagonals):
            return None
        scaled = []
        for each in diagonals:
            factors = [each.values if x is inputs[place] else x for x in inputs]
            if op == ps.mul:
                factors = [x for x in factors if not is_one(x)] or factors[:1]
            values = factors[0] if op == ps.mul and len(factors) == 1 else node.op(*factors)
            scaled.append(replace(each, values=values))
        return scaled


def _sum(node: Apply, parts: list[list[Diagonal]]) -> list[Diagonal] | None:
    if len({x.type.broadcastable for x in node.inputs}) > 1:
        return None
    if node.op.scalar_op == ps.sub:
        first, second = parts
        parts = [first, [replace(each, values=neg(each.values)) for each in second]]
    return [each for part in parts for each in part]


def _one(x: Variable) -> Variable:
    return constant(1, dtype=x.type.dtype, ndim=2)


def _columns(node: Apply) -> slice | None:
    """Return which columns of a whole matrix a node reads or writes; None if it does not."""
    entries = entries_of(node)
    if len(entries) != 2 or not is_full(entries[0]) or not isinstance(entries[1], slice):
        return None
    step = entries[1].step
    return entries[1] if step is None or isinstance(step, Constant) else None


write_diagonals = out2in(local_write_diagonals, name="write_diagonals")
