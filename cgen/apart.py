"""Axes of two to eight elements become values of their own: x, y and z, not coordinates 0 to 2.

A loop over three coordinates is no vector, and what runs around it is none either, unless all that
it does is add them up.  Softmax of rows of three, forces between pairs of particles, an orbit in
the plane: written out, their loops over rows are plain vectors, and the scheduler need not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytensorlite._immutable import record, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Expr, Op, Var, with_leaves
from pytensorlite.cgen.nest import (
    SHORT,
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
from pytensorlite.cgen.short import is_short
from pytensorlite.cgen.storage import Memory

LETTERS = ("xyzw", "abcdefgh")  # what the elements of shorter axes are called, and of longer ones
MOST = 256  # values that a region may have when an axis is written out
# Folds that do the same to one after the other in an expression and in a loop.
FOLDS = ("{0} + {1}", "{0} * {1}", "ptl_max({0}, {1})", "ptl_min({0}, {1})")


def written_out(
    values: Sequence[Value], extents: Mapping[str, Index], destinations: Mapping[str, Memory]
) -> tuple[list[Value], dict[str, Memory]]:
    """Return the values, and where they go, with the shortest axes written out where that pays."""
    values, destinations = list(values), dict(destinations)
    for label in dict.fromkeys(label for value in values for label in domain(value)):
        count = extents[label].constant
        if count is None or not 1 < count <= SHORT or len(values) * count > MOST:
            continue
        if _pays(values, label, extents, destinations):
            letters = next(letters for letters in LETTERS if len(letters) >= count)
            parts = _Parts(label, letters[:count], extents)
            values, destinations = parts.instead_of(values, destinations)
    return values, destinations


def _long(value: Value, extents: Mapping[str, Index]) -> set[str]:
    return {label for label in domain(value) if not is_short(extents[label])}


def _pays(
    values: Sequence[Value],
    label: str,
    extents: Mapping[str, Index],
    destinations: Mapping[str, Memory],
) -> bool:
    """Whether loops over long axes would be vectors without `label`, and are not with it.

    Where all that is made of pairs is a sum over `label`, `short.folds` has it already.
    """
    labels = {value.name: value.labels for value in values}
    spread = {name for name in labels if label in labels[name]}
    touching = [v for v in values if v.name in spread or not spread.isdisjoint(reads(v))]
    if not all(_has_parts(value, label, labels) for value in touching):
        return False
    if extents[label].constant == SHORT and not any(_sums(value, label) for value in touching):
        return False  # whole vectors of columns, which nothing joins, are loops that do as well
    long = {value.name: _long(value, extents) for value in touching}
    if all(len(labels) < 2 for labels in long.values()):
        return any(long.values())
    return any(
        len(long[value.name]) > 1 and (isinstance(value, Reduce) or value.name in destinations)
        for value in touching
        if value.name in spread
    )


def _sums(value: Value, label: str) -> bool:
    return isinstance(value, Reduce) and label in value.over


def _has_parts(value: Value, label: str, labels: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether what `value` is at each position of `label` is a value too; `labels` are of all."""
    match value:
        case Reduce():
            return value.total is None and (label not in value.over or value.template in FOLDS)
        case Gather():
            return _is_read(value, label, labels)
        case Scatter():
            return _is_written(value, label, labels)
    return isinstance(value, Source | Map)


