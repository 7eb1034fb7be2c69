"""Which loops are summed in strips and lanes."""

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Let, Load, Loop, Op, Partial, Store, Task, Update, Var, walk
from pytensorlite.cgen.sums import in_strips

D = "float64"
POSITION = Index.name("i")
X = Load("x0", POSITION, D)
T = Var("t", D)


def task(*body, sums=(T,), kind="simd"):
    loop = Loop("i", Index.name("i_to"), body, start=Index.name("i_from"), kind=kind)
    partials = tuple(Partial(var, "{0} + {1}", Const(0, var.dtype)) for var in sums)
    nothing = Index.of(0)
    return Task("k_i", loop, (loop,), nothing, nothing, None, (), (), (), partials, ())


def add(term=X, var=T):
    return Update(var, "{0} + {1}", term)


def kinds(given):
    return [stmt.kind for stmt in walk(in_strips(given)) if isinstance(stmt, Loop)]


def test_cheap_terms_go_in_lanes_and_costly_ones_in_strips():
    assert kinds(task(add())) == ["serial", "lanes", "serial", "lanes", "lanes", "simd"]
    assert kinds(task(add(Op("exp({0})", (X,), D)))) == ["serial", "simd"]


def test_locals_of_an_element_stay_beside_it():
    square = Let(Var("s", D), Op("{0} * {0}", (X,), D))
    lets = [stmt for stmt in walk(in_strips(task(square, add(Var("s", D))))) if stmt == square]
    assert len(lets) == 2  # in lanes, and for what is left over


def test_other_loops_stay_as_they_are():
    whole = Var("n", "int64")
    for given in (
        task(add(Load("x0", POSITION, "int64"), whole), sums=(whole,)),
        task(add(), Store("y0", POSITION, X)),
        task(add(), kind="serial"),
        task(add(), add(var=Var("local", D))),
        replace(task(add()), loop=replace(task(add()).loop, step=Index.of(2))),
    ):
        assert in_strips(given) == given.body
