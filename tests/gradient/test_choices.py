"""What a choice did not take has no part in a derivative, whatever its own derivative is there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad
from pytensorlite.gradient import Rop

x = pt.dvector("x")
VALUES = [-np.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, np.inf, np.nan]
# Each has places where its value or its slope is infinite, NaN or nothing.
STEPS = {
    "log": pt.log,
    "sqrt": pt.sqrt,
    "reciprocal": pt.reciprocal,
    "power": lambda x: x**-1.5,
    "log1p": lambda x: pt.log1p(-x),
    "arcsin": pt.arcsin,
    "exp": pt.exp,
    "gammaln": pt.gammaln,
    "shift": lambda x: 3 - 2 * x,
    "square": pt.sqr,
    "ratio": lambda x: pt.sin(x) / x,
    "entropy": lambda x: x * pt.log(x),
}
# The choice, and where it takes the first expression and where the second.
CHOICES = {
    "positive": lambda x, a, b: (pt.switch(x > 0, a, b), x > 0, ~(x > 0)),
    "number": lambda x, a, b: (pt.switch(pt.isnan(x), b, a), ~pt.isnan(x), pt.isnan(x)),
    "integer": lambda x, a, b: (pt.switch(pt.cast(x > 0, "int8") * 3, a, b), x > 0, ~(x > 0)),
    "nested": lambda x, a, b: (
        pt.switch(x < 1, pt.switch(x > 0, a, 7.0), pt.switch(x > 2, 3.0, b)),
        (x < 1) & (x > 0),
        ~(x < 1) & ~(x > 2),
    ),
}
path = st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4)


def along(names):
    """Return what a few steps, one after the other, make of x."""
    result = x
    for name in names:
        result = STEPS[name](result)
    return result


def slopes(expression):
    """Return the derivative of each element, by reverse and by forward accumulation."""
    return [grad(expression.sum(), x), Rop(expression, x, pt.ones_like(x))]


@pytest.mark.parametrize("choice", CHOICES)
@settings(max_examples=30, deadline=None)
@given(taken=path, left=path)
def test_the_derivative_is_that_of_what_was_taken(choice, taken, left):
    a, b = along(taken), along(left)
    chosen, *where = CHOICES[choice](x, a, b)
    wholes, firsts, seconds = slopes(chosen), slopes(a), slopes(b)
    f = function([x], [*wholes, *firsts, *seconds, *where], mode="NUMPY")
    with np.errstate(all="ignore"):
        *found, first_taken, second_taken = f(np.array(VALUES))
    for whole, first, second in zip(found[:2], found[2:4], found[4:], strict=True):
        expected = np.where(first_taken, first, np.where(second_taken, second, 0))
        np.testing.assert_allclose(whole, expected, rtol=1e-9)


@pytest.mark.parametrize("mode", ["NUMPY", "C"])
def test_guarded_functions_have_slopes_where_the_guard_holds(mode):
    guarded = {
        "log": (pt.switch(x > 0, pt.log(x), 0.0), [0, 0, 1, 0.5]),
        "root": (pt.switch(x > 0, pt.sqrt(x), 0.0), [0, 0, 0.5, 0.5 / np.sqrt(2)]),
        "bound": (pt.switch(x > 0, pt.log(x) - x, -np.inf), [0, 0, 0, -0.5]),
        "second": (grad(pt.switch(x > 0, x**1.5, 0.0).sum(), x), [0, 0, 0.75, 0.75 / np.sqrt(2)]),
    }
    for expression, expected in guarded.values():
        f = function([x], grad(expression.sum(), x), mode=mode)
        np.testing.assert_allclose(f([-1.0, 0.0, 1.0, 2.0]), expected)
