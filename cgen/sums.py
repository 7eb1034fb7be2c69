"""Long sums of numbers: in strips, and a strip in lanes.

A loop that only adds up has one vector of sums, and each addition waits for the one before.  Where
terms are cheap a strip of the loop is summed in lanes instead: element e of the strip goes to lane
e mod 32, in an array so short that compilers keep it in registers, as several vectors.  The lanes
are then added to the sum, and after them the few elements that are left over.

Strips are there for accuracy.  Errors of rounding grow with the longest chain of additions, and no
chain is longer than that of a strip, of the strips of a block (``ptl_threads.h``) and of blocks.
Maxima, products and whatever else is folded by the way go the same road.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Cast,
    Expr,
    Integer,
    Let,
    Load,
    Loop,
    Op,
    Partial,
    Stmt,
    Store,
    Task,
    Update,
    Var,
    item_size,
    loads,
)
from pytensorlite.cgen.parallel import CALL, effort
from pytensorlite.cgen.passes import drop_unread
from pytensorlite.cgen.spread import gained, pairs

STRIP = 4096  # elements
BYTES = 256  # of lanes: four of the longest vectors, or eight shorter ones
VECTOR = 64  # bytes of the longest vectors
DTYPES = {"float32", "float64", "int32", "int64"}  # of what may stand in lanes


def in_strips(task: Task) -> tuple[Stmt, ...]:
    """Return the work of `task` with its sums in strips, if sums of floats are all that it is."""
    cut = _in_strips(task.loop, {partial.var.name: partial for partial in task.partials})
    return (cut, *task.body[1:]) if cut else task.body


def squares_in_strips(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with its own sums of squares about means in strips, which they need."""
    first = {stmt.var.name: stmt for stmt in body if isinstance(stmt, Let) and stmt.mutable}
    result: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, Loop) and stmt.kind == "strips":
            updates = [each for each in stmt.body if isinstance(each, Update)]
            sums = {
                each.var.name: Partial(each.var, each.template, first[each.var.name].expr)
                for each in updates
            }
            result.append(_in_strips(stmt, sums) or stmt)
        else:
            result.append(stmt)
    return tuple(result)


def _in_strips(loop: Loop, sums: Mapping[str, Partial]) -> Loop | None:
    """Return `loop` with what it sums in strips, None if it does more than that."""
    updates = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    lets = [stmt for stmt in loop.body if isinstance(stmt, Let)]
    folds = {stmt.var.dtype for stmt in updates}
    if (
        loop.kind not in ("simd", "strips")
        or loop.step != 1
        or len(updates) + len(lets) != len(loop.body)
        or not {stmt.var.name for stmt in updates} <= sums.keys()
        or folds.isdisjoint({"float32", "float64"})
        or not folds <= DTYPES
    ):
        return None
    start, end = Index.name(f"{loop.var}_strip"), Index.name(f"{loop.var}_end")
    bounds = (Integer(start + STRIP), Integer(loop.stop))
    stop = Let(Var(f"{loop.var}_end", "int64"), Op("ptl_min_int64({0}, {1})", bounds, "int64"))
    strip = replace(loop, start=start, stop=end, kind="simd", parallel=False)
    inside = _with_squares(strip, sums) if loop.kind == "strips" else _strip(strip, sums)
    step = Index.of(STRIP)
    return replace(loop, var=f"{loop.var}_strip", step=step, kind="serial", body=(stop, *inside))


def _fills_more(loop: Loop, count: int) -> bool:
    """Whether a vector of the narrowest numbers that are read has more than `count` of them."""
    read = [item_size(load.dtype) for load in loads(loop.body)]
    return bool(read) and VECTOR // min(read) > count


def _strip(strip: Loop, sums: Mapping[str, Partial], word: str = "") -> tuple[Stmt, ...]:
    """Return the sums of a strip; `word` tells its names from those of another walk."""
    own = tuple(sums[stmt.var.name] for stmt in strip.body if isinstance(stmt, Update))
    filled = _fills_more(strip, lanes(*(each.var.dtype for each in own)))
    apart = filled or effort(strip.body) >= CALL
    return _apart(strip, own) if apart else _strip_in_lanes(strip, own, word)


