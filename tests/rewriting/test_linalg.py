"""Rewrites of linear algebra, and of what forward mode leaves behind."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.gradient import Rop, grad, jacobian
from tests.rewriting.tools import evaluate, ops_of, rewrite

A, B = pt.matrices("A", "B")
b = pt.vector("b")
batch = pt.tensor3("batch")

CASES = {
    "inverse times vector": (pt.linalg.inv(A) @ b, "Solve", "MatrixInverse"),
    "inverse times matrix": (pt.linalg.inv(A) @ B, "Solve", "MatrixInverse"),
    "vector times inverse": (b @ pt.linalg.inv(A), "Solve", "MatrixInverse"),
    "matrix times inverse": (B @ pt.linalg.inv(A), "Solve", "MatrixInverse"),
    "log of determinant": (pt.log(pt.linalg.det(A)), "SLogDet", "Det"),
    "log of its size": (pt.log(abs(pt.linalg.det(A))), "SLogDet", "Det"),
    "log of determinants": (pt.log(pt.linalg.det(batch)), "SLogDet", "Det"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("sign", [1, -1])
def test_safer_algorithms(case, sign, rng):
    before, wanted, unwanted = CASES[case]
    after = rewrite(before, "specialize")
    names = " ".join(ops_of(after))
    assert wanted in names
    assert f"{unwanted} " not in f"{names} ".replace("SLogDet", "")
    matrix = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    matrix[0] *= sign
    values = {
        A: matrix,
        B: rng.normal(size=(3, 3)),
        b: rng.normal(size=3),
        batch: np.stack([matrix] * 2),
    }
    np.testing.assert_allclose(evaluate(after, values), evaluate(before, values), rtol=1e-9)


def test_large_determinants_do_not_overflow():
    after = rewrite(pt.log(pt.linalg.det(A)), "stabilize")
    value = evaluate(after, {A: 1e10 * np.eye(40)})
    np.testing.assert_allclose(value, 40 * np.log(1e10))


def test_a_shared_inverse_stays():
    inverse = pt.linalg.inv(A)
    names = " ".join(ops_of(*rewrite([inverse @ b, inverse], "specialize")))
    assert "MatrixInverse" in names
    assert "Solve" not in names


def test_determinant_of_transpose():
    assert not any("Transpose" in op for op in ops_of(rewrite(pt.linalg.det(A.T))))


def test_no_batch_no_loop_over_it():
    outputs = [pt.linalg.cholesky(A), pt.linalg.solve(A, B), pt.matmul(A, B)]
    assert not any("Blockwise" in op for op in ops_of(*rewrite(outputs)))


def test_forward_mode_leaves_no_trace_of_the_backward_passes():
    x, t = pt.vectors("x", "t")
    pushed = Rop(pt.exp(x) * x, x, t)
    ops = ops_of(rewrite(pushed))
    assert set(ops) <= {"Exp", "Mul", "Add"}, ops


def test_gradients_hold_no_zeros_ones_or_lengths():
    x, y = pt.vectors("x", "y")
    outputs = grad((pt.exp(x * y) + x**2).sum(), [x, y])
    ops = ops_of(*rewrite(outputs))
    assert not any(name in op for op in ops for name in ("Alloc", "Second", "Shape", "ExpandDims"))


def test_jacobian_of_an_elementwise_function_evaluates(rng):
    x = pt.vector("x")
    value = rng.normal(size=3)
    after = rewrite(jacobian(pt.tanh(x), x, vectorize=True))
    np.testing.assert_allclose(evaluate(after, {x: value}), np.diag(1 - np.tanh(value) ** 2))
