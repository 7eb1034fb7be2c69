"""Operators, methods and constants of symbolic arrays."""

import copy
import operator
import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config
from pytensorlite.graph.traversal import explicit_graph_inputs
from pytensorlite.tensor.variable import TensorConstant, get_unique_constant_value
from tests.tensor.tools import check, evaluate

FLOATS = np.array([[0.3, 0.7, 0.2], [0.9, 0.1, 0.5]])
INTEGERS = np.array([[5, -3, 2], [7, 4, -1]])


@pytest.mark.parametrize(
    "operation",
    [
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.pow,
        operator.lt,
        operator.le,
        operator.gt,
        operator.ge,
    ],
)
def test_binary_operators(operation):
    check(operation, [FLOATS, FLOATS[::-1] + 0.25], operation(FLOATS, FLOATS[::-1] + 0.25))
    check(lambda x: operation(x, 0.5), [FLOATS], operation(FLOATS, 0.5))
    check(lambda x: operation(0.5, x), [FLOATS], operation(0.5, FLOATS))
    check(lambda x: operation(FLOATS, x), [FLOATS[0]], operation(FLOATS, FLOATS[0]))


@pytest.mark.parametrize("operation", [operator.and_, operator.or_, operator.xor])
def test_bit_operators(operation):
    check(operation, [INTEGERS, INTEGERS[::-1]], operation(INTEGERS, INTEGERS[::-1]))
    check(lambda x: operation(x, 3), [INTEGERS], operation(INTEGERS, 3))
    check(lambda x: operation(3, x), [INTEGERS > 0], operation(np.int8(3), INTEGERS > 0))


def test_unary_operators():
    check(operator.neg, [FLOATS], -FLOATS)
    check(abs, [INTEGERS], abs(INTEGERS))
    check(operator.invert, [INTEGERS], ~INTEGERS)
    check(round, [FLOATS], FLOATS.round())
    check(lambda x: divmod(x, 0.2)[1], [FLOATS], FLOATS % 0.2)


def test_numpy_functions_of_variables():
    check(np.exp, [FLOATS], np.exp(FLOATS))
    check(lambda x: np.multiply(FLOATS, x), [FLOATS], FLOATS * FLOATS)
    check(lambda x: np.float64(3) * x, [FLOATS], 3 * FLOATS)
    with pytest.raises(TypeError):
        np.add.reduce(pt.vector("x"))


def test_matmul_operator():
    check(operator.matmul, [FLOATS, FLOATS.T], FLOATS @ FLOATS.T)
    check(lambda x: FLOATS @ x, [FLOATS.T], FLOATS @ FLOATS.T)
    check(lambda x: [1.0, 2.0] @ x, [FLOATS], np.array([1.0, 2.0]) @ FLOATS)


