"""`Variable.eval`."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import shared
from pytensorlite.compile.function.types import UnusedInputError
from pytensorlite.graph.utils import MissingInputError

x, y = pt.dvector("x"), pt.dscalar("y")


def test_by_variable_and_by_name():
    expression = x * y
    np.testing.assert_array_equal(expression.eval({x: [1.0], y: 2}), [2])
    np.testing.assert_array_equal(expression.eval({"x": [1.0], y: 2}), [2])
    np.testing.assert_array_equal(x.eval({x: [1.0]}), [1])
    np.testing.assert_array_equal(shared(np.ones(2)).eval(), [1, 1])
    np.testing.assert_array_equal(pt.arange(3).eval(), [0, 1, 2])


def test_functions_are_kept():
    expression = x * y
    expression.eval({x: [1.0], y: 2}, mode="NUMPY")
    (kept,) = expression.tag.compiled_eval.values()
    assert expression.eval({y: 3, x: [1.0]}, mode="NUMPY") == [3]
    assert list(expression.tag.compiled_eval.values()) == [kept]
    expression.eval({x: [1.0], y: 2}, mode="FAST_COMPILE")
    assert len(expression.tag.compiled_eval) == 2
    expression.eval({x: [1.0], y: 2}, mode="NUMPY", givens={})


def test_mistakes():
    with pytest.raises(MissingInputError, match="needs the variable y"):
        (x * y).eval({x: [1.0]})
    with pytest.raises(UnusedInputError):
        (x * 2).eval({x: [1.0], y: 2})
    assert (x * 2).eval({x: [1.0], y: 2}, on_unused_input="ignore") == [2]
    with pytest.raises(ValueError, match="q not found in graph: its inputs are x"):
        (x * 2).eval({"q": 3})
    with pytest.raises(TypeError, match="dictionary"):
        x.eval([1.0])
