"""Graphs applied to batches, against a loop over the batch."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.raise_op import Assert

from .agreement import evaluate

X, V, S, N = pt.dmatrix("x"), pt.dvector("v"), pt.dscalar("s"), pt.lscalar("n")

GRAPHS = {
    "elementwise": pt.exp(X) + V * S,
    "transpose": X.T,
    "new axes": V.dimshuffle("x", 0, "x"),
    "sum": X.sum(0),
    "sum of all": X.sum(),
    "max": X.max(-1),
    "argmax": pt.argmax(X, axis=0),
    "shape": X.shape,
    "one length": X.shape[0],
    "specify_shape": pt.specify_shape(X, (3, None)),
    "reshape": X.reshape((2, -1)),
    "flatten": X.flatten(),
    "fill": pt.alloc(V, 3, V.shape[0]),
    "fill scalar": pt.alloc(S, 2, 3),
    "zeros_like": pt.zeros_like(X),
    "stack": pt.stack([S, S * 2, V[0]]),
    "join": pt.join(1, X, X[:, :1]),
    "join with the same for all": pt.join(0, V, pt.as_tensor([1.0, 2.0])),
    "split": pt.join(0, *reversed(pt.split(V, [1, 3], n_splits=2))),
    "dot vectors": pt.dot(V, V),
    "dot matrix vector": pt.dot(X, V),
    "dot vector matrix": pt.dot(V[:3], X),
    "dot matrices": pt.dot(X, X.T),
    "diagonal": pt.diagonal(X),
    "diag": pt.diag(V),
    "tril": pt.tril(X),
    "switch": pt.switch(X > 0, X, V),
    "assert": Assert("negative")(V, S**2 >= 0),
    "matmul": pt.matmul(X.T, X),
    "logsumexp": pt.logsumexp(X, axis=1),
    "linspace": pt.linspace(S, 5.0, 4),
    "arange": pt.zeros(2) + N,
}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("batch", [(2,), (2, 3)])
def test_a_batch_is_a_loop(rng, graph, batch):
    cores = {X: (3, 4), V: (4,), S: (), N: ()}
    values = {v: rng.normal(size=batch + shape) for v, shape in cores.items()}
    values[N] = rng.integers(0, 4, size=batch)
    batched = {
        v: pt.tensor(dtype=v.type.dtype, shape=(None,) * (len(batch) + len(s)))
        for v, s in cores.items()
    }
    vectorized = vectorize_graph(graph, batched)
    found = evaluate(vectorized, batched.values(), values.values())
    expected = np.empty(batch, dtype=object)
    for position in np.ndindex(batch):
        expected[position] = evaluate(graph, cores, [value[position] for value in values.values()])
    expected = np.array(expected.tolist())
    assert vectorized.type.ndim == graph.type.ndim + len(batch)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_failed_check_in_the_batch_is_raised():
    ss = pt.dvector("ss")
    vectorized = vectorize_graph(Assert("negative")(V, S >= 0), {S: ss})
    assert evaluate(vectorized, [V, ss], [np.zeros(3), np.zeros(2)]).shape == (2, 3)
    with pytest.raises(AssertionError, match="negative"):
        evaluate(vectorized, [V, ss], [np.zeros(3), np.array([1.0, -1.0])])


def test_what_cannot_differ_within_a_batch():
    ns = pt.lvector("ns")
    with pytest.raises(NotImplementedError, match="specify_shape"):
        vectorize_graph(pt.specify_shape(V, (N,)), {N: ns})


def test_lengths_may_be_a_batch_if_they_are_equal():
    ns = pt.lvector("ns")
    found = evaluate(vectorize_graph(pt.arange(N), {N: ns}), [ns], [np.array([3, 3])])
    np.testing.assert_array_equal(found, [[0, 1, 2], [0, 1, 2]])
    found = evaluate(vectorize_graph(pt.zeros((N,)) + 1, {N: ns}), [ns], [np.array([2, 2])])
    np.testing.assert_array_equal(found, np.ones((2, 2)))


def test_slices_whose_bounds_come_from_lengths():
    x, X, T = pt.dvector("x"), pt.dmatrix("X"), pt.dtensor3("T")
    n = x.shape[0]
    cores = {
        "from the end": (x[n - 2 :], lambda v: v[len(v) - 2 :]),
        "half": (x[: n // 2], lambda v: v[: len(v) // 2]),
        "rolled": (pt.roll(x, 1), lambda v: np.roll(v, 1)),
        "rolled back": (pt.roll(x, -2), lambda v: np.roll(v, -2)),
        "one": (x[n - 1], lambda v: v[len(v) - 1]),
        "size": (x[x.size - 3 : n - 1], lambda v: v[len(v) - 3 : -1]),
        "written": (x[n - 2 :].set(7.0), lambda v: np.append(v[:-2], [7.0, 7.0])),
        "added": (x[: n - 1].inc(x[1:]), lambda v: np.append(v[:-1] + v[1:], v[-1])),
    }
    for batch, ndim in ((X, 1), (T, 2)):
        outputs = vectorize_graph([core for core, _ in cores.values()], {x: batch})
        for lengths in ((2, 3), (0, 3), (1, 1)):
            value = np.random.default_rng(0).normal(size=(*lengths[:ndim], 5))
            found = function([batch], outputs)(value)
            for result, (name, (_, plain)) in zip(found, cores.items(), strict=True):
                rows = [plain(row) for row in value.reshape(-1, 5)]
                if rows:
                    expected = np.reshape(rows, value.shape[:-1] + rows[0].shape)
                    np.testing.assert_allclose(result, expected, err_msg=name)
