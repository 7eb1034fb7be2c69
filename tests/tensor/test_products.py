"""Dot products of every kind against NumPy's."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.math import Dot
from tests.tensor.tools import check, check_gradient, evaluate

RNG = np.random.default_rng(6)
M, N, V, W = (RNG.normal(size=shape) for shape in [(2, 3), (3, 4), (3,), (2,)])
C, D = RNG.normal(size=(5, 2, 3)), RNG.normal(size=(5, 3, 4))


@pytest.mark.parametrize(
    ("a", "b"),
    [(V, V), (M, V), (W, M), (M, N), (np.zeros((2, 0)), np.zeros((0, 3))), (V[:1], V[:1])],
)
def test_dot(a, b):
    check(pt.dot, [a, b], np.dot(a, b))
    if a.size:
        check_gradient(pt.dot, [a, b])


def test_dot_of_numbers_and_of_many_axes():
    check(pt.dot, [np.float64(3), V], 3 * V)
    check(pt.dot, [C, N], np.dot(C, N))
    check(pt.dot, [C, D], np.dot(C, D))
    check(pt.dot, [V, D], np.dot(V, D))
    check_gradient(pt.dot, [C, N], order=1)


def test_dot_of_mixed_dtypes():
    check(pt.dot, [np.int32(M * 10), np.float32(N)], (np.int32(M * 10) @ np.float32(N)))
    check(pt.dot, [np.int8(M * 10), np.int8(N * 10)], np.int8(M * 10) @ np.int8(N * 10))
    check(pt.dot, [M > 0, N > 0], (M > 0) @ (N > 0))
    check(pt.dot, [M + 1j, N - 1j], (M + 1j) @ (N - 1j))


def test_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="Incompatible shared dimension"):
        pt.dot(pt.vector("a", shape=(2,)), pt.vector("b", shape=(3,)))
    a, b = pt.dmatrix("a"), pt.dmatrix("b")
    with pytest.raises(
        ValueError, match=r"Shape mismatch: a of shape \(2, 3\) times b of shape \(2"
    ):
        evaluate(pt.dot(a, b), {a: M, b: M})
    with pytest.raises(TypeError, match="vectors and matrices"):
        Dot()(pt.vector("v"), pt.tensor3("t"))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (M, N),
        (V, V),
        (M, V),
        (V, N),
        (C, D),
        (C, N),
        (C, V),
        (V, D),
        (M, D),
        (C[:1], D),
        (C[:, np.newaxis], D),
    ],
)
def test_matmul(a, b):
    check(pt.matmul, [a, b], a @ b)
    check_gradient(pt.matmul, [a, b], order=1)


def test_matmul_of_numbers_and_with_a_dtype():
    with pytest.raises(ValueError, match="scalar"):
        pt.matmul(pt.scalar("a"), pt.vector("v"))
    check(lambda x, y: pt.matmul(x, y, dtype="float32"), [M, N], (M @ N).astype("float32"))


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("vecdot", M, M + 1),
        ("vecdot", C, V),
        ("vecdot", M + 1j, M - 1j),
        ("matvec", M, V),
        ("matvec", C, V),
        ("matvec", C, RNG.normal(size=(5, 3))),
        ("vecmat", V, N),
        ("vecmat", V, D),
        ("vecmat", RNG.normal(size=(5, 3)), D),
        ("vecmat", V + 1j, N),
    ],
)
def test_batches_of_vectors(name, a, b):
    check(getattr(pt, name), [a, b], getattr(np, name)(a, b))
    if a.dtype != "complex128":
        check_gradient(getattr(pt, name), [a, b], order=1)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        (M, N, 1),
        (M, V, [[1], [0]]),
        (M, V, 0),
        (C, D, [[0, 2], [0, 1]]),
        (C, D, [[2, 0], [1, 0]]),
        (C, C, 3),
        (C, D, [2, 1]),
        (C, N, [[-1], [0]]),
        (V, V, 1),
    ],
)
def test_tensordot(a, b, axes):
    check(lambda x, y: pt.tensordot(x, y, axes), [a, b], np.tensordot(a, b, axes))
    check_gradient(lambda x, y: pt.tensordot(x, y, axes), [a, b], order=1)


@pytest.mark.parametrize("axes", [3, -1, [[0, 1], [0]], [[0], [5]], [[0]], [[0, 1], [1, 0]]])
def test_tensordot_over_axes_that_do_not_fit(axes):
    a, b = pt.matrix("a", shape=(2, 3)), pt.matrix("b", shape=(2, 3))
    with pytest.raises(ValueError):
        pt.tensordot(a, b, axes)


def test_tensordot_compares_each_length():
    a, b = pt.dmatrix("a"), pt.dmatrix("b")
    product = pt.tensordot(a, b, [[0, 1], [0, 1]])
    with pytest.raises(AssertionError, match="SpecifyShape"):
        evaluate(product, {a: np.ones((2, 3)), b: np.ones((3, 2))})


def test_outer():
    check(pt.outer, [V, W], np.outer(V, W))
    check(pt.outer, [M, V], np.outer(M, V))
    check_gradient(pt.outer, [V, W])


def test_derivatives_keep_lengths_of_one():
    x, y = pt.tensor("x", shape=(None, 1)), pt.matrix("y")
    product = pt.dot(x, y)
    g = pt.matrix("g")
    terms = product.owner.op.pullback([x, y], [product], [g])
    assert terms[0].type.broadcastable == x.type.broadcastable
