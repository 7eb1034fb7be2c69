"""Arrays that come from nothing but positions and lengths: whoever reads one makes its own.

Ranges, fills, identity matrices, masks such as ``i >= j``: an element costs an operation or two,
less than to write it and to read it again.  So each reader that is a member of a loop nest gets a
copy of the nodes, and the arrays are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.basic import copy_stack_trace, in2out, node_rewriter
from pytensorlite.tensor.basic import Eye, cast
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.indexing import indices_from_subtensor
from pytensorlite.tensor.math import add, eq
from pytensorlite.tensor.rewriting.axis_labels import kind
from pytensorlite.tensor.rewriting.positions import Positions
from pytensorlite.tensor.shape import Shape_i
from pytensorlite.tensor.subtensor import Subtensor

LONGEST = 8  # nodes that are computed once more for each reader
COSTLY = 1.0  # ns an element from which an operation is not repeated


@node_rewriter([Subtensor])
def local_part_of_eye(fgraph: FunctionGraph, node: Apply) -> Any:
    """eye(n, m, k)[rows, columns] -> i + k == j for the rows i and the columns j"""
    eye = node.inputs[0].owner
    if eye is None or not isinstance(eye.op, Eye):
        return None
    entries = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
    if not all(isinstance(entry, slice) for entry in entries):
        return None
    if not all(entry.step is None or isinstance(entry.step, Constant) for entry in entries):
        return None
    rows, columns = (*entries, slice(None))[:2]
    return _ones_where_equal(node, eye, rows, columns)


@node_rewriter([Eye])
def local_eye_of_positions(fgraph: FunctionGraph, node: Apply) -> Any:
    """eye(n, m, k) -> i + k == j"""
    return _ones_where_equal(node, node, slice(None), slice(None))


def _ones_where_equal(node: Apply, eye: Apply, rows: slice, columns: slice) -> Any:
    """Return what takes the place of `node`: 1 where the position is on the diagonal of `eye`."""
    height, width, k = eye.inputs
    i, j = (
        positions(n, entry, length)
        for n, entry, length in zip(
            (height, width), (rows, columns), node.outputs[0].type.shape, strict=True
        )
    )
    i = i.dimshuffle(0, "x")
    if not (isinstance(k, Constant) and k.data == 0):
        i = add(i, cast(k, "int64"))
    result = cast(eq(i, j.dimshuffle("x", 0)), eye.op.dtype)
    copy_stack_trace(node.outputs[0], result)
    return [result] if node.outputs[0].type.is_super(result.type) else None


def positions(n: Variable, entry: slice, length: int | None = None) -> Any:
    """Return the positions that a slice selects of an axis of length `n`, `length` of them."""
    bounds = (entry.start, entry.stop, entry.step)
    given = (entry.start is not None, entry.stop is not None, entry.step is not None)
    return Positions(given, length)(n, *(bound for bound in bounds if bound is not None))


part_of_eye = in2out(local_part_of_eye, name="part_of_eye")
eye_of_positions = in2out(local_eye_of_positions, name="eye_of_positions")


def open_eyes(fgraph: FunctionGraph) -> None:
    """Write identity matrices, and parts of them, as comparisons of positions."""
    if any(isinstance(node.op, Eye) for node in fgraph.apply_nodes):
        part_of_eye.rewrite(fgraph)
        eye_of_positions.rewrite(fgraph)


def give_each_reader_its_own(fgraph: FunctionGraph, sizes: set[Apply]) -> set[Apply]:
    """Copy what is made of positions for every member of a loop nest that reads it.

    `sizes` are nodes that compute lengths, which are no members.

    Returns
    -------
    set of Apply
        The copies: each has one reader.
    """
    order = [node for node in fgraph.toposort() if kind(node) is not None and node not in sizes]
    chains = _chains(order, sizes)
    members = set(order)
    copies: set[Apply] = set()
    for node in order:
        readers = (client for client, _ in fgraph.clients[node.outputs[0]])
        if node in chains and all(reader in members for reader in readers):
            continue  # nobody needs it whole
        for number, x in enumerate(node.inputs):
            if x.owner in chains:
                own = _copied(x.owner, chains, copies)
                fgraph.change_node_input(node, number, own, reason="own", import_missing=True)
    return copies


def _chains(order: Sequence[Apply], sizes: set[Apply]) -> dict[Apply, int]:
    """Return the nodes that need only positions and lengths, and how many nodes that takes."""
    chains: dict[Apply, int] = {}
    for node in order:
        if kind(node) not in ("range", "alloc", "elemwise", "dimshuffle"):
            continue
        if isinstance(node.op, Elemwise) and not _is_cheap(node):
            continue
        if not all(x.owner in chains or _is_length(x, sizes) for x in node.inputs):
            continue
        count = 1 + sum(chains.get(x.owner, 0) for x in node.inputs)
        if count <= LONGEST:
            chains[node] = count
    return chains


def _is_cheap(node: Apply) -> bool:
    scalar_op = node.op.scalar_op
    return scalar_op.vectorises and scalar_op.cost < COSTLY


def _is_length(x: Variable, sizes: set[Apply]) -> bool:
    """Whether `x` is a single number that is known before the program computes."""
    if isinstance(x, Constant):
        return bool(x.data.size == 1)
    if x.type.ndim or x.type.dtype != "int64":
        return False
    return x.owner is None or isinstance(x.owner.op, Shape_i) or x.owner in sizes


def _copied(node: Apply, chains: dict[Apply, int], copies: set[Apply]) -> Variable:
    """Return the output of a copy of `node` and of the chain before it."""
    inputs = [_copied(x.owner, chains, copies) if x.owner in chains else x for x in node.inputs]
    copy = node.clone_with_new_inputs(inputs)
    copies.add(copy)
    chains[copy] = chains[node]  # another reader of what reads it needs one more
    return copy.outputs[0]
