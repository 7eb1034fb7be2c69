"""Squares about a mean without a second visit of the data.

``sum[i] (x[i, j] - mean[j])**2`` waits for the mean, and reads all of ``x`` again.  Where that is
memory moved for nothing else, the squares are summed along with the numbers instead, about means of
blocks of rows, and what lies between the means of blocks is added as blocks join (Chan, Golub and
LeVeque, 1983).  All that is added is positive, so that nothing cancels.

What means of blocks lose by rounding would be large beside a small variance.  So doubles are
measured from a level near them before: the smaller one of the first and the last number.  Should
that be an outlier, the variance is as large as the damage that it does; the sum that leaves the
region would suffer from it, and so is added up from the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import Cast, Const, Expr, Integer, Op, Var, subexpressions, substitute
from pytensorlite.cgen.nest import (
    CHEAP,
    IF_ANY,
    Check,
    Map,
    Nest,
    Reduce,
    Scheduler,
    Source,
    Value,
    domain,
    reads,
)
from pytensorlite.cgen.paths import values_inside

NEAR = 4096  # elements, known to be so few, whose second visit is in the nearest cache
SUM = "{0} + {1}"
ZERO = Const(0.0, "float64")
LEVEL = "ptl_level({0}, {1})"
# Numbers of so few bits that doubles lose nothing of them that their variance would miss.
COARSE = {"bool", "int8", "int16", "uint8", "uint16", "float16", "float32"}


def in_one_visit(
    values: Sequence[Value], extents: Mapping[str, Index], outputs: Collection[str]
) -> list[Value]:
    """Return the region with squares summed along with what their mean is of, if that moves less.

    `outputs` are the names of the values that leave the region.
    """
    values = list(values)
    by_name = {value.name: value for value in values}
    for value in values:
        squares = _Squares.find(value, by_name, extents)
        if squares is None:
            continue
        label, moved = _outermost(values, extents)
        renewed = squares.joined(values) if squares.over == (label,) else None
        if renewed is None:
            continue
        renewed = _needed(renewed, outputs)
        less = _outermost(renewed, extents)[1] < moved
        if less and _only_sums(renewed, extents, squares.value, outputs):
            values = renewed
            by_name = {value.name: value for value in values}
    return values


def _outermost(values: Sequence[Value], extents: Mapping[str, Index]) -> tuple[str, float]:
    """Return the outermost label of a region, and how many elements move."""
    scheduler = Scheduler(values, extents)
    free = {label for names in scheduler.domains.values() for label in names}
    label = scheduler.choose(scheduler.values, free, frozenset())
    return label, scheduler.traffic(scheduler.values, label, frozenset())


def _needed(values: Sequence[Value], outputs: Collection[str]) -> list[Value]:
    """Return the values that something reads, or that go along with one of those."""
    wanted = {*outputs, *(value.name for value in values if isinstance(value, Check))}
    for value in reversed(values):
        if value.name in wanted:
            wanted.update(reads(value))
            if isinstance(value, Reduce) and value.total:
                wanted.add(value.total)  # reads what the squares read
    return [value for value in values if value.name in wanted]


def _only_sums(
    values: Sequence[Value], extents: Mapping[str, Index], squares: Reduce, outputs: Collection[str]
) -> bool:
    """Whether the loop that computes `squares` sums and does nothing else.

    Only such loops go by several rows, or in strips, which are walked twice.
    """
    tree = Scheduler(values, extents).schedule()
    for nest in tree:
        inside = {value.name: value for value in values_inside(nest)}
        if squares.name in inside and isinstance(nest, Nest):
            others = (value for item in tree if item is not nest for value in values_inside(item))
            elsewhere = {name for value in others for name in reads(value)}
            maps = [value for value in inside.values() if isinstance(value, Map)]
            sums = [value for value in inside.values() if isinstance(value, Reduce)]
            loops = [item for item in nest.body if isinstance(item, Nest)]
            return (
                len(maps) + len(sums) == len(inside)
                and all(value.over == squares.over for value in sums)
                and not any(value.name in elsewhere or value.name in outputs for value in maps)
                and len(loops) == bool(squares.labels)
                and (bool(loops) or sum(value.cost for value in maps) < CHEAP)
            )
    return False


@immutable
class _Squares:
    """``value = sum of (number - mean)**2``, where the mean is that of `total`, over the same."""

    value: Reduce
    total: Reduce
    number: Expr
    everywhere: tuple[str, ...]  # the labels of the numbers
    extents: Mapping[str, Index]
    by_name: Mapping[str, Value]

    @classmethod
    def find(
        cls, value: Value, by_name: Mapping[str, Value], extents: Mapping[str, Index]
    ) -> _Squares | None:
        """Return what `value` is made of if it is a sum of squares about a mean."""
        if not isinstance(value, Reduce) or value.total or not _is_sum(value, "float64"):
            return None
        square = _made(value.expr, by_name)
        match square:
            case Op("{0} * {0}", (root,), _):
                difference = _made(root, by_name)
            case _:
                return None
        match difference:
            case Op("{0} - {1}", (number, mean), _):
                quotient = _made(mean, by_name)
            case _:
                return None
        match quotient:
            case Op("{0} / {1}", (sum_, count), _):
                total = _value(sum_, by_name)
            case _:
                return None
        if not isinstance(total, Reduce) or total.total or not _is_sum(total):
            return None
        number = _bare(number)
        same = (set(total.labels), set(total.over)) == (set(value.labels), set(value.over))
        elements = product(extents[label] for label in value.over)
        if not same or _bare(total.expr) != number or _length(count, by_name) != elements:
            return None
        numbers = by_name[number.name] if isinstance(number, Var) else None
        if numbers is None or set(numbers.labels) != {*value.labels, *value.over}:
            return None
        size = product(extents[label] for label in numbers.labels)
        if size.constant is not None and size.constant <= NEAR:
            return None
        return cls(value, total, number, numbers.labels, extents, by_name)

    @property
    def over(self) -> tuple[str, ...]:
        """The labels that are summed over."""
        return self.value.over

    def joined(self, values: Sequence[Value]) -> list[Value] | None:
        """Return the region with squares and sum together, None if no level can be found."""
        own, labels = self.value.name, self.value.labels
        new: list[Value] = []
        copies: dict[str, list[Value]] = {}
        number = _double(self.number)
        total = Var(f"{own}_total", "float64")
        # With a level, what leaves the region is a sum of its own: no outlier may spoil the mean.
        keeps = self.total.dtype != "float64" or self.number.dtype not in COARSE
        if self.number.dtype not in COARSE:
            ends = _Ends(self.by_name, self.over[0], self.extents[self.over[0]], copies)
            first, last = (ends.expression(self.number, place) for place in ("first", "last"))
            if first is None or last is None:
                return None
            level = Var(f"{own}_level", "float64")
            level_of = Op(LEVEL, (_double(first), _double(last)), "float64")
            new.append(Map(level.name, "float64", labels, level_of))
            number_of = Op("{0} - {1}", (number, level), "float64")
            number = Var(f"{own}_number", "float64")
            new.append(Map(number.name, "float64", self.everywhere, number_of, 0.3))
        new += [
            Reduce(own, "float64", labels, number, self.over, SUM, ZERO, total.name),
            Reduce(total.name, "float64", labels, number, self.over, SUM, ZERO),
        ]
        new.append(self.total if keeps else Map(self.total.name, "float64", labels, total))
        result: list[Value] = []
        for value in values:
            if value is self.total:
                result += new
            elif value is not self.value:
                result.append(value)
            result += copies.get(value.name, ())
        return result


@immutable
class _Ends:
    """Copies of values as they are at the first and at the last position of a label.

    `copies` holds those that were made, by the name of what they copy.
    """

    by_name: Mapping[str, Value]
    over: str
    extent: Index
    copies: dict[str, list[Value]]

    def expression(self, expr: Expr, place: str) -> Expr | None:
        """Return `expr` at a place, None if that cannot be told."""
        new: dict[object, Expr] = {}
        for sub in subexpressions(expr):
            if isinstance(sub, Var):
                there = self._value(sub, place)
                if there is None:
                    return None
                new[sub] = there
        return substitute(expr, new)

    def _value(self, var: Var, place: str) -> Var | None:
        if var.name.startswith("@"):
            return var if var.name[1:] != self.over else None
        value = self.by_name[var.name]
        if self.over not in domain(value):
            return var
        there = Var(f"{var.name}_{place}", var.dtype)
        labels = tuple(label for label in value.labels if label != self.over)
        copies = [*self.copies.get(var.name, ()), *self.by_name.values()]
        made = next((copy for copy in copies if copy.name == there.name), None)
        if made is not None:
            return there if made.labels == labels else None
        match value:
            case Source():
                new = self._source(value, labels, place)
            case Map():
                expr = self.expression(value.expr, place)
                if expr is None:
                    return None
                new = (replace(value, name=there.name, labels=labels, expr=expr),)
            case _:
                return None
        self.copies.setdefault(var.name, []).extend(new)
        return there

    def _source(self, source: Source, labels: tuple[str, ...], place: str) -> tuple[Value, ...]:
        """Return a part of an array, and what is read of it: nothing where the array is empty."""
        strides = dict(zip(source.labels, source.strides, strict=True))
        away = (self.extent - 1) * strides[self.over] if place == "last" else Index.of(0)
        name = f"{source.name}_{place}"
        part = replace(
            source,
            name=f"{name}_of_all",
            labels=labels,
            strides=tuple(strides[label] for label in labels),
            offset=source.offset + away,
        )
        read: Expr = Var(part.name, part.dtype)
        if self.extent.constant is None:
            read = Op(IF_ANY, (Integer(self.extent), read), part.dtype)
        return part, Map(name, source.dtype, labels, read)


# -- reading expressions ---------------------------------------------------------------------------


def _is_sum(value: Reduce, dtype: str = "") -> bool:
    return value.template in (SUM, "ptl_add({0}, {1})") and dtype in ("", value.dtype)


def _bare(expr: Expr) -> Expr:
    """Return `expr` without conversions, which in operands of arithmetic only widen."""
    while isinstance(expr, Cast):
        expr = expr.arg
    return expr


def _double(expr: Expr) -> Expr:
    return expr if expr.dtype == "float64" else Cast(expr, "float64")


def _value(expr: Expr, by_name: Mapping[str, Value]) -> Value | None:
    """Return the value that `expr` is, conversions aside."""
    expr = _bare(expr)
    while isinstance(expr, Var) and not expr.name.startswith("@"):
        value = by_name[expr.name]
        if not isinstance(value, Map) or not isinstance(_bare(value.expr), Var):
            return value
        expr = _bare(value.expr)
    return None


def _made(expr: Expr, by_name: Mapping[str, Value]) -> Expr | None:
    """Return the expression behind `expr`, conversions aside."""
    value = _value(expr, by_name)
    return _bare(value.expr) if isinstance(value, Map) else None


def _length(expr: Expr, by_name: Mapping[str, Value]) -> Index | None:
    """Return `expr` as a polynomial in lengths, if it is one."""
    match _bare(expr):
        case Integer(index, _):
            return index
        case Const(number, _) if isinstance(number, int | float) and number == int(number):
            return Index.of(int(number))
        case Op("ptl_mul({0}, {1})" | "{0} * {1}", (a, b), _):
            factors = _length(a, by_name), _length(b, by_name)
            return None if None in factors else product(factors)  # type: ignore[arg-type]
        case Var(name, _) if not name.startswith("@") and isinstance(by_name[name], Map):
            return _length(by_name[name].expr, by_name)  # type: ignore[union-attr]
    return None
