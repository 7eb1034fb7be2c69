"""Every row of the scalar op table is differentiated, by a record; a row without one fails."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Rop, function, grad
from pytensorlite.gradient import NullTypeGradError
from pytensorlite.scalar.table import ROWS
from pytensorlite.tensor.elemwise import Elemwise

from .evaluate import PLAIN
from .oracle import check_derivatives
from .scalar_records import DISCRETE, NOT_IMPLEMENTED, RECORDS, STEPS, WIDENING

CASTS = {name for name in ROWS if name.startswith("convert_to_")}


def test_every_row_has_exactly_one_record():
    kinds = [set(RECORDS), STEPS, DISCRETE, NOT_IMPLEMENTED, CASTS]
    recorded = set().union(*kinds)
    assert set(ROWS) - recorded == set(), "rows without a record: add one to scalar_records.py"
    assert recorded - set(ROWS) == set(), "records of rows that are gone"
    assert sum(map(len, kinds)) == len(recorded)


def points(record, shapes, rng):
    drawn = [
        rng.uniform(low, high, size=shape)
        for (low, high), shape in zip(record.domains, shapes, strict=True)
    ]
    return [
        np.asarray(array, dtype="int64" if position in record.integers else "float64")
        for position, array in enumerate(drawn)
    ]


@pytest.mark.parametrize("name", RECORDS)
def test_derivatives(name, rng):
    record = RECORDS[name]
    shapes = [(3,)] * len(record.domains)
    check_derivatives(Elemwise(ROWS[name]), points(record, shapes, rng), record.held, record.order)


@pytest.mark.parametrize("name", [name for name, r in RECORDS.items() if len(r.domains) > 1])
@pytest.mark.parametrize("lengths", [(2, 1, 3), (1, 1, 0), (0, 1, 1)], ids=str)
def test_derivatives_while_broadcasting(name, lengths, rng):
    """Each argument broadcasts along another axis; what flows back is summed over it."""
    record = RECORDS[name]
    rows, one, columns = lengths
    pattern = [(rows, one), (one, columns), (), (rows, columns)]
    shapes = pattern[: len(record.domains)]
    check_derivatives(Elemwise(ROWS[name]), points(record, shapes, rng), record.held, order=1)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", RECORDS)
def test_smaller_floats_agree_with_float64(name, dtype, rng):
    record = RECORDS[name]
    exact = points(record, [(3,)] * len(record.domains), rng)
    rounded = [a if a.dtype == "int64" else a.astype(dtype) for a in exact]
    moved = [position for position in range(len(exact)) if position not in record.held]

    def gradients(arrays):
        inputs = [pt.vector(f"x{i}", dtype=str(a.dtype)) for i, a in enumerate(arrays)]
        wrt = [inputs[position] for position in moved]
        cost = pt.real(Elemwise(ROWS[name])(*inputs)).astype("float64").sum()
        found = grad(cost, wrt, disconnected_inputs="ignore")
        return function(inputs, found, mode=PLAIN, on_unused_input="ignore")(*arrays)

    wide = [a if a.dtype == "int64" else a.astype("float64") for a in rounded]
    tolerance = {"float32": 2e-3, "float16": 0.2}[dtype]
    for small, large in zip(gradients(rounded), gradients(wide), strict=True):
        assert small.dtype == dtype or name in WIDENING
        scale = max(1.0, np.max(np.abs(large)))
        np.testing.assert_allclose(small, large, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_steps_have_a_zero_derivative(name):
    row = ROWS[name]
    inputs = pt.dvectors(*"xyz"[: row.nin])
    values = [np.array([0.3, 1.7]) + position for position in range(row.nin)]
    output = Elemwise(row)(*inputs)
    gradients = grad(output.sum(), list(inputs), return_disconnected="none")
    pushed = Rop(output, list(inputs), list(inputs), use_op_rop_implementation=True)
    for value in function(list(inputs), [*gradients, pushed], mode=PLAIN)(*values):
        np.testing.assert_array_equal(value, np.zeros(2))


@pytest.mark.parametrize("name", sorted(DISCRETE))
def test_discrete_rows_have_a_zero_derivative(name):
    row = ROWS[name]
    inputs = pt.lvectors(*"xyz"[: row.nin])
    output = Elemwise(row)(*inputs)
    gradients = grad(output.sum(), list(inputs), return_disconnected="none")
    values = [np.array([1, 2])] * row.nin
    for value in function(list(inputs), gradients, mode=PLAIN, on_unused_input="ignore")(*values):
        assert value.dtype == "float64"
        np.testing.assert_array_equal(value, np.zeros(2))


@pytest.mark.parametrize("name", sorted(NOT_IMPLEMENTED))
def test_missing_derivatives_say_so(name):
    inputs = pt.dvectors(*"wxyz"[: ROWS[name].nin])
    with pytest.raises(NullTypeGradError, match="not implemented"):
        grad(Elemwise(ROWS[name])(*inputs).sum(), list(inputs))


@pytest.mark.parametrize("source", ["bool", "int8", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize("target", ["int32", "float16", "float32", "float64", "complex128"])
def test_casts(source, target):
    x = pt.vector("x", dtype=source)
    gradient = grad(pt.real(pt.cast(x, target)).sum(), x)
    (value,) = function([x], [gradient], mode=PLAIN)(np.ones(3, dtype=source))
    np.testing.assert_array_equal(value, np.full(3, 0.0 if target == "int32" else 1.0))
    assert value.dtype.kind == "f"
