"""Rows that are woven of columns: several costly elements of each, computed as vectors of rows.

Where a loop stores neighbouring elements, gcc computes them together, as one vector of the row, if
it finds the same operations in all of them.  What else it needs of them, such as their sum, it
computes again as vectors of rows, functions and divisions and all.  So the elements go into arrays
side by side first, of a block of rows, and a loop that does nothing else weaves them.

This is a last pass over finished statements.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
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
    parts,
)
from pytensorlite.cgen.parallel import CALL, cost

FEWEST = 4  # elements of a row that gcc computes together
ROWS = 64


def weave(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with costly rows computed in one loop and written in another.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> i, x = Index.name("i"), Load("x0", Index.name("i"), "float64")
    >>> row = tuple(Store("y0", 4 * i + k, Op("exp({0})", (x,), "float64")) for k in range(4))
    >>> loop = Loop("i", Index.name("n0"), row, kind="simd")
    >>> print("\\n".join(list(statements(weave((loop,)), 0))[:9]))
    for (int64_t i_first = 0; i_first < n0; i_first += 64) {
        const int64_t i_last = ptl_min_int64(i_first + 64, n0);
        double y0_i_0[64];
        double y0_i_1[64];
        double y0_i_2[64];
        double y0_i_3[64];
        #pragma omp simd
        for (int64_t i = i_first; i < i_last; i++) {
            y0_i_0[i - i_first] = exp(x0[i]);
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop(kind="simd" | "beside") if woven := dict(_woven(stmt)):
                result += _apart(stmt, woven)
            case Loop(_, _, inner):
                result.append(replace(stmt, body=weave(inner)))
            case If(_, inner, otherwise):
                result.append(replace(stmt, body=weave(inner), otherwise=weave(otherwise)))
            case _:
                result.append(stmt)
    return tuple(result)


def _woven(loop: Loop) -> Iterator[tuple[Store, str]]:
    """Yield the stores of elements beside each other, and arrays for them, if they cost much."""
    if not all(isinstance(stmt, Let | Store | Update) for stmt in loop.body):
        return
    rows: dict[str, list[Store]] = {}
    for stmt in loop.body:
        if isinstance(stmt, Store) and (stmt.index.coefficient(loop.var).constant or 0) > 1:
            rows.setdefault(stmt.buffer, []).append(stmt)
    found = list(parts(loop.body))
    costly = sum(_is_costly(part) for part in found)
    read = {part.buffer for part in found if isinstance(part, Load)}
    for buffer, stores in rows.items():
        if FEWEST <= len(stores) <= costly and buffer not in read:
            for number, store in enumerate(stores):
                yield store, f"{buffer}_{loop.var}_{number}"


def _is_costly(expr: Expr) -> bool:
    """Whether computing this, of what it is made of, takes as long as a function or a division."""
    return isinstance(expr, Op) and cost(expr) - sum(map(cost, expr.args)) >= CALL


def _apart(loop: Loop, woven: dict[Store, str]) -> Iterator[Stmt]:
    """Yield arrays for a block of rows, the loop that fills them, and the one that weaves."""
    first = loop.start if loop.kind == "beside" else Index.name(f"{loop.var}_first")
    length = loop.step if loop.kind == "beside" else Index.of(ROWS)
    lane = Index.name(loop.var) - first
    arrays = [Array(name, store.expr.dtype, length) for store, name in woven.items()]
    fill = tuple(
        Store(woven[stmt], lane, stmt.expr) if stmt in woven else stmt for stmt in loop.body
    )
    write = tuple(
        Store(store.buffer, store.index, Load(name, lane, store.expr.dtype))
        for store, name in woven.items()
    )
    if loop.kind == "beside":
        yield from (*arrays, replace(loop, body=fill), replace(loop, body=write))
        return
    last = Var(f"{loop.var}_last", "int64")
    end = Op("ptl_min_int64({0}, {1})", (Integer(first + ROWS), Integer(loop.stop)), "int64")
    part = replace(loop, start=first, stop=Index.name(last.name), parallel=False)
    yield Loop(
        str(first),
        loop.stop,
        (Let(last, end), *arrays, replace(part, body=fill), replace(part, body=write)),
        start=loop.start,
        step=Index.of(ROWS),
    )
