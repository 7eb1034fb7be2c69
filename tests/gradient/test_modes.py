"""Compiled programs give the derivatives that the graphs mean.

The records were checked node by node, nothing rewritten.  Here each is rewritten, fused and
compiled, value, first and second derivative in one program, and must give the same numbers.
"""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Lop, function
from pytensorlite.scalar.table import ROWS
from pytensorlite.tensor.elemwise import Elemwise

from .evaluate import PLAIN, variables_like
from .op_records import OP_RECORDS
from .scalar_records import RECORDS


def value_and_derivatives(f, points, held, order):
    """Return a function's variables, its value, its pull-back and the pull-back of that."""
    inputs = variables_like(points)
    wrt = [variable for position, variable in enumerate(inputs) if position not in held]
    results = [f(*inputs)]
    derivative = pt.real(results[0])
    for _ in range(order):
        weights = pt.cos(pt.arange(derivative.size)).reshape(derivative.shape)
        pulled = Lop(derivative, wrt, weights, disconnected_inputs="ignore")
        results += pulled
        derivative = sum((g.sum() for g in pulled), pt.constant(0.0))
    return inputs, results


def check(f, points, held=(), order=2):
    inputs, results = value_and_derivatives(f, points, held, order)
    options = {"on_unused_input": "ignore"}
    expected = function(inputs, results, mode=PLAIN, **options)(*points)
    given = function(inputs, results, **options)(*points)
    for own, other in zip(given, expected, strict=True):
        assert own.dtype == other.dtype
        assert own.shape == other.shape
        scale = max(1.0, np.max(np.abs(other), initial=0.0))
        np.testing.assert_allclose(own, other, rtol=1e-7, atol=1e-8 * scale)


@pytest.mark.parametrize("name", RECORDS)
def test_scalar_rows(name, rng):
    record = RECORDS[name]
    points = [
        np.asarray(
            rng.uniform(low, high, size=3), dtype="int64" if i in record.integers else "float64"
        )
        for i, (low, high) in enumerate(record.domains)
    ]
    check(Elemwise(ROWS[name]), points, record.held, record.order)


CASES = {
    f"{name} {label}": record
    for name, records in OP_RECORDS.items()
    for label, record in records.items()
}


@pytest.mark.parametrize("case", CASES)
def test_ops(case, rng):
    record = CASES[case]
    points = [np.asarray(record.draw(rng, s), dtype="float64") for s in record.shapes[0]]
    check(record.f, points, order=record.order)
