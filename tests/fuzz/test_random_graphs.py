"""The C program, the NumPy program and the graph as written give the same values."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings

from pytensorlite import function
from tests.fuzz.graphs import graphs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def compare(graph, mode, **tolerance):
    outputs = [variable for variable, _ in graph.pool[-4:]]
    native = function(graph.inputs, outputs, mode=mode, on_unused_input="ignore")
    reference = function(graph.inputs, outputs, mode="NUMPY", on_unused_input="ignore")
    note(native.c_source)
    with np.errstate(all="ignore"):
        expected = reference(*graph.values)
        found = native(*graph.values)
    for (_, shape), a, b in zip(graph.pool[-4:], found, expected, strict=True):
        assert b.shape == shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, **tolerance)


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(graphs())
def test_c_agrees_with_numpy(graph):
    compare(graph, "FAST_RUN", rtol=1e-11, atol=1e-11)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(graphs(dtypes=("float32", "float64")))
def test_c_agrees_with_numpy_in_single_precision(graph):
    compare(graph, "FAST_RUN", rtol=2e-3, atol=2e-3)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None, suppress_health_check=SLOW)
@given(graphs(max_steps=25))
def test_c_agrees_with_numpy_on_many_graphs(graph):
    compare(graph, "FAST_RUN", rtol=1e-10, atol=1e-10)
