"""Which loops go in groups as long as a vector, and what stands in which part of a group."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen.emit import statements
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, Cast, Fetch, Let, Load, Loop, Op, Store, Update, Var, walk
from pytensorlite.cgen.lanes import DOUBLES, FLOATS
from pytensorlite.cgen.vectors import in_vectors

D, S = "float64", "float32"
J = Index.name("j")
X = Load("x0", J, D)
T, U, W = Var("t", D), Var("u", D), Var("w", D)


def exp(x):
    return Op("exp({0})", (x,), x.dtype)


def term(x):
    return Op("ptl_exp_term({0})", (x,), x.dtype)


def plus(a, b):
    return Op("{0} + {1}", (a, b), a.dtype)


def add(term, var=T, template="{0} + {1}"):
    return Update(var, template, term)


def loop(*body, kind="simd", stop="n0"):
    return Loop("j", Index.name(stop) if isinstance(stop, str) else Index.of(stop), body, kind=kind)


def group(*body):
    """Return what is in the loop over groups."""
    found = walk(in_vectors((loop(*body),)))
    [found] = [s for s in found if getattr(s, "kind", "") == "vectors"]
    return found


def parts(*body):
    """Return the text of each loop and call in a group."""
    inside = [stmt for stmt in group(*body).body if isinstance(stmt, Loop | Call)]
    return [
        " ".join(line.strip() for line in statements(getattr(stmt, "body", (stmt,)), 0))
        for stmt in inside
    ]


def test_arguments_first_then_the_function_then_the_rest():
    assert parts(Store("y0", J, plus(exp(plus(X, T)), X))) == [
        "exps1[j - j_group] = x0[j] + t;",
        "ptl_exp_doubles(exps1);",
        "y0[j] = exps1[j - j_group] + x0[j];",
    ]


def test_functions_that_know_nothing_of_each_other_run_together():
    assert parts(Store("y0", J, plus(exp(X), exp(Load("x1", J, D))))) == [
        "exps1[j - j_group] = x0[j]; exps2[j - j_group] = x1[j];",
        "ptl_exp_doubles(exps1);",
        "ptl_exp_doubles(exps2);",
        "y0[j] = exps1[j - j_group] + exps2[j - j_group];",
    ]


def test_locals_go_from_part_to_part_by_arrays():
    assert parts(Let(U, plus(X, X)), Store("y0", J, plus(exp(U), U)))[::2] == [
        "const double u = x0[j] + x0[j]; u_lanes[j - j_group] = u; exps1[j - j_group] = u;",
        "y0[j] = exps1[j - j_group] + u_lanes[j - j_group];",
    ]


def test_what_is_only_read_each_part_reads_before_anything_is_written():
    first, _, last = parts(Store("y0", J, X), Let(U, X), Store("y1", J, plus(exp(U), U)))
    assert first == "const double u = x0[j]; exps1[j - j_group] = u;"
    assert last == "const double u = x0[j]; y0[j] = x0[j]; y1[j] = exps1[j - j_group] + u;"


def test_what_changes_stands_last():
    change = (Let(W, Load("w0", J, D), mutable=True), add(exp(X), W), add(exp(U), W))
    *_, last = parts(Let(U, X), *change, Store("w0", J, W))
    begin = "double w = w0[j]; w += exps1[j - j_group]; "
    assert last == begin + "w += exps2[j - j_group]; w0[j] = w;"


def test_other_functions_are_made_of_the_exponential():
    assert parts(Store("y0", J, Op("ptl_sigmoid({0})", (plus(X, X),), D)))[::2] == [
        "const double of_1 = x0[j] + x0[j]; of_1_lanes[j - j_group] = of_1; "
        "exps1[j - j_group] = -fabs(of_1);",
        "y0[j] = ptl_sigmoid_by(of_1_lanes[j - j_group], exps1[j - j_group]);",
    ]


def test_functions_of_functions_take_batches_of_vectors_in_turns():
    store = Store("y0", J, exp(exp(exp(X))))
    *_, batches, left = in_vectors((loop(store),))
    assert (batches.var, batches.step, left.kind) == ("j_batch", 16 * DOUBLES, "left")
    first, second, third = (stmt for stmt in batches.body if isinstance(stmt, Loop))
    for turn in (first, second, third):
        assert (turn.kind, str(turn.start), str(turn.stop)) == ("vectors", "j_batch", "j_batch_end")
    calls = [[s.text for s in walk(turn.body) if isinstance(s, Call)] for turn in (first, third)]
    place = "[j_group - j_batch]"
    assert calls == [[f"ptl_exp_doubles(&exps1{place})"], [f"ptl_exp_doubles(&exps3{place})"]]
    assert [s for s in walk(third.body) if isinstance(s, Store)][-1].buffer == "y0"


def test_a_group_fetches_what_its_elements_would():
    fetch = Fetch("x0", J + Index.name("i_meanwhile"))
    text = list(statements(in_vectors((loop(fetch, add(exp(X))),)), 0))
    assert [line.strip() for line in text if "fetch" in line] == [
        "ptl_fetch(&x0[i_meanwhile + j_group], 1);"
    ]


TEMPLATES = ["exp({0})", "ptl_sigmoid({0})", "ptl_softplus({0})", "ptl_exp_term({0})"]


def test_a_pair_of_vectors_fetches_for_both():
    one = add(Cast(term(Load("x0", J, S)), D))
    text = list(statements(in_vectors((loop(Fetch("x0", J + Index.name("i_meanwhile")), one),)), 0))
    assert [line.strip() for line in text if "fetch" in line] == [
        "ptl_fetch(&x0[i_meanwhile + j_group], 1);",
        "ptl_fetch(&x0[PTL_FLOATS + i_meanwhile + j_group], 1);",
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_left_over_goes_one_by_one(template):
    body = (Let(U, Op(template, (X,), D)), add(U), Store("y0", J, U))
    text = "\n".join(statements(in_vectors((loop(*body),)), 0))
    assert text.count("ptl_exp_alone(") == 1
    assert "exp(x0" not in text


def end(*body):
    """Return the text of the last group, if a loop has such a one."""
    found = [s for s in walk(in_vectors((loop(*body),))) if getattr(s, "kind", "") == "end"]
    lines = [line.strip() for line in statements(tuple(found), 0)]
    return [
        line for line in lines if " = " in line or " += " in line if "j_group + lane" not in line
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_loop_that_only_adds_up_ends_with_a_part_of_a_vector(template):
    body = (Let(U, X), add(Op(template, (plus(U, T),), D)))
    assert "ptl_exp_alone" not in "\n".join(statements(in_vectors((loop(*body),)), 0))
    assert end(*body)
    assert all("(j < n0) ? " in line for line in end(*body))


def test_what_is_stored_without_a_function_is_left_over():
    body = (Let(U, plus(X, T)), add(term(U)), Let(W, plus(X, X)), Store("y0", J, U))
    assert [line.partition(" = ")[0] for line in end(*body)] == [
        "const double u", "exponents1[j - j_group]", "const double w",
    ]  # fmt: skip
    [left] = [s for s in walk(in_vectors((loop(*body),))) if getattr(s, "kind", "") == "left"]
    assert left.body == (body[0], body[-1])


def test_a_part_of_a_vector_adds_nothing_where_nothing_is():
    argument, addition = end(add(exp(X)))
    assert argument == "exps1[j - j_group] = (j < n0) ? x0[j] : 0.0;"
    assert addition == "t_lanes[j - j_group] += (j < n0) ? exps1[j - j_group] : 0.0;"
    [argument] = end(add(term(X)))
    assert argument == "exponents1[j - j_group] = (j < n0) ? x0[j] : -INFINITY;"


@pytest.mark.parametrize(
    "body",
    [
        (Store("y0", J, exp(X)),),
        (Let(U, exp(X)), add(U), Store("y0", J, plus(U, X))),
        (Let(W, X, mutable=True), add(exp(X), W), add(W)),
        (add(exp(Load("x0", J * 2, D))),),
        (add(Op("{0} ? {1} : 0.0", (Load("x1", J, "bool"), exp(X)), D)),),
    ],
)
def test_other_loops_end_one_by_one(body):
    assert end(*body) == []


def test_terms_go_into_the_lanes_of_a_sum():
    assert parts(add(term(plus(X, T))), Store("y0", J, exp(X))) == [
        "exponents1[j - j_group] = x0[j] + t; exps2[j - j_group] = x0[j];",
        "ptl_add_exps_doubles(t_lanes, exponents1);",
        "ptl_exp_doubles(exps2);",
        "y0[j] = exps2[j - j_group];",
    ]


def test_terms_of_floats_are_added_in_double():
    single = term(Load("x0", J, S))
    store = Store("y0", J, Load("x0", J, S))
    assert "ptl_add_exps_floats(t_lanes, exponents1);" in parts(add(Cast(single, D)), store)
    assert "ptl_exp_floats(exps1);" in parts(add(single, Var("t", S)))


def test_terms_of_floats_that_are_alone_go_in_pairs():
    x = Load("x0", J, S)
    one, other = add(Cast(term(x), D)), add(Cast(term(plus(x, x)), D), U)
    for body, count in (((one,), FLOATS * 2), ((Let(Var("v", S), x), one, other), FLOATS * 2)):
        assert group(*body).step == count
        assert "ptl_add_exps_float_pairs(t_lanes, exponents1);" in parts(*body)
    of_another = Op("ptl_sigmoid({0})", (x,), S)
    for more in (
        add(Cast(exp(x), D), U),
        add(Cast(term(of_another), D), U),
        add(Cast(plus(term(x), x), D), U),
        Store("y0", J, x),
    ):
        assert group(one, more).step == FLOATS


def test_terms_that_are_no_terms_of_a_sum_are_exponentials():
    change = (Let(W, X, mutable=True), add(term(X), W), Store("y0", J, W))
    for body in ((Store("y0", J, term(X)),), (add(plus(term(X), X)),), change):
        assert "ptl_exp_doubles(exps1);" in parts(*body)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ((add(exp(X)),), DOUBLES),
        ((add(exp(Load("x0", J, S)), Var("t", S)),), FLOATS),
        ((add(Cast(exp(Load("x0", J, S)), D)),), FLOATS),  # two vectors of sums for one of elements
        ((add(exp(X)), add(X, U), Store("y0", J, X)), DOUBLES),
        ((Store("y0", J, Op("{0} ? {1} : 0.0", (Load("x1", J, "bool"), exp(X)), D)),), DOUBLES),
        ((Store("x0", J, exp(X)),), DOUBLES),
    ],
)
def test_groups_are_as_long_as_a_vector(body, count):
    assert group(*body).step == count


@pytest.mark.parametrize(
    "given",
    [
        loop(Store("y0", J, plus(X, X))),
        loop(add(exp(X)), kind="serial"),
        loop(add(exp(X)), stop=16),
        loop(add(exp(X), template="{0} * {1}")),
        loop(add(exp(X)), add(X)),
        loop(add(exp(X)), add(Load("x1", J, "int64"), Var("u", "int64"))),
        loop(Store("y0", J, exp(X)), Let(U, Load("y0", J, D)), Store("y1", J, U)),
        loop(Let(W, X, mutable=True), add(X, W), Let(U, exp(W)), Store("y0", J, U)),
        loop(Let(W, X, mutable=True), add(X, W), Store("y0", J, exp(W))),
        loop(Store("y0", J, exp(Cast(Load("x0", J, S), D)))),
        replace(loop(add(exp(X))), step=Index.of(2)),
    ],
)
def test_other_loops_stay_as_they_are(given):
    assert in_vectors((given,)) == (given,)
