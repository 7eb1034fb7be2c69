"""Systems of equations: general, triangular, from a factor, by least squares."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, assert_differentiable, evaluate
from .matrices import general, positive, solved, triangle

RIGHT = [((3, 3), (3,), None), ((3, 3), (3, 2), None), ((2, 3, 3), (3,), None)]
RIGHT += [((2, 3, 3), (3, 2), None), ((2, 3, 3), (2, 3), 1), ((3, 3), (2, 3, 1), 2)]
RIGHT += [((1, 1), (1,), None), ((0, 0), (0,), None), ((3, 3), (3, 0), None)]


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


@pytest.mark.parametrize("b_shape", [(4,), (4, 2)])
def test_lstsq(rng, b_shape):
    a, b = rng.normal(size=(4, 2)), rng.normal(size=b_shape)
    solution, residuals, rank, values = np.linalg.lstsq(a, b, rcond=1e-12)
    expected = [solution, residuals, np.asarray(rank, dtype="int32"), values]
    assert_agrees(lambda x, y: ptl.lstsq(x, y, 1e-12), [a, b], expected, rtol=1e-9)
    build = lambda x, y: ptl.lstsq(x, y, 1e-12)[0]
    assert_differentiable(build, [a, b], forward=False)
