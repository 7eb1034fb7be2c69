"""Rows of the next block that are fetched while this one is computed with."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt


def log_sums(dtype="float64"):
    x = pt.matrix("x", dtype=dtype)
    return pytensorlite.function([x], pt.logsumexp(x, axis=1), mode="C")


def softmax():
    """Whose exponentials are stored: a block of them is one vector."""
    x = pt.dmatrix("x")
    return pytensorlite.function([x], pt.special.softmax(x, axis=1), mode="C")


def cross_entropy():
    """Which looks at the label of each row before."""
    x, labels = pt.dmatrix("x"), pt.lvector("labels")
    rows = pt.arange(x.shape[0])
    value = -pt.special.log_softmax(x, axis=1)[rows, labels].mean()
    return pytensorlite.function([x, labels], pytensorlite.grad(value, x), mode="C")


def sums_of_exponentials():
    """Whose rows are read once, by the processor's own fetching."""
    x = pt.dmatrix("x")
    return pytensorlite.function([x], pt.exp(x).sum(axis=1), mode="C")


def variances():
    """Whose arithmetic takes less than memory."""
    x = pt.dmatrix("x")
    return pytensorlite.function([x], x.var(axis=1), mode="C")


def truth(x):
    largest = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - largest).sum(axis=1)) + largest[:, 0]


def test_rows_are_fetched_where_arithmetic_takes_turns_with_memory():
    for dtype in ("float64", "float32"):
        assert "ptl_fetch(&x0[i*n1 + i_meanwhile + j_group], 1);" in log_sums(dtype).c_source


@pytest.mark.parametrize("build", [softmax, cross_entropy])
def test_rows_are_fetched_by_what_runs_over_a_block(build):
    """And four vectors are too long for rows of which a block is one."""
    source = build().c_source
    assert "ptl_fetch(&x0[i_block*n1 + i_meanwhile + ij_group], 1);" in source
    assert "PTL_JOIN_FOUR" not in source
    assert "PTL_JOIN_FOUR" in log_sums().c_source


@pytest.mark.parametrize("build", [sums_of_exponentials, variances])
def test_rows_are_not_fetched_where_they_take_no_turns(build):
    assert "ptl_fetch(" not in build().c_source


@pytest.mark.parametrize("columns", [1, 7, 255, 256, 257, 3000])
def test_matrices_in_caches_and_beyond(columns, rng):
    function = log_sums()
    for n in (0, 1, 9, 70, (66 << 20) // (8 * columns) + 3 if columns > 200 else 100):
        x = rng.normal(size=(n, columns))
        np.testing.assert_allclose(function(x), truth(x), rtol=1e-13)


def test_shares_beyond_the_caches(rng):
    x = rng.normal(size=(9_000, 1001))
    expected = np.exp(x - truth(x)[:, None])
    np.testing.assert_allclose(softmax()(x), expected, rtol=1e-13)
    labels = rng.integers(0, 1001, size=9_000)
    expected[np.arange(9_000), labels] -= 1
    np.testing.assert_allclose(9_000 * cross_entropy()(x, labels), expected, rtol=1e-12)


def test_floats_beyond_the_caches(rng):
    x = rng.normal(size=(18_000, 1001)).astype("float32")
    np.testing.assert_allclose(log_sums("float32")(x), truth(x.astype(float)), rtol=1e-5)


def test_a_row_does_not_depend_on_the_others_beyond_the_caches(rng):
    x = rng.normal(size=(9_000, 1000))
    x[5] = x[8_999] = x[4_321]
    y = log_sums()(x)
    assert y[5] == y[8_999] == y[4_321]


def test_nan_and_infinity_beyond_the_caches(rng):
    x = rng.normal(size=(9_000, 1000))
    x[3, 700], x[4, 10], x[5] = np.nan, np.inf, -np.inf
    y = log_sums()(x)
    assert np.isnan(y[3])
    assert y[4] == np.inf
    assert y[5] == -np.inf
    assert np.isfinite(np.delete(y, [3, 4, 5])).all()