def _is_read(value: Gather, label: str, labels: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a gather reads the parts of an array in order, or chooses one in each iteration."""
    source = labels[value.source]
    if label not in source:
        return f"@{label}" not in value.at
    entry = value.at[source.index(label)]
    if entry == f"@{label}":
        return True
    in_order = all(at == f"@{x}" for at, x in zip(value.at, source, strict=True) if at != entry)
    return _is_one(entry) and label not in value.labels and in_order


def _is_written(value: Scatter, label: str, labels: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a scatter writes to the parts of an array in order, or chooses one each time."""
    if label not in value.labels:
        return False
    entry = value.at[value.labels.index(label)]
    if entry == f"@{label}":
        return True
    if not _is_one(entry) or label in labels.get(str(entry), ()):
        return False
    rest = [(at, x) for at, x in zip(value.at, value.labels, strict=True) if x != label]
    in_order = all(at == f"@{x}" for at, x in rest)
    return in_order and sorted(x for _, x in rest) == sorted(value.over)


def _is_one(entry: str | Place) -> bool:
    """Whether an index means one position in each iteration, and which is known to be there."""
    if isinstance(entry, Place):
        return entry.label is None and entry.start.constant is not None
    return not entry.startswith("@")


@record
class _Parts:
    """Makes of each value that runs over `label` one for each letter."""

    label: str
    letters: str
    extents: Mapping[str, Index]

    def instead_of(
        self, values: Sequence[Value], destinations: Mapping[str, Memory]
    ) -> tuple[list[Value], dict[str, Memory]]:
        """Return values, and where they go, without the label."""
        spread = {value.name for value in values if self.label in value.labels}
        readers = [v for v in values if not spread.isdisjoint(reads(v))]
        pairs = any(len(_long(v, self.extents)) > 1 for v in readers)
        called: dict[tuple[str, str], str] = {}
        result: list[Value] = []
        homes: dict[str, Memory] = {}
        for value in values:
            home = destinations.get(value.name)
            if value.name not in spread:
                result += self._whole(value, called)
                homes.update({value.name: home} if home else {})
                continue
            for number, letter in enumerate(self.letters):
                part = last = self._part(value, number, called)
                result.append(part)
                if (isinstance(part, Source) and pairs) or (isinstance(part, Reduce) and home):
                    # Rows are read, and added to, as vectors where each part lies by itself.
                    last = Map(f"{part.name}_apart", part.dtype, part.labels, _var(part))
                    result.append(last)
                called[value.name, letter] = (last if isinstance(part, Source) else part).name
                if home:
                    strides = {x: s for x, s in home.strides.items() if x != self.label}
                    offset = home.offset + home.strides[self.label] * number
                    homes[last.name] = replace(home, strides=strides, offset=offset)
        return result, homes

    def _part(self, value: Value, number: int, called: Mapping[tuple[str, str], str]) -> Value:
        """Return what `value` is at one position along the label."""
        name = f"{value.name}_{self.letters[number]}"
        rest = tuple(x for x in value.labels if x != self.label)
        if isinstance(value, Source):
            strides = dict(zip(value.labels, value.strides, strict=True))
            offset = value.offset + strides.pop(self.label) * number
            return Source(name, value.dtype, rest, value.buffer, (*strides.values(),), offset)
        match value:
            case Gather():
                return self._read(value, number, called)
            case Scatter():
                return self._written(value, number, called)
        assert isinstance(value, Map | Reduce)
        return replace(value, name=name, labels=rest, expr=self._at(value.expr, number, called))

    def _read(self, value: Gather, number: int, called: Mapping[tuple[str, str], str]) -> Value:
        """Return what a gather reads of one part."""
        letter = self.letters[number]
        return replace(
            value,
            name=f"{value.name}_{letter}",
            labels=tuple(x for x in value.labels if x != self.label),
            source=called.get((value.source, letter), value.source),
            at=self._places(value, letter, called),
        )

    def _written(self, value: Scatter, number: int, called: Mapping[tuple[str, str], str]) -> Value:
        """Return what a scatter makes of one part."""
        letter = self.letters[number]
        name, rest = f"{value.name}_{letter}", tuple(x for x in value.labels if x != self.label)
        base = called.get((value.base, letter), value.base) if value.base else None
        expr = self._at(value.expr, number, called)
        entry = value.at[value.labels.index(self.label)]
        if entry == f"@{self.label}":
            over = tuple(x for x in value.over if x != self.label)
            at = self._places(value, letter, called)
            return replace(value, name=name, labels=rest, expr=expr, at=at, over=over, base=base)
        before: Expr = Var(base, value.dtype) if base else Const(0, value.dtype)
        after = Op(value.template, (before, expr), value.dtype) if value.template else expr
        if isinstance(entry, Place):
            return Map(name, value.dtype, rest, after if entry.start == number else before)
        return Map(name, value.dtype, rest, _chosen(entry, number, after, before))

    def _places(
        self, value: Gather | Scatter, letter: str, called: Mapping[tuple[str, str], str]
    ) -> tuple[str | Place, ...]:
        """Return where in a part a value is read or written."""
        return tuple(
            called.get((at, letter), at) if isinstance(at, str) else at
            for at in value.at
            if at != f"@{self.label}"
        )

    def _whole(self, value: Value, called: Mapping[tuple[str, str], str]) -> Iterator[Value]:
        """Yield a value that does not run over the label, made of those that did."""
        if isinstance(value, Gather) and (value.source, self.letters[0]) in called:
            yield from self._choice(value, called)
            return
        if not isinstance(value, Reduce) or self.label not in value.over:
            yield value
            return
        expr, *others = (self._at(value.expr, n, called) for n in range(len(self.letters)))
        for other in others:
            expr = Op(value.template, (expr, other), value.dtype)
        over = tuple(x for x in value.over if x != self.label)
        if over:
            yield replace(value, expr=expr, over=over)
        else:
            yield Map(value.name, value.dtype, value.labels, expr)

    def _choice(self, value: Gather, called: Mapping[tuple[str, str], str]) -> Iterator[Value]:
        """Yield the one part that a gather reads in each iteration, and what it is chosen from.

        Of choices one inside the other compilers make no vectors.
        """
        [at] = (at for at in value.at if _is_one(at))
        *others, last = parts = [Var(called[value.source, x], value.dtype) for x in self.letters]
        if isinstance(at, Place):
            yield Map(value.name, value.dtype, value.labels, parts[at.start.constant or 0])
            return
        for number, part in reversed(list(enumerate(others))):
            name = f"{value.name}_{self.letters[number]}" if number else value.name
            yield Map(name, value.dtype, value.labels, _chosen(at, number, part, last))
            last = Var(name, value.dtype)

    def _at(self, expr: Expr, number: int, called: Mapping[tuple[str, str], str]) -> Expr:
        def changed(leaf: Expr) -> Expr:
            if isinstance(leaf, Var) and leaf.name == f"@{self.label}":
                return Const(number, "int64")
            if isinstance(leaf, Var):
                name = called.get((leaf.name, self.letters[number]), leaf.name)
                return Var(name, leaf.dtype)
            return leaf

        return with_leaves(expr, changed)


def _chosen(at: str, number: int, there: Expr, elsewhere: Expr) -> Expr:
    """Return `there` where the position `at` is `number`."""
    is_there = Op("{0} == {1}", (Var(at, "int64"), Const(number, "int64")), "bool")
    return Op("{0} ? {1} : {2}", (is_there, there, elsewhere), there.dtype)


def _var(value: Value) -> Var:
    return Var(value.name, value.dtype)
