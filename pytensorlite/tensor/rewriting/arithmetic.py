"""Rewrites of sums and products of any number of operands: one spelling for each.

``add`` and ``mul`` take any number of operands and fold from the left, ``((a + b) + c) + d``. What
is done here keeps the numbers: a nested sum is opened only where the order of additions stays what
it was, constants are joined only where no digits can cancel, nothing is cancelled or dropped that
could be NaN or infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import alloc, cast, constant
from pytensorlite.tensor.math import Sum, add, int_div, mul, neg, reciprocal, sqr, sub, true_div
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    filled,
    is_complex,
    is_exact,
    is_one,
    is_zero,
    match_type,
    register_canonicalize,
    register_specialize,
    register_useless,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of

# A longer sum stays nested: C compilers dislike expressions of a thousand parentheses.
MOST_OPERANDS = 24


# -- nested sums and products ----------------------------------------------------------------------


@register_canonicalize
@register_specialize
@node_rewriter([add, mul])
def local_add_mul_flatten(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``(x + y) + z -> add(x, y, z)``: the same additions in the same order, as one node."""
    if _continues(fgraph, node) or not any(_opens(fgraph, node, x) for x in node.inputs):
        return None
    # Follow the leading operand down; addition of two commutes exactly, so it may stand second.
    trailing: list[Variable] = []
    operands = list(node.inputs)
    while True:
        at = next((i for i, x in enumerate(operands[:2]) if _opens(fgraph, node, x)), None)
        if at is None or len(operands) + len(trailing) >= MOST_OPERANDS:
            break
        nested = operands.pop(at)
        trailing.extend(reversed(operands))
        operands = list(nested.owner.inputs)
    flat = [*operands, *reversed(trailing)]
    if len(flat) == len(node.inputs):
        return None
    new = node.op(*flat)
    return [new] if node.outputs[0].type.is_super(new.type) else None


def _continues(fgraph: Any, node: Apply) -> bool:
    """Whether the only reader is a node of the same op, which opens this one with all below it."""
    clients = fgraph.clients[node.outputs[0]]
    if len(clients) != 1:
        return False
    reader, position = clients[0]
    few = len(node.inputs) + len(getattr(reader, "inputs", ())) <= MOST_OPERANDS
    return position < 2 and few and _opens(fgraph, reader, node.outputs[0])


def _opens(fgraph: Any, node: Any, x: Variable) -> bool:
    """Whether the operand ``x`` of ``node`` is a node of the same op that nothing else reads."""
    return (
        x.owner is not None
        and node.op == x.owner.op
        and len(fgraph.clients[x]) == 1
        and x.type.dtype == node.outputs[0].type.dtype
        and x.type.broadcastable == node.outputs[0].type.broadcastable
    )


# -- sums ------------------------------------------------------------------------------------------


