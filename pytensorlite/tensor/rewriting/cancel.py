"""Rewrites of quotients in which the same positive quantity stands above and below the line.

The derivative of ``log(sigmoid(x))`` is ``1 / sigmoid(x) * sigmoid(x) * (1 - sigmoid(x))``: far to
the left it is 0 / 0 although its value is 1. The quantities that gradients divide by and multiply
with are typically such as cannot be zero or infinite in mathematics, only in floating point:
``exp(x)``, ``sigmoid(x)``, sums of these. Cancelling them is what makes such gradients finite.

Nothing else is cancelled: ``x / x`` is NaN at zero. And a quantity is cancelled only where what
stays still depends on the same values, so that a NaN is not lost.

A product is looked at as two lists of factors, above and below the line, through nested products,
quotients, negations and reciprocals; it is rebuilt only if something cancels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytensorlite.scalar.basic as ps
import pytensorlite.scalar.math as psm
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.math import Sum, add, erfcx, mul, neg, reciprocal, sigmoid, sub, true_div
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    is_one,
    match_type,
    register_stabilize,
    scalar_op_of,
)
from pytensorlite.tensor.special import Softmax, softmax

# More factors than this are not a gradient's work; the bound keeps the search linear.
MOST_FACTORS = 32

_PRODUCT_OPS = (ps.mul, ps.true_div, ps.neg, ps.reciprocal)
_POSITIVE = (ps.exp, ps.exp2, psm.sigmoid, psm.softplus, ps.cosh, psm.erfc, psm.erfcx)

_NAN_CARRIERS = (
    *_PRODUCT_OPS,
    *_POSITIVE,
    ps.add,
    ps.sub,
    ps.log,
    ps.log1p,
    ps.expm1,
    ps.sqr,
    ps.sqrt,
    ps.tanh,
    ps.abs,
    psm.erf,
    psm.log1mexp,
)


@dataclass
class Factors:
    """A product: the factors above and below the line, and its sign."""

    above: list[Variable] = field(default_factory=list)
    below: list[Variable] = field(default_factory=list)
    negative: bool = False

    def product(self) -> Variable | None:
        """Return the product as a graph, None if no factor is left."""
        above = _multiply(self.above)
        if self.below:
            below = _multiply(self.below)
            above = reciprocal(below) if above is None else true_div(above, below)
        return neg(above) if self.negative and above is not None else above


def _multiply(factors: list[Variable]) -> Variable | None:
    if not factors:
        return None
    return factors[0] if len(factors) == 1 else mul(*factors)


def factors_of(var: Variable) -> Factors | None:
    """Return the factors of a product, or None where there are too many to look at."""
    found = Factors()
    pending = [(var, True)]
    while pending:
        x, is_above = pending.pop()
        op = scalar_op_of(x) if x.type.dtype == var.type.dtype else None
        operands = list(x.owner.inputs) if op in _PRODUCT_OPS else []
        if len(pending) + len(found.above) + len(found.below) > MOST_FACTORS:
            return None
        if op == ps.mul:
            pending.extend((v, is_above) for v in reversed(operands))
        elif op == ps.true_div:
            pending.append((operands[1], not is_above))
            pending.append((operands[0], is_above))
        elif op == ps.neg:
            found.negative = not found.negative
            pending.append((operands[0], is_above))
        elif op == ps.reciprocal:
            pending.append((operands[0], not is_above))
        elif not is_one(x) or any(length != 1 for length in x.type.shape):
            (found.above if is_above else found.below).append(x)
    return found


def is_positive(var: Variable) -> bool:
    """Whether ``var`` is above zero and below infinity in mathematics, for any finite inputs."""
    pending, looked = [var], 0
    while pending:
        x = pending.pop()
        looked += 1
        value = constant_value(x)
        if value is not None:
            if isinstance(value, complex) or not 0 < value < float("inf"):
                return False
            continue
        if x.owner is None or looked > MOST_FACTORS:
            return False
        op, kind = scalar_op_of(x), x.owner.op
        if op in _POSITIVE or isinstance(kind, Softmax) or _is_one_minus_sigmoid(x):
            continue
        if op in (ps.add, ps.mul, ps.true_div, ps.reciprocal) or isinstance(kind, DimShuffle | Sum):
            pending.extend(x.owner.inputs)
        else:
            return False
    return True


def _is_one_minus_sigmoid(x: Variable) -> bool:
    return (
        scalar_op_of(x) == ps.sub
        and is_one(x.owner.inputs[0])
        and (scalar_op_of(x.owner.inputs[1]) == psm.sigmoid)
    )


# -- cancelling ------------------------------------------------------------------------------------


@register_stabilize
@node_rewriter([mul, true_div, neg])
def local_cancel_positive_factor(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``g / p * p * q -> g * q`` for ``p > 0``, and ``g / (1 + exp(x)) -> g * sigmoid(-x)``."""
    [out] = node.outputs
    if not _is_whole_product(fgraph, node):
        return None
    factors = factors_of(out)
    if factors is None or not factors.below:
        return None
    if not _cancel(factors):
        return None
    return _fitting(out, factors.product())


