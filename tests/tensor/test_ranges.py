"""Numbers evenly spaced."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.ranges import bartlett, geomspace, linspace, logspace

from .agreement import assert_agrees, assert_differentiable

ENDS = [(0.0, 1.0), (2.0, -3.0), (1.0, 1.0), ([0.0, 1.0], 2.0), ([[1.0], [2.0]], [3.0, 4.0])]


@pytest.mark.parametrize(("start", "stop"), ENDS)
@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace(start, stop, num, endpoint):
    start, stop = np.array(start), np.array(stop)
    expected = np.linspace(start, stop, num, endpoint)
    assert_agrees(lambda a, b: linspace(a, b, num, endpoint), [start, stop], expected)
    count = np.array(num)
    assert_agrees(lambda a, b, n: linspace(a, b, n, endpoint), [start, stop, count], expected)


def test_the_last_number_is_the_end():
    values = linspace(0.1, 0.7, 11).eval()
    assert values[0] == 0.1
    assert values[-1] == 0.7


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_axis_step_and_dtype(axis):
    start = np.array([0.0, 1.0])
    expected = np.linspace(start, 4.0, 5, axis=axis)
    assert_agrees(lambda a: linspace(a, 4.0, 5, axis=axis), [start], expected)
    values, step = linspace(0, 1, 5, retstep=True)
    assert float(step.eval()) == 0.25
    assert linspace(0, 1, 5, dtype="float32").type.dtype == "float32"
    assert values.type.dtype == "float64"


@pytest.mark.parametrize("num", [1, 4])
@pytest.mark.parametrize("endpoint", [True, False])
def test_logspace_and_geomspace(num, endpoint):
    a, b = np.array(0.5), np.array([2.0, 3.0])
    expected = np.logspace(a, b, num, endpoint, base=3.0)
    assert_agrees(lambda x, y: logspace(x, y, num, 3.0, endpoint), [a, b], expected, rtol=1e-10)
    expected = np.geomspace(a, b, num, endpoint)
    assert_agrees(
        lambda x, y: geomspace(x, y, num, endpoint=endpoint), [a, b], expected, rtol=1e-10
    )
    negative = np.geomspace(-a, -b, num, endpoint)
    assert_agrees(
        lambda x, y: geomspace(-x, -y, num, endpoint=endpoint), [a, b], negative, rtol=1e-10
    )


def test_derivatives():
    ends = [np.array(0.5), np.array(2.0)]
    assert_differentiable(lambda a, b: linspace(a**2, b**2, 5), ends)
    assert_differentiable(lambda a, b: logspace(a, b, 3), ends)
    assert_differentiable(lambda a, b: geomspace(a, b, 4), ends)


@pytest.mark.parametrize("count", [-1, 0, 1, 2, 5, 8])
def test_bartlett(count):
    assert_agrees(bartlett, [np.array(count)], np.bartlett(count))


def test_errors():
    with pytest.raises(TypeError, match="single integer"):
        linspace(0, 1, 0.5)
    with pytest.raises(TypeError, match="scalar"):
        bartlett(pt.lvector())
    with pytest.raises(TypeError, match="integer"):
        bartlett(1.5)
    with pytest.warns(DeprecationWarning, match="`end` is called `stop`"):
        linspace(0, 1, 3, end=2)
