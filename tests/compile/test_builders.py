"""`OpFromGraph`: values, shapes, derivatives and overrides."""

import copy
import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import OpFromGraph, Rop, function, grad, shared
from pytensorlite.compile.mode import Mode
from pytensorlite.gradient import DisconnectedType, verify_grad
from pytensorlite.graph.basic import NominalVariable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.utils import MissingInputError

pytestmark = pytest.mark.usefixtures("linker")

x, y = pt.dvectors("x", "y")
a, b = pt.dvectors("a", "b")
PLAIN = Mode("numpy", None)


def product(**kwargs):
    return OpFromGraph([x, y], [x * y], **kwargs)


def values(outputs, mode=None):
    return function([a, b], outputs, mode=mode, on_unused_input="ignore")([1.0, 2.0], [3.0, 4.0])


@pytest.mark.parametrize("mode", [None, PLAIN])
def test_values(mode):
    op = OpFromGraph([x, y], [x * y, x + 1])
    first, second = op(a, b)
    np.testing.assert_array_equal(values([first, second], mode), [[3, 8], [2, 3]])
    nested = OpFromGraph([x, y], [op(x, y)[0] + 1])
    np.testing.assert_array_equal(values(nested(a, nested(a, b)), mode), [5, 19])


def test_the_node_disappears_where_graphs_are_rewritten():
    op = product()
    f = function([a, b], op(a, op(a, b)))
    assert not any(isinstance(node.op, OpFromGraph) for node in f.maker.fgraph.apply_nodes)
    g = function([a, b], op(a, b), mode=PLAIN)
    assert [node.op for node in g.maker.fgraph.apply_nodes] == [op]
    assert g.nodes_with_inner_function == [op]


def test_inner_graphs_stand_on_placeholders():
    op = product(name="Product")
    assert str(op) == "Product{inline=False}"
    assert all(isinstance(variable, NominalVariable) for variable in op.inner_inputs)
    assert len(op.inner_outputs) == 1
    assert op.fgraph.inputs == op.inner_inputs
    assert op.clone().fgraph is not op.fgraph


@pytest.mark.parametrize("mode", [None, PLAIN])
def test_shared_variables_become_inputs(mode):
    weight = shared(np.array([10.0, 20.0]), name="weight")
    op = OpFromGraph([x], [x * weight])
    assert op.shared_inputs == [weight]
    result = op(a)
    assert result.owner.inputs == [a, weight]
    np.testing.assert_array_equal(values(result, mode), [10, 40])
    np.testing.assert_array_equal(values(grad(result.sum(), a), mode), [10, 20])
    np.testing.assert_array_equal(values(grad(result.sum(), weight), mode), [1, 2])
    with pytest.raises(ValueError, match=r"strict=True.*weight"):
        OpFromGraph([x], [x * weight], strict=True)


@pytest.mark.parametrize("mode", [None, PLAIN])
def test_shapes_are_known_without_values(mode):
    length = pt.lscalar("length")
    op = OpFromGraph([x, length], [pt.concatenate([x, x]), pt.zeros((length, 3))])
    first, second = op(a, 5)
    f = function([a], [first.shape, second.shape], mode=mode)
    np.testing.assert_array_equal(f([1.0, 2.0])[0], [4])
    np.testing.assert_array_equal(f([1.0, 2.0])[1], [5, 3])


@pytest.mark.parametrize("mode", [None, PLAIN])
def test_derivatives_are_those_of_the_graph(mode):
    op = OpFromGraph([x, y], [pt.exp(x) * y, x + 1])
    cost = (op(a, b)[0] ** 2).sum() + op(a, b)[1].sum()
    plain = ((pt.exp(a) * b) ** 2).sum() + (a + 1).sum()
    got = values(grad(cost, [a, b]), mode)
    np.testing.assert_allclose(got, values(grad(plain, [a, b]), mode))
    second = values(grad(grad(cost, a).sum(), a), mode)
    np.testing.assert_allclose(second, values(grad(grad(plain, a).sum(), a), mode))
    for forward in (False, True):
        tangent = Rop(op(a, b)[0], [a, b], [b, a], use_op_rop_implementation=forward)
        expected = np.exp([1.0, 2.0]) * np.array([9 + 1, 16 + 2])
        np.testing.assert_allclose(values(tangent, mode), expected)


def test_gradients_numerically():
    op = OpFromGraph([x, y], [pt.tanh(x * y).sum()])
    verify_grad(op, [np.array([0.1, 0.2]), np.array([0.3, 0.4])], rng=np.random.default_rng(1))


def test_connection_pattern():
    op = OpFromGraph([x, y], [x * y, x + 1])
    assert op.connection_pattern(None) == [[True, True], [True, False]]
    cut = OpFromGraph([x, y], [x * y], connection_pattern=[[True], [False]])
    answer = grad(
        cut(a, b).sum(), b, disconnected_inputs="ignore", return_disconnected="disconnected"
    )
    assert isinstance(answer.type, DisconnectedType)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"lop_overrides": lambda i, o, g: [5 * g[0], 7 * g[0]]}, [[5, 5], [7, 7]]),
        ({"grad_overrides": lambda i, g: [2 * g[0], 3 * g[0]]}, [[2, 2], [3, 3]]),
        ({"lop_overrides": [None, lambda i, o, g: 9 * g[0]]}, [[3, 4], [9, 9]]),
        ({"lop_overrides": OpFromGraph([x, y, a, b], [b * 2, x + b])}, [[2, 2], [2, 3]]),
    ],
)
def test_overridden_gradients(overrides, expected):
    op = product(**overrides)
    np.testing.assert_array_equal(values(grad(op(a, b).sum(), [a, b])), expected)


def test_overridden_tangents():
    for overrides in (lambda i, t: [11 * t[0]], [lambda i, t: 11 * t[0]]):
        op = product(rop_overrides=overrides)
        tangent = Rop(op(a, b), [a, b], [a, b], use_op_rop_implementation=True)
        np.testing.assert_array_equal(values(tangent), [11, 22])


def test_an_override_may_disconnect():
    op = product(lop_overrides=[disconnected_type(), None])
    answer = grad(op(a, b).sum(), b)
    np.testing.assert_array_equal(values(answer), [1, 2])


def test_copies_and_pickles():
    op = product(name="Product")
    for twin in (copy.deepcopy(op), pickle.loads(pickle.dumps(op)), op.clone()):
        np.testing.assert_array_equal(values(twin(a, b)), [3, 8])
    f = function([a, b], op(a, b), mode=PLAIN)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(f))([1.0], [2.0]), [2.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: OpFromGraph([x], x), TypeError, "must be lists"),
        (lambda: OpFromGraph(x, [x]), TypeError, "must be lists"),
        (lambda: OpFromGraph([x], [3]), TypeError, "must be Variable"),
        (lambda: OpFromGraph([x, x], [x]), ValueError, "duplications"),
        (lambda: OpFromGraph([x], [x * y]), MissingInputError, "missing an input"),
        (lambda: product()(a), ValueError, "expects 2 inputs"),
        (lambda: product()(a, pt.dmatrix()), TypeError, "Cannot convert"),
        (
            lambda: product(lop_overrides=lambda *_: [], grad_overrides=lambda *_: []),
            ValueError,
            "mutually exclusive",
        ),
        (
            lambda: grad(product(lop_overrides=lambda *_: [a])(a, b).sum(), a),
            ValueError,
            "expected 2 derivatives",
        ),
        (lambda: grad(product(lop_overrides=[3])(a, b).sum(), a), TypeError, "as an override"),
    ],
)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message):
        call()
