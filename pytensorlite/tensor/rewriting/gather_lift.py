"""Pick elements first, compute afterwards: ``f(x, y)[i, j] -> f(x[i, j], y[i, j])``.

One element per row of a table is all that a cross entropy reads of its log-probabilities; the table
itself then need not exist.  Only picks by two or more index arrays are lifted: they read fewer
elements than there are, while a single one may read each of them many times.
"""

from __future__ import annotations

from typing import Any

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.clients import Output
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.basic import copy_stack_trace, in2out, node_rewriter
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.rewriting.axis_labels import Indexing
from pytensorlite.tensor.subtensor import AdvancedSubtensor


@node_rewriter([AdvancedSubtensor])
def local_gather_elemwise(fgraph: FunctionGraph, node: Apply) -> Any:
    """Elemwise(x, ...)[i, j] -> Elemwise(x[i, j], ...)"""
    index = Indexing(node)
    table = index.array
    if table.owner is None or not isinstance(table.owner.op, Elemwise) or not index.is_plain:
        return None
    arrays = [index.variable(axis) for axis in index.positions]
    if len(arrays) < 2 or any(array.type.ndim != index.rank for array in arrays):
        return None
    if not all(_only_picks(client, index) for client, _ in fgraph.clients[table]):
        return None
    picked = [_pick(x, index, node.outputs[0].type.ndim) for x in table.owner.inputs]
    if any(x is None for x in picked):
        return None
    result = table.owner.op(*picked)
    copy_stack_trace(node.outputs[0], result)
    return [result] if result.type == node.outputs[0].type else None


def _only_picks(client: Apply, index: Indexing) -> bool:
    if isinstance(client.op, Output) or not isinstance(client.op, AdvancedSubtensor):
        return False
    return client.inputs[0] is index.array and len(Indexing(client).positions) > 1


def _pick(x: Any, index: Indexing, rank: int) -> Any:
    """Return ``x[entries]`` where `x` broadcasts along some of the indexed axes."""
    lone = [axis for axis in index.positions if x.type.shape[axis] == 1]
    if not lone:
        return x[tuple(index.entries)]
    axes = [axis for axis in range(x.type.ndim) if axis not in lone]
    reduced = x.dimshuffle(axes)
    entries = [index.entries[axis] for axis in axes]
    if all(isinstance(entry, slice) for entry in entries):
        order: list[Any] = list(range(len(axes)))
        order[index.first : index.first] = ["x"] * index.rank
        return reduced.dimshuffle(order)
    picked = reduced[tuple(entries)]
    if picked.type.ndim != rank or Indexing(picked.owner).first != index.first:
        return None
    return picked


lift_gathers = in2out(local_gather_elemwise, name="lift_gathers")
