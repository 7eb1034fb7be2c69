"""Softmax and the gamma family."""

import numpy as np
import pytest
import scipy.special

import pytensorlite.tensor as pt
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.special import (
    LogSoftmax,
    Softmax,
    beta,
    betaln,
    factorial,
    log_softmax,
    log_softmax_graph,
    logit,
    poch,
    softmax,
    softmax_graph,
)

from .agreement import assert_agrees, assert_differentiable, evaluate

PAIRS = [(softmax, scipy.special.softmax), (log_softmax, scipy.special.log_softmax)]
SHAPES = [(), (1,), (4,), (2, 3), (2, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("ours", "scipys"), PAIRS)
def test_values_and_derivatives(rng, shape, ours, scipys):
    x = rng.normal(size=shape)
    for axis in (None, *range(-len(shape), len(shape)), tuple(range(len(shape)))):
        assert_agrees(lambda v, axis=axis: ours(v, axis), [x], np.asarray(scipys(x, axis)))
        assert_differentiable(lambda v, axis=axis: ours(v**2, axis), [x])


@pytest.mark.parametrize("ours", [softmax, log_softmax])
def test_nothing_to_do(ours):
    assert_agrees(lambda v: ours(v, -1), [np.zeros((0, 3))], np.zeros((0, 3)))
    for shape in ((0,), (3, 0)):
        # As in SciPy: there is no largest element to begin with.
        x = pt.tensor(dtype="float64", shape=(None,) * len(shape))
        with pytest.raises(ValueError, match="zero-size array"):
            evaluate(ours(x, -1), [x], [np.zeros(shape)])


@pytest.mark.parametrize(("ours", "scipys"), PAIRS)
@pytest.mark.parametrize(
    "x",
    [[1000.0, 0.0], [-1000.0, 0.0], [-np.inf, 0.0], [1e308, -1e308], [np.nan, 1.0]],
)
def test_extremes(ours, scipys, x):
    with np.errstate(all="ignore"):
        expected = scipys(np.array(x))
    assert_agrees(ours, [np.array(x)], expected)


@pytest.mark.parametrize(
    ("dtype", "result"), [("float16", "float16"), ("float32", "float32"), ("int8", "float64")]
)
@pytest.mark.parametrize("ours", [softmax, log_softmax])
def test_dtypes(dtype, result, ours):
    x = np.array([0, 1, 3]).astype(dtype)
    v = pt.vector(dtype=dtype)
    assert ours(v).type.dtype == result
    assert evaluate(ours(v), [v], [x]).dtype == result


def test_half_precision_accumulates_in_single():
    v = pt.vector(dtype="float16")
    found = evaluate(softmax(v), [v], [np.zeros(4096, dtype="float16")])
    np.testing.assert_allclose(found.astype("float64").sum(), 1.0, rtol=1e-3)


def test_half_precision_keeps_its_digits_in_long_rows():
    v = pt.vector(dtype="float16")
    found = evaluate(softmax(v), [v], [np.zeros(60_000, dtype="float16")])
    np.testing.assert_allclose(found, np.float16(1 / 60_000))


@pytest.mark.parametrize("axis", [None, (0,), (1,)])
def test_the_graphs_say_what_the_ops_do(rng, axis):
    x = rng.normal(size=(3, 4))
    v = pt.dmatrix()
    pairs = [
        (Softmax(axis=axis)(v), softmax_graph(v, axis)),
        (LogSoftmax(axis=axis)(v), log_softmax_graph(v, axis)),
    ]
    for op, graph in pairs:
        np.testing.assert_allclose(*evaluate([op, graph], [v], [x]), rtol=1e-14)


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("ours", [softmax, log_softmax])
def test_batches(rng, axis, ours):
    x, xs = pt.dmatrix("x"), pt.dtensor3("xs")
    values = rng.normal(size=(2, 3, 4))
    found = evaluate(vectorize_graph(ours(x, axis), {x: xs}), [xs], [values])
    np.testing.assert_allclose(
        found, [evaluate(ours(x, axis), [x], [v]) for v in values], rtol=1e-14
    )


def test_errors_and_text():
    with pytest.raises(np.exceptions.AxisError):
        softmax(pt.dvector(), axis=1)
    with pytest.raises(ValueError, match="does not exist"):
        Softmax(axis=1)(pt.dvector())
    with pytest.raises(ValueError, match="from the front"):
        Softmax(axis=-1)
    assert str(Softmax(axis=1)) == "Softmax{axis=(1,)}"
    assert Softmax(axis=(0, 1)) == Softmax(axis=(1, 0)) != LogSoftmax(axis=(0, 1))


@pytest.mark.parametrize(
    ("ours", "scipys", "arrays"),
    [
        (logit, scipy.special.logit, [[0.1, 0.5, 0.9]]),
        (beta, scipy.special.beta, [[0.5, 2.0], [1.5, 3.0]]),
        (betaln, scipy.special.betaln, [[0.5, 200.0], [1.5, 300.0]]),
        (poch, scipy.special.poch, [[0.5, 2.0], [1.5, 3.0]]),
        (factorial, scipy.special.factorial, [[0.5, 2.0, 5.0]]),
    ],
)
def test_gamma_family(ours, scipys, arrays):
    arrays = [np.array(a) for a in arrays]
    assert_agrees(ours, arrays, scipys(*arrays), rtol=1e-11)
    assert_differentiable(ours, [a[:2] / 1.3 for a in arrays] if ours is not betaln else arrays)
