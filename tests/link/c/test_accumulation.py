"""Products that are added to a matrix: one call of BLAS, in place where a shared variable is."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, shared

A, B, C = pt.dmatrices("A", "B", "C")
SUMS = {
    "added": (C + A @ B, "1.0"),
    "subtracted": (C - A @ B, "-1.0"),
    "scaled": (C - 0.25 * (A @ B), "-0.25"),
    "subtracted from": (A @ B - C, "1.0"),
    "turned": (C + (B.T @ A.T).T * 3, "3.0"),
    "with itself": (C + C @ B, "1.0"),
}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("layout", ["C", "F", "reversed"])
@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_sums_with_products(name, layout, n, rng):
    graph, alpha = SUMS[name]
    f = function([A, B, C], graph, on_unused_input="ignore")
    assert "kernel1" not in f.c_source
    assert f", {alpha}, x" in f.c_source
    arguments = [rng.normal(size=(n, n)) for _ in range(3)]
    if layout == "F":
        arguments = [np.asfortranarray(a) for a in arguments]
    elif layout == "reversed":
        arguments = [a[::-1, ::-1] for a in arguments]
    kept = [a.copy() for a in arguments]
    oracle = function([A, B, C], graph, on_unused_input="ignore", mode="NUMPY")
    np.testing.assert_allclose(f(*arguments), oracle(*arguments), rtol=1e-12, atol=1e-12)
    assert all(np.array_equal(a, b) for a, b in zip(kept, arguments, strict=True))


def test_no_product_is_added_to_what_broadcasts_or_is_read_by_loops():
    row = pt.drow("row")
    f = function([A, B, row], row + A @ B)
    assert ", 1, x0" in f.c_source
    a, b, r = np.ones((2, 3)), np.ones((3, 4)), np.arange(4.0)[None]
    assert np.array_equal(f(a, b, r), r + a @ b)
    assert ", 1, x0" in function([A, B, C], pt.tanh(C + A @ B)).c_source


def test_lengths_that_do_not_fit():
    f = function([A, B, C], C + A @ B)
    with pytest.raises(ValueError, match="3"):
        f(np.ones((2, 2)), np.ones((2, 2)), np.ones((3, 2)))


UPDATES = {
    "step": lambda w: w - 0.5 * (A @ B),
    "left": lambda w: w + w @ B,
    "right": lambda w: w + A @ w,
    "turned": lambda w: w + w.T @ B,
}


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_updates(name, dtype, rng):
    values = [rng.normal(size=(5, 5)) for _ in range(3)]
    results = []
    for mode in ("C", "NUMPY"):
        w = shared(values[2].astype(dtype))
        new = UPDATES[name](w).astype(dtype)
        f = function([A, B], w.sum(), updates=[(w, new)], mode=mode, on_unused_input="ignore")
        for _ in range(3):
            f(*values[:2])
        results.append(w.get_value())
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(*results, rtol=tolerance, atol=tolerance)
