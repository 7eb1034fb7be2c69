"""Improvements of statements that keep their meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.ir import (
    Cast,
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
    Var,
    buffers,
    expressions,
    names,
    substituted,
    walk,
)
from pytensorlite.cgen.nest import IF_ANY


def name_loads(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Read an element once: before the loop that does not change it, or where it is first needed.

    Only elements of buffers that the statements in question do not write: they stay what they are.
    """
    variables = {stmt.var for stmt in walk(body) if isinstance(stmt, Loop)}
    return _Namer({v for v in variables if not v.endswith("_block")}).body(body, frozenset())


def drop_unread(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Leave out locals that nothing reads, such as what a later loop computes once more.

    With them goes a loop that did nothing else.
    """
    while (shorter := _without_unread(body, names(body))) != body:
        body = shorter
    return body


def share_locals(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Give a length that is converted to floating point one local, however often it is needed."""
    conditions = {stmt.condition for stmt in walk(body) if isinstance(stmt, If)}
    known: dict[Expr, Var] = {}
    same: dict[Var, Var] = {}
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Let(var, Cast(Integer()) as expr, mutable=False) if not conditions:
                if known.setdefault(expr, var) != var:
                    same[var] = known[expr]
                    continue
        result.append(_renamed(stmt, same))
    return tuple(result)


def _renamed(stmt: Stmt, new: dict[Var, Var]) -> Stmt:
    if isinstance(stmt, Loop | If):
        return replace(stmt, body=tuple(_renamed(inner, new) for inner in stmt.body))
    return substituted(stmt, new) if new else stmt


def fill_together(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Let neighbouring loops over the same axis that fill arrays with numbers be one loop."""
    result: list[Stmt] = []
    for stmt in body:
        last = result[-1] if result else None
        if isinstance(stmt, Loop) and isinstance(last, Loop) and _goes_along(stmt, last):
            result[-1] = replace(last, body=(*last.body, *stmt.body))
        elif isinstance(stmt, Loop):
            result.append(replace(stmt, body=fill_together(stmt.body)))
        else:
            result.append(stmt)
    return tuple(result)


def _goes_along(fill: Loop, before: Loop) -> bool:
    """Whether `fill` writes a number to arrays that the loop before it has nothing to do with."""
    touched = {name for found in buffers(before.body) for name in found}
    return (
        replace(fill, body=(), parallel=before.parallel) == replace(before, body=())
        and fill.kind == "simd"
        and fill.parallel <= before.parallel
        and not _has_loop(before)
        and all(
            isinstance(stmt, Store) and isinstance(stmt.expr, Const) and stmt.buffer not in touched
            for stmt in fill.body
        )
    )


def _without_unread(body: tuple[Stmt, ...], read: set[str]) -> tuple[Stmt, ...]:
    return tuple(
        replace(stmt, body=_without_unread(stmt.body, read))
        if isinstance(stmt, Loop | If)
        else stmt
        for stmt in body
        if not isinstance(stmt, Let) or stmt.mutable or stmt.var.name in read
        if not isinstance(stmt, Loop) or stmt.body
    )


class _Namer:
    def __init__(self, variables: set[str]):
        self.variables = variables

    def body(self, body: tuple[Stmt, ...], outside: frozenset[str]) -> tuple[Stmt, ...]:
        """Return `body` with invariant loads before its inner loops, and repeated ones named.

        `outside` are the names of the enclosing scopes.
        """
        taken = {*outside, *(s.var.name for s in walk(body) if isinstance(s, Let))}
        result: list[Stmt] = []
        for stmt in body:
            if isinstance(stmt, Loop) and not _has_loop(stmt):
                *lets, stmt = self._hoist(stmt, taken)
                result += lets
            result.append(stmt)
        named = self._name_repeated(tuple(result), taken)
        scope = frozenset(taken)
        return tuple(
            replace(stmt, body=self.body(stmt.body, scope)) if isinstance(stmt, Loop | If) else stmt
            for stmt in named
        )

    def _hoist(self, loop: Loop, taken: set[str]) -> list[Stmt]:
        """Return the loop, and before it what it would read again and again."""
        _, written = buffers(loop.body)
        inside = {s.var.name for s in walk(loop.body) if isinstance(s, Let)} | {loop.var}
        found: dict[Load, Var] = {}
        for load in _loads(loop.body):
            fixed = load.index.names.isdisjoint(inside) and load.buffer not in written
            if fixed and load not in found:
                found[load] = self._fresh(load, taken)
        lets: list[Stmt] = [Let(var, load) for load, var in found.items()]
        body = tuple(_with_locals(stmt, found) for stmt in loop.body)
        return [*lets, replace(loop, body=body)]

    def _name_repeated(self, body: tuple[Stmt, ...], taken: set[str]) -> tuple[Stmt, ...]:
        """Name the elements that one pass through `body` itself reads several times."""
        _, written = buffers(body)
        plain = [stmt for stmt in body if not isinstance(stmt, Loop | If)]
        counts = Counter(load for load in _loads(plain) if load.buffer not in written)
        declared = {stmt.var.name for stmt in body if isinstance(stmt, Let)}
        known: set[str] = set()
        found: dict[Load, Var] = {}
        result: list[Stmt] = []
        for stmt in body:
            if not isinstance(stmt, Loop | If):
                for load in _loads([stmt]):
                    ready = load.index.names & declared <= known
                    if counts[load] > 1 and load not in found and ready:
                        found[load] = self._fresh(load, taken)
                        result.append(Let(found[load], load))
                stmt = _with_locals(stmt, found)
                if isinstance(stmt, Let):
                    known.add(stmt.var.name)
            result.append(stmt)
        return tuple(result)

    def _fresh(self, load: Load, taken: set[str]) -> Var:
        """Name a local after the array and the loops that choose its element: ``x0_ij``."""
        letters = "".join(sorted(load.index.names & self.variables))
        stem = f"{load.buffer.removeprefix('rows_')}_{letters or load.index.constant or 0}"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name)
        return Var(name, load.dtype)


def _has_loop(loop: Loop) -> bool:
    return any(isinstance(stmt, Loop) for stmt in walk(loop.body))


def _loads(body: tuple[Stmt, ...] | list[Stmt]) -> Iterator[Load]:
    """Yield the elements that `body` reads, as often as its text names them."""
    for stmt in walk(tuple(body)):
        for expr in expressions(stmt):
            yield from _loads_of(expr)


def _loads_of(expr: Expr) -> Iterator[Load]:
    match expr:
        case Load():
            yield expr
        case Op(template, args, _) if template != IF_ANY:  # where there is none, none is read
            for number, arg in enumerate(args):
                for _ in range(template.count(f"{{{number}}}")):
                    yield from _loads_of(arg)
        case Cast(arg, _):
            yield from _loads_of(arg)


def _with_locals(stmt: Stmt, names: dict[Load, Var]) -> Stmt:
    if not names:
        return stmt
    if isinstance(stmt, If):
        return replace(stmt, body=tuple(_with_locals(inner, names) for inner in stmt.body))
    return substituted(stmt, names)
