"""Zeros, ones, sums and casts of gradients, for tensors and scalars alike.

A gradient is never of integer dtype: where the variable is discrete its gradient has the dtype
``config.floatX``.  These few helpers are the only place that knows how that is spelled.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

from pytensorlite import scalar as ps
from pytensorlite import tensor as pt
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.null_type import DisconnectedType, NullType
from pytensorlite.scalar.chosen import chosen_alike
from pytensorlite.tensor.basic import Alloc
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.type import TensorType


def is_disconnected(variable: Variable) -> bool:
    """Whether a gradient is the symbolic zero."""
    return isinstance(variable.type, DisconnectedType)


def is_null(variable: Variable) -> bool:
    """Whether a gradient is missing."""
    return isinstance(variable.type, NullType)


def is_connected(variable: Variable) -> bool:
    """Whether a gradient has a value, or would have one if it could be computed."""
    return not isinstance(variable.type, DisconnectedType)


#: Dtypes of numbers that can change by a little.
CONTINUOUS = frozenset({"float16", "float32", "float64", "complex64", "complex128"})
COMPLEX = frozenset({"complex64", "complex128"})


def gradient_dtype(variable: Variable) -> str:
    """Return the dtype of a gradient with respect to `variable`."""
    dtype = getattr(variable.type, "dtype", "object")
    return dtype if dtype in CONTINUOUS else config.floatX


def one(cost: Variable) -> Variable:
    """Return the derivative of a scalar with respect to itself.

    A constant instead of ``ones_like``: nothing of the cost needs to be computed for it.
    """
    if isinstance(cost.type, TensorType):
        return pt.constant(1.0, dtype=gradient_dtype(cost))
    return ps.constant(1.0, dtype=gradient_dtype(cost))


def float_zeros_like(variable: Variable) -> Variable:
    """Return zeros of the variable's shape and of its gradient's dtype."""
    if isinstance(variable.type, TensorType):
        return pt.zeros_like(variable, dtype=gradient_dtype(variable))
    if hasattr(variable.type, "dtype"):
        return ps.constant(0.0, dtype=gradient_dtype(variable))
    raise TypeError(
        f"There are no zeros like {variable} because {variable.type} holds no numbers; ask for "
        'return_disconnected="none" or "disconnected" instead'
    )


def cast_gradient(gradient: Variable, dtype: str) -> Variable:
    """Cast a gradient to a continuous `dtype`; what is discrete or without dtype is left alone.

    A complex gradient is dC/d(real part) + i dC/d(imaginary part), so that of a real number is the
    real part.
    """
    given = getattr(gradient.type, "dtype", dtype)
    if given == dtype or dtype not in CONTINUOUS:
        return gradient
    if given in COMPLEX and dtype not in COMPLEX:
        gradient = ps.real(gradient)
    cast: Any = pt.cast if isinstance(gradient.type, TensorType) else ps.cast
    return cast(gradient, dtype)


def fill_up(variable: Variable, gradient: Variable) -> Variable:
    """Give a user's gradient of lower rank (a plain 1, say) the shape of its variable."""
    rank: int = getattr(variable.type, "ndim", 0)
    given: int = getattr(gradient.type, "ndim", rank)
    if given == rank:
        return gradient
    if given > rank:
        raise ValueError(
            f"The gradient given for {variable} has {given} dimensions, expected at most the "
            f"{rank} of the variable; got {gradient} of type {gradient.type}"
        )
    return pt.second(variable, gradient)


def total(terms: list[Variable]) -> Variable:
    """Add what arrives at a variable from several places; a single term stays the same object."""
    for term in terms:
        if is_null(term):
            return term
    if len(terms) == 1:
        return terms[0]
    if hasattr(terms[0].type, "dtype"):
        choices = chosen_alike(terms)
        if choices:
            return choices[0].again(ps.add(*(choice.g for choice in choices)))
        return ps.add(*terms)
    return reduce(add, terms)


def is_nonzero_constant(variable: Variable) -> bool:
    """Whether a gradient is known to be a number other than zero (NaN included).

    Looks through what only repeats a value: fills, broadcasts and casts.
    """
    while not isinstance(variable, Constant):
        node = variable.owner
        if node is None:
            return False
        inner = _repeated_value(node)
        if inner is None:
            return False
        variable = inner
    data: Any = variable.data
    return bool(getattr(data, "size", 1) == 1 and data != 0)


def _repeated_value(node: Any) -> Variable | None:
    """Return the input whose value the node's output repeats, if it does nothing else."""
    op = getattr(node.op, "scalar_op", node.op)
    if isinstance(op, DimShuffle | Alloc | ps.Cast):
        return node.inputs[0]
    return node.inputs[1] if op == ps.second else None
