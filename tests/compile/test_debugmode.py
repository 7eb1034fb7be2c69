"""DebugMode finds what is wrong, and passes what is right."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Mode, function, grad
from pytensorlite.compile.debugmode import (
    BadDestroyMap,
    BadOptimization,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    DebugModeError,
    InvalidValueError,
)
from pytensorlite.compile.mode import NUMPY
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.op import Op
from pytensorlite.graph.rewriting.basic import in2out, node_rewriter
from pytensorlite.ifelse import ifelse
from pytensorlite.link.basic import NumpyLinker, NumpyProgram

x = pt.dvector("x")


class OneOp(Op):
    """An op from a vector to a vector, described by a function."""

    __props__ = ("do",)

    def __init__(self, do):
        self.do = do

    def make_node(self, value):
        value = pt.as_tensor_variable(value)
        return Apply(self, [value], [value.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.do(inputs[0])


@pytest.mark.parametrize("linker", ["numpy", "c"])
def test_sound_graphs_pass(linker):
    weights = pt.dmatrix("weights")
    cost = pt.log(1 + pt.exp(weights @ x)).sum() + pt.special.softmax(x).max()
    outputs = [cost, *grad(cost, [weights, x]), x[::-1], x]
    f = function([weights, x], outputs, mode=DebugMode(linker=linker))
    expected = function([weights, x], outputs, mode=NUMPY)
    arguments = np.arange(6.0).reshape(2, 3) / 10, np.ones(3)
    for got, wanted in zip(f(*arguments), expected(*arguments), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10)


def test_numbers_that_are_no_arrays():
    n = pt.lscalar("n")
    assert function([x, n], x[n], mode="DebugMode")(np.arange(3.0), 2) == 2


def test_a_wrong_rewrite_is_named():
    @node_rewriter([pt.exp])
    def local_exp_is_cos(fgraph, node):
        return [pt.cos(node.inputs[0])]

    mode = DebugMode(linker="numpy").register((in2out(local_exp_is_cos), 1.7))
    f = function([x], 2 * pt.exp(x) + 1, mode=mode)
    with pytest.raises(BadOptimization, match=r"local_exp_is_cos.*Exp") as raised:
        f([0.0, 1.0])
    assert raised.value.reason == "local_exp_is_cos"
    assert "at (1,)" in str(raised.value)
    assert __file__ in str(raised.value)


@pytest.mark.parametrize("linker", ["numpy", "c"])
def test_a_branch_is_checked_when_it_is_taken(linker):
    @node_rewriter([pt.exp])
    def local_exp_is_cos(fgraph, node):
        return [pt.cos(node.inputs[0])]

    mode = DebugMode(linker=linker).register((in2out(local_exp_is_cos), 1.7))
    taken = pt.bscalar("taken")
    f = function([x, taken], ifelse(taken, 2 * pt.exp(x) + 1, x[:1] * 2), mode=mode)
    assert f([3.0, 4.0], 0) == 6
    with pytest.raises(BadOptimization, match=r"local_exp_is_cos.*Exp"):
        f([3.0, 4.0], 1)


def test_an_op_that_changes_its_input():
    def scribble(value):
        value[...] = 7
        return value.copy()

    with pytest.raises(BadDestroyMap, match="changed its input 0"):
        function([x], OneOp(scribble)(x), mode=DebugMode(linker="numpy"))([1.0])


def test_an_op_that_hands_its_input_through():
    with pytest.raises(BadViewMap, match="shares memory with input 0"):
        function([x], OneOp(lambda value: value[:])(x), mode=DebugMode(linker="numpy"))([1.0])


@pytest.mark.parametrize(
    "do", [lambda v: v.astype("f4"), lambda v: v[None].copy(), lambda v: [1.0], lambda v: None]
)
def test_an_op_that_returns_another_type(do):
    with pytest.raises(InvalidValueError, match="invalid value"):
        function([x], OneOp(do)(x), mode=DebugMode(linker="numpy"))([1.0])


def test_values_that_are_not_finite():
    strict = function([x], pt.log(x), mode=DebugMode(linker="numpy"))
    with pytest.raises(InvalidValueError, match="not finite"):
        strict([0.0])
    lenient = function([x], pt.log(x), mode=DebugMode(linker="numpy", check_isfinite=False))
    assert lenient([0.0])[0] == -np.inf


class WrongProgram(NumpyProgram):
    """A program under test with a mistake in it."""

    def __call__(self, arrays):
        return [result + 1e-3 for result in super().__call__(arrays)]


class WrongLinker(NumpyLinker):
    pass


class Other(WrongLinker.__mro__[2]):
    """A linker that is not the NumPy linker."""

    def link(self, fgraph, *, name=None, profile=None):
        return WrongProgram(fgraph)


def test_a_program_that_computes_something_else():
    f = function([x], pt.exp(x), mode=DebugMode(linker=Other()))
    with pytest.raises(BadThunkOutput, match="NumPy and C disagree") as raised:
        f([0.0])
    assert isinstance(raised.value, DebugModeError)
    quiet = function([x], pt.exp(x), mode=DebugMode(linker=Other(), check_c_code=False))
    assert quiet([0.0])[0] == 1


def test_modes_derived_from_it():
    mode = DebugMode(linker="numpy").excluding("stabilize")
    assert isinstance(mode, DebugMode)
    f = function([x], pt.log(1 + pt.exp(x)), mode=mode)
    assert len(f.maker.fgraph.apply_nodes) > 1
    assert f([0.0])[0] == np.log(2)
    assert isinstance(Mode("numpy"), Mode)


def test_errors_of_ops_name_the_node():
    y = pt.dvector("y")
    f = function([x, y], pt.exp(x) * y, mode=DebugMode(linker="numpy"))
    with pytest.raises(ValueError) as raised:
        f(np.ones(2), np.ones(3))
    assert "Apply node that caused the error" in "".join(raised.value.__notes__)
