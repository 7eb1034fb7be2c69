"""`Rop` and `Lop` under all their names."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Lop, Rop
from pytensorlite.gradient import (
    DisconnectedInputError,
    DisconnectedType,
    NullTypeGradError,
    disconnected_grad,
    grad_scale,
    pullback,
    pushforward,
    pushforward_through_pullback,
    undefined_grad,
    zero_grad,
)
from pytensorlite.graph.traversal import graph_inputs

from .evaluate import evaluate

X = np.array([1.0, 2.0, 3.0])
V = np.array([10.0, 100.0, 1000.0])


@pytest.fixture(params=[False, True], ids=["twice backward", "forward"])
def rop(request):
    """`Rop`, both ways."""
    return lambda *args, **kwargs: Rop(*args, use_op_rop_implementation=request.param, **kwargs)


# Lop


def test_lop():
    x, v = pt.dvectors("x", "v")
    for spelling in (Lop, pullback):
        np.testing.assert_allclose(evaluate(spelling(x**2, x, v), {x: X, v: V}), 2 * X * V)


def test_lop_answers_as_wrt_was_given():
    x, v = pt.dvectors("x", "v")
    assert isinstance(Lop(x**2, [x], v), list)
    assert isinstance(Lop([x**2], (x,), [v]), tuple)


def test_lop_converts_arrays():
    x = pt.dvector("x")
    np.testing.assert_allclose(evaluate(Lop(x**2, x, V), {x: X}), 2 * X * V)


def test_lop_needs_one_point_an_output():
    x = pt.dvector("x")
    with pytest.raises(ValueError, match=r"1 outputs.*got 2"):
        Lop([x**2], [x], [x, x])


def test_lop_adds_what_outputs_computed_from_each_other_pull_back():
    x, v, w = pt.dvectors("x", "v", "w")
    y = 2 * x
    pulled = Lop([y, y**2], x, [v, w])
    np.testing.assert_allclose(evaluate(pulled, {x: X, v: V, w: V}), 2 * V + 2 * (2 * X) * 2 * V)


def test_lop_of_the_same_output_twice():
    x, v, w = pt.dvectors("x", "v", "w")
    y = x**2
    np.testing.assert_allclose(
        evaluate(Lop([y, y], x, [v, w]), {x: X, v: V, w: X}), 2 * X * (V + X)
    )


def test_lop_options():
    x, y, v = pt.dvectors("x", "y", "v")
    with pytest.raises(DisconnectedInputError):
        Lop(x**2, y, v)
    assert Lop(x**2, y, v, disconnected_inputs="ignore", return_disconnected="none") is None
    pulled = Lop(x * x**2, x, v, consider_constant=[x])
    np.testing.assert_allclose(evaluate(pulled, {x: X, v: V}), 3 * X**2 * V)


# Rop


def test_rop(rop):
    x, v = pt.dvectors("x", "v")
    pushed = rop(pt.sin(x) * x, x, v)
    np.testing.assert_allclose(evaluate(pushed, {x: X, v: V}), (np.cos(X) * X + np.sin(X)) * V)


def test_pushforward_is_its_newer_name():
    x, v = pt.dvectors("x", "v")
    for direct in (False, True):
        pushed = pushforward(x**2, x, v, use_op_pushforward=direct)
        np.testing.assert_allclose(evaluate(pushed, {x: X, v: V}), 2 * X * V)
    (pushed,) = pushforward_through_pullback([x**2], [x], [v])
    np.testing.assert_allclose(evaluate(pushed, {x: X, v: V}), 2 * X * V)


def test_rop_answers_as_f_was_given(rop):
    x, v = pt.dvectors("x", "v")
    assert isinstance(rop([x**2, x], x, v), list)
    assert isinstance(rop((x**2,), [x], [v]), tuple)


def test_rop_converts_arrays_and_integers(rop):
    x = pt.dvector("x")
    for point in (V, V.astype("int64"), V.astype("float32")):
        pushed = rop(x**2, [x], [point])
        np.testing.assert_allclose(
            evaluate(pushed[0] if isinstance(pushed, list) else pushed, {x: X}), 2 * X * V
        )


def test_rop_of_a_sum_of_two_variables_moves_both(rop):
    x, y, u, v = pt.dvectors("x", "y", "u", "v")
    pushed = rop(x + y, [x, y], [u, v])
    np.testing.assert_allclose(evaluate(pushed, {x: X, y: X, u: X, v: V}), X + V)


def test_rop_of_outputs_computed_from_each_other(rop):
    x, v = pt.dvectors("x", "v")
    y = 2 * x
    first, second = rop([y, y**2], x, v)
    np.testing.assert_allclose(evaluate(first, {x: X, v: V}), 2 * V)
    np.testing.assert_allclose(evaluate(second, {x: X, v: V}), 8 * X * V)


def test_rop_of_the_same_output_twice(rop):
    x, v = pt.dvectors("x", "v")
    y = x**2
    for pushed in rop([y, y], x, v):
        np.testing.assert_allclose(evaluate(pushed, {x: X, v: V}), 2 * X * V)


def test_rop_of_a_variable_along_itself(rop):
    x, v = pt.dvectors("x", "v")
    np.testing.assert_allclose(evaluate(rop(x, x, v), {x: X, v: V}), V)


def test_rop_with_a_variable_repeated_or_computed_from_another(rop):
    x, u, v = pt.dvectors("x", "u", "v")
    inner = 3 * x
    values = {x: X, u: X, v: V}
    np.testing.assert_allclose(evaluate(rop(x**2, [x, x], [u, v]), values), 2 * X * (X + V))
    pushed = rop(inner**2, [x, inner], [u, v])
    np.testing.assert_allclose(evaluate(pushed, values), 6 * X * (3 * X + V))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.reshape((3, 1)),
        lambda x: x[1:],
        lambda x: x[[0, 0, 2]],
        lambda x: pt.outer(x, x),
        lambda x: pt.set_subtensor(x[1:], x[:-1] ** 2),
        lambda x: pt.concatenate([x, x**2]),
        lambda x: pt.exp(x).sum(keepdims=True) * x,
        lambda x: pt.cumsum(x**2),
        lambda x: pt.switch(x > 1.5, x**2, x),
    ],
    ids=range(9),
)
def test_both_ways_agree_and_leave_no_dummy_behind(f):
    x, v = pt.dvectors("x", "v")
    backward = Rop(f(x), x, v)
    forward = Rop(f(x), x, v, use_op_rop_implementation=True)
    values = {x: X, v: V}
    np.testing.assert_allclose(evaluate(backward, values), evaluate(forward, values))
    assert {variable for variable in graph_inputs([backward]) if variable.name} <= {x, v}


def test_integers_on_the_way_do_not_stop_it(rop):
    x, v = pt.dvectors("x", "v")
    pushed = rop(x * pt.cast(x, "int64") + pt.floor(x), x, v)
    np.testing.assert_allclose(evaluate(pushed, {x: X + 0.5, v: V}), X * V)


def test_integer_outputs_have_zero_tangents(rop):
    x, v = pt.dvectors("x", "v")
    pushed = rop(pt.cast(x, "int64"), x, v)
    np.testing.assert_array_equal(evaluate(pushed, {x: X, v: V}), np.zeros(3))


def test_lengths_must_agree(rop):
    x, y = pt.dvectors("x", "y")
    with pytest.raises(ValueError, match="length"):
        rop([x * y], [x, y], [x])


def test_ranks_must_agree(rop):
    x, y = pt.dvectors("x", "y")
    with pytest.raises(ValueError, match="Element 1"):
        rop([x * y], [x, y], [x, pt.dscalar()])


def test_disconnected_wrt_twice_backward():
    x, y, v = pt.dvectors("x", "y", "v")
    with pytest.raises(DisconnectedInputError, match="y"):
        Rop(x**2, [x, y], [v, v])
    with pytest.warns(UserWarning, match="y"):
        Rop(x**2, [x, y], [v, v], disconnected_outputs="warn")
    pushed = Rop(x**2, [x, y], [v, v], disconnected_outputs="ignore")
    np.testing.assert_allclose(evaluate(pushed, {x: X, v: V}), 2 * X * V)


def test_disconnected_output_twice_backward():
    x, y, v = pt.dvectors("x", "y", "v")
    _, zero = Rop([x**2, y], [x], [v])
    np.testing.assert_array_equal(evaluate(zero, {y: X}), np.zeros(3))
    assert Rop([x**2, y], x, v, return_disconnected="none")[1] is None
    answer = Rop([x**2, y], x, v, return_disconnected="disconnected")[1]
    assert isinstance(answer.type, DisconnectedType)


def test_disconnected_output_forward():
    x, y, v = pt.dvectors("x", "y", "v")
    forward = {"use_op_rop_implementation": True}
    with pytest.raises(DisconnectedInputError, match="y"):
        Rop([x**2, y], x, v, **forward)
    with pytest.warns(UserWarning, match="y"):
        _, zero = Rop([x**2, y], x, v, disconnected_outputs="warn", **forward)
    np.testing.assert_array_equal(evaluate(zero, {y: X}), np.zeros(3))
    ignoring = {"disconnected_outputs": "ignore", **forward}
    assert Rop([x**2, y], x, v, return_disconnected="none", **ignoring)[1] is None
    # Which variables are used is not its business.
    Rop(x**2, [x, y], [v, v], **forward)


def test_unknown_words_are_refused(rop):
    x, v = pt.dvectors("x", "v")
    with pytest.raises(ValueError, match="disconnected_outputs must be one of"):
        rop(x, x, v, disconnected_outputs="perhaps")
    with pytest.raises(ValueError, match="return_disconnected must be one of"):
        rop(x, x, v, return_disconnected="perhaps")


def test_undefined_gradients_raise(rop):
    x, v = pt.dvectors("x", "v")
    with pytest.raises(NullTypeGradError, match="declared so"):
        rop(undefined_grad(x), x, v)


def test_views_in_forward_mode(rop):
    x, v = pt.dvectors("x", "v")
    values = {x: X, v: V}
    np.testing.assert_allclose(evaluate(rop(grad_scale(x, 3.0), x, v), values), 3 * V)
    np.testing.assert_allclose(evaluate(rop(x * zero_grad(x), x, v), values), X * V)
    np.testing.assert_allclose(evaluate(rop(x * disconnected_grad(x), x, v), values), X * V)


def test_rop_of_dtypes(rop):
    x, v = pt.fvector("x"), pt.dvector("v")
    assert rop(x**2, x, v).type.dtype == "float32"
