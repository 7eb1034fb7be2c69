"""Cotangents that a choice hands to one of its operands only, and that stay nothing for the other.

The derivative of ``switch(x > 0, log(x), 0)`` is ``switch(x > 0, g, 0) / x`` by the chain rule,
which is NaN where x is 0, though nothing there depends on x.  So the choice is made again after
each element-wise rule, from what the rule makes of `g`: ``switch(x > 0, g / x, 0)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.scalar.table import ROWS
from pytensorlite.scalar.type import constant


def chosen(condition: Any, g: Any, where: bool = True) -> Any:
    """Return `g` where the condition is as true as `where` says, zeros elsewhere."""
    before = Choice(g)
    if before.condition is not None:
        both = [_truth(condition, where), _truth(before.condition, before.where)]
        condition, g, where = ROWS["and_"](*both), before.g, True
    nothing = ROWS["second"](g, constant(0, dtype=g.type.dtype))
    result = ROWS["switch"](condition, *((g, nothing) if where else (nothing, g)))
    result.tag.chosen = where
    return result


def _truth(condition: Any, where: bool) -> Any:
    return ROWS["neq" if where else "eq"](condition, constant(0, dtype=condition.type.dtype))


class Choice:
    """A cotangent apart from the choice that it went through: `g`, or nothing."""

    def __init__(self, cotangent: Any) -> None:
        self.cotangent, self.g = cotangent, cotangent
        self.where: bool = getattr(cotangent.tag, "chosen", True)
        self.condition = None
        if cotangent.owner is not None and hasattr(cotangent.tag, "chosen"):
            self.condition, *branches = cotangent.owner.inputs
            self.g = branches[not self.where]

    def again(self, term: Any) -> Any:
        """Return what a rule made of `g` where it was chosen."""
        return self.cotangent if term is self.g else chosen(self.condition, term, self.where)


def chosen_alike(cotangents: Sequence[Any]) -> list[Choice]:
    """Return the choices of cotangents that all went through the same one; else an empty list."""
    choices = [Choice(g) for g in cotangents]
    alike = {(choice.condition, choice.where) for choice in choices}
    return choices if len(alike) == 1 and choices[0].condition is not None else []
