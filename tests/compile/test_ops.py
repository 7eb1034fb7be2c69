"""Copies, views, and Python functions as ops."""

import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, grad
from pytensorlite.compile.ops import as_op, deep_copy_op, view_op, wrap_py

x = pt.dvector("x")


@wrap_py(itypes=[pt.dvector], otypes=[pt.dvector, pt.lscalar])
def flipped_and_length(value):
    return np.flip(value), np.array(len(value))


@as_op(itypes=pt.dvector, otypes=pt.dvector, infer_shape=lambda fgraph, node, shapes: shapes)
def doubled(value):
    return 2 * value


def test_deep_copy_and_view():
    for op in (deep_copy_op, view_op):
        f = function([x], op(x))
        value = np.ones(2)
        result = f(value)
        np.testing.assert_array_equal(result, value)
        assert not np.shares_memory(result, value)
        gradient = grad((op(x) ** 2).sum(), x)
        np.testing.assert_array_equal(function([x], gradient)([3.0]), [6.0])


def test_python_functions_as_ops():
    back, length = flipped_and_length(x)
    a, b = function([x], [back, length])([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(a, [3, 2, 1])
    assert int(b) == 3
    np.testing.assert_array_equal(doubled(x + 1).eval({x: [1.0]}), [4.0])
    np.testing.assert_array_equal(doubled(x).shape.eval({x: [1.0]}), [1])


def test_they_are_equal_if_their_functions_are():
    assert flipped_and_length == flipped_and_length
    assert flipped_and_length != doubled
    assert len({flipped_and_length, doubled, doubled}) == 2
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert str(doubled) == "FromFunctionOp{doubled}"


def test_mistakes():
    with pytest.raises(TypeError, match="expected types"):
        wrap_py(itypes=[3], otypes=[pt.dvector])

    @wrap_py(itypes=[pt.dvector], otypes=[pt.dvector, pt.dvector])
    def one_short(value):
        return value

    with pytest.raises(ValueError, match="one_short returned 1 results"):
        one_short(x)[0].eval({x: [1.0]}, mode="NUMPY")

    @wrap_py(itypes=[pt.dvector], otypes=[pt.dvector])
    def wrong_rank(value):
        return value[None]

    with pytest.raises(TypeError, match="number of dimensions"):
        wrong_rank(x).eval({x: [1.0]}, mode="NUMPY")
