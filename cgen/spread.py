"""Squares about a mean that is not known yet, as statements.

``w1[j] += ptl_gained(x, w0[j], i, 1)`` takes one more number into the squares about the mean of all
so far, whose total is in ``w0[j]``; then ``w0[j] += x``.  That is a division and a wait for every
number: later passes take a block of them together, sum their squares about a mean of their own, and
ask only once what the squares gain as the block joins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Expr,
    If,
    Integer,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    expressions,
)

GAINED = "ptl_gained({0}, {1}, {2}, {3})"


def gained(mean: Expr, total: Expr, seen: Index, more: int | Index = 1) -> Op:
    """Return what squares gain as `more` numbers with a mean join `seen` ones with a total."""
    counts = (Integer(seen), Integer(Index.of(more)))
    return Op(GAINED, (mean, total, *counts), mean.dtype)


@immutable
class Pair:
    """The statement that adds to squares, and the one that adds to the total they go with."""

    squares: Any  # both a `Store`, or both an `Update`
    total: Any
    number: Expr
    seen: Index


def pairs(body: Iterable[Stmt]) -> list[Pair]:
    """Return the squares that are summed in `body` together with their totals."""
    body = list(body)
    found = []
    for stmt in body:
        joins = joining(stmt)
        if joins is not None:
            number, there, seen, _ = joins.args
            total = next(each for each in body if _is_added_to(each, there))
            assert isinstance(seen, Integer)
            found.append(Pair(stmt, total, number, seen.index))
    return found


def joining(stmt: Stmt) -> Op | None:
    """Return what `stmt` adds to squares about a mean, None if it does something else."""
    match stmt:
        case Store(_, _, Op("{0} + {1}", (_, Op(template, _, _) as joins), _)):
            return joins if template == GAINED else None
        case Update(_, "{0} + {1}", Op(template, _, _) as joins):
            return joins if template == GAINED else None
    return None


def own_expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """Return the expressions of `stmt`, but for a total that its squares only go along with."""
    joins = joining(stmt)
    if joins is None:
        return expressions(stmt)
    match stmt:
        case Store(_, _, Op(_, (there, _), _)):
            return there, joins.args[0]
    return (joins.args[0],)


def counted_from(body: tuple[Stmt, ...], shift: Mapping[str, Index]) -> tuple[Stmt, ...]:
    """Return `body` with names replaced where squares are told how many numbers came before."""

    def moved(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Loop | If):
            return replace(stmt, body=counted_from(stmt.body, shift))
        joins = joining(stmt)
        if joins is None:
            return stmt
        mean, total, seen, more = joins.args
        assert isinstance(seen, Integer)
        joins = replace(joins, args=(mean, total, Integer(seen.index.substitute(shift)), more))
        if isinstance(stmt, Store) and isinstance(stmt.expr, Op):
            return replace(stmt, expr=replace(stmt.expr, args=(stmt.expr.args[0], joins)))
        assert isinstance(stmt, Update)
        return replace(stmt, expr=joins)

    return tuple(map(moved, body))


def _is_added_to(stmt: Stmt, there: Expr) -> bool:
    match stmt, there:
        case Store(buffer, index, _), Load():
            return (buffer, index) == (there.buffer, there.index)
        case Update(var, _, _), Var():
            return var.name == there.name
    return False
