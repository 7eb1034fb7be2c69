"""Axes in another order, elements in another place."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from tests.tensor.tools import check, check_gradient, evaluate

CUBE = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (pt.transpose, CUBE.T),
        (lambda x: pt.transpose(x, (0, -1, 1)), CUBE.transpose(0, 2, 1)),
        (pt.matrix_transpose, CUBE.transpose(0, 2, 1)),
        (lambda x: pt.swapaxes(x, 0, -1), CUBE.swapaxes(0, 2)),
        (lambda x: pt.moveaxis(x, 0, -1), np.moveaxis(CUBE, 0, -1)),
        (lambda x: pt.moveaxis(x, (0, 1), (2, 0)), np.moveaxis(CUBE, (0, 1), (2, 0))),
        (lambda x: pt.expand_dims(x, 0), CUBE[np.newaxis]),
        (lambda x: pt.expand_dims(x, (0, -1)), CUBE[np.newaxis, ..., np.newaxis]),
        (lambda x: pt.expand_dims(x, ()), CUBE),
        (pt.atleast_1d, CUBE),
        (lambda x: pt.atleast_3d(x[0]), CUBE[:1]),
        (lambda x: pt.atleast_Nd(x[0], n=4, left=False), CUBE[0][..., None, None]),
        (pt.flatten, CUBE.ravel()),
        (lambda x: pt.flatten(x, 2), CUBE.reshape(2, 12)),
        (lambda x: pt.flatten(x, 3), CUBE),
        (lambda x: pt.roll(x, 1), np.roll(CUBE, 1)),
        (lambda x: pt.roll(x, -5, axis=2), np.roll(CUBE, -5, 2)),
        (lambda x: pt.roll(x, (1, 2), axis=(0, 2)), np.roll(CUBE, (1, 2), (0, 2))),
        (lambda x: pt.roll(x, 1, axis=(0, 1)), np.roll(CUBE, 1, (0, 1))),
        (lambda x: pt.tile(x, 2), np.tile(CUBE, 2)),
        (lambda x: pt.tile(x, (2, 1, 3)), np.tile(CUBE, (2, 1, 3))),
        (lambda x: pt.tile(x, (2, 1, 1, 2)), np.tile(CUBE, (2, 1, 1, 2))),
        (lambda x: pt.tile(x, pt.constant([2, 1])), np.tile(CUBE, (2, 1))),
    ],
)
def test_rearrangements(function, expected):
    check(function, [CUBE], expected)
    check_gradient(function, [CUBE], order=1)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_empty_arrays(shape):
    array = np.ones(shape)
    check(lambda x: pt.roll(x, 2, axis=0), [array], array)
    check(lambda x: pt.tile(x, (2, 2)), [array], np.tile(array, (2, 2)))
    check(lambda x: pt.flatten(x.dimshuffle("x", 0, 1), 2), [array], array.reshape(1, -1))
    check(lambda x: pt.tile(x, 0), [array], np.tile(array, 0))


def test_symbolic_shifts_and_repetitions():
    n, v = pt.lscalar("n"), pt.dvector("v")
    values = {n: np.array(2), v: np.arange(3.0)}
    np.testing.assert_array_equal(evaluate(pt.roll(v, n), values), [1, 2, 0])
    np.testing.assert_array_equal(evaluate(pt.tile(v, (n, 1)), values), [[0, 1, 2], [0, 1, 2]])


def test_names_and_identities():
    x = pt.matrix("x")
    assert pt.transpose(x).name == "x.T"
    assert pt.transpose(x, (0, 1)) is x
    assert pt.moveaxis(x, 0, 0) is x
    assert pt.is_flat(pt.vector("v"))
    assert not pt.is_flat(x)
    assert pt.is_flat(x, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: pt.transpose(x, (0,)),
        lambda x: pt.transpose(x, (0, 0)),
        lambda x: pt.transpose(x, (0, 2)),
        lambda x: pt.swapaxes(x, 0, 2),
        lambda x: pt.moveaxis(x, (0, 1), (1,)),
        lambda x: pt.moveaxis(x, 0, 2),
        lambda x: pt.expand_dims(x, 3),
        lambda x: pt.expand_dims(x, (0, 0)),
        lambda x: pt.flatten(x, 3),
        lambda x: pt.flatten(x, 0),
        lambda x: pt.roll(x, 1, axis=2),
        lambda x: pt.matrix_transpose(x[0]),
    ],
)
def test_axes_that_are_not_there(call):
    with pytest.raises(ValueError):
        call(pt.matrix("x"))


def test_grids():
    dense = pt.mgrid[0:3, 1:5:2]
    np.testing.assert_array_equal([evaluate(axis, {}) for axis in dense], np.mgrid[0:3, 1:5:2])
    for ours, theirs in zip(pt.ogrid[0:3, 1:5:2], np.ogrid[0:3, 1:5:2], strict=True):
        np.testing.assert_array_equal(evaluate(ours, {}), theirs)
    np.testing.assert_array_equal(evaluate(pt.mgrid[2:5], {}), np.mgrid[2:5])
    np.testing.assert_allclose(evaluate(pt.ogrid[0:1:5j], {}), np.ogrid[0:1:5j])
