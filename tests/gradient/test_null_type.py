import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.gradient import (
    DisconnectedType,
    NullType,
    disconnected_type,
    grad_not_implemented,
    grad_undefined,
    null_type,
)
from pytensorlite.graph.utils import MissingInputError


def test_null_types_are_equal_whatever_their_reason():
    assert NullType("one reason") == NullType("another")
    assert hash(NullType("one reason")) == hash(NullType("another"))
    assert NullType() != DisconnectedType()


def test_disconnected_types_are_equal_and_print_their_name():
    assert DisconnectedType() == disconnected_type
    assert str(disconnected_type) == "DisconnectedType"
    assert str(disconnected_type()) == "<DisconnectedType>"
    assert str(null_type()) == "<NullType>"


def test_calling_a_type_makes_a_named_variable():
    assert disconnected_type("nothing").name == "nothing"
    assert null_type("nowhere").name == "nowhere"


def test_null_type_holds_no_value_and_says_why():
    with pytest.raises(ValueError, match="steps have no slope"):
        NullType("steps have no slope").filter(1.0)
    with pytest.raises(ValueError, match="no values"):
        null_type.values_eq(1.0, 1.0)


def test_null_type_can_be_replaced_by_nothing():
    with pytest.raises(ValueError):
        null_type.filter_variable(pt.dscalar())


@pytest.mark.parametrize("method", ["filter", "filter_variable"])
def test_disconnected_type_holds_no_value(method):
    with pytest.raises(AssertionError, match="symbolic zero"):
        getattr(disconnected_type, method)(1.0)
    with pytest.raises(AssertionError):
        disconnected_type.values_eq(1.0, 1.0)


@pytest.mark.parametrize("make", [grad_not_implemented, grad_undefined])
def test_reasons_name_op_position_input_and_comment(make):
    x = pt.dvector("speed")
    reason = make(pt.exp, 3, x, "it is night").type.why_null
    assert isinstance(make(pt.exp, 3, x).type, NullType)
    for part in (str(pt.exp), "3", "speed", "it is night"):
        assert part in reason


def test_compiling_a_null_gradient_fails_with_its_reason():
    x = pt.dvector("x")
    with pytest.raises(TypeError, match="steps have no slope"):
        function([x], grad_undefined(pt.exp, 0, x, "steps have no slope"), on_unused_input="ignore")


def test_compiling_a_disconnected_gradient_misses_an_input():
    with pytest.raises(MissingInputError):
        function([], disconnected_type())