@register_useless("zero_sign")
@register_canonicalize("zero_sign")
@register_specialize("zero_sign")
@node_rewriter([add])
def local_add_canonizer(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x + 0 -> x`` and ``x + 2 + 3 -> x + 5``; constants of opposite signs could cancel and stay.

    ``-0.0 + 0.0`` is ``0.0``: dropping the zero may change the sign of a zero.
    """
    operands = node.inputs
    [out] = node.outputs
    constants = [(x, constant_value(x)) for x in operands]
    known = [(x, v) for x, v in constants if v is not None]
    zeros = [x for x, v in known if v == 0]
    others = [(x, v) for x, v in known if v != 0]
    joined = _joined_sum(others, out) if len(others) > 1 else None
    rest = [x for x, v in constants if v is None]
    if not rest or (not zeros and joined is None):
        return None  # constants alone are folded
    terms = ([joined] if joined is not None else [x for x, _ in others]) + rest
    return _rebuilt(fgraph, node, add, terms)


def _joined_sum(known: list[tuple[Variable, Any]], out: Variable) -> Variable | None:
    values = [np.asarray(v, dtype=out.type.dtype) for _, v in known]
    if not is_exact(out):
        if is_complex(out) or not np.isfinite(values).all():
            return None
        if not (all(v > 0 for v in values) or all(v < 0 for v in values)):
            return None
    with np.errstate(all="ignore"):
        total = sum(values[1:], values[0]).astype(out.type.dtype)
    return constant(total) if is_exact(out) or np.isfinite(total) else None


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([sub])
def local_sub_zero(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x - 0 -> x``, exactly; ``0 - x`` stays, it is not ``-x`` at zero."""
    x, y = node.inputs
    return _rebuilt(fgraph, node, add, [x]) if is_zero(y) and not _is_negative_zero(y) else None


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([sub])
def local_integer_zero_sub(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``0 - n -> -n`` for integers."""
    x, y = node.inputs
    [out] = node.outputs
    if not is_exact(out) or y.type.dtype != out.type.dtype or not is_zero(x):
        return None
    new = match_type(out, neg(y))
    return None if new is None else [new]


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([int_div])
def local_int_div_by_one(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``n // 1 -> n`` for integers."""
    x, y = node.inputs
    return _rebuilt(fgraph, node, add, [x]) if is_exact(node.outputs[0]) and is_one(y) else None


def _is_negative_zero(x: Variable) -> bool:
    return bool(np.signbit(np.real(constant_value(x)))) and not is_exact(x)


@register_canonicalize
@register_specialize
@node_rewriter([add])
def local_add_neg_to_sub(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x + (-y) -> x - y`` and ``x + sum(-y) -> x - sum(y)``."""
    [out] = node.outputs
    opposites = [_opposite(x, out) for x in node.inputs]
    kept = [x for x, opposite in zip(node.inputs, opposites, strict=True) if opposite is None]
    if not kept or len(kept) == len(node.inputs):
        return None
    new = kept[0] if len(kept) == 1 else add(*kept)
    for opposite in opposites:
        if opposite is not None:
            new = sub(new, opposite)
    return [new] if new.type.dtype == out.type.dtype and out.type.is_super(new.type) else None


@register_canonicalize
@register_specialize
@node_rewriter([sub])
def local_sub_neg_to_add(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x - (-y) -> x + y`` and ``x - sum(-y) -> x + sum(y)``."""
    x, y = node.inputs
    opposite = _opposite(y, node.outputs[0])
    return None if opposite is None else [add(x, opposite)]


def _opposite(x: Variable, out: Variable) -> Variable | None:
    """Return ``y`` where ``x`` is ``-y`` or a sum of it: the same beside another term."""
    if _is_plain_neg(x, out):
        return x.owner.inputs[0]
    if x.owner is None or not isinstance(x.owner.op, Sum) or is_exact(x):
        return None
    [terms] = x.owner.inputs
    return x.owner.op(terms.owner.inputs[0]) if _is_plain_neg(terms, x) else None


def _is_plain_neg(x: Variable, out: Variable) -> bool:
    """Whether ``x`` is a negation that wraps around, if it does, in the dtype of ``out``."""
    return scalar_op_of(x) == ps.neg and (not is_exact(x) or x.type.dtype == out.type.dtype)


@register_canonicalize
@register_specialize
@node_rewriter([add])
def local_add_merge(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x + x -> 2 * x``, exactly."""
    if len(node.inputs) != 2 or node.inputs[0] is not node.inputs[1]:
        return None
    [out] = node.outputs
    if out.type.dtype == "bool":
        return None
    return [mul(constant(2, dtype=out.type.dtype), node.inputs[0])]


# -- products --------------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([mul])
def local_mul_canonizer(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x * 1 -> x``, ``x * 2 * 3 -> 6 * x``, ``(-x) * y -> -(x * y)``: a constant in front."""
    [out] = node.outputs
    values = [constant_value(x) for x in node.inputs]
    known = [v for v in values if v is not None]
    rest = [x for x, v in zip(node.inputs, values, strict=True) if v is None]
    if not rest:
        return None  # constants alone are folded
    if known and any(_scaled(fgraph, x, out) for x in rest):
        return _with_inner_constants(fgraph, node)
    if is_exact(out):
        return _integer_product(fgraph, node, known, rest)
    negative = sum(_is_plain_neg(x, out) for x in rest)
    if not negative and (
        not known or (len(known) == 1 and values[0] is not None and values[0] not in (1, -1))
    ):
        return None
    rest = [x.owner.inputs[0] if _is_plain_neg(x, out) else x for x in rest]
    factor = _joined_product(known, out)
    if factor is None:
        return None
    if factor == -1 or (factor < 0 and negative % 2):
        factor, negative = -factor, negative + 1
    front = [] if factor == 1 else [constant(factor)]
    in_front = not known or (values[0] is not None and len(known) == 1 and known[0] == factor)
    if in_front and not negative and len(front) == len(known):
        return None
    if negative % 2 and front:
        return _rebuilt(fgraph, node, mul, [constant(-factor), *rest])
    new = _rebuilt(fgraph, node, mul, [*front, *rest])
    return new if new is None or not negative % 2 else [neg(new[0])]


def _scaled(fgraph: Any, x: Variable, out: Variable) -> bool:
    """Whether ``x`` is a product that begins with a constant, and nothing else reads it."""
    return (
        scalar_op_of(x) == ps.mul
        and x.type.dtype == out.type.dtype
        and len(fgraph.clients[x]) == 1
        and len(x.owner.inputs) > 1
        and constant_value(x.owner.inputs[0]) is not None
    )


def _with_inner_constants(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``2 * x * (3 * y) -> mul(2, 3, x, y)``, whose constants are joined next."""
    [out] = node.outputs
    operands: list[Variable] = []
    for x in node.inputs:
        if not _scaled(fgraph, x, out):
            operands.append(x)
            continue
        factor, *rest = x.owner.inputs
        operands.insert(0, factor)
        operands.append(rest[0] if len(rest) == 1 else mul(*rest))
    return _rebuilt(fgraph, node, mul, operands)


def _joined_product(known: list, out: Variable) -> Any:
    """Return the product of constants, or None where it is not an ordinary number."""
    if is_complex(out):
        return None
    with np.errstate(all="ignore"):
        factor = np.ones((), dtype=out.type.dtype)[()]
        for value in known:
            factor = factor * np.asarray(value, dtype=out.type.dtype)[()]
    if len(known) < 2:
        return factor
    ordinary = np.isfinite(factor) and abs(factor) >= np.finfo(out.type.dtype).tiny
    return factor if ordinary else None


def _integer_product(fgraph: Any, node: Apply, known: list, rest: list[Variable]) -> list | None:
    """Integers have neither NaN nor rounding: constants join, and times zero is zero."""
    [out] = node.outputs
    if out.type.dtype == "bool" or not known:
        return None
    with np.errstate(all="ignore"):
        factor = np.ones((), dtype=out.type.dtype)[()]
        for value in known:
            factor = factor * np.asarray(value).astype(out.type.dtype)[()]
    if factor == 0:
        return filled(fgraph, out, 0)
    if len(known) == 1 and factor != 1 and constant_value(node.inputs[0]) is not None:
        return None
    front = [] if factor == 1 else [constant(factor)]
    return _rebuilt(fgraph, node, mul, [*front, *rest])


@register_specialize("nan_unsafe")
@node_rewriter([mul])
def local_mul_zero(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x * 0 -> 0``: not for NaN and infinity, and so not unless asked for."""
    return filled(fgraph, node.outputs[0], 0) if any(map(is_zero, node.inputs)) else None


@register_canonicalize
@register_specialize
@node_rewriter([neg])
def local_neg_of_product(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``-(2 * x) -> (-2) * x`` and ``-(2 / x) -> (-2) / x`` if nothing else reads the product."""
    [x] = node.inputs
    if scalar_op_of(x) not in (ps.mul, ps.true_div) or len(fgraph.clients[x]) != 1 or is_exact(x):
        return None
    first, *rest = x.owner.inputs
    if not isinstance(first, Constant) or constant_value(first) is None:
        return None
    if np.iscomplexobj(first.data):
        return None
    return [x.owner.op(constant(-first.data, dtype=first.type.dtype), *rest)]


@register_specialize
@node_rewriter([mul])
def local_mul_to_sqr(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x * x -> sqr(x)``; a longer product ends in ``sqr(x)`` only where its order stays."""
    first, *rest = node.inputs
    if not rest or rest[0] is not first or first.type.dtype != node.outputs[0].type.dtype:
        return None
    if first.type.dtype == "bool":
        return None
    return [mul(sqr(first), *rest[1:]) if rest[1:] else sqr(first)]


# -- quotients -------------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([true_div])
def local_div_by_one(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x / 1 -> x``."""
    x, y = node.inputs
    return _rebuilt(fgraph, node, add, [x]) if is_one(y) else None


@register_canonicalize
@register_specialize
@node_rewriter([true_div])
def local_div_signs(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``(-x) / y -> -(x / y)`` and ``x / (-y) -> -(x / y)``: signs stand outside of quotients."""
    [out] = node.outputs
    x, y = node.inputs
    negations = [_is_plain_neg(v, out) and not is_exact(v) for v in (x, y)]
    if not any(negations):
        return None
    x, y = (v.owner.inputs[0] if n else v for v, n in zip((x, y), negations, strict=True))
    quotient = true_div(x, y)
    return [quotient if all(negations) else neg(quotient)]


@register_canonicalize
@register_specialize
@node_rewriter([true_div])
def local_div_constants(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``(6 * x) / 3 -> 2 * x`` and ``1 / x -> reciprocal(x)``."""
    [out] = node.outputs
    x, y = node.inputs
    if is_exact(out) or is_complex(out):
        return None
    if is_one(x) and y.type.dtype == out.type.dtype:
        return _rebuilt(fgraph, node, add, [reciprocal(y)])
    divisor = constant_value(y)
    if (
        divisor is None
        or scalar_op_of(x) not in (ps.mul, ps.true_div)
        or len(fgraph.clients[x]) != 1
    ):
        return None
    factor = constant_value(x.owner.inputs[0])
    if factor is None or not divisor or x.type.dtype != out.type.dtype:
        return None
    with np.errstate(all="ignore"):
        ratio = np.asarray(factor / divisor, dtype=out.type.dtype)[()]
    if not np.isfinite(ratio) or abs(ratio) < np.finfo(out.type.dtype).tiny:
        return None
    return _rebuilt(fgraph, node, x.owner.op, [constant(ratio), *x.owner.inputs[1:]])


@register_specialize
@node_rewriter([true_div])
def local_div_to_reciprocal(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x / 2 -> x * 0.5``, for powers of two only: for them the result is exactly the same."""
    [out] = node.outputs
    x, y = node.inputs
    divisor = constant_value(y)
    if divisor is None or is_exact(out) or is_complex(out) or x.type.dtype != out.type.dtype:
        return None
    mantissa, exponent = np.frexp(np.float64(divisor))
    # Within these bounds the inverse is an ordinary number in every float dtype.
    if abs(mantissa) != 0.5 or abs(exponent) > 13:
        return None
    return _rebuilt(fgraph, node, mul, [constant(1 / divisor, dtype=out.type.dtype), x])


@register_canonicalize
@register_specialize
@node_rewriter([mul])
def local_mul_reciprocal(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x * reciprocal(y) -> x / y``."""
    [out] = node.outputs
    for i, factor in enumerate(node.inputs):
        if scalar_op_of(factor) == ps.reciprocal and factor.type.dtype == out.type.dtype:
            divisor = factor.owner.inputs[0]
            rest = [x for j, x in enumerate(node.inputs) if j != i]
            product = rest[0] if len(rest) == 1 else mul(*rest)
            new = match_type(out, true_div(product, divisor))
            return None if new is None or divisor.type.dtype != out.type.dtype else [new]
    return None


# -- building --------------------------------------------------------------------------------------


def _rebuilt(
    fgraph: Any, node: Apply, op: Any, operands: Sequence[Variable]
) -> list[Variable] | None:
    """Return ``op`` of what is left of the operands, in the dtype and shape of the old output."""
    [out] = node.outputs
    new = operands[0] if len(operands) == 1 else op(*operands)
    if new.type.dtype != out.type.dtype:
        new = cast(new, out.type.dtype)
    matched = match_type(out, new)
    if matched is not None:
        copy_stack_trace(out, matched)
        return [matched] if out.type.is_super(matched.type) else None
    return _repeated(fgraph, node, new)


def _repeated(fgraph: Any, node: Apply, new: Variable) -> list[Variable] | None:
    """Return ``new`` in the shape that a dropped operand gave: ``ones((3, 1)) * x``."""
    [out] = node.outputs
    filled = alloc(new, *shapes_of(fgraph).shape(out))
    copy_stack_trace(out, filled)
    return [filled] if out.type.is_super(filled.type) else None
