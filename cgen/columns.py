"""Fetch what columns will need, where rows that go side by side come from memory.

Eight rows side by side (``jam.py``) are eight streams.  A processor fetches ahead in each, but not
far, and begins anew for each page; meanwhile it computes with what is there.  Where that is more
than an addition, memory and arithmetic take turns.  So the loop over columns goes in strips, and
asks for what lies some strips on in all of its rows.  Whether the rows lie in a cache is known when
lengths are; then a strip is a whole row, and nothing is asked for.

This is a last pass over finished statements.
"""

from __future__ import annotations

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.ahead import DTYPES
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
    item_size,
    loads,
)
from pytensorlite.cgen.parallel import calling, effort

WORTHWHILE = 8  # tenths of nanoseconds for an element: more than fetching one takes


def fetch_columns(
    body: tuple[Stmt, ...], tasks: tuple[Task, ...]
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel, and its tasks, with fetching where it may pay."""
    result: list[Task] = []
    for task in tasks:
        found = next(filter(None, map(_side_by_side, task.body)), None)
        if found is None:
            result.append(task)
            continue
        fetched = Var(f"{found.loop.var}_ahead", "int64")
        count = Let(Var(f"{found.inner.var}_width", "int64"), found.strip(fetched))
        inside: list[Stmt] = []
        for stmt in task.body:
            inside += (count, found.fetching(fetched)) if stmt is found.loop else (stmt,)
        result.append(replace(task, body=tuple(inside), locals=(*task.locals, fetched)))
        size = max(map(item_size, found.matrices.values()))
        numbers = (Integer(task.extent), Integer(found.pitch), Integer(Index.of(size)))
        known = Let(fetched, Op("ptl_ahead({0}, {1}, {2})", numbers, "int64"))
        body = tuple(calling(body, task, result[-1], known))
    return body, tuple(result)


@immutable
class _Rows:
    """A loop over groups of rows around one over their columns."""

    loop: Loop
    inner: Loop
    matrices: dict[str, str]  # name and dtype of each array that is read so
    pitch: Index  # elements from a row to the next

    def strip(self, fetched: Var) -> Op:
        """Return how many columns go together."""
        numbers = (Integer(Index.name(fetched.name)), Integer(self.inner.stop))
        return Op("ptl_strip({0}, {1})", numbers, "int64")

    def fetching(self, fetched: Var) -> Loop:
        """Return the loop over rows, its columns in strips, each of which fetches a later one."""
        inner = self.inner
        width, strip, stop = (f"{inner.var}_{what}" for what in ("width", "strip", "stop"))
        ends = (Integer(Index.name(strip) + Index.name(width)), Integer(inner.stop))
        end = Let(Var(stop, "int64"), Op("ptl_min_int64({0}, {1})", ends, "int64"))
        place = Index.name(self.loop.var) * self.pitch + Index.name(strip)
        calls = [
            Call(f"ptl_fetch_rows(&{name}[{place}], {self.loop.step}, "
                 f"{self.pitch * item_size(dtype)}, {Index.name(fetched.name) * item_size(dtype)})")
            for name, dtype in self.matrices.items()
        ]  # fmt: skip
        part = replace(inner, start=Index.name(strip), stop=Index.name(stop))
        strips = Loop(strip, inner.stop, (end, *calls, part), step=Index.name(width))
        return replace(self.loop, body=(*self.loop.body[:-1], strips))


def _side_by_side(stmt: Stmt) -> _Rows | None:
    """Return what `stmt` reads of rows that go side by side, if that takes longer than memory."""
    if not isinstance(stmt, Loop) or stmt.step == 1 or stmt.step.constant is None:
        return None
    *_, inner = stmt.body
    if not isinstance(inner, Loop) or inner.kind != "simd" or inner.start != 0:
        return None
    first = Index.name(inner.var)
    matrices, pitches = {}, set[Index]()
    for load in loads(inner.body):
        pitch = load.index.coefficient(stmt.var)
        place = Index.name(stmt.var) * pitch + first
        if pitch != 0 and load.index == place and load.dtype in DTYPES:
            matrices[load.buffer] = load.dtype
            pitches.add(pitch)
    if len(pitches) != 1 or effort(inner.body) < WORTHWHILE * stmt.step.constant:
        return None
    return _Rows(stmt, inner, matrices, pitches.pop())
