"""What all matrix functions have in common: square matrices, dtypes, names."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl

from ..tensor.agreement import assert_agrees, evaluate

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
