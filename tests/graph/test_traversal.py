import pytest

from pytensorlite.graph import traversal
from pytensorlite.graph.basic import Constant
from pytensorlite.graph.traversal import (
    ancestors,
    apply_ancestors,
    apply_depends_on,
    applys_between,
    explicit_graph_inputs,
    general_toposort,
    get_var_by_name,
    graph_inputs,
    io_toposort,
    orphans_between,
    toposort,
    truncated_graph_inputs,
    variable_depends_on,
    vars_between,
    walk,
    walk_toposort,
)

from .sample import DEEP, add, chain, exp, mul, neg, number, numbers, pair, sub


@pytest.fixture
def diamond():
    """``c = exp(b)``, ``b = a * y``, ``a = x + 1``."""
    x, y = numbers("x y")
    a = add(x, 1)
    b = mul(a, y)
    return {"x": x, "y": y, "a": a, "b": b, "c": exp(b), "one": a.owner.inputs[1]}


def test_ancestors_go_left_to_right_and_stop_at_blockers(diamond):
    v = diamond
    assert list(ancestors([v["c"]])) == [v[k] for k in ("c", "b", "a", "x", "one", "y")]
    assert list(ancestors([v["c"]], blockers=[v["a"]])) == [v[k] for k in ("c", "b", "a", "y")]
    assert [n.op for n in apply_ancestors([v["c"]])] == [exp, mul, add]
    assert [n.op for n in apply_ancestors([v["c"]], blockers=[v["a"]])] == [exp, mul]


def test_inputs(diamond):
    v = diamond
    assert list(graph_inputs([v["c"]])) == [v["x"], v["one"], v["y"]]
    assert list(explicit_graph_inputs(v["c"])) == [v["x"], v["y"]]
    assert list(orphans_between([v["x"]], [v["c"]])) == [v["one"], v["y"]]


def test_between(diamond):
    v = diamond
    assert set(vars_between([v["a"], v["y"]], [v["c"]])) == {v[k] for k in ("c", "b", "a", "y")}
    assert [n.op for n in applys_between([v["a"]], [v["c"]])] == [exp, mul]
    first, second = pair(v["x"])
    assert second in set(vars_between([v["x"]], [first]))


def test_toposort_puts_inputs_first(diamond):
    v = diamond
    assert [n.op for n in toposort([v["c"]])] == [add, mul, exp]
    assert [n.op for n in toposort([v["c"]], blockers=[v["a"]])] == [mul, exp]
    clients = {}
    assert [n.op for n in io_toposort([v["x"]], [v["c"]], clients=clients)] == [add, mul, exp]
    assert clients[v["b"]] == [v["c"]]


def test_orderings_are_respected():
    (x,) = numbers("x")
    first, second = neg(x), exp(x)
    both = add(first, second)
    for before, after in ((first, second), (second, first)):
        order = io_toposort([x], [both], orderings={after.owner: [before.owner]})
        assert order == [before.owner, after.owner, both.owner]
    with pytest.raises(ValueError, match="cycle"):
        io_toposort(
            [x],
            [both],
            orderings={first.owner: [second.owner], second.owner: [first.owner]},
        )


def test_a_cycle_is_found():
    (x,) = numbers("x")
    first = neg(x)
    second = exp(first)
    first.owner.inputs[0] = second
    with pytest.raises(ValueError, match="cycle"):
        list(toposort([second]))


def test_depends_on(diamond):
    v = diamond
    assert variable_depends_on(v["c"], v["x"])
    assert variable_depends_on(v["c"], [v["c"]])
    assert not variable_depends_on(v["a"], [v["y"]])
    assert apply_depends_on(v["c"].owner, v["a"].owner)
    assert not apply_depends_on(v["a"].owner, [v["c"].owner])


def test_truncated_graph_inputs(diamond):
    v = diamond
    x, y, a, b, c = (v[k] for k in "xyabc")
    assert truncated_graph_inputs([c], [b]) == [b]
    assert set(truncated_graph_inputs([c], [a])) == {y, a}
    assert set(truncated_graph_inputs([c, a], [b])) == {a, b}
    assert set(truncated_graph_inputs([c], [a, b])) == {y, a, b}
    assert truncated_graph_inputs([c], [c]) == [c]
    assert truncated_graph_inputs([a]) == [a]
    assert set(truncated_graph_inputs([a], [x])) == {x, v["one"]}
    # What does not depend on the cut is not opened.
    other = neg(y)
    assert set(truncated_graph_inputs([sub(a, other)], [a])) == {a, other}


def test_walk():
    tree = {1: [2, 3], 2: [4], 3: [4], 4: None}
    assert list(walk([1], tree.get)) == [1, 2, 3, 4]
    assert list(walk([1], tree.get, bfs=False)) == [1, 3, 4, 2]
    assert list(walk([4], tree.get, return_children=True)) == [(4, None)]


def test_walk_toposort():
    tree = {1: [2, 3], 2: [4], 3: [4], 4: []}
    assert list(walk_toposort([1], tree.get)) == [4, 2, 3, 1]
    clients = {}
    assert general_toposort([1], tree.get, clients=clients) == [4, 2, 3, 1]
    assert clients[4] == [2, 3]
    with pytest.raises(ValueError, match="cycle"):
        list(walk_toposort([1], {1: [2], 2: [1]}.get))


def test_get_var_by_name(diamond):
    assert get_var_by_name([diamond["c"]], "y") == (diamond["y"],)
    assert get_var_by_name([diamond["c"]], "none") == ()


def test_constants_are_no_explicit_inputs():
    assert list(explicit_graph_inputs([Constant(number, 1)])) == []


def test_names_of_the_module_are_listed():
    assert traversal.__all__ == sorted(traversal.__all__)


def test_deep_graphs_are_walked_without_recursion():
    x = number("x")
    y = chain(x, DEEP)
    assert sum(1 for _ in ancestors([y])) == DEEP + 1
    assert len(io_toposort([x], [y])) == DEEP
    assert list(graph_inputs([y])) == [x]
    assert len(list(vars_between([x], [y]))) == DEEP + 1


def test_wide_graphs_are_sorted_in_linear_time():
    x = number("x")
    y = add(*[neg(x) for _ in range(20_000)])
    assert len(io_toposort([x], [y])) == 20_001


def test_the_old_place_of_the_walks_warns():
    with pytest.warns(FutureWarning, match="traversal"):
        from pytensorlite.graph.basic import graph_inputs as old
    assert old is graph_inputs
    with pytest.raises(ImportError):
        from pytensorlite.graph.basic import nonsense  # noqa: F401
