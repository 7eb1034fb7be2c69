"""Walk neighbouring labels as one: a contiguous matrix that is only mapped is a vector.

Labels a, b become one when every array and every value has them side by side in this order with
matching strides, and whatever sums over one sums over the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import subexpressions
from pytensorlite.cgen.nest import Check, Gather, Map, Reduce, Scatter, Source, Value
from pytensorlite.cgen.storage import Memory


def collapse(
    values: Sequence[Value], extents: Mapping[str, Index], outputs: Mapping[str, Memory]
) -> tuple[list[Value], dict[str, Index], dict[str, Memory]]:
    """Return the region with labels merged as far as they go."""
    values, extents, outputs = list(values), dict(extents), dict(outputs)
    while (pair := _find_pair(values, extents, outputs)) is not None:
        outer, inner = pair
        values = [_drop(value, outer, inner) for value in values]
        outputs = {
            name: replace(m, strides={k: s for k, s in m.strides.items() if k != outer})
            for name, m in outputs.items()
        }
        extents[inner] = extents.pop(outer) * extents[inner]
    return values, extents, outputs


def _find_pair(
    values: Sequence[Value], extents: Mapping[str, Index], outputs: Mapping[str, Memory]
) -> tuple[str, str] | None:
    candidates = {
        (a, b)
        for value in values
        if isinstance(value, Source)
        for a, b in zip(value.labels, value.labels[1:], strict=False)
    }
    candidates |= {
        (a, b)
        for m in outputs.values()
        for a, b in zip(m.strides, list(m.strides)[1:], strict=False)
    }
    fixed = _positions(values)
    for a, b in sorted(candidates):
        if a in fixed or b in fixed:
            continue
        if all(_agrees(value, a, b, extents) for value in values) and all(
            _side_by_side(list(m.strides), list(m.strides.values()), a, b, extents)
            for m in outputs.values()
        ):
            return a, b
    return None


def _positions(values: Iterable[Value]) -> set[str]:
    """Return the labels that are read as numbers or at random, which must stay themselves."""
    found: set[str] = set()
    by_name = {v.name: v for v in values}
    for value in values:
        match value:
            case Map() | Reduce():
                found |= {
                    e.name[1:]
                    for e in subexpressions(value.expr)
                    if getattr(e, "name", "").startswith("@")
                }
            case Gather():
                source = by_name[value.source]
                found.update(source.labels)
                found.update(value.labels)
            case Scatter():
                found.update(value.labels)
                found.update(value.over)
            case Check():
                found.update(value.over)
    return found


def _agrees(value: Value, a: str, b: str, extents: Mapping[str, Index]) -> bool:
    match value:
        case Source():
            return _side_by_side(list(value.labels), list(value.strides), a, b, extents)
        case Map():
            return (a in value.labels) == (b in value.labels)
        case Reduce():
            return (a in value.labels) == (b in value.labels) and (
                (a in value.over) == (b in value.over)
            )
    return True


def _side_by_side(
    labels: list[str], strides: list[Index], a: str, b: str, extents: Mapping[str, Index]
) -> bool:
    if (a in labels) != (b in labels):
        return False
    if a not in labels:
        return True
    return strides[labels.index(a)] == strides[labels.index(b)] * extents[b]


def _drop(value: Value, outer: str, inner: str) -> Value:
    """Return `value` with `outer` taken out: `inner` now runs over both."""
    match value:
        case Source():
            kept = [
                (label, stride)
                for label, stride in zip(value.labels, value.strides, strict=True)
                if label != outer
            ]
            return replace(
                value,
                labels=tuple(label for label, _ in kept),
                strides=tuple(stride for _, stride in kept),
            )
        case Reduce():
            return replace(
                value,
                labels=tuple(x for x in value.labels if x != outer),
                over=tuple(x for x in value.over if x != outer),
            )
        case Map():
            return replace(value, labels=tuple(x for x in value.labels if x != outer))
    return value
