"""The marginal likelihood of a Gaussian process and its gradient: one program, no fallbacks."""

import numpy as np
import pytest
import scipy.linalg

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl
from pytensorlite import function, grad


def log_marginal_likelihood(x, y, length, scale, noise):
    """Return the density of observations under a squared-exponential kernel."""
    n = x.shape[0]
    distance = (x[:, None] - x[None, :]) / length
    covariance = scale**2 * pt.exp(-0.5 * distance**2) + noise**2 * pt.eye(n)
    factor = ptl.cholesky(covariance)
    z = ptl.solve_triangular(factor, y, lower=True)
    return -0.5 * z @ z - pt.log(pt.diag(factor)).sum() - 0.5 * n * np.log(2 * np.pi)


def by_hand(x, y, length, scale, noise):
    """Return the same and its gradient as textbooks write it, with the inverse."""
    n = len(x)
    squares = (x[:, None] - x[None, :]) ** 2
    signal = scale**2 * np.exp(-0.5 * squares / length**2)
    factor = scipy.linalg.cho_factor(signal + noise**2 * np.eye(n), lower=True)
    a = scipy.linalg.cho_solve(factor, y)
    g = 0.5 * (np.outer(a, a) - scipy.linalg.cho_solve(factor, np.eye(n)))
    value = -0.5 * y @ a - np.log(np.diag(factor[0])).sum() - 0.5 * n * np.log(2 * np.pi)
    return [
        value,
        (g * signal * squares).sum() / length**3,
        2 * (g * signal).sum() / scale,
        2 * noise * np.trace(g),
    ]


@pytest.fixture(scope="module")
def model():
    """The compiled value and gradient."""
    x, y = pt.dvectors("x", "y")
    parameters = pt.dscalars("length", "scale", "noise")
    value = log_marginal_likelihood(x, y, *parameters)
    return function([x, y, *parameters], [value, *grad(value, parameters)], mode="C")


def test_it_is_one_program(model):
    assert model.fallbacks == []
    for routine in ("dpotrf", "dtrsv", "cholesky_pullback"):
        assert routine in model.c_source


@pytest.mark.parametrize("n", [1, 2, 31, 50, 192, 193, 300])
def test_value_and_gradient(model, rng, n):
    x = np.sort(rng.uniform(0, 10, n))
    arguments = (x, np.sin(x) + 0.1 * rng.normal(size=n), 1.2, 0.9, 0.3)
    np.testing.assert_allclose(model(*arguments), by_hand(*arguments), rtol=1e-8, atol=1e-8)


def test_curvature(rng):
    x, y = pt.dvectors("x", "y")
    length = pt.dscalar("length")
    slope = grad(log_marginal_likelihood(x, y, length, 0.9, 0.3), length)
    f = function([x, y, length], [slope, grad(slope, length)], mode="C")
    assert f.fallbacks == []
    points = np.sort(rng.uniform(0, 10, 40))
    values = np.sin(points)
    step = 1e-5
    above, below = (f(points, values, 1.2 + h)[0] for h in (step, -step))
    np.testing.assert_allclose(f(points, values, 1.2)[1], (above - below) / (2 * step), rtol=1e-6)


def test_a_covariance_that_is_not_positive_definite_gives_nan(model):
    found = model(np.zeros(3), np.ones(3), 1.0, 1.0, 0.0)
    assert np.isnan(found).all()
