"""Claim lines before they are written, where memory would wait while a block of rows is read.

A processor reads a line before it writes to it, and can hold back but a few writes meanwhile: a
loop that writes an array which lies in no cache waits for each of its lines.  Where a block of rows
is walked several times, the first loop asks for the lines that later ones write.
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
    Store,
    Task,
    Var,
    buffers,
    item_size,
    walk,
)
from pytensorlite.cgen.parallel import calling


def claim_lines(
    body: tuple[Stmt, ...], tasks: tuple[Task, ...]
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel, and its tasks, with claims where they may pay."""
    result: list[Task] = []
    for task in tasks:
        blocks, *after = task.body
        assert isinstance(blocks, Loop)
        first = next((stmt for stmt in blocks.body if isinstance(stmt, Loop)), None)
        outputs = dict(_outputs(blocks, first)) if first else {}
        if first is None or not outputs:
            result.append(task)
            continue
        row = next(stmt.stop for stmt in first.body if isinstance(stmt, Loop))
        claimed = Var(f"{task.name.partition('_')[2]}_claimed", "int64")
        calls = [
            Call(f"ptl_claim(&{name}[{Index.name(first.var) * row}], "
                 f"{Index.name(claimed.name) * item_size(dtype)})")
            for name, dtype in outputs.items()
        ]  # fmt: skip
        claiming = replace(first, body=(*calls, *first.body))
        inside = tuple(claiming if stmt is first else stmt for stmt in blocks.body)
        anew = (replace(blocks, body=inside), *after)
        result.append(replace(task, body=anew, locals=(*task.locals, claimed)))
        size = sum(map(item_size, outputs.values()))
        numbers = (Integer(task.extent), Integer(row), Integer(Index.of(size)))
        known = Let(claimed, Op("ptl_claimed({0}, {1}, {2})", numbers, "int64"))
        body = tuple(calling(body, task, result[-1], known))
    return body, tuple(result)


def _outputs(blocks: Loop, first: Loop) -> Iterator[tuple[str, str]]:
    """Yield name and dtype of each output whose rows only later loops of a block write."""
    rows = [stmt for stmt in first.body if isinstance(stmt, Loop)]
    if blocks.step.constant is not None or len(rows) != 1:
        return
    (row,) = rows
    if row.kind != "simd" or row.start != 0:
        return
    known = {name for touched in buffers((first,)) for name in touched}
    element = Index.name(first.var) * row.stop + Index.name(row.var)
    stores = (stmt for stmt in walk(blocks.body) if isinstance(stmt, Store))
    for store in (store for store in stores if store.buffer.startswith("y")):
        if store.index == element and store.buffer not in known:
            yield store.buffer, store.expr.dtype
