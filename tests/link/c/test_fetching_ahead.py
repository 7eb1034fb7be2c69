"""Rows that are fetched before they are needed: where, and that nothing else changes."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt


def regression(dtype="float64"):
    """Value and gradient of logistic regression, which reads its rows twice."""
    X, w = pt.matrix("X", dtype=dtype), pt.vector("w", dtype=dtype)
    value = pt.softplus(X @ w).sum(acc_dtype=dtype)
    return pytensorlite.function([X, w], [value, pytensorlite.grad(value, w)], mode="C")


def softmax():
    x = pt.dmatrix("x")
    return pytensorlite.function([x], pt.special.log_softmax(x, axis=1), mode="C")


def rows_that_are_read_once():
    x = pt.dmatrix("x")
    return pytensorlite.function([x], x.sum(axis=1), mode="C")


def variances(more=1):
    """`more` of them in one kernel each, or together."""
    x = [pt.dmatrix(f"x{number}") for number in range(more)]
    return pytensorlite.function(x, [each.var(axis=1) for each in x], mode="C")


def test_rows_are_fetched_where_they_are_read_again():
    assert "ptl_fetch_ahead(&x0[i*n1], 8*i_fetched);" in regression().c_source
    assert "ptl_fetch_ahead(&x0[i*n1], 4*i_fetched);" in regression("float32").c_source
    assert "ptl_fetch_ahead" in variances().c_source


@pytest.mark.parametrize("build", [softmax, rows_that_are_read_once])
def test_rows_are_not_fetched_where_arithmetic_takes_longer_or_memory_never_waits(build):
    assert "ptl_fetch_ahead" not in build().c_source


def test_several_loops_of_one_program(rng):
    function = variances(3)
    arrays = [rng.normal(size=(50, n)) for n in (3, 40, 700)]
    for ours, array in zip(function(*arrays), arrays, strict=True):
        np.testing.assert_allclose(ours, array.var(axis=1), rtol=1e-12)


@pytest.mark.parametrize("columns", [1, 7, 16, 31, 33, 100, 255, 257, 1025, 20_000])
def test_blocks_of_any_number_of_rows(columns, rng):
    function = regression()
    for n in (1, 7, 8, 17, 65, 200):
        X, w = rng.normal(size=(n, columns)), rng.normal(size=columns) / columns
        value, gradient = function(X, w)
        np.testing.assert_allclose(value, np.logaddexp(0, X @ w).sum(), rtol=1e-12)
        expected = X.T @ (1 / (1 + np.exp(-(X @ w))))
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("columns", [24, 90])
def test_a_matrix_beyond_the_caches(columns, rng):
    n = (70 << 20) // (8 * columns) + 5  # enough to be fetched ahead, and a rest
    X, w = rng.normal(size=(n, columns)), rng.normal(size=columns) / columns
    value, gradient = regression()(X, w)
    np.testing.assert_allclose(value, np.logaddexp(0, X @ w).sum(), rtol=1e-11)
    np.testing.assert_allclose(gradient, X.T @ (1 / (1 + np.exp(-(X @ w)))), rtol=1e-8)
    np.testing.assert_allclose(variances()(X)[0], X.var(axis=1), rtol=1e-11)
