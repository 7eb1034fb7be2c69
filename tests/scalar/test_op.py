"""Rows as ops: how they are called, named, compared, pickled and extended."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pytensorlite.scalar as ps
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import ScalarOp, UnaryScalarOp, lift, op
from pytensorlite.scalar.table import ROWS


@pytest.mark.parametrize("name", list(ROWS))
def test_rows_survive_pickle_and_copy_as_themselves(name):
    row = ROWS[name]
    assert pickle.loads(pickle.dumps(row)) is row
    assert copy.deepcopy(row) is row
    assert copy.copy(row) is row


@pytest.mark.parametrize("name", list(ROWS))
def test_rows_are_documented_and_costed(name):
    row = ROWS[name]
    assert type(row).__doc__
    assert row.cost >= 0


@pytest.mark.parametrize(
    ("class_name", "row"),
    [("Exp", ps.exp), ("Add", ps.add), ("TrueDiv", ps.true_div), ("IntDiv", ps.int_div),
     ("ArcTan2", ps.arctan2), ("LT", ps.lt), ("NEQ", ps.neq), ("AND", ps.and_), ("IsNan", ps.isnan),
     ("RoundHalfToEven", ps.round_half_to_even), ("ScalarMaximum", ps.maximum), ("Pow", ps.pow),
     ("GammaLn", ps.gammaln), ("Log1mexp", ps.log1mexp), ("BetaInc", ps.betainc), ("Cast", None)],
)  # fmt: skip
def test_classes_are_found_by_their_names(class_name, row):
    row_class = getattr(ps, class_name)
    assert issubclass(row_class, ScalarOp)
    assert row is None or isinstance(row, row_class)


def test_a_name_that_is_no_row_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Exponential"):
        ps.Exponential


def test_an_instance_made_of_a_class_equals_the_row():
    assert ps.Add() == ps.add
    assert hash(ps.Add(ps.upcast_out)) == hash(ps.add)
    assert ps.Add(ps.same_out) != ps.add
    assert ps.exp != ps.log


def test_families():
    assert isinstance(ps.eq, ps.LogicalComparison)
    assert isinstance(ps.isinf, ps.FixedLogicalComparison)
    assert isinstance(ps.xor, ps.BinaryBitOp)
    assert isinstance(ps.invert, ps.UnaryBitOp)
    assert isinstance(ps.exp, ps.UnaryScalarOp)
    assert isinstance(ps.sub, ps.BinaryScalarOp)


@pytest.mark.parametrize(
    ("row", "text"),
    [(ps.exp, "exp"), (ps.and_, "AND"), (ps.switch, "Switch"), (ps.abs, "Abs"), (ps.lt, "LT"),
     (ps.convert_to_int8, "Cast{int8}"), (ps.maximum, "Maximum")],
)  # fmt: skip
def test_text(row, text):
    assert str(row) == text


def test_wrong_number_of_inputs():
    with pytest.raises(TypeError, match="exp expected 1 inputs, got 2"):
        ps.exp(ps.float64(), ps.float64())


def test_sums_take_any_number_of_operands():
    x = ps.float64("x")
    total = ps.add(x, x, 1, 2.5)
    assert len(total.owner.inputs) == 4
    assert ps.add.evaluate(1.0, 2.0, np.arange(3.0)).tolist() == [3, 4, 5]


def test_arrays_are_not_scalars():
    with pytest.raises(TypeError, match="expected a number"):
        ps.exp(np.ones(2))


def test_lift_decides_by_the_type_of_the_first_stranger():
    class Wild:
        """A type of a floor above."""

    class Card:
        """A thing of that type."""

        type = Wild()

    lift.register(Wild, lambda type, scalar_op, *inputs: (scalar_op, inputs))
    card = Card()
    assert ps.add(ps.float64("x"), card)[0] is ps.add
    assert ps.exp(card) == (ps.exp, (card,))


def test_strangers_nobody_lifts_are_refused():
    class Nobody:
        """A type that no floor has registered."""

        type = object()

    with pytest.raises(TypeError, match="expected numbers or scalar variables for exp"):
        ps.exp(Nobody())


def test_a_row_cannot_be_declared_twice():
    with pytest.raises(ValueError, match="two rows called exp"):
        op("exp", np.exp, "exp({0})", ps.upgrade_to_float)


def test_evaluate_gives_the_promised_dtypes():
    assert ps.exp.evaluate(np.int8([0, 1])).dtype == "float32"
    assert ps.true_div.evaluate(np.int8(1), np.int8(3)).dtype == "float64"
    assert ps.lt.evaluate(np.int64(2**62 + 1), np.uint64(2**62)).item() is False


def test_half_precision_computes_in_single():
    x = np.float16([0.1, 3.3])
    assert ps.add.compute_types(["float16", "float16"], "float16") == ("float32", "float32")
    np.testing.assert_array_equal(ps.exp.evaluate(x), np.exp(x.astype("float32")).astype("float16"))


@pytest.mark.parametrize(
    ("row", "dtypes", "template"),
    [
        (ps.add, ["float64"] * 2, "{0} + {1}"),
        (ps.add, ["int64"] * 2, "ptl_add({0}, {1})"),
        (ps.add, ["int8"] * 2, "(int8_t)ptl_add({0}, {1})"),
        (ps.add, ["bool"] * 2, "{0} | {1}"),
        (ps.lt, ["int64", "uint64"], "(__int128){0} < (__int128){1}"),
        (ps.gammainc, ["float64"] * 2, "PTL_LIKE({1}, scipy_gammainc({0}, {1}, 0))"),
        (ps.hyp2f1, ["complex128"] * 4, None),
        (ps.convert_to_int8, ["float64"], "ptl_to_int8({0})"),
        (ps.convert_to_float32, ["complex128"], "creal({0})"),
    ],
)  # fmt: skip
def test_templates(row, dtypes, template):
    assert row.c_for(dtypes) == template


def test_a_users_own_op():
    class Halve(UnaryScalarOp):
        """Half of a number, by Python code."""

        def impl(self, x):
            return x / 2

        def grad(self, inputs, output_grads):
            return [output_grads[0] * 0.5]

    halve = Halve(ps.upgrade_to_float, name="halve")
    x, g = ps.float64("x"), ps.float64("g")
    y = halve(x)
    assert (y.type, str(halve)) == (ps.float64, "halve")
    np.testing.assert_allclose(halve.evaluate(np.arange(3.0)), [0, 0.5, 1])
    (term,) = halve.pullback([x], [y], [g])
    assert term.owner.op == ps.mul
    assert isinstance(halve, Op)
