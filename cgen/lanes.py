"""Sums of rows in lanes: a vector of partial sums for each, added up when the row ends.

``#pragma omp simd reduction`` means the same, but leaves compilers no choice of how the lanes are
added: one after the other, and each addition waits for the one before.  That takes as long as the
sums of fifty elements.  Here halves of the vector are added to each other (``ptl_lanes.h``).

The last vector of a row may be but a part of one.  What there is of it is read with a mask where
elements are computed with; a loop over those few numbers would take as long as whole vectors.

Memory is slower than additions.  A processor fetches ahead by itself, but not far, and begins anew
for each page.  So a loop that reads rows for the first time asks for what follows, a line with each
vector.

This is a last pass over finished statements.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    buffers,
    expressions,
    loads,
    subexpressions,
    walk,
)
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
    >>> total, i, j, n1 = Var("t1", "float64"), *map(Index.name, ("i", "j", "n1"))
    >>> add = Update(total, "{0} + {1}", Load("x0", i * n1 + j, "float64"))
    >>> rows = Loop("i", Index.name("n0"), (Loop("j", n1, (add,), kind="simd"),))
    >>> print("\\n".join(statements(in_lanes((rows,)), 0)))
    for (int64_t i = 0; i < n0; i++) {
        PTL_EMPTY_LANES(double, t1_lanes, PTL_DOUBLES);
        PTL_EACH_VECTOR(j_group, 0, n1, PTL_DOUBLES) {
            ptl_fetch_soon(&x0[i*n1 + j_group]);
            PTL_IN_VECTOR(j, j_group, PTL_DOUBLES) {
                t1_lanes[j - j_group] += x0[i*n1 + j];
            }
        }
        PTL_EACH_LEFT_OVER(j, 0, n1, PTL_DOUBLES) {
            t1 += x0[i*n1 + j];
        }
        t1 += ptl_sum_doubles(t1_lanes);
    }
    """
    return _in_lanes(body, "", set())


def has_lanes(body: tuple[Stmt, ...]) -> bool:
    """Whether something in `body` is summed in lanes."""
    return any(isinstance(stmt, Array) and stmt.empty_lanes for stmt in walk(body))


def _in_lanes(body: tuple[Stmt, ...], rows: str, seen: set[str]) -> tuple[Stmt, ...]:
    """Return `body`, that of a loop over `rows`; `seen` are the arrays read before in a block."""
    asks = any(isinstance(stmt, Call) and stmt.text.startswith("ptl_fetch") for stmt in body)
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop() if _only_adds_up(stmt):
                result += _lanes(stmt, [] if asks else _following(stmt, rows, seen))
            case Loop():
                inner = _in_lanes(stmt.body, stmt.var, seen if rows else set())
                result.append(replace(stmt, body=inner))
            case If():
                inner, otherwise = (_in_lanes(b, rows, seen) for b in (stmt.body, stmt.otherwise))
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
        seen |= buffers((stmt,))[0].keys()
    return tuple(result)


def _following(loop: Loop, rows: str, seen: set[str]) -> list[Load]:
    """Return what `loop` is the first to read of arrays whose rows follow each other."""
    element = Index.name(rows) * loop.stop + Index.name(loop.var)
    found = (load for load in loads(loop.body) if load.index == element)
    return list(dict.fromkeys(load for load in found if rows and load.buffer not in seen))


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
            suits_lanes(sub, loop.var) for expr in _within(loop) for sub in subexpressions(expr)
        )
    )


def suits_lanes(expr: Expr, var: str) -> bool:
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


def _lanes(loop: Loop, fetched: Sequence[Load]) -> list[Stmt]:
    """Return the statements that do the work of `loop` and ask for what follows `fetched`."""
    sums = [stmt.var for stmt in loop.body if isinstance(stmt, Update)]
    parts = [sub for expr in _within(loop) for sub in subexpressions(expr)]
    singles = any(part.dtype == "float32" for part in parts)
    count, total = LANES[sums[0].dtype, singles or sums[0].dtype == "float32"]
    group = Index.name(f"{loop.var}_group")
    # Numbers alone are added as quickly, and what a masked vector has stored is slow to read again.
    masked = any(isinstance(part, Op) for part in parts) and all(
        isinstance(stmt, Let | Update) for stmt in loop.body
    )
    calls = [
        Call(f"ptl_fetch_soon(&{load.buffer}[{load.index.substitute({loop.var: group})}])")
        for load in fetched
    ]
    body = tuple(_in_lane(stmt, Index.name(loop.var) - group) for stmt in loop.body)
    elements = replace(loop, start=group, step=count, body=body, kind="beside")
    return [
        *(Array(_array(var), var.dtype, count, empty_lanes=True) for var in sums),
        Loop(str(group), loop.stop - masked, (*calls, elements), step=count, kind="vectors"),
        _last(loop, count) if masked else replace(loop, step=count, kind="left"),
        *(
            Update(var, "{0} + {1}", Op(total, (Var(_array(var), var.dtype),), var.dtype))
            for var in sums
        ),
    ]


def _last(loop: Loop, count: Index) -> Loop:
    """Return the loop over the lanes of the last vector, all or part of one."""
    lane, element = Index.name("lane"), Var(loop.var, "int64")
    there = Op("{0} < {1}", (element, Integer(loop.stop)), "bool")
    start = Op("ptl_last({0}, {1})", (Integer(loop.stop), Integer(count)), "int64")
    body: list[Stmt] = [Let(element, Op("{0} + {1}", (start, Integer(lane)), "int64"))]
    for stmt in loop.body:
        assert isinstance(stmt, Let | Update)
        assert not isinstance(stmt.expr, Index)
        zero = Const(0, stmt.expr.dtype)
        choice = Op("{0} ? {1} : {2}", (there, stmt.expr, zero), stmt.expr.dtype)
        body.append(_in_lane(replace(stmt, expr=choice), lane))
    return Loop(str(lane), loop.stop, tuple(body), step=count, kind="last")


def _in_lane(stmt: Stmt, lane: Index) -> Stmt:
    """Return `stmt` as it adds to a lane."""
    if not isinstance(stmt, Update):
        return stmt
    there = Load(_array(stmt.var), lane, stmt.var.dtype)
    return Store(there.buffer, lane, Op(stmt.template, (there, stmt.expr), there.dtype))


def _array(var: Var) -> str:
    return f"{var.name}_lanes"
