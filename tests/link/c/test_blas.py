"""Matrix products agree with NumPy, whatever the layout, lengths and dtype of the operands."""

import itertools

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, grad

LENGTHS = [
    (0, 3, 2),
    (3, 0, 2),
    (3, 2, 0),
    (1, 4, 5),
    (4, 1, 5),
    (4, 5, 1),
    (1, 1, 1),
    (7, 6, 5),
    (40, 33, 37),
]


def compiled(inputs, outputs):
    """Return the C program and its oracle; nothing in C may run through NumPy."""
    native = function(inputs, outputs, mode="C")
    assert native.fallbacks == []
    return native, function(inputs, outputs, mode="NUMPY")


def assert_same(native, oracle, values, tolerance=1e-12):
    with np.errstate(all="ignore"):
        expected = oracle(*values)
    for a, b in zip(native(*values), expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=100 * tolerance)


def integers(rng, dtype, *shape):
    """Return small integers, whose products are exact in every dtype."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    low = 0 if dtype.startswith("u") else -3
    return rng.integers(low, 4, shape).astype(dtype)


# Each layout as it is written in a graph, and how a value is laid out to be read so.
LAYOUTS = {
    "plain": (lambda x: x, lambda x: x),
    "transposed": (lambda x: x.T, lambda x: x.T),
    "offset": (lambda x: x[1:, 2:], lambda x: np.pad(x, [(1, 0), (2, 0)], constant_values=np.nan)),
    "columns cut": (
        lambda x: x[:, :-2],
        lambda x: np.pad(x, [(0, 0), (0, 2)], constant_values=np.nan),
    ),
    "columns cut, transposed": (
        lambda x: x[:, :-2].T,
        lambda x: np.pad(x.T, [(0, 0), (0, 2)], constant_values=np.nan),
    ),
    "every other row": (lambda x: x[::2], lambda x: np.repeat(x, 2, 0)),
    "every other column": (lambda x: x[:, ::2], lambda x: np.repeat(x, 2, 1)),
    "rows reversed": (lambda x: x[::-1], lambda x: x[::-1]),
    "columns reversed": (lambda x: x[:, ::-1], lambda x: x[:, ::-1]),
}


@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize("left", LAYOUTS)
def test_layouts(rng, left, right):
    a, b = pt.dmatrices("a", "b")
    product = pt.dot(LAYOUTS[left][0](a), LAYOUTS[right][0](b))
    native, oracle = compiled([a, b], [product, product.T * 2])
    assert "dgemm" in native.c_source
    for m, k, n in LENGTHS:
        x, y = rng.normal(size=(m, k)), rng.normal(size=(k, n))
        values = [np.ascontiguousarray(LAYOUTS[name][1](v)) for name, v in ((left, x), (right, y))]
        assert_same(native, oracle, values)
        np.testing.assert_allclose(native(*values)[0], x @ y, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtypes_of_blas(rng, dtype):
    a, b = (pt.tensor(name, dtype=dtype, shape=(None, None)) for name in "ab")
    native, oracle = compiled([a, b], [a @ b, a @ a.T, a.T @ a])
    for m, k, n in LENGTHS:
        x, y = integers(rng, dtype, m, k), integers(rng, dtype, k, n)
        assert_same(native, oracle, [x, y], 0)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16"])
def test_dtypes_that_blas_does_not_have(rng, dtype):
    a, b = (pt.tensor(name, dtype=dtype, shape=(None, None)) for name in "ab")
    native, oracle = compiled([a, b], [a @ b, b.T @ a.T])
    for m, k, n in LENGTHS:
        assert_same(native, oracle, [integers(rng, dtype, m, k), integers(rng, dtype, k, n)], 0)


def test_integers_wrap_as_in_numpy():
    a, b = pt.tensor("a", dtype="int8", shape=(None, None)), pt.lmatrix("b")
    native, oracle = compiled([a, b], [a @ a, b @ b])
    assert_same(native, oracle, [np.full((3, 3), 100, "int8"), np.full((3, 3), 2**62)], 0)


def test_dtypes_that_differ(rng):
    a, b, c = pt.fmatrix("a"), pt.dmatrix("b"), pt.lmatrix("c")
    native, oracle = compiled([a, b, c], [a @ b, b @ c, c @ a])
    values = [integers(rng, v.type.dtype, 3, 3) for v in (a, b, c)]
    assert_same(native, oracle, values, 0)


@pytest.mark.parametrize(
    "lengths", [(2, 2, 2), (1, 4, 9), (9, 4, 1), (9, 1, 4), (8, 8, 8), (3, 0, 2)]
)
def test_static_lengths(rng, lengths):
    m, k, n = lengths
    a, b = pt.tensor("a", shape=(m, k)), pt.tensor("b", shape=(k, n))
    native, oracle = compiled([a, b], [a @ b])
    assert_same(native, oracle, [rng.normal(size=(m, k)), rng.normal(size=(k, n))])


def test_small_and_thin_products_stay_in_loops():
    a, b = pt.tensor("a", shape=(None, 2, 2)), pt.tensor("b", shape=(None, 2, 2))
    assert "gemm" not in function([a, b], a @ b, mode="C").c_source
    x, v = pt.dtensor3("x"), pt.dmatrix("v")
    assert "gemm" not in function([x, v], pt.matvec(x, v), mode="C").c_source
    assert "gemm" in function([x], x @ x, mode="C").c_source


def test_special_values_and_empty_sums(rng):
    a, b = pt.dmatrices("a", "b")
    native, oracle = compiled([a, b], [a @ b])
    assert_same(native, oracle, [np.array([[np.inf, 1.0]]), np.array([[0.0], [1.0]])])
    assert_same(native, oracle, [np.array([[np.nan, 1.0]]), np.array([[0.0], [1.0]])])
    np.testing.assert_array_equal(native(np.ones((2, 0)), np.ones((0, 3)))[0], np.zeros((2, 3)))


def test_lengths_that_do_not_fit():
    a, b = pt.dmatrices("a", "b")
    native, oracle = compiled([a, b], [a @ b])
    for call in (native, oracle):
        with pytest.raises(ValueError, match="Shape mismatch"):
            call(np.ones((2, 3)), np.ones((2, 3)))


# -- batches ---------------------------------------------------------------------------------------

BATCHES = {
    "one axis": ((4,), (4,)),
    "two axes": ((2, 3), (2, 3)),
    "none on the right": ((2, 3), ()),
    "none on the left": ((), (3,)),
    "empty": ((0,), (0,)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int64", "float16"])
@pytest.mark.parametrize("batches", BATCHES)
def test_batches(rng, batches, dtype):
    left, right = BATCHES[batches]
    a, b = (
        pt.tensor(name, dtype=dtype, shape=(None,) * (len(batch) + 2))
        for name, batch in zip("ab", (left, right), strict=True)
    )
    native, oracle = compiled([a, b], [pt.matmul(a, b), pt.matmul(b.mT, a.mT)])
    for m, k, n in LENGTHS:
        x, y = integers(rng, dtype, *left, m, k), integers(rng, dtype, *right, k, n)
        assert_same(native, oracle, [x, y], 0)


@pytest.mark.parametrize(
    "shapes", list(itertools.permutations([(1, None), (None, 1), (None, None)], 2)), ids=str
)
def test_batches_that_broadcast(rng, shapes):
    a, b = (
        pt.tensor(name, shape=(*batch, None, None))
        for name, batch in zip("ab", shapes, strict=True)
    )
    native, oracle = compiled([a, b], [a @ b])
    for m, k, n in LENGTHS:
        x, y = (
            rng.normal(size=(shape[0] or 2, shape[1] or 3, *core))
            for shape, core in zip(shapes, ((m, k), (k, n)), strict=True)
        )
        assert_same(native, oracle, [x, y])


def test_batches_in_other_layouts(rng):
    a, b = pt.dtensor3("a"), pt.dtensor3("b")
    first = a.transpose(1, 0, 2)  # its matrices lie between each other
    second = b.transpose(2, 1, 0)  # neither rows nor columns are contiguous
    outputs = [first @ b, first @ second, second.mT @ first.mT, a[:, ::-1] @ b[:, :, ::2], a @ b[0]]
    native, oracle = compiled([a, b], outputs)
    assert_same(native, oracle, [rng.normal(size=(5, 5, 5)), rng.normal(size=(5, 5, 5))])
    assert_same(native, oracle, [rng.normal(size=(1, 1, 1)), rng.normal(size=(1, 1, 1))])


def test_one_matrix_for_a_whole_batch_is_one_product(rng):
    a, b = pt.dtensor3("a"), pt.tensor("b", shape=(1, None, None))
    native, oracle = compiled([a, b], [a @ b])
    assert native.c_source.count("dgemm(small_dgemm, dgemm") == 1
    assert "for (int64_t i" not in native.c_source.split("program_run")[1]
    assert_same(native, oracle, [rng.normal(size=(3, 4, 5)), rng.normal(size=(1, 5, 6))])


def test_batches_that_do_not_agree():
    a, b = pt.dtensor3("a"), pt.dtensor3("b")
    native, oracle = compiled([a, b], [a @ b])
    for call in (native, oracle):
        with pytest.raises(ValueError, match="batches do not agree"):
            call(np.ones((2, 3, 3)), np.ones((1, 3, 3)))


def test_gradients(rng):
    a, b = pt.dtensor3("a"), pt.tensor("b", shape=(1, None, None))
    value = pt.tanh(a @ b @ a.mT).sum() + ((a[0] @ b[0]) ** 2).sum()
    native, oracle = compiled([a, b], [value, *grad(value, [a, b])])
    assert_same(native, oracle, [rng.normal(size=(3, 4, 4)), rng.normal(size=(1, 4, 4))], 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (3, 0), (1, 1), (4, 7), (90, 50), (33, 500)])
def test_a_matrix_times_its_transpose(rng, rows, columns, dtype):
    a = pt.matrix("a", dtype=dtype)
    outputs = [a @ a.T, a.T @ a, pt.exp(a) @ pt.exp(a).T, a[::2] @ a[::2].T, a[:, 1:].T @ a[:, 1:]]
    native, oracle = compiled([a], outputs)
    assert native.c_source.count("syrk(small_") == len(outputs)
    value = (rng.normal(size=(rows, columns)) / 10).astype(dtype)
    assert_same(native, oracle, [value], 1e-4 if dtype == "float32" else 1e-10)


def test_only_one_matrix_twice_is_taken_for_a_square(rng):
    a, b = pt.dmatrices("a", "b")
    native, oracle = compiled([a, b], [a @ b.T, a @ a, a[1:] @ a[:-1].T, a[:, ::-1] @ a.T])
    assert "syrk" not in native.c_source
    assert_same(native, oracle, [rng.normal(size=(5, 5)), rng.normal(size=(5, 5))])
