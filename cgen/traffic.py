"""What the loops of a kernel move: elements of each array, and how the innermost loops run.

An address that depends on some loop variables takes as many values as those loops have iterations;
the other loops around it come back to the same elements, which are in the cache by then.  Each nest
counts for itself: an array that two nests walk is counted twice.  An address that depends on a
position that was looked up may be a new one in every iteration.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytensorlite._immutable import immutable
from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import (
    Fail,
    If,
    Let,
    Loop,
    Stmt,
    Store,
    Update,
    expressions,
    loads,
    subexpressions,
    walk,
)

Path = tuple[Loop, ...]
SHORT = 4  # iterations of a loop that is unrolled instead


@immutable
class Traffic:
    """Elements read and written, by buffer; and what became of the innermost loops."""

    reads: dict[str, Index]
    writes: dict[str, Index]
    vectorised: int  # innermost loops
    others: tuple[str, ...]  # for each other innermost loop, why it is not


def traffic(body: tuple[Stmt, ...], buffers: frozenset[str]) -> Traffic:
    """Return what the statements of a kernel do to memory; `buffers` are those that count.

    Examples
    --------
    >>> from pytensorlite.cgen.ir import Load, Var
    >>> row = Loop("j", Index.name("n1"), (Update(Var("t", "float64"), "{0} + {1}", Load(
    ...     "x0", Index.name("i") * Index.name("n1") + Index.name("j"), "float64")),), kind="simd")
    >>> found = traffic((Loop("i", Index.name("n0"), (row,)),), frozenset({"x0"}))
    >>> found.reads, found.vectorised
    ({'x0': Index(n0*n1)}, 1)
    """
    reads: dict[str, Index] = {}
    writes: dict[str, Index] = {}
    for nest in body:
        for into, places in zip((reads, writes), _places(nest), strict=True):
            for (buffer, _, _), count in places.items():
                if buffer in buffers:
                    into[buffer] = into.get(buffer, Index.of(0)) + count
    loops = [stmt for nest in body for stmt, _ in _paths((nest,), ()) if isinstance(stmt, Loop)]
    inner = [loop for loop in loops if not _has_loop(loop)]
    others = tuple(_why_scalar(loop) for loop in inner if loop.kind not in ("simd", "strips"))
    return Traffic(
        dict(sorted(reads.items())),
        dict(sorted(writes.items())),
        len(inner) - len(others),
        others,
    )


def _places(nest: Stmt) -> tuple[dict, dict]:
    """Return the distinct places that a nest reads and writes, and the elements of each.

    Two addresses that differ by a constant, or in the order of their loops, are the same place.
    """
    read: dict[tuple[str, frozenset[str], Index], Index] = {}
    written: dict[tuple[str, frozenset[str], Index], Index] = {}
    for stmt, path in _paths((nest,), ()):
        reads = [(load.buffer, load.index, read) for load in loads((stmt,))]
        stores = [(stmt.buffer, stmt.index, written)] if isinstance(stmt, Store) else []
        for buffer, index, into in [*reads, *stores]:
            extents = _extents(path)
            moving = index.names & extents.keys()
            if any(isinstance(s, Let) and s.var.name in index.names for s in _inside(path)):
                moving = set(extents)
            roots = frozenset(_root(name, path) for name in moving)
            fixed = Index({m: c for m, c in index.terms.items() if m and not moving & {*m}})
            into[buffer, roots, fixed] = product(extents[root] for root in sorted(roots))
    return read, written


def _paths(body: tuple[Stmt, ...], path: Path) -> Iterator[tuple[Stmt, Path]]:
    for stmt in body:
        yield stmt, path
        if isinstance(stmt, Loop):
            yield from _paths(stmt.body, (*path, stmt))
        elif isinstance(stmt, If) and not _fails(stmt):
            yield from _paths(stmt.body, path)


def _fails(stmt: If) -> bool:
    """Whether the branch only looks for words about a failure."""
    return any(isinstance(inner, Fail) for inner in walk(stmt.body))


def _inside(path: Path) -> Iterator[Stmt]:
    return (stmt for loop in path for stmt in loop.body)


def _extents(path: Path) -> dict[str, Index]:
    return {loop.var: loop.stop - loop.start for loop in path}


def _root(name: str, path: Path) -> str:
    """Return the loop whose range a loop within its blocks walks in the end."""
    known = {loop.var: loop for loop in path}
    around = known[name].start.names & known.keys()
    return _root(next(iter(around)), path) if around else name


def _has_loop(loop: Loop) -> bool:
    return any(isinstance(stmt, Loop) for stmt in walk(loop.body))


def _why_scalar(loop: Loop) -> str:
    length = (loop.stop - loop.start).constant
    if length is not None and length <= SHORT:
        return "short, unrolled"
    lets = {stmt.var.name for stmt in walk(loop.body) if isinstance(stmt, Let)}
    stores = [stmt for stmt in walk(loop.body) if isinstance(stmt, Store)]
    if any(stmt.index.names & lets for stmt in stores):
        return "writes at positions that are looked up"
    if any(isinstance(stmt, Update) for stmt in walk(loop.body)):
        return "each step needs the one before"
    types = {
        sub.dtype for s in walk(loop.body) for e in expressions(s) for sub in subexpressions(e)
    }
    if any(dtype.startswith("complex") for dtype in types):
        return "complex numbers"
    return "left to the compiler"
