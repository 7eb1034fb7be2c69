"""Rules for cheaper spellings: powers become products, roots and reciprocals.

NumPy's ``**`` itself computes ``x ** 2`` as a product, ``x ** 0.5`` as a root and ``x ** -1`` as a reciprocal,
so the values, at infinity too, are those a NumPy user gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import node_rewriter
from pytensorlite.graph.rewriting.pattern import Rules, wildcards
from pytensorlite.tensor.math import exp, mul, neg, pow, reciprocal, sqr, sqrt
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    filled,
    is_exact,
    match_type,
    real_rule,
    register_canonicalize,
    register_specialize,
    register_useless,
)

x, y = wildcards("x y")

#: Exponent -> what the power is. Larger ones would lose more digits than `pow` does.
POWERS: dict[float, Callable[[Any], Any]] = {
    2: lambda x: sqr(x),
    3: lambda x: mul(sqr(x), x),
    4: lambda x: sqr(sqr(x)),
    5: lambda x: mul(sqr(sqr(x)), x),
    6: lambda x: sqr(mul(sqr(x), x)),
    8: lambda x: sqr(sqr(sqr(x))),
    0.5: lambda x: sqrt(x),
    -0.5: lambda x: reciprocal(sqrt(x)),
    -1: lambda x: reciprocal(x),
    # The reciprocal first: its square overflows only where the power does.
    -2: lambda x: sqr(reciprocal(x)),
}


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([pow])
def local_pow_canonicalize(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x ** 0 -> 1`` and ``x ** 1 -> x``: of NaN too, as in NumPy."""
    base, exponent = node.inputs
    value = constant_value(exponent)
    if value is None or value not in (0, 1):
        return None
    [out] = node.outputs
    if value == 0:
        return filled(fgraph, out, 1)
    new = match_type(out, base)
    return [new] if new is not None and out.type.is_super(new.type) else None


@register_canonicalize
@register_specialize
@node_rewriter([pow])
def local_pow_to_sqr(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x ** 2 -> sqr(x)``, early: it is the spelling that other rules know."""
    return _power(node, lambda exponent: exponent == 2)


@register_specialize
@node_rewriter([pow])
def local_pow_specialize(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x ** 3 -> sqr(x) * x``, ``x ** 0.5 -> sqrt(x)``, ``x ** -1 -> reciprocal(x)`` ..."""
    return _power(node, lambda exponent: True)


def _power(node: Apply, wanted: Callable[[float], bool]) -> list[Variable] | None:
    [out] = node.outputs
    base, exponent = node.inputs
    value = constant_value(exponent)
    if value is None or np.iscomplexobj(value) or value not in POWERS or not wanted(value):
        return None
    # Integers overflow in their own dtype: the power must be taken in the dtype of the result.
    if base.type.dtype != out.type.dtype or (is_exact(out) and value < 2):
        return None
    if np.iscomplexobj(np.empty(0, out.type.dtype)) and value != 2:
        return None
    new = match_type(out, POWERS[float(value)](base))
    return [new] if new is not None and out.type.is_super(new.type) else None


# fmt: off
# ruff: noqa: E501 - the columns of a table should align
cheaper = Rules(
    real_rule("local_div_sqrt",          x / sqrt(x),              sqrt(x),           unsafe="nan"),
    real_rule("local_mul_exp_to_exp_add", exp(x) * exp(y),         exp(x + y),        unsafe="nan"),
    real_rule("local_div_exp_to_mul_exp", x / exp(y),              x * exp(neg(y)),   unsafe="nan"),
)
# fmt: on
register_specialize(cheaper)
