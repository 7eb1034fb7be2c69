"""Elements picked by what they are or by indices."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.graph.null_type import NullType
from tests.tensor.tools import check, check_gradient, evaluate

MATRIX = np.array([[0.0, 2.0, -1.0], [3.0, 0.0, 0.5]])


def test_nonzero():
    for i in range(2):
        check(lambda x, i=i: pt.nonzero(x)[i], [MATRIX], np.nonzero(MATRIX)[i])
    check(lambda x: pt.nonzero(x, return_matrix=True), [MATRIX], np.stack(np.nonzero(MATRIX)))
    check(pt.flatnonzero, [MATRIX], np.flatnonzero(MATRIX))
    check(pt.nonzero_values, [MATRIX], MATRIX[MATRIX != 0])
    check(lambda x: pt.nonzero(x)[0], [np.zeros((0, 3))], np.zeros(0, dtype="int64"))
    check(lambda x: pt.where(x > 0)[1], [MATRIX], np.where(MATRIX > 0)[1])
    for function in (pt.nonzero, pt.flatnonzero):
        with pytest.raises(ValueError, match="at least one dimension"):
            function(pt.scalar("x"))


def test_positions_have_no_derivative():
    x = pt.dvector("x")
    node = pt.nonzero(x)[0].owner
    (term,) = node.op.pullback([x], node.outputs, [pt.dvector("g")])
    assert isinstance(term.type, NullType)


@pytest.mark.parametrize(
    ("indices", "choices", "mode"),
    [
        (np.array([0, 1, 1]), MATRIX, "raise"),
        (np.array([[0], [1]]), MATRIX, "raise"),
        (np.array([[0, 1, 0], [1, 1, 0]]), np.stack([MATRIX, MATRIX + 10]), "raise"),
        (np.array([0, 5, -1]), MATRIX, "wrap"),
        (np.array([0, 5, -1]), MATRIX, "clip"),
        (np.array(1), MATRIX, "raise"),
        (np.array([0, 1]), MATRIX[:, :1], "raise"),
    ],
)
def test_choose(indices, choices, mode):
    expected = np.choose(indices, choices, mode=mode)
    check(lambda c: pt.choose(indices, c, mode=mode), [choices], expected)
    check_gradient(lambda c: pt.choose(indices, c, mode=mode), [choices])


def test_choose_of_a_list():
    i, a, b = pt.lvector("i"), pt.dvector("a"), pt.dvector("b")
    values = {i: np.array([0, 1]), a: np.array([1.0, 2]), b: np.array([3.0, 4])}
    np.testing.assert_array_equal(evaluate(pt.choose(i, [a, b]), values), [1, 4])
    for wrong in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="out of range"):
            evaluate(pt.choose(i, [a, b]), {**values, i: np.array(wrong)})


def test_choices_that_cannot_be():
    with pytest.raises(TypeError, match="integers"):
        pt.choose(pt.vector("v"), pt.matrix("x"))
    with pytest.raises(ValueError, match="sequence"):
        pt.choose(pt.lvector("i"), pt.scalar("x"))
    with pytest.raises(ValueError, match="mode"):
        pt.choose(pt.lvector("i"), pt.matrix("x"), mode="best")


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis(axis):
    indices = np.argsort(MATRIX, axis=axis)
    expected = np.take_along_axis(MATRIX, indices, axis)
    check(lambda x: pt.take_along_axis(x, indices, axis=axis), [MATRIX], expected)
    check_gradient(lambda x: pt.take_along_axis(x, indices, axis=axis), [MATRIX])


def test_take_along_no_axis():
    indices = np.array([3, 0])
    expected = np.take_along_axis(MATRIX, indices, None)
    check(lambda x: pt.take_along_axis(x, indices, axis=None), [MATRIX], expected)
    with pytest.raises(ValueError, match="rank"):
        pt.take_along_axis(pt.matrix("x"), pt.lvector("i"))
    with pytest.raises(IndexError, match="integers"):
        pt.take_along_axis(pt.vector("x"), pt.dvector("i"))


@pytest.mark.parametrize("order", [[2, 0, 1], [[2, 0, 1], [0, 2, 1]]])
def test_permuted_rows(order):
    order = np.array(order)
    permuted = np.take_along_axis(MATRIX, np.broadcast_to(order, MATRIX.shape), axis=1)
    check(lambda x: pt.permute_row_elements(x, order), [MATRIX], permuted)
    check(lambda x: pt.permute_row_elements(x, order, inverse=True), [permuted], MATRIX)
    check_gradient(lambda x: pt.permute_row_elements(x, order), [MATRIX])
    check_gradient(lambda x: pt.permute_row_elements(x, order, inverse=True), [MATRIX])
    with pytest.raises(TypeError, match="integers"):
        pt.permute_row_elements(pt.matrix("x"), pt.vector("order"))


def test_inverse_permutation():
    order = np.array([3, 0, 2, 1])
    check(pt.inverse_permutation, [order], np.argsort(order))
    rows = np.array([[1, 2, 0], [0, 2, 1]])
    check(pt.inverse_permutation, [rows], np.argsort(rows, axis=1))
