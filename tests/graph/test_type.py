import pytest

from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.type import HasDataType, HasShape, Type

from .sample import Number, neg, number


class Length(Number):
    """Numbers of metres; takes numbers of kilometres by conversion."""

    def is_super(self, otype):
        return isinstance(otype, Number) and otype.unit == self.unit

    def convert_variable(self, var):
        return neg(var).clone() if var.type.unit == "kilometre" else None


metre = Length("metre")


def test_types_are_equal_by_their_properties():
    assert Number("a") == Number("a")
    assert Number("a") != Number("b")
    assert hash(Number("a")) == hash(Number("a"))
    assert number.in_same_class(Number())
    assert number.is_super(Number())
    assert number.clone("b") == Number("b")


def test_variables_and_constants_are_made():
    x = number("x")
    assert isinstance(x, Variable)
    assert (x.name, x.type) == ("x", number)
    assert number.make_variable().name is None
    two = number.make_constant(2, name="two")
    assert isinstance(two, Constant)
    assert (two.data, two.name) == (2.0, "two")


def test_values_are_filtered():
    assert number.is_valid_value(1.0)
    assert not number.is_valid_value(1)
    assert number.is_valid_value(1, strict=False)
    assert not number.is_valid_value("one", strict=False)
    assert number.values_eq(1, 1.0)
    assert number.values_eq_approx(1, 1.0)
    with pytest.raises(NotImplementedError):
        number.filter_inplace(1, None)


def test_variables_are_filtered():
    x = metre("x")
    assert metre.filter_variable(x) is x
    assert metre.filter_variable(3).data == 3.0
    converted = metre.filter_variable(Number("kilometre")("y"))
    assert converted.type.unit == "one"
    with pytest.raises(TypeError, match=r"(?s)Cannot convert.*Number\(second\).*test_type.py"):
        metre.filter_variable(Number("second")("t"))
    with pytest.raises(TypeError, match="Cannot convert"):
        metre.filter_variable(Number("kilometre")("y"), allow_convert=False)


def test_filter_is_wanted():
    class Unfiltered(Type):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Unfiltered()


def test_protocols():
    class Shaped(Number):
        dtype = "float64"
        ndim = 0
        shape = ()

    assert isinstance(Shaped(), HasDataType)
    assert isinstance(Shaped(), HasShape)
    assert not isinstance(number, HasShape)
