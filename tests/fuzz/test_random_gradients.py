"""Derivatives of random graphs, compiled to C, against differences of the graph as written."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import Rop, config, function, grad
from pytensorlite.gradient import NullTypeGradError
from pytensorlite.graph.traversal import ancestors
from pytensorlite.tensor.reduction import Max
from tests.fuzz.graphs import graphs, pick
from tests.fuzz.running import NATIVE, RAW, show

COARSE = ("float16", "float32", "complex64")  # too coarse for differences
ZERO = pt.constant(np.float64(0))
STEP = 1e-4
NEAR = 1e-5  # what a derivative may be off, relative to itself and to 1


def draw_function(data):
    """Return the inputs of a random graph, values without ties, and a number computed of them."""
    graph = data.draw(graphs(dtypes=("float64",), max_steps=10))
    outputs = [graph.pool[-1], pick(data.draw, graph), pick(data.draw, graph)]
    outputs = [entry for entry in outputs if entry.value.dtype == np.float64]
    show(graph, outputs)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    weigh = lambda entry: entry.variable * pt.constant(rng.uniform(0.5, 1.5, entry.shape))
    cost = pt.add(ZERO, *(weigh(entry).sum() for entry in outputs))
    values = [
        value + rng.uniform(-0.01, 0.01, value.shape) if value.dtype.kind == "f" else value
        for value in graph.values
    ]
    return graph.inputs, values, cost, rng


def draw_directions(rng, values):
    """Return a random direction for each input; whole numbers stand still."""
    return [
        rng.uniform(-1, 1, v.shape) if v.dtype.kind == "f" else np.zeros_like(v) for v in values
    ]


def has_slopes(x):
    """Whether differences tell the derivative: neither coarse, nor a maximum of equal elements."""
    is_extreme = x.owner is not None and isinstance(x.owner.op, Max)
    return getattr(x.type, "dtype", "") not in COARSE and not is_extreme


def slope(cost, inputs, directions):
    """Return the derivative of `cost` along `directions`, by reverse accumulation."""
    moved = moving(inputs, directions)
    gradients = grad(cost, [x for x, _ in moved], disconnected_inputs="ignore")
    terms = [(g * d).sum() for g, (_, d) in zip(gradients, moved, strict=True)]
    return pt.add(ZERO, *terms)


def slope_forward(cost, inputs, directions):
    """Return it by forward accumulation, every op by its own rule."""
    moved = moving(inputs, directions)
    if not moved:
        return ZERO
    quietly = {"disconnected_outputs": "ignore", "return_disconnected": "zero"}
    x, d = zip(*moved, strict=True)
    return Rop(cost, list(x), list(d), use_op_rop_implementation=True, **quietly)


def moving(inputs, directions):
    """Return the inputs that are no whole numbers, each with its direction."""
    pairs = zip(inputs, directions, strict=True)
    return [(x, pt.constant(d)) for x, d in pairs if d.dtype.kind == "f"]


def differences(f, values, directions):
    """Return the slope of `f` by differences, and how sure that is."""

    def at(step):
        pairs = zip(values, directions, strict=True)
        return f(*(v + (step * d).astype(v.dtype) for v, d in pairs))

    wide, narrow = ((at(step) - at(-step)) / (2 * step) for step in (STEP, STEP / 2))
    return (4 * narrow - wide) / 3, np.abs(wide - narrow)


def compare(data):
    """Compare first and second derivatives; return whether there was anything to compare."""
    inputs, values, cost, rng = draw_function(data)
    if not all(map(has_slopes, ancestors([cost]))):
        return False
    along, across = (draw_directions(rng, values) for _ in range(2))
    try:
        first = slope(cost, inputs, along)
        second = slope(first, inputs, across)
        forward = slope_forward(cost, inputs, along)
    except (NullTypeGradError, NotImplementedError) as reason:
        note(str(reason))
        return False
    options = {"on_unused_input": "ignore"}
    with config.change_flags(on_compile_error="raise", on_opt_error="raise"):
        native = function(inputs, [first, second, forward], mode=NATIVE, **options)
        plain = [function(inputs, x, mode=RAW, **options) for x in (cost, first)]
    compared = False
    with np.errstate(all="ignore"):
        *found, found_forward = native(*values)
        for order, directions in enumerate((along, across)):
            expected, doubt = differences(plain[order], values, directions)
            if not np.isfinite(expected) or doubt > 1e-3 * (1 + abs(expected)):
                continue  # a jump, a kink or a pole is near
            allowed = NEAR * (1 + abs(expected)) + 4 * doubt
            assert abs(found[order] - expected) <= allowed, (order + 1, found[order], expected)
            if order == 0 and np.isfinite(found_forward):
                np.testing.assert_allclose(found_forward, found[0], rtol=1e-7, atol=1e-7)
            compared = True
    return compared


def run(examples, **options):
    """Compare so many functions, most of which must have a derivative at all."""
    compared = []

    @settings(
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        max_examples=examples,
        **options,
    )
    @given(st.data())
    def check(data):
        compared.append(compare(data))

    return check, compared


def test_derivatives():
    check, compared = run(60, derandomize=True)
    check()
    assert np.mean(compared) > 0.5


@pytest.mark.nightly
def test_derivatives_all_night():
    number = int(os.environ.get("PYTENSORLITE_FUZZ_SEED", "0")) or random.randrange(1, 2**32)
    check, compared = run(2000)
    try:
        seed(number)(check)()
    except BaseException as error:
        error.add_note(f"again with PYTENSORLITE_FUZZ_SEED={number}")
        raise
    assert np.mean(compared) > 0.5
