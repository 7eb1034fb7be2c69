"""How a reduction accumulates inside a vector loop: in which locals, and what they make together.

Most reductions have one local that is updated by the operation itself.  Maxima and minima of floats
have two: comparing alone is one instruction but drops NaN, so that a flag beside it remembers
whether there was one.  The flag is as wide as the numbers, which keeps vectors in step.
"""

from __future__ import annotations

from pytensorlite._immutable import immutable
from pytensorlite.cgen.ir import Const, Expr, Op, Var
from pytensorlite.cgen.nest import Reduce

FLAGS = {"float32": "int32", "float64": "int64"}

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


def fold(value: Reduce) -> Fold:
    """Return how `value` accumulates in locals."""
    own = Var(value.name, value.dtype)
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
