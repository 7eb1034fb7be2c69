"""Whether two graphs compute the same thing by the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import AtomicVariable, Variable
from pytensorlite.graph.utils import data_signature


def equal_computations(
    xs: Sequence[Any],
    ys: Sequence[Any],
    in_xs: Sequence[Variable] | None = None,
    in_ys: Sequence[Variable] | None = None,
    strict_dtype: bool = True,
) -> bool:
    """Return whether the graphs `xs` and `ys` apply equal ops to equal inputs.

    Parameters
    ----------
    xs, ys : sequence of Variable or ndarray
        The outputs to compare, pairwise.
    in_xs, in_ys : sequence of Variable
        Inputs of the two graphs that stand for each other.
    strict_dtype : bool
        Whether types must agree exactly, or only admit each other's values.

    Raises
    ------
    ValueError
        If `xs` and `ys`, or `in_xs` and `in_ys`, are not of the same length.
    """
    in_xs, in_ys = list(in_xs or ()), list(in_ys or ())
    if len(xs) != len(ys):
        raise ValueError(f"The number of outputs differs: {len(xs)} and {len(ys)}")
    if len(in_xs) != len(in_ys):
        raise ValueError(f"The number of inputs differs: {len(in_xs)} and {len(in_ys)}")
    if any(not _same_type(a, b, strict_dtype) for a, b in zip(in_xs, in_ys, strict=True)):
        return False

    counterpart = dict(zip(in_xs, in_ys, strict=True))
    bound = set(in_ys)
    equal_nodes: set = set()
    stack = list(zip(xs, ys, strict=True))
    while stack:
        x, y = stack.pop()
        if not isinstance(x, Variable) or not isinstance(y, Variable):
            if not _equal_data(x, y, strict_dtype):
                return False
            continue
        if x in counterpart or y in bound:
            if counterpart.get(x) is not y:
                return False
            continue
        if x is y and not counterpart:
            continue
        if not _same_type(x, y, strict_dtype):
            return False
        if x.owner is None or y.owner is None:
            if not (x is y or _equal_leaves(x, y)):
                return False
            continue
        if x.index != y.index:
            return False
        pair = (x.owner, y.owner)
        if pair in equal_nodes:
            continue
        equal_nodes.add(pair)
        if x.owner.op != y.owner.op or len(x.owner.inputs) != len(y.owner.inputs):
            return False
        stack.extend(zip(x.owner.inputs, y.owner.inputs, strict=True))
    return True


def _same_type(x: Variable, y: Variable, strict_dtype: bool) -> bool:
    if strict_dtype:
        return x.type == y.type
    return bool(x.type.is_super(y.type) or y.type.is_super(x.type) or _ndim(x) == _ndim(y))


def _ndim(variable: Variable) -> Any:
    return getattr(variable.type, "ndim", None)


def _equal_leaves(x: Variable, y: Variable) -> bool:
    return isinstance(x, AtomicVariable) and x.owner is None and y.owner is None and x.equals(y)


def _equal_data(x: Any, y: Any, strict_dtype: bool) -> bool:
    """Compare where at least one side is a plain value; a constant's value counts as one."""
    x = getattr(x, "data", x) if isinstance(x, AtomicVariable) else x
    y = getattr(y, "data", y) if isinstance(y, AtomicVariable) else y
    if isinstance(x, Variable) or isinstance(y, Variable):
        return False
    if strict_dtype:
        return data_signature(np.asarray(x)) == data_signature(np.asarray(y))
    return np.array_equal(x, y, equal_nan=True)
