"""How a reduction accumulates inside a vector loop: in which locals, and what they make together.

Most reductions have one local that is updated by the operation itself.  Maxima and minima of floats
have two: comparing alone is one instruction but drops NaN, so that a flag beside it remembers
whether there was one.  Such a flag is as wide as the numbers, which keeps vectors in step; and so
is the local of ``any`` and ``all``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytensorlite._immutable import immutable
from pytensorlite.cgen.ir import Const, Expr, Op, Var, item_size, subexpressions
from pytensorlite.cgen.nest import Map, Reduce, Value

FLAGS = {"float32": "int32", "float64": "int64"}
WIDE = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}  # flags by the bytes of what is looked at

# Of two equal ones the first stays; the other side is named twice, so it must be a name.
EXTREMES = {
    "ptl_max({0}, {1})": ("max", "{1} > {0} ? {1} : {0}"),
    "ptl_min({0}, {1})": ("min", "{1} < {0} ? {1} : {0}"),
}


@immutable
class Accumulator:
    """A local: what it begins as, and ``var = template(var, test of the operand)``."""

    var: Var
    first: Const
    template: str
    test: str = ""

    def step(self, operand: Expr) -> Expr:
        """Return what is folded into the local for `operand`."""
        return Op(self.test, (operand,), "bool") if self.test else operand


@immutable
class Fold:
    """The accumulators of a reduction, and its total once the loop has ended."""

    parts: tuple[Accumulator, ...]
    total: Expr
    doubles: bool = False  # whether the operand is named more than once


def fold(value: Reduce, values: Mapping[str, Value] | None = None) -> Fold:
    """Return how `value` accumulates in locals; `values` tells what its operand is made of."""
    own = Var(value.name, value.dtype)
    if value.dtype == "bool" and (width := _width(value.expr, values or {})) in WIDE:
        flag = Var(f"{value.name}_flag", WIDE[width])
        first = Const(int(value.identity.value), flag.dtype)
        total = Op("{0} != 0", (flag,), "bool")
        return Fold((Accumulator(flag, first, value.template),), total)
    if value.template not in EXTREMES or value.dtype == "float16":
        return Fold((Accumulator(own, value.identity, value.template),), own)
    word, template = EXTREMES[value.template]
    if value.dtype not in FLAGS:
        return Fold((Accumulator(own, value.identity, template),), own, doubles=True)
    best = Var(f"{value.name}_{word}", value.dtype)
    flag = Var(f"{value.name}_nan", FLAGS[value.dtype])
    parts = (
        Accumulator(best, value.identity, template),
        Accumulator(flag, Const(0, flag.dtype), "{0} | {1}", test="{0} != {0}"),
    )
    return Fold(parts, Op("{0} ? NAN : {1}", (flag, best), value.dtype), doubles=True)


def _width(expr: Expr, values: Mapping[str, Value]) -> int:
    """Return the bytes of the widest number that `expr` is made of in the same iteration."""
    widest = 0
    pending, seen = [expr], set[str]()
    while pending:
        for sub in subexpressions(pending.pop()):
            made = values.get(sub.name) if isinstance(sub, Var) else None
            if isinstance(made, Map) and made.name not in seen:
                seen.add(made.name)
                pending.append(made.expr)
            elif not isinstance(made, Map):
                widest = max(widest, item_size(sub.dtype))
    return widest
