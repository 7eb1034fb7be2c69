"""What indices select: positions, and slices as first element, count and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite._immutable import immutable
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Integer, Op
from pytensorlite.link.c.integers import integer, is_non_negative
from pytensorlite.link.c.plan import NoLowering, Plan


@immutable
class Selection:
    """What an index takes of one axis; `count` is None for a single position, whose axis goes."""

    start: Index
    count: Index | None
    step: int


def select(plan: Plan, entries: Sequence[Any], shape: Sequence[Index]) -> list[Selection]:
    """Return what basic indices select of each axis; the program refuses positions outside."""
    found = []
    for axis, length in enumerate(shape):
        entry = entries[axis] if axis < len(entries) else slice(None)
        if isinstance(entry, slice):
            found.append(Selection(*_slice(plan, entry, length)))
        else:
            position = _checked_position(plan, _known(plan, entry), length, axis)
            found.append(Selection(position, None, 0))
    return found


def _known(plan: Plan, entry) -> Index:
    return Index.of(entry) if isinstance(entry, int) else integer(plan, entry)


def _checked_position(plan: Plan, position: Index, length: Index, axis: int) -> Index:
    text = f"index {{0}} is out of bounds for axis {axis} with size {{1}}"
    number = position.constant
    if number is not None:
        enough = number + 1 if number >= 0 else -number
        if length.constant is None or length.constant < enough:
            plan.require(f"{length} >= {enough}", IndexError, text, (position, length))
        return position if number >= 0 else position + length
    plan.require(f"!ptl_out_of_range({position}, {length})", IndexError, text, (position, length))
    wrapped = Op("ptl_wrap_index({0}, {1})", (Integer(position), Integer(length)), "int64")
    return plan.define(wrapped)


def _slice(plan: Plan, entry: slice, length: Index) -> tuple[Index, Index, int]:
    """Return first position, number of elements and step of a slice."""
    step = 1 if entry.step is None else _known(plan, entry.step).constant
    if step is None:
        raise NoLowering("the step of a slice is known only when the program runs")
    if step == 0:
        raise NoLowering("the step of a slice is zero")
    start = None if entry.start is None else _known(plan, entry.start)
    stop = None if entry.stop is None else _known(plan, entry.stop)
    if start is None and stop is None and step == 1:
        return Index.of(0), length, 1
    extent = length.constant
    bounds = [None if b is None else b.constant for b in (start, stop)]
    if extent is not None and all(
        b is None or c is not None for b, c in zip((start, stop), bounds, strict=True)
    ):
        found = range(*slice(bounds[0], bounds[1], step).indices(extent))
        return Index.of(found.start), Index.of(len(found)), step
    if step == 1 and _cuts_ends(start, stop):
        return _without_ends(plan, start or Index.of(0), -(stop or Index.of(0)), length)
    down = step < 0
    first = _clamped(plan, start, length, length - 1 if down else Index.of(0), down)
    last = _clamped(plan, stop, length, Index.of(-1) if down else length, down)
    if start is None and not down and step == 1:
        return first, last, 1
    count = plan.define(
        Op(f"ptl_slice_length({{0}}, {{1}}, {step})", (Integer(first), Integer(last)), "int64")
    )
    return first, count, step


def _cuts_ends(start: Index | None, stop: Index | None) -> bool:
    """Whether a slice is ``[a:]``, ``[:-b]`` or ``[a:-b]`` with known a and b."""
    first = 0 if start is None else start.constant
    last = -1 if stop is None else stop.constant
    limit = 1 << 62  # beyond it sums of bounds and lengths might not fit
    return first is not None and last is not None and limit > first >= 0 > last > -limit


def _without_ends(
    plan: Plan, before: Index, after: Index, length: Index
) -> tuple[Index, Index, int]:
    """Return the slice without so many elements before and after: all such of a length agree.

    Where nothing is left the position of the first element is beyond the end, and never read.
    """
    rest = length - before - after
    if not is_non_negative(rest):
        rest = plan.define(
            Op("ptl_max_int64({0}, {1})", (Integer(rest), Integer(Index.of(0))), "int64")
        )
    return before, rest, 1


def _clamped(plan: Plan, bound: Index | None, length: Index, default: Index, down: bool) -> Index:
    """Return a slice's bound, cut to where the axis has elements."""
    if bound is None:
        return default
    name = "ptl_slice_bound_down" if down else "ptl_slice_bound"
    return plan.define(Op(f"{name}({{0}}, {{1}})", (Integer(bound), Integer(length)), "int64"))
