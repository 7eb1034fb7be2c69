"""Fetch the rows of the next block while this one is computed with.

Where the first loop over a block of rows only reads them, as for a maximum, and a later one takes
longer over an element than memory does, as for exponentials, memory and arithmetic take turns.  So
the later loop, which goes in groups of elements (``vectors.py``), asks for as much of the next
block's rows before each group.  Whether the rows lie in a near cache is known when lengths are;
then it asks for what it reads itself, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.ahead import read_row_by_row
from pytensorlite.cgen.extremes import extremes_in_lanes
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Fetch,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Store,
    Task,
    Var,
    buffers,
    item_size,
)
from pytensorlite.cgen.parallel import CALL, calling, effort
from pytensorlite.cgen.vectors import goes_in_groups


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
        first, later, row, matrices = found
        fetched = Var(f"{task.name.partition('_')[2]}_meanwhile", "int64")
        fetching = _fetching(later, row, matrices, fetched)
        [quick] = (first,) if _stores(row) else extremes_in_lanes((first,))
        inside = tuple(
            fetching if stmt is later else quick if stmt is first else stmt for stmt in blocks.body
        )
        anew = (replace(blocks, body=inside), *after)
        result.append(replace(task, body=anew, locals=(*task.locals, fetched)))
        size = max(map(item_size, matrices.values()))
        numbers = tuple(map(Integer, (task.extent, row.stop, Index.of(size), blocks.step)))
        known = Let(fetched, Op("ptl_meanwhile({0}, {1}, {2}, {3})", numbers, "int64"))
        body = tuple(calling(body, task, result[-1], known))
    return body, tuple(result)


def _costly_rows(blocks: Loop) -> Iterator[tuple[Loop, Loop, Loop, dict[str, str]]]:
    """Yield the first loop over a block's rows, a later one, what it does, and the arrays of both.

    What a block does for each row as a whole, before, reads no matrix.
    """
    loops = [
        stmt for stmt in blocks.body if isinstance(stmt, Loop) and any(map(_is_loop, stmt.body))
    ]
    once = _row(loops[0]) if loops and blocks.step.constant is None else None
    if once is None or _is_costly(once):
        return
    first, *others = loops
    written = buffers(blocks.body)[1]
    for later in others:
        row = _row(later)
        if row is not None and row.stop == once.stop and goes_in_groups(row):
            again = read_row_by_row(later, row).items() & read_row_by_row(first, once).items()
            matrices = {name: dtype for name, dtype in sorted(again) if name not in written}
            if matrices:
                yield first, later, row, matrices


def _is_loop(stmt: Stmt) -> bool:
    return isinstance(stmt, Loop)


def _row(loop: Loop) -> Loop | None:
    """Return the only loop within, over a whole row."""
    match [stmt for stmt in loop.body if isinstance(stmt, Loop)]:
        case [row] if row.kind == "simd" and row.start == 0:
            return row
    return None


def _is_costly(row: Loop) -> bool:
    """Whether computing an element takes longer than fetching one."""
    return effort(row.body) >= CALL


def _stores(row: Loop) -> bool:
    """Whether values are kept, as of rows that may be too short for four vectors (`flat.py`)."""
    return any(isinstance(stmt, Store) for stmt in row.body)


def _fetching(later: Loop, row: Loop, matrices: dict[str, str], fetched: Var) -> Loop:
    """Return the loop over rows, with fetching of what lies `fetched` elements further on."""
    place = Index.name(later.var) * row.stop + Index.name(row.var) + Index.name(fetched.name)
    fetches = tuple(Fetch(name, place) for name in matrices)
    asking = replace(row, body=(*fetches, *row.body))
    return replace(later, body=tuple(asking if stmt is row else stmt for stmt in later.body))
