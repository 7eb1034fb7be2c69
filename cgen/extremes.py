"""Maxima and minima of long rows in lanes: several vectors of them, folded when the row ends.

``#pragma omp simd reduction`` keeps one vector, in which each comparison waits for the one before;
so does "was there NaN" beside it (``folds.py``).  Rows arrive no sooner, unless they lie in the
nearest cache because something has fetched them (``meanwhile.py``): from there they come four
times as fast.  Rows of but a few lanes are folded as they were.
"""

from __future__ import annotations

import math

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Const,
    If,
    Integer,
    Let,
    Loop,
    Op,
    Partial,
    Stmt,
    Update,
    parts,
)
from pytensorlite.cgen.lanes import suits_lanes
from pytensorlite.cgen.sums import lanes, strip_in_lanes

# Of what is folded: what lanes begin with.
NEUTRAL = {
    "{1} > {0} ? {1} : {0}": -math.inf,
    "{1} < {0} ? {1} : {0}": math.inf,
    "{0} | {1}": 0,
}
FLOATS = {"float32", "float64"}
FLAGS = {"int32", "int64"}


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
    return (
        loop.kind == "simd"
        and loop.start == 0
        and loop.step == 1
        and loop.stop.constant is None
        and len(folds) == len({stmt.var for stmt in folds})
        and any(stmt.var.dtype in FLOATS for stmt in folds)
        and all(stmt.template in NEUTRAL for stmt in folds)
        and all((stmt.var.dtype in FLAGS) == (stmt.template == "{0} | {1}") for stmt in folds)
        and all(isinstance(stmt, Let | Update) for stmt in loop.body)
        and all(suits_lanes(part, loop.var) for part in parts(loop.body))
    )


def _in_lanes(loop: Loop) -> list[Stmt]:
    """Return the statements that do the work of `loop`."""
    folds = tuple(
        Partial(stmt.var, stmt.template, Const(NEUTRAL[stmt.template], stmt.var.dtype))
        for stmt in loop.body
        if isinstance(stmt, Update)
    )
    count = lanes(*(fold.var.dtype for fold in folds if fold.var.dtype in FLOATS))
    whole, *inside, rest = strip_in_lanes(loop, folds, count=count)
    assert isinstance(whole, Let)
    bounds = (Integer(loop.stop), Integer(Index.of(count)))
    long = Let(whole.var, Op("ptl_whole_if_long({0}, {1})", bounds, "int64"))
    return [long, If(f"{whole.var.name} > 0", tuple(inside)), rest]
