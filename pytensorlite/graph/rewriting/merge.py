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
        """Merge; return how many constants and nodes went."""
        merged = _merge_atoms(fgraph)
        again = True
        while again:
            found, again = _merge_nodes(fgraph)
            merged += found
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


def _merge_nodes(fgraph: FunctionGraph) -> tuple[int, bool]:
    """Merge in one walk; return how many nodes went, and whether another walk may find more."""
    merged, again = 0, False
    first_by_key: dict[Any, Apply] = {}
    for node in fgraph.toposort():
        if node not in fgraph._nodes:
            continue
        key = (node.op, tuple(node.inputs))
        first = first_by_key.setdefault(key, node)
        if first is node:
            continue
        if _replace_outputs(fgraph, node, first):
            merged += 1
        elif _replace_outputs(fgraph, first, node):
            # The same op on the same inputs knows more here about its outputs' shapes.  Readers of
            # the first have been looked at already.
            first_by_key[key] = node
            merged, again = merged + 1, True
    return merged, again


def _replace_outputs(fgraph: FunctionGraph, node: Apply, by: Apply) -> bool:
    """Let the outputs of one node stand for those of another, if their types and features allow."""
    pairs = [
        (old, new) for old, new in zip(node.outputs, by.outputs, strict=True) if fgraph.clients[old]
    ]
    if not pairs or not all(old.type.is_super(new.type) for old, new in pairs):
        return False
    try:
        fgraph.replace_all_validate(pairs, reason="MergeOptimizer")
    except InconsistencyError:
        return False
    for old, new in pairs:
        if new.name is None:
            new.name = old.name
        copy_stack_trace(old, new)
    return True


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
