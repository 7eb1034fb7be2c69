"""Which dtype comes out: NumPy's table, with PyTensor's rules where they differ."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite.configdefaults import config
from pytensorlite.scalar import basic, rules
from pytensorlite.scalar.dtypes import (
    all_dtypes,
    autocast_float,
    autocast_float_as,
    convert,
    discrete_dtypes,
    kind,
    upcast,
)

REAL = [dtype for dtype in all_dtypes if kind(dtype) != "c"]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(all_dtypes, repeat=2)))
def test_sums_have_the_dtype_of_numpy(a, b):
    assert basic.add.output_dtype(a, b) == str(np.add(np.ones(1, a), np.ones(1, b)).dtype)
    assert basic.maximum.output_dtype(a, b) == upcast(a, b)


@pytest.mark.parametrize("dtype", all_dtypes)
def test_functions_of_integers_compute_in_the_float_that_holds_them(dtype):
    narrow = {"bool", "int8", "uint8", "int16", "uint16"}
    expected = dtype
    if dtype in discrete_dtypes:
        expected = "float32" if dtype in narrow else "float64"
    for row in (basic.exp, basic.log, basic.sqrt, basic.sin, basic.reciprocal):
        assert row.output_dtype(dtype) == expected


@pytest.mark.parametrize(("a", "b"), list(itertools.product(REAL, repeat=2)))
def test_integers_divide_in_float64(a, b):
    both_discrete = {kind(a), kind(b)} <= set("biu")
    expected = "float64" if both_discrete else upcast(a, b)
    assert basic.true_div.output_dtype(a, b) == expected


@pytest.mark.parametrize("row", [basic.lt, basic.eq, basic.isnan, basic.logical_not])
@pytest.mark.parametrize("dtype", all_dtypes)
def test_questions_are_answered_by_bool(row, dtype):
    assert row.output_dtype(*[dtype] * row.nin) == "bool"


@pytest.mark.parametrize(
    ("row", "dtypes"),
    [
        (basic.sub, ("bool", "bool")),
        (basic.neg, ("bool",)),
        (basic.sign, ("bool",)),
        (basic.sign, ("complex64",)),
        (basic.mod, ("complex64", "float32")),
        (basic.floor, ("complex128",)),
        (basic.and_, ("float32", "int8")),
        (basic.and_, ("int64", "uint64")),
        (basic.invert, ("float64",)),
        (basic.gcd, ("bool", "int8")),
        (basic.complex, ("complex64", "float32")),
    ],
    ids=str,
)
def test_refusals_name_the_op_and_a_remedy(row, dtypes):
    with pytest.raises(TypeError, match=rf"{row}: expected other dtypes, got .*[;] \w+"):
        row.output_dtype(*dtypes)


@pytest.mark.parametrize(
    ("number", "dtype"),
    [(1, "int8"), (-129, "int16"), (200, "int16"), (2**31, "int64"), (2**63, "uint64"),
     (0.5, "float32"), (0.1, "float64"), (1e39, "float64"), (float("inf"), "float32"),
     (float("nan"), "float32"), (True, "bool"), (1j, "complex128"), (np.float16(2), "float16")],
)  # fmt: skip
def test_numbers_take_the_smallest_dtype_that_holds_them(number, dtype):
    assert convert(number).dtype == dtype


@pytest.mark.parametrize("number", [0.1, 1e39, 0.5])
def test_floats_go_no_further_than_a_narrow_default(number):
    with config.change_flags(floatX="float32"):
        assert convert(number).dtype == "float32"
    with config.change_flags(floatX="float16"):
        assert convert(number).dtype == "float16"


def test_integers_beyond_64_bits_are_refused():
    with pytest.raises(OverflowError, match="fits 64 bits"):
        convert(2**64)


def test_the_cast_policy_of_numpy():
    with config.change_flags(cast_policy="numpy+floatX", floatX="float32"):
        assert upcast("int64", "float32") == "float32"
        assert upcast("float64", "float32") == "float64"
        assert autocast_float(0.1).dtype == "float32"


def test_autocast_float_as_ends_with_its_block():
    before = autocast_float.dtypes
    with autocast_float_as("float32"):
        assert convert(0.1).dtype == "float32"
    assert autocast_float.dtypes == before


def test_rules_follow_the_calling_convention_of_types():
    assert rules.upcast_out(basic.int8, basic.float32) == (basic.float32,)
    assert rules.specific_out(basic.int8)(basic.float64) == (basic.int8,)
    table = rules.unary_out_lookup({basic.int8: basic.float32})
    assert table(basic.int8) == (basic.float32,)
    with pytest.raises(TypeError, match="expected one of int8"):
        table(basic.int16)


def test_rules_pickle_by_name():
    assert pickle.loads(pickle.dumps(rules.upcast_out)) is rules.upcast_out


@pytest.mark.parametrize("floatX", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["NUMPY", "C"])
def test_quotients_of_integers_and_spaced_numbers_are_of_the_floats_in_use(floatX, mode):
    with config.change_flags(floatX=floatX):
        i, j = pt.lvector("i"), pt.bvector("j")
        quotients = [i / j, i / 2, 1 / j, i.shape[0] / 2]
        spaced = [pt.linspace(0, 1, 5), pt.logspace(0, 2, 3), pt.geomspace(1, 8, 4)]
        f = pytensorlite.function([i, j], [*quotients, *spaced], mode=mode)
    a, b = np.array([7, -3, 2**40]), np.array([2, 4, 3], "int8")
    expected = [a / b, a / 2, 1 / b, 1.5, np.linspace(0, 1, 5), [1, 10, 100], [1, 2, 4, 8]]
    for variable, found, wanted in zip([*quotients, *spaced], f(a, b), expected, strict=True):
        assert variable.type.dtype == found.dtype == floatX
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
