"""What a kernel computes, in a few lines of mathematics above its head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pytensorlite.cgen.emit import expression
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Cast, Expr, Op, Var, subexpressions
from pytensorlite.cgen.nest import (
    IF_ANY,
    WRAPPED,
    Gather,
    Map,
    Place,
    Reduce,
    Scatter,
    Source,
    Value,
    domain,
    reads,
)
from pytensorlite.cgen.paths import LOOP_NAMES
from pytensorlite.cgen.storage import Memory

LONGEST = 24  # lines; a larger kernel says how many more there are
WIDEST = 110  # characters


def describe(
    values: Sequence[Value], outputs: Mapping[str, Memory], letters: Mapping[str, str]
) -> tuple[str, ...]:
    """Return lines such as ``y0[i] = sum[j] x0[i, j] * x1[j]``, one per result or reduction.

    `letters` are the loop variables of the labels; those without loops get the ones left over.
    """
    unused = iter(x for x in LOOP_NAMES if x not in letters.values())
    known = (x for v in values for x in (*domain(v), *v.labels))
    loopless = dict.fromkeys(x for x in known if x not in letters)
    letters = {**letters, **dict(zip(loopless, unused, strict=False))}
    by_name = {v.name: v for v in values}
    uses = Counter(name for v in values for name in reads(v))

    def indexed(name: str, value: Value) -> str:
        if isinstance(value, Source):
            where = ", ".join(_within(value, values, letters))
        else:
            where = ", ".join(letters.get(label, label) for label in value.labels)
        return f"{name}[{where}]" if where else name

    def shown(expr: Expr, depth: int = 0) -> Expr:
        match expr:
            case Var(name, dtype) if name.startswith("@"):
                return Var(letters.get(name[1:], name[1:]), dtype)
            case Var(name, dtype):
                value = by_name[name]
                if isinstance(value, Source):
                    return Var(indexed(value.buffer, value), dtype)
                if isinstance(value, Map) and uses[name] == 1 and name not in outputs and depth < 8:
                    return shown(value.expr, depth + 1)
                return Var(indexed(named(name), value), dtype)
            case Op(template, (_, there), _) if template == IF_ANY:
                return shown(there, depth)
            case Op(template, args, dtype):
                return Op(template, tuple(shown(a, depth) for a in args), dtype)
            case Cast(arg, dtype):
                return shown(arg, depth)
        return expr

    def named(name: str) -> str:
        return outputs[name].buffer if name in outputs else name

    lines = []
    for value in values:
        left = indexed(named(value.name), value)
        match value:
            case Map() if value.name in outputs or (uses[value.name] > 1 and not _index(value)):
                lines.append(f"{left} = {_text(shown(value.expr))}")
            case Reduce():
                over = ", ".join(letters.get(label, label) for label in value.over)
                fold = FOLDS.get(value.template, value.template.split("(")[0])
                text = _text(shown(value.expr))
                if value.total:
                    text = f"({text} - their mean)**2, in the same visit"
                lines.append(f"{left} = {fold}[{over}] {text}")
            case Gather():
                at = ", ".join(_place(a, letters, by_name) for a in value.at)
                source = by_name[value.source]
                array = source.buffer if isinstance(source, Source) else named(value.source)
                lines.append(f"{left} = {array}[{at}]")
            case Scatter():
                at = ", ".join(_place(a, letters, by_name) for a in value.at)
                sign = "=" if value.template is None else "+="
                lines.append(f"{named(value.name)}[{at}] {sign} {_text(shown(value.expr))}")
    if len(lines) > LONGEST:
        lines = [*lines[: LONGEST - 1], f"... and {len(lines) - LONGEST + 1} more"]
    return tuple(lines)


FOLDS = {
    "{0} + {1}": "sum",
    "ptl_add({0}, {1})": "sum",
    "{0} * {1}": "product",
    "ptl_mul({0}, {1})": "product",
    "ptl_max({0}, {1})": "max",
    "ptl_min({0}, {1})": "min",
    "{0} & {1}": "all",
    "{0} | {1}": "any",
}


def _as_stored(source: Source) -> list[str]:
    """Return the labels of an array in the order of its axes in memory, whoever looks at it."""
    places = zip(source.labels, source.strides, strict=True)
    return [label for label, _ in sorted(places, key=lambda place: _size(place[1]), reverse=True)]


def _within(part: Source, values: Sequence[Value], letters: Mapping[str, str]) -> Iterator[str]:
    """Yield where a part of an array lies, by the axes of the widest view of it in the region."""
    views = [v for v in values if isinstance(v, Source) and v.buffer == part.buffer]
    whole = max(views, key=lambda view: len(view.labels))
    strides = dict(zip(whole.labels, whole.strides, strict=True))
    fixed = [label for label in whole.labels if label not in part.labels]
    at = (part.offset - whole.offset).divided_by(strides[fixed[0]]) if len(fixed) == 1 else None
    if at is None or not {*part.labels} <= strides.keys():
        yield from (letters[label] for label in _as_stored(part))
        return
    for label in _as_stored(whole):
        yield str(at) if label in fixed else letters[label]


def _size(stride: Index) -> tuple[int, int]:
    """Return what sorts strides: those with more lengths as factors are larger."""
    return max(((len(term), abs(n)) for term, n in stride.terms.items()), default=(0, 0))


def _text(expr: Expr) -> str:
    if sum(1 for _ in subexpressions(expr)) > 60:
        return "..."
    text = expression(expr).replace("ptl_", "")
    return text if len(text) <= WIDEST else text[: WIDEST - 4] + " ..."


def _place(at: str | Place, letters: Mapping[str, str], by_name: Mapping[str, Value]) -> str:
    if isinstance(at, Place):
        moving = Index.of(0) if at.label is None else Index.name(letters[at.label])
        return str(at.start + moving * at.step)
    if at.startswith("@"):
        return letters.get(at[1:], at[1:])
    value = by_name[at]
    if (index := _index(value)) is not None:
        value = by_name[index]
    array = value.buffer if isinstance(value, Source) else value.name
    where = ", ".join(letters.get(label, label) for label in value.labels)
    return f"{array}[{where}]" if where else array


def _index(position: Value) -> str | None:
    """Return the name of the index that `position` is computed from, if it is one."""
    if isinstance(position, Map) and isinstance(position.expr, Op):
        (first, *_) = position.expr.args
        if position.expr.template == WRAPPED and isinstance(first, Var):
            return first.name
    return None
