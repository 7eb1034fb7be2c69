"""Norms of vectors and matrices."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable

VECTOR_ORDERS = [None, 0, 1, -1, 2, -2, 3, 0.5, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("order", VECTOR_ORDERS)
@pytest.mark.parametrize("keepdims", [False, True])
def test_vector_norms(rng, order, keepdims):
    x = rng.normal(size=(3, 4))
    for axis in (0, -1):
        expected = np.asarray(np.linalg.norm(x, order, axis, keepdims))
        assert_agrees(lambda v, axis=axis: ptl.norm(v, order, axis, keepdims), [x], expected)
    assert_agrees(lambda v: ptl.norm(v, order), [x[0]], np.asarray(np.linalg.norm(x[0], order)))
    if order != 0:
        assert_differentiable(lambda v: ptl.norm(v, order, 0), [x])


@pytest.mark.parametrize("order", MATRIX_ORDERS)
@pytest.mark.parametrize("keepdims", [False, True])
def test_matrix_norms(rng, order, keepdims):
    x = rng.normal(size=(2, 3, 4))
    for axis in ((0, 1), (-1, -2), (2, 0)):
        expected = np.asarray(np.linalg.norm(x, order, axis, keepdims))
        assert_agrees(
            lambda v, axis=axis: ptl.norm(v, order, axis, keepdims), [x], expected, rtol=1e-9
        )
    assert_agrees(
        lambda v: ptl.norm(v, order), [x[0]], np.asarray(np.linalg.norm(x[0], order)), rtol=1e-9
    )
    assert_differentiable(lambda v: ptl.norm(v, order, (1, 2)), [x])


def test_norm_of_everything_and_of_integers(rng):
    x = rng.integers(-3, 4, size=(2, 3, 2))
    assert_agrees(ptl.norm, [x], np.asarray(np.linalg.norm(x)))
    assert_agrees(lambda v: ptl.norm(v, keepdims=True), [x], np.linalg.norm(x, keepdims=True))
    z = np.array([3 + 4j, 0])
    assert_agrees(ptl.norm, [z], np.asarray(np.linalg.norm(z)))


@pytest.mark.parametrize(
    ("order", "ndim", "axis", "message"),
    [
        ("fro", 1, None, "Invalid norm order 'fro' for vectors"),
        ("foo", 2, None, "Invalid norm order for matrices"),
        (3, 2, None, "Invalid norm order for matrices"),
        (2, 3, (0, 1, 2), "expected 1 axis for vectors or 2"),
    ],
)
def test_norm_errors(order, ndim, axis, message):
    with pytest.raises(ValueError, match=message):
        ptl.norm(pt.tensor(dtype="float64", shape=(None,) * ndim), order, axis)
