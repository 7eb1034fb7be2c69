"""Which maxima and minima go in lanes."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen.extremes import extremes_in_lanes
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Array, Let, Load, Loop, Op, Store, Update, Var, walk

D, S = "float64", "float32"
J = Index.name("j")
X = Load("x0", J, D)
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


SINGLE = Load("x0", J, S)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ((largest(), nan()), 32),
        ((largest(template=SMALLEST), nan()), 32),
        ((largest(SINGLE, Var("t", S)), nan(SINGLE, "int32")), 64),
        ((Let(Var("x", D), X), largest(Var("x", D)), nan(Var("x", D))), 32),
        ((largest(), largest(var=Var("u", D), template=SMALLEST), nan()), 16),
    ],
)
def test_lanes_of_floats_fill_four_vectors(body, count):
    assert set(lanes(loop(*body)).values()) == {count}
    assert set(lanes(Loop("i", Index.name("n1"), (loop(*body),))).values()) == {count}


@pytest.mark.parametrize(
    "given",
    [
        loop(largest(), kind="serial"),
        loop(nan()),
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
