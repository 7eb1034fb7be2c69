"""Tiles: a matrix that is read across its rows is read piece by piece, so that each line serves.

``for i: for j: z[i, j] = x[i, j] + y[j, i]`` takes one element of ``y`` from each line of the cache
that it fetches, and when the next row comes for the neighbour, the line is gone.  Tile by tile all
rows of a tile find the lines that the first of them fetched.

Like rows side by side, this is a last pass over finished statements: every element is computed as
before, only at another time.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    If,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Store,
    Var,
    loads,
)

# From each of 32 lines that lie across, 64 neighbours: no more pages than the processor knows by
# heart, and no more lines than the first-level cache holds where all begin at one place of a page.
ROWS = 64
ELEMENTS = 32
NEAR = 8  # elements apart that may share a line


def in_tiles(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with loops cut into tiles where an array lies across the innermost one.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> from pytensorlite.cgen.ir import Load
    >>> i, j, n0, n1 = (Index.name(name) for name in ("i", "j", "n0", "n1"))
    >>> turn = Store("y0", i * n1 + j, Load("x0", j * n0 + i, "float64"))
    >>> rows = Loop("i", n0, (Loop("j", n1, (turn,), kind="simd"),))
    >>> print("\\n".join(statements(in_tiles((rows,)), 0)))
    for (int64_t i_tile = 0; i_tile < n0; i_tile += 64) {
        const int64_t i_stop = ptl_min_int64(i_tile + 64, n0);
        for (int64_t j_tile = 0; j_tile < n1; j_tile += 32) {
            const int64_t j_stop = ptl_min_int64(j_tile + 32, n1);
            for (int64_t i = i_tile; i < i_stop; i++) {
                #pragma omp simd
                for (int64_t j = j_tile; j < j_stop; j++) {
                    y0[i*n1 + j] = x0[j*n0 + i];
                }
            }
        }
    }
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop():
                path = _perfect_nest(stmt)
                across = _across(path) if _is_free(path) else None
                if across is None:
                    result.append(replace(stmt, body=in_tiles(stmt.body)))
                else:
                    result.append(_tiles(path, across))
            case If():
                inner_body, otherwise = in_tiles(stmt.body), in_tiles(stmt.otherwise)
                result.append(replace(stmt, body=inner_body, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def _perfect_nest(loop: Loop) -> list[Loop]:
    """Return `loop` and the loops inside it, each the only statement of the one around it."""
    path = [loop]
    while len(path[-1].body) == 1 and isinstance(path[-1].body[0], Loop):
        path.append(path[-1].body[0])
    return path


def _is_free(path: list[Loop]) -> bool:
    """Whether the iterations of all loops together may run in any order.

    They may if each writes to elements of its own, at places that are products and sums, and reads
    no others of what is written.
    """
    *outer, inner = path
    variables = {loop.var for loop in path}
    stores = {stmt.buffer: stmt.index for stmt in inner.body if isinstance(stmt, Store)}
    lets = [stmt for stmt in inner.body if isinstance(stmt, Let)]
    looked_up = {let.var.name for let in lets}
    return (
        inner.kind == "simd"
        and len(lets) + len(stores) == len(inner.body)
        and not any(let.mutable for let in lets)
        and all(loop.kind == "serial" and loop.step == 1 for loop in outer)
        and all(variables.isdisjoint(loop.start.names | loop.stop.names) for loop in path)
        and all(
            variables <= index.names and not index.names & looked_up for index in stores.values()
        )
        and all(stores.get(load.buffer, load.index) == load.index for load in loads(inner.body))
    )


def _across(path: list[Loop]) -> int | None:
    """Return the number of the loop along which an array lies that the innermost one jumps over."""
    *outer, inner = path
    if not _is_long(inner):
        return None
    for index in (*_written(inner), *(load.index for load in loads(inner.body))):
        if not _is_near(index, inner):
            for number, loop in enumerate(outer):
                if _is_near(index, loop) and _is_long(loop):
                    return number
    return None


def _written(loop: Loop) -> Iterator[Index]:
    return (stmt.index for stmt in loop.body if isinstance(stmt, Store))


def _is_near(index: Index, loop: Loop) -> bool:
    """Whether the next iteration of `loop` finds its element in the same line."""
    step = index.coefficient(loop.var).constant
    return step is not None and 0 < abs(step) < NEAR


def _is_long(loop: Loop) -> bool:
    extent = (loop.stop - loop.start).constant
    return extent is None or extent >= NEAR


def _tiles(path: list[Loop], across: int) -> Loop:
    """Return the loops over tiles, and inside them those over a tile's rows and elements.

    Within a tile, too, what is written lies along the innermost loop: reading apart is cheaper.
    """
    *outer, inner = path
    rows, elements = outer[across], inner
    if not any(_is_near(index, inner) for index in _written(inner)):
        rows, elements = inner, outer[across]
    tile = _within(rows, (_within(elements, inner.body, kind="simd"),))
    lengths = {rows.var: ROWS, elements.var: ELEMENTS}
    body: tuple[Stmt, ...] = (_over_tiles(inner, lengths[inner.var], (tile,)),)
    for number, loop in reversed(list(enumerate(outer))):
        if number == across:
            body = (_over_tiles(loop, lengths[loop.var], body),)
        else:
            body = (replace(loop, body=body),)
    (tiles,) = body
    assert isinstance(tiles, Loop)
    return tiles


def _over_tiles(loop: Loop, length: int, body: tuple[Stmt, ...]) -> Loop:
    tile = f"{loop.var}_tile"
    ends = (Integer(Index.name(tile) + length), Integer(loop.stop))
    end = Let(Var(f"{loop.var}_stop", "int64"), Op("ptl_min_int64({0}, {1})", ends, "int64"))
    return replace(loop, var=tile, step=Index.of(length), kind="serial", body=(end, *body))


def _within(loop: Loop, body: tuple[Stmt, ...], kind: str = "serial") -> Loop:
    start, stop = Index.name(f"{loop.var}_tile"), Index.name(f"{loop.var}_stop")
    return Loop(loop.var, stop, body, start=start, kind=kind)
