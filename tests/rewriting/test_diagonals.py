"""Matrices made of scaled unit vectors are a few diagonals in a matrix of zeros."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.gradient import hessian, jacobian
from pytensorlite.tensor.creation import UnitVectors
from tests.gradient.evaluate import PLAIN, evaluate

x, y = pt.dvectors("x", "y")
A = pt.dmatrix("A")

NEIGHBOURS = {
    "each element": lambda x, y: pt.sin(x) * y,
    "differences": lambda x, y: (x[1:] - x[:-1]) ** 2,
    "two steps away": lambda x, y: pt.exp(x[2:]) * x[:-2] / 2,
    "every second one": lambda x, y: x[::2] ** 3,
    "backwards": lambda x, y: -(x[::-1] ** 2) + x,
    "written into zeros": lambda x, y: pt.zeros_like(x)[1:].inc(x[:-1] * y[1:]),
    "a part set": lambda x, y: x[1:].set(pt.cos(x[:-1])),
    "divided": lambda x, y: (x / (1 + y**2))[1:],
    "with a matrix": lambda x, y: pt.outer(y, y) @ x + x**2,
    "summed up": lambda x, y: pt.cumsum(x**2),
}


@given(
    name=st.sampled_from(list(NEIGHBOURS)),
    length=st.integers(2, 6),
    second=st.booleans(),
    seed=st.integers(0, 99),
)
def test_derivatives_of_neighbours_are_those_of_the_graph_as_built(name, length, second, seed):
    rng = np.random.default_rng(seed)
    values = {x: rng.normal(size=length), y: rng.normal(size=length)}
    f = NEIGHBOURS[name](x, y)
    found = hessian((f**2).sum(), x) if second else jacobian(f, x)
    expected = evaluate(found, values, PLAIN)
    np.testing.assert_allclose(evaluate(found, values, "FAST_RUN"), expected, atol=1e-12)


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("name", ["each element", "differences", "backwards"])
def test_short_vectors(name, length):
    values = {x: np.ones(length), y: np.ones(length)}
    found = jacobian(NEIGHBOURS[name](x, y), x)
    expected = evaluate(found, values, PLAIN)
    np.testing.assert_array_equal(evaluate(found, values, "FAST_RUN"), expected)


def source_of(inputs, output):
    return function(inputs, output, on_unused_input="ignore").c_source


def test_no_element_off_the_diagonals_is_computed():
    cost = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
    for found in (jacobian(pt.tanh(x), x), hessian(cost, x)):
        source = source_of([x], found)
        assert "==" not in source.split("program_sizes")[0]
        assert "tanh" not in source or source.count("y0[i*n0 + i]") == 1


def test_a_diagonal_that_a_loop_adds_is_not_kept():
    source = source_of([x, A], jacobian(A @ x + x**2, x))
    assert "(i == j)" in source
    assert "] += " not in source  # nothing is written into zeros


def test_what_is_no_sum_of_diagonals_stays_as_it_is(rng):
    units = UnitVectors("float64")(x.shape[0], x.shape[0], 0)
    values = {x: rng.normal(size=4), A: rng.normal(size=(4, 4))}
    for matrix in (pt.exp(units), units * A, units * x[:, None], x / (units + 1), units + x):
        expected = evaluate(matrix, values, PLAIN)
        np.testing.assert_allclose(evaluate(matrix, values, "FAST_RUN"), expected)
