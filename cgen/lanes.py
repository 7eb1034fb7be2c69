"""Sums of rows in lanes: a vector of partial sums for each, added up when the row ends.

``#pragma omp simd reduction`` means the same, but leaves compilers no choice of how the lanes are
added: one after the other, and each addition waits for the one before.  That takes as long as the
sums of fifty elements.  Here halves of the vector are added to each other (``ptl_lanes.h``).

This is a last pass over finished statements.
"""

from __future__ import annotations

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Call,
    Cast,
    Const,
    Expr,
    If,
    Integer,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    expressions,
    subexpressions,
    walk,
)
from pytensorlite.cgen.jam import fresh
from pytensorlite.cgen.parallel import CALL, cost

DOUBLES, FLOATS = Index.name("PTL_DOUBLES"), Index.name("PTL_FLOATS")
# For a dtype of sums, and whether there are floats of single precision among what is summed: how
# many lanes there are, which is how many elements a vector holds, and what adds them up.
LANES = {
    ("float64", False): (DOUBLES, "ptl_sum_doubles({0})"),
    ("float64", True): (FLOATS, "ptl_sum_wide({0})"),
    ("float32", True): (FLOATS, "ptl_sum_floats({0})"),
}
WIDE = {"float32", "float64", "int32", "int64"}  # of which vectors hold no more than lanes
SHORT = 16  # elements of a row, known to be so few, that are summed as they are


def in_lanes(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with the sums of loops that become vectors in lanes.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> total, j = Var("t1", "float64"), Index.name("j")
    >>> add = Update(total, "{0} + {1}", Load("x0", j, "float64"))
    >>> loop = Loop("j", Index.name("n0"), (add,), kind="simd")
    >>> print("\\n".join(statements(in_lanes((loop,)), 0)))
    double t1_lanes[PTL_DOUBLES];
    #pragma omp simd
    for (int64_t lane = 0; lane < PTL_DOUBLES; lane++) {
        t1_lanes[lane] = -0.0;
    }
    const int64_t j_whole = ptl_whole(0, n0, PTL_DOUBLES);
    for (int64_t j_group = 0; j_group < j_whole; j_group += PTL_DOUBLES) {
        #pragma omp simd
        for (int64_t j = j_group; j < PTL_DOUBLES + j_group; j++) {
            t1_lanes[j - j_group] += x0[j];
        }
    }
    for (int64_t j = j_whole; j < n0; j++) {
        PTL_ONE_BY_ONE;
        t1 += x0[j];
    }
    t1 += ptl_sum_doubles(t1_lanes);
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop() if _only_adds_up(stmt):
                result += _lanes(stmt, result)
            case Loop():
                result.append(replace(stmt, body=in_lanes(stmt.body)))
            case If():
                inner, otherwise = in_lanes(stmt.body), in_lanes(stmt.otherwise)
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def has_lanes(body: tuple[Stmt, ...]) -> bool:
    """Whether something in `body` is summed in lanes."""
    return any(isinstance(stmt, Array) and stmt.length in (DOUBLES, FLOATS) for stmt in walk(body))


def _only_adds_up(loop: Loop) -> bool:
    """Whether what `loop` carries from one element to the next are sums of floats of one kind."""
    sums = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    dtypes = {stmt.var.dtype for stmt in sums}
    length = loop.stop.constant
    return (
        loop.kind == "simd"
        and loop.start == 0
        and loop.step == 1
        and len(dtypes) == 1
        and dtypes <= {"float32", "float64"}
        and (length is None or length > SHORT)
        and all(stmt.template == "{0} + {1}" for stmt in sums)
        and len({stmt.var.name for stmt in sums}) == len(sums)
        and all(isinstance(stmt, Let | Store | Update) for stmt in loop.body)
        and all(
            _suits_lanes(sub, loop.var) for expr in _within(loop) for sub in subexpressions(expr)
        )
    )


def _suits_lanes(expr: Expr, var: str) -> bool:
    """Whether what is read lies side by side, and is not narrower than what vectors are cut for.

    Functions take so long that it does not matter how their values are added.
    """
    match expr:
        case Load(_, index, dtype):
            beside = index - Index.name(var)
            return dtype in WIDE and not {var} <= index.names & beside.names
        case Cast(arg, dtype):
            return {arg.dtype, dtype} <= WIDE
        case Op(template, args, _):
            return "/" in template or cost(expr) - sum(map(cost, args)) < CALL
    return True


def _within(loop: Loop) -> list[Expr]:
    return [expr for stmt in loop.body for expr in expressions(stmt)]


def _lanes(loop: Loop, before: list[Stmt]) -> list[Stmt]:
    """Return the statements that do the work of `loop`."""
    sums = [stmt.var for stmt in loop.body if isinstance(stmt, Update)]
    parts = (sub for expr in _within(loop) for sub in subexpressions(expr))
    singles = any(part.dtype == "float32" for part in parts)
    count, total = LANES[sums[0].dtype, singles or sums[0].dtype == "float32"]
    group, lane = Index.name(f"{loop.var}_group"), Index.name("lane")
    position = Index.name(loop.var) - group
    whole = fresh(f"{loop.var}_whole", before)
    end = Index.name(whole)

    def in_lane(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Update):
            return stmt
        there = Load(_array(stmt.var), position, stmt.var.dtype)
        return Store(there.buffer, position, Op(stmt.template, (there, stmt.expr), there.dtype))

    zeros = tuple(Store(_array(var), lane, Const(-0.0, var.dtype)) for var in sums)
    bounds = (Integer(loop.start), Integer(loop.stop), Integer(count))
    elements = replace(loop, start=group, stop=group + count, body=tuple(map(in_lane, loop.body)))
    return [
        *(Array(_array(var), var.dtype, count) for var in sums),
        Loop("lane", count, zeros, kind="simd"),
        Let(Var(whole, "int64"), Op("ptl_whole({0}, {1}, {2})", bounds, "int64")),
        Loop(f"{loop.var}_group", end, (elements,), step=count),
        replace(loop, start=end, kind="serial", body=(Call("PTL_ONE_BY_ONE"), *loop.body)),
        *(
            Update(var, "{0} + {1}", Op(total, (Var(_array(var), var.dtype),), var.dtype))
            for var in sums
        ),
    ]


def _array(var: Var) -> str:
    return f"{var.name}_lanes"
