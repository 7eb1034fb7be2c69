"""What columns will need, fetched while rows that go side by side come from memory."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt


def moments(dtype="float64"):
    """Return a function for variances, extremes and sums of columns."""
    x = pt.matrix("x", dtype=dtype)
    outputs = [x.var(axis=0), x.sum(axis=0), x.max(axis=0), (x * x).sum(axis=0)]
    return pytensorlite.function([x], outputs, mode="C")


def expected(x):
    return x.var(axis=0), x.sum(axis=0), x.max(axis=0), (x * x).sum(axis=0)


def test_columns_are_fetched_where_arithmetic_takes_turns_with_memory():
    assert "ptl_fetch_rows(&x0[i*n1 + j_strip], 4, 8*n1, 8*i_ahead);" in moments().c_source
    assert "ptl_fetch_rows(&x0[i*n1 + j_strip], 8, 4*n1, 4*i_ahead);" in moments("float32").c_source


def test_columns_are_not_fetched_where_a_row_is_only_added():
    x = pt.dmatrix("x")
    assert "ptl_fetch" not in pytensorlite.function([x], x.sum(axis=0), mode="C").c_source


@pytest.mark.parametrize("columns", [1, 31, 32, 1023, 1024, 1025, 2047, 40_000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_matrices_in_caches_and_beyond(columns, dtype, rng):
    function = moments(dtype)
    beyond = (66 << 20) // (np.dtype(dtype).itemsize * columns) + 3
    for n in (1, 9, beyond if columns > 1000 else 70):
        x = rng.integers(-8, 8, size=(n, columns)).astype(dtype)
        for ours, theirs in zip(function(x), expected(x.astype("float64")), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6 if dtype == "float32" else 1e-12)


def test_a_column_does_not_depend_on_the_others_beyond_the_caches(rng):
    x = rng.normal(size=(4_100, 2_100))
    x[:, 40] = x[:, 2_099] = x[:, 1_000]
    for found in moments()(x):
        assert found[40] == found[2_099] == found[1_000]
