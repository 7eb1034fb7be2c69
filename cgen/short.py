"""Short axes: so few elements, and known to be so few, that they are written out one by one.

A sum over three coordinates is no loop worth vectorising; the loop around it is.  So short axes
stand innermost, their loops have no pragma and the compiler unrolls them, and the next loop outside
is the one that vectorises.  Where that loop walks over rows of a short axis again and again, as
between all pairs of points, the array is laid out for it once: coordinate by coordinate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Var
from pytensorlite.cgen.nest import (
    SHORT,
    Map,
    Nest,
    Reduce,
    Scheduler,
    Source,
    Value,
    outside,
    reads,
    renamed,
)
from pytensorlite.cgen.paths import values_inside


def is_short(extent: Index) -> bool:
    """Whether an axis is written out.

    Examples
    --------
    >>> is_short(Index.of(3)), is_short(Index.of(100)), is_short(Index.name("n0"))
    (True, False, False)
    """
    return extent.constant is not None and 0 < extent.constant <= SHORT


def folds(
    nest: Nest, extents: Mapping[str, Index], outer: tuple[str, ...] = (), room: int = 2 * SHORT
) -> bool:
    """Whether `nest` only adds up short axes, so that the loop around it may vectorise."""
    extent = extents[nest.label].constant
    if not extent or extent > min(SHORT, room):
        return False
    summed = (*outer, nest.label)
    for item in nest.body:
        if isinstance(item, Nest):
            fits = folds(item, extents, summed, room // extent)
        elif isinstance(item, Reduce):
            fits = set(summed) <= set(item.over)
        else:
            fits = isinstance(item, Map)
        if not fits:
            return False
    return True


def schedule(
    values: Sequence[Value], extents: Mapping[str, Index]
) -> tuple[list[Value], list[Nest | Value]]:
    """Return the values and their loops, with arrays laid out anew where that pays."""
    sources = [value for value in values if isinstance(value, Source)]
    values = [part for value in values for part in _split(value, extents, sources)]
    tree = Scheduler(values, extents).schedule()
    packed = dict(_packed(tree, values, extents))
    if not packed:
        return list(values), tree
    values = [_with(value, packed) for value in _in_place(values, packed)]
    return values, Scheduler(values, extents).schedule()


def _split(
    value: Value, extents: Mapping[str, Index], sources: Sequence[Source]
) -> tuple[Value, ...]:
    """Return a sum over short and long axes as the short one, then a sum of those.

    So that the long one, whose additions wait for each other, has but one for each short one.
    """
    if not isinstance(value, Reduce):
        return (value,)
    inside = {label for label in value.over if is_short(extents[label])}
    inside -= outside(value.over, sources)
    short = tuple(label for label in value.over if label in inside)
    rest = tuple(label for label in value.over if label not in short)
    if not short or not rest:
        return (value,)
    inner = replace(value, name=f"{value.name}_part", labels=(*value.labels, *rest), over=short)
    return inner, replace(value, expr=Var(inner.name, value.dtype), over=rest)


def _packed(
    tree: Sequence[Nest | Value], values: Sequence[Value], extents: Mapping[str, Index]
) -> Iterator[tuple[str, Map]]:
    """Yield the name of each array that is walked along a short axis, and a copy across it."""
    sources = {value.name: value for value in values if isinstance(value, Source)}
    for path in _vector_loops(tree, extents):
        again = [nest.label for nest in path[:-1] if not is_short(extents[nest.label])]
        inner = path[-1].label
        for name in dict.fromkeys(n for v in values_inside(path[-1]) for n in reads(v)):
            source = sources.get(name)
            if source is None or inner not in source.labels or len(source.labels) != 2:
                continue
            (across,) = (label for label in source.labels if label != inner)
            if is_short(extents[across]) and any(label not in source.labels for label in again):
                copy = Map(f"{name}_packed", source.dtype, (across, inner), Var(name, source.dtype))
                yield name, copy


def _vector_loops(
    items: Sequence[Nest | Value], extents: Mapping[str, Index], path: tuple[Nest, ...] = ()
) -> Iterator[tuple[Nest, ...]]:
    """Yield the loops that vectorise around short sums, each with the loops around it."""
    for item in items:
        if not isinstance(item, Nest):
            continue
        here = (*path, item)
        inner = [each for each in item.body if isinstance(each, Nest)]
        if inner and all(folds(nest, extents) for nest in inner):
            yield here
        yield from _vector_loops(item.body, extents, here)


def _in_place(values: Sequence[Value], packed: Mapping[str, Map]) -> Iterator[Value]:
    """Yield the values with each copy after its array."""
    for value in values:
        yield value
        if value.name in packed:
            yield packed[value.name]


def _with(value: Value, packed: Mapping[str, Map]) -> Value:
    """Return `value` reading copies, unless it is one."""
    if not isinstance(value, Map | Reduce) or value in packed.values():
        return value
    names = {name: copy.name for name, copy in packed.items()}
    return replace(value, expr=renamed(value.expr, names))
