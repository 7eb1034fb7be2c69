"""Maxima and minima of rows that are near: four vectors of them, folded when the row ends.

``#pragma omp simd reduction`` keeps one vector, in which each comparison waits for the one before,
and so do lanes (``lanes.py``), and "was there NaN" beside them (``folds.py``).  Rows arrive no
sooner, unless they lie in the nearest cache because something has fetched them (``meanwhile.py``):
from there they come four times as fast.  What is less than four vectors goes by one.
"""

from __future__ import annotations

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Call,
    If,
    Integer,
    Let,
    Loop,
    Op,
    Stmt,
    Update,
    Var,
    parts,
)
from pytensorlite.cgen.lanes import FLAGS, LANES, in_lane, joined, lanes_of, neutral, suits_lanes

VECTORS = 4
# What is folded, and the macro that does so.
EXTREMES = {"{1} > {0} ? {1} : {0}": "PTL_LARGER", "{1} < {0} ? {1} : {0}": "PTL_SMALLER"}
FOLDS = {**EXTREMES, "{0} | {1}": "PTL_EITHER"}


def extremes_in_lanes(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with the maxima and minima of its rows in lanes where they are long."""
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop() if _only_compares(stmt):
                result += _in_lanes(stmt)
            case Loop():
                result.append(replace(stmt, body=extremes_in_lanes(stmt.body)))
            case If():
                inner, otherwise = (extremes_in_lanes(part) for part in (stmt.body, stmt.otherwise))
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def _only_compares(loop: Loop) -> bool:
    """Whether `loop` finds extremes of floats that lie side by side, and does nothing else."""
    folds = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    dtypes = {stmt.var.dtype for stmt in folds if stmt.template in EXTREMES}
    return (
        loop.kind == "simd"
        and loop.start == 0
        and loop.step == 1
        and loop.stop.constant is None
        and len(folds) == len({stmt.var for stmt in folds})
        and len(dtypes) == 1
        and dtypes <= FLAGS.keys()
        and {stmt.var.dtype for stmt in folds} <= dtypes | {FLAGS[dtype] for dtype in dtypes}
        and all(stmt.template in FOLDS for stmt in folds)
        and all(isinstance(stmt, Let | Update) for stmt in loop.body)
        and all(suits_lanes(part, loop.var) for part in parts(loop.body))
    )


def _in_lanes(loop: Loop) -> list[Stmt]:
    """Return the statements that do the work of `loop`."""
    folds = [stmt for stmt in loop.body if isinstance(stmt, Update)]
    dtype = next(stmt.var.dtype for stmt in folds if stmt.var.dtype in FLAGS)
    one, _ = LANES[dtype, dtype == "float32"]
    four = one * VECTORS
    group, whole = (Index.name(f"{loop.var}_{word}") for word in ("group", "whole"))
    body = tuple(in_lane(stmt, Index.name(loop.var) - group) for stmt in loop.body)

    def groups(start: Index, count: Index) -> Loop:
        elements = replace(loop, start=group, step=count, body=body, kind="beside")
        return Loop(str(group), loop.stop, (elements,), start, count, kind="vectors")

    bounds = (Integer(loop.start), Integer(loop.stop), Integer(four))
    joins = tuple(
        Call(f"PTL_JOIN_FOUR({lanes_of(fold.var)}, {one}, {FOLDS[fold.template]})")
        for fold in folds
    )
    return [
        *(Array(lanes_of(fold.var), fold.var.dtype, four, neutral(fold)) for fold in folds),
        groups(loop.start, four),
        Let(Var(str(whole), "int64"), Op("ptl_whole({0}, {1}, {2})", bounds, "int64")),
        groups(whole, one),
        replace(loop, step=one, kind="left"),
        If(f"{whole} > 0", joins),
        *(joined(fold) for fold in folds),
    ]
