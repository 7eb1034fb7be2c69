"""What kernels move, read off their statements."""

import pytest

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Let, Load, Loop, Op, Store, Update, Var
from pytensorlite.cgen.traffic import traffic

i, j, n, m = (Index.name(name) for name in ("i", "j", "n0", "n1"))
BUFFERS = frozenset({"x0", "x1", "y0"})


def load(buffer, index):
    return Load(buffer, index, "float64")


def loops(*statements, kind="serial", inner="j"):
    body = (Loop(inner, m, statements, kind=kind),) if inner else statements
    return (Loop("i", n, body),)


def moved(body):
    found = traffic(body, BUFFERS)
    return {**found.reads, **{f"{k}=": v for k, v in found.writes.items()}}


@pytest.mark.parametrize(
    ("index", "count"),
    [
        (i * m + j, n * m),
        (j * n + i, n * m),
        (j, m),  # walked again and again, from cache
        (Index.of(3), Index.of(1)),
    ],
)
def test_an_array_counts_the_loops_that_its_address_depends_on(index, count):
    assert moved(loops(Store("y0", i * m + j, load("x0", index)))) == {"x0": count, "y0=": n * m}


def test_each_nest_counts_for_itself():
    once = loops(Store("y0", i, load("x0", i)), inner=None)
    assert moved(once + once) == {"x0": 2 * n, "y0=": 2 * n}


def test_neighbours_are_the_same_elements_and_halves_are_not():
    near = Op("{0} + {1}", (load("x0", i), load("x0", i + 1)), "float64")
    far = Op("{0} + {1}", (load("x0", i), load("x0", i + n)), "float64")
    assert moved(loops(Store("y0", i, near), inner=None))["x0"] == n
    assert moved(loops(Store("y0", i, far), inner=None))["x0"] == 2 * n


def test_a_position_that_is_looked_up_may_be_new_each_time():
    at = Var("at", "int64")
    body = (Let(at, Load("x1", i, "int64")), Store("y0", Index.name("at"), load("x0", i)))
    found = traffic(loops(*body, inner=None), BUFFERS)
    assert found.writes == {"y0": n}
    assert found.others == ("writes at positions that are looked up",)


def test_blocks_of_a_loop_are_that_loop():
    inner = Loop("i", Index.name("i_end"), (Store("y0", i, load("x0", i)),), Index.name("i_block"))
    body = (Loop("i_block", n, (inner,), step=Index.name("i_rows")),)
    assert moved(body) == {"x0": n, "y0=": n}


def test_innermost_loops_say_why_they_are_not_vectors():
    step = Update(Var("t", "float64"), "{0} * {1}", load("x0", j))
    found = traffic(loops(step) + loops(step, kind="simd"), BUFFERS)
    assert (found.vectorised, found.others) == (1, ("each step needs the one before",))