@pytest.mark.parametrize(
    "name",
    ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"]
    + ["arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh"]
    + ["deg2rad", "rad2deg", "sqrt", "ceil", "floor", "trunc"],
)
def test_elementwise_methods(name):
    check(lambda x: getattr(x, name)(), [FLOATS], getattr(np, name)(FLOATS))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x.T, FLOATS.T),
        (lambda x: x.mT, FLOATS.T),
        (lambda x: x.real, FLOATS),
        (lambda x: x.conj(), FLOATS),
        (lambda x: x.flatten(), FLOATS.ravel()),
        (lambda x: x.ravel(), FLOATS.ravel()),
        (lambda x: x.reshape((3, 2)), FLOATS.reshape(3, 2)),
        (lambda x: x.reshape(3, 2), FLOATS.reshape(3, 2)),
        (lambda x: x.transpose(), FLOATS.T),
        (lambda x: x.transpose(1, 0), FLOATS.T),
        (lambda x: x.transpose((0, 1)), FLOATS),
        (lambda x: x.swapaxes(0, 1), FLOATS.T),
        (lambda x: x.dimshuffle(1, "x", 0), FLOATS.T[:, np.newaxis]),
        (lambda x: x.dimshuffle([1, 0]), FLOATS.T),
        (lambda x: x.diagonal(), FLOATS.diagonal()),
        (lambda x: x.trace(), FLOATS.trace()),
        (lambda x: x.clip(0.2, 0.6), FLOATS.clip(0.2, 0.6)),
        (lambda x: x.round("half_away_from_zero"), np.floor(FLOATS + 0.5)),
        (lambda x: x.astype("int8"), FLOATS.astype("int8")),
        (lambda x: x.copy("y"), FLOATS),
        (lambda x: x.zeros_like(), np.zeros_like(FLOATS)),
        (lambda x: x.ones_like("int8"), np.ones_like(FLOATS, "int8")),
        (lambda x: x.fill(np.float64(2)), np.full_like(FLOATS, 2)),
        (lambda x: x.sum(0), FLOATS.sum(0)),
        (lambda x: x.prod(1), FLOATS.prod(1)),
        (lambda x: x.mean(), FLOATS.mean()),
        (lambda x: x.var(0, ddof=1), FLOATS.var(0, ddof=1)),
        (lambda x: x.std(1, keepdims=True), FLOATS.std(1, keepdims=True)),
        (lambda x: x.max(1), FLOATS.max(1)),
        (lambda x: x.min(0), FLOATS.min(0)),
        (lambda x: x.all(), np.True_),
        (lambda x: (x > 0.5).any(0), (FLOATS > 0.5).any(0)),
        (lambda x: x.argmax(1), FLOATS.argmax(1)),
        (lambda x: x.argmin(), FLOATS.argmin()),
        (lambda x: x.ptp(0), np.ptp(FLOATS, 0)),
        (lambda x: x.dot(x.T), FLOATS @ FLOATS.T),
        (lambda x: x.norm(2), np.linalg.norm(FLOATS)),
        (lambda x: x.norm(1, axis=0), np.linalg.norm(FLOATS, 1, axis=0)),
        (lambda x: x.norm(0, axis=1), np.array([3, 3])),
        (lambda x: x.norm(np.inf, axis=1, keepdims=True), FLOATS.max(1, keepdims=True)),
        (lambda x: x.norm(3, axis=1), np.linalg.norm(FLOATS, 3, axis=1)),
        (lambda x: x.cumsum(0), FLOATS.cumsum(0)),
        (lambda x: x.cumprod(), FLOATS.cumprod()),
        (lambda x: x.take([1, 0], axis=1), FLOATS.take([1, 0], axis=1)),
        (lambda x: x.repeat(2, axis=0), FLOATS.repeat(2, axis=0)),
        (lambda x: x.sort(axis=0), np.sort(FLOATS, axis=0)),
        (lambda x: x.argsort(axis=1), np.argsort(FLOATS, axis=1)),
        (lambda x: x.size, np.int64(6)),
        (lambda x: x.shape, np.array([2, 3])),
        (lambda x: x[1], FLOATS[1]),
    ],
)
def test_methods(function, expected):
    check(function, [FLOATS], expected)


def test_methods_of_vectors():
    ordered = np.sort(FLOATS.ravel())
    check(lambda x: x.searchsorted(0.4), [ordered], ordered.searchsorted(0.4))
    check(lambda x: x.size, [ordered], np.int64(6))
    check(lambda x: x[2].set(9.0)[2], [ordered], np.float64(9))
    check(lambda x: x[2].inc(1.0)[2], [ordered], ordered[2] + 1)
    v = pt.dvector("v")
    result = evaluate(v.nonzero_values(), {v: np.array([0.0, 2, 3])})
    np.testing.assert_array_equal(result, [2, 3])
    assert v.transfer("cpu") is v
    with pytest.raises(ValueError, match="cpu"):
        v.transfer("moon")


def test_attributes():
    x = pt.tensor("x", dtype="float32", shape=(None, 1))
    assert (x.ndim, x.dtype, x.broadcastable) == (2, "float32", (False, True))
    assert x.T.name == "x.T"


def test_equality_is_identity():
    x, y = pt.vectors("x", "y")
    assert x == x
    assert x != y
    assert [x, y].index(y) == 1


@pytest.mark.parametrize("other", [True, "a", None, object()])
def test_operands_that_are_no_arrays(other):
    with pytest.raises(TypeError, match="unsupported operand"):
        pt.vector("x") + other
    with pytest.raises(TypeError, match="unsupported operand"):
        other - pt.vector("x")


