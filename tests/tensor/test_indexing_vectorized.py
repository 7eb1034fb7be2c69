"""Indexing graphs applied to batches, against a loop over the batch."""

from itertools import combinations

import numpy as np
import pytest

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.graph.traversal import ancestors

from .agreement import ORACLE

BATCH = (2, 3)
CORE_SHAPES = {"x": (4, 5, 6), "i": (), "v": (3,), "w": (2, 3)}
X, INDEX, V, W = (
    pt.dtensor3("x"),
    pt.lscalar("i"),
    pt.lvector("v"),
    pt.lmatrix("w"),
)
Y = pt.dvector("y")

PARTS = {
    "x[1:]": X[1:],
    "x[i]": X[INDEX],
    "x[1:, i, ::2]": X[1:, INDEX, ::2],
    "x[v]": X[V],
    "x[:, v]": X[:, V],
    "x[v, :, v]": X[V, :, V],
    "x[v, v]": X[V, V],
    "x[:, v, v]": X[:, V, V],
    "x[w]": X[W],
    "x[i, :, v]": X[INDEX, :, V],
    "x[:, i, v]": X[:, INDEX, V],
    "x[:, w, v]": X[:, W, V],
    "x[w, 1:, v]": X[W, 1:, V],
    "x[v, None, v]": X[V, None, V],
    "x[:, mask]": X[:, np.array([True, False, True, True, False])],
    "x[mask, :, v]": X[np.array([True, True, False, True]), :, V],
}


def batched(variable):
    return pt.tensor(dtype=variable.type.dtype, shape=(None,) * (len(BATCH) + variable.type.ndim))


def run(graph, inputs, values):
    return pytensor.function(inputs, graph, mode=ORACLE, on_unused_input="ignore")(*values)


@pytest.mark.parametrize("kind", ["read", "set", "inc"])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_batch_is_a_loop(rng, part, kind):
    graph = part if kind == "read" else getattr(part, kind)(Y)
    variables = [X, INDEX, V, W, Y]
    last = run(
        part.shape,
        variables,
        [np.zeros(CORE_SHAPES["x"]), 0, np.zeros(3, int), np.zeros((2, 3), int), [0.0]],
    )[-1]
    shapes = [*CORE_SHAPES.values(), (int(last),)]

    def draw(variable, shape):
        return (
            rng.normal(size=shape)
            if variable.type.dtype == "float64"
            else rng.integers(-4, 4, shape)
        )

    core_values = [draw(v, s) for v, s in zip(variables, shapes, strict=True)]
    batch_values = [draw(v, BATCH + s) for v, s in zip(variables, shapes, strict=True)]
    used = [k for k, v in enumerate(variables) if v in set(ancestors([graph]))]
    one = pytensor.function(variables, graph, mode=ORACLE, on_unused_input="ignore")
    for size in range(1, len(used) + 1):
        for chosen in combinations(used, size):
            inputs = [batched(v) if k in chosen else v for k, v in enumerate(variables)]
            vectorized = vectorize_graph(graph, {variables[k]: inputs[k] for k in chosen})
            values = [
                batch_values[k] if k in chosen else core_values[k] for k in range(len(variables))
            ]
            expected = np.array(
                [
                    [
                        one(
                            *(
                                batch_values[k][a, b] if k in chosen else core_values[k]
                                for k in range(5)
                            )
                        )
                        for b in range(BATCH[1])
                    ]
                    for a in range(BATCH[0])
                ]
            )
            np.testing.assert_array_equal(run(vectorized, inputs, values), expected)


def test_parts_of_different_lengths_are_refused():
    x, n, m = pt.dvector("x"), pt.lscalar("n"), pt.vector("m", dtype="bool")
    with pytest.raises(NotImplementedError, match="bounds of a slice"):
        vectorize_graph(x[:n], {n: pt.lvector()})
    with pytest.raises(NotImplementedError, match="mask"):
        vectorize_graph(x[m], {m: pt.matrix(dtype="bool")})


def test_a_static_batch_of_1_stretches(rng):
    x, y = pt.dvector("x"), pt.dscalar("y")
    xs, ys = pt.row("xs", dtype="float64"), pt.dvector("ys")
    vectorized = vectorize_graph(x[1].set(y), {x: xs, y: ys})
    found = run(vectorized, [xs, ys], [np.zeros((1, 3)), np.array([1.0, 2.0])])
    np.testing.assert_array_equal(found, [[0, 1, 0], [0, 2, 0]])
