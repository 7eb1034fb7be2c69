"""Lines that are claimed before they are written: where, and that nothing else changes."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt


def standardised(dtype="float64"):
    """Rows less their mean, over their norm: each row is walked three times, and written last."""
    x = pt.matrix("x", dtype=dtype)
    centred = x - x.mean(axis=1, keepdims=True)
    norms = pt.sqrt((centred**2).sum(axis=1, keepdims=True))
    return pytensorlite.function([x], centred / norms, mode="C")


def in_one_walk():
    x, v = pt.dmatrix("x"), pt.dvector("v")
    return pytensorlite.function([x, v], x * v, mode="C")


def small_results():
    x = pt.dmatrix("x")
    return pytensorlite.function([x], x.var(axis=1), mode="C")


def test_outputs_are_claimed_in_the_first_loop_of_a_block():
    assert "ptl_claim(&y0[i*n1], 8*i_claimed);" in standardised().c_source
    assert "ptl_claim(&y0[i*n1], 4*i_claimed);" in standardised("float32").c_source


@pytest.mark.parametrize("build", [in_one_walk, small_results])
def test_nothing_is_claimed_where_rows_are_walked_once_or_not_written(build):
    assert "ptl_claim" not in build().c_source


@pytest.mark.parametrize("shape", [(0, 5), (3, 1), (17, 40), (1037, 1024), (3, 700_001)])
def test_small_and_large_results_are_those_of_numpy(shape, rng):
    x = rng.normal(size=shape)
    x[:, 0] += 1.0
    centred = x - x.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        expected = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(standardised()(x), expected, rtol=1e-9, atol=1e-12)
