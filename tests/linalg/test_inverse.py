"""Inverse, pseudo-inverse, determinant and trace."""

import numpy as np
import pytest

import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable
from .matrices import BATCHES, SIDES, general, symmetric


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("side", SIDES)
def test_inv_det_slogdet(rng, batch, side):
    x = general(rng, *batch, side, side)
    assert_agrees(ptl.inv, [x], np.linalg.inv(x), rtol=1e-10)
    assert_agrees(ptl.det, [x], np.asarray(np.linalg.det(x)), rtol=1e-10)
    sign, log = np.linalg.slogdet(x)
    assert_agrees(ptl.slogdet, [x], [np.asarray(sign), np.asarray(log)], rtol=1e-10)
    if 0 < side < 4:
        for function in (
            ptl.inv,
            ptl.det,
            lambda v: ptl.slogdet(v)[1],
            lambda v: ptl.inv(v) @ v.mT,
        ):
            assert_differentiable(function, [x])


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (3, 1), (2, 3, 2)])
def test_pinv(rng, shape):
    x = rng.normal(size=shape)
    assert_agrees(ptl.pinv, [x], np.linalg.pinv(x), rtol=1e-9)
    if max(shape) < 4:
        assert_differentiable(ptl.pinv, [x])


def test_pinv_of_a_symmetric_matrix(rng):
    x = symmetric(rng, 3, 3)
    assert_agrees(lambda v: ptl.pinv(v, hermitian=True), [x], np.linalg.pinv(x), rtol=1e-9)


def test_trace(rng):
    x = rng.normal(size=(3, 4))
    assert_agrees(ptl.trace, [x], np.asarray(np.trace(x)))
    assert_differentiable(lambda v: ptl.trace(v) ** 2, [x])


def test_tensorinv_and_tensorsolve(rng):
    a = general(rng, 6, 6).reshape(2, 3, 6)
    assert_agrees(lambda x: ptl.tensorinv(x, 2), [a], np.linalg.tensorinv(a, 2), rtol=1e-9)
    b = rng.normal(size=(2, 3))
    assert_agrees(ptl.tensorsolve, [a, b], np.linalg.tensorsolve(a, b), rtol=1e-9)
    turned = np.moveaxis(a, 2, 0)
    build = lambda x, y: ptl.tensorsolve(x, y, axes=(0,))
    assert_agrees(build, [turned, b], np.linalg.tensorsolve(turned, b, axes=(0,)), rtol=1e-9)
    with pytest.raises(ValueError, match="positive"):
        ptl.tensorinv(a, 0)
