"""Improvements of statements that keep their meaning."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pytensorlite.cgen.ir import (
    Cast,
    Expr,
    If,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    buffers,
    expressions,
    subexpressions,
)


def name_repeated_loads(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Read an element once where one pass through a body reads it several times.

    Only buffers that nothing in that body writes: their elements stay what they are.
    """
    _, written = buffers(body)
    counts: Counter[Load] = Counter(
        sub
        for stmt in body
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Load) and sub.buffer not in written
    )
    locals_: dict[Load, Var] = {}
    declared = {stmt.var.name for stmt in body if isinstance(stmt, Let)}
    result: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, Loop | If):
            result.append(replace(stmt, body=name_repeated_loads(stmt.body)))
            continue
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load) and counts[sub] > 1 and sub not in locals_:
                    name = f"{sub.buffer.removeprefix('rows_')}_{len(locals_)}"
                    if sub.index.names.isdisjoint(declared) or _ready(sub, result, declared):
                        locals_[sub] = Var(name, sub.dtype)
                        result.append(Let(locals_[sub], sub))
        result.append(_with_locals(stmt, locals_))
    return tuple(result)


def _ready(load: Load, before: list[Stmt], declared: set[str]) -> bool:
    """Whether the locals in the address of `load` have been declared by now."""
    known = {stmt.var.name for stmt in before if isinstance(stmt, Let)}
    return load.index.names & declared <= known


def _with_locals(stmt: Stmt, locals_: dict[Load, Var]) -> Stmt:
    if not locals_ or not expressions(stmt):
        return stmt
    match stmt:
        case Let() | Update() | Store():
            return replace(stmt, expr=_replaced(stmt.expr, locals_))  # type: ignore[arg-type]
    return stmt


def _replaced(expr: Expr, locals_: dict[Load, Var]) -> Expr:
    match expr:
        case Load() if expr in locals_:
            return locals_[expr]
        case Op(template, args, dtype):
            return Op(template, tuple(_replaced(a, locals_) for a in args), dtype)
        case Cast(arg, dtype):
            return Cast(_replaced(arg, locals_), dtype)
    return expr
