"""Copies of graphs: the same structure with fresh variables, input by input or not.

Replacement, which also changes the structure, lives in `pytensorlite.graph.replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.utils import without_collection


def clone(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    copy_inputs: bool = True,
    copy_orphans: bool | None = None,
    clone_inner_graphs: bool = False,
) -> tuple[list[Variable], list[Variable]]:
    """Return copies of `inputs` and `outputs` joined by a copy of the graph between them.

    Parameters
    ----------
    inputs, outputs : sequence of Variable
        The ends of the graph.
    copy_inputs : bool
        Whether the inputs are copied or kept.
    copy_orphans : bool or None
        Whether variables without owner that are no inputs are copied; as `copy_inputs` if None.
    clone_inner_graphs : bool
        Whether graphs inside ops are cloned too.
    """
    if copy_orphans is None:
        copy_orphans = copy_inputs
    memo = clone_get_equiv(
        inputs, outputs, copy_inputs, copy_orphans, clone_inner_graphs=clone_inner_graphs
    )
    return [memo[v] for v in inputs], [memo[v] for v in outputs]


@without_collection
def clone_get_equiv(
    inputs: Iterable[Variable],
    outputs: Iterable[Variable],
    copy_inputs: bool = True,
    copy_orphans: bool = True,
    memo: dict | None = None,
    clone_inner_graphs: bool = False,
    **kwargs: Any,
) -> dict:
    """Return a dictionary from each variable and node between the ends to its copy.

    Parameters are those of `clone`; entries that are in `memo` already are kept as they are.
    Further keyword arguments are those of `Apply.clone_with_new_inputs`.
    """
    from pytensorlite.graph.traversal import io_toposort

    memo = {} if memo is None else memo
    inputs, outputs = list(inputs), list(outputs)
    for variable in inputs:
        if variable not in memo:
            memo[variable] = variable.clone() if copy_inputs else variable

    for node in io_toposort(list(memo), outputs):
        if node in memo:
            continue
        for variable in node.inputs:
            if variable not in memo:
                memo[variable] = _copy_orphan(variable, copy_orphans)
        clone_node_and_cache(node, memo, clone_inner_graphs=clone_inner_graphs, **kwargs)

    for variable in outputs:
        if variable not in memo:
            memo[variable] = _copy_orphan(variable, copy_orphans)
    return memo


def _copy_orphan(variable: Variable, copy_orphans: bool) -> Variable:
    return variable.clone() if copy_orphans and not isinstance(variable, Constant) else variable


def clone_node_and_cache(
    node: Apply, clone_d: dict, clone_inner_graphs: bool = False, **kwargs: Any
) -> Apply | None:
    """Clone `node` onto the copies of its inputs in `clone_d`; enter it and its outputs there."""
    if all(output in clone_d for output in node.outputs):
        return None
    copy = node.clone_with_new_inputs(
        [clone_d[v] for v in node.inputs], clone_inner_graph=clone_inner_graphs, **kwargs
    )
    clone_d[node] = copy
    if copy.op is not node.op:
        clone_d.setdefault(node.op, copy.op)
    for old, new in zip(node.outputs, copy.outputs, strict=True):
        clone_d.setdefault(old, new)
    return copy
