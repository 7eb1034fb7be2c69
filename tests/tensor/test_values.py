"""What `TensorType.filter` takes for a value, and when two values are the same."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config
from pytensorlite.tensor.type import TensorType
from pytensorlite.tensor.values import (
    values_eq,
    values_eq_approx,
    values_eq_approx_always_true,
    values_eq_approx_remove_inf,
    values_eq_approx_remove_inf_nan,
    values_eq_approx_remove_nan,
)

VECTOR = TensorType("float64", (None,))


def number(dtype):
    return TensorType(dtype, ())


def test_an_array_of_the_right_dtype_is_taken_as_it_is():
    for array in (np.arange(3.0), np.arange(6.0)[::-2], np.arange(0.0)):
        assert VECTOR.filter(array) is array
        assert VECTOR.filter(array, strict=True) is array


def test_a_memory_map_stays_one(tmp_path):
    mapped = np.memmap(tmp_path / "data", dtype="float64", mode="w+", shape=(3,))
    assert VECTOR.filter(mapped) is mapped


def test_misaligned_and_byte_swapped_arrays_are_copied():
    misaligned = np.frombuffer(b"\0" * 25, dtype="uint8")[1:].view("float64")
    assert not misaligned.flags.aligned
    assert VECTOR.filter(misaligned).flags.aligned
    swapped = VECTOR.filter(np.arange(3).astype(">f8"))
    assert swapped.dtype.isnative
    np.testing.assert_array_equal(swapped, [0, 1, 2])


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float64", np.array(3)),
        ("float64", np.float32(0.1)),
        ("float64", 2**70),
        ("float64", True),
        ("float64", float("nan")),
        ("int8", 1.0),
        ("int8", np.int64(5)),
        ("int64", -0.0),
        ("uint64", 2**63),
        ("float32", 0.5),
        ("bool", 1),
        ("complex64", 1.5),
    ],
)
def test_what_survives_exactly_is_converted(dtype, value):
    result = number(dtype).filter(value, allow_downcast=False)
    assert result.dtype == dtype
    assert result == value or np.isnan(value)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int8", 1.5),
        ("int8", 300),
        ("int8", np.array(3)),
        ("int8", float("nan")),
        ("int8", float("inf")),
        ("int64", 2.0**63),
        ("uint64", -1),
        ("uint64", 2.0**64),
        ("float32", 0.1),
        ("float32", 2**24 + 1),
        ("float32", np.array(0.1)),
        ("float64", 1j),
        ("float64", np.array(1 + 0j)),
        ("float64", "1.0"),
        ("float64", np.array("1.0")),
        ("float64", None),
        ("float64", {1}),
        ("float64", np.datetime64("2020-01-01")),
        ("float64", np.array(None)),
        ("float64", np.ma.masked_array(1.0, True)),
        ("bool", 2),
    ],
)
def test_what_would_lose_something_is_refused(dtype, value):
    with pytest.raises(TypeError, match=r"Expected|Masked"):
        number(dtype).filter(value)


def test_strict_takes_the_very_dtype_only():
    for value in ([1.0], 1.0, np.float32([1]), np.arange(3)):
        with pytest.raises(TypeError, match="strict"):
            VECTOR.filter(value, strict=True)


def test_allow_downcast_takes_what_numpy_casts():
    assert number("int8").filter(1.5, allow_downcast=True) == 1
    assert number("int8").filter(np.array(300), allow_downcast=True) == 44
    assert number("float64").filter(np.array(2 + 1j), allow_downcast=True) == 2


def test_python_floats_go_to_float_x_although_they_lose_digits():
    with config.change_flags(floatX="float32"):
        assert number("float32").filter(0.1).dtype == "float32"
        assert number("float32").filter(np.float64(0.1)).dtype == "float32"
        for value in ([0.1], np.array(0.1)):
            with pytest.raises(TypeError):
                number("float32").filter(value)
        with pytest.raises(TypeError):
            number("float32").filter(0.1, allow_downcast=False)


def test_rank_and_static_lengths_must_agree():
    with pytest.raises(TypeError, match="dimensions"):
        VECTOR.filter(3.0)
    with pytest.raises(TypeError, match="dimensions"):
        VECTOR.filter([[1.0]])
    with pytest.raises(TypeError, match=r"axis 1.*expected 3.*got 2"):
        TensorType("float64", (None, 3)).filter(np.zeros((4, 2)))


def test_a_variable_is_no_value():
    with pytest.raises(TypeError, match="symbolic variable v"):
        VECTOR.filter(pt.dvector("v"))


def test_non_finite_values_are_refused_where_the_type_says_so():
    class Finite(TensorType):
        filter_checks_isfinite = True

    assert np.isnan(VECTOR.filter([np.nan])).all()
    with pytest.raises(ValueError, match="Non-finite"):
        Finite("float64", (None,)).filter([np.nan])


def test_equal_values():
    assert values_eq(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    assert not values_eq(np.array([1.0]), np.array([1]))
    assert values_eq(np.array([1.0]), np.array([1]), force_same_dtype=False)
    assert not values_eq(np.zeros(2), np.zeros((2, 1)))


def test_nearly_equal_values():
    ones, inf, nan = np.ones(2), np.array([1.0, np.inf]), np.array([1.0, np.nan])
    assert values_eq_approx(ones, ones + 1e-9)
    assert not values_eq_approx(ones, ones + 1e-3)
    assert values_eq_approx(ones, ones + 1e-3, rtol=1e-2)
    assert values_eq_approx(nan, nan)
    assert not values_eq_approx(ones, inf)
    assert not values_eq_approx(ones, ones.astype("float32"))
    assert not values_eq_approx(np.array([1]), np.array([2]))
    assert values_eq_approx_remove_inf(ones, inf)
    assert values_eq_approx_remove_nan(ones, nan)
    assert values_eq_approx_remove_inf_nan(inf, nan)
    assert values_eq_approx_always_true(ones, None)
