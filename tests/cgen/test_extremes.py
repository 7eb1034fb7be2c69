"""Which maxima and minima go in lanes."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen.extremes import extremes_in_lanes
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Array, Let, Load, Loop, Op, Store, Update, Var, walk
from pytensorlite.cgen.lanes import DOUBLES, FLOATS

D, S = "float64", "float32"
J = Index.name("j")
X, SINGLE = Load("x0", J, D), Load("x0", J, S)
T = Var("t", D)
LARGEST, SMALLEST, ANY = "{1} > {0} ? {1} : {0}", "{1} < {0} ? {1} : {0}", "{0} | {1}"


def largest(x=X, var=T, template=LARGEST):
    return Update(var, template, x)


def nan(x=X, flag="int64"):
    return Update(Var("n", flag), ANY, Op("{0} != {0}", (x,), "bool"))


def loop(*body, kind="simd"):
    return Loop("j", Index.name("n0"), body, kind=kind)


def lanes(*body):
    return {
        stmt.name: stmt.length for stmt in walk(extremes_in_lanes(body)) if isinstance(stmt, Array)
    }


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ((largest(), nan()), DOUBLES),
        ((largest(template=SMALLEST), nan()), DOUBLES),
        ((largest(SINGLE, Var("t", S)), nan(SINGLE, "int32")), FLOATS),
        ((Let(Var("x", D), X), largest(Var("x", D)), nan(Var("x", D))), DOUBLES),
        ((largest(), largest(var=Var("u", D), template=SMALLEST), nan()), DOUBLES),
    ],
)
def test_lanes_of_floats_fill_four_vectors(body, count):
    assert set(lanes(loop(*body)).values()) == {count * 4}
    assert set(lanes(Loop("i", Index.name("n1"), (loop(*body),))).values()) == {count * 4}


def test_what_is_less_than_four_vectors_goes_by_one_and_then_by_elements():
    loops = [s for s in walk(extremes_in_lanes((loop(largest(), nan()),))) if isinstance(s, Loop)]
    assert [(s.kind, s.start, s.step) for s in loops if s.kind != "beside"] == [
        ("vectors", Index.of(0), DOUBLES * 4),
        ("vectors", Index.name("j_whole"), DOUBLES),
        ("left", Index.of(0), DOUBLES),
    ]


@pytest.mark.parametrize(
    "given",
    [
        loop(largest(), kind="serial"),
        loop(nan()),
        loop(largest(), largest(SINGLE, Var("u", S)), nan()),
        loop(largest(), nan(SINGLE, "int32")),
        loop(largest(), Update(Var("s", D), "{0} + {1}", X)),
        loop(largest(), Store("y0", J, X)),
        loop(largest(Load("x0", 2 * J, D))),
        loop(largest(Op("exp({0})", (X,), D))),
        loop(largest(Load("x0", J, "int64"), Var("t", "int64"))),
        replace(loop(largest()), stop=Index.of(1000)),
        replace(loop(largest()), start=Index.name("n1")),
    ],
)
def test_other_loops_stay_as_they_are(given):
    assert extremes_in_lanes((given,)) == (given,)
