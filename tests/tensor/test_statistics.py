"""Means, variances, and sums of exponentials."""

import numpy as np
import pytest
from scipy.special import logsumexp

import pytensorlite.tensor as pt
from pytensorlite.graph.traversal import ancestors
from tests.tensor.tools import check, check_gradient, evaluate

CUBE = np.random.default_rng(4).normal(size=(2, 3, 4)) * 2
AXES = [None, 0, -1, (0, 2)]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool"])
@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_moments(name, dtype, axis):
    array = CUBE.astype(dtype)
    expected = getattr(np, name)(array, axis=axis)
    check(lambda x: getattr(pt, name)(x, axis=axis), [array], expected)
    kept = getattr(np, name)(array, axis=axis, keepdims=True)
    check(lambda x: getattr(pt, name)(x, axis=axis, keepdims=True), [array], kept)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("function", [pt.mean, pt.var, pt.std, pt.logsumexp])
def test_derivatives(function, axis):
    check_gradient(lambda x: function(x, axis=axis), [CUBE])


def test_options_of_moments():
    check(lambda x: pt.var(x, axis=1, ddof=1), [CUBE], CUBE.var(1, ddof=1))
    check(lambda x: pt.var(x, axis=1, corrected=True), [CUBE], CUBE.var(1))
    check(lambda x: pt.std(x, ddof=2), [CUBE], CUBE.std(ddof=2))
    check(lambda x: pt.mean(x, dtype="float32"), [CUBE], CUBE.astype("float32").mean())
    check(lambda x: pt.var(x), [CUBE + 1j * CUBE[::-1]], (CUBE + 1j * CUBE[::-1]).var())
    assert pt.mean(pt.vector("x")).name == "mean"
    with pytest.raises(ValueError, match="ddof"):
        pt.var(pt.vector("x"), ddof=True)


def test_a_mean_of_nothing_is_nan():
    x = pt.dmatrix("x")
    assert np.isnan(evaluate(pt.mean(x, axis=0), {x: np.zeros((0, 2))})).all()


def test_the_mean_of_half_precision_does_not_overflow():
    check(pt.mean, [np.full(2048, 100, "float16")], np.float16(100))


@pytest.mark.parametrize("axis", AXES)
def test_sums_of_exponentials_do_not_overflow(axis):
    check(lambda x: pt.logsumexp(x, axis=axis), [CUBE * 1000], logsumexp(CUBE * 1000, axis=axis))
    kept = logsumexp(CUBE, axis=axis, keepdims=True)
    check(lambda x: pt.logsumexp(x, axis=axis, keepdims=True), [CUBE], kept)


def test_sums_of_exponentials_of_infinities():
    rows = np.array([[-np.inf, -np.inf], [1, -np.inf], [np.inf, 1], [np.nan, 1]])
    check(lambda x: pt.logsumexp(x, axis=1), [rows], logsumexp(rows, axis=1))
    check(pt.logsumexp, [np.int8([127, -128])], np.float32(127))
    x = pt.dvector("x")
    slope = pt.grad(pt.logsumexp(x), x)
    values = {x: np.array([0.0, -np.inf, 800.0])}
    np.testing.assert_allclose(evaluate(slope, values), [0, 0, 1])


def test_the_derivative_of_a_sum_of_exponentials_has_no_terms_that_cancel():
    x = pt.dvector("x")
    slope = pt.grad(pt.logsumexp(x), x)
    assert not any(str(v.owner.op).startswith("Eq") for v in ancestors([slope]) if v.owner)


def test_logaddexp():
    a, b = CUBE[0], CUBE[1]
    check(pt.logaddexp, [a, b], np.logaddexp(a, b))
    check(lambda x, y: pt.logaddexp(x, y, x), [a, b], np.logaddexp(np.logaddexp(a, b), a))
    check_gradient(pt.logaddexp, [a, b])


@pytest.mark.parametrize("axis", AXES)
def test_median(axis):
    check(lambda x: pt.median(x, axis=axis), [CUBE], np.median(CUBE, axis=axis))
    odd = CUBE[:, :, :3].copy()
    odd[0, 0, 0] = np.nan
    check(lambda x: pt.median(x, axis=axis), [odd], np.median(odd, axis=axis))
    check(lambda x: pt.median(x, axis=axis), [np.int8(CUBE)], np.median(np.int8(CUBE), axis=axis))


def test_median_of_small_integers_does_not_wrap():
    check(pt.median, [np.int8([100, 120])], np.float64(110))


def test_ptp():
    check(lambda x: pt.ptp(x, axis=1), [CUBE], np.ptp(CUBE, axis=1))
    check_gradient(lambda x: pt.ptp(x, axis=1), [CUBE])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowvar": False},
        {"bias": True},
        {"ddof": 2},
        {"fweights": np.array([1, 2, 1, 3])},
        {"aweights": np.array([0.5, 2, 1, 3])},
        {"aweights": np.array([0.5, 2, 1, 3]), "fweights": np.array([1, 2, 1, 3]), "ddof": 0},
    ],
)
def test_cov(options):
    matrix = CUBE[0] if options.get("rowvar", True) else CUBE[0].T
    check(lambda x: pt.cov(x, **options), [matrix], np.cov(matrix, **options))
    check_gradient(lambda x: pt.cov(x, **options), [matrix], order=1)


def test_cov_of_two():
    check(pt.cov, [CUBE[0], CUBE[1]], np.cov(CUBE[0], CUBE[1]))
    check(pt.cov, [CUBE[0, 0]], np.cov(CUBE[0, 0]))
    with pytest.raises(ValueError, match="matrices"):
        pt.cov(pt.tensor3("x"))
    with pytest.raises(ValueError, match="integer"):
        pt.cov(pt.matrix("x"), ddof=0.5)
