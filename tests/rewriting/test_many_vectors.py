"""The pull-backs of all unit vectors become what a person would write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite.gradient import hessian, jacobian
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.creation import UnitVectors
from pytensorlite.tensor.math import Dot
from tests.gradient.evaluate import PLAIN, evaluate
from tests.rewriting.tools import assert_rewrites, ops_of, rewrite

A, V = pt.dmatrices("A", "V")
x, y = pt.dvectors("x", "y")
n = pt.lscalar("n")
units = UnitVectors("float64")(n, n, 0)
dots = Blockwise(Dot())

AS_BY_HAND = {
    "columns": (dots(A[None], V[:, :, None]), pt.dot(V, A.T)[:, :, None]),
    "rows": (dots(V[:, None], A[None]), pt.dot(V, A)[:, None]),
    "all rows": (pt.dot(units, A), A),
    "all columns": (pt.dot(A, units), A),
    "scaled rows": (pt.dot(units * x[None], A), x[:, None] * A),
    "rows scaled twice": (pt.dot(-(x[:, None] * units) / y, A), -(x[:, None] / y[:, None]) * A),
    "scaled columns": (pt.dot(A, units * x[:, None]), x[None] * A),
}

AS_WRITTEN = {
    "numbers, some of them zero": pt.dot(pt.eye(n), A),
    "another matrix in the way": pt.dot(units * V, A),
    "not a diagonal": pt.dot(pt.exp(units), A),
    "below a line": pt.dot(x / units, A),
}


@pytest.mark.parametrize(("before", "after"), AS_BY_HAND.values(), ids=AS_BY_HAND)
def test_products_are_written_as_by_hand(before, after):
    assert_rewrites(before, after, "canonicalize")


@pytest.mark.parametrize("product", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_products_stay(product):
    assert isinstance(rewrite(product, "canonicalize").owner.op, Dot)


def test_a_jacobian_through_a_matrix_is_that_matrix_scaled():
    found = ops_of(rewrite(jacobian(pt.tanh(A @ x), x)))
    assert found.count("Dot") == 1, found  # A @ x itself


def test_a_hessian_through_a_matrix_is_one_product_of_matrices():
    found = ops_of(rewrite(hessian(pt.softplus(A @ x).sum(), x)))
    assert found.count("Dot") == 2
    assert not any("Blockwise" in name for name in found)


def test_what_a_direction_leaves_out_takes_no_part():
    values = {A: np.array([[1.0, 2.0], [np.inf, 3.0]]), x: np.array([0.5, 0.25])}
    found = evaluate(jacobian(pt.arctan(A @ x), x), values, mode=None)
    np.testing.assert_allclose(found[0], np.array([1.0, 2.0]) / 2)


LAYERS = {
    "tanh": lambda h, w, v: pt.tanh(h),
    "product": lambda h, w, v: w @ h,
    "product from the left": lambda h, w, v: h @ w,
    "scaled": lambda h, w, v: v * h,
    "divided": lambda h, w, v: h / (2.0 + v**2),
    "turned": lambda h, w, v: -h,
    "summed": lambda h, w, v: h * pt.exp(h).sum(),
}


@given(
    layers=st.lists(st.sampled_from(list(LAYERS)), min_size=1, max_size=4),
    length=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_jacobians_of_networks_are_those_of_the_graph_as_built(layers, length, seed):
    rng = np.random.default_rng(seed)
    values = {A: rng.normal(size=(length, length)), y: rng.normal(size=length)}
    values[x] = rng.normal(size=length)
    h = x
    for name in layers:
        h = LAYERS[name](h, A, y)
    by_x = jacobian(h, x)
    expected = evaluate(by_x, values, PLAIN)
    np.testing.assert_allclose(evaluate(by_x, values, "FAST_RUN"), expected, atol=1e-12)
