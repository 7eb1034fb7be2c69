"""Derivatives stay finite where the mathematics is, and choices at kinks are the documented ones.

Each case is checked with and without rewrites: a rewrite must not buy its speed with a NaN.
"""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite import function, grad

from .evaluate import PLAIN

MODES = [PLAIN, "FAST_RUN"]
HUGE = np.array([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])


@pytest.fixture(params=MODES, ids=["plain", "fast"])
def slope(request):
    """Return the gradient of the sum of ``f(x)`` at a point."""

    def differentiate(f, at, order=1):
        at = np.asarray(at, dtype="float64")
        x = pt.tensor("x", dtype="float64", shape=(None,) * at.ndim)
        derivative = f(x)
        for _ in range(order):
            derivative = grad(derivative.sum(), x)
        return function([x], derivative, mode=request.param, on_unused_input="ignore")(at)

    return differentiate


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-abs(x))), np.exp(-abs(x)) / (1 + np.exp(-abs(x))))


# Far out


def test_sigmoid(slope):
    expected = sigmoid(HUGE) * sigmoid(-HUGE)
    np.testing.assert_allclose(slope(pt.sigmoid, HUGE), expected, rtol=1e-12, atol=1e-17)


def test_log_sigmoid(slope):
    value = slope(lambda x: pt.log(pt.sigmoid(x)), HUGE[1:])
    np.testing.assert_allclose(value, sigmoid(-HUGE[1:]), rtol=1e-12, atol=1e-17)


def test_softplus(slope):
    np.testing.assert_allclose(slope(pt.softplus, HUGE), sigmoid(HUGE), rtol=1e-12)
    second = slope(pt.softplus, HUGE, order=2)
    np.testing.assert_allclose(second, sigmoid(HUGE) * sigmoid(-HUGE), rtol=1e-12, atol=1e-17)


def test_tanh(slope):
    value = slope(pt.tanh, HUGE)
    assert np.all(np.isfinite(value))
    np.testing.assert_allclose(value[[0, -1]], 0.0, atol=1e-300)


ROWS = np.array([[1000.0, 0.0, -1000.0], [3.0, 3.0, 3.0], [-1e5, -1e5 + 1.0, -1e5]])


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_logsumexp(slope):
    value = slope(lambda x: pt.logsumexp(x, axis=-1), ROWS)
    np.testing.assert_allclose(value, softmax(ROWS), rtol=1e-12, atol=1e-300)


def test_log_softmax(slope):
    value = slope(lambda x: pt.special.log_softmax(x, axis=-1)[:, 0], ROWS)
    np.testing.assert_allclose(value, np.eye(3)[0] - softmax(ROWS), rtol=1e-12, atol=1e-12)


def test_softmax(slope):
    value = slope(lambda x: pt.special.softmax(x, axis=-1)[:, 0], ROWS)
    p = softmax(ROWS)
    np.testing.assert_allclose(value, p[:, :1] * (np.eye(3)[0] - p), atol=1e-12)


def test_logaddexp(slope):
    value = slope(lambda x: pt.logaddexp(x, -x), HUGE)
    np.testing.assert_allclose(value, np.tanh(HUGE), rtol=1e-12, atol=1e-12)


def test_log1mexp(slope):
    at = np.array([-1000.0, -40.0, -1.0, -1e-8])
    with np.errstate(over="ignore"):
        expected = -1 / np.expm1(-at)
    np.testing.assert_allclose(slope(pt.log1mexp, at), expected, rtol=1e-12, atol=1e-300)


# At zero


def test_sqrt_at_zero_is_infinite(slope):
    """The derivative is what the limit says, infinity; a cost that ignores it stays finite."""
    np.testing.assert_array_equal(slope(pt.sqrt, [0.0, 4.0]), [np.inf, 0.25])


def test_norm_at_zero_is_flat(slope):
    """A cone has no derivative at its tip; of the slopes that touch it there, 0 is chosen."""
    np.testing.assert_allclose(slope(pt.linalg.norm, [3.0, 4.0]), [0.6, 0.8])
    np.testing.assert_array_equal(slope(pt.linalg.norm, [0.0, 0.0]), [0.0, 0.0])
    rows = slope(lambda x: pt.linalg.norm(x, axis=1), [[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, 0.0]])
    np.testing.assert_array_equal(slope(pt.linalg.norm, np.zeros((2, 2))), np.zeros((2, 2)))


def test_cross_entropy_by_the_book():
    """Written with probabilities that round to 0 and 1, it is rewritten so as to stay finite."""
    z, y = pt.dvectors("z", "y")
    p = 1 / (1 + pt.exp(-z))
    cost = -(y * pt.log(p) + (1 - y) * pt.log(1 - p)).sum()
    at, labels = np.array([-1000.0, -1.0, 1.0, 1000.0]), np.array([0.0, 1.0, 0.0, 1.0])
    value, gradient = function([z, y], [cost, grad(cost, z)])(at, labels)
    np.testing.assert_allclose(value, np.log1p(np.e) * 2, rtol=1e-12)
    np.testing.assert_allclose(gradient, sigmoid(at) - labels, rtol=1e-12, atol=1e-300)


