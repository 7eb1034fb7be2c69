"""Cheap arithmetic is done again in later regions, where its arrays are kept anyway."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.rewriting.fusion import Fused, fuse_loops

X, W = pt.dmatrices("X", "W")
V = pt.dvector("V")


def passed_on(f):
    """Return how many matrices the loop nests of a function give to each other."""
    clients = f.maker.fgraph.clients
    nests = [n for n in f.maker.fgraph.toposort() if isinstance(n.op, Fused | Elemwise)]
    return sum(
        out.type.ndim == 2 and any(client in nests for client, _ in clients[out])
        for node in nests
        for out in node.outputs
    )


H = pt.tanh(X + 1)
D = V[:, None] - V
S = X + W + V
CASES = {
    "reads what a product reads": ([(H @ W) * (1 - H**2)], 1),
    "reads vectors": ([((D**2 + 1) @ W) * D**2], 0),
    "costly": ([(W @ pt.exp(X + W)) * pt.exp(X + W)], 1),
    "reads too much": ([(pt.exp(S) @ W) * S], 1),
    "reads enough": ([(pt.exp(X + W) @ W) * (X + W)], 0),
    "is wanted itself": ([X * W - 1, ((X * W - 1) @ W) * (X * W - 1)], 1),
    "turned": ([(pt.exp(X + W) @ W) * (X + W).T + X], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_matrices_that_are_passed_on(name):
    outputs, count = CASES[name]
    f = function([X, W, V], outputs, on_unused_input="ignore")
    oracle = function([X, W, V], outputs, on_unused_input="ignore", mode="NUMPY")
    assert passed_on(f) == count
    for n in (0, 1, 3):
        rng = np.random.default_rng(n)
        arguments = rng.normal(size=(n, n)), rng.normal(size=(n, n)), rng.normal(size=n)
        for result, expected in zip(f(*arguments), oracle(*arguments), strict=True):
            np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14)


def test_a_long_chain_is_kept():
    chain = V
    for k in range(2000):
        chain = pt.maximum(chain, V * (k + 1.0)) if k % 2 else chain + V
    graph = FunctionGraph([V, W], [(W @ pt.exp(-chain)) * chain], clone=True)
    fuse_loops.rewrite(graph)
    assert sum(isinstance(node.op, Elemwise) for node in graph.apply_nodes) <= 1
