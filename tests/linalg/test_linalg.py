"""Values, shapes and derivatives of the matrix functions, alone and in batches."""

import numpy as np
import pytest
import scipy.linalg

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable, evaluate

SIDES = [0, 1, 2, 4]
BATCHES = [(), (2,), (2, 1)]


def general(rng, *shape):
    return rng.normal(size=shape) + 3 * np.eye(*shape[-2:])


def positive(rng, *shape):
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


def symmetric(rng, *shape):
    x = rng.normal(size=shape)
    return x + np.swapaxes(x, -1, -2) + 5 * np.diag(np.arange(shape[-1]))


def triangle(x, lower=True):
    return np.tril(x) if lower else np.triu(x)


def symmetrised(x, lower=True):
    return pt.tril(x) + pt.tril(x, -1).mT if lower else pt.triu(x) + pt.triu(x, 1).mT


# -- inverse, determinant, trace -------------------------------------------------------------------


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


# -- Cholesky --------------------------------------------------------------------------------------


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


# -- solving ---------------------------------------------------------------------------------------

RIGHT = [((3, 3), (3,), None), ((3, 3), (3, 2), None), ((2, 3, 3), (3,), None)]
RIGHT += [((2, 3, 3), (3, 2), None), ((2, 3, 3), (2, 3), 1), ((3, 3), (2, 3, 1), 2)]
RIGHT += [((1, 1), (1,), None), ((0, 0), (0,), None), ((3, 3), (3, 0), None)]


def solved(a, b, b_ndim):
    b_ndim = b_ndim or (1 if b.ndim == 1 else 2)
    if b_ndim == 2:
        return np.linalg.solve(a, b)
    shape = np.broadcast_shapes(a.shape[:-1], b.shape)
    return np.linalg.solve(a, np.broadcast_to(b, shape)[..., None])[..., 0]


@pytest.mark.parametrize(("a_shape", "b_shape", "b_ndim"), RIGHT)
@pytest.mark.parametrize(
    "assume_a", ["gen", "sym", "pos", "her", "banded", "general", "positive definite"]
)
def test_solve(rng, a_shape, b_shape, b_ndim, assume_a):
    make = general if assume_a in ("gen", "general", "banded") else positive
    a, b = make(rng, *a_shape), rng.normal(size=b_shape)
    build = lambda x, y: ptl.solve(x, y, assume_a=assume_a, b_ndim=b_ndim)
    assert_agrees(build, [a, b], solved(a, b, b_ndim), rtol=1e-9)


@pytest.mark.parametrize("b_shape", [(3,), (3, 2)])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transposed", [True, False])
@pytest.mark.parametrize(
    "assume_a", ["gen", "sym", "pos", "tridiagonal", "diagonal", "lower triangular"]
)
def test_solve_reads_what_it_assumes_and_differentiates_that(
    rng, b_shape, lower, transposed, assume_a
):
    a = positive(rng, 3, 3) + rng.normal(size=(3, 3)) * 0.1
    b = rng.normal(size=b_shape)
    read = {
        "gen": lambda x: x,
        "sym": lambda x: triangle(x, lower) + triangle(x, lower).T - np.diag(np.diag(x)),
        "pos": lambda x: triangle(x, lower) + triangle(x, lower).T - np.diag(np.diag(x)),
        "tridiagonal": lambda x: np.triu(np.tril(x, 1), -1),
        "diagonal": lambda x: np.diag(np.diag(x)),
        "lower triangular": np.tril,
    }[assume_a](a)
    build = lambda x, y: ptl.solve(x, y, assume_a=assume_a, lower=lower, transposed=transposed)
    expected = np.linalg.solve(read.T if transposed else read, b)
    assert_agrees(build, [a, b], expected, rtol=1e-9)
    assert_differentiable(build, [a, b])


@pytest.mark.parametrize(("a_shape", "b_shape", "b_ndim"), RIGHT)
@pytest.mark.parametrize("trans", [0, 1, "C"])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("unit_diagonal", [True, False])
def test_solve_triangular(rng, a_shape, b_shape, b_ndim, trans, lower, unit_diagonal):
    a, b = general(rng, *a_shape), rng.normal(size=b_shape)
    read = triangle(a, lower)
    if unit_diagonal:
        read = triangle(a, lower) * (1 - np.eye(a_shape[-1])) + np.eye(a_shape[-1])
    if trans:
        read = np.swapaxes(read, -1, -2)
    build = lambda x, y: ptl.solve_triangular(
        x, y, trans=trans, lower=lower, unit_diagonal=unit_diagonal, b_ndim=b_ndim
    )
    assert_agrees(build, [a, b], solved(read, b, b_ndim), rtol=1e-9)
    if a_shape == (3, 3) and b.size < 8 and b.size:
        assert_differentiable(build, [a, b])


@pytest.mark.parametrize(("a_shape", "b_shape", "b_ndim"), RIGHT)
@pytest.mark.parametrize("lower", [True, False])
def test_cho_solve(rng, a_shape, b_shape, b_ndim, lower):
    a, b = positive(rng, *a_shape), rng.normal(size=b_shape)
    factor = np.linalg.cholesky(a)
    factor = factor if lower else np.swapaxes(factor, -1, -2)
    build = lambda c, y: ptl.cho_solve((c, lower), y, b_ndim=b_ndim)
    assert_agrees(build, [factor, b], solved(a, b, b_ndim), rtol=1e-9)


