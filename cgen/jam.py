"""Rows side by side: what every row adds to the same array is added for several rows at once.

``for i: for j: y[j] += x[i, j]`` reads and writes the whole of ``y`` for each row.  With eight rows
in one loop over j an element of ``y`` is read, eight numbers are added to it one after the other,
and it is written: the same additions in the same order, so not a bit of the result changes.  The
rows that are left over have the loop as it was.

Squares about a mean that is not known yet (``spread.py``) are about a mean of the rows that go
together, which are then in registers; what lies between means is added once for all of them.

This is a last pass over finished statements.  What a kernel reads, writes and costs is found out
before, from loops that say each thing once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.emit import ADDITION, MULTIPLY_ADD
from pytensorlite.cgen.folds import Fold, fold
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Comment,
    Const,
    Expr,
    If,
    Integer,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    expressions,
    names,
    parts,
    subexpressions,
    substituted,
    with_leaves,
)
from pytensorlite.cgen.nest import Reduce
from pytensorlite.cgen.parallel import CALL, OPERATION, TOUCH, cost
from pytensorlite.cgen.spread import Pair, gained, joining, pairs

# The most work of a row for an element, in tenths of nanoseconds, and how many such rows go
# together.  What is saved is a reading and a writing for each row: little beside long arithmetic.
ROWS = ((8, 8), (12, 4))
JOINING = ((CALL - 1, 8), (math.inf, 4))
WORDS = {4: "Four", 8: "Eight"}


def side_by_side(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with rows taken together wherever that is possible and pays.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> i, j, n1 = (Index.name(name) for name in ("i", "j", "n1"))
    >>> total, term = Load("y0", j, "float64"), Load("x0", i * n1 + j, "float64")
    >>> add = Store("y0", j, Op("{0} + {1}", (total, term), "float64"))
    >>> rows = Loop("i", Index.name("n0"), (Loop("j", n1, (add,), kind="simd"),))
    >>> print("\\n".join(list(statements(side_by_side((rows,)), 0))[:8]))
    /* Eight rows at a time. */
    const int64_t i_whole = ptl_whole(0, n0, 8);
    for (int64_t i = 0; i < i_whole; i += 8) {
        #pragma omp simd
        for (int64_t j = 0; j < n1; j++) {
            double y0_j = y0[j];
            y0_j += x0[i*n1 + j];
            y0_j += x0[i*n1 + j + n1];
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop():
                rows = _adding(stmt)
                if rows and (count := rows.count()) > 1:
                    result += rows.together(count, fresh(f"{stmt.var}_whole", result))
                else:
                    result.append(replace(stmt, body=side_by_side(stmt.body)))
            case If():
                inner, otherwise = side_by_side(stmt.body), side_by_side(stmt.otherwise)
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def fresh(name: str, before: list[Stmt]) -> str:
    """Return `name`, numbered where the statements before have it already."""
    taken = sum(isinstance(stmt, Let) and stmt.var.name.startswith(name) for stmt in before)
    return f"{name}{taken + 1}" if taken else name


@immutable
class _Rows:
    """A loop over rows around a vector loop that does nothing but add to elements of arrays."""

    loop: Loop
    known: tuple[Let, ...]  # what a row knows before its elements
    inner: Loop
    lets: tuple[Let, ...]  # what an element knows
    stores: tuple[Store, ...]

    def count(self) -> int:
        """Return how many rows to take together, 1 if none."""
        moving = self._moving()
        work = sum(
            (OPERATION if joining(store) else cost(store.expr) - TOUCH) for store in self.stores
        )
        for let in self.lets:
            if let.var.name in moving:
                work += sum(map(cost, expressions(let)))
        # Squares about means wait for a quotient as rows join, the fewer times the better.
        rows = JOINING if pairs(self.inner.body) else ROWS
        most = next((count for limit, count in rows if work <= limit), 1)
        extent = (self.loop.stop - self.loop.start).constant
        return most if extent is None or extent >= most else 1

    def together(self, count: int, whole: str) -> tuple[Stmt, ...]:
        """Return the loop over groups of `count` rows, and the one over those left over.

        `whole` is the name for where the last group ends.
        """
        loop, inner = self.loop, self.inner
        moving = self._moving()
        known = [let for number in range(count) for let in self._lets(self.known, moving, number)]
        squares = {pair.squares: pair for pair in pairs(inner.body)}
        totals = {pair.total for pair in squares.values()}
        sums = {store: self._fold(store) for store in self.stores}
        body: list[Stmt] = []
        for store, sum_ in sums.items():
            first, *others = sum_.parts
            apart = store in squares or store in totals  # from what the rows above have summed
            body.append(Let(first.var, first.first if apart else _there(store), mutable=True))
            body += [Let(part.var, part.first, mutable=True) for part in others]
        for number in range(count):
            body += self._lets(self.lets, moving, number)
            for store, sum_ in sums.items():
                if store in squares:
                    continue
                term = _in_row(_term(store), loop.var, moving, number)
                if sum_.doubles and not isinstance(term, Var):
                    body.append(Let(Var(f"{store.buffer}_row{number}", term.dtype), term))
                    term = Var(f"{store.buffer}_row{number}", term.dtype)
                body += [Update(part.var, part.template, part.step(term)) for part in sum_.parts]
        for store, sum_ in sums.items():
            expr = sum_.total
            if store in squares:
                total = sums[squares[store].total].total
                body += self._squares(squares[store], sum_.total, total, moving, count)
            if store in squares or store in totals:
                expr = Op(ADDITION, (_there(store), expr), expr.dtype)
            body.append(Store(store.buffer, store.index, expr))
        numbers = (Integer(loop.start), Integer(loop.stop), Integer(Index.of(count)))
        end = Index.name(whole)
        group = (*known, replace(inner, body=tuple(body)))
        return (
            Comment(f"{WORDS[count]} rows at a time."),
            Let(Var(whole, "int64"), Op("ptl_whole({0}, {1}, {2})", numbers, "int64")),
            replace(loop, stop=end, step=Index.of(count), body=group),
            replace(loop, start=end),
        )

    def _squares(
        self, pair: Pair, squares: Expr, total: Expr, moving: set[str], count: int
    ) -> Iterator[Stmt]:
        """Yield what sums squares about the mean of the rows, and says what they gain above."""
        assert isinstance(squares, Var)
        dtype = squares.dtype
        mean = Var(f"{squares.name}_mean", dtype)
        yield Let(mean, Op("{0} * {1}", (total, Const(1 / count, dtype)), dtype))
        for number in range(count):
            apart = Var(f"{squares.name}_apart{number}", dtype)
            there = _in_row(pair.number, self.loop.var, moving, number)
            yield Let(apart, Op("{0} - {1}", (there, mean), dtype))
            yield Update(squares, "{1}", Op(MULTIPLY_ADD, (apart, apart, squares), dtype))
        yield Update(squares, ADDITION, gained(mean, _there(pair.total), pair.seen, count))

    def _moving(self) -> set[str]:
        """Return the names that stand for something else in each row."""
        found = {self.loop.var}
        for let in (*self.known, *self.lets):
            if not names((let,)).isdisjoint(found):
                found.add(let.var.name)
        return found

    def _lets(self, lets: tuple[Let, ...], moving: set[str], number: int) -> Iterator[Let]:
        """Yield `lets` for one row; what does not differ between rows is known from the first."""
        for let in lets:
            if number == 0 or let.var.name in moving:
                var = _in_row(let.var, self.loop.var, moving, number)
                assert isinstance(var, Var)
                assert not isinstance(let.expr, Index)
                yield Let(var, _in_row(let.expr, self.loop.var, moving, number))

    def _fold(self, store: Store) -> Fold:
        """Return the locals that stand for an element while rows are added to it."""
        assert isinstance(store.expr, Op)
        name, dtype = f"{store.buffer}_{self.inner.var}", store.expr.dtype
        taken = names((self.loop,)) | {let.var.name for let in (*self.known, *self.lets)}
        name = f"{name}_total" if name in taken else name
        zero = Const(0, dtype)
        return fold(Reduce(name, dtype, (), store.expr.args[1], (), store.expr.template, zero))


def _adding(loop: Loop) -> _Rows | None:
    """Return what `loop` consists of if its rows only add to elements that no row chooses."""
    *known, inner = loop.body
    if loop.kind != "serial" or loop.step != 1 or not isinstance(inner, Loop):
        return None
    known, inner = _in_place(known, inner)
    lets = tuple(stmt for stmt in inner.body if isinstance(stmt, Let))
    stores = tuple(stmt for stmt in inner.body if isinstance(stmt, Store))
    only = len(lets) + len(stores) == len(inner.body) and all(isinstance(s, Let) for s in known)
    if inner.kind != "simd" or not stores or not only:
        return None
    before = tuple(stmt for stmt in known if isinstance(stmt, Let))
    if any(let.mutable or isinstance(let.expr, Index) for let in (*before, *lets)):
        return None
    chosen = {loop.var, *(let.var.name for let in (*before, *lets))}
    bounds = inner.start.names | inner.stop.names
    written = {store.buffer for store in stores}
    fits = (
        len(written) == len(stores)
        and bounds.isdisjoint(chosen)
        and all(store.index.names.isdisjoint(chosen) and _adds(store) for store in stores)
        and not any(
            isinstance(sub, Load) and sub.buffer in written
            for expr in [
                *(expr for let in (*before, *lets) for expr in expressions(let)),
                *map(_term, stores),
            ]
            for sub in subexpressions(expr)
        )
    )
    return _Rows(loop, before, inner, lets, stores) if fits else None


def _in_place(known: list[Stmt], inner: Loop) -> tuple[list[Stmt], Loop]:
    """Return both with that read where it is needed, once, which the block keeps for each row."""
    used = Counter(part for part in parts((*known, *inner.body)) if isinstance(part, Var))
    kept: dict[Expr, Load] = {
        stmt.var: stmt.expr
        for stmt in known
        if isinstance(stmt, Let)
        and isinstance(stmt.expr, Load)
        and stmt.expr.buffer.startswith("rows_")
        and used[stmt.var] == 1
    }
    known = [stmt for stmt in known if not (isinstance(stmt, Let) and stmt.var in kept)]
    body = tuple(substituted(stmt, kept) for stmt in inner.body)
    return [substituted(stmt, kept) for stmt in known], replace(inner, body=body)


def _there(store: Store) -> Load:
    return Load(store.buffer, store.index, store.expr.dtype)


def _term(store: Store) -> Expr:
    """Return what a row adds to an element; of squares the number that they are of."""
    assert isinstance(store.expr, Op)
    joins = joining(store)
    return joins.args[0] if joins else store.expr.args[1]


def _adds(store: Store) -> bool:
    """Whether an element becomes itself and something more."""
    match store.expr:
        case Op(_, (Load() as there, _), _):
            return there == _there(store)
    return False


def _in_row(expr: Expr, row: str, moving: set[str], number: int) -> Expr:
    """Return `expr` as it is for the row `number` rows further on."""
    if number == 0:
        return expr

    # Where an index array points is a name inside of addresses.
    there = {name: Index.name(f"{name}_plus{number}") for name in moving}
    there[row] = Index.name(row) + number

    def moved(index: Index) -> Index:
        return index.substitute(there)

    def changed(leaf: Expr) -> Expr:
        match leaf:
            case Var(name, dtype) if name in moving:
                return Var(f"{name}_plus{number}", dtype)
            case Load(buffer, index, dtype):
                return Load(buffer, moved(index), dtype)
            case Integer(index, dtype):
                return Integer(moved(index), dtype)
        return leaf

    return with_leaves(expr, changed)
