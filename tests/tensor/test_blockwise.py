"""Core ops on batches."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.gradient import grad
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.blockwise import Blockwise, parse_signature
from pytensorlite.tensor.linalg import det, inv, slogdet, solve
from pytensorlite.tensor.linalg.inverse import MatrixInverse

from .agreement import assert_agrees, assert_differentiable, evaluate


class MeanAndScale(Op):
    """Two inputs, two outputs of different core rank, one without derivative."""

    __props__ = ()
    gufunc_signature = "(m),()->(m),()"

    def make_node(self, x, scale):
        x, scale = pt.as_tensor(x), pt.as_tensor(scale)
        return Apply(self, [x, scale], [x.type(), scale.type()])

    def perform(self, node, inputs, output_storage):
        x, scale = inputs
        output_storage[0][0] = x * scale
        output_storage[1][0] = np.asarray(x.mean())

    def connection_pattern(self, node):
        return [[True, True], [True, False]]

    def pullback(self, inputs, outputs, cotangents):
        (x, scale), (g, g_mean) = inputs, cotangents
        terms = []
        if not isinstance(g.type, type(disconnected_type)):
            terms.append(g * scale)
        if not isinstance(g_mean.type, type(disconnected_type)):
            terms.append(pt.ones_like(x) * g_mean / x.shape[0].astype("float64"))
        gx = terms[0] + terms[1] if len(terms) == 2 else terms[0]
        return [
            gx,
            (g * x).sum()
            if len(terms) == 2 or terms[0].owner.op != pt.true_div
            else disconnected_type(),
        ]


both = Blockwise(MeanAndScale())


@pytest.mark.parametrize(
    "batches", [((), ()), ((2,), ()), ((), (2,)), ((3, 1), (2,)), ((1, 2), (3, 1)), ((0,), ())]
)
def test_batches_broadcast(rng, batches):
    first, second = batches
    x, scale = rng.normal(size=(*first, 4)), rng.normal(size=second)
    common = np.broadcast_shapes(first, second)
    scaled = np.broadcast_to(x * scale[..., None], (*common, 4))
    mean = np.broadcast_to(x.mean(-1), common)
    assert_agrees(both, [x, scale], [scaled, mean])


@pytest.mark.parametrize("batches", [((), ()), ((2,), ()), ((3, 1), (2,))])
def test_derivatives_sum_over_what_was_broadcast(rng, batches):
    first, second = batches
    arrays = [rng.normal(size=(*first, 2)), rng.normal(size=second)]
    assert_differentiable(lambda x, s: both(x, s)[0], arrays, second_order=False, forward=False)
    build = lambda x, s: both(x, s)[0].sum(-1) * both(x, s)[1]
    assert_differentiable(build, arrays, second_order=False, forward=False)


@pytest.mark.parametrize("batch", [(2,), (2, 1), (1,), (3, 2)])
def test_second_derivatives_of_matrix_ops(rng, batch):
    x = rng.normal(size=(*batch, 2, 2)) + 3 * np.eye(2)
    assert_differentiable(det, [x])
    assert_differentiable(inv, [x])
    assert_differentiable(lambda v: slogdet(v)[1], [x])
    assert_differentiable(lambda a, b: solve(a, b, b_ndim=1), [x, rng.normal(size=2)])


def test_empty_batches():
    for function, shape in (
        (inv, (0, 3, 3)),
        (det, (0,)),
        (lambda x: pt.linalg.svd(x)[0], (0, 3, 3)),
    ):
        x = pt.dtensor3("x")
        assert evaluate(function(x), [x], [np.zeros((0, 3, 3))]).shape == shape


def test_batches_that_do_not_agree():
    a, b = pt.tensor(dtype="float64", shape=(3, 2, 2)), pt.tensor(dtype="float64", shape=(4, 2, 1))
    with pytest.raises(ValueError, match="Incompatible Blockwise batch input shapes"):
        solve(a, b)
    a, b = pt.dtensor3("a"), pt.dtensor3("b")
    for n, m in ((3, 4), (3, 1)):
        with pytest.raises(ValueError, match="batches do not agree in dimension 0"):
            evaluate(solve(a, b), [a, b], [np.ones((n, 2, 2)), np.ones((m, 2, 1))])


def test_errors():
    with pytest.raises(ValueError, match="insufficient core dimensions for signature"):
        inv(pt.dvector("v"))
    with pytest.raises(ValueError, match="core dimension m has length 2 in one input and 3"):
        solve(pt.tensor(dtype="float64", shape=(2, 2)), pt.tensor(dtype="float64", shape=(3,)))
    with pytest.raises(ValueError, match="expected 1 inputs"):
        Blockwise(MatrixInverse())(pt.dmatrix(), pt.dmatrix())
    with pytest.raises(TypeError, match="itself a Blockwise"):
        Blockwise(Blockwise(MatrixInverse()))
    with pytest.raises(ValueError, match="needs a signature"):
        Blockwise(pt.elemwise.DimShuffle(input_ndim=1, new_order=(0,)))
    for bad in ("m,n", "(m)->n", "(m,n)", "->", "(m-1)->()"):
        with pytest.raises(ValueError, match="Not a signature"):
            parse_signature(bad)


def test_signatures():
    assert parse_signature("(m, n),()->(n),(m)") == ([("m", "n"), ()], [("n",), ("m",)])
    assert parse_signature("->(m)") == ([], [("m",)])


def test_equality_and_text():
    assert Blockwise(MatrixInverse()) == Blockwise(MatrixInverse(), signature="(m,m)->(m,m)")
    assert str(Blockwise(MatrixInverse())) == "Blockwise{MatrixInverse, (m,m)->(m,m)}"
    assert str(Blockwise(MatrixInverse(), name="invert")) == "invert"


def test_an_op_without_a_rule_is_looped():
    x, xs = pt.dvector("x"), pt.dmatrix("xs")
    node = vectorize_graph(pt.unique(x), {x: xs}).owner
    assert isinstance(node.op, Blockwise)
    found = evaluate(node.outputs[0], [xs], [np.array([[1.0, 1.0, 2.0], [4.0, 3.0, 4.0]])])
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])


def test_absent_gradients_stay_absent():
    x = pt.dtensor3("x")
    sign, _ = slogdet(x)
    g = grad(sign.sum(), x)
    np.testing.assert_array_equal(evaluate(g, [x], [np.ones((2, 2, 2)) + np.eye(2)]), 0.0)
