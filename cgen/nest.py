"""From values with axis labels to one loop nest: the scheduler, and it is one recursion.

Every dimension of every value carries a label; loops run over labels.  ``nest(values, fixed)``
chooses a free label L, gives each value that runs over L a stage (one more than an input that is
finished only after a loop over L), emits one loop over L per stage and recurses into its body.
Values that do not run over L stand in the gaps before, between and after those loops.  Row softmax,
layer norm, value and gradient of a regression are all this and nothing more.

The result is a tree of :class:`Nest` and values; :mod:`pytensorlite.cgen.storage` decides what each
value lives in and writes the statements.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from pytensorlite._immutable import immutable, record, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Expr, Op, Var, subexpressions, with_leaves

# -- values ----------------------------------------------------------------------------------------

# The position in an axis of a length that an index means, which may count from the end.
WRAPPED = "ptl_wrap_index({0}, {1})"
# An element of an array of a length that may be 0.
IF_ANY = "{0} > 0 ? {1} : 0"


@immutable
class Source:
    """An array in memory: for each dimension a label, and a stride counted in elements."""

    name: str
    dtype: str
    labels: tuple[str, ...]
    buffer: str
    strides: tuple[Index, ...]
    offset: Index = Index.of(0)


@immutable
class Map:
    """``name[labels] = expr``; a `Var` in `expr` names a value, or a label with a leading ``@``.

    `cost` is a rough count of nanoseconds an element, which tells arithmetic from ``exp``.
    """

    name: str
    dtype: str
    labels: tuple[str, ...]
    expr: Expr
    cost: float = 0.0


@immutable
class Reduce:
    """``name[labels] = fold(template) of expr over the labels in `over```.

    With `total` it is the sum of the squares of `expr` about its mean, over one label.  The sum of
    `expr` over that label, which is the next value and called so, goes along in the same loop:
    each iteration reads what the iterations before have summed (``spread.py``).
    """

    name: str
    dtype: str
    labels: tuple[str, ...]
    expr: Expr
    over: tuple[str, ...]
    template: str
    identity: Const
    total: str | None = None


@immutable
class Place:
    """A position that moves evenly with a label, ``start + step * label``, or stands still."""

    label: str | None
    start: Index
    step: int = 1


@immutable
class Gather:
    """``name[labels] = source[at]``: `at` holds, per dimension of `source`, where to read.

    That is ``@label``, every position in order; a `Place`; or the name of an int64 value, computed
    from an index that a `Check` has seen before.
    """

    name: str
    dtype: str
    labels: tuple[str, ...]
    source: str
    at: tuple[str | Place, ...]
    after: tuple[str, ...] = ()


@immutable
class Scatter:
    """``name = base; name[at] = template(name[at], expr)`` over the labels of `expr`.

    `labels` are those of the result, `at` as in `Gather`, `over` the labels iterated.  Where
    `base` is None the result begins as zeros.  With `in_place` nobody else reads the base: it is
    computed where the result goes, and nothing need be copied (without a base, nothing be zeroed,
    because every position is written).  `apart` tells that the base was written to elsewhere.
    """

    name: str
    dtype: str
    labels: tuple[str, ...]
    expr: Expr
    at: tuple[str | Place, ...]
    over: tuple[str, ...]
    template: str | None
    base: str | None = None
    after: tuple[str, ...] = ()
    in_place: bool = False
    apart: bool = False


@immutable
class Check:
    """Every element of the integer value `index` is a position of an axis of length `extent`."""

    name: str
    index: str
    over: tuple[str, ...]
    extent: Index
    where: int
    labels: tuple[str, ...] = ()
    dtype: str = "bool"


Value: TypeAlias = Source | Map | Reduce | Gather | Scatter | Check


@record
class Nest:
    """A loop over `label`; with `block`, over blocks of that many, inner loops staying within."""

    label: str
    body: list[Nest | Value]
    block: int | None = None


def reads(value: Value) -> tuple[str, ...]:
    """Return the names of the values that `value` is computed from."""
    match value:
        case Map() | Reduce():
            return tuple(_names(value.expr))
        case Gather():
            return (value.source, *_read_positions(value), *value.after)
        case Scatter():
            return (
                *_names(value.expr),
                *_read_positions(value),
                *((value.base,) if value.base else ()),
                *value.after,
            )
        case Check():
            return (value.index,)
    return ()


def _read_positions(value: Gather | Scatter) -> tuple[str, ...]:
    return tuple(at for at in value.at if isinstance(at, str) and not at.startswith("@"))


def is_even(value: Scatter) -> bool:
    """Whether no two iterations write to one position, so that their order does not matter."""
    moving = {at.label if isinstance(at, Place) else at[1:] for at in value.at}
    return not _read_positions(value) and moving >= set(value.over)


def computed_from(value: Value) -> tuple[str, ...]:
    """Return the names of the values whose elements an element of `value` is computed from."""
    elements = tuple(_names(value.expr)) if isinstance(value, Map | Reduce | Scatter) else ()
    positions = _read_positions(value) if isinstance(value, Gather | Scatter) else ()
    return elements + positions


def doubled(values: Iterable[Value]) -> set[str]:
    """Return the values that a template writes more than once, as a square does."""
    return {arg for template, number, arg in _operands(values) if template.count(number) > 1}


def chosen(values: Iterable[Value]) -> set[str]:
    """Return the values that a template chooses between."""
    return {arg for template, _, arg in _operands(values) if " ? " in template}


def _operands(values: Iterable[Value]) -> Iterator[tuple[str, str, str]]:
    """Yield each template with the place of an operand in it, and the value that stands there."""
    for value in values:
        exprs = subexpressions(value.expr) if isinstance(value, Map | Reduce | Scatter) else ()
        for expr in exprs:
            if isinstance(expr, Op):
                for number, arg in enumerate(expr.args):
                    if isinstance(arg, Var):
                        yield expr.template, f"{{{number}}}", arg.name


def positional(values: Iterable[Value]) -> set[str | Place]:
    """Return the values that are read as positions, or at positions."""
    return {
        name
        for value in values
        if isinstance(value, Gather | Scatter)
        for name in (*value.at, value.source if isinstance(value, Gather) else value.base)
        if name
    }


def reading(value: Value, names: Mapping[str, str]) -> Value:
    """Return `value` computed from the elements of values called by other names."""
    if isinstance(value, Map | Reduce | Scatter):
        value = replace(value, expr=renamed(value.expr, names))
    if isinstance(value, Gather | Scatter):
        at = tuple(names.get(a, a) if isinstance(a, str) else a for a in value.at)
        value = replace(value, at=at)
    return value


def _names(expr: Expr) -> Iterable[str]:
    return (
        sub.name
        for sub in subexpressions(expr)
        if isinstance(sub, Var) and not sub.name.startswith("@")
    )


def domain(value: Value) -> tuple[str, ...]:
    """Return the labels that computing `value` runs over."""
    match value:
        case Reduce():
            return value.labels + value.over
        case Scatter() | Check():
            return value.over
    return value.labels


def unfinished(value: Value) -> tuple[str, ...]:
    """Return the labels over which a loop must end before `value` may be read."""
    match value:
        case Scatter():
            # Along a label that is written in order each position is a scatter of its own.
            return tuple(label for label in value.over if f"@{label}" not in value.at)
        case Reduce() | Check():
            return value.over
    return ()


SHORT = 8  # an axis of so few elements, known beforehand, is written out inside other loops
CHEAP = 1.0  # ns an element below which arithmetic is repeated rather than kept in memory
LONGEST_COPY = 8  # values that are repeated together


# -- the recursion ---------------------------------------------------------------------------------


class Scheduler:
    """Orders the values of one region; `extents` tells static lengths from symbolic ones."""

    NOMINAL_EXTENT = 1000.0  # what a length that is known only at run time counts as
    STRIDED = 32.0  # what an element read at a stride counts as: a line is fetched, vectors are not

    def __init__(self, values: Sequence[Value], extents: Mapping[str, Index]):
        self.sources = {v.name: v for v in values if isinstance(v, Source)}
        self.values = [v for v in values if not isinstance(v, Source)]
        self.by_name = {v.name: v for v in values}
        self.reads = {v.name: reads(v) for v in self.values}
        self.domains = {v.name: frozenset(domain(v)) for v in self.values}
        self.extents = {
            label: float(size.constant) if size.constant is not None else self.NOMINAL_EXTENT
            for label, size in extents.items()
        }

    def schedule(self) -> list[Nest | Value]:
        """Return the statements and loops of the region, in order."""
        return self.nest(self.values, frozenset())

    def nest(self, values: Sequence[Value], fixed: frozenset[str]) -> list[Nest | Value]:
        """Order `values` inside loops over the labels in `fixed`."""
        free = {label for v in values for label in self.domains[v.name]} - fixed
        if not free:
            return list(values)
        label = self.choose(values, free, fixed)
        gaps, stages = self.split(values, label)
        stages = self.recompute(stages, label)
        items: list[Nest | Value] = []
        for gap, stage in itertools.zip_longest(gaps, stages):
            if gap:
                items += self.nest(gap, fixed)
            if stage:
                items.append(Nest(label, self.nest(stage, fixed | {label})))
        return items

    def split(
        self, values: Sequence[Value], label: str
    ) -> tuple[list[list[Value]], list[list[Value]]]:
        """Deal `values` out to loops over `label` (stages) and to the gaps between them.

        Of the two extremes, everything as early as it can be or as late, the one is taken that
        keeps less between loops.
        """
        runs = {v.name for v in values if label in self.domains[v.name]}
        early = self._earliest(values, label, runs)
        late = self._latest(values, label, runs, early)
        if late == early:
            return self._deal(values, runs, early)
        choices = [self._deal(values, runs, place) for place in (late, early)]
        return min(choices, key=lambda choice: self._moved(values, choice, label, frozenset()))

    def _earliest(self, values: Sequence[Value], label: str, runs: set[str]) -> dict[str, int]:
        """Return the first stage in which each value can run, or the first gap."""
        place: dict[str, int] = {}
        for value in values:
            place[value.name] = max(
                (
                    place[read] + self._waits(value, read, label, runs)
                    for read in self.reads[value.name]
                    if read in place
                ),
                default=0,
            )
        return place

    def _latest(
        self, values: Sequence[Value], label: str, runs: set[str], early: dict[str, int]
    ) -> dict[str, int]:
        """Return the last stage in which each value of a loop is in time for its readers."""
        place = dict(early)
        wanted: dict[str, int] = {}
        for value in reversed(values):
            name = value.name
            if name in runs and name in wanted:
                place[name] = max(place[name], wanted[name])
            if isinstance(value, Reduce) and value.total:  # the two go along in one loop
                place[name] = place[value.total] = min(place[name], place[value.total])
            for read in self.reads[name]:
                last = place[name] - self._waits(value, read, label, runs)
                wanted[read] = min(wanted.get(read, last), last)
        return place

    def _waits(self, value: Value, read: str, label: str, runs: set[str]) -> bool:
        """Whether `value` must come after the loop over `label` in which `read` is computed."""
        return read in runs and (
            value.name not in runs
            or self._reads_at_random(value, read, label)
            or (
                not self._goes_on(value, read)
                and (
                    label in unfinished(self.by_name[read]) or self._begins_with(value, read, label)
                )
            )
        )

    def _goes_on(self, value: Value, read: str) -> bool:
        """Whether `value` writes to each position right after `read` has written to it."""
        before = self.by_name[read]
        return (
            isinstance(value, Scatter)
            and isinstance(before, Scatter)
            and value.in_place
            and read == value.base
            and (value.apart or (value.at, value.over) == (before.at, before.over))
            and is_even(value)
        )

    @staticmethod
    def _deal(
        values: Sequence[Value], runs: set[str], place: dict[str, int]
    ) -> tuple[list[list[Value]], list[list[Value]]]:
        count = 1 + max((place[name] for name in runs), default=-1)
        gaps: list[list[Value]] = [[] for _ in range(1 + max(place.values(), default=0))]
        stages: list[list[Value]] = [[] for _ in range(count)]
        for value in values:
            (stages if value.name in runs else gaps)[place[value.name]].append(value)
        return gaps, stages

    def recompute(self, stages: list[list[Value]], label: str) -> list[list[Value]]:
        """Repeat cheap arithmetic on arrays in a later loop instead of keeping its results."""
        earlier: dict[str, Map] = {}
        result: list[list[Value]] = []
        for number, stage in enumerate(stages):
            copies: dict[str, str] = {}
            renewed: list[Value] = []
            for value in stage:
                for read in computed_from(value):
                    if read in earlier:
                        self._repeat(read, label, earlier, copies, renewed, number)
                renewed.append(self._reading(value, copies))
            result.append(renewed)
            for value in renewed:
                if isinstance(value, Map) and value.cost < CHEAP:
                    earlier[value.name] = value
        return result

    def _repeat(
        self,
        name: str,
        label: str,
        earlier: dict[str, Map],
        copies: dict[str, str],
        into: list[Value],
        number: int,
    ) -> None:
        """Append to `into` a copy of an earlier value and what it is made of, if cheap."""
        chain: dict[str, None] = {}
        pending = [name]
        arrays: set[str] = set()
        while pending:
            current = pending.pop()
            if current in copies or current in chain:
                continue
            if current in self.sources:
                if self.sources[current].labels:
                    arrays.add(current)
            elif current in earlier and len(chain) < LONGEST_COPY:
                chain[current] = None
                pending.extend(self.reads[current])
            elif label in self.domains.get(current, ()):
                return
        if len(arrays) > 1 or sum(earlier[c].cost for c in chain) >= CHEAP:
            return
        for value in [v for v in earlier.values() if v.name in chain]:
            copy = self._reading(replace(value, name=f"{value.name}_{number}"), copies)
            copies[value.name] = copy.name
            self.reads[copy.name] = reads(copy)
            self.domains[copy.name] = self.domains[value.name]
            self.by_name[copy.name] = copy
            into.append(copy)

    def _reading(self, value: Value, copies: dict[str, str]) -> Value:
        """Return `value` with the copies in place of what they copy."""
        if copies.keys().isdisjoint(computed_from(value)):
            return value
        anew = reading(value, copies)
        self.reads[value.name] = reads(anew)
        self.by_name[value.name] = anew
        return anew

    @staticmethod
    def _begins_with(value: Value, read: str, label: str) -> bool:
        """Whether `read` is copied before the loop over `label` in which `value` is written to."""
        return isinstance(value, Scatter) and read == value.base and label in unfinished(value)

    @staticmethod
    def _reads_at_random(value: Value, read: str, label: str) -> bool:
        return isinstance(value, Gather) and read == value.source and f"@{label}" not in value.at

    # -- the cost model: elements moved, counted by stage ------------------------------------------

    def choose(self, values: Sequence[Value], free: set[str], fixed: frozenset[str]) -> str:
        """Return the free label whose loops, outermost, move the least memory."""
        free = self._outer(values, free)
        if len(free) == 1:
            return next(iter(free))
        return min(
            sorted(free),
            key=lambda label: (
                self.traffic(values, label, fixed),
                self.inwardness(values, label, fixed),
            ),
        )

    def _outer(self, values: Sequence[Value], free: set[str]) -> set[str]:
        """Return the candidates: sums over nothing but short axes stand inside everything else."""
        short = {label for label in free if self.extents[label] <= SHORT}
        sums = [v for v in values if isinstance(v, Reduce) and short.issuperset(v.over)]
        return free.difference(*(value.over for value in sums)) or free

    def traffic(self, values: Sequence[Value], label: str, fixed: frozenset[str]) -> float:
        """Count the elements that move when `label` is outermost: an array once per stage."""
        return self._moved(values, self.split(values, label), label, fixed)

    def _moved(
        self,
        values: Sequence[Value],
        split: tuple[list[list[Value]], list[list[Value]]],
        label: str,
        fixed: frozenset[str],
    ) -> float:
        gaps, stages = split
        total = 0.0
        for group in itertools.chain(gaps, stages):
            touched = {read for v in group for read in self.reads[v.name]} & self.sources.keys()
            for name in touched:
                total += self.volume(self.sources[name], fixed, label)
        for groups in (gaps, stages):
            place = {v.name: number for number, group in enumerate(groups) for v in group}
            for value in (v for group in groups for v in group):
                for read in self.reads[value.name]:
                    # A value carried from one loop to a later one goes through memory.
                    if place.get(read, place[value.name]) < place[value.name]:
                        total += 2 * self.size(self.by_name[read].labels, fixed)
        return total

    def volume(self, source: Source, fixed: frozenset[str], outer: str) -> float:
        """Elements fetched to read all of `source`; in a strided inner loop they count for more."""
        elements = self.size(source.labels, fixed)
        inner = [label for label in source.labels if label not in fixed]
        strided = len(inner) > 1 and self._fastest(source) == outer
        return elements * self.STRIDED if strided else elements

    @staticmethod
    def _fastest(source: Source) -> str | None:
        for label, stride in zip(source.labels, source.strides, strict=True):
            if stride == 1:
                return label
        return None

    def size(self, labels: Iterable[str], fixed: frozenset[str]) -> float:
        """Return the nominal number of elements over the labels that are not fixed."""
        result = 1.0
        for label in labels:
            if label not in fixed:
                result *= self.extents[label]
        return result

    def inwardness(self, values: Sequence[Value], label: str, fixed: frozenset[str]) -> float:
        """Tell how far inside the arrays' own order `label` stands; 0 is outermost everywhere."""
        touched = {read for v in values for read in self.reads[v.name]} & self.sources.keys()
        total = 0.0
        for name in touched:
            source = self.sources[name]
            order = _memory_order(source)
            if label in order:
                total += order.index(label) * self.size(source.labels, fixed)
        for value in values:  # without arrays (fills, ranges) the first dimension goes outermost
            if label in value.labels:
                total += value.labels.index(label) * 1e-3
        return total


def renamed(expr: Expr, names: Mapping[str, str]) -> Expr:
    """Return `expr` with values called by other names."""

    def changed(leaf: Expr) -> Expr:
        known = isinstance(leaf, Var) and leaf.name in names
        return Var(names[leaf.name], leaf.dtype) if known else leaf

    return with_leaves(expr, changed)


def outside(labels: Iterable[str], sources: Iterable[Source]) -> set[str]:
    """Return those of `labels` inside of which some array has another one of them."""
    orders = ([x for x in _memory_order(source) if x in labels] for source in sources)
    return {label for order in orders for label in order[:-1]}


def _memory_order(source: Source) -> list[str]:
    """Return the labels of `source`, slowest-moving first."""
    pairs = sorted(
        zip(source.strides, source.labels, strict=True),
        key=lambda pair: -max((len(m) for m in pair[0].terms), default=0),
    )
    return [label for _, label in pairs]
