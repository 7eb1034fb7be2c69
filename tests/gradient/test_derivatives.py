"""`jacobian`, `hessian` and `hessian_vector_product`."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import grad
from pytensorlite.gradient import (
    DisconnectedInputError,
    NullTypeGradError,
    Rop,
    hessian,
    hessian_vector_product,
    jacobian,
    undefined_grad,
)

from .evaluate import evaluate


@pytest.fixture(params=[False, True], ids=["default", "vectorized"])
def jac(request):
    """`jacobian`, both ways."""
    return lambda *args, **kwargs: jacobian(*args, vectorize=request.param, **kwargs)


LENGTHS = [0, 1, 3]


@pytest.mark.parametrize("length", LENGTHS)
def test_jacobian_of_a_vector(jac, length):
    x = pt.dvector("x")
    at = np.arange(1.0, length + 1)
    value = evaluate(jac(x**2, x), {x: at})
    assert value.shape == (length, length)
    np.testing.assert_allclose(value, np.diag(2 * at))


@pytest.mark.parametrize("length", LENGTHS)
def test_jacobian_of_a_vector_of_known_length(jac, length):
    x = pt.tensor("x", dtype="float64", shape=(length,))
    at = np.arange(1.0, length + 1)
    np.testing.assert_allclose(evaluate(jac(pt.exp(x), x), {x: at}), np.diag(np.exp(at)))


@pytest.mark.parametrize("rows", LENGTHS)
@pytest.mark.parametrize("columns", LENGTHS)
def test_jacobian_of_a_matrix_expression(jac, rows, columns, rng):
    x = pt.dmatrix("x")
    at = rng.normal(size=(rows, columns))
    value = evaluate(jac(pt.sin(x).T, x), {x: at})
    assert value.shape == (columns, rows, rows, columns)
    expected = np.zeros_like(value)
    for i in range(rows):
        for j in range(columns):
            expected[j, i, i, j] = np.cos(at[i, j])
    np.testing.assert_allclose(value, expected)


def test_jacobian_by_variables_of_several_ranks(jac, rng):
    a, b, s = pt.dmatrix("a"), pt.dvector("b"), pt.dscalar("s")
    values = {a: rng.normal(size=(2, 3)), b: rng.normal(size=3), s: np.array(2.0)}
    by_a, by_b, by_s = (evaluate(j, values) for j in jac(s * pt.dot(a, b), [a, b, s]))
    assert by_a.shape == (2, 2, 3)
    np.testing.assert_allclose(by_a, 2.0 * np.eye(2)[:, :, None] * values[b])
    np.testing.assert_allclose(by_b, 2.0 * values[a])
    np.testing.assert_allclose(by_s, values[a] @ values[b])


def test_jacobian_of_a_scalar_is_its_gradient(jac):
    x = pt.dvector("x")
    at = np.arange(3.0)
    np.testing.assert_allclose(evaluate(jac((x**2).sum(), x), {x: at}), 2 * at)


def test_jacobian_answers_as_wrt_was_given(jac):
    x = pt.dvector("x")
    assert isinstance(jac(x**2, [x]), list)
    assert isinstance(jac(x**2, (x,)), tuple)
    assert isinstance(jac((x**2).sum(), (x,)), tuple)


def test_jacobian_of_the_variable_itself(jac):
    x = pt.dvector("x")
    np.testing.assert_allclose(evaluate(jac(x, x), {x: np.arange(3.0)}), np.eye(3))


def test_jacobian_through_integers_is_zero(jac):
    x = pt.dvector("x")
    value = evaluate(jac(pt.cast(x, "int64"), x), {x: np.arange(3.0)})
    np.testing.assert_array_equal(value, np.zeros((3, 3)))


def test_jacobian_by_integers(jac):
    x, n = pt.dvector("x"), pt.lvector("n")
    value = evaluate(jac(x * n, n), {x: np.arange(3.0), n: np.arange(3)})
    np.testing.assert_allclose(value, np.diag(np.arange(3.0)))


def test_jacobian_of_what_does_not_depend(jac):
    x, y = pt.dvector("x"), pt.dmatrix("y")
    with pytest.raises(DisconnectedInputError):
        jac(x**2, y)
    values = {x: np.arange(3.0), y: np.ones((2, 4))}
    zeros = jac(x**2, y, disconnected_inputs="ignore")
    np.testing.assert_array_equal(evaluate(zeros, values), np.zeros((3, 2, 4)))
    with pytest.warns(UserWarning, match="y"):
        by_x, by_y = jac(x**2, [x, y], disconnected_inputs="warn")
    np.testing.assert_allclose(evaluate(by_x, values), np.diag([0.0, 2.0, 4.0]))
    np.testing.assert_array_equal(evaluate(by_y, values), np.zeros((3, 2, 4)))


ASK = {
    "grad": lambda x, y: grad(x.sum(), y, disconnected_inputs="warn"),
    "hessian": lambda x, y: hessian(x.sum(), y, disconnected_inputs="warn"),
    "jacobian": lambda x, y: jacobian(x, y, disconnected_inputs="warn"),
    "Rop": lambda x, y: Rop(x, y, y, disconnected_outputs="warn"),
    "forward": lambda x, y: Rop(
        x, y, y, disconnected_outputs="warn", use_op_rop_implementation=True
    ),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_warnings_point_to_the_line_that_asked(ask):
    x, y = pt.dvectors("x", "y")
    with pytest.warns(UserWarning, match="depend") as caught:
        ask(x, y)
    assert {warning.filename for warning in caught} == {__file__}


def test_jacobian_consider_constant(jac):
    x = pt.dvector("x")
    square = x**2
    at = np.arange(1.0, 4.0)
    value = evaluate(jac(x * square, x, consider_constant=[square]), {x: at})
    np.testing.assert_allclose(value, np.diag(at**2))


def test_jacobian_undefined(jac):
    x = pt.dvector("x")
    with pytest.raises(NullTypeGradError):
        jac(undefined_grad(x), x)


@pytest.mark.parametrize("expression", [3.0, [1.0], None])
def test_jacobian_expression_must_be_a_variable(jac, expression):
    with pytest.raises(TypeError, match="jacobian expects"):
        jac(expression, pt.dvector())


@pytest.mark.parametrize(
    "f",
    [
        lambda x: pt.cumsum(x**2),
        lambda x: x[::-1] * x[0],
        lambda x: x[[0, 0, 1]] ** 2,
        lambda x: pt.set_subtensor(x[1:], pt.sin(x[:-1])),
        lambda x: pt.dot(pt.outer(x, x), x),
        lambda x: pt.concatenate([x, x.sum(keepdims=True)]),
        lambda x: pt.special.softmax(x),
        lambda x: pt.switch(x > 1, x**2, x),
        lambda x: x / pt.sqrt((x**2).sum()),
    ],
    ids=range(9),
)
def test_jacobian_agrees_with_differences(jac, f, rng):
    x = pt.dvector("x")
    at = rng.normal(size=3) + 2.0
    value = evaluate(jac(f(x), x), {x: at})
    step = 1e-6
    columns = [
        (evaluate(f(x), {x: at + step * unit}) - evaluate(f(x), {x: at - step * unit})) / (2 * step)
        for unit in np.eye(3)
    ]
    np.testing.assert_allclose(value, np.stack(columns, axis=1), atol=1e-7)


# Hessians


def test_hessian():
    x = pt.dvector("x")
    at = np.arange(1.0, 4.0)
    np.testing.assert_allclose(evaluate(hessian((x**3).sum(), x), {x: at}), np.diag(6 * at))


@pytest.mark.parametrize("length", LENGTHS)
def test_hessian_of_any_length(length):
    x = pt.dvector("x")
    at = np.arange(1.0, length + 1)
    value = evaluate(hessian(pt.exp(x).sum() ** 2, x), {x: at})
    e = np.exp(at)
    np.testing.assert_allclose(value, 2 * np.outer(e, e) + 2 * e.sum() * np.diag(e))


def test_hessian_has_one_block_a_variable():
    x, y = pt.dvectors("x", "y")
    values = {x: np.arange(2.0), y: np.arange(3.0)}
    blocks = hessian((x**2).sum() * y.sum() + (y**2).sum(), (x, y))
    assert isinstance(blocks, tuple)
    np.testing.assert_allclose(evaluate(blocks[0], values), 6.0 * np.eye(2))
    np.testing.assert_allclose(evaluate(blocks[1], values), 2.0 * np.eye(3))


def test_hessian_of_a_linear_cost_is_zero():
    x, y = pt.dvectors("x", "y")
    values = {x: np.arange(2.0), y: np.arange(3.0)}
    by_x, by_y = hessian(x.sum() + (y**2).sum(), [x, y])
    np.testing.assert_array_equal(evaluate(by_x, values), np.zeros((2, 2)))
    np.testing.assert_allclose(evaluate(by_y, values), 2.0 * np.eye(3))


def test_hessian_disconnected():
    x, y = pt.dvectors("x", "y")
    with pytest.raises(DisconnectedInputError):
        hessian((x**2).sum(), y)
    zeros = hessian((x**2).sum(), y, disconnected_inputs="ignore")
    np.testing.assert_array_equal(evaluate(zeros, {y: np.ones(2)}), np.zeros((2, 2)))


def test_hessian_consider_constant():
    x = pt.dvector("x")
    square = x**2
    value = hessian((square * x**2).sum(), x, consider_constant=[square])
    np.testing.assert_allclose(evaluate(value, {x: np.array([1.0, 2.0])}), np.diag([2.0, 8.0]))


def test_hessian_refuses():
    x = pt.dvector("x")
    with pytest.raises(TypeError, match="cost"):
        hessian(3.0, x)
    with pytest.raises(ValueError, match="cost"):
        hessian(x, x)
    with pytest.raises(TypeError, match="wrt"):
        hessian(x.sum(), 3.0)
    with pytest.raises(ValueError, match="vectors"):
        hessian(x.sum(), pt.dmatrix())


# Hessian times vector


def test_hessian_vector_product():
    x, p = pt.dvectors("x", "p")
    at, along = np.arange(1.0, 4.0), np.array([10.0, 100.0, 1000.0])
    product = hessian_vector_product((x**3).sum(), x, p)
    np.testing.assert_allclose(evaluate(product, {x: at, p: along}), 6 * at * along)


def test_hessian_vector_product_includes_cross_terms(rng):
    x, y, p, q = pt.dvectors("x", "y", "p", "q")
    cost = (x * y).sum() ** 2
    values = {v: rng.normal(size=3) for v in (x, y, p, q)}
    by_x, by_y = evaluate(hessian_vector_product(cost, [x, y], [p, q]), values)
    # Each block product is the derivative of the gradient's inner product with (p, q).
    g_x, g_y = grad(cost, [x, y])
    expected = evaluate(grad((g_x * p).sum() + (g_y * q).sum(), [x, y]), values)
    np.testing.assert_allclose(by_x, expected[0])
    np.testing.assert_allclose(by_y, expected[1])


def test_hessian_vector_product_of_matrices(rng):
    w, p = pt.dmatrices("w", "p")
    values = {w: rng.normal(size=(2, 3)), p: rng.normal(size=(2, 3))}
    value = evaluate(hessian_vector_product((w**2).sum(), w, p), values)
    np.testing.assert_allclose(value, 2 * values[p])


def test_hessian_vector_product_of_a_linear_cost_is_zero():
    x, p = pt.dvectors("x", "p")
    value = evaluate(hessian_vector_product(x.sum(), x, p), {x: np.ones(2), p: np.ones(2)})
    np.testing.assert_array_equal(value, np.zeros(2))


def test_hessian_vector_product_options_and_forms():
    x, y, p = pt.dvectors("x", "y", "p")
    cost = (x**2).sum()
    assert isinstance(hessian_vector_product(cost, [x], [p]), list)
    assert isinstance(hessian_vector_product(cost, (x,), (p,)), tuple)
    product = hessian_vector_product(cost, [x, y], [p, p], disconnected_inputs="ignore")
    values = {x: np.ones(2), y: np.ones(3), p: np.ones(2)}
    np.testing.assert_array_equal(evaluate(product[1], {**values}), np.zeros(3))
    with pytest.raises(DisconnectedInputError):
        hessian_vector_product(cost, y, p)
    with pytest.raises(ValueError, match="length"):
        hessian_vector_product(cost, [x], [p, p])
