"""Diagonals and triangles."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.basic import ExtractDiag, alloc_diag
from tests.tensor.tools import check, check_gradient, evaluate

MATRIX = np.arange(12.0).reshape(3, 4)
CUBE = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("offset", [0, 1, -1, 3, -2, 5, -5])
def test_diagonals_of_matrices(offset):
    check(lambda x: pt.diag(x, offset), [MATRIX], np.diag(MATRIX, offset))
    check(lambda x: pt.trace(x, offset), [MATRIX], np.trace(MATRIX, offset))
    if abs(offset) < 3:
        check_gradient(lambda x: pt.diag(x, offset), [MATRIX])


@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2), (-1, 0), (1, 2)])
@pytest.mark.parametrize("offset", [0, 1, -1])
def test_diagonals_of_batches(offset, axes):
    expected = np.diagonal(CUBE, offset, *axes)
    check(lambda x: pt.diagonal(x, offset, *axes), [CUBE], expected)
    check_gradient(lambda x: pt.diagonal(x, offset, *axes), [CUBE], order=1)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_small_matrices(shape):
    array = np.ones(shape)
    check(pt.diag, [array], np.diag(array))
    check(pt.tril, [array], np.tril(array))
    check(pt.triu, [array], np.triu(array))


@pytest.mark.parametrize("offset", [0, 2, -1])
def test_matrices_from_diagonals(offset):
    vector = np.arange(1.0, 4)
    check(lambda x: pt.diag(x, offset), [vector], np.diag(vector, offset))
    check_gradient(lambda x: pt.diag(x, offset), [vector])
    batch = np.stack([np.diag(row, offset) for row in MATRIX])
    check(lambda x: alloc_diag(x, offset, -2, -1), [MATRIX], batch)
    check(lambda x: alloc_diag(x, offset, 0, 2), [MATRIX], batch.transpose(1, 0, 2))


def test_what_has_no_diagonal():
    for call, error in [
        (lambda: pt.diag(pt.tensor3("x")), ValueError),
        (lambda: pt.diag(pt.scalar("x")), ValueError),
        (lambda: pt.diagonal(pt.vector("x")), ValueError),
        (lambda: ExtractDiag()(pt.vector("x")), ValueError),
        (lambda: ExtractDiag(axis2=2)(pt.matrix("x")), ValueError),
        (lambda: ExtractDiag(axis1=-1), NotImplementedError),
        (lambda: ExtractDiag(axis1=1, axis2=1), ValueError),
        (lambda: pt.trace(pt.vector("x")), ValueError),
    ]:
        with pytest.raises(error):
            call()


def test_a_view_or_a_copy():
    x = pt.dmatrix("x")
    for view in (True, False):
        op = ExtractDiag(view=view)
        assert bool(op.view_map) is view
        array = MATRIX.copy()
        assert np.shares_memory(evaluate(op(x), {x: array}), array) is view


@pytest.mark.parametrize("k", [0, 1, -1, 5])
def test_triangles(k):
    check(lambda: pt.tri(3, k=k), [], np.tri(3, k=k))
    check(lambda: pt.tri(2, 4, k=k, dtype="int8"), [], np.tri(2, 4, k=k, dtype="int8"))
    for name in ("tril", "triu"):
        check(lambda x, name=name: getattr(pt, name)(x, k), [CUBE], getattr(np, name)(CUBE, k))
        check_gradient(lambda x, name=name: getattr(pt, name)(x, k), [MATRIX])


def test_triangles_cut_off_what_is_not_finite():
    array = np.full((2, 2), np.nan)
    check(pt.tril, [array], np.tril(array))
    check(pt.triu, [np.int8([[1, 2], [3, 4]])], np.int8([[1, 2], [0, 4]]))


@pytest.mark.parametrize("arguments", [(3,), (3, 1), (2, -1, 4)])
def test_positions_of_triangles(arguments):
    for name in ("tril_indices", "triu_indices"):
        for ours, theirs in zip(
            getattr(pt, name)(*arguments), getattr(np, name)(*arguments), strict=True
        ):
            np.testing.assert_array_equal(evaluate(ours, {}), theirs)


def test_positions_of_triangles_of_a_matrix():
    x = pt.dmatrix("x")
    for name in ("tril_indices_from", "triu_indices_from"):
        for ours, theirs in zip(getattr(pt, name)(x, 1), getattr(np, name)(MATRIX, 1), strict=True):
            np.testing.assert_array_equal(evaluate(ours, {x: MATRIX}), theirs)
    with pytest.raises(ValueError, match="matrix"):
        pt.tril_indices_from(pt.vector("v"))
