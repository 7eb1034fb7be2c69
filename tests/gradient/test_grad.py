"""`grad`: every option, and what comes back."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite import config, function, grad, shared
from pytensorlite.gradient import (
    DisconnectedInputError,
    DisconnectedType,
    NullType,
    NullTypeGradError,
    disconnected_grad,
    disconnected_type,
    grad_undefined,
    undefined_grad,
)
from pytensorlite.graph.basic import Constant, equal_computations
from pytensorlite.graph.traversal import ancestors
from pytensorlite.ifelse import ifelse

from .evaluate import PLAIN, evaluate

X = np.array([1.0, 2.0, 3.0])


# The form of question and answer


def test_the_answer_comes_in_the_container_of_the_question():
    x, y = pt.dvectors("x", "y")
    cost = (x * y).sum()
    assert grad(cost, x).type == x.type
    assert isinstance(grad(cost, [x, y]), list)
    assert isinstance(grad(cost, (x, y)), tuple)
    assert grad(cost, []) == []


@pytest.mark.parametrize("wrt", [3, None, "x", [3], {1: 2}])
def test_wrt_must_be_variables(wrt):
    with pytest.raises(TypeError, match="wrt"):
        grad(pt.dscalar(), wrt)


def test_wrt_must_not_be_a_set():
    x = pt.dscalar("x")
    with pytest.raises(TypeError, match="wrt"):
        grad(x**2, {x})


def test_a_repeated_variable_gets_its_gradient_each_time():
    x = pt.dvector("x")
    first, second = grad((x**2).sum(), [x, x])
    assert first is second


def test_neither_cost_nor_known_gradients():
    with pytest.raises(ValueError, match="known_grads"):
        grad(None, pt.dscalar())


@pytest.mark.parametrize(
    "argument", ["disconnected_inputs", "return_disconnected", "null_gradients"]
)
def test_unknown_words_are_refused(argument):
    x = pt.dscalar("x")
    with pytest.raises(ValueError, match=f"{argument} must be one of"):
        grad(x**2, x, **{argument: "perhaps"})


# The cost


def test_cost_must_be_a_scalar():
    x = pt.dvector("x")
    with pytest.raises(TypeError, match=r"must be a scalar.*jacobian"):
        grad(x, x)


def test_cost_must_be_a_variable():
    with pytest.raises(TypeError, match="symbolic"):
        grad(3.0, pt.dscalar())


def test_null_cost_tells_its_reason():
    x = pt.dscalar("x")
    with pytest.raises(ValueError, match="steps have no slope"):
        grad(grad_undefined(pt.exp, 0, x, "steps have no slope"), x)


def test_disconnected_cost():
    with pytest.raises(ValueError, match="disconnected"):
        grad(disconnected_type(), pt.dscalar())


def test_complex_cost_is_refused_with_the_remedy():
    z = pt.zscalar("z")
    with pytest.raises(TypeError, match="real part"):
        grad(z**2, z)


def test_derivative_of_a_cost_by_itself_is_one():
    x = pt.dscalar("x")
    assert evaluate(grad(x, x), {x: 5.0}) == 1.0
    y = x**2
    assert evaluate(grad(y, y), {x: 5.0}) == 1.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gradients_have_the_variables_dtype(dtype):
    x = pt.vector("x", dtype=dtype)
    assert grad(pt.sin(x).sum(), x).type.dtype == dtype


def test_only_cotangents_are_cast_to_their_dtype():
    x, y = pt.fscalar("x"), pt.dscalar("y")
    assert grad(x * y, x).type.dtype == "float64"


# Integers


@pytest.mark.parametrize("floatX", ["float32", "float64"])
def test_gradient_of_an_integer_variable_is_a_float(floatX):
    with config.change_flags(floatX=floatX):
        x, n = pt.vector("x"), pt.lvector("n")
        gradient = grad((n * x.astype(floatX)).sum(), n)
        assert gradient.type.dtype.startswith("float")
        value = evaluate(gradient, {x: X.astype(floatX), n: np.array([1, 2, 3])})
        np.testing.assert_allclose(value, X)


def test_gradient_through_integer_outputs_is_zero():
    n = pt.lvector("n")
    gradient = grad((n * n).sum(), n)
    assert gradient.type.dtype == config.floatX
    np.testing.assert_array_equal(evaluate(gradient, {n: np.array([1, 2, 3])}), np.zeros(3))


def test_casting_to_integers_cuts():
    x = pt.dvector("x")
    gradient = grad(pt.cast(x, "int64").sum(), x)
    np.testing.assert_array_equal(evaluate(gradient, {x: X}), np.zeros(3))


@pytest.mark.parametrize("compare", [pt.eq, pt.lt, pt.ge])
def test_comparisons_give_zero_not_disconnected(compare):
    x, y = pt.dvectors("x", "y")
    gradient = grad(compare(x, y).sum(), x, return_disconnected="none")
    np.testing.assert_array_equal(evaluate(gradient, {x: X, y: X}), np.zeros(3))


def test_booleans_as_masks():
    x, mask = pt.dvector("x"), pt.bvector("mask")
    by_x, by_mask = grad((x * pt.neq(mask, 0)).sum(), [x, mask])
    values = {x: X, mask: np.array([1, 0, 1], dtype="int8")}
    np.testing.assert_array_equal(evaluate(by_x, values), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(evaluate(by_mask, values), np.zeros(3))


# Sums of contributions


def test_contributions_are_added():
    x = pt.dvector("x")
    np.testing.assert_allclose(evaluate(grad((x * x + 3 * x).sum(), x), {x: X}), 2 * X + 3)


def test_both_positions_of_a_node_count():
    x = pt.dscalar("x")
    assert evaluate(grad(x / x + x * x, x), {x: 3.0}) == 6.0


def test_a_single_contribution_is_returned_as_it_is():
    x, g = pt.dvectors("x", "g")
    assert grad(None, x, known_grads={x: g}) is g


def test_no_zeros_are_added():
    x, y = pt.dvectors("x", "y")
    gradient = grad((pt.sin(x) + pt.cos(x) * y).sum(), x)
    for variable in ancestors([gradient]):
        assert not (isinstance(variable, Constant) and np.all(variable.data == 0))


# Disconnected inputs


def test_disconnected_input_raises_and_shows_where_it_was_created():
    x, lonely = pt.dscalar("x"), pt.dscalar("lonely")
    with pytest.raises(DisconnectedInputError, match="lonely") as caught:
        grad(x**2, lonely)
    assert isinstance(caught.value, ValueError)
    assert "test_grad.py" in str(caught.value)


def test_disconnected_input_warns_once():
    x, lonely = pt.dscalar("x"), pt.dvector("lonely")
    with pytest.warns(UserWarning, match="lonely") as caught:
        gradient = grad(x**2, lonely, disconnected_inputs="warn")
    assert len(caught) == 1
    np.testing.assert_array_equal(evaluate(gradient, {x: 1.0, lonely: X}), np.zeros(3))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
def test_disconnected_zero(dtype):
    x, lonely = pt.dscalar("x"), pt.vector("lonely", dtype=dtype)
    gradient = grad(x**2, lonely, disconnected_inputs="ignore")
    expected = dtype if dtype.startswith("float") else config.floatX
    assert gradient.type.dtype == expected
    value = evaluate(gradient, {x: 1.0, lonely: np.ones(4, dtype=dtype)})
    np.testing.assert_array_equal(value, np.zeros(4))


def test_disconnected_none_and_disconnected():
    x, lonely = pt.dscalar("x"), pt.dvector("lonely")
    ignoring = {"disconnected_inputs": "ignore"}
    assert grad(x**2, lonely, return_disconnected="none", **ignoring) is None
    answer = grad(x**2, lonely, return_disconnected="disconnected", **ignoring)
    assert isinstance(answer.type, DisconnectedType)


def test_shapes_are_disconnected():
    x = pt.dvector("x")
    with pytest.raises(DisconnectedInputError):
        grad(x.shape[0].astype("float64") ** 2, x)


# Constants


def test_nothing_flows_below_a_constant():
    x, y = pt.dscalars("x", "y")
    square = x**2
    assert evaluate(grad(square * x, x, consider_constant=[square]), {x: 3.0}) == 9.0
    with pytest.raises(DisconnectedInputError):
        grad(square * y, x, consider_constant=[square])


def test_the_constant_itself_still_has_a_gradient():
    x, y = pt.dscalars("x", "y")
    assert evaluate(grad(x * y, x, consider_constant=[x]), {x: 3.0, y: 5.0}) == 5.0


def test_a_constant_cost_cuts_everything():
    x = pt.dvector("x")
    cost = x.sum()
    with pytest.raises(DisconnectedInputError):
        grad(cost, x, consider_constant=[cost])
    assert evaluate(grad(cost, cost, consider_constant=[cost]), {x: X}) == 1.0


def test_consider_constant_may_be_any_iterable():
    x = pt.dscalar("x")
    square = x**2
    for constants in ([square], (square,), {square}, iter([square])):
        assert evaluate(grad(square * x, x, consider_constant=constants), {x: 3.0}) == 9.0


@pytest.mark.parametrize("constants", [3, [3], pt.dvector("v")])
def test_consider_constant_must_hold_variables(constants):
    x = pt.dscalar("x")
    with pytest.raises(TypeError, match="consider_constant"):
        grad(x**2, x, consider_constant=constants)


def test_a_constant_can_be_asked_for():
    three = pt.constant(3.0)
    x = pt.dscalar("x")
    assert evaluate(grad(x * three, three), {x: 5.0}) == 5.0


# Known gradients


def test_known_gradients_start_the_walk():
    x, g = pt.dvectors("x", "g")
    gradient = grad(None, x, known_grads={x**2: g})
    np.testing.assert_allclose(evaluate(gradient, {x: X, g: X}), 2 * X**2)


def test_known_gradient_of_the_cost_is_its_seed():
    x, g = pt.dscalars("x", "g")
    cost = x**2
    assert evaluate(grad(cost, x, known_grads={cost: g}), {x: 3.0, g: 10.0}) == 60.0


def test_known_gradient_replaces_what_would_flow_from_above():
    x, g = pt.dscalars("x", "g")
    inner = x**2
    cost = inner**3 + x
    gradient = grad(cost, x, known_grads={inner: g})
    assert evaluate(gradient, {x: 3.0, g: 10.0}) == 61.0


def test_a_variable_may_be_known_and_asked_for():
    x, g = pt.dscalars("x", "g")
    assert grad(x**2, x, known_grads={x: g}) is g


def test_known_gradients_of_integer_variables():
    n, g = pt.lvector("n"), pt.dvector("g")
    assert grad(None, n, known_grads={n: g}) is g


def test_known_gradient_of_lower_rank_is_spread():
    x = pt.dvector("x")
    gradient = grad(None, x, known_grads={x**2: pt.constant(1.0)})
    np.testing.assert_allclose(evaluate(gradient, {x: X}), 2 * X)


def test_known_gradient_of_higher_rank_is_refused():
    x = pt.dscalar("x")
    with pytest.raises(ValueError, match="dimensions"):
        grad(None, x, known_grads={x: pt.dvector()})


@pytest.mark.parametrize("gradient", [1.0, pt.lvector("n")])
def test_known_gradients_must_be_continuous_variables(gradient):
    x = pt.dvector("x")
    with pytest.raises(TypeError, match=r"[Kk]nown"):
        grad(None, x, known_grads={x: gradient})


def test_known_disconnected_and_null():
    x = pt.dscalar("x")
    with pytest.raises(DisconnectedInputError):
        grad(None, x, known_grads={x**2: disconnected_type()})
    null = NullType("steps have no slope")()
    with pytest.raises(NullTypeGradError, match="steps have no slope"):
        grad(None, x, known_grads={x**2: null})


def test_known_gradients_make_the_same_graph_each_time():
    x = pt.dvector("x")
    parts = [pt.sin(x), pt.cos(x), pt.exp(x)]
    seeds = pt.dvectors("a", "b", "c")
    known = dict(zip(parts, seeds, strict=True))
    one, other = (grad(None, x, known_grads=known) for _ in range(2))
    assert equal_computations([one], [other])


# Null gradients


def test_null_gradient_raises_with_its_reason():
    x = pt.dscalar("x")
    with pytest.raises(NullTypeGradError, match="declared so") as caught:
        grad(undefined_grad(x) * 2, x)
    assert isinstance(caught.value, TypeError)


def test_null_gradient_can_be_returned():
    x, y = pt.dscalars("x", "y")
    by_x, by_y = grad(undefined_grad(x) * y, [x, y], null_gradients="return")
    assert isinstance(by_x.type, NullType)
    assert evaluate(by_y, {x: 3.0, y: 1.0}) == 3.0


def test_a_null_contribution_makes_the_sum_null():
    x = pt.dscalar("x")
    assert isinstance(grad(undefined_grad(x) + x, x, null_gradients="return").type, NullType)


# Names


def test_gradients_are_named():
    x, cost = pt.dvector("x"), (pt.dvector("x") ** 2).sum()
    inner = pt.exp(x)
    inner.name = "inner"
    cost = (inner**2).sum()
    cost.name = "cost"
    gradient = grad(cost, x)
    assert gradient.name == "(dcost/dx)"
    assert "(dcost/dinner)" in {variable.name for variable in ancestors([gradient])}


def test_names_are_left_out_on_request():
    x = pt.dvector("x")
    cost = (x**2).sum()
    cost.name = "cost"
    assert grad(cost, x, add_names=False).name is None


def test_variables_of_the_user_keep_their_names():
    x, known = pt.dvector("x"), pt.dvector("mine")
    unnamed = pt.dvector()
    cost = x.sum()
    cost.name = "cost"
    assert grad(cost, x, known_grads={x: known}).name == "mine"
    assert grad(cost, x, known_grads={x: unnamed}).name is None


def test_grad_leaves_the_users_graph_alone():
    x = pt.dvector("x")
    y = pt.exp(x)
    cost = (y * x).sum()
    cost.name = "cost"
    before = [(v, v.name, v.owner) for v in ancestors([cost])]
    grad(cost, x)
    assert [(v, v.name, v.owner) for v in ancestors([cost])] == before


def test_the_same_gradient_twice_is_the_same_graph():
    x = pt.dmatrix("x")
    cost = pt.log(pt.exp(x).sum(axis=0)).sum()
    assert equal_computations([grad(cost, x)], [grad(cost, x)])


# Kinds of graphs


def test_scalar_graphs():
    x, y = ps.float64("x"), ps.float64("y")
    by_x, by_y = grad(x * y + ps.exp(x), [x, y])
    assert by_x.type == x.type
    compiled = function([x, y], [by_x, by_y], mode=PLAIN)
    np.testing.assert_allclose(compiled(1.0, 2.0), [2.0 + np.e, 1.0])


def test_shared_variables():
    weights = shared(X, name="weights")
    np.testing.assert_allclose(grad((weights**2).sum(), weights).eval(mode=PLAIN), 2 * X)


def test_intermediate_variables():
    x = pt.dscalar("x")
    inner = x**2
    by_x, by_inner = grad(inner**3, [x, inner])
    assert evaluate(by_inner, {x: 2.0}) == 48.0
    assert evaluate(by_x, {x: 2.0}) == 192.0


def test_broadcasting_is_undone_where_the_length_one_is_static():
    row, matrix = pt.drow("row"), pt.dmatrix("matrix")
    gradient = grad((row * matrix).sum(), row)
    values = {row: np.ones((1, 3)), matrix: np.arange(6.0).reshape(2, 3)}
    np.testing.assert_allclose(evaluate(gradient, values), [[3.0, 5.0, 7.0]])


def test_disconnected_grad_cuts_one_path_only():
    x = pt.dscalar("x")
    assert evaluate(grad(x * disconnected_grad(x), x), {x: 3.0}) == 3.0


# Complex numbers: a gradient is dC/d(real part) + i dC/d(imaginary part)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda z: pt.real(z), 1.0 + 0.0j),
        (lambda z: pt.imag(z), 1.0j),
        (lambda z: abs(z) ** 2, 6.0 + 8.0j),
        (lambda z: pt.real(z * z), 6.0 - 8.0j),
        (lambda z: pt.real(pt.conj(z) * z), 6.0 + 8.0j),
        (lambda z: pt.real(pt.exp(z)), np.conj(np.exp(3.0 + 4.0j))),
    ],
)
def test_real_functions_of_complex_numbers(cost, expected):
    z = pt.zscalar("z")
    gradient = grad(cost(z), z)
    assert gradient.type.dtype == "complex128"
    np.testing.assert_allclose(evaluate(gradient, {z: 3.0 + 4.0j}), expected)


def test_real_variables_get_real_gradients_through_complex_paths():
    x = pt.dscalar("x")
    gradient = grad(abs(x * (3.0 + 4.0j)) ** 2, x)
    assert gradient.type.dtype == "float64"
    np.testing.assert_allclose(evaluate(gradient, {x: 2.0}), 100.0)


# What ops say about inputs that have no derivative


def kind_of_gradient(cost, wrt):
    gradient = grad(
        cost,
        wrt,
        disconnected_inputs="ignore",
        return_disconnected="disconnected",
        null_gradients="return",
    )
    return type(gradient.type).__name__


x, n, indices, s = pt.dvector("x"), pt.lscalar("n"), pt.lvector("indices"), pt.dscalar("s")
matrix, mask = pt.dmatrix("matrix"), pt.vector("mask", dtype="bool")

KINDS = {
    "TensorType": {
        "argmax": (pt.argmax(x).astype("float64"), x),
        "condition of switch": (pt.switch(mask, x, 2 * x).sum(), mask),
        "condition of ifelse": (ifelse(s, x, 2 * x).sum(), s),
        "argsort": (pt.argsort(x)[0].astype("float64"), x),
        "searchsorted": (pt.searchsorted(x, s).astype("float64"), s),
        "all": (pt.all(x).astype("float64"), x),
        "integer exponent": ((x**indices).sum(), indices),
    },
    "DisconnectedType": {
        "fill": (pt.fill(x, s).sum(), x),
        "shape": (x.shape[0] * s, x),
        "index": (x[indices].sum(), indices),
        "scalar index": (x[n], n),
        "index of set": (pt.set_subtensor(x[n], s).sum(), n),
        "index of inc": (pt.inc_subtensor(x[indices], s).sum(), indices),
        "arange": (pt.arange(n).sum().astype("float64"), n),
        "alloc": (pt.alloc(s, n).sum(), n),
        "reshape": (x.reshape((n, 1)).sum(), n),
        "repeat": (pt.repeat(x, n).sum(), n),
        "specify_shape": (pt.specify_shape(x, (n,)).sum(), n),
        "take": (pt.take(x, indices).sum(), indices),
    },
    "NullType": {
        "eye": (pt.eye(n).sum(), n),
        "nonzero": (pt.nonzero(x)[0].sum().astype("float64"), x),
        "axis of join": (pt.join(n, matrix, matrix).sum(), n),
        "unique": (pt.unique(x).sum(), x),
    },
}


@pytest.mark.parametrize(
    ("kind", "case"), [(kind, case) for kind, cases in KINDS.items() for case in cases]
)
def test_kinds_of_missing_derivatives(kind, case):
    assert kind_of_gradient(*KINDS[kind][case]) == kind
