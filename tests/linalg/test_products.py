"""Matrices made of matrices: exponential, powers, Kronecker and block-diagonal products."""

import numpy as np
import pytest
import scipy.linalg

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable
from .matrices import general


@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("side", [0, 1, 3])
def test_expm(rng, side, batch):
    x = rng.normal(size=(*batch, side, side))
    assert_agrees(ptl.expm, [x], scipy.linalg.expm(x) if x.size else x, rtol=1e-9)
    if side:
        assert_differentiable(ptl.expm, [x])


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 2)), ((2,), (3,)), ((2, 2), (3,)), ((2, 1, 2), (3, 2)), ((), (2,))]
)
def test_kron(rng, shapes):
    a, b = (rng.normal(size=shape) for shape in shapes)
    assert_agrees(ptl.kron, [a, b], np.kron(a, b))
    assert_differentiable(ptl.kron, [a, b])


@pytest.mark.parametrize(
    "shapes", [[(2, 3)], [(2, 3), (1, 1)], [(2, 0), (1, 2), (0, 1)], [(2, 1, 2), (2, 2, 1)]]
)
def test_block_diag(rng, shapes):
    blocks = [rng.normal(size=shape) for shape in shapes]
    if len(shapes[0]) == 2:
        expected = scipy.linalg.block_diag(*blocks)
    else:
        expected = np.stack(
            [scipy.linalg.block_diag(*parts) for parts in zip(*blocks, strict=True)]
        )
    assert_agrees(lambda *x: ptl.block_diag(*x), blocks, expected)
    assert_differentiable(lambda *x: ptl.block_diag(*(v**2 for v in x)), blocks)


def test_block_diag_of_several_dtypes():
    found = ptl.block_diag(np.ones((1, 1), dtype="int8"), np.ones((1, 1), dtype="float32"))
    assert found.type.dtype == "float32"
    assert found.type.shape == (2, 2)
    with pytest.raises(ValueError, match="no matrices"):
        ptl.block_diag()


def test_matrix_dot_and_power(rng):
    a, b, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    assert_agrees(ptl.matrix_dot, [a, b, c], np.linalg.multi_dot([a, b, c]))
    x = general(rng, 2, 3, 3)
    for n in (-3, -1, 0, 1, 2, 5):
        build = lambda v, n=n: ptl.matrix_power(v, n)
        assert_agrees(build, [x], np.linalg.matrix_power(x, n), rtol=1e-9)
    assert_differentiable(lambda v: ptl.matrix_power(v, 3), [x[0, :2, :2]])
    with pytest.raises(TypeError, match="integer"):
        ptl.matrix_power(pt.dmatrix(), 0.5)
    with pytest.raises(ValueError, match="at least one"):
        ptl.matrix_dot()
