"""What is made of positions is made by its reader: no array of it is stored."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.tensor.rewriting.apart import why_apart
from pytensorlite.tensor.rewriting.fusion import Fused

X = pt.dvector("X")
A = pt.dmatrix("A")
N = X.shape[0]

MADE = {
    "identity": (lambda: pt.eye(N) * X, lambda x: np.eye(len(x)) * x),
    "part": (lambda: pt.eye(N)[1:, :-1] * X[:-1], lambda x: np.eye(len(x))[1:, :-1] * x[:-1]),
    "mask": (
        lambda: pt.switch(pt.arange(N)[:, None] >= pt.arange(N), X, 0.0),
        lambda x: np.where(np.arange(len(x))[:, None] >= np.arange(len(x)), x, 0.0),
    ),
    "range": (lambda: pt.arange(N) * X + pt.arange(N), lambda x: np.arange(len(x)) * (x + 1)),
    "fill": (lambda: pt.alloc(2.0, N, 3) * X[:, None], lambda x: np.full((len(x), 3), 2.0) * x[:, None]),  # noqa: E501
    "count": (lambda: X / (N * 2), lambda x: x / (len(x) * 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_one_kernel_makes_it(name):
    graph, expected = MADE[name]
    f = function([X], graph())
    assert "kernel1" not in f.c_source
    assert "w0" not in f.c_source
    for n in range(1, 5):
        x = np.linspace(1.0, 2.0, n)
        assert np.array_equal(f(x), expected(x))


def test_both_the_array_and_its_readers():
    eye = pt.eye(N, dtype="float32")
    f = function([X], [eye, (eye * X).sum(), eye.sum(axis=0)])
    whole, total, columns = f(np.array([2.0, 3.0, 4.0]))
    assert whole.dtype == "float32"
    assert np.array_equal(whole, np.eye(3))
    assert total == 9
    assert np.array_equal(columns, np.ones(3))


def test_a_length_and_positions_made_of_the_same_numbers():
    # The length 2 n is also that of the ranges by which the matrix is written.
    twice = pt.alloc(X[:, None], N, 2).reshape((N * 2,))
    f = function([X], pt.diag(twice, 1), mode="C")
    assert not f.fallbacks
    for n in range(4):
        x = np.linspace(1.0, 2.0, n)
        assert np.array_equal(f(x), np.diag(np.repeat(x, 2), 1) if n else np.zeros((1, 1)))


def test_negative_lengths_are_refused():
    n = pt.lscalar("n")
    f = function([n], pt.eye(n) * 2.0)
    assert np.array_equal(f(2), 2 * np.eye(2))
    with pytest.raises(ValueError, match="negative dimensions"):
        f(-1)


bounds = st.one_of(st.none(), st.integers(-5, 5))


@settings(max_examples=60)
@given(
    rows=st.tuples(bounds, bounds, st.sampled_from([None, 1, 2, -1])),
    columns=st.tuples(bounds, bounds),
    k=st.integers(-3, 3),
    n=st.integers(0, 4),
    m=st.integers(0, 4),
)
def test_parts_of_identities(rows, columns, k, n, m):
    key = rows, columns, k
    if key not in COMPILED:
        part = pt.eye(A.shape[0], A.shape[1], k)[slice(*rows), slice(*columns)]
        COMPILED[key] = function([A], part * 3.0, mode="C")
    result = COMPILED[key](np.zeros((n, m)))
    assert np.array_equal(result, np.eye(n, m, k)[slice(*rows), slice(*columns)] * 3.0)


COMPILED: dict = {}


def test_reasons_for_staying_apart():
    f = function([A], pt.exp(A) + pt.exp(A).T)
    first, _, last = f.maker.fgraph.toposort()
    assert "run over a loop twice" in why_apart(f.maker.fgraph, first, last)
    f = function([A], pt.exp(2 * (A @ pt.tanh(A + 1))))
    first, product, last = f.maker.fgraph.toposort()
    assert isinstance(first.op, Fused)
    assert why_apart(f.maker.fgraph, first, last).startswith("Dot stands between")
    assert why_apart(f.maker.fgraph, product, last).startswith("Dot is no loop")
    f = function([A, X], [pt.exp(A + 1), pt.exp(X + 1)])
    assert why_apart(f.maker.fgraph, *f.maker.fgraph.toposort()) == "they have no array in common"


@pytest.mark.parametrize("n", [30, 3000])
@pytest.mark.parametrize("counted", [np.arange, pt.arange])
def test_an_index_that_counts_is_the_axis_it_runs_along(counted, n):
    """Whoever counts, and however far: loops read the array where they are."""
    x, at = pt.tensor("x", shape=(n, n)), pt.lvector("at")
    f = function([x, at], pt.exp(x)[counted(n), at].sum())
    assert not re.search(r"\bc\d", f.c_source)
    assert "i < " in f.c_source
    assert len(re.findall(r"ptl_wrap_index", f.c_source.partition("kernel0(")[2])) == 1
    numbers, places = np.random.default_rng(0).normal(size=(n, n)), np.arange(n)[::-1]
    np.testing.assert_allclose(f(numbers, places), np.exp(numbers)[np.arange(n), places].sum())