def test_another_class_may_take_over():
    class Other:
        def __radd__(self, left):
            return "taken"

    assert pt.vector("x") + Other() == "taken"


@pytest.mark.parametrize("convert", [bool, int, float, complex, operator.index])
def test_a_variable_has_no_python_value(convert):
    with pytest.raises(TypeError, match="cannot be converted to a Python"):
        convert(pt.scalar("x"))


def test_what_arrays_can_and_variables_cannot():
    x = pt.vector("x")
    with pytest.raises(TypeError, match="set"):
        x[0] = 1
    with pytest.raises(TypeError):
        len(x)
    with pytest.raises(TypeError, match="norm"):
        x.norm("fro")
    with pytest.raises(NotImplementedError):
        round(x, 2)


def test_iteration():
    assert len(list(pt.vector("x", shape=(3,)))) == 3
    assert len(list(pt.matrix("x").shape)) == 2
    for variable, error in [(pt.vector("x"), ValueError), (pt.matrix("x"), TypeError)]:
        with pytest.raises(error, match="Length of x"):
            list(variable)
    with pytest.raises(TypeError):
        iter(pt.scalar("x"))


def test_constants_know_their_shape():
    constant = TensorConstant(pt.dvector, [1, 2])
    assert constant.type.shape == (2,)
    assert constant.data.dtype == "float64"
    with pytest.raises(TypeError):
        TensorConstant(pt.dvector, [[1.0]])
    assert copy.deepcopy(constant) is constant
    assert pickle.loads(pickle.dumps(constant)).equals(constant)
    assert str(pt.constant(1.5)) == "1.5"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_graphs_keep_what_is_shared(copied):
    """A variable has no truth value, so what was copied already must be found without asking it."""
    x = pt.dvector("x")
    twice = pt.sin(x) * x + pt.sin(x).sum()
    twin_x, twin, (largest, _) = copied([x, twice, pt.max_and_argmax(twice, axis=0)])
    assert twin_x is not x
    assert twin_x.name == "x"
    assert list(explicit_graph_inputs([twin])) == [twin_x]
    data = np.array([0.5, -1.0, 2.0])
    np.testing.assert_array_equal(twin.eval({twin_x: data}), twice.eval({x: data}))
    assert largest.eval({twin_x: data}) == twice.eval({x: data}).max()


def test_equal_constants():
    assert pt.constant([1.0, np.nan]).equals(pt.constant([1.0, np.nan]))
    assert pt.constant([1, 2]).equals([1, 2])
    assert not pt.constant([1, 2]).equals(pt.constant([1, 3]))
    assert not pt.constant([1, 2]).equals(pt.lvector("v"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.0, 0.0, True),
        (0.0, -0.0, False),
        (np.nan, np.nan, True),
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([1, 2], [1.0, 2.0], False),
        ([[1]], [1], False),
    ],
)
def test_signatures_see_every_bit(one, other, same):
    signatures = pt.constant(one).signature(), pt.constant(other).signature()
    assert (signatures[0] == signatures[1]) is same
    assert (hash(signatures[0]) == hash(signatures[1])) is same


def test_unique_values():
    assert pt.constant([7, 7]).unique_value == 7
    assert pt.constant([7, 8]).unique_value is None
    assert pt.constant([]).unique_value is None
    assert pt.constant([0.0, -0.0]).unique_value is None
    assert get_unique_constant_value(pt.constant(3)) == 3
    assert get_unique_constant_value(pt.scalar("x")) is None


def test_watching_for_float64():
    with config.change_flags(warn_float64="raise"), pytest.raises(TypeError, match="float64"):
        pt.dvector("x")
    with config.change_flags(warn_float64="warn"), pytest.warns(UserWarning, match="float64"):
        pt.dvector("x")
    with config.change_flags(warn_float64="raise"):
        pt.fvector("x")


def test_values_for_trying_out():
    x = pt.dvector("x")
    x.tag.test_value = [1, 2]
    np.testing.assert_array_equal(x.get_test_value(), [1.0, 2.0])
    assert pt.constant(3).get_test_value() == 3
