"""What is the same in every element of a batch, such as the length of each: found in the graph."""

from __future__ import annotations

from typing import Any

from pytensorlite.tensor.basic import Alloc
from pytensorlite.tensor.dimshuffle import DimShuffle
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.indexing import FULL_SLICE, indices_from_subtensor
from pytensorlite.tensor.indexing_basic import Subtensor


def alike(variable: Any, ndim: int) -> Any:
    """Return what all elements of a batch are, without its first `ndim` axes; None if unknown.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> n = pt.lscalar("n")
    >>> alike(pt.alloc(n, 3) + 1, 1).owner.inputs[0]
    n
    """
    if not ndim:
        return variable
    node = variable.owner
    rule = RULES.get(type(node.op)) if node is not None else None
    return rule(node, ndim) if rule is not None else None


def _of_alloc(node: Any, ndim: int) -> Any:
    value = node.inputs[0]
    core = node.outputs[0].type.ndim - ndim
    return value if value.type.ndim == core else None


def _of_elemwise(node: Any, ndim: int) -> Any:
    operands = [alike(x, ndim) for x in node.inputs]
    return None if any(x is None for x in operands) else node.op(*operands)


def _of_dimshuffle(node: Any, ndim: int) -> Any:
    order, (x,) = node.op.new_order, node.inputs
    if set(order[:ndim]) == {"x"}:
        return x.dimshuffle(order[ndim:])
    if order[:ndim] != tuple(range(ndim)):
        return None
    core = alike(x, ndim)
    rest = [axis if axis == "x" else axis - ndim for axis in order[ndim:]]
    return core if core is None else core.dimshuffle(rest)


def _of_slice(node: Any, ndim: int) -> Any:
    entries = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
    core = alike(node.inputs[0], ndim)
    if core is None or any(entry != FULL_SLICE for entry in entries[:ndim]):
        return None
    return core[tuple(entries[ndim:])] if entries[ndim:] else core


RULES: dict[type, Any] = {
    Alloc: _of_alloc,
    Elemwise: _of_elemwise,
    DimShuffle: _of_dimshuffle,
    Subtensor: _of_slice,
}
