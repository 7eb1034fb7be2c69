"""Shared variables: how they are made, read, set, and kept apart from what they were made of."""

import copy
import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, shared
from pytensorlite.compile.sharedvalue import Generic, SharedVariable, shared_constructor
from pytensorlite.tensor.sharedvar import TensorSharedVariable


@pytest.mark.parametrize(
    ("value", "dtype", "ndim"),
    [
        (3, "int64", 0),
        (True, "bool", 0),
        (3.0, "float64", 0),
        (1j, "complex128", 0),
        (np.float32(3), "float32", 0),
        (np.int8(3), "int8", 0),
        (np.zeros((2, 3), "float32"), "float32", 2),
        (np.zeros(2, ">i4"), "int32", 1),
    ],
)
def test_numbers_and_arrays_become_tensors(value, dtype, ndim):
    variable = shared(value, name="v")
    assert isinstance(variable, TensorSharedVariable)
    assert (variable.type.dtype, variable.type.ndim) == (dtype, ndim)
    assert variable.type.shape == (None,) * ndim
    np.testing.assert_array_equal(variable.get_value(), value)
    assert variable.get_value().dtype == dtype


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, "text", None, object])
def test_other_objects_become_generic(value):
    variable = shared(value)
    assert isinstance(variable.type, Generic)
    assert variable.get_value() == value


def test_static_lengths_can_be_fixed():
    assert shared(np.zeros((1, 3)), shape=(1, None)).type.shape == (1, None)
    fixed = shared(np.zeros((1, 3)), shape=(1, 3), name="fixed")
    with pytest.raises(TypeError, match='the value of "fixed"'):
        fixed.set_value(np.zeros((1, 4)))
    assert shared(np.zeros((1, 3)), broadcastable=(True, False)).type.shape == (1, None)


def test_values_are_copied_unless_borrowed():
    source = np.zeros(3)
    apart, same = shared(source), shared(source, borrow=True)
    source[0] = 7
    assert apart.get_value()[0] == 0
    assert same.get_value()[0] == 7
    assert same.get_value(borrow=True) is source
    same.get_value()[0] = 9
    assert source[0] == 7
    other = np.ones(3)
    apart.set_value(other)
    other[0] = 5
    assert apart.get_value()[0] == 1
    apart.set_value(other, borrow=True)
    assert apart.get_value(borrow=True, return_internal_type=True) is other
    items = [1]
    generic = shared(items)
    items.append(2)
    assert generic.get_value() == [1]


def test_set_value_converts_or_refuses():
    variable = shared(np.zeros(2), name="v")
    variable.set_value([1, 2])
    variable.set_value(np.ones(3, "float32"))
    assert variable.get_value().dtype == np.float64
    for wrong in (np.zeros((2, 2)), "text", None, np.array([1j])):
        with pytest.raises(TypeError):
            variable.set_value(wrong)
    np.testing.assert_array_equal(variable.get_value(), np.ones(3))
    single = shared(np.zeros(2, "float32"))
    with pytest.raises(TypeError):
        single.set_value(np.zeros(2))
    shared(np.zeros(2, "float32"), allow_downcast=True).set_value(np.zeros(2))
    with pytest.raises(TypeError):
        shared(np.zeros(2), strict=True).set_value([1, 2])


def test_zero():
    variable = shared(np.ones(2))
    inside = variable.get_value(borrow=True)
    variable.zero()
    np.testing.assert_array_equal(inside, [1, 1])
    np.testing.assert_array_equal(variable.get_value(), [0, 0])
    inside = variable.get_value(borrow=True)
    inside[...] = 3
    variable.zero(borrow=True)
    np.testing.assert_array_equal(inside, [0, 0])


def test_clones_share_the_value():
    variable = shared(1.0, name="v")
    twin = variable.clone(name="twin")
    twin.set_value(5.0)
    assert float(variable.get_value()) == 5
    assert (variable.name, twin.name) == ("v", "twin")


def test_default_update_is_converted_and_checked():
    variable = shared(np.zeros(2))
    variable.default_update = [1.0, 2.0]
    assert variable.default_update.type == variable.type or variable.type.is_super(
        variable.default_update.type
    )
    with pytest.raises(TypeError):
        variable.default_update = pt.fmatrix()
    variable.default_update = None
    assert variable.default_update is None


def test_variables_remember_where_they_were_made():
    assert shared(1.0).tag.trace[0][0] == __file__


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_are_independent(copier):
    variable = shared(np.zeros(2), name="v")
    twin = copier(variable)
    twin.set_value(np.ones(2))
    np.testing.assert_array_equal(variable.get_value(), [0, 0])
    assert twin.name == "v"
    one, same = copier([variable, variable])
    assert one is same


def test_mistakes():
    with pytest.raises(TypeError, match="symbolic variable"):
        shared(pt.dscalar("x"))
    with pytest.raises(TypeError, match="does not take shape"):
        shared([1, 2], shape=(2,))
    with pytest.raises(TypeError, match="Unsupported dtype"):
        shared(np.array(["text"]))
    with pytest.raises(NotImplementedError, match="masked"):
        shared(np.ma.masked_array([1.0, 2.0], [True, False]))
    variable = shared(1.0)
    with pytest.raises(TypeError, match="container or a value"):
        SharedVariable(variable.type, 1.0, False, container=variable.container)


def test_types_register_their_own_constructor():
    class Celsius(float):
        pass

    @shared_constructor.register(Celsius)
    def celsius(value, name=None, strict=False, allow_downcast=None, borrow=False):
        return shared_constructor(float(value), name="temperature")

    assert shared(Celsius(3)).name == "temperature"


def test_functions_see_new_values_of_any_layout():
    variable = shared(np.arange(3.0), borrow=True, name="v")
    f = function([], variable * 2)
    np.testing.assert_array_equal(f(), [0, 2, 4])
    variable.set_value(np.arange(6.0)[::-2], borrow=True)
    np.testing.assert_array_equal(f(), [10, 6, 2])
    variable.set_value(np.arange(2.0).astype(">f8"), borrow=True)
    np.testing.assert_array_equal(f(), [0, 2])
