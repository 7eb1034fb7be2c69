"""Numbers known while a graph is built."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.constant_value import extract_constant, static_entries, vector_entries
from pytensorlite.tensor.exceptions import NotScalarConstantError

value_of = pt.get_underlying_scalar_constant_value


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda: 3, 3),
        (lambda: np.array([2.5, 2.5]), 2.5),
        (lambda: pt.constant(3), 3),
        (lambda: pt.constant([[2, 2]]), 2),
        (lambda: ps.constant(4), 4),
        (lambda: pt.constant([2, 2]) * 3, 6),
        (lambda: pt.cast(pt.constant(2.5), "int8"), 2),
        (lambda: pt.alloc(pt.constant(3), 4), 3),
        (lambda: pt.zeros_like(pt.vector("x")), 0),
        (lambda: pt.shape_padleft(pt.constant(3)), 3),
        (lambda: pt.matrix("x", shape=(None, 7)).shape[1], 7),
        (lambda: pt.stack([pt.constant(1), pt.lscalar("n")])[0], 1),
        (lambda: pt.stack([pt.constant(1), pt.constant(1)]), 1),
        (lambda: pt.as_tensor(ps.constant(2)), 2),
        (lambda: pt.scalar_from_tensor(pt.constant(2)), 2),
        (lambda: pt.concatenate([pt.constant([1, 2]), pt.lvector("v", shape=(2,))])[1], 2),
    ],
)
def test_known_numbers(make, number):
    assert value_of(make()) == number


@pytest.mark.parametrize(
    "make",
    [
        lambda: pt.scalar("x"),
        lambda: pt.constant([1, 2]),
        lambda: [1, 2],
        lambda: None,
        lambda: pt.vector("x").shape[0],
        lambda: pt.scalar("x") * 0,
        lambda: pt.constant([]),
        lambda: "text",
    ],
)
def test_unknown_numbers(make):
    variable = make()
    with pytest.raises(NotScalarConstantError, match="is not a constant"):
        value_of(variable)
    assert value_of(variable, raise_not_constant=False) is variable
    assert extract_constant(variable) is variable


def test_how_deep_to_look():
    deep = pt.constant(1)
    for _ in range(20):
        deep = deep.dimshuffle("x").dimshuffle(())
    with pytest.raises(NotScalarConstantError):
        value_of(deep)
    assert value_of(deep, max_recur=100) == 1
    sum_of_constants = pt.constant(1) + pt.constant(2)
    with pytest.raises(NotScalarConstantError):
        value_of(sum_of_constants, elemwise=False)
    with pytest.raises(NotScalarConstantError):
        value_of(sum_of_constants, only_process_constants=True)


def test_numbers_of_rank_zero():
    assert pt.get_scalar_constant_value(pt.constant(3)) == 3
    for array in (pt.constant([3, 3]), [3, 3]):
        with pytest.raises(NotScalarConstantError, match="not a scalar"):
            pt.get_scalar_constant_value(array)


def test_lengths_of_vectors():
    assert pt.get_vector_length([1, 2]) == 2
    assert pt.get_vector_length(np.zeros(3)) == 3
    assert pt.get_vector_length(pt.tensor3("x").shape) == 3
    assert pt.get_vector_length(pt.vector("v", shape=(4,))) == 4
    assert pt.get_vector_length(pt.tensor3("x").shape[1:]) == 2
    with pytest.raises(ValueError, match="Length of v cannot be determined"):
        pt.get_vector_length(pt.vector("v"))
    with pytest.raises(TypeError, match="vectors"):
        pt.get_vector_length(pt.matrix("x"))


def test_elements_of_vectors():
    n = pt.lscalar("n")
    assert vector_entries(pt.constant([1, 2])) == [1, 2]
    assert vector_entries(pt.as_tensor([n, 2]))[0] is n
    assert static_entries(pt.as_tensor([n, 2]), 2) == [None, 2]
    assert static_entries(pt.cast(pt.as_tensor([n, 2]), "int32"), 2) == [None, 2]
    assert static_entries(pt.lvector("v"), 2) == [None, None]
    assert static_entries(pt.matrix("x", shape=(None, 3)).shape, 2) == [None, 3]
    assert static_entries(pt.full((2,), 5), 2) == [5, 5]
