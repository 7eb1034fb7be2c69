"""Which loops are walked in tiles, and which must not be."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Let, Load, Loop, Op, Store, Update, Var, walk
from pytensorlite.cgen.tiles import ELEMENTS, ROWS, in_tiles

D = "float64"
MID, ROW, COL, N0, N1, N2 = (Index.name(name) for name in ("b", "i", "j", "n0", "n1", "n2"))
ACROSS = Load("x0", COL * N0 + ROW, D)
STORE = Store("y0", ROW * N1 + COL, ACROSS)


def rows(*inner, before=(), stop=N0, columns=N1, **inner_loop):
    loop = Loop("j", columns, inner, kind="simd")
    return Loop("i", stop, (*before, replace(loop, **inner_loop)))


def steps(loop):
    """Return the tiles' lengths by the loop that they cut."""
    loops = (stmt for stmt in walk(in_tiles((loop,))) if isinstance(stmt, Loop))
    return {each.var: each.step.constant for each in loops if each.var.endswith("_tile")}


def innermost(loop):
    return [stmt.var for stmt in walk(in_tiles((loop,))) if isinstance(stmt, Loop)][-1]


def test_what_is_read_across_is_read_in_long_pieces():
    assert steps(rows(STORE)) == {"i_tile": ROWS, "j_tile": ELEMENTS}
    assert innermost(rows(STORE)) == "j"


def test_writing_goes_along_the_innermost_loop():
    turned = rows(Store("y0", COL * N0 + ROW, Load("x0", ROW * N1 + COL, D)))
    assert steps(turned) == {"i_tile": ELEMENTS, "j_tile": ROWS}
    assert innermost(turned) == "i"


def test_loops_between_stay_between():
    # (i, b, j) with the first and last axes of x turned.
    store = Store(
        "y0", ROW * N1 * N2 + MID * N1 + COL, Load("x0", COL * N0 * N2 + MID * N0 + ROW, D)
    )
    middle = Loop("b", N2, (Loop("j", N1, (store,), kind="simd"),))
    loops = [s.var for s in walk(in_tiles((Loop("i", N0, (middle,)),))) if isinstance(s, Loop)]
    assert loops == ["i_tile", "b", "j_tile", "i", "j"]


def test_loops_inside_others_are_found():
    assert steps(Loop("b", N2, (Let(Var("t", D), Load("x1", MID, D)), rows(STORE))))


def test_what_a_block_of_rows_ends_at_keeps_its_name():
    block = rows(STORE, stop=Index.name("i_end"))
    lets = [s.var.name for s in walk(in_tiles((block,))) if isinstance(s, Let)]
    assert "i_end" not in lets


BEFORE = Load("y0", ROW * N1 + COL - N1, D)
FORBIDDEN = {
    "nothing lies across": rows(Store("y0", ROW * N1 + COL, Load("x0", ROW * N1 + COL, D))),
    "nothing shares a line": rows(Store("y0", ROW * N1 + COL, Load("x0", COL * N0 + ROW * 16, D))),
    "few columns": rows(STORE, columns=Index.of(4)),
    "few rows": rows(STORE, stop=Index.of(4)),
    "rows add to one another's elements": rows(
        Store("y0", COL, Op("{0} + {1}", (Load("y0", COL, D), ACROSS), D))
    ),
    "other elements of the result are read": rows(
        Store("y0", ROW * N1 + COL, Op("{0} + {1}", (ACROSS, BEFORE), D))
    ),
    "a sum": rows(Update(Var("t", D), "{0} + {1}", ACROSS)),
    "the position is looked up": rows(
        Let(Var("k", "int64"), Load("x1", COL, "int64")),
        Store("y0", ROW * N1 + COL + Index.name("k"), ACROSS),
    ),
    "a row knows something": rows(STORE, before=(Let(Var("t", D), Load("x1", ROW, D)),)),
    "rows end where the row says": rows(STORE, columns=ROW),
    "iterations depend on each other": rows(STORE, kind="serial"),
    "tiles exist already": replace(rows(STORE), step=Index.of(8)),
}  # fmt: skip


@pytest.mark.parametrize("loop", FORBIDDEN.values(), ids=FORBIDDEN)
def test_other_loops_stay_as_they_are(loop):
    assert in_tiles((loop,)) == (loop,)
