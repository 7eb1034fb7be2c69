"""Functions of whole vectors: loops that go in groups of as many elements as a vector has.

Compilers make vectors of what is written for one element.  Of an exponential that looks its powers
of two up in registers they do not, so that function takes an array as long as a vector
(``ptl_vectors.h``).  A loop that needs it is cut: arguments of a group of elements are stored, the
function runs over them, and what is left to do follows.  The arrays are so short that compilers
keep them in registers.  What is left over of the loop goes one by one, with the same bits; where a
loop only adds up, the last group may be but a part of one, since few elements that go one by one
take as long as many groups.

This is a last pass over finished statements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Call,
    Const,
    Expr,
    Fetch,
    If,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    loads,
    names,
    parts,
)
from pytensorlite.cgen.lanes import LANES, SHORT, in_lane, lanes_of, suits_lanes
from pytensorlite.cgen.vector_parts import (
    LENGTHS,
    Parts,
    alone,
    elements,
    known_to,
    sums,
    variables,
)

# What else may be in a loop with functions of a dtype: as many as lanes fill one vector, or two.
BESIDE = {"float64": {"float64", "bool"}, "float32": {"float32", "float64", "bool"}}
BATCH = 16  # vectors that go through a function before the next one


def in_vectors(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with loops in groups where they need functions of whole vectors.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> from pytensorlite.cgen.ir import Load
    >>> total, j = Var("t1", "float64"), Index.name("j")
    >>> exp = Op("exp({0})", (Load("x0", j, "float64"),), "float64")
    >>> loop = Loop("j", Index.name("n0"), (Update(total, "{0} + {1}", exp),), kind="simd")
    >>> print("\\n".join(statements(in_vectors((loop,)), 0)))
    PTL_LANES(double, t1_lanes, PTL_DOUBLES, -0.0);
    PTL_EACH_VECTOR(j_group, 0, n0, PTL_DOUBLES) {
        double exps1[PTL_DOUBLES];
        PTL_IN_VECTOR(j, j_group, PTL_DOUBLES) {
            exps1[j - j_group] = x0[j];
        }
        ptl_exp_doubles(exps1);
        PTL_IN_VECTOR(j, j_group, PTL_DOUBLES) {
            t1_lanes[j - j_group] += exps1[j - j_group];
        }
    }
    PTL_PART_OF_VECTOR(j_group, 0, n0, PTL_DOUBLES) {
        double exps1[PTL_DOUBLES];
        PTL_EACH_LANE(PTL_DOUBLES) {
            const int64_t j = j_group + lane;
            exps1[j - j_group] = (j < n0) ? x0[j] : 0.0;
        }
        ptl_exp_doubles(exps1);
        PTL_EACH_LANE(PTL_DOUBLES) {
            const int64_t j = j_group + lane;
            t1_lanes[j - j_group] += (j < n0) ? exps1[j - j_group] : 0.0;
        }
    }
    t1 += ptl_sum_doubles(t1_lanes);
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop() if dtype := _dtype(stmt):
                result += _in_groups(stmt, dtype)
            case Loop():
                result.append(replace(stmt, body=in_vectors(stmt.body)))
            case If():
                inner, otherwise = in_vectors(stmt.body), in_vectors(stmt.otherwise)
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def goes_in_groups(loop: Loop) -> bool:
    """Whether `in_vectors` cuts `loop` into groups; what it fetches, groups fetch."""
    return _dtype(loop) is not None


def _dtype(loop: Loop) -> str | None:
    """Return the dtype of the functions of vectors that `loop` needs, None if it stays one loop."""
    if loop.kind != "simd":
        return None
    found = list(parts(loop.body))
    known = known_to(loop)
    calls = [part for part in found if isinstance(part, Op) and part.template in known]
    dtype = calls[0].dtype if calls else ""
    length = loop.stop.constant
    if (
        loop.step == 1
        and dtype in LENGTHS
        and (length is None or length > SHORT)
        and all(isinstance(stmt, Let | Store | Update | Fetch) for stmt in loop.body)
        and {part.dtype for part in found} <= BESIDE[dtype]
        and all(call.dtype == dtype for call in calls)
        and _can_finish(loop, calls)
    ):
        return dtype
    return None


def _can_finish(loop: Loop, calls: Sequence[Op]) -> bool:
    """Whether stores and what changes may stand last: nothing that is needed earlier reads them."""
    totals = [stmt.var for stmt in sums(loop)]
    changing = {stmt.var for stmt in loop.body if isinstance(stmt, Let) and stmt.mutable}
    written: set[str] = set()
    for stmt in loop.body:
        if written.intersection(load.buffer for load in loads((stmt,))):
            return False
        match stmt:
            case Store():
                written.add(stmt.buffer)
            case Let(_, expr):
                assert not isinstance(expr, Index)
                if changing.intersection(variables(expr)):
                    return False
    return (
        len(set(totals)) == len(totals)
        and all(stmt.template == "{0} + {1}" for stmt in sums(loop))
        and all(var.dtype in LENGTHS for var in totals)
        and not any(changing.intersection(variables(call)) for call in calls)
    )


def _in_groups(loop: Loop, dtype: str) -> list[Stmt]:
    """Return the statements that do the work of `loop`."""
    count, _ = LENGTHS[dtype]
    totals = [stmt.var for stmt in sums(loop)]
    group = Index.name(f"{loop.var}_group")
    split = Parts(loop, dtype, group)
    vectors = replace(loop, var=str(group), step=split.count, kind="vectors")
    by_part = _functions_add_up(loop)
    body = (*split.arrays(), *chain(*_passes(loop, split, part=True))) if by_part else ()
    left = _stores(loop) if by_part else _one_by_one(loop)
    rest = (
        replace(vectors, body=body, kind="end"),
        replace(loop, body=left, step=split.count, kind="left"),
    )
    many = len(split.stmts) > 2
    return [
        *(Array(lanes_of(var), var.dtype, count, Const(-0.0, var.dtype)) for var in totals),
        _in_batches(loop, vectors, dtype) if many else _by_vector(loop, vectors, split),
        *(each for each in rest if each.body),
        *(Update(var, "{0} + {1}", _total(var, dtype)) for var in totals),
    ]


def _by_vector(loop: Loop, whole: Loop, split: Parts) -> Loop:
    """Return the loop over `whole` vectors, all of what one needs at a time."""
    return replace(
        whole, body=(*_fetches(loop, split), *split.arrays(), *chain(*_passes(loop, split)))
    )


def _in_batches(loop: Loop, whole: Loop, dtype: str) -> Loop:
    """Return the loop over batches of `whole` vectors: all go through a pass, then the next.

    Where a function needs what another one returns, a processor does not see far enough ahead to
    work on many vectors at once, unless they stand in a row before the same function.
    """
    batch, end = f"{loop.var}_batch", f"{loop.var}_batch_end"
    split = Parts(loop, dtype, Index.name(batch), BATCH)
    *passes, before, last = _passes(loop, split)
    step = whole.step * BATCH
    stops = (Integer(Index.name(batch) + step), Integer(whole.stop))
    inside = [
        replace(whole, start=Index.name(batch), stop=Index.name(end), body=stmts)
        for stmts in (*passes, (*before, *last))
    ]
    inside[0] = replace(inside[0], body=(*_fetches(loop, split), *inside[0].body))
    known = Let(Var(end, "int64"), Op("ptl_min_int64({0}, {1})", stops, "int64"))
    body = (*split.arrays(), known, *inside)
    return replace(whole, var=batch, body=body, step=step, kind="serial")


def _fetches(loop: Loop, split: Parts) -> list[Stmt]:
    """Return what `loop` asks for, of the vectors that go together."""
    group, (one, _) = Index.name(f"{loop.var}_group"), LENGTHS[split.dtype]
    places = [group] if split.count == one else [group, group + one]
    return [
        replace(stmt, index=stmt.index.substitute({loop.var: place}))
        for stmt in loop.body
        if isinstance(stmt, Fetch)
        for place in places
    ]


def _functions_add_up(loop: Loop) -> bool:
    """Whether functions of vectors are for sums only, of what processors can read a part of."""
    lets = [stmt for stmt in loop.body if isinstance(stmt, Let)]
    stored = [part for part in parts(_stores(loop)) if isinstance(part, Op)]
    return (
        len(sums(loop)) > 0
        and not any(let.mutable for let in lets)
        and known_to(loop).isdisjoint(op.template for op in stored)
        and all(suits_lanes(load, loop.var) for load in loads(loop.body))
    )


def _stores(loop: Loop) -> tuple[Stmt, ...]:
    """Return what `loop` stores, and what that needs."""
    kept: list[Stmt] = []
    needed: set[str] = set()
    for stmt in reversed(elements(loop)):
        if isinstance(stmt, Store) or (isinstance(stmt, Let) and stmt.var.name in needed):
            kept.append(stmt)
            needed |= names((stmt,))
    return tuple(reversed(kept))


def _passes(loop: Loop, split: Parts, part: bool = False) -> Iterator[tuple[Stmt, ...]]:
    """Yield what a vector needs between functions.

    Where it is but a part, what is missing is 0, and nothing is stored but for functions.
    """
    stored = {stmt.buffer for stmt in loop.body if isinstance(stmt, Store)}
    totals = [stmt.var for stmt in sums(loop)]
    group = Index.name(f"{loop.var}_group")
    there = Op("{0} < {1}", (Var(loop.var, "int64"), Integer(loop.stop)), "bool")

    def of_lane(stmt: Stmt) -> Stmt:
        if part:
            expr = _expr(stmt)
            is_term = isinstance(stmt, Store) and stmt.buffer in split.terms
            neutral = Const(-math.inf if is_term else 0, expr.dtype)
            choice = Op("{0} ? {1} : {2}", (there, expr, neutral), expr.dtype)
            stmt = replace(stmt, expr=choice)
        is_sum = isinstance(stmt, Update) and stmt.var in totals
        return in_lane(stmt, Index.name(loop.var) - group) if is_sum else stmt

    for body, calls in zip(split.bodies(), split.calls, strict=True):
        kept = [s for s in body if not (part and isinstance(s, Store) and s.buffer in stored)]
        lanes = tuple(map(of_lane, kept))
        if part:
            lane, element = Index.name("lane"), Var(loop.var, "int64")
            known = Let(element, Integer(group + lane))
            each = Loop(str(lane), loop.stop, (known, *lanes), step=split.count, kind="last")
        else:
            each = replace(loop, start=group, step=split.count, body=lanes, kind="beside")
        yield (*(each for _ in lanes[:1]), *map(Call, calls))


def _one_by_one(loop: Loop) -> tuple[Stmt, ...]:
    """Return what is left over of a loop needs."""
    known = known_to(loop)
    return tuple(replace(stmt, expr=alone(_expr(stmt), known)) for stmt in elements(loop))


def _expr(stmt: Stmt) -> Expr:
    assert isinstance(stmt, Let | Store | Update)
    assert not isinstance(stmt.expr, Index)
    return stmt.expr


def _total(var: Var, dtype: str) -> Expr:
    """Return the sum of the lanes of `var`, in a loop with functions of `dtype`."""
    _, template = LANES[var.dtype, dtype == "float32"]
    return Op(template, (Var(lanes_of(var), var.dtype),), var.dtype)
