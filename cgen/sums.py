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

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
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
    expressions,
    item_size,
    subexpressions,
)
from pytensorlite.cgen.parallel import CALL, cost

STRIP = 4096  # elements
BYTES = 256  # of lanes: four of the longest vectors, or eight shorter ones
VECTOR = 64  # bytes of the longest vectors
DTYPES = {"float32", "float64", "int32", "int64"}  # of what may stand in lanes


def in_strips(task: Task) -> tuple[Stmt, ...]:
    """Return the work of `task` with its sums in strips, if sums of floats are all that it is."""
    loop = task.loop
    sums = {partial.var.name: partial for partial in task.partials}
    updates = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    lets = [stmt for stmt in loop.body if isinstance(stmt, Let)]
    folds = {stmt.var.dtype for stmt in updates}
    if (
        loop.kind != "simd"
        or loop.step != 1
        or len(updates) + len(lets) != len(loop.body)
        or not {stmt.var.name for stmt in updates} <= sums.keys()
        or folds.isdisjoint({"float32", "float64"})
        or not folds <= DTYPES
    ):
        return task.body
    start, end = Index.name(f"{loop.var}_strip"), Index.name(f"{loop.var}_end")
    bounds = (Integer(start + STRIP), Integer(loop.stop))
    stop = Let(Var(f"{loop.var}_end", "int64"), Op("ptl_min_int64({0}, {1})", bounds, "int64"))
    strip = replace(loop, start=start, stop=end, parallel=False)
    work = sum(cost(expr) for stmt in loop.body for expr in expressions(stmt))
    apart = work >= CALL or _fills_more(loop, lanes(*(each.var.dtype for each in task.partials)))
    inside = _apart(strip, task.partials) if apart else _in_lanes(strip, task.partials)
    step = Index.of(STRIP)
    return (replace(loop, var=f"{loop.var}_strip", step=step, kind="serial", body=(stop, *inside)),)


def _fills_more(loop: Loop, count: int) -> bool:
    """Whether a vector of the narrowest numbers that are read has more than `count` of them."""
    read = [
        item_size(sub.dtype)
        for stmt in loop.body
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Load)
    ]
    return bool(read) and VECTOR // min(read) > count


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


def _in_lanes(strip: Loop, sums: tuple[Partial, ...]) -> tuple[Stmt, ...]:
    """Return a strip that is summed in lanes, and after them what is left over."""
    count = lanes(*(each.var.dtype for each in sums))
    group, end = Index.name(f"{strip.var}_group"), Index.name(f"{strip.var}_whole")
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
        Let(Var(f"{strip.var}_whole", "int64"), whole),
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
    return max(8, 1 << (most.bit_length() - 1))
