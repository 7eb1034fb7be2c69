"""Shapes that meet."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.broadcasting import (
    broadcast_arrays,
    broadcast_shape,
    broadcast_shape_iter,
    broadcast_to,
    concat_with_broadcast,
)

from .agreement import assert_agrees, assert_differentiable, evaluate, variable_like

SHAPES = [
    [(3,), (2, 3)],
    [(1, 3), (2, 1)],
    [(), (2, 3)],
    [(2, 1, 4), (3, 1), (1,)],
    [(0, 1), (1, 5)],
    [(2, 3)],
]


@pytest.mark.parametrize("shapes", SHAPES)
def test_the_shape_in_which_arrays_meet(shapes):
    arrays = [np.zeros(shape) for shape in shapes]
    expected = np.broadcast_shapes(*shapes)
    for static in (False, True):
        variables = [variable_like(a, static=static) for a in arrays]
        found = evaluate([pt.as_tensor(n) for n in broadcast_shape(*variables)], variables, arrays)
        assert tuple(int(n) for n in found) == expected
    lengths = broadcast_shape(*shapes, arrays_are_shapes=True)
    assert tuple(int(n.data) for n in lengths) == expected


@pytest.mark.parametrize("shapes", SHAPES)
def test_broadcast_arrays(rng, shapes):
    arrays = [rng.normal(size=shape) for shape in shapes]
    assert_agrees(broadcast_arrays, arrays, np.broadcast_arrays(*arrays))


def test_lengths_that_cannot_meet():
    with pytest.raises(ValueError, match="Could not broadcast dimensions"):
        broadcast_shape((2, 3), (3, 3), arrays_are_shapes=True)
    x, y = pt.dvector("x"), pt.dvector("y")
    (length,) = broadcast_shape(x, y)
    for values in ([np.zeros(2), np.zeros(3)], [np.zeros(1), np.zeros(3)]):
        with pytest.raises(AssertionError, match="Could not broadcast"):
            evaluate(length, [x, y], values)


def test_lengths_of_1_known_at_run_time_on_request():
    x, y = pt.dvector("x"), pt.dvector("y")
    (length,) = broadcast_shape_iter([x, y], allow_runtime_broadcast=True)
    for n, m in ((1, 3), (3, 1), (3, 3), (1, 1)):
        assert int(evaluate(length, [x, y], [np.zeros(n), np.zeros(m)])) == max(n, m)
    with pytest.raises(AssertionError, match="Could not broadcast"):
        evaluate(length, [x, y], [np.zeros(2), np.zeros(3)])


@pytest.mark.parametrize(
    ("shape", "wanted"), [((3,), (2, 3)), ((1, 3), (4, 3)), ((), (2,)), ((1,), (0,))]
)
def test_broadcast_to(rng, shape, wanted):
    x = rng.normal(size=shape)
    assert_agrees(lambda v: broadcast_to(v, wanted), [x], np.broadcast_to(x, wanted))
    assert_differentiable(lambda v: broadcast_to(v**2, wanted), [x])


def test_broadcast_to_errors():
    with pytest.raises(ValueError, match=r"3.*2"):
        broadcast_to(pt.ones((3,)), (2,))


@pytest.mark.parametrize(
    ("shapes", "axis"),
    [([(1, 2), (2, 1)], 1), ([(1, 3), (2, 1)], 0), ([(2, 1), (2, 3)], -1), ([(2, 2)], 0)],
)
def test_concat_with_broadcast(rng, shapes, axis):
    arrays = [rng.normal(size=shape) for shape in shapes]
    common = np.broadcast_shapes(*([n for k, n in enumerate(s) if k != axis % 2] for s in shapes))
    filled = []
    for array in arrays:
        wanted = list(common)
        wanted.insert(axis % 2, array.shape[axis])
        filled.append(np.broadcast_to(array, wanted))
    expected = np.concatenate(filled, axis)
    assert_agrees(lambda *a: concat_with_broadcast(a, axis), arrays, expected)


def test_concat_errors():
    with pytest.raises(ValueError, match="empty list"):
        concat_with_broadcast([])
    with pytest.raises(TypeError, match="equal rank"):
        concat_with_broadcast([pt.dvector(), pt.dmatrix()])
    with pytest.raises(ValueError, match="out of bounds"):
        concat_with_broadcast([pt.dvector()], axis=1)
