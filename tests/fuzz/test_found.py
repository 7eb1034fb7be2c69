"""The smallest graphs behind what random graphs have found: each was wrong once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Rop, config, function, grad
from tests.fuzz.running import NATIVE, RAW, REWRITTEN

MODES = {"raw": RAW, "rewritten": REWRITTEN, "native": NATIVE}
FOUND: dict[str, Callable] = {}
REFUSED: dict[str, Callable] = {}


def found(case: Callable) -> Callable:
    """Add a case: it returns inputs with values, an output, and the value that it must have."""
    FOUND[case.__name__] = case
    return case


def refused(case: Callable) -> Callable:
    """Add a case: it returns inputs with values, and an output for which these do not fit."""
    REFUSED[case.__name__] = case
    return case


def run(values: dict, output: Any, mode: str) -> np.ndarray:
    """Compile and call."""
    with config.change_flags(on_compile_error="raise", on_opt_error="raise"):
        return function(list(values), output, mode=MODES[mode])(*values.values())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND.keys())
def test_found(case, mode):
    values, output, expected = case()
    result = run(values, output, mode)
    assert result.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-12, strict=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case, mode):
    values, output = case()
    with pytest.raises((ValueError, IndexError)):
        run(values, output, mode)


# -- numbers -------------------------------------------------------------------------------------


@found
def narrow_integers_add_up_in_vectors():
    x = pt.tensor(dtype="uint8", shape=(None, None))
    value = np.arange(200, 221, dtype="uint8").reshape(3, 7)
    return {x: value}, pt.dot(x, x.T), value @ value.T


@found
def a_short_value_is_added_at_many_places():
    """NumPy's ``add.at`` reads beyond the end of a value that it broadcasts."""
    x, y, i = pt.dvector(), pt.dvector(), pt.lmatrix()
    index = np.array([[0, 1], [-1, 1], [0, 0]])
    values = {x: np.array([1.0, 2.0]), y: np.array([10.0, 3.0]), i: index}
    return values, x[i].inc(y), np.array([1 + 10 + 10 + 3, 2 + 3 + 10 + 3.0])


# -- lengths -------------------------------------------------------------------------------------


@found
def an_axis_of_unknown_length_is_squeezed_and_put_back():
    x = pt.dvector()
    return {x: np.array([2.0])}, pt.squeeze(x, 0)[None], np.array([2.0])


@found
def an_axis_of_unknown_length_is_squeezed_inside_a_loop():
    x, y = pt.dtensor3(), pt.dmatrix()
    a, b = np.full((1, 2, 3), 0.5), np.ones((2, 3))
    return {x: a, y: b}, pt.squeeze(pt.sqr(x), 0) + y, np.square(a)[0] + b


@refused
def an_axis_that_is_squeezed_is_longer_than_one():
    x, y = pt.dtensor3(), pt.dmatrix()
    return {x: np.ones((2, 2, 3)), y: np.ones((2, 3))}, pt.squeeze(pt.sqr(x), 0) + y


def _column() -> Any:
    return pt.tensor(dtype="float64", shape=(3, 1))


@refused
def a_column_times_a_long_vector():
    """The sum ran over the vector with the column broadcast: a wrong number without a word."""
    x, y = _column(), pt.dvector()
    return {x: np.ones((3, 1)), y: np.ones(3)}, pt.dot(x, y)


@found
def a_column_times_a_vector_of_one():
    x, y = _column(), pt.dvector()
    return {x: np.ones((3, 1)), y: np.array([2.0])}, pt.dot(x, y), np.full(3, 2.0)


@found
def a_vector_of_one_fills_a_column():
    y = pt.dvector()
    return {y: np.array([2.0])}, pt.alloc(y, 3, 1) * 2, np.full((3, 1), 4.0)


@found
def a_vector_of_one_is_added_to_rows_of_a_column():
    x, y, i = _column(), pt.dvector(), pt.lvector()
    values = {x: np.zeros((3, 1)), y: np.array([2.0]), i: np.array([0, 0, 1])}
    return values, x[i].inc(y), np.array([[4.0], [2.0], [0.0]])


@refused
def a_long_vector_is_added_to_rows_of_a_column():
    x, y, i = _column(), pt.dvector(), pt.lvector()
    values = {x: np.zeros((3, 1)), y: np.ones(3), i: np.array([0, 0, 1])}
    return values, x[i].inc(y)


@found
def a_length_is_multiplied_by_a_constant_of_one_element():
    x = pt.dvector()
    return {x: np.ones(2)}, x.shape[0][None] * np.array([3]), np.array([6])


# -- loops ---------------------------------------------------------------------------------------


@found
def the_largest_of_half_precision():
    x = pt.tensor(dtype="float16", shape=(None,))
    return {x: np.array([1.0, -2.0, 3.0], "float16")}, pt.argmax(-x), np.array(1)


@found
def what_is_added_to_is_complete_before_the_first_addition():
    """The base of the scattered sum was copied before it was computed."""
    x, i = pt.dvector(), pt.lvector()
    j = pt.tensor(dtype="int32", shape=(None,))
    column = x[:, None]
    centred = column - column.mean(axis=1, keepdims=True)
    value = np.array([1.0, 2.0, 4.0])
    values = {x: value, i: np.array([2, 0, 1]), j: np.array([0, -1, 0], "int32")}
    output = centred[i, j].inc(x)[:, np.array([0])]
    return values, output, np.array([[2.0], [4.0], [1.0]])


@found
def what_is_written_is_another_view_of_the_array():
    """Two axes of one length in two views of one buffer were walked as one."""
    x = pt.tensor(dtype="float64", shape=(None, 1, 2))
    y = x.reshape((x.shape[0] * x.shape[1], 2))
    value = np.arange(1.0, 5.0).reshape(2, 1, 2)
    expected = value.copy()
    np.add.at(expected, (slice(None), np.array([-1, -1])), value.reshape(2, 2))
    return {x: value}, x[:, np.array([-1, -1])].inc(y), expected


@found
def a_number_beside_what_is_written_to_parts():
    """The derivative of the sum was lost among those of the slices."""
    x = pt.dvector()
    cost = x.sum() + (pt.diff(x) ** 2).sum()
    return {x: np.arange(4.0)}, grad(cost, x), np.array([-1.0, 1.0, 1.0, 3.0])


@found
def an_array_of_equal_constants_is_no_number():
    """Its lengths were lost when a product was negated."""
    x, ones = pt.dvector(), pt.constant(np.ones(2))
    cost = (pt.sin(x) ** pt.constant(np.int8(0)) * ones).sum()
    slope = Rop(cost, [x], [ones], disconnected_outputs="ignore", return_disconnected="zero")
    return {x: np.ones(2)}, grad(slope, x, disconnected_inputs="ignore"), np.zeros(2)
