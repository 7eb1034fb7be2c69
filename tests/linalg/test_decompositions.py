"""Cholesky, LU, QR and singular values."""

import numpy as np
import pytest
import scipy.linalg

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable, evaluate
from .matrices import BATCHES, SIDES, positive, solved


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("side", SIDES)
def test_cholesky(rng, batch, side, lower):
    x = positive(rng, *batch, side, side)
    expected = np.linalg.cholesky(x)
    expected = expected if lower else np.swapaxes(expected, -1, -2)
    assert_agrees(lambda v: ptl.cholesky(v, lower), [x], expected, rtol=1e-10)
    assert_agrees(lambda v: ptl.cholesky(v, lower, on_error="raise"), [x], expected, rtol=1e-10)
    # Only one triangle is read.
    other = (
        x + np.triu(np.ones((side, side)), 1) if lower else x + np.tril(np.ones((side, side)), -1)
    )
    assert_agrees(lambda v: ptl.cholesky(v, lower), [other], expected, rtol=1e-10)
    if 0 < side < 4:
        assert_differentiable(lambda v: ptl.cholesky(v, lower), [x])


def test_a_matrix_that_is_not_positive_definite():
    x = pt.dmatrix("x")
    bad = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert np.isnan(evaluate(ptl.cholesky(x), [x], [bad])).all()
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        evaluate(ptl.cholesky(x, on_error="raise"), [x], [bad])
    with pytest.raises(ValueError, match="on_error"):
        ptl.cholesky(x, on_error="ignore")


def test_one_bad_matrix_leaves_the_others_of_its_batch(rng):
    x = pt.dtensor3("x")
    good = positive(rng, 2, 2)
    found = evaluate(ptl.cholesky(x), [x], [np.stack([good, -good])])
    np.testing.assert_allclose(found[0], np.linalg.cholesky(good))
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("side", [0, 1, 3])
def test_lu(rng, batch, side):
    x = rng.normal(size=(*batch, side, side))
    assert_agrees(ptl.lu, [x], [np.asarray(p) for p in scipy.linalg.lu(x)], rtol=1e-10)
    assert_agrees(
        lambda v: ptl.lu(v, permute_l=True),
        [x],
        list(scipy.linalg.lu(x, permute_l=True)),
        rtol=1e-10,
    )
    p, lower, upper = scipy.linalg.lu(x, p_indices=True)
    build = lambda v: ptl.lu(v, p_indices=True)
    assert_agrees(build, [x], [p.astype("int32"), lower, upper], rtol=1e-10)
    if side == 3:
        for k in (1, 2):
            assert_differentiable(lambda v, k=k: ptl.lu(v)[k], [x])
        for k in (0, 1):
            assert_differentiable(lambda v, k=k: ptl.lu(v, permute_l=True)[k], [x])
        assert_differentiable(lambda v: ptl.lu(v)[1] @ ptl.lu(v)[2], [x])


@pytest.mark.parametrize("batch", [(), (2,)])
def test_lu_factor_and_solve(rng, batch):
    x = rng.normal(size=(*batch, 3, 3))
    factors = [scipy.linalg.lu_factor(m) for m in x.reshape(-1, 3, 3)]
    expected = [
        np.stack(parts).reshape(*batch, *parts[0].shape) for parts in zip(*factors, strict=True)
    ]
    expected[1] = expected[1].astype("int32")
    assert_agrees(ptl.lu_factor, [x], expected, rtol=1e-10)
    assert_differentiable(lambda v: ptl.lu_factor(v)[0], [x])
    for trans in (False, True):
        a = np.swapaxes(x, -1, -2) if trans else x
        for b, b_ndim in (
            (rng.normal(size=3), None),
            (rng.normal(size=(3, 2)), None),
            (rng.normal(size=(4, *batch, 3)), 1),
        ):
            build = lambda m, y, trans=trans, n=b_ndim: ptl.lu_solve(
                ptl.lu_factor(m), y, trans=trans, b_ndim=n
            )
            assert_agrees(build, [x, b], solved(a, b, b_ndim), rtol=1e-8)
    assert_differentiable(lambda m, y: ptl.lu_solve(ptl.lu_factor(m), y), [x, rng.normal(size=3)])