def _with_squares(strip: Loop, sums: Mapping[str, Partial]) -> tuple[Stmt, ...]:
    """Return two walks over a strip: for its sums, then for squares about the strip's own means.

    The second finds its numbers in the cache.
    """
    found = pairs(strip.body)
    lets = tuple(stmt for stmt in strip.body if isinstance(stmt, Let))
    count = strip.stop - strip.start
    own = dict(sums)
    first = [stmt for stmt in strip.body if stmt not in [pair.squares for pair in found]]
    before: list[Stmt] = []
    means: list[Stmt] = []
    second: list[Stmt] = [*lets]
    after: list[Stmt] = []
    for squares, total, number, seen in ((p.squares, p.total, p.number, p.seen) for p in found):
        name, dtype = squares.var.name, total.var.dtype
        of_strip = Var(f"{total.var.name}_strip", dtype)
        own[of_strip.name] = replace(sums[total.var.name], var=of_strip)
        before.append(Let(of_strip, own[of_strip.name].neutral, mutable=True))
        first[first.index(total)] = replace(total, var=of_strip)
        mean = Var(f"{name}_mean", dtype)
        means.append(Let(mean, Op("{0} / {1}", (of_strip, Cast(Integer(count), dtype)), dtype)))
        number, about = _about(number, mean, lets)
        middle, apart = (Var(f"{name}_{word}", number.dtype) for word in ("middle", "apart"))
        means.append(Let(middle, about))
        second.append(Let(apart, Op("{0} - {1}", (number, middle), apart.dtype)))
        square: Expr = Op("{0} * {0}", (apart,), apart.dtype)
        square = square if square.dtype == dtype else Cast(square, dtype)
        second.append(Update(squares.var, squares.template, square))
        above = gained(mean, total.var, seen.substitute({strip.var: strip.start}), count)
        after.append(Update(squares.var, squares.template, above))
        after.append(Update(total.var, total.template, of_strip))
    walks = [replace(strip, body=drop_unread(tuple(body))) for body in (first, second)]
    return (*before, *_strip(walks[0], own), *means, *_strip(walks[1], own, "again_"), *after)


def _about(number: Expr, mean: Var, lets: Sequence[Let]) -> tuple[Expr, Expr]:
    """Return of what to take squares, and about what.

    That is of numbers as they are before they are measured from a level, or become wider: rounding
    the mean for them adds no more to the squares than the square of what it loses.
    """
    made = {let.var: let.expr for let in lets}
    about: Expr = mean
    match made.get(number, number) if isinstance(number, Var) else number:
        case Op("{0} - {1}", (before, Var() as level), _) if level not in made:
            number, about = before, Op("{0} + {1}", (level, mean), mean.dtype)
    match number:
        case Cast(Load() | Var() as narrow, _) if narrow.dtype == "float32":
            number, about = narrow, Cast(about, "float32")
    return number, about


def _apart(strip: Loop, sums: tuple[Partial, ...]) -> tuple[Stmt, ...]:
    """Return a strip that is summed for itself."""
    own = {each.var.name: Var(f"{each.var.name}_strip", each.var.dtype) for each in sums}
    body = tuple(
        replace(stmt, var=own[stmt.var.name]) if isinstance(stmt, Update) else stmt
        for stmt in strip.body
    )
    return (
        *(Let(own[each.var.name], each.neutral, mutable=True) for each in sums),
        replace(strip, body=body),
        *(Update(each.var, each.template, own[each.var.name]) for each in sums),
    )


def _strip_in_lanes(strip: Loop, sums: tuple[Partial, ...], word: str) -> tuple[Stmt, ...]:
    """Return a strip that is summed in lanes, and after them what is left over."""
    count = lanes(*(each.var.dtype for each in sums))
    group, end = Index.name(f"{strip.var}_group"), Index.name(f"{strip.var}_{word}whole")
    lane, position = Index.name("lane"), Index.name(strip.var) - group
    arrays = {each.var.name: f"{each.var.name}_lanes" for each in sums}

    def in_lane(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Update):
            return stmt
        there = Load(arrays[stmt.var.name], position, stmt.var.dtype)
        return Store(there.buffer, position, Op(stmt.template, (there, stmt.expr), there.dtype))

    def over_lanes(*body: Stmt) -> Loop:
        return Loop("lane", Index.of(count), body, kind="lanes")

    bounds = (Integer(strip.start), Integer(strip.stop), Integer(Index.of(count)))
    whole = Op("ptl_whole({0}, {1}, {2})", bounds, "int64")
    body = tuple(map(in_lane, strip.body))
    elements = replace(strip, start=group, stop=group + count, body=body, kind="lanes")
    return (
        Let(Var(f"{strip.var}_{word}whole", "int64"), whole),
        *(Array(arrays[each.var.name], each.var.dtype, count) for each in sums),
        over_lanes(*(Store(arrays[each.var.name], lane, each.neutral) for each in sums)),
        Loop(f"{strip.var}_group", end, (elements,), start=strip.start, step=Index.of(count)),
        over_lanes(
            *(
                Update(each.var, each.template, Load(arrays[each.var.name], lane, each.var.dtype))
                for each in sums
            )
        ),
        replace(strip, start=end),
    )


def lanes(*dtypes: str) -> int:
    """Return how many lanes sums of these dtypes have.

    Examples
    --------
    >>> lanes("float64"), lanes("float32"), lanes("float64", "int64"), lanes(*["float64"] * 5)
    (32, 64, 16, 8)
    """
    most = BYTES // sum(map(item_size, dtypes))
    return max(8, 1 << max(most.bit_length() - 1, 0))
