"""Locals that stand for the same, loops that fill arrays, and how both read in a program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Cast, Const, If, Integer, Let, Load, Loop, Op, Store, Var
from pytensorlite.cgen.passes import fill_together, share_locals
from pytensorlite.link.c.program import _product

D = "float64"
J, N = Index.name("j"), Index.name("n0")


def length(name):
    return Let(Var(name, D), Cast(Integer(N), D))


def fill(*buffers, number=0.0, **changes):
    stores = tuple(Store(name, J, Const(number, D)) for name in buffers)
    return Loop(**{"var": "j", "stop": N, "body": stores, "kind": "simd", **changes})


def test_a_converted_length_has_one_local():
    quotient = Store("y0", J, Op("{0} / {1}", (Load("x0", J, D), Var("t2", D)), D))
    body = (length("t1"), length("t2"), Loop("j", N, (quotient,)))
    kept, loop = share_locals(body)
    assert kept == length("t1")
    assert loop.body[0].expr.args[1] == Var("t1", D)


def test_locals_stay_apart_where_conditions_may_name_them():
    body = (length("t1"), length("t2"), If("t2 > 0.0", ()))
    assert share_locals(body) == body


def test_neighbours_fill_in_one_loop():
    level = Loop("j", N, (Store("w0", J, Load("x0", J, D)),), kind="simd", parallel=True)
    assert fill_together((level, fill("w1"), fill("w2"))) == (
        Loop("j", N, (*level.body, *fill("w1", "w2").body), kind="simd", parallel=True),
    )


@pytest.mark.parametrize(
    "second",
    [
        fill("w0", number=1.0),  # written before
        fill("x0"),  # read before
        fill("w1", stop=N + 1),
        fill("w1", kind="serial"),
        fill("w1", parallel=True),  # the loop before is not
        Loop("j", N, (Store("w1", J, Load("w0", J, D)),), kind="simd"),
    ],
)
def test_other_neighbours_stay_apart(second):
    body = (Loop("j", N, (Store("w0", J, Load("x0", J, D)),), kind="simd"), second)
    assert fill_together(body) == body


def test_a_page_tells_where_the_ends_of_columns_are():
    x = pt.dmatrix("x")
    source = function([x], [x.mean(axis=0), x.var(axis=0)], mode="C").c_source
    assert "= x0[i, j] - level(x0[0, j], x0[n0 - 1, j])\n" in source
    assert source.count("(double)n0;") == 1
    assert source.count("ptl_product(ptl_product(8, n1), ptl_sum(s3, -1))") == 1


@given(
    st.dictionaries(
        st.lists(st.sampled_from(["a", "b"]), max_size=3).map(sorted).map(tuple),
        st.integers(-9, 9),
        max_size=4,
    ),
    st.integers(-20, 20),
    st.integers(-20, 20),
)
def test_the_text_of_a_length_has_its_value(terms, a, b):
    index = Index(terms)
    functions = {"ptl_product": lambda x, y: x * y, "ptl_sum": lambda x, y: x + y}
    found = eval(_product(index), {}, {**functions, "a": a, "b": b})
    assert found == (index.substitute({"a": a, "b": b}).constant)


@given(
    st.dictionaries(st.sampled_from([(), ("a",), ("a", "b")]), st.integers(-9, 9)),
    st.sampled_from([Index.of(3), Index.name("a"), Index.name("a") * Index.name("b") * -2]),
)
def test_a_quotient_times_its_divisor_is_what_was_divided(terms, divisor):
    index = Index(terms)
    assert (index * divisor).divided_by(divisor) == index
    quotient = index.divided_by(divisor)
    assert quotient is None or quotient * divisor == index
