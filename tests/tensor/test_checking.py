"""`Assert` and `CheckAndRaise`."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.raise_op import Assert, CheckAndRaise, assert_op

from .agreement import assert_agrees, assert_differentiable, evaluate


def test_a_value_passes_if_all_conditions_hold(rng):
    x = rng.normal(size=3)
    assert_agrees(lambda v: Assert("no")(v, v.sum() < 1e9, v < 1e9, True), [x], x)


@pytest.mark.parametrize("condition", [lambda v: v.sum() > 1e9, lambda v: v > 0, lambda v: False])
def test_what_is_raised(condition):
    v = pt.dvector("v")
    graph = CheckAndRaise(KeyError, "too small")(v, condition(v))
    with pytest.raises(KeyError, match="too small"):
        evaluate(graph, [v], [np.array([1.0, -1.0])])
    with pytest.raises(AssertionError, match="too small"):
        evaluate(Assert("too small")(v, condition(v)), [v], [np.array([1.0, -1.0])])


def test_derivatives_pass(rng):
    assert_differentiable(lambda v: Assert("no")(v**2, v.sum() < 1e9), [rng.normal(size=3)])


def test_values_of_other_kinds():
    assert int(assert_op(3, True).eval()) == 3
    n = pt.lscalar("n")
    assert assert_op(n, n > 0).type == n.type


def test_props():
    assert Assert("a") == Assert("a") != Assert("b")
    assert CheckAndRaise(ValueError, "a") != CheckAndRaise(TypeError, "a")
    assert str(Assert("a")) == "Assert{msg='a'}"
    assert (
        str(CheckAndRaise(ValueError, "x" * 40))
        == f"CheckAndRaise{{raises=ValueError, msg='{'x' * 27}...'}}"
    )
    assert Assert("a").view_map == {0: [0]}
    with pytest.raises(ValueError, match="class of exceptions"):
        CheckAndRaise("ValueError")
