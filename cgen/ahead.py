"""Fetch rows before they are needed, where memory would wait while a block of them is worked on.

A block of rows comes from memory in its first loop; in the others it is in the cache, and memory
has nothing to do.  A processor fetches ahead by itself, but not far beyond what is read now, and
begins anew for each page.  So the first loop asks for what lies some rows on, and blocks are short:
what has been asked for arrives while the other loops run.  Whether that is worth while is known
when lengths are: rows are short, and there are more of them than a cache holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Call,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Task,
    Var,
    buffers,
    item_size,
    loads,
    walk,
)
from pytensorlite.cgen.parallel import CALL, call, choosing, effort

DTYPES = ("float32", "float64")


def fetch_ahead(
    body: tuple[Stmt, ...], tasks: tuple[Task, ...]
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel, and its tasks, with fetching where it may pay."""
    result: list[Task] = []
    for task in tasks:
        first = next((stmt for stmt in task.loop.body if isinstance(stmt, Loop)), None)
        matrices = dict(_matrices(task.loop, first)) if first else {}
        if first is None or not matrices:
            result.append(task)
            continue
        fetched = Var(str(task.loop.step).replace("rows", "fetched"), "int64")
        row = next(stmt.stop for stmt in first.body if isinstance(stmt, Loop))
        size = max(map(item_size, matrices.values()))
        calls = [
            Call(f"ptl_fetch_ahead(&{name}[{Index.name(first.var) * row}], "
                 f"{Index.name(fetched.name) * item_size(dtype)})")
            for name, dtype in matrices.items()
        ]  # fmt: skip
        fetching = replace(first, body=(*calls, *first.body))
        inside = tuple(fetching if stmt is first else stmt for stmt in task.loop.body)
        loop = replace(task.loop, body=inside)
        result.append(replace(task, body=(loop, *task.body[1:]), locals=(*task.locals, fetched)))
        body = tuple(call(result[-1]) if stmt == call(task) else stmt for stmt in body)
        numbers = (Integer(task.extent), Integer(row), Integer(Index.of(size)))
        known = Let(fetched, Op("ptl_fetched({0}, {1}, {2})", numbers, "int64"))
        row_bytes = (Integer(Index.name(fetched.name)), Integer(Index.of(size)))
        fewer = Op("ptl_rows_ahead({0}, {1}, {2})", row_bytes, "int64")
        body = tuple(choosing(body, str(task.loop.step), known, fewer))
    return body, tuple(result)


def _matrices(blocks: Loop, first: Loop) -> Iterator[tuple[str, str]]:
    """Yield name and dtype of each array that a block reads row by row, and then again."""
    others = [stmt for stmt in blocks.body if isinstance(stmt, Loop) and stmt is not first]
    rows = [stmt for stmt in first.body if isinstance(stmt, Loop)]
    if blocks.step.constant is not None or len(rows) != 1:
        return
    if any(_is_costly(loop) for loop in walk(blocks.body) if isinstance(loop, Loop)):
        return
    (row,) = rows
    if row.kind != "simd" or row.start != 0:
        return
    again = buffers(tuple(others))[0].keys() - buffers(blocks.body)[1].keys()
    for name, dtype in read_row_by_row(first, row).items():
        if name in again:
            yield name, dtype


def read_row_by_row(rows: Loop, row: Loop) -> dict[str, str]:
    """Return name and dtype of each array of which `row`, for each of `rows`, reads one."""
    element = Index.name(rows.var) * row.stop + Index.name(row.var)
    found = (load for load in loads(row.body) if load.index == element and load.dtype in DTYPES)
    return {load.buffer: load.dtype for load in found}


def _is_costly(loop: Loop) -> bool:
    """Whether computing an element of a row takes longer than waiting for it."""
    inside = any(isinstance(stmt, Loop) for stmt in loop.body)
    return loop.start == 0 and not inside and effort(loop.body) >= CALL
