"""Graphs that live inside ops, on numbered placeholders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.graph.basic import NominalVariable, Variable
from pytensorlite.graph.cloning import clone_get_equiv
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.replace import clone_replace
from pytensorlite.graph.traversal import graph_inputs
from pytensorlite.tensor.rewriting.shape_feature import ShapeFeature

Shapes = list[tuple[Variable, ...] | None]


def construct_nominal_fgraph(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> tuple[FunctionGraph, list[SharedVariable], dict[Any, Any], dict[Any, Any]]:
    """Return the graph from ``inputs`` to ``outputs`` on placeholders.

    Returns
    -------
    fgraph : FunctionGraph
        A copy; its inputs are numbered placeholders, those of the shared variables last.
    shared : list of SharedVariable
        The shared variables of the graph that are not among ``inputs``.
    updates, update_expressions : dict
        Always empty: what PyTensor returns of default updates here.
    """
    given = set(inputs)
    shared = [
        variable
        for variable in graph_inputs(outputs, blockers=inputs)
        if isinstance(variable, SharedVariable) and variable not in given
    ]
    memo: dict[Any, Any] = {
        variable: NominalVariable(position, variable.type)
        for position, variable in enumerate([*inputs, *shared])
    }
    placeholders = list(memo.values())
    clone_get_equiv([], outputs, copy_inputs=False, copy_orphans=False, memo=memo)
    # Placeholders and constants are the same everywhere, so a graph may hold them uncopied.
    fgraph = FunctionGraph(placeholders, [memo[variable] for variable in outputs], clone=False)
    return fgraph, shared, {}, {}


def infer_shape(
    outs: Sequence[Variable],
    inputs: Sequence[Variable],
    input_shapes: Sequence[Any],
    outer_inputs: Sequence[Variable] | None = None,
) -> Shapes:
    """Return the shapes of ``outs`` in terms of the shapes of ``inputs``.

    Parameters
    ----------
    outs, inputs : list of Variable
        The ends of an inner graph.
    input_shapes : list
        A tuple of lengths for each input, None for one that has no shape.
    outer_inputs : list of Variable, optional
        What takes the place of ``inputs`` where a length depends on an input's value.
    """
    feature = ShapeFeature()
    fgraph = FunctionGraph(list(inputs), list(outs), features=[feature], clone=True)
    shapes = [feature.shape(variable) for variable in fgraph.outputs]
    replaced: dict[Variable, Variable] = {}
    for variable, lengths in zip(fgraph.inputs, input_shapes, strict=True):
        for axis, length in enumerate(lengths or ()):
            if variable.type.shape[axis] is None:
                replaced[feature.shape_ir(axis, variable)] = length
    replaced.update(zip(fgraph.inputs, outer_inputs or inputs, strict=True))
    dims = [length for shape in shapes if shape is not None for length in shape]
    moved = iter(clone_replace(dims, replaced, rebuild_strict=False))
    return [None if shape is None else tuple(next(moved) for _ in shape) for shape in shapes]
