"""Axes of two to eight elements are written out: equal values, and loops over rows are vectors."""

import re

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad


def pairs(x):
    """The energy of charges, one a row, and the force on each."""
    distance = pt.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2) + 1.0)
    energy = (1 / distance).sum()
    return [energy, grad(energy, x)]


def normalised(axis):
    def build(x):
        y = pt.tanh((x - x.mean(axis=axis, keepdims=True)) / (x.std(axis=axis, keepdims=True) + 1))
        return [y, grad((y**3).sum(), x)]

    return build


def log_softmax(axis):
    def build(x):
        y = pt.special.log_softmax(x, axis=axis)
        return [y, grad((y * x).sum(), x), pt.logsumexp(x, axis=axis)]

    return build


def folds(x):
    return [fold(x, axis=axis) for fold in (pt.sum, pt.prod, pt.max, pt.min) for axis in (0, 1)]


def positions(x):
    places = pt.arange(x.shape[1])
    return [(x * places).sum(axis=1), pt.where(pt.eq(places, 1), x, -x), x.argmax(axis=1)]


def mixed(x):
    """Sums over all, sums of rows and columns, and arrays that lack the axis."""
    return [(x * x[:, 0][:, None]).sum(), (x - x[0]).sum(axis=0), x.sum(axis=1) * x[:, 0], x.T @ x]


def chosen(x):
    """One element of each row, with its gradient, and rows with one element changed."""
    rows, best = pt.arange(x.shape[0]), x.argmax(axis=1)
    y = pt.special.log_softmax(x, axis=1)
    picked = y[rows, best] * y[rows, best - x.shape[1]]
    return [picked, grad(picked.sum(), x), y[rows, best].inc(3.0), pt.exp(y)[rows, -1].set(0.0)]


def grouped(x):
    """Sums of the rows of two groups, read again for each row, and the gradient of that."""
    group = (x[:, 0] > 0).astype("int64")
    sums = pt.zeros((2, x.shape[1]))[group].inc(x)
    apart = pt.tanh(x - sums[group])
    return [sums, apart, grad((apart**2).sum(), x)]


def one_column(x):
    """Columns that are read and written for themselves."""
    y = pt.exp(x)
    product = y[:, 0] * y[:, -1] + x[:, 0]
    written = [y[:, -1].set(product), x[:, -1].inc(1.0), y[:, :1].set(0.0), x[0].set(y[-1])]
    return [*written, product, grad((product**2).sum(), x)]


BUILDS = {
    "one column": one_column,
    "chosen": chosen,
    "grouped": grouped,
    "pairs": pairs,
    "rows": normalised(1),
    "columns": normalised(0),
    "log-softmax of rows": log_softmax(1),
    "log-softmax of columns": log_softmax(0),
    "folds": folds,
    "positions": positions,
    "mixed": mixed,
}
SHAPES = [*((None, n) for n in (2, 3, 4, 5, 6, 8)), (3, None), (7, None), (2, 3), (2, None)]


@pytest.fixture(scope="module")
def compiled():
    """A function that returns one compiled for C and one for NumPy, once for each request."""
    known = {}

    def get(name, shape, dtype):
        if (name, shape, dtype) not in known:
            x = pt.tensor("x", dtype=dtype, shape=shape)
            outputs = BUILDS[name](x)
            known[name, shape, dtype] = [
                function([x], outputs, mode=mode) for mode in ("C", "NUMPY")
            ]
        return known[name, shape, dtype]

    return get


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", BUILDS)
@given(data=st.data())
@settings(max_examples=8)
def test_values_are_those_of_numpy(compiled, name, shape, dtype, data):
    ours, theirs = compiled(name, shape, dtype)
    rows = data.draw(st.integers(1, 40))
    sizes = tuple(rows if n is None else n for n in shape)
    seed = data.draw(st.integers(0, 2**32 - 1))
    x = np.random.default_rng(seed).normal(size=sizes).astype(dtype)
    rtol = 1e-12 if dtype == "float64" else 2e-5
    for got, wanted in zip(ours(x), theirs(x), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol * 10)


