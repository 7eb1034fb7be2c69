"""Steps that are hidden from the compiler: rows of five, six or seven elements, read as vectors.

A loop over rows that reads several elements of each is a vector to gcc where a row has three
elements, or a power of two: it reads whole vectors and sorts what is in them.  Of rows of five it
knows that they lie close together, cannot sort them, and gives up, as it does of two columns of
ten.  Where it does not know how far apart rows are, it reads one element after the other into a
vector, which takes a sixth of the time.  So that number comes from where no compiler looks.

Where it can sort, it sorts whatever few elements are needed, and those of a loop over one vector
with vectors of half the length, since there is nothing to read after the last row.  What has been
stored as two halves is slow to read as one.

This is a last pass over finished statements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Const,
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
    loads,
    walk,
    with_leaves,
)

VECTORS = {"simd", "beside", "lanes"}  # the kinds of loops that become vectors of elements
# Sorting what is in vectors takes longer than reading element by element where rows are longer than
SORTED, MOST = 4, 8  # so, or so where they are read whole


def hide_steps(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with the steps of vectors hidden where compilers make none knowing them.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> i, n0 = Index.name("i"), Index.name("n0")
    >>> pair = tuple(Load("x0", 5 * i + k, "float64") for k in (1, 2))
    >>> add = Store("y0", i, Op("{0} + {1}", pair, "float64"))
    >>> print("\\n".join(statements(hide_steps((Loop("i", n0, (add,), kind="simd"),)), 0)))
    const int64_t step5 = ptl_hidden(5);
    #pragma omp simd
    for (int64_t i = 0; i < n0; i++) {
        y0[i] = x0[i*step5 + 1] + x0[i*step5 + 2];
    }
    """
    hidden: set[int] = set()
    result = tuple(_hidden(stmt, hidden) for stmt in body)
    hide = "ptl_hidden({0})"
    steps = [
        Let(Var(_name(step), "int64"), Op(hide, (Const(step, "int64"),), "int64"))
        for step in sorted(hidden)
    ]
    return (*steps, *result)


def _name(step: int) -> str:
    return f"step{step}" if step > 0 else f"back{-step}"


def _hidden(stmt: Stmt, hidden: set[int]) -> Stmt:
    match stmt:
        case Loop(var, _, body, kind=kind) if kind in VECTORS:
            steps = dict(_uneven(stmt))
            hidden.update(steps.values())
            return replace(stmt, body=_stepping(body, var, steps)) if steps else stmt
        case Loop(_, _, body):
            return replace(stmt, body=tuple(_hidden(inner, hidden) for inner in body))
        case If(_, body, otherwise):
            kept, other = (tuple(_hidden(s, hidden) for s in part) for part in (body, otherwise))
            return replace(stmt, body=kept, otherwise=other)
    return stmt


def _uneven(loop: Loop) -> Iterator[tuple[str, int]]:
    """Yield each array whose elements compilers cannot sort into vectors along `loop`, its step."""
    lengths = {
        stmt.var: stmt.stop.constant or 1 for stmt in walk(loop.body) if isinstance(stmt, Loop)
    }
    found: dict[tuple[str, int], set[Index]] = {}
    for stmt in walk(loop.body):
        touched = [(load.buffer, load.index) for load in loads((stmt,))]
        if isinstance(stmt, Store):
            touched.append((stmt.buffer, stmt.index))
        for buffer, index in touched:
            step = index.coefficient(loop.var).constant or 0
            if abs(step) > 1:
                found.setdefault((buffer, step), set()).add(index)
    for (buffer, step), places in found.items():
        elements = sum(math.prod(lengths.get(name, 1) for name in at.names) for at in places)
        if not _is_sorted(abs(step), elements, loop.kind == "beside"):
            yield buffer, step


def _is_sorted(step: int, elements: int, one_vector: bool) -> bool:
    """Whether gcc makes the best of so many elements of each row, knowing the step.

    Examples
    --------
    >>> _is_sorted(4, 4, False), _is_sorted(5, 5, False), _is_sorted(16, 2, False)
    (True, False, False)
    """
    if step != 3 and step & (step - 1):
        return elements == 1  # alone it is read one by one anyway
    whole = elements >= step
    if one_vector:  # what follows the last element may not be there, unless rows are read whole
        return whole and step <= MOST
    return elements == 1 or step <= SORTED or (whole and step <= MOST)


def _stepping(body: tuple[Stmt, ...], var: str, steps: dict[str, int]) -> tuple[Stmt, ...]:
    """Return `body` with hidden steps in the indices of arrays."""

    def index(buffer: str, known: Index) -> Index:
        step = steps.get(buffer)
        if step is None or known.coefficient(var) != step:
            return known
        return known + Index.name(var) * (Index.name(_name(step)) - step)

    def leaf(expr: Expr) -> Expr:
        return (
            replace(expr, index=index(expr.buffer, expr.index)) if isinstance(expr, Load) else expr
        )

    def stepping(stmt: Stmt) -> Stmt:
        match stmt:
            case Loop(_, _, inner):
                return replace(stmt, body=tuple(map(stepping, inner)))
            case If(_, inner, otherwise):
                kept, other = (tuple(map(stepping, part)) for part in (inner, otherwise))
                return replace(stmt, body=kept, otherwise=other)
            case Store(buffer, known, expr):
                return Store(buffer, index(buffer, known), with_leaves(expr, leaf))
            case Let(_, expr) | Update(_, _, expr) if not isinstance(expr, Index):
                return replace(stmt, expr=with_leaves(expr, leaf))
        return stmt

    return tuple(map(stepping, body))
