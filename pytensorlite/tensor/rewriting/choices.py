"""Choices between two branches (`ifelse`) that are none, or that another one has made already."""

from __future__ import annotations

from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.ifelse import IfElse
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    is_same,
    match_type,
    register_canonicalize,
)
from pytensorlite.tensor.type import TensorType


@register_canonicalize
@node_rewriter([IfElse])
def local_useless_ifelse(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``ifelse(True, x, y) -> x``, ``ifelse(c, x, x) -> x``."""
    condition, *values = node.inputs
    count = node.op.n_outs
    yes, no = values[:count], values[count:]
    known = constant_value(condition)
    if known is not None:
        return _standing_for(node, yes if known else no)
    if all(map(is_same, yes, no)):
        return _standing_for(node, yes)
    return None


@register_canonicalize
@node_rewriter([IfElse])
def local_ifelse_same_condition(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``ifelse(c, ifelse(c, x, y), z) -> ifelse(c, x, z)``, and so in the second branch."""
    condition, *values = node.inputs
    new = [_chosen(x, condition, position < node.op.n_outs) for position, x in enumerate(values)]
    if all(a is b for a, b in zip(values, new, strict=True)):
        return None
    return _standing_for(node, node.op(condition, *new, return_list=True))


def _chosen(x: Variable, condition: Variable, value: bool) -> Variable:
    """Return what `x` is where `condition` has a value."""
    if x.owner is None or not isinstance(x.owner.op, IfElse) or x.owner.inputs[0] is not condition:
        return x
    position = x.owner.outputs.index(x)
    return x.owner.inputs[1 + position + (0 if value else x.owner.op.n_outs)]


def _standing_for(node: Apply, values: list[Variable]) -> list[Variable] | None:
    """Return `values` in the types of the outputs of `node`, if they can have them."""
    found = []
    for out, x in zip(node.outputs, values, strict=True):
        new = match_type(out, x) if isinstance(x.type, TensorType) else x
        if new is None:
            return None
        found.append(new)
    return found
