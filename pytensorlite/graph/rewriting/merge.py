"""`MergeOptimizer`: one variable for each value.

Two nodes that apply equal ops to the same inputs compute the same, two constants with equal
signatures are the same.  One walk from the inputs to the outputs finds all: when a node is met its
inputs are merged already, so that its key ``(op, inputs)`` decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytensorlite.graph.basic import Apply, AtomicVariable, Constant, Variable
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.rewriter import GraphRewriter, copy_stack_trace
from pytensorlite.graph.utils import InconsistencyError


class MergeFeature(Feature):
    """Marks that the merge rewrite keeps track of a graph (nothing needs to be kept)."""


class MergeOptimizer(GraphRewriter):
    """Merge equal constants and nodes that apply equal ops to the same inputs.

    A merge that a validator refuses (because of ops that work in place) is left out.
    """

    name = "MergeOptimizer"

    def apply(self, fgraph: FunctionGraph) -> int:
        """Merge; return the number of variables that were replaced."""
        merged = _merge_atoms(fgraph)
        first_by_key: dict[Any, Apply] = {}
        for node in fgraph.toposort():
            if node not in fgraph._nodes:
                continue
            key = (node.op, tuple(node.inputs))
            first = first_by_key.setdefault(key, node)
            if first is not node:
                merged += _merge_nodes(fgraph, first, node)
                if first not in fgraph._nodes:
                    first_by_key[key] = node
        return merged

    def __str__(self) -> str:
        return type(self).__name__


def _merge_atoms(fgraph: FunctionGraph) -> int:
    """Merge the constants that are equal."""
    first_by_signature: dict[Any, AtomicVariable] = {}
    replacements = []
    for variable in list(fgraph.variables):
        if not isinstance(variable, AtomicVariable) or variable in fgraph._input_set:
            continue
        first = first_by_signature.setdefault(variable.merge_signature(), variable)
        if first is variable:
            continue
        if isinstance(first, Constant) and first.name is None:
            first.name = variable.name
        replacements.append((variable, first))
    for variable, first in replacements:
        fgraph.replace(variable, first, reason="MergeOptimizer", verbose=False)
    return len(replacements)


def _merge_nodes(fgraph: FunctionGraph, first: Apply, node: Apply) -> int:
    """Let `first` stand for `node` too; return how many outputs that concerns."""
    pairs = []
    for keep, drop in zip(first.outputs, node.outputs, strict=True):
        if not fgraph.clients[drop]:
            continue
        if keep.type != drop.type and not drop.type.is_super(keep.type):
            # The same op on the same inputs may know less about its output's shape.
            if not keep.type.is_super(drop.type):
                return 0
            return _merge_nodes(fgraph, node, first) if drop.type.is_super(drop.type) else 0
        pairs.append((drop, keep))
    if not pairs:
        return 0
    try:
        fgraph.replace_all_validate(pairs, reason="MergeOptimizer")
    except InconsistencyError:
        return 0
    for drop, keep in pairs:
        if keep.name is None:
            keep.name = drop.name
        copy_stack_trace(drop, keep)
    return len(pairs)


def pre_constant_merge(fgraph: FunctionGraph, variables: Iterable[Variable]) -> list[Variable]:
    """Return `variables` with constants that `fgraph` has already in place of equal ones.

    For graphs about to be imported.  Their nodes are changed in place.
    """
    known = {
        variable.merge_signature(): variable
        for variable in fgraph.variables
        if isinstance(variable, AtomicVariable)
    }
    variables = list(variables)
    seen: set[Apply] = set()
    stack = [v.owner for v in variables if v.owner is not None]
    while stack:
        node = stack.pop()
        if node in seen or node in fgraph.apply_nodes:
            continue
        seen.add(node)
        node.inputs = [_known_constant(v, known) for v in node.inputs]
        stack.extend(v.owner for v in node.inputs if v.owner is not None)
    return [_known_constant(v, known) for v in variables]


def _known_constant(variable: Variable, known: dict[Any, AtomicVariable]) -> Variable:
    if isinstance(variable, AtomicVariable):
        return known.setdefault(variable.merge_signature(), variable)
    return variable