@register_stabilize
@node_rewriter([mul, true_div, neg])
def local_greedy_distributor(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``(a / p + b) * p -> a + b * p`` for ``p > 0``: the sum is opened where that cancels."""
    [out] = node.outputs
    if not _is_whole_product(fgraph, node):
        return None
    factors = factors_of(out)
    if factors is None:
        return None
    for sum_ in factors.above:
        if scalar_op_of(sum_) not in (ps.add, ps.sub) or sum_.type.dtype != out.type.dtype:
            continue
        terms = [t for t in map(factors_of, sum_.owner.inputs) if t is not None]
        if len(terms) < len(sum_.owner.inputs):
            continue
        moved = [f for f in factors.above if any(f in t.below for t in terms) and is_positive(f)]
        if not moved:
            continue
        return _distributed(out, factors, sum_, terms, moved)
    return None


def _distributed(
    out: Variable, factors: Factors, sum_: Variable, terms: list, moved: list
) -> list | None:
    rest = [f for f in factors.above if f is not sum_ and f not in moved]
    for term in terms:
        term.above.extend(moved)
        # A NaN that is cancelled here may still show in another term of the sum.
        elsewhere = [f for other in terms if other is not term for f in other.above]
        _cancel(term, [*rest, *elsewhere])
    new_terms = [term.product() for term in terms]
    if any(term is None for term in new_terms):
        return None
    factors.above = [
        sum_.owner.op(*new_terms) if f is sum_ else f for f in factors.above if f not in moved
    ]
    return _fitting(out, factors.product())


def _is_whole_product(fgraph: Any, node: Apply) -> bool:
    """Whether no reader is itself a product, which would be looked at with this one inside."""
    clients = fgraph.clients[node.outputs[0]]
    if len(clients) != 1:
        return True
    reader = clients[0][0]
    inner = getattr(reader.op, "scalar_op", None)
    return inner not in _PRODUCT_OPS or reader.outputs[0].type.dtype != node.outputs[0].type.dtype


def _fitting(out: Variable, new: Variable | None) -> list[Variable] | None:
    if new is None:
        return None
    new = match_type(out, new)
    return [new] if new is not None and out.type.is_super(new.type) else None


def _cancel(factors: Factors, elsewhere: Sequence[Variable] = ()) -> bool:
    """Cancel what can be cancelled; return whether anything changed.

    ``elsewhere`` are quantities beside the product in which a NaN would show as well.
    """
    changed = False
    for divisor in list(factors.below):
        if divisor in factors.above and is_positive(divisor):
            above = list(factors.above)
            above.remove(divisor)
            if _depends_on([*above, *elsewhere], divisor):
                factors.above, changed = above, True
                factors.below.remove(divisor)
                continue
        for simplify in (_to_softmax, _to_sigmoid, _to_erfcx):
            if simplify(factors, divisor):
                changed = True
                break
    return changed


def _depends_on(factors: list[Variable], divisor: Variable) -> bool:
    """Whether a NaN in what ``divisor`` is computed from still shows in the remaining factors."""
    seen = _carried(factors)
    pending, looked = [divisor], 0
    while pending:
        x = pending.pop()
        looked += 1
        if x in seen or constant_value(x) is not None:
            continue
        if looked > MOST_FACTORS or not _carries_nan(x):
            return False
        pending.extend(x.owner.inputs)
    return True


def _carried(factors: list[Variable]) -> set[Variable]:
    """Return the factors and those nearest ancestors whose NaN makes a factor NaN."""
    seen: set[Variable] = set()
    pending = deque(factors)
    while pending and len(seen) < MOST_FACTORS:
        x = pending.popleft()
        if x not in seen:
            seen.add(x)
            pending.extend(x.owner.inputs if _carries_nan(x) else ())
    return seen


def _carries_nan(x: Variable) -> bool:
    if x.owner is not None and isinstance(x.owner.op, Softmax | DimShuffle):
        return True
    return scalar_op_of(x) in _NAN_CARRIERS


# -- quotients with a name -------------------------------------------------------------------------


def _to_sigmoid(factors: Factors, divisor: Variable) -> bool:
    """``exp(z) / (1 + exp(z)) -> sigmoid(z)`` and ``1 / (1 + exp(z)) -> sigmoid(-z)``."""
    e = _one_plus_exp(divisor)
    if e is None:
        return _to_sigmoid_of_difference(factors, divisor)
    [z] = e.owner.inputs
    factors.below.remove(divisor)
    if e in factors.above:
        factors.above[factors.above.index(e)] = sigmoid(z)
    elif scalar_op_of(z) == ps.neg:
        factors.above.append(sigmoid(z.owner.inputs[0]))
    else:
        factors.above.append(sigmoid(neg(z)))
    return True


def _to_sigmoid_of_difference(factors: Factors, divisor: Variable) -> bool:
    """``exp(y) / (exp(y) + exp(z)) -> sigmoid(y - z)``."""
    if scalar_op_of(divisor) != ps.add or len(divisor.owner.inputs) != 2:
        return False
    terms = divisor.owner.inputs
    if any(scalar_op_of(t) != ps.exp or t.type != divisor.type for t in terms):
        return False
    for own, other in (tuple(terms), tuple(reversed(terms))):
        if own in factors.above:
            factors.below.remove(divisor)
            difference = sub(own.owner.inputs[0], other.owner.inputs[0])
            factors.above[factors.above.index(own)] = sigmoid(difference)
            return True
    return False


def _one_plus_exp(x: Variable) -> Variable | None:
    if scalar_op_of(x) != ps.add or len(x.owner.inputs) != 2:
        return None
    for one, e in (tuple(x.owner.inputs), tuple(reversed(x.owner.inputs))):
        if is_one(one) and scalar_op_of(e) == ps.exp and e.type.dtype == x.type.dtype:
            return e if e.type.broadcastable == x.type.broadcastable else None
    return None


def _to_softmax(factors: Factors, divisor: Variable) -> bool:
    """``exp(z) / sum(exp(z), axis, keepdims=True) -> softmax(z, axis)``."""
    total, kept = divisor, None
    if isinstance(divisor.owner and divisor.owner.op, DimShuffle):
        total, kept = divisor.owner.inputs[0], divisor.owner.op.new_order
    node = total.owner
    if node is None or not isinstance(node.op, Sum) or node.inputs[0] not in factors.above:
        return False
    [e] = node.inputs
    if scalar_op_of(e) != ps.exp or e.type.dtype != total.type.dtype:
        return False
    axes = range(e.type.ndim) if node.op.axis is None else node.op.axis
    left = iter(range(total.type.ndim))
    expected = tuple("x" if d in axes else next(left) for d in range(e.type.ndim))
    if kept is not None and kept != expected:
        return False
    if kept is None and total.type.ndim != 0:
        return False
    axis = None if len(axes) == e.type.ndim and len(axes) > 1 else tuple(axes)
    if axis is not None and len(axis) != 1:
        return False
    factors.below.remove(divisor)
    factors.above[factors.above.index(e)] = softmax(
        e.owner.inputs[0], axis=None if axis is None else axis[0]
    )
    return True


def _to_erfcx(factors: Factors, divisor: Variable) -> bool:
    """``exp(-z**2) / erfc(z) -> 1 / erfcx(z)``."""
    if scalar_op_of(divisor) != psm.erfc:
        return False
    [z] = divisor.owner.inputs
    for e in factors.above:
        exponent = e.owner.inputs[0] if scalar_op_of(e) == ps.exp else None
        if (
            exponent is not None
            and scalar_op_of(exponent) == ps.neg
            and _is_square_of(exponent.owner.inputs[0], z)
        ):
            factors.above.remove(e)
            factors.below[factors.below.index(divisor)] = erfcx(z)
            return True
    return False


def _is_square_of(x: Variable, z: Variable) -> bool:
    op = scalar_op_of(x)
    if op == ps.sqr:
        return x.owner.inputs[0] is z
    if op == ps.pow:
        return x.owner.inputs[0] is z and constant_value(x.owner.inputs[1]) == 2
    return op == ps.mul and len(x.owner.inputs) == 2 and all(v is z for v in x.owner.inputs)


# -- a weighted sum of sigmoids --------------------------------------------------------------------


@register_stabilize
@node_rewriter([add, sub])
def local_bernoulli_gradient(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``y * sigmoid(-z) - (1 - y) * sigmoid(z) -> y - sigmoid(z)``, of a log-likelihood.

    This is what is left of ``y * log(p) + (1 - y) * log(1 - p)`` with ``p = sigmoid(z)``.
    """
    [out] = node.outputs
    if len(node.inputs) != 2:
        return None
    first, second = (factors_of(x) for x in node.inputs)
    if first is None or second is None or not _same_factors(first.below, second.below):
        return None
    if scalar_op_of(out) == ps.sub:
        second.negative = not second.negative
    if first.negative == second.negative:
        return None
    for a, b in ((first, second), (second, first)):
        found = _complementary(a, b)
        if found is not None:
            y, z, common = found
            residual = sub(sigmoid(z), y) if a.negative else sub(y, sigmoid(z))
            new = Factors([*common, residual], a.below)
            return _fitting(out, new.product())
    return None


def _same_factors(first: list[Variable], second: list[Variable]) -> bool:
    return len(first) == len(second) and all(first.count(f) == second.count(f) for f in first)


def _complementary(a: Factors, b: Factors) -> tuple | None:
    """Return (y, z, common) where ``a`` is c * y * sigmoid(-z), ``b`` c * (1 - y) * sigmoid(z)."""
    common = [f for f in a.above if f in b.above]
    only_a = [f for f in a.above if f not in common]
    only_b = [f for f in b.above if f not in common]
    if len(only_a) != 2 or len(only_b) != 2:
        return None
    for y, s in (only_a, reversed(only_a)):
        for rest, t in (only_b, reversed(only_b)):
            if scalar_op_of(t) != psm.sigmoid or not _is_one_minus(rest, y):
                continue
            z = t.owner.inputs[0]
            mirrored = scalar_op_of(s) == psm.sigmoid and _is_negative_of(s.owner.inputs[0], z)
            if mirrored or _is_one_minus(s, t):
                return y, z, common
    return None


def _is_one_minus(x: Variable, y: Variable) -> bool:
    return scalar_op_of(x) == ps.sub and is_one(x.owner.inputs[0]) and x.owner.inputs[1] is y


def _is_negative_of(x: Variable, y: Variable) -> bool:
    return (scalar_op_of(x) == ps.neg and x.owner.inputs[0] is y) or (
        scalar_op_of(y) == ps.neg and y.owner.inputs[0] is x
    )
