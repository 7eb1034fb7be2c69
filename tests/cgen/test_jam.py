"""Which loops have their rows side by side, and which must not."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen import emit
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Comment, Const, Let, Load, Loop, Op, Store, Update, Var, walk
from pytensorlite.cgen.jam import side_by_side

D = "float64"
ROW, J, N0, N1 = (Index.name(name) for name in ("i", "j", "n0", "n1"))
X = Load("x0", ROW * N1 + J, D)


def add(buffer="y0", index=J, term=X, template="{0} + {1}"):
    return Store(buffer, index, Op(template, (Load(buffer, index, D), term), D))


def rows(*inner, before=(), stop=N0, columns=N1, **inner_loop):
    loop = Loop("j", columns, inner, kind="simd")
    return Loop("i", stop, (*before, replace(loop, **inner_loop)))


def groups(body):
    """Return the sizes of the groups that the pass made."""
    loops = [stmt for stmt in walk(side_by_side(tuple(body))) if isinstance(stmt, Loop)]
    return [loop.step.constant for loop in loops if loop.var == "i" and loop.step != 1]


def product(a, b):
    return Op("{0} * {1}", (a, b), D)


def test_sums_and_products_go_by_eight_and_longer_terms_by_four():
    weight = Let(Var("t", D), Load("x1", ROW, D))
    term = product(X, Var("t", D))
    assert groups([rows(add())]) == [8]
    assert groups([rows(add(term=term), before=(weight,))]) == [8]
    assert groups([rows(add(term=product(term, Load("x2", J, D))), before=(weight,))]) == [4]
    assert groups([rows(add(template="ptl_max({0}, {1})"))]) == [8]
    assert groups([rows(add(term=Op("exp({0})", (X,), D)))]) == []


def test_known_lengths_too_short_for_a_group_stay():
    assert groups([rows(add(), stop=Index.of(7))]) == []
    assert groups([rows(add(), stop=Index.of(8))]) == [8]


LOCAL = Let(Var("t", D), X)
FORBIDDEN = {
    "each row writes elements of its own": rows(add(index=ROW * N1 + J)),
    "a term is an element that another row adds to": rows(add(term=Load("y0", J + 1, D))),
    "a local is such an element": rows(
        Let(Var("t", D), Load("y0", J + 1, D)), add(term=Var("t", D))
    ),
    "a row knows such an element": rows(
        add(term=Var("t", D)), before=(Let(Var("t", D), Load("y0", ROW, D)),)
    ),
    "elements are replaced": rows(Store("y0", J, X)),
    "an element becomes more of another one": rows(
        Store("y0", J, Op("{0} + {1}", (Load("y0", J + 1, D), X), D))
    ),
    "one array is written twice": rows(add(), add(index=J + N1)),
    "another array adds up the first": rows(add(), add("y1", term=Load("y0", J, D))),
    "the position is looked up": rows(
        Let(Var("k", "int64"), Load("x1", J, "int64")), add(index=Index.name("k"))
    ),
    "rows end where the row says": rows(add(), columns=ROW),
    "rows begin where the row says": rows(add(), start=ROW),
    "iterations depend on each other": rows(add(), kind="serial"),
    "something else is summed": rows(add(), Update(Var("t", D), "{0} + {1}", X)),
    "a row keeps a sum": rows(add(), before=(Let(Var("t", D), Const(0.0, D), mutable=True),)),
    "a row has more to do": replace(rows(add()), body=(*rows(add()).body, Store("y1", ROW, X))),
    "groups exist already": replace(rows(add()), step=Index.of(2)),
}


@pytest.mark.parametrize("loop", FORBIDDEN.values(), ids=FORBIDDEN)
def test_other_loops_stay_as_they_are(loop):
    assert side_by_side((loop,)) == (loop,)


def test_neighbouring_loops_have_names_of_their_own():
    around = Loop("b", N0, (rows(add()), rows(add("y1"))))
    text = "\n".join(emit.statements(side_by_side((around,))))
    assert "const int64_t i_whole = " in text
    assert "const int64_t i_whole2 = " in text


def test_what_rows_share_is_computed_once():
    shared = Let(Var("m", D), Load("x1", J, D))
    own = Let(Var("t", D), Op("{0} - {1}", (X, Var("m", D)), D))
    loop = rows(shared, own, add(term=Var("t", D)))
    group = next(stmt for stmt in side_by_side((loop,)) if isinstance(stmt, Loop))
    lets = [stmt.var.name for stmt in walk(group.body) if isinstance(stmt, Let)]
    assert lets.count("m") == 1
    assert len(lets) == len(set(lets))
    wanted = ["t", *(f"t_plus{number}" for number in range(1, 8))]
    assert [name for name in lets if name.startswith("t")] == wanted


def test_a_local_of_the_same_name_is_not_mistaken():
    taken = Let(Var("y0_j", D), Load("x1", ROW, D))
    loop = rows(add(term=product(X, Var("y0_j", D))), before=(taken,))
    group = next(stmt for stmt in side_by_side((loop,)) if isinstance(stmt, Loop))
    updated = {stmt.var.name for stmt in walk(group.body) if isinstance(stmt, Update)}
    assert updated.isdisjoint({"y0_j", *(f"y0_j_plus{k}" for k in range(8))})


def test_the_reader_is_told():
    assert Comment("Eight rows at a time.") in side_by_side((rows(add()),))