def test_singular_systems_give_nan():
    a, b = pt.dmatrix("a"), pt.dvector("b")
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    for graph, value in (
        (ptl.solve(a, b), singular),
        (ptl.solve(a, b, assume_a="pos"), -singular),
        (ptl.solve_triangular(a, b), np.array([[1.0, 2.0], [0.0, 0.0]])),
    ):
        found = evaluate(graph, [a, b], [value, np.ones(2)])
        assert found.shape == (2,)
        assert np.isnan(found).all()
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        evaluate(ptl.inv(a), [a], [singular])


def test_solver_errors():
    a, b = pt.dmatrix("a"), pt.dvector("b")
    with pytest.raises(ValueError, match="Invalid assume_a: foo"):
        ptl.solve(a, b, assume_a="foo")
    with pytest.raises(ValueError, match="trans must be"):
        ptl.solve_triangular(a, b, trans=3)
    with pytest.raises(ValueError, match="b_ndim must be 1 or 2"):
        ptl.solve(a, b, b_ndim=3)
    with pytest.raises(ValueError, match="square matrix"):
        evaluate(ptl.solve(a, b), [a, b], [np.ones((3, 2)), np.ones(3)])
    with pytest.raises(ValueError, match=r"expected 3 rows, got 2"):
        evaluate(ptl.solve(a, b), [a, b], [np.eye(3), np.ones(2)])


SQUARE_ONLY = [ptl.inv, ptl.det, ptl.cholesky, ptl.expm, ptl.eigvalsh]
SQUARE_ONLY += [lambda x: ptl.eigh(x)[0], lambda x: ptl.eig(x)[0], lambda x: ptl.slogdet(x)[0]]
SQUARE_ONLY += [lambda x: ptl.lu(x)[1], lambda x: ptl.lu_factor(x)[0]]


@pytest.mark.parametrize("function", SQUARE_ONLY)
def test_square_matrices_are_wanted(function):
    x = pt.dmatrix("x")
    with pytest.raises(
        np.linalg.LinAlgError, match=r"expected a square matrix, got shape \(2, 3\)"
    ):
        evaluate(function(x), [x], [np.ones((2, 3))])
    with pytest.raises(ValueError, match=r"square|core dimension m"):
        function(pt.tensor(dtype="float64", shape=(2, 3)))
    with pytest.raises(ValueError, match="insufficient core dimensions"):
        function(pt.dvector())


# -- LU --------------------------------------------------------------------------------------------


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


# -- QR --------------------------------------------------------------------------------------------


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


# -- singular values and eigenvalues ---------------------------------------------------------------


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


# -- products and blocks ---------------------------------------------------------------------------


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


# -- tensors and least squares ---------------------------------------------------------------------


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


@pytest.mark.parametrize("b_shape", [(4,), (4, 2)])
def test_lstsq(rng, b_shape):
    a, b = rng.normal(size=(4, 2)), rng.normal(size=b_shape)
    solution, residuals, rank, values = np.linalg.lstsq(a, b, rcond=1e-12)
    expected = [solution, residuals, np.asarray(rank, dtype="int32"), values]
    assert_agrees(lambda x, y: ptl.lstsq(x, y, 1e-12), [a, b], expected, rtol=1e-9)
    build = lambda x, y: ptl.lstsq(x, y, 1e-12)[0]
    assert_differentiable(build, [a, b], forward=False)


# -- norms -----------------------------------------------------------------------------------------

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


# -- dtypes ----------------------------------------------------------------------------------------

RESULTS = {"float16": "float32", "float32": "float32", "int8": "float64", "float64": "float64"}


@pytest.mark.parametrize(("dtype", "result"), RESULTS.items())
@pytest.mark.parametrize(
    "function",
    [
        ptl.inv,
        ptl.det,
        ptl.cholesky,
        ptl.expm,
        ptl.pinv,
        ptl.eigvalsh,
        lambda x: ptl.slogdet(x)[1],
        lambda x: ptl.eigh(x)[1],
        lambda x: ptl.svd(x)[0],
        lambda x: ptl.qr(x)[1],
        lambda x: ptl.lu(x)[1],
        lambda x: ptl.lu_factor(x)[0],
        lambda x: ptl.solve(x, x),
        lambda x: ptl.solve(x, x, assume_a="pos"),
        lambda x: ptl.solve_triangular(x, x),
        lambda x: ptl.lstsq(x, x)[0],
    ],
)
def test_dtypes(function, dtype, result):
    x = pt.matrix("x", dtype=dtype)
    value = np.array([[4, 1], [1, 3]], dtype=dtype)
    graph = function(x)
    assert graph.type.dtype == result
    found = evaluate(graph, [x], [value])
    assert found.dtype == result
    reference = pt.dmatrix("r")
    expected = evaluate(function(reference), [reference], [value.astype("float64")])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("function", [ptl.inv, ptl.det, ptl.cholesky, ptl.pinv])
def test_complex_values(function):
    x = np.array([[2.0, 1j], [-1j, 3.0]])
    numpys = {
        ptl.inv: np.linalg.inv,
        ptl.det: np.linalg.det,
        ptl.cholesky: np.linalg.cholesky,
        ptl.pinv: np.linalg.pinv,
    }
    assert_agrees(function, [x], np.asarray(numpys[function](x)), rtol=1e-9)


def test_old_paths():
    from pytensorlite.tensor import nlinalg, slinalg

    assert nlinalg.det is ptl.det
    assert slinalg.cholesky is ptl.cholesky
