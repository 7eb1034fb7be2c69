"""Small questions about shapes and axes."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.tensor.utils import (
    broadcast_static_dim_lengths,
    faster_broadcast_to,
    faster_ndindex,
    get_static_shape_from_size_variables,
    hash_from_ndarray,
    import_func_from_string,
    normalize_reduce_axis,
    safe_signature,
    shape_of_variables,
)


@pytest.mark.parametrize(
    ("axis", "ndim", "expected"),
    [(None, 3, None), (-1, 3, (2,)), ((2, 0), 3, (0, 2)), (0, 0, ()), ((), 2, ()), ([1], 2, (1,))],
)
def test_axes_of_reductions(axis, ndim, expected):
    assert normalize_reduce_axis(axis, ndim) == expected


@pytest.mark.parametrize("axis", [3, -4, (0, 0), (1, -2)])
def test_axes_that_are_not_there(axis):
    with pytest.raises(ValueError):
        normalize_reduce_axis(axis, 3)


def test_lengths_that_meet():
    assert broadcast_static_dim_lengths([1, 1]) == 1
    assert broadcast_static_dim_lengths([None, 1]) is None
    assert broadcast_static_dim_lengths([None, 0, 1]) == 0
    with pytest.raises(ValueError, match="broadcast"):
        broadcast_static_dim_lengths([2, 3])


def test_digests_see_dtype_shape_and_bits():
    arrays = [np.zeros(2), -np.zeros(2), np.zeros((1, 2)), np.zeros(2, "f4"), np.array([0, np.nan])]
    digests = [hash_from_ndarray(array) for array in arrays]
    assert len(set(digests)) == len(arrays)
    assert hash_from_ndarray(np.zeros((2, 4))[:, ::2]) == hash_from_ndarray(np.zeros((2, 2)))


def test_shapes_of_all_variables():
    x = pt.dmatrix("x")
    y = x.sum(axis=0) + 1
    graph = FunctionGraph([x], [y], clone=False)
    shapes = shape_of_variables(graph, {x: (2, 3)})
    assert shapes[x] == (2, 3)
    assert shapes[y] == (3,)
    with pytest.raises(ValueError, match="lacks"):
        shape_of_variables(graph, {})


def test_the_rest():
    assert safe_signature([0, 2], [1]) == "(),(i10,i11)->(o00)"
    assert get_static_shape_from_size_variables([pt.constant(3), pt.lscalar("n")]) == (3, None)
    assert import_func_from_string("numpy.linalg.inv") is np.linalg.inv
    assert import_func_from_string("no.such.thing") is None
    assert import_func_from_string("numpy.nothing") is None
    assert len(list(faster_ndindex((2, 3)))) == 6
    assert faster_broadcast_to(np.ones(3), (2, 3)).shape == (2, 3)
