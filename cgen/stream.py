"""Write results that no cache holds past the caches.

A processor reads a line before it writes to it, and the line takes the place of something else.
Lines of a result that is larger than the caches need neither.  Its rows go into an array of their
own first, in the nearest cache, and from there past the caches (``ptl_stream.h``).  A loop over
rows knows nothing of that: where it is cut into blocks for threads, it is called for a few rows at
a time, and told to write them elsewhere.  Only a loop that goes through a block of rows several
times does it itself, row by row, since memory would be idle while it goes through the others::

    for (i = i_block; i < i_end; i++) {
        for (j = 0; j < n1; j++)
            y0_rows[i*n1 - i_block*n1 + j] = ...
        ptl_stream_row(&y0[i_block*n1], y0_rows, i - i_block, i_end - i_block, 8*i_streamed);
    }

For smaller results `y0_rows` lies in `y0`, and `i_streamed` is 0, so that there is one loop for
both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Call,
    If,
    Integer,
    Let,
    Loop,
    Op,
    Pointer,
    Stmt,
    Store,
    Streamed,
    Task,
    Var,
    buffers,
    item_size,
    loads,
    walk,
)
from pytensorlite.cgen.parallel import calling, choosing

BLOCK = 65536  # PTL_STREAMED_BLOCK
MOST = 4  # results of one loop: their blocks lie on the stack


def past_caches(
    body: tuple[Stmt, ...], tasks: tuple[Task, ...]
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel, and its tasks, that write large results past caches."""
    result: list[Task] = []
    for task in tasks:
        rows = _whole_rows(task)
        if rows is not None and task.loop.step.constant is None:
            body, task = _row_by_row(body, task, rows)
        elif rows is not None and task.loop.step == 1 and not task.partials and not task.owned:
            task = replace(task, streamed=rows)
        result.append(task)
    return body, tuple(result)


def is_streamed(task: Task) -> bool:
    """Whether a task needs ``ptl_stream.h``."""
    return task.streamed is not None or any(isinstance(stmt, Pointer) for stmt in walk(task.body))


# -- what is written row by row --------------------------------------------------------------------


def _whole_rows(task: Task) -> Streamed | None:
    """Return the results of which each row is written once, as a whole, and not read."""
    read, _ = buffers((task.loop,))
    stores = Counter(stmt.buffer for stmt in walk((task.loop,)) if isinstance(stmt, Store))
    found: dict[str, str] = {}
    lengths: set[Index] = set()
    places: set[Index] = set()
    for store, length in _stores_along_rows(task.loop):
        name = store.buffer
        places.add(store.index)
        if name.startswith("y") and name not in read and stores[name] == 1:
            found[name] = store.expr.dtype
            lengths.add(length)
    if len(lengths) != 1 or len(found) > MOST:
        return None
    beside = {load.buffer: load.dtype for load in loads((task.loop,)) if load.index in places}
    return Streamed(tuple(found.items()), lengths.pop(), sum(map(item_size, beside.values())))


def _stores_along_rows(loop: Loop) -> Iterator[tuple[Store, Index]]:
    """Yield each store along a row, and the length of the row; rows of a flat loop are elements."""
    if loop.step.constant is None:
        loops = [stmt for stmt in loop.body if isinstance(stmt, Loop) and _is_over(stmt, loop)]
    else:
        loops = [loop]
    for rows in loops:
        here = Index.name(rows.var)
        if rows.kind == "simd":
            inside = [(stmt, here, Index.of(1)) for stmt in rows.body]
        else:
            inside = [
                (stmt, here * row.stop + Index.name(row.var), row.stop)
                for row in rows.body
                if isinstance(row, Loop) and row.kind == "simd" and row.start == 0
                for stmt in row.body
            ]
        for stmt, place, length in inside:
            if isinstance(stmt, Store) and stmt.index == place:
                yield stmt, length


