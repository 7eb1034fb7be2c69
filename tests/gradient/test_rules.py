"""Derivatives that users write in ops of their own, and the mistakes they may make."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Rop, grad
from pytensorlite.gradient import (
    DisconnectedInputError,
    DisconnectedType,
    NullType,
    NullTypeGradError,
    disconnected_type,
    grad_not_implemented,
    grad_undefined,
    undefined_grad,
)
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.op import Op

from .evaluate import evaluate


class Twice(Op):
    """Two inputs, two outputs: ``2 x`` and ``3 y``."""

    __props__ = ()

    def make_node(self, x, y):
        x, y = pt.as_tensor_variable(x), pt.as_tensor_variable(y)
        return Apply(self, [x, y], [x.type(), y.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = np.asarray(2 * inputs[0])
        output_storage[1][0] = np.asarray(3 * inputs[1])


def op_with(**methods):
    """Return an instance of `Twice` with further methods."""
    return type("Custom", (Twice,), methods)()


DIAGONAL = [[True, False], [False, True]]


def scaled(cotangent, factor):
    if isinstance(cotangent.type, DisconnectedType):
        return cotangent
    return factor * cotangent


# The names under which a derivative may be defined

SPELLINGS = {
    "grad": lambda self, inputs, gs: [scaled(gs[0], 2), scaled(gs[1], 3)],
    "L_op": lambda self, inputs, outputs, gs: [scaled(gs[0], 2), scaled(gs[1], 3)],
    "pullback": lambda self, inputs, outputs, gs: [scaled(gs[0], 2), scaled(gs[1], 3)],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_reverse_rules_by_every_name(spelling):
    op = op_with(
        **{spelling: SPELLINGS[spelling], "connection_pattern": lambda self, node: DIAGONAL}
    )
    x, y = pt.dscalars("x", "y")
    a, b = op(x, y)
    by_x, by_y = grad(a * b, [x, y])
    assert evaluate([by_x, by_y], {x: 5.0, y: 7.0}) == [42.0, 30.0]


FORWARD_SPELLINGS = {
    "R_op": lambda self, inputs, points: [
        None if p is None else f * p for f, p in zip((2, 3), points, strict=True)
    ],
    "pushforward": lambda self, inputs, outputs, tangents: [
        scaled(tangents[0], 2),
        scaled(tangents[1], 3),
    ],
}


@pytest.mark.parametrize("spelling", FORWARD_SPELLINGS)
def test_forward_rules_by_every_name(spelling):
    op = op_with(**{spelling: FORWARD_SPELLINGS[spelling]})
    x, y, u, v = pt.dscalars("x", "y", "u", "v")
    a, b = op(x, y)
    (pushed,) = Rop([a + b], [x, y], [u, v], use_op_rop_implementation=True)
    assert evaluate(pushed, {u: 1.0, v: 10.0, x: 0.0, y: 0.0}) == 32.0
    # An output that does not move is disconnected, not zero.
    (pushed,) = Rop([a + b], [x], [u], use_op_rop_implementation=True)
    assert evaluate(pushed, {u: 1.0, x: 0.0, y: 0.0}) == 2.0


def test_op_without_derivative_raises_while_grad_runs():
    x, y = pt.dscalars("x", "y")
    with pytest.raises(NotImplementedError, match="Twice"):
        grad(Twice()(x, y)[0], x)
    with pytest.raises(NotImplementedError, match="Twice"):
        Rop(Twice()(x, y)[0], x, y, use_op_rop_implementation=True)


def test_the_rule_is_asked_once_with_all_cotangents():
    calls = []

    def pullback(self, inputs, outputs, cotangents):
        calls.append(cotangents)
        return [scaled(cotangents[0], 2), scaled(cotangents[1], 3)]

    op = op_with(pullback=pullback, connection_pattern=lambda self, node: DIAGONAL)
    x, y = pt.dscalars("x", "y")
    a, b = op(x, y)
    grad(a * a + b, [x, y])
    assert len(calls) == 1
    grad(a * 2, [x, y], disconnected_inputs="ignore")
    assert isinstance(calls[1][1].type, DisconnectedType)
    assert not isinstance(calls[1][0].type, DisconnectedType)


def test_the_rule_is_not_asked_if_no_output_matters():
    def pullback(self, inputs, outputs, cotangents):
        raise AssertionError("nobody should ask")

    op = op_with(pullback=pullback, connection_pattern=lambda self, node: DIAGONAL)
    x, y = pt.dscalars("x", "y")
    a, _ = op(x, y)
    with pytest.raises(DisconnectedInputError):
        grad(a, y)


def test_the_rule_is_not_asked_if_all_that_matters_is_null():
    def pullback(self, inputs, outputs, cotangents):
        raise AssertionError("nobody should ask")

    x, y = pt.dscalars("x", "y")
    a, _ = op_with(pullback=pullback)(x, y)
    gradient = grad(undefined_grad(a), x, null_gradients="return")
    assert isinstance(gradient.type, NullType)


def test_null_reaches_only_the_inputs_connected_to_it():
    op = op_with(pullback=SPELLINGS["pullback"], connection_pattern=lambda self, node: DIAGONAL)
    x, y = pt.dscalars("x", "y")
    a, b = op(x, y)
    by_x, by_y = grad(undefined_grad(a) + b, [x, y], null_gradients="return")
    assert isinstance(by_x.type, NullType)
    assert evaluate(by_y, {x: 1.0, y: 1.0}) == 3.0
    with pytest.raises(NullTypeGradError, match="declared so"):
        grad(undefined_grad(a) + b, [x, y])


@pytest.mark.parametrize("reason", [grad_not_implemented, grad_undefined])
def test_a_rule_may_say_that_there_is_no_derivative(reason):
    def pullback(self, inputs, outputs, cotangents):
        return [reason(self, 0, inputs[0], "it is night"), scaled(cotangents[1], 3)]

    x, y = pt.dscalars("x", "y")
    a, b = op_with(pullback=pullback)(x, y)
    with pytest.raises(NullTypeGradError, match="it is night"):
        grad(a + b, x)
    assert evaluate(grad(a + b, y), {x: 1.0, y: 1.0}) == 3.0


def test_cotangents_are_cast_to_the_outputs_dtype():
    seen = []

    def pullback(self, inputs, outputs, cotangents):
        seen.extend(cotangents)
        return [2 * cotangents[0], disconnected_type()]

    pattern = lambda self, node: DIAGONAL
    x, y = pt.fscalar("x"), pt.dscalar("y")
    a, _ = op_with(pullback=pullback, connection_pattern=pattern)(x, y)
    grad(a * pt.dscalar(), x)
    assert seen[0].type.dtype == "float32"


# Wrong answers of pullback


def answering(answer, pattern=None):
    methods = {"pullback": lambda self, inputs, outputs, gs: answer(inputs, gs)}
    if pattern is not None:
        methods["connection_pattern"] = lambda self, node: pattern
    return op_with(**methods)


WRONG_ANSWERS = {
    "nothing": (lambda xs, gs: None, TypeError, "returned None"),
    "no list": (lambda xs, gs: gs[0], TypeError, "expected a list"),
    "too few": (lambda xs, gs: [gs[0]], ValueError, "1 terms.* 2 inputs"),
    "too many": (lambda xs, gs: [*gs, gs[0]], ValueError, "3 terms.* 2 inputs"),
    "None inside": (
        lambda xs, gs: [None, gs[1]],
        TypeError,
        r"None for input 0 \(x\).*disconnected_type",
    ),
    "a number": (lambda xs, gs: [gs[0], 3.0], TypeError, r"3\.0.*float for input 1 \(y\)"),
    "integers": (
        lambda xs, gs: [gs[0], pt.constant(3, dtype="int64")],
        TypeError,
        r"int64 for input 1 \(y\)",
    ),
    "wrong rank": (
        lambda xs, gs: [pt.dvector(), gs[1]],
        ValueError,
        r"1 dimensions for input 0 \(x\), which has 0",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_wrong_answers_of_pullback_name_op_and_input(wrong):
    answer, error, message = WRONG_ANSWERS[wrong]
    x, y = pt.dscalars("x", "y")
    a, b = answering(answer)(x, y)
    with pytest.raises(error, match=message) as caught:
        grad(a + b, [x, y])
    assert "Custom.pullback" in str(caught.value)


def test_the_method_that_was_written_is_blamed():
    x, y = pt.dscalars("x", "y")
    a, b = op_with(grad=lambda self, inputs, gs: None)(x, y)
    with pytest.raises(TypeError, match=r"Custom\.grad returned None"):
        grad(a + b, [x, y])


def test_connected_against_the_pattern():
    x, y = pt.dscalars("x", "y")
    a, _ = answering(lambda xs, gs: [2 * gs[0], 3 * gs[0]], DIAGONAL)(x, y)
    with pytest.raises(TypeError, match=r"input 1 \(y\).*connection_pattern"):
        grad(a, [x, y], disconnected_inputs="ignore")


def test_disconnected_against_the_pattern():
    x, y = pt.dscalars("x", "y")
    a, b = answering(lambda xs, gs: [disconnected_type(), gs[1]], DIAGONAL)(x, y)
    with pytest.raises(TypeError, match=r"input 0 \(x\).*connection_pattern"):
        grad(a + b, [x, y])


def test_disconnected_without_a_pattern_is_a_warning():
    x, y = pt.dscalars("x", "y")
    a, b = answering(lambda xs, gs: [disconnected_type(), gs[1]])(x, y)
    with (
        pytest.warns(UserWarning, match=r"input 0 \(x\).*should define its own"),
        pytest.raises(DisconnectedInputError),
    ):
        grad(a + b, x)


def test_nonzero_constant_where_only_integers_are_connected():
    n, y = pt.lscalar("n"), pt.dscalar("y")
    a, b = answering(lambda xs, gs: [pt.constant(1.0), gs[1]], DIAGONAL)(n, y)
    with pytest.raises(ValueError, match="discrete"):
        grad(a + b, [n, y])
    a, b = answering(lambda xs, gs: [pt.constant(0.0), gs[1]], DIAGONAL)(n, y)
    assert evaluate(grad(a + b, n), {n: 1, y: 1.0}) == 0.0


# Wrong patterns

WRONG_PATTERNS = {
    "no list": ((), TypeError),
    "rows missing": ([[True, True]], ValueError),
    "row no list": ([(True, True), [True, True]], TypeError),
    "row too short": ([[True], [True, True]], ValueError),
    "not bool": ([[1, True], [True, True]], TypeError),
}


@pytest.mark.parametrize("wrong", WRONG_PATTERNS)
def test_wrong_patterns_name_the_op(wrong):
    pattern, error = WRONG_PATTERNS[wrong]
    x, y = pt.dscalars("x", "y")
    a, _ = answering(lambda xs, gs: gs, pattern)(x, y)
    with pytest.raises(error, match=r"Custom\.connection_pattern"):
        grad(a, x)


# Wrong answers of pushforward

WRONG_TANGENTS = {
    "nothing": (lambda xs, ts: None, TypeError, "returned None"),
    "too few": (lambda xs, ts: [ts[0]], ValueError, "1 terms.* 2 outputs"),
    "a number": (lambda xs, ts: [ts[0], 3.0], TypeError, "output 1"),
    "integers": (lambda xs, ts: [pt.constant(3), ts[1]], TypeError, "output 0"),
    "wrong rank": (lambda xs, ts: [pt.dvector(), ts[1]], ValueError, "output 0"),
}


@pytest.mark.parametrize("wrong", WRONG_TANGENTS)
def test_wrong_answers_of_pushforward_name_op_and_output(wrong):
    answer, error, message = WRONG_TANGENTS[wrong]
    x, y, u, v = pt.dscalars("x", "y", "u", "v")
    op = op_with(pushforward=lambda self, inputs, outputs, ts: answer(inputs, ts))
    a, b = op(x, y)
    with pytest.raises(error, match=message) as caught:
        Rop([a, b], [x, y], [u, v], use_op_rop_implementation=True)
    assert "Custom.pushforward" in str(caught.value)
