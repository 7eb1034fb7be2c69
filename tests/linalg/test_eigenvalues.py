"""Eigenvalues and eigenvectors, of symmetric matrices and of general ones."""

import numpy as np
import pytest
import scipy.linalg

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable, evaluate
from .matrices import positive, symmetric


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("side", [0, 1, 3])
def test_eigh(rng, side, batch, lower):
    x = symmetric(rng, *batch, side, side)
    values, vectors = np.linalg.eigh(x)
    assert_agrees(lambda v: ptl.eigh(v, lower=lower)[0], [x], values, rtol=1e-9)
    assert_agrees(lambda v: ptl.eigvalsh(v, lower=lower), [x], values, rtol=1e-9)

    def rebuilt(v):
        w, q = ptl.eigh(v, lower=lower)
        return (q * w[..., None, :]) @ q.mT

    assert_agrees(rebuilt, [x], x, rtol=1e-9)
    other = (
        x + np.triu(np.ones((side, side)), 1) if lower else x + np.tril(np.ones((side, side)), -1)
    )
    assert_agrees(rebuilt, [other], x, rtol=1e-9)
    if side:
        assert_differentiable(lambda v: ptl.eigh(v, lower=lower)[0], [x])
        assert_differentiable(lambda v: ptl.eigvalsh(v, lower=lower), [x])
        assert_differentiable(lambda v: ptl.eigh(v, lower=lower)[1] ** 2, [x])
        assert_differentiable(rebuilt, [x])
    del vectors


def test_eigh_in_numpys_words(rng):
    x = symmetric(rng, 3, 3)
    a = pt.dmatrix("a")
    assert ptl.eigh(a, UPLO="U")[0].owner.op == ptl.eigh(a, lower=False)[0].owner.op
    assert ptl.eigh(a)[0].owner.op.core_op.UPLO == "L"
    with pytest.raises(ValueError, match="UPLO"):
        ptl.eigh(a, UPLO="X")
    with pytest.raises(ValueError, match="infs or NaNs"):
        evaluate(ptl.eigh(a)[0], [a], [x * np.nan])


@pytest.mark.parametrize("lower", [True, False])
def test_generalised_eigenvalues(rng, lower):
    a, b = symmetric(rng, 3, 3), positive(rng, 3, 3)
    values, vectors = scipy.linalg.eigh(a, b)
    assert_agrees(lambda x, y: ptl.eigh(x, y, lower=lower)[0], [a, b], values, rtol=1e-9)
    assert_agrees(lambda x, y: ptl.eigvalsh(x, y, lower=lower), [a, b], values, rtol=1e-9)
    assert_agrees(lambda x, y: ptl.eigh(x, y, lower=lower)[1] ** 2, [a, b], vectors**2, rtol=1e-8)
    assert_differentiable(lambda x, y: ptl.eigvalsh(x, y, lower=lower), [a, b])


def test_equal_eigenvalues_do_not_spoil_the_gradient_of_the_values():
    x = pt.dmatrix("x")
    g = pt.grad(ptl.eigh(x)[0].sum(), x)
    np.testing.assert_allclose(evaluate(g, [x], [np.eye(3)]), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("batch", [(), (2,)])
def test_eig(rng, batch):
    x = rng.normal(size=(*batch, 3, 3))
    values, vectors = np.linalg.eig(x)
    assert_agrees(
        ptl.eig, [x], [values.astype("complex128"), vectors.astype("complex128")], rtol=1e-9
    )