@pytest.mark.parametrize("shape", [(None, 3), (4, None)], ids=str)
@given(data=st.data())
@settings(max_examples=30)
def test_special_values_and_integers(compiled, shape, data):
    for dtype in ("float64", "int64"):
        sizes = tuple(data.draw(st.integers(1, 20)) if n is None else n for n in shape)
        elements = st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5, -2.0])
        if dtype == "int64":
            elements = st.integers(-(2**62), 2**62)
        x = data.draw(arrays.arrays(dtype, sizes, elements=elements))
        ours, theirs = compiled("folds", shape, dtype)
        with np.errstate(all="ignore"):
            for got, wanted in zip(ours(x), theirs(x), strict=True):
                np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize("name", ["pairs", "rows", "columns"])
def test_loops_over_few_elements_are_gone(compiled, name, count):
    source = compiled(name, (None, count), "float64")[0].c_source
    assert not re.search(rf"for \(int64_t \w = 0; \w < {count};", source)


def test_costly_rows_are_computed_before_they_are_woven():
    """What stands in a row and in its sum is computed once, as vectors of rows."""
    x = pt.tensor("x", shape=(None, 4))
    y = pt.tanh(x)
    f = function([x], [y * y.sum(axis=1, keepdims=True), y.sum()])
    loops = re.findall(r"for \(int64_t i = i_first[^{]*\{(.*?)\n        \}", f.c_source, re.DOTALL)
    assert ["ptl_tanh" in loop for loop in loops] == [True, False]
    assert ["y0[" in loop for loop in loops] == [False, True]
    numbers = np.random.default_rng(0).normal(size=(150, 4))
    expected = np.tanh(numbers)
    rows, total = f(numbers)
    np.testing.assert_allclose(rows, expected * expected.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(total, expected.sum(), rtol=1e-12)


@pytest.mark.parametrize("count", [3, 5])
def test_writing_a_column_is_a_loop_over_rows(count):
    x, y = pt.tensor("x", shape=(None, count)), pt.dvector("y")
    source = function([x, y], x[:, 1].set(2 * y)).c_source
    assert not re.search(rf"for \(int64_t \w = 0; \w < {count};", source)
    assert len(re.findall(r"\by0\[.*\] = .*;", source)) == count


@pytest.mark.parametrize("count", [3, 6])
def test_what_is_chosen_of_each_row_is_checked(count):
    x, at = pt.tensor("x", shape=(40, count)), pt.lvector("at")
    y = pt.special.log_softmax(x, axis=1)[np.arange(40), at]
    f = function([x, at], [y, grad(y.sum(), x)])
    assert not re.search(rf"for \(int64_t \w = 0; \w < {count};", f.c_source)
    numbers, places = np.zeros((40, count)), np.full(40, -1)
    np.testing.assert_allclose(f(numbers, places)[0], -np.log(count))
    for wrong in (count, -count - 1):
        places[17] = wrong
        with pytest.raises(IndexError, match=f"{wrong}.*out of bounds.*{count}"):
            f(numbers, places)


def test_rows_may_lie_far_apart():
    x = pt.tensor("x", shape=(None, 4, 3))
    f = function([x], [pt.special.softmax(x[:, 1:], axis=1), pt.exp(x[:, 0, :2]).prod(axis=1)])
    assert not re.search(r"for \(int64_t \w = 0; \w < [234];", f.c_source)
    numbers = np.random.default_rng(0).normal(size=(21, 4, 3))
    powers = np.exp(numbers)
    rows, products = f(numbers)
    np.testing.assert_allclose(rows, powers[:, 1:] / powers[:, 1:].sum(axis=1, keepdims=True))
    np.testing.assert_allclose(products, powers[:, 0, :2].prod(axis=1))


def test_what_only_adds_up_pairs_stays_a_loop():
    """The sum of three squares is written out by the compiler, which takes fewer instructions."""
    x = pt.tensor("x", dtype="float64", shape=(None, 3))
    source = function([x], ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)).c_source
    assert "k < 3" in source


def test_a_column_that_is_written_over_is_not_computed():
    x, y = pt.tensor("x", shape=(None, 3)), pt.dvector("y")
    f = function([x, y], [pt.exp(x)[:, 0].set(y)[:, 0], pt.zeros((2, 3))[:, 1].inc(x[:2, 0])])
    assert "exp" not in f.c_source.partition("kernel0(")[2]
    numbers = np.arange(12.0).reshape(4, 3)
    column, written = f(numbers, np.arange(4.0))
    np.testing.assert_array_equal(column, np.arange(4.0))
    np.testing.assert_array_equal(written, [[0, 0, 0], [0, 3, 0]])
