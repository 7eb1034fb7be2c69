"""Symbolic shapes: derived when asked for, without computing what has the shape."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.graph.features import AlreadyThere
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.tensor.rewriting.shape import ShapeFeature
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from tests.rewriting.tools import evaluate, ops_of, rewrite

X, Y = pt.matrices("X", "Y")
x, y = pt.vectors("x", "y")
n = pt.lscalar("n")
i = pt.lvector("i")

# What has a shape, and values for its inputs.
EXPRESSIONS = {
    "elemwise": X + x,
    "transpose": pt.exp(X).T,
    "sum": X.sum(axis=0),
    "dot": pt.dot(X, Y),
    "matrix vector": pt.dot(X, x),
    "slice": X[1:, ::2],
    "index": X[0],
    "rows": X[i],
    "reshape": X.reshape((-1, 1)),
    "flatten": X.flatten(),
    "join": pt.concatenate([X, Y], axis=0),
    "stack": pt.stack([x, x]),
    "alloc": pt.alloc(x, n, x.shape[0]),
    "arange": pt.arange(n),
    "eye": pt.eye(n),
    "set": X[1:].set(0.0),
    "softmax": pt.special.softmax(X, axis=1),
    "cumsum": pt.cumsum(X, axis=0),
    "argmax": pt.argmax(X, axis=1),
    "switch": pt.switch(X > 0, X, x),
}


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_shape_without_the_value(case):
    variable = EXPRESSIONS[case]
    values = {
        X: np.ones((3, 3)),
        Y: np.ones((3, 3)),
        x: np.ones(3),
        n: np.array(4),
        i: np.array([0, 2]),
    }
    shape = rewrite(variable.shape, "specialize")
    value = evaluate(variable, values)
    np.testing.assert_array_equal(evaluate(shape, values), value.shape)
    computed = {str(variable.owner.op)} - {"ARange{dtype='int64'}"}
    assert not computed & set(ops_of(shape))


def graph_of(*outputs):
    fgraph = FunctionGraph(outputs=list(outputs), clone=False)
    return fgraph, shapes_of(fgraph)


def test_equal_lengths_are_learnt_from_elementwise_operations():
    product = x * y
    _, shapes = graph_of(product)
    assert not shapes.same_shape(x, y)
    shapes.shape(product)
    assert shapes.same_shape(x, y)
    assert shapes.same_shape(x, product, 0, 0)


def test_lengths_of_one_broadcast_and_say_nothing():
    row = pt.row("row")
    total = X + row
    _, shapes = graph_of(total)
    shapes.shape(total)
    assert not shapes.same_shape(X, row, 0, 0)
    assert shapes.same_shape(X, row, 1, 1)


def test_shape_feature_is_attached_once():
    fgraph, shapes = graph_of(x + 1)
    assert shapes_of(fgraph) is shapes
    assert fgraph.shape_feature is shapes
    with pytest.raises(AlreadyThere):
        ShapeFeature().on_attach(fgraph)


def test_static_lengths_are_constants():
    fixed = pt.matrix("fixed", shape=(2, None))
    _, shapes = graph_of(pt.exp(fixed))
    first, second = shapes.shape_of[fixed]
    assert first.data == 2
    assert str(second.owner.op) == "Shape_i{i=1}"


def test_replaced_variables_do_not_come_back():
    """A length that was read off a variable is read off its replacement afterwards."""
    unknown = pt.nonzero(x)[0]
    doubled = unknown * 2
    fgraph, shapes = graph_of(doubled)
    [length] = shapes.shape(doubled)
    assert length.owner.inputs[0] is unknown
    other = pt.nonzero(y)[0]
    fgraph.replace(unknown, other, import_missing=True)
    [length] = shapes.shape(fgraph.outputs[0])
    assert length.owner.inputs[0] is other


def test_long_chains_need_no_recursion():
    z = x
    for _ in range(20_000):
        z = pt.exp(z)
    _, shapes = graph_of(z)
    assert shapes.same_shape(x, z)