def _is_over(loop: Loop, blocks: Loop) -> bool:
    """Whether `loop` goes through the rows of a block, one by one."""
    return loop.start == Index.name(blocks.var) and loop.step == 1


# -- loops that go through a block several times ---------------------------------------------------


def _row_by_row(
    body: tuple[Stmt, ...], task: Task, rows: Streamed
) -> tuple[tuple[Stmt, ...], Task]:
    """Return a kernel's statements, and a task that streams rows as soon as they are finished."""
    streamed = Var(f"{task.name.partition('_')[2]}_streamed", "int64")
    blocks, *after = task.body
    streaming = _streaming(blocks, rows, streamed) if isinstance(blocks, Loop) else None
    if streaming is None:
        return body, task
    arrays = [Array(f"{y}_streamed", dtype, BLOCK // rows.size) for y, dtype in rows.outputs]
    end = Call(f"ptl_end_of_stream({streamed.name})")
    new = replace(task, body=(*arrays, streaming, *after, end), locals=(*task.locals, streamed))
    known = Let(streamed, how_much(task, rows))
    called = tuple(calling(body, task, new, known))
    row_bytes = Integer(Index.name(streamed.name) * rows.size)
    fewer = Op("ptl_rows_streamed({0}, {1})", (row_bytes,), "int64")
    return tuple(choosing(called, str(streaming.step), known, fewer)), new


def how_much(task: Task, rows: Streamed) -> Op:
    """Return the expression of how many elements of a row are streamed, all or none."""
    numbers = (task.extent, rows.length, Index.of(rows.moved), Index.of(rows.size))
    return Op("ptl_streamed({0}, {1}, {2}, {3})", tuple(map(Integer, numbers)), "int64")


def _streaming(blocks: Loop, rows: Streamed, streamed: Var) -> Loop | None:
    """Return the loop over blocks of rows; None if another loop writes them than once did."""
    body: list[Stmt] = []
    start, times = Index.name(blocks.var), Counter[str]()
    for stmt in blocks.body:
        _, written = buffers((stmt,))
        mine = [(name, dtype) for name, dtype in rows.outputs if name in written]
        times.update(name for name, _ in mine)
        if mine:
            if not (isinstance(stmt, Loop) and _is_over(stmt, blocks)):
                return None
            row = f"{stmt.var} - {start}, {stmt.stop} - {start}"
            calls = [
                Call(f"ptl_stream_row(&{name}[{start * rows.length}], {_place(name)}, {row}, "
                     f"{Index.name(streamed.name) * item_size(dtype)})")
                for name, dtype in mine
            ]  # fmt: skip
            stmt = replace(stmt, body=(*_moved(stmt.body, rows, start), *calls))
        body.append(stmt)
    if any(times[name] != 1 for name, _ in rows.outputs):
        return None
    first = next(n for n, stmt in enumerate(body) if not isinstance(stmt, Let | Array))
    body[first:first] = [
        Pointer(_place(name), dtype,
                f"{streamed.name} > 0 ? {name}_streamed : &{name}[{start * rows.length}]")
        for name, dtype in rows.outputs
    ]  # fmt: skip
    return replace(blocks, body=tuple(body))


def _place(name: str) -> str:
    return f"{name}_rows"


def _moved(body: tuple[Stmt, ...], rows: Streamed, start: Index) -> tuple[Stmt, ...]:
    """Return `body` with the rows of a block written to where they are streamed from."""
    names = {name for name, _ in rows.outputs}

    def moved(stmt: Stmt) -> Stmt:
        match stmt:
            case Store(name, index, _) if name in names:
                return replace(stmt, buffer=_place(name), index=index - start * rows.length)
            case If():
                inner, otherwise = (_moved(b, rows, start) for b in (stmt.body, stmt.otherwise))
                return replace(stmt, body=inner, otherwise=otherwise)
            case Loop():
                return replace(stmt, body=_moved(stmt.body, rows, start))
        return stmt

    return tuple(map(moved, body))