def test_abs_at_zero_is_flat(slope):
    np.testing.assert_array_equal(slope(abs, [-2.0, 0.0, 2.0]), [-1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("exponent", "expected"), [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (0.0, 0.0), (1.0, 1.0)]
)
def test_power_at_zero(slope, exponent, expected):
    np.testing.assert_array_equal(slope(lambda x: x**exponent, [0.0]), [expected])


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_power_at_zero_with_a_variable_exponent(dtype):
    x, n = pt.dvector("x"), pt.vector("n", dtype=dtype)
    for mode in MODES:
        gradient = function([x, n], grad((x**n).sum(), x), mode=mode)
        value = gradient(np.zeros(4), np.arange(4).astype(dtype))
        np.testing.assert_array_equal(value, [0.0, 1.0, 0.0, 0.0])


def test_zero_to_the_power(slope):
    """0**x is 0 for every positive x: flat."""
    value = slope(lambda x: pt.zeros_like(x) ** x, [1.0, 2.5])
    np.testing.assert_array_equal(value, [0.0, 0.0])


def test_power_of_negative_numbers(slope):
    np.testing.assert_allclose(slope(lambda x: x**3, [-2.0]), [12.0])
    np.testing.assert_allclose(slope(lambda x: x**3, [-2.0], order=2), [-12.0])


def test_products_with_zeros(slope):
    at = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]])
    expected = [[6.0, 0.0, 0.0], [0.0, 0.0, 0.0], [6.0, 3.0, 2.0]]
    np.testing.assert_allclose(slope(lambda x: pt.prod(x, axis=1), at), expected)


def test_second_derivatives_of_products_with_zeros(slope):
    value = slope(lambda x: pt.prod(x) ** 2, [0.0, 2.0, 3.0], order=2)
    # Of the sum over i of d(p²)/dx_i = 2 p Σ p/x_i: at x_0 = 0 only (p/x_0)² survives.
    np.testing.assert_allclose(value, [2 * 36.0, 0.0, 0.0])


def test_cumulative_products_with_zeros(slope):
    def f(x):
        return pt.cumprod(x)

    at = np.array([2.0, 0.0, 3.0])
    np.testing.assert_allclose(slope(f, at), [1.0, 2.0 * (1 + 3.0), 0.0])


def test_xlogx_at_zero_is_infinite_downhill(slope):
    assert slope(ps.xlogx, [0.0])[0] == -np.inf


# Branches


def test_switch_protects_the_gradient_only_when_the_argument_is_safe_too(slope):
    """The double-where trap: the branch not taken has an infinite slope, and 0 times it is NaN."""
    at = [0.0, 4.0]
    trapped = slope(lambda x: pt.switch(x > 0, pt.sqrt(x), 0.0), at)
    assert np.isnan(trapped[0]) or trapped[0] == 0.0

    def safe(x):
        positive = x > 0
        return pt.switch(positive, pt.sqrt(pt.switch(positive, x, 1.0)), 0.0)

    np.testing.assert_array_equal(slope(safe, at), [0.0, 0.25])


def test_switch_sends_the_gradient_to_the_branch_taken(slope):
    value = slope(lambda x: pt.switch(x > 0, x**2, -3.0 * x), [-1.0, 2.0])
    np.testing.assert_array_equal(value, [-3.0, 4.0])


# Ties


def test_max_gives_all_ties_their_due(slope):
    np.testing.assert_array_equal(slope(pt.max, [1.0, 3.0, 3.0]), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(slope(pt.min, [3.0, 1.0, 1.0]), [0.0, 1.0, 1.0])


@pytest.mark.parametrize("f", [pt.maximum, pt.minimum])
def test_maximum_gives_ties_to_the_first(f):
    x, y = pt.dvectors("x", "y")
    at = np.array([1.0, 2.0])
    for mode in MODES:
        by_x, by_y = function([x, y], grad(f(x, y).sum(), [x, y]), mode=mode)(at, at)
        np.testing.assert_array_equal(by_x, np.ones(2))
        np.testing.assert_array_equal(by_y, np.zeros(2))


def test_clip_at_its_bounds(slope):
    value = slope(lambda x: pt.clip(x, -1.0, 1.0), [-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(value, [0.0, 1.0, 1.0, 1.0, 0.0])


# Nothing, or one


@pytest.mark.parametrize("shape", [(0,), (1,), (0, 3), (3, 0), (1, 1)])
@pytest.mark.parametrize(
    "f",
    [
        pt.sum,
        pt.prod,
        lambda x: pt.exp(x).sum() ** 2,
        lambda x: pt.cumsum(x.ravel()),
        lambda x: x.T,
    ],
    ids=["sum", "prod", "chain", "cumsum", "transpose"],
)
def test_empty_and_single(slope, f, shape):
    assert slope(f, np.full(shape, 0.5)).shape == shape


def test_float16_accumulates_in_float32():
    x = pt.vector("x", dtype="float16")
    value = function([x], grad((x**2).mean(), x), mode=PLAIN)(np.ones(5000, dtype="float16"))
    assert value.dtype == "float16"
    np.testing.assert_allclose(value, 2 / 5000, rtol=1e-2)
