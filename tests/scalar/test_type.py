"""Scalar types, variables and constants."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import pytensorlite.scalar as ps
from pytensorlite.scalar.type import ScalarConstant, ScalarType, ScalarVariable, as_common_dtype


def test_types_are_equal_by_dtype():
    assert ScalarType("float64") == ps.float64
    assert ScalarType(np.int8) == ps.int8
    assert ps.get_scalar_type("bool") is ps.bool
    assert pickle.loads(pickle.dumps(ps.float32)) is ps.float32
    assert hash(ScalarType("int8")) == hash(ps.int8)


def test_unknown_dtypes_are_refused():
    with pytest.raises(TypeError, match="expected one of bool"):
        ScalarType("S3")


@pytest.mark.parametrize(
    ("type", "data"),
    [(ps.int8, 3), (ps.float32, 0.5), (ps.float64, 0.1), (ps.float64, 7), (ps.bool, True),
     (ps.complex64, 1j), (ps.float32, float("nan")), (ps.uint8, np.int64(200))],
)  # fmt: skip
def test_filter_takes_what_the_type_holds(type, data):
    value = type.filter(data)
    assert value.dtype == type.dtype
    assert value == data or np.isnan(data)


@pytest.mark.parametrize(
    ("type", "data"),
    [(ps.int8, 300), (ps.int8, 0.5), (ps.float32, 0.1), (ps.bool, 2), (ps.float64, 1j),
     (ps.float64, "1"), (ps.float64, [1.0, 2.0]), (ps.float64, ps.float64())],
)  # fmt: skip
def test_filter_refuses_what_would_change(type, data):
    with pytest.raises(TypeError, match="expected a"):
        type.filter(data)


def test_filter_by_its_switches():
    assert ps.float32.filter(0.1, allow_downcast=True) == np.float32(0.1)
    with pytest.raises(TypeError, match=r"expected a numpy\.float64"):
        ps.float64.filter(1.0, strict=True)


def test_constants():
    one = ps.constant(1)
    assert isinstance(one, ScalarConstant)
    assert one.type == ps.int8
    assert ps.constant(0.0).equals(ps.constant(0.0))
    assert not ps.constant(0.0).equals(ps.constant(-0.0))
    assert ps.as_scalar(2.5).type == ps.float32


def test_operators_build_graphs():
    x, n = ps.float64("x"), ps.int64("n")
    for result, row in [
        (x + 1, ps.add), (1 + x, ps.add), (x - 1, ps.sub), (1 - x, ps.sub), (2 * x, ps.mul),
        (x / 2, ps.true_div), (1 / x, ps.true_div), (x // 2, ps.int_div), (x % 2, ps.mod),
        (x**2, ps.pow), (2**x, ps.pow), (-x, ps.neg), (abs(x), ps.abs), (x < 1, ps.lt),
        (x >= 1, ps.ge), (n & 1, ps.and_), (1 | n, ps.or_), (n ^ n, ps.xor), (~n, ps.invert),
        (n << 2, ps.left_shift), (n >> 2, ps.right_shift), (np.float64(2) * x, ps.mul),
    ]:  # fmt: skip
        assert isinstance(result, ScalarVariable)
        assert result.owner.op == row


def test_swapped_operands_stay_swapped():
    x = ps.float64("x")
    assert (1 - x).owner.inputs[1] is x


def test_numbers_do_not_widen():
    x = ps.float32("x")
    assert (x * 2).type == (x * 0.5).type == ps.float32
    assert (ps.int8("i") + 1).type == ps.int8


@pytest.mark.parametrize("convert", [bool, int, float, complex])
def test_symbols_have_no_value(convert):
    with pytest.raises(TypeError, match="whose value is known only when a function runs"):
        convert(ps.float64("x"))


def test_casting():
    x = ps.float64("x")
    assert x.astype("float64") is x
    assert x.astype("int8").type == ps.int8
    assert ps.cast(3.7, "int64").type == ps.int64
    a, b = as_common_dtype(ps.int8("a"), ps.float32("b"))
    assert (a.type, b.type) == (ps.float32, ps.float32)


def test_zeros_and_ones_depend_on_their_model():
    x = ps.float32("x")
    zero = x.zeros_like()
    assert zero.owner.op == ps.second
    assert (zero.type, x.ones_like("int8").type) == (ps.float32, ps.int8)


def test_named_variables():
    x, y = ps.floats("x", "y")
    assert (x.name, y.type) == ("x", ps.float64)
    assert ps.ints("n").type == ps.int64
    assert ps.complexs("z").type == ps.complex128


def test_real_and_imaginary_parts():
    z = ps.complex64("z")
    assert (z.real.type, z.imag.type) == (ps.float32, ps.float32)


def test_complex_numbers_have_no_remainder():
    with pytest.raises(ps.ComplexError, match="no remainder"):
        ps.mod_check(ps.complex64("z"), 2)
