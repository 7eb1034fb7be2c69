"""Fetch the rows of the next block while this one is computed with.

Where the first loop over a block of rows only reads them, as for a maximum, and a later one takes
longer over an element than memory does, as for exponentials, memory and arithmetic take turns.  So
the later loop asks for the rows of the next block, a strip at a time: as many lines as arrive while
a strip is worked on.  Whether the rows lie in a cache is known when lengths are; then a strip is a
whole row, and nothing is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.ahead import DTYPES
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Call,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Store,
    Task,
    Var,
    buffers,
    expressions,
    item_size,
    loads,
)
from pytensorlite.cgen.parallel import CALL, calling, cost


def fetch_meanwhile(
    body: tuple[Stmt, ...], tasks: tuple[Task, ...]
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel, and its tasks, with fetching where it may pay."""
    result: list[Task] = []
    for task in tasks:
        blocks, *after = task.body
        assert isinstance(blocks, Loop)
        found = next(_costly_rows(blocks), None)
        if found is None:
            result.append(task)
            continue
        later, row, matrices = found
        fetched = Var(f"{task.name.partition('_')[2]}_meanwhile", "int64")
        strips = _in_strips(later, row, matrices, blocks.step, fetched)
        inside = tuple(strips if stmt is later else stmt for stmt in blocks.body)
        anew = (replace(blocks, body=inside), *after)
        result.append(replace(task, body=anew, locals=(*task.locals, fetched)))
        size = max(map(item_size, matrices.values()))
        numbers = (Integer(task.extent), Integer(row.stop), Integer(Index.of(size)))
        known = Let(fetched, Op("ptl_meanwhile({0}, {1}, {2})", numbers, "int64"))
        body = tuple(calling(body, task, result[-1], known))
    return body, tuple(result)


def _costly_rows(blocks: Loop) -> Iterator[tuple[Loop, Loop, dict[str, str]]]:
    """Yield a later loop over a block, that over a row in it, and the arrays read there again."""
    loops = [stmt for stmt in blocks.body if isinstance(stmt, Loop)]
    once = _row(loops[0]) if loops and blocks.step.constant is None else None
    if once is None or _is_costly(once):
        return
    written = buffers(blocks.body)[1]
    for later in loops[1:]:
        row = _row(later)
        if row is not None and row.stop == once.stop and _is_costly(row) and not _stores(row):
            again = _matrices(later, row).items() & _matrices(loops[0], once).items()
            matrices = {name: dtype for name, dtype in sorted(again) if name not in written}
            if matrices:
                yield later, row, matrices


def _row(loop: Loop) -> Loop | None:
    """Return the only loop within, over a whole row."""
    match [stmt for stmt in loop.body if isinstance(stmt, Loop)]:
        case [row] if row.kind == "simd" and row.start == 0:
            return row
    return None


def _is_costly(row: Loop) -> bool:
    """Whether computing an element takes longer than fetching one."""
    return sum(cost(expr) for stmt in row.body for expr in expressions(stmt)) >= CALL


def _stores(row: Loop) -> bool:
    """Whether values are kept: a block of such rows may become one vector (`flat.py`)."""
    return any(isinstance(stmt, Store) for stmt in row.body)


def _matrices(loop: Loop, row: Loop) -> dict[str, str]:
    """Return name and dtype of each array that is read row by row."""
    element = Index.name(loop.var) * row.stop + Index.name(row.var)
    found = (load for load in loads(row.body) if load.index == element and load.dtype in DTYPES)
    return {load.buffer: load.dtype for load in found}


def _in_strips(later: Loop, row: Loop, matrices: dict[str, str], rows: Index, fetched: Var) -> Loop:
    """Return the loop over rows, each cut into strips that fetch one of a row of the next block."""
    width, strip, stop = (f"{row.var}_{what}" for what in ("width", "strip", "stop"))
    numbers = (Integer(Index.name(fetched.name)), Integer(row.stop))
    length = Let(Var(width, "int64"), Op("ptl_strip({0}, {1})", numbers, "int64"))
    ends = (Integer(Index.name(strip) + Index.name(width)), Integer(row.stop))
    end = Let(Var(stop, "int64"), Op("ptl_min_int64({0}, {1})", ends, "int64"))
    place = (Index.name(later.var) + rows) * row.stop + Index.name(strip)
    calls = [
        Call(f"ptl_fetch(&{name}[{place}], {Index.name(fetched.name) * item_size(dtype)})")
        for name, dtype in matrices.items()
    ]
    part = replace(row, start=Index.name(strip), stop=Index.name(stop))
    strips = Loop(strip, row.stop, (end, *calls, part), step=Index.name(width))
    inside = [
        each for stmt in later.body for each in ((length, strips) if stmt is row else (stmt,))
    ]
    return replace(later, body=tuple(inside))
