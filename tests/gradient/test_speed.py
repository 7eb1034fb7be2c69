"""Building gradients takes time linear in the nodes, and no recursion."""

import gc
import sys
import time

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Mode, Rop, function, grad


def best_of(runs, action):
    """Return the shortest CPU time of a few runs without garbage collection, as `timeit` does."""
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            action()
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)


def chain(length):
    x = pt.dvector("x")
    y = x
    for _ in range(length):
        y = pt.sin(y)
    return x, y.sum()


def as_written(x, graph, value):
    """Return the value of a graph without any rewriting, node by node."""
    return function([x], graph, mode=Mode("numpy", None), on_unused_input="ignore")(value)


def slope_of_chain(length, value):
    """Return the derivative of that many sines, one inside the other."""
    slope = np.ones_like(value)
    for _ in range(length):
        slope, value = slope * np.cos(value), np.sin(value)
    return slope


def test_a_long_chain_needs_no_recursion():
    assert sys.getrecursionlimit() <= 1000
    x, cost = chain(10_000)
    value = np.array([0.1, 2.0])
    found = as_written(x, grad(cost, x), value)
    np.testing.assert_allclose(found, slope_of_chain(10_000, value), rtol=1e-10)


def test_a_long_chain_forward_needs_no_recursion():
    x, cost = chain(5_000)
    value = np.array([0.1, 2.0])
    found = as_written(x, Rop(cost, x, x, use_op_rop_implementation=True), value)
    np.testing.assert_allclose(found, slope_of_chain(5_000, value) @ value, rtol=1e-10)


@pytest.mark.timing
def test_ten_thousand_nodes_within_a_second():
    x, cost = chain(10_000)
    assert best_of(3, lambda: grad(cost, x)) < 1.0


@pytest.mark.timing
def test_time_is_linear_in_nodes():
    times = []
    for length in (2_000, 16_000):
        x, cost = chain(length)
        times.append(best_of(3, lambda x=x, cost=cost: grad(cost, x)))
    assert times[1] / times[0] < 8 * 2.5


@pytest.mark.timing
def test_a_wide_graph_is_linear_too():
    def wide(width):
        x = pt.dvector("x")
        return x, sum((pt.exp(x * k) for k in range(width)), x).sum()

    times = []
    for width in (500, 4_000):
        x, cost = wide(width)
        times.append(best_of(3, lambda x=x, cost=cost: grad(cost, x)))
    assert times[1] / times[0] < 8 * 2.5


def radon():
    """Return the parameters and the log-posterior of a hierarchical regression: 60 nodes."""
    county, floor, radon = pt.lvector("county"), pt.dvector("floor"), pt.dvector("radon")
    scalars = mu_a, mu_b, log_sa, log_sb, log_eps = pt.dscalars(*"abcde")
    raw_a, raw_b = pt.dvectors("raw_a", "raw_b")
    sigma_a, sigma_b, eps = pt.exp(log_sa), pt.exp(log_sb), pt.exp(log_eps)
    a, b = mu_a + sigma_a * raw_a, mu_b + sigma_b * raw_b
    mean = a[county] + b[county] * floor

    def normal(value, mu, sigma):
        return (-0.5 * ((value - mu) / sigma) ** 2 - pt.log(sigma) - 0.5 * np.log(2 * np.pi)).sum()

    def half_cauchy(value, log_value):
        return -pt.log1p((value / 5.0) ** 2) + log_value

    cost = (
        normal(radon, mean, eps)
        + normal(raw_a, 0.0, 1.0)
        + normal(raw_b, 0.0, 1.0)
        + normal(mu_a, 0.0, 100.0)
        + normal(mu_b, 0.0, 100.0)
        + half_cauchy(sigma_a, log_sa)
        + half_cauchy(sigma_b, log_sb)
        + half_cauchy(eps, log_eps)
    )
    return [*scalars, raw_a, raw_b], cost


@pytest.mark.timing
def test_the_gradient_of_a_hierarchical_model_within_twenty_milliseconds():
    parameters, cost = radon()
    assert best_of(5, lambda: grad(cost, parameters)) < 0.020
