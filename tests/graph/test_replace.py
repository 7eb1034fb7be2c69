import pytest

from pytensorlite.graph.basic import Constant, equal_computations
from pytensorlite.graph.replace import (
    _vectorize_node,
    clone_replace,
    graph_replace,
    vectorize,
    vectorize_graph,
)
from pytensorlite.graph.traversal import ancestors

from .sample import DEEP, Function, Number, add, chain, exp, mul, neg, number, numbers, pair


def test_clone_replace():
    x, y, z = numbers("x y z")
    a = add(x, 1)
    c = exp(mul(a, y))
    c.name = "c"
    copied, copied_a = clone_replace([c, a], {y: z})
    assert equal_computations([copied, copied_a], [exp(mul(a, z)), a])
    assert copied_a is not a
    assert copied.name == "c"
    assert x in ancestors([copied])
    assert x not in ancestors([clone_replace(c, copy_inputs_over=False)])
    assert clone_replace(c, [(c, x)]) is x


def test_clone_replace_does_not_search_replacements():
    x, y = numbers("x y")
    assert equal_computations([clone_replace(add(x, y), {x: y, y: x})], [add(y, x)])
    assert equal_computations([clone_replace(neg(x), {x: exp(x)})], [neg(exp(x))])


def test_clone_replace_checks_types():
    (x,) = numbers("x")
    metres = Number("metre")("m")
    with pytest.raises(TypeError, match="Cannot convert"):
        clone_replace(neg(x), {x: metres})
    assert clone_replace(neg(x), {x: metres}, rebuild_strict=False).owner.inputs == [metres]


@pytest.mark.parametrize("bad", [3, {"x": 1}])
def test_replacements_are_variables(bad):
    with pytest.raises((TypeError, ValueError), match="replace must"):
        clone_replace(neg(number("x")), bad)


def test_graph_replace_shares_what_does_not_change():
    x, y, z = numbers("x y z")
    a = add(x, 1)
    c = exp(mul(a, y))
    replaced, same = graph_replace([c, a], {y: z})
    assert same is a
    assert replaced.owner.inputs[0].owner.inputs[0] is a
    assert equal_computations([replaced], [exp(mul(a, z))])
    assert equal_computations([c], [exp(mul(add(x, 1), y))])


def test_graph_replace_of_variables_above_each_other():
    x, y, z = numbers("x y z")
    a = add(x, 1)
    b = mul(a, y)
    assert equal_computations([graph_replace(exp(b), {a: z, b: mul(a, z)})], [exp(mul(a, z))])
    assert equal_computations([graph_replace(exp(b), {b: a})], [exp(a)])
    assert graph_replace(b, {b: z}) is z


def test_graph_replace_complains_of_what_is_not_used():
    x, y, z = numbers("x y z")
    with pytest.raises(ValueError, match=r"not used.*z"):
        graph_replace(neg(x), {x: y, z: y})
    assert graph_replace(neg(x), {x: y, z: y}, strict=False).owner.inputs == [y]


def test_one_output_of_a_node_may_be_replaced():
    x, y = numbers("x y")
    first, second = pair(x)
    replaced = graph_replace(add(first, second), {first: y})
    assert replaced.owner.inputs == [y, second]
    (copied,) = clone_replace([add(first, second)], {first: y})
    assert copied.owner.inputs[0] is y
    assert copied.owner.inputs[1].owner.op == pair


class Batched(Function):
    """A function with a rule for batches."""


batched = Batched("batched")


@_vectorize_node.register(Batched)
def _(op, node, *inputs):
    return op.make_node(*inputs)


def test_vectorize_graph_asks_the_rule_of_each_op():
    x, xs = number("x"), number("xs")
    shared = batched(Constant(number, 1))
    y = batched(batched(x), shared)
    result = vectorize_graph(y, {x: xs})
    assert equal_computations([result], [batched(batched(xs), shared)])
    assert result.owner.inputs[1] is shared
    assert vectorize_graph([x], {x: xs}) == [xs]


def test_vectorize_is_elsewhere():
    with pytest.raises(AttributeError, match="functional"):
        vectorize(None)


def test_deep_graphs_are_replaced_without_recursion():
    x, y = numbers("x y")
    deep = chain(x, DEEP)
    assert y in ancestors([clone_replace(deep, {x: y})])
    assert y in ancestors([graph_replace(deep, {x: y})])
