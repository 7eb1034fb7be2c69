"""Sums and extremes of rows in lanes: a vector of partial ones for each, joined as the row ends.

``#pragma omp simd reduction`` means the same, but leaves compilers no choice of how the lanes are
added: one after the other, and each addition waits for the one before.  That takes as long as the
sums of fifty elements.  Here halves of the vector are added to each other (``ptl_lanes.h``).  So
are those of maxima and minima compared, and what remembers whether there was NaN.

The last vector of a row may be but a part of one.  What there is of it is read with a mask where
elements are computed with; a loop over those few numbers would take as long as whole vectors.

Memory is slower than additions.  A processor fetches ahead by itself, but not far, and begins anew
for each page.  So a loop that reads rows for the first time asks for what follows, a line with each
vector.

This is a last pass over finished statements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

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
    loads,
    parts,
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
# What a fold begins with, what folds into a lane, and what joins the lanes.
FOLDS = {
    "{0} + {1}": (-0.0, "{0} + {1}", ""),  # what joins them is in LANES
    "{1} > {0} ? {1} : {0}": (-math.inf, "PTL_LARGER({1}, {0})", "ptl_max"),
    "{1} < {0} ? {1} : {0}": (math.inf, "PTL_SMALLER({1}, {0})", "ptl_min"),
    "{0} | {1}": (0, "{0} | {1}", "ptl_any"),
}
FLAGS = {"float32": "int32", "float64": "int64"}
WIDE = {"float32", "float64", "int32", "int64"}  # of which vectors hold no more than lanes
ALONG = {"beside", "last"}  # the kinds of loops that go along a vector
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
        PTL_LANES(double, t1_lanes, PTL_DOUBLES, -0.0);
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
    return any(isinstance(stmt, Array) and stmt.neutral for stmt in walk(body))


def longer_than_vectors(body: tuple[Stmt, ...]) -> bool:
    """Whether some lanes are several vectors, which compilers write out only when asked."""
    return any(
        isinstance(stmt, Loop)
        and (stmt.kind == "lanes" or (stmt.kind in ALONG and stmt.step not in (DOUBLES, FLOATS)))
        for stmt in walk(body)
    )


def read_by_rows(body: tuple[Stmt, ...], rows: bool = False) -> Iterator[Load]:
    """Yield the loads, in lanes, from vectors that each row of a loop reads from the beginning."""
    for stmt in body:
        if isinstance(stmt, Loop) and stmt.kind == "beside" and rows:
            yield from (load for load in loads(stmt.body) if load.index == Index.name(stmt.var))
        elif isinstance(stmt, Loop | If):
            yield from read_by_rows(stmt.body, rows or getattr(stmt, "kind", "") == "serial")


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
    """Whether what `loop` carries from one element to the next are folds of floats of one kind."""
    sums = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    dtypes = {stmt.var.dtype for stmt in sums} - {*FLAGS.values()}
    flags = {stmt.var.dtype for stmt in sums if stmt.template == "{0} | {1}"}
    length = loop.stop.constant
    return (
        loop.kind == "simd"
        and loop.start == 0
        and loop.step == 1
        and len(dtypes) == 1
        and dtypes <= FLAGS.keys()
        and {stmt.var.dtype for stmt in sums} - dtypes == flags <= {FLAGS[each] for each in dtypes}
        and (length is None or length > SHORT)
        and all(stmt.template in FOLDS for stmt in sums)
        and (_is_of_sums(sums) or not _has_singles(loop) or dtypes == {"float32"})
        and len({stmt.var.name for stmt in sums}) == len(sums)
        and all(isinstance(stmt, Let | Store | Update) for stmt in loop.body)
        and all(suits_lanes(part, loop.var) for part in parts(loop.body))
    )


def _is_of_sums(updates: Sequence[Update]) -> bool:
    return all(stmt.template == "{0} + {1}" for stmt in updates)


def _has_singles(loop: Loop) -> bool:
    return any(part.dtype == "float32" for part in parts(loop.body))


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


def _lanes(loop: Loop, fetched: Sequence[Load]) -> list[Stmt]:
    """Return the statements that do the work of `loop` and ask for what follows `fetched`."""
    folds = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    dtype = next(stmt.var.dtype for stmt in folds if stmt.var.dtype in FLAGS)
    count, total = LANES[dtype, dtype == "float32" or _has_singles(loop)]
    group = Index.name(f"{loop.var}_group")
    # Numbers alone are added as quickly, and what a masked vector has stored is slow to read again.
    computes = any(isinstance(part, Op) for part in parts(loop.body))
    only_folds = all(isinstance(stmt, Let | Update) for stmt in loop.body)
    masked = computes and only_folds and _is_of_sums(folds)
    calls = [
        Call(f"ptl_fetch_soon(&{load.buffer}[{load.index.substitute({loop.var: group})}])")
        for load in fetched
    ]
    body = tuple(in_lane(stmt, Index.name(loop.var) - group) for stmt in loop.body)
    elements = replace(loop, start=group, step=count, body=body, kind="beside")
    return [
        *(Array(lanes_of(s.var), s.var.dtype, count, neutral(s)) for s in folds),
        Loop(str(group), loop.stop - masked, (*calls, elements), step=count, kind="vectors"),
        _last(loop, count) if masked else replace(loop, step=count, kind="left"),
        *(joined(stmt, total) for stmt in folds),
    ]


def neutral(fold: Update) -> Const:
    """Return what changes nothing where it is folded."""
    return Const(FOLDS[fold.template][0], fold.var.dtype)


def joined(fold: Update, total: str = "") -> Update:
    """Return the statement that joins the lanes of a fold; `total` does that for sums."""
    var = fold.var
    lanes = Var(lanes_of(var), var.dtype)
    match FOLDS[fold.template][2]:
        case "":
            return replace(fold, expr=Op(total, (lanes,), var.dtype))
        case "ptl_any":
            return replace(fold, expr=Op("ptl_any({0})", (lanes,), var.dtype))
        case name:
            suffix = "floats" if var.dtype == "float32" else "doubles"
            return Update(var, "{1}", Op(f"{name}_{suffix}({{0}}, {{1}})", (lanes, var), var.dtype))


def _last(loop: Loop, count: Index) -> Loop:
    """Return the loop over the lanes of the last vector, all or part of one."""
    lane, element = Index.name("lane"), Var(loop.var, "int64")
    there = Op("{0} < {1}", (element, Integer(loop.stop)), "bool")
    start = Op("ptl_last({0}, {1})", (Integer(loop.stop), Integer(count)), "int64")
    body: list[Stmt] = [Let(element, Op("{0} + {1}", (start, Integer(lane)), "int64"))]
    for stmt in loop.body:
        assert isinstance(stmt, Let | Update)
        assert not isinstance(stmt.expr, Index)
        dtype = stmt.expr.dtype
        choice = Op("{0} ? {1} : {2}", (there, stmt.expr, Const(0, dtype)), dtype)
        body.append(in_lane(replace(stmt, expr=choice), lane))
    return Loop(str(lane), loop.stop, tuple(body), step=count, kind="last")


def in_lane(stmt: Stmt, lane: Index) -> Stmt:
    """Return `stmt` as it adds to a lane."""
    if not isinstance(stmt, Update):
        return stmt
    there = Load(lanes_of(stmt.var), lane, stmt.var.dtype)
    return Store(there.buffer, lane, Op(FOLDS[stmt.template][1], (there, stmt.expr), there.dtype))


def lanes_of(var: Var) -> str:
    return f"{var.name}_lanes"
