"""What is said to have no sign has none, and cheaper rows are chosen there and only there."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.scalar.basic as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.elemwise import elemwise_of
from pytensorlite.tensor.rewriting.signs import _CONDITIONS, has_no_sign
from tests.rewriting.tools import HUGE, NASTY, ops_of, rewrite

NUMBERS = [*NASTY, *HUGE, 3.0, 0.999, 1e-3]
SEVERAL = {ps.add: 3, ps.mul: 3}


def without_sign(values):
    """Return whether each number is NaN or has a clear sign bit."""
    return np.isnan(values) | ~np.signbit(values)


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
@pytest.mark.parametrize("row", [row for row in _CONDITIONS if row is not ps.sub], ids=str)
def test_a_row_keeps_its_promise(row, mode):
    variables = [pt.vector(f"x{k}") for k in range(SEVERAL.get(row, row.nin))]
    needed = _CONDITIONS[row](variables)
    grid = np.array(list(itertools.product(NUMBERS, repeat=len(variables)))).T
    for position, variable in enumerate(variables):
        if variable in needed:
            grid = grid[:, without_sign(grid[position])]
    compute = pytensorlite.function(variables, elemwise_of(row)(*variables), mode=mode)
    assert without_sign(compute(*grid)).all()


@pytest.mark.parametrize("other", NASTY)
def test_the_larger_of_a_number_and_a_positive_one(other):
    x = pt.vector("x")
    assert has_no_sign(pt.maximum(x, 0.5))
    assert not has_no_sign(pt.maximum(x, 0.0))
    assert without_sign(pytensorlite.function([x], pt.maximum(x, 0.5))([other])).all()


x, y, k = pt.vector("x"), pt.vector("y"), pt.ivector("k")
POSITIVE = st.sampled_from([pt.exp(x), pt.softplus(y), abs(x), pt.sqr(y), x * x, pt.constant(0.5)])
UNKNOWN = st.sampled_from([x, -pt.exp(x), pt.sin(y), pt.constant(-0.0), k * k, pt.sqrt(x)])
STEPS = [
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: pt.sqrt(a) + b,
    lambda a, b: pt.switch(x > 0, a, b), lambda a, b: pt.sum(a) + b, lambda a, b: a[::-1] * b,
    lambda a, b: pt.log1p(a) * pt.tanh(b), lambda a, b: pt.minimum(a, b),
]  # fmt: skip


@given(st.lists(POSITIVE, min_size=3, max_size=3), st.sampled_from(STEPS), st.sampled_from(STEPS))
def test_expressions_of_positive_numbers_are_positive(parts, outer, inner):
    a, b, c = (pt.atleast_1d(part) for part in parts)
    assert has_no_sign(outer(inner(a, b), c))


@given(UNKNOWN, POSITIVE, st.sampled_from(STEPS))
def test_expressions_of_one_unknown_number_are_not(unknown, positive, step):
    assert not has_no_sign(step(pt.atleast_1d(unknown), pt.atleast_1d(positive)))


def test_difference_is_positive_only_from_one_of_a_sigmoid():
    assert has_no_sign(1 - pt.sigmoid(x))
    assert not has_no_sign(2 - pt.sigmoid(x))
    assert not has_no_sign(1 - pt.exp(x))


@pytest.mark.parametrize("function", [pt.gammaln, pt.digamma])
def test_log_gamma_of_what_has_no_sign_is_not_reflected(function):
    name = str(rewrite(function(pt.exp(x))).owner.op)
    assert "positive" in name.lower()
    assert not any("positive" in op.lower() for op in ops_of(rewrite(function(x - 1))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_linkers_agree_on_positive_arguments(dtype):
    v = pt.vector("v", dtype=dtype)
    values = np.array([*NASTY, 1.5, 2.5, 7.9, 8.1, 1e20], dtype=dtype)
    graph = pt.gammaln(pt.sqr(v)) + pt.digamma(abs(v) + 1)
    got, expected = (
        pytensorlite.function([v], graph, mode=mode)(values) for mode in ("FAST_RUN", "NUMPY")
    )
    np.testing.assert_allclose(got, expected, rtol=20 * np.finfo(dtype).eps)
