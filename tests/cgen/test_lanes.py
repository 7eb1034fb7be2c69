"""Which sums go in lanes, and in how many."""

import math

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Array, Call, Cast, Let, Load, Loop, Op, Store, Update, Var, walk
from pytensorlite.cgen.lanes import DOUBLES, FLOATS, has_lanes, in_lanes

D, S = "float64", "float32"
J = Index.name("j")
X = Load("x0", J, D)
T = Var("t", D)


def add(term=X, var=T, template="{0} + {1}"):
    return Update(var, template, term)


def loop(*body, kind="simd", stop="n0"):
    return Loop("j", Index.name(stop) if isinstance(stop, str) else Index.of(stop), body, kind=kind)


def lanes(*body):
    return {stmt.name: stmt.length for stmt in walk(in_lanes(body)) if isinstance(stmt, Array)}


@pytest.mark.parametrize(
    ("sums", "count"),
    [
        ((add(),), DOUBLES),
        ((add(Load("x0", J, S), Var("t", S)),), FLOATS),
        ((add(Cast(Load("x0", J, S), D)),), FLOATS),  # two vectors of sums for one of elements
    ],
)
def test_there_are_as_many_lanes_as_elements_in_a_vector(sums, count):
    assert lanes(loop(*sums)) == {"t_lanes": count}


def test_each_sum_has_lanes_of_its_own_wherever_the_loop_stands():
    other = add(Op("{0} * {0}", (X,), D), Var("u", D))
    rows = Loop("i", Index.name("n1"), (loop(add(), other),))
    assert lanes(rows) == {"t_lanes": DOUBLES, "u_lanes": DOUBLES}
    assert has_lanes(in_lanes((rows,)))
    assert not has_lanes((rows,))


def test_divisions_are_no_functions():
    assert lanes(loop(add(Op("{0} / {1}", (X, X), D)))) == {"t_lanes": DOUBLES}


def test_what_else_an_element_does_is_done_beside_its_sum():
    store = Store("y0", J, X)
    inner = [stmt for stmt in walk(in_lanes((loop(store, add()),))) if isinstance(stmt, Store)]
    assert inner.count(store) == 2  # in lanes, and for what is left over


def last(*body):
    """Return the kind of the loop over what whole vectors leave over."""
    return next(s for s in reversed(in_lanes((loop(*body),))) if isinstance(s, Loop)).kind


def test_what_is_left_of_a_row_is_one_more_vector_where_it_is_computed_with():
    square = Op("{0} * {0}", (X,), D)
    half = Let(Var("h", D), Op("{0} * 0.5", (X,), D))
    assert last(add(square)) == last(half, add(Var("h", D))) == "last"
    assert last(add()) == last(Store("y0", J, square), add(square)) == "left"


def fetched(*body):
    return [stmt.text for stmt in walk(in_lanes(body)) if isinstance(stmt, Call)]


def test_what_follows_is_fetched_where_rows_are_read_for_the_group_time():
    i, n0 = Index.name("i"), Index.name("n0")
    row = Load("x0", i * n0 + J, D)
    first, again = loop(add(row), add(Op("{0} * {1}", (row, X), D), Var("u", D))), loop(add(row))
    rows = tuple(Loop("i", Index.name("n1"), (each,)) for each in (first, again))
    assert fetched(*rows) == 2 * ["ptl_fetch_soon(&x0[i*n0 + j_group])"]
    assert fetched(Loop("i_block", Index.name("n1"), rows)) == fetched(rows[0])
    assert fetched(Loop("i", Index.name("n1"), (loop(add(Load("x0", i * 7 + J, D))),))) == []
    assert fetched(loop(add())) == []
    ahead = Call("ptl_fetch_ahead(&x0[i*n0], 8*i_fetched)")
    assert fetched(Loop("i", Index.name("n1"), (ahead, first))) == [ahead.text]


LARGEST, SMALLEST = "{1} > {0} ? {1} : {0}", "{1} < {0} ? {1} : {0}"
IS_NAN = Op("{0} != {0}", (X,), "bool")
FLAG = Update(Var("n", "int64"), "{0} | {1}", IS_NAN)


@pytest.mark.parametrize(("template", "first"), [(LARGEST, -math.inf), (SMALLEST, math.inf)])
def test_extremes_begin_as_what_changes_nothing(template, first):
    body = in_lanes((loop(add(template=template), FLAG),))
    found = {stmt.name: stmt.neutral.value for stmt in walk(body) if isinstance(stmt, Array)}
    assert found == {"t_lanes": first, "n_lanes": 0}


@pytest.mark.parametrize(
    "given",
    [
        loop(FLAG),  # of no float
        loop(add(Load("x0", J, S), Var("t", S), LARGEST), FLAG),  # not as wide as what it tells of
        loop(add(Cast(Load("x0", J, S), D), template=LARGEST)),
        loop(add(Load("x0", J, "int64"), Var("t", "int64"), LARGEST)),
        loop(Store("y0", J, X)),
        loop(add(), kind="serial"),
        loop(add(), stop=16),
        loop(add(template="{0} * {1}")),
        loop(add(), add(Load("x1", J, D))),
        loop(add(Load("x0", J, "int64"), Var("t", "int64"))),
        loop(add(), add(Load("x1", J, S), Var("u", S))),
        loop(add(Op("exp({0})", (X,), D))),
        loop(add(Load("x0", J * 2, D))),  # vectors would be gathered
        loop(add(Cast(Load("x0", J, "int8"), D))),  # vectors would be cut to a part of one
        loop(add(Op("{0} ? {1} : 0.0", (Load("x1", J, "bool"), X), D))),
        loop(Let(Var("e", D), Op("exp({0})", (X,), D)), add(Var("e", D))),
        replace(loop(add()), start=Index.name("n1")),
        replace(loop(add()), step=Index.of(2)),
    ],
)
def test_other_loops_stay_as_they_are(given):
    assert in_lanes((given,)) == (given,)
