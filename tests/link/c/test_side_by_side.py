"""Columns that are added up by groups of rows: the same additions in the same order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as pt

SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 0.0]


@pytest.fixture(scope="module", params=["float32", "float64", "int8", "int64"])
def columns(request):
    """Sums, sums of differences, largest and smallest of the columns of a matrix."""
    dtype = request.param
    x, t = pt.matrix("x", dtype=dtype), pt.vector("t", dtype=dtype)
    wanted = [
        x.sum(axis=0, dtype=dtype, acc_dtype=dtype),
        (x - t[:, None]).sum(axis=0, dtype=dtype, acc_dtype=dtype),
    ]
    return dtype, pytensorlite.function([x, t], [*wanted, x.max(axis=0), x.min(axis=0)], mode="C")


def one_by_one(rows, start, function):
    """Return the rows folded in order, an operation at a time."""
    total = np.full(rows.shape[1], start, rows.dtype)
    for row in rows:
        total = function(total, row)
    return total


def check(columns, x, t):
    dtype, function = columns
    x, t = x.astype(dtype), t.astype(dtype)
    sums, differences, largest, smallest = function(x, t)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(sums, one_by_one(x, 0, np.add))
        np.testing.assert_array_equal(differences, one_by_one(x - t[:, None], 0, np.add))
    np.testing.assert_array_equal(largest, x.max(axis=0))
    np.testing.assert_array_equal(smallest, x.min(axis=0))


@given(
    n=st.integers(1, 40),
    d=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1.0, 1e3, 1e30]),
)
def test_not_a_bit_depends_on_the_groups(columns, n, d, seed, scale):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=(n, d)), rng.normal(size=n)
    if columns[0].startswith("int"):
        scale = 30
    check(columns, x * scale, t * min(scale, 30))


@pytest.mark.parametrize("value", SPECIAL, ids=str)
def test_a_special_value_in_any_row(columns, value, rng):
    if columns[0].startswith("int"):
        return
    for position in range(19):
        x = rng.normal(size=(19, 9))
        x[position, 4] = value
        check(columns, x, np.ones(19))
        check(columns, np.where(np.arange(9) == 4, value, x), np.ones(19))


x, w, i, T = pt.dmatrix("x"), pt.dvector("w"), pt.lvector("i"), pt.dtensor3("T")
GATHERED = {
    "sum": (x[i].sum(axis=0), lambda x, w, i, T: x[i].sum(axis=0)),
    "mean": (x[i].mean(axis=0), lambda x, w, i, T: x[i].mean(axis=0)),
    "max": (x[i].max(axis=0), lambda x, w, i, T: x[i].max(axis=0)),
    "weighted": (w @ x[i], lambda x, w, i, T: w @ x[i]),
    "squares": ((x[i] ** 2).sum(axis=0), lambda x, w, i, T: (x[i] ** 2).sum(axis=0)),
    "variance": (x[i].var(axis=0), lambda x, w, i, T: x[i].var(axis=0)),
    "places of rows": (
        T[pt.arange(T.shape[0]), i].sum(axis=0),
        lambda x, w, i, T: T[np.arange(len(T)), i].sum(axis=0),
    ),
    "two gathers": (
        (x[i] * T[pt.arange(T.shape[0]), i]).sum(axis=0),
        lambda x, w, i, T: (x[i] * T[np.arange(len(T)), i]).sum(axis=0),
    ),
    "numbers of rows": (
        (w[i][:, None] * x[i]).sum(axis=0),
        lambda x, w, i, T: (w[i][:, None] * x[i]).sum(axis=0),
    ),
}


@pytest.fixture(scope="module", params=GATHERED)
def gathered(request):
    """A function of rows that an index array chooses, and what NumPy says that it is."""
    output, expected = GATHERED[request.param]
    inputs = [x, w, i, T]
    f = pytensorlite.function(inputs, output, mode="C", on_unused_input="ignore")
    assert not f.fallbacks
    return f, expected


@given(n=st.integers(1, 40), d=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
def test_each_row_is_the_one_that_its_index_chooses(gathered, n, d, seed):
    f, expected = gathered
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, d)), rng.normal(size=n), rng.integers(-n, n, n)
    stack = rng.normal(size=(n, n, d))
    np.testing.assert_allclose(f(*values, stack), expected(*values, stack), rtol=1e-9, atol=1e-9)