def test_pivots(rng):
    x = rng.normal(size=(5, 5))
    lu, pivots = scipy.linalg.lu_factor(x)
    lower, upper = np.tril(lu, -1) + np.eye(5), np.triu(lu)
    order, back = (ptl.pivot_to_permutation(pivots, inverse=i).eval() for i in (True, False))
    np.testing.assert_allclose(x[order], lower @ upper)
    np.testing.assert_allclose(x, (lower @ upper)[back])


def test_lu_of_a_singular_matrix():
    factors, _ = ptl.lu_factor(np.array([[1.0, 2.0], [2.0, 4.0]]))
    assert factors.eval()[1, 1] == 0.0
    with pytest.raises(ValueError, match="Only one of"):
        ptl.lu(pt.dmatrix(), permute_l=True, p_indices=True)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (1, 1), (2, 3, 2)])
@pytest.mark.parametrize("mode", ["full", "economic", "r"])
@pytest.mark.parametrize("pivoting", [False, True])
def test_qr(rng, shape, mode, pivoting):
    x = rng.normal(size=shape)
    results = [scipy.linalg.qr(m, mode=mode, pivoting=pivoting) for m in x.reshape(-1, *shape[-2:])]
    results = [r if isinstance(r, tuple) else (r,) for r in results]
    expected = [
        np.stack(parts).reshape(*shape[:-2], *parts[0].shape)
        for parts in zip(*results, strict=True)
    ]
    if pivoting:
        expected[-1] = expected[-1].astype("int32")
    assert_agrees(lambda v: ptl.qr(v, mode, pivoting=pivoting), [x], expected, rtol=1e-9)
    for k in range(len(results[0]) - pivoting):
        if mode == "full" and k == 0 and shape[-2] > shape[-1]:
            continue
        many = len(results[0]) > 1

        def build(v, k=k, many=many):
            found = ptl.qr(v, mode, pivoting=pivoting)
            return found[k] if many else found

        assert_differentiable(build, [x], second_order=len(shape) == 2)


def test_qr_raw_and_names(rng):
    x = rng.normal(size=(4, 2))
    (raw, tau), r = scipy.linalg.qr(x, mode="raw")
    assert_agrees(lambda v: ptl.qr(v, "raw"), [x], [raw, tau, r])
    assert (
        ptl.qr(pt.dmatrix(), "reduced")[0].owner.op == ptl.qr(pt.dmatrix(), "economic")[0].owner.op
    )
    with pytest.raises(ValueError, match="mode must be one of"):
        ptl.qr(pt.dmatrix(), "thin")


def test_columns_that_the_matrix_does_not_determine_have_no_derivative(rng):
    x = pt.dmatrix("x")
    for vectors in (ptl.qr(x)[0], ptl.svd(x)[0]):
        g = pt.grad(vectors.sum(), x)
        with pytest.raises(NotImplementedError, match=r"economic|full_matrices=False"):
            evaluate(g, [x], [rng.normal(size=(3, 2))])


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 3), (1, 1)])
@pytest.mark.parametrize("full", [True, False])
def test_svd(rng, shape, full):
    x = rng.normal(size=shape)
    assert_agrees(lambda v: ptl.svd(v, full), [x], list(np.linalg.svd(x, full)), rtol=1e-8)
    values = lambda v: ptl.svd(v, full, compute_uv=False)
    assert_agrees(values, [x], np.linalg.svd(x, full, False), rtol=1e-8)
    if x.size == 0:
        return
    assert_differentiable(values, [x])
    assert_differentiable(lambda v: ptl.svd(v, full)[1], [x])
    if not full or shape[-1] == shape[-2]:
        assert_differentiable(lambda v: ptl.svd(v, full)[0], [x])
        assert_differentiable(lambda v: ptl.svd(v, full)[2], [x])

        def rebuilt(v):
            u, s, vh = ptl.svd(v, full)
            return (u * s[..., None, :]) @ vh

        assert_differentiable(rebuilt, [x])
