"""Strip-mining: rows that are walked several times, or with costly scalar work, go in blocks.

``for i: (for j: …) ; exp ; (for j: …)`` becomes, per block of rows, three loops over its rows.  The
middle one is a plain loop over ``exp`` and vectorises.  The others need not wait for each other
within a row, where a sum must be complete before the next loop begins: the processor works on
several rows at once.  Scattered writes are set apart for the same reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import item_size
from pytensorlite.cgen.nest import Gather, Map, Nest, Scatter, Value, is_even
from pytensorlite.cgen.short import folds

HEAVY = 1.0  # ns an element from which a scalar statement is worth vectorising over rows
ROWS = 64  # rows handled together; their intermediate values stay in the first-level cache
SCALARS = 512  # the same of rows that hold no arrays: the ends of vector sums cost less


def strip_mine(items: Sequence[Nest | Value], extents: Mapping[str, Index]) -> list[Nest | Value]:
    """Split loops that hold several inner loops, or costly scalar work, into blocks of rows."""
    result: list[Nest | Value] = []
    for item in items:
        if not isinstance(item, Nest):
            result.append(item)
            continue
        groups = _groups(item.body, extents)
        if _is_worth_splitting(groups):
            inner = [Nest(item.label, strip_mine(group, extents)) for group in groups]
            rows = ROWS if any(isinstance(each, Nest) for each in item.body) else SCALARS
            result.append(Nest(item.label, list(inner), block=rows))
        else:
            result.append(Nest(item.label, strip_mine(item.body, extents)))
    return result


def _groups(body: Sequence[Nest | Value], extents: Mapping[str, Index]) -> list[list[Nest | Value]]:
    """Cut `body` into runs of plain statements, single loops, and runs of what no vector does.

    Sums over short axes are plain statements: the loop around them vectorises.  Scattered writes
    stand apart, and so do numbers that are narrower than the positions at which they are read.
    """
    positions = {at for item in body if _is_narrow(item) for at in item.at}

    def kind(item: Nest | Value) -> str:
        if isinstance(item, Nest):
            return "plain" if folds(item, extents) else "loop"
        if _is_narrow(item) or item.name in positions:
            return "looked up"
        return "scatter" if isinstance(item, Scatter) and not is_even(item) else "plain"

    # Reductions and plain values that nothing in between depends on may not move: order is kept.
    groups: list[list[Nest | Value]] = []
    for which, run in itertools.groupby(body, kind):
        members = list(run)
        if which == "loop":
            groups += [[member] for member in members]
        else:
            groups.append(members)
    return groups


def _is_narrow(item: Nest | Value) -> TypeGuard[Gather]:
    """Whether gcc makes no vectors of reading `item`, which positions of eight bytes point to."""
    return (
        isinstance(item, Gather)
        and item_size(item.dtype) < item_size("int64")
        and any(isinstance(at, str) and not at.startswith("@") for at in item.at)
    )


def _is_worth_splitting(groups: Sequence[Sequence[Nest | Value]]) -> bool:
    loops = sum(isinstance(item, Nest) for group in groups for item in group if len(group) == 1)
    costs = [sum(v.cost for v in group if isinstance(v, Map)) for group in groups]
    return len(groups) > 1 and (loops > 1 or max(costs) >= HEAVY)
