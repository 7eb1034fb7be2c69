"""What a graph tells about the signs of its numbers, and the cheaper rows that this allows.

`log gamma` of a number that may be negative computes its reflection too, which takes as long as the
rest. Arguments are mostly such as cannot be negative: ``exp(x)``, ``x**2 + 1``, sums of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
import pytensorlite.scalar.math as psm
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.scalar.op import ScalarOp
from pytensorlite.tensor.elemwise import DimShuffle, elemwise_of
from pytensorlite.tensor.math import Sum
from pytensorlite.tensor.rewriting.basic import constant_value, register_specialize, scalar_op_of
from pytensorlite.tensor.shape import Reshape
from pytensorlite.tensor.special import Softmax
from pytensorlite.tensor.subtensor import AdvancedSubtensor, Subtensor
from pytensorlite.tensor.type import float_dtypes

# More nodes than this are not looked at; the bound keeps the search linear.
MOST_NODES = 32

Operands = Sequence[Variable]
#: Operands -> those that must have no sign for the result to have none; None if that does not help.
Condition = Callable[[Operands], Operands | None]


def _always(operands: Operands) -> Operands:
    return ()


def _all(operands: Operands) -> Operands:
    return operands


def _first(operands: Operands) -> Operands:
    return operands[:1]


def _last(operands: Operands) -> Operands:
    return operands[-1:]


def _branches(operands: Operands) -> Operands:
    return operands[1:]


def _square_or_all(operands: Operands) -> Operands:
    return () if len(operands) == 2 and operands[0] is operands[1] else operands


def _one_above_zero_or_all(operands: Operands) -> Operands:
    """Of the zeros 0.0 and -0.0 either may be the larger one, hence not any operand suffices."""
    return () if any(_is_above_zero(x) for x in operands) else operands


def _one_minus_sigmoid(operands: Operands) -> Operands | None:
    one, x = operands
    return () if constant_value(one) == 1 and scalar_op_of(x) == psm.sigmoid else None


# fmt: off
_CONDITIONS: dict[ScalarOp, Condition] = {
    **dict.fromkeys([
        ps.abs, ps.sqr, ps.exp, ps.exp2, ps.cosh, ps.arccos, ps.arccosh, ps.hypot, psm.sigmoid,
        psm.softplus, psm.erfc, psm.erfcx, psm.i0,
    ], _always),
    **dict.fromkeys([
        ps.add, ps.true_div, ps.reciprocal, ps.minimum, ps.sqrt, ps.cbrt, ps.log1p, ps.expm1,
        ps.sinh, ps.tanh, ps.arcsinh, ps.arctan, ps.arcsin, ps.arctanh, ps.floor, ps.ceil, ps.trunc,
        ps.rint, ps.identity, psm.erf, psm.erfinv, psm.i1,
    ], _all),
    ps.mul: _square_or_all,
    ps.pow: _first,
    ps.second: _last,
    ps.switch: _branches,
    ps.maximum: _one_above_zero_or_all,
    ps.sub: _one_minus_sigmoid,
}
# fmt: on

#: Ops of tensors whose numbers are those of their first operand, or sums of them.
_KEEPING = (DimShuffle, Sum, Reshape, Subtensor, AdvancedSubtensor)


def has_no_sign(var: Variable) -> bool:
    """Whether every number of ``var`` is NaN or has a clear sign bit, whatever the inputs are.

    Stronger than "not negative", for the reciprocal of -0.0 is. Of floats and the numbers that are
    cast to them only: integers wrap around.

    >>> import pytensorlite.tensor as pt
    >>> x = pt.vector("x")
    >>> has_no_sign(pt.exp(x) + 1), has_no_sign(x + 1)
    (True, False)
    """
    pending, looked = [var], 0
    while pending:
        x = pending.pop()
        looked += 1
        value = constant_value(x)
        if value is not None:
            if np.iscomplexobj(value) or np.signbit(np.float64(value)):
                return False
            continue
        if x.type.dtype == "bool" or x.type.dtype.startswith("uint"):
            continue
        if x.owner is None or x.type.dtype not in float_dtypes or looked > MOST_NODES:
            return False
        needed = _needed(x)
        if needed is None:
            return False
        pending.extend(needed)
    return True


def _needed(x: Variable) -> Operands | None:
    """Return the variables that must have no sign for ``x`` to have none, None if nobody knows."""
    node: Any = x.owner
    if isinstance(node.op, Softmax):
        return ()
    if isinstance(node.op, _KEEPING):
        return node.inputs[:1]
    scalar_op = scalar_op_of(x)
    if isinstance(scalar_op, ps.Cast):
        return node.inputs
    condition = _CONDITIONS.get(scalar_op) if scalar_op is not None else None
    return condition(node.inputs) if condition is not None else None


def _is_above_zero(x: Variable) -> bool:
    value = constant_value(x)
    return value is not None and not np.iscomplexobj(value) and bool(value > 0)


# -- what it is for --------------------------------------------------------------------------------

#: Rows -> the same for numbers that are known to have no sign.
OF_POSITIVE: dict[ScalarOp, ScalarOp] = {
    psm.gammaln: psm.gammaln_positive,
    psm.psi: psm.psi_positive,
}


@register_specialize
@node_rewriter([elemwise_of(op) for op in OF_POSITIVE])
def local_known_positive(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``gammaln(exp(x)) -> gammaln_positive(exp(x))``: without the reflection."""
    [x] = node.inputs
    if not has_no_sign(x):
        return None
    return [elemwise_of(OF_POSITIVE[node.op.scalar_op])(x)]
