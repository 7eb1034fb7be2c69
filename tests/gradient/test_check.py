"""`numeric_grad` and `verify_grad`, the judges of all others."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.compile.mode import get_mode
from pytensorlite.gradient import (
    GradientError,
    as_list_or_tuple,
    disconnected_grad,
    grad_scale,
    mode_not_slow,
    numeric_grad,
    verify_grad,
)

from .evaluate import PLAIN

X = np.array([0.3, 0.7, 1.1])


# numeric_grad


def test_numeric_grad_of_an_array():
    g = numeric_grad(lambda x: (x**2).sum(), X)
    assert isinstance(g.gf, np.ndarray)
    np.testing.assert_allclose(g.gf, 2 * X, atol=1e-6)


@pytest.mark.parametrize("container", [list, tuple])
def test_numeric_grad_of_several_arrays(container):
    g = numeric_grad(lambda x, y: (x**2 * y).sum(), container([X, X]))
    assert isinstance(g.gf, list)
    np.testing.assert_allclose(g.gf[0], 2 * X**2, atol=1e-6)
    np.testing.assert_allclose(g.gf[1], X**2, atol=1e-6)


def test_numeric_grad_keeps_the_point():
    at = X.copy()
    numeric_grad(lambda x: (x**2).sum(), at)
    np.testing.assert_array_equal(at, X)


def test_numeric_grad_of_a_number():
    g = numeric_grad(lambda x: x**2, 3.0)
    assert g.gf.shape == ()
    np.testing.assert_allclose(g.gf, 6.0, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-6), ("float32", 1e-2), ("float16", 2e-1)]
)
def test_numeric_grad_steps_by_dtype(dtype, tolerance):
    g = numeric_grad(lambda x: (x.astype("float64") ** 2).sum(), X.astype(dtype))
    assert g.gf.dtype == dtype
    np.testing.assert_allclose(g.gf.astype("float64"), 2 * X, atol=tolerance)


def test_numeric_grad_of_mixed_dtypes_takes_the_largest_step():
    g = numeric_grad(lambda x, y: (x * y).sum(), [X, X.astype("float32")])
    assert [a.dtype for a in g.gf] == ["float32", "float32"]


def test_numeric_grad_refuses_integers():
    with pytest.raises(TypeError, match="int64"):
        numeric_grad(lambda x: x, np.arange(3))


def test_numeric_grad_of_a_complex_function():
    g = numeric_grad(lambda x: (1j * x).sum(), [X], out_type="complex128")
    np.testing.assert_allclose(g.gf[0], np.full(3, 1j), atol=1e-6)


def test_abs_rel_err():
    absolute, relative = numeric_grad.abs_rel_err(np.array([1.0, 0.0]), np.array([3.0, 0.0]))
    np.testing.assert_allclose(absolute, [2.0, 0.0])
    np.testing.assert_allclose(relative, [0.5, 0.0])


def test_abs_rel_errors_checks_count_and_shape():
    g = numeric_grad(lambda x: (x**2).sum(), [X])
    with pytest.raises(ValueError, match="got 2"):
        g.abs_rel_errors([X, X])
    with pytest.raises(ValueError, match="shape"):
        g.abs_rel_errors([X[:2]])


def test_max_err_tells_where():
    g = numeric_grad(lambda x, y: x.sum() + y.sum(), [X, X])
    ones = np.ones(3)
    wrong = np.array([1.0, 1.5, 1.0])
    argument, position, absolute, relative = g.max_err([ones, wrong], 1e-4, 1e-4)
    assert (argument, position) == (1, 1)
    np.testing.assert_allclose([absolute, relative], [0.5, 0.2], rtol=1e-5)


def test_max_err_refuses_what_is_not_finite():
    g = numeric_grad(lambda x: x.sum(), [X])
    with pytest.raises(ValueError, match="not finite"):
        g.max_err([np.array([1.0, np.nan, 1.0])], 1e-4, 1e-4)


def test_max_err_of_nothing_at_all():
    g = numeric_grad(lambda x: x.sum(), [np.zeros(0)])
    assert g.max_err([np.zeros(0)], 1e-4, 1e-4)[2:] == (0.0, 0.0)


# verify_grad

UNTOUCHED = {"mode": PLAIN}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_verify_grad_passes(dtype, rng):
    # Nearly straight: the step for float16 is a tenth.
    verify_grad(lambda x: pt.exp(x / 10), [X.astype(dtype)], rng=rng, **UNTOUCHED)


def test_verify_grad_finds_a_wrong_gradient():
    with pytest.raises(GradientError) as caught:
        verify_grad(lambda x: pt.sin(x) + grad_scale(x, 2.0), [X], **UNTOUCHED)
    error = caught.value
    assert (error.arg, error.shape, error.abs_tol, error.rel_tol) == (0, (3,), 1e-4, 1e-4)
    text = str(error)
    for number in (error.err_pos, error.val1, error.val2):
        assert str(number) in text
    for number in (error.abs_err, error.rel_err, error.abs_tol, error.rel_tol):
        assert f"{number:.8g}" in text


def test_verify_grad_finds_a_missing_gradient():
    with pytest.raises(GradientError):
        verify_grad(lambda x: pt.sin(x) + disconnected_grad(x), [X], **UNTOUCHED)


def test_verify_grad_fails_only_beyond_both_tolerances():
    wrong = lambda x: grad_scale(x, 1.01)
    with pytest.raises(GradientError):
        verify_grad(wrong, [X], **UNTOUCHED)
    verify_grad(wrong, [X], abs_tol=1.0, **UNTOUCHED)
    verify_grad(wrong, [X], rel_tol=1.0, **UNTOUCHED)


def test_verify_grad_of_several_arguments(rng):
    verify_grad(lambda a, b: pt.dot(a, b), (rng.random((2, 3)), rng.random(3)), **UNTOUCHED)


def test_verify_grad_takes_either_kind_of_generator():
    verify_grad(pt.exp, [X], rng=np.random.default_rng(1), **UNTOUCHED)
    verify_grad(pt.exp, [X], rng=np.random.RandomState(1), **UNTOUCHED)


def test_verify_grad_of_complex_outputs():
    verify_grad(lambda x: pt.exp(x * 1j), [X], out_type="complex128", **UNTOUCHED)


def test_verify_grad_options():
    verify_grad(pt.sin, [X], n_tests=1, eps=1e-5, **UNTOUCHED)
    verify_grad(pt.sin, [X.astype("float32")], cast_to_output_type=True, **UNTOUCHED)


def test_verify_grad_refuses():
    with pytest.raises(TypeError, match="list or tuple"):
        verify_grad(pt.sin, X)
    with pytest.raises(TypeError, match="input 1 has dtype int64"):
        verify_grad(lambda a, b: a * b, [X, np.arange(3)])


@pytest.mark.parametrize("several", [lambda x: [x, x], lambda x: (x, x), lambda x: [x]])
def test_verify_grad_wants_one_output(several):
    with pytest.raises(NotImplementedError, match="one output"):
        verify_grad(several, [X])
    with pytest.raises(TypeError):
        verify_grad(several, [X])


def test_verify_grad_of_nothing_at_all():
    verify_grad(pt.exp, [np.zeros((0, 3))], **UNTOUCHED)


# Small things


def test_mode_not_slow():
    assert mode_not_slow("FAST_COMPILE") == get_mode("FAST_RUN")
    assert mode_not_slow(get_mode("FAST_COMPILE")) == get_mode("FAST_RUN")
    assert mode_not_slow("DebugMode") == get_mode("FAST_RUN")
    assert mode_not_slow("NUMPY") == "NUMPY"


def test_as_list_or_tuple():
    assert as_list_or_tuple(True, False, 1) == [1]
    assert as_list_or_tuple(False, True, [1, 2]) == (1, 2)
    assert as_list_or_tuple(False, False, [1]) == 1
    assert as_list_or_tuple(False, False, 1) == 1
    with pytest.raises(ValueError):
        as_list_or_tuple(True, True, 1)
    with pytest.raises(ValueError, match="exactly one"):
        as_list_or_tuple(False, False, [1, 2])
