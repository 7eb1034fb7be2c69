"""Squares about a mean in one visit of the data: where it is done, what it yields, how exactly."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function, grad

x, f, i, c = pt.dmatrix("x"), pt.fmatrix("f"), pt.imatrix("i"), pt.tensor3("c", dtype="float64")
known = pt.matrix("known", shape=(150, 90), dtype="float64")
v = pt.dvector("v")


def standard(a):
    return (a - a.mean(axis=0)) / pt.sqrt(a.var(axis=0) + 1e-5)


ONE_VISIT = {
    "columns": ([x], [x.var(axis=0), x.mean(axis=0), x.sum(axis=0)]),
    "a root, fewer degrees of freedom": ([x], [x.std(axis=0, ddof=1)]),
    "all": ([x], [x.var(), x.mean()]),
    "a vector": ([v], [v.var()]),
    "single": ([f], [f.var(axis=0), f.mean(axis=0)]),
    "all single": ([f], [f.var()]),
    "integers": ([i], [i.var(axis=0), i.mean(axis=0)]),
    "all integers": ([i], [i.var()]),
    "narrow": ([i], [i.astype("int8").var(axis=0), i.astype("float16").var(axis=0)]),
    "an expression": ([x], [(2 * x + 1).var(axis=0), (x * x).var(axis=0)]),
    "costly numbers": ([x], [pt.exp(x).var(axis=0)]),
    "with other sums": ([x], [x.var(axis=0), x.max(axis=0), pt.exp(x).sum(axis=0)]),
    "with other sums of all": ([x], [x.var(), x.max(), (x**2).sum()]),
    "leading axes": ([c], [c.var(axis=(0, 1))]),
    "all axes": ([c], [c.var()]),
    "known lengths": ([known], [known.var(axis=0)]),
    "all of known lengths": ([known], [known.var()]),
}
TWO_VISITS = {
    "rows": ([x], [x.var(axis=1)]),
    "corrected": ([x], [x.var(axis=0, corrected=True)]),
    "few numbers": ([known], [known[:30, :90].var()]),
    "a vector among other work": ([v], [v.var(), pt.exp(v)]),
    "columns among other work": ([x], [x.var(axis=0), pt.exp(x)]),
    "columns and rows": ([x], [x.var(axis=0), x.sum(axis=1)]),
    "costly numbers, all": ([x], [pt.exp(x).var()]),
    "not a mean": ([x], [((x - x.max(axis=0)) ** 2).sum(axis=0)]),
    "the mean of others": ([x], [((x - (2 * x).mean(axis=0)) ** 2).sum(axis=0)]),
    "another mean": ([x], [((x - x.sum(axis=0) / (x.shape[0] + 1)) ** 2).sum(axis=0)]),
    "middle axis": ([c], [c.var(axis=1)]),
}
NEITHER = {
    "batch normalisation": ([x], [standard(x)]),
    "and its gradient": ([x], [standard(x), grad((standard(x) ** 3).sum(), x)]),
    "value and gradient": ([x], [x.var(axis=0), grad((x.var(axis=0) ** 2).sum(), x)]),
    "two ways": ([x], [x.var(axis=0), x.var(axis=1), x.var()]),
    "softmax too": ([x], [x.var(axis=0), pt.special.softmax(x, axis=1)]),
    "beside longer loops": ([x, v], [v.var(), pt.exp(x).sum()]),
}
GRAPHS = {**ONE_VISIT, **TWO_VISITS, **NEITHER}
SHAPES = [(0, 3), (3, 0), (1, 5), (2, 3), (7, 17), (8, 8), (9, 1), (100, 33), (1500, 70), (3, 9000)]


def compiled(name, mode, made={}):  # noqa: B006 (compiled functions are kept on purpose)
    if (name, mode) not in made:
        made[name, mode] = function(*GRAPHS[name], mode=mode)
    return made[name, mode]


def numbers(variable, shape, rng, about=3.0):
    if variable is known:
        shape = (150, 90)
    elif variable is c:
        shape = (*shape, 5)
    elif variable is v:
        shape = shape[:1]
    return (about + 3 * rng.normal(size=shape)).astype(variable.dtype)


def lines(name):
    return [line for s in compiled(name, "C").explain().steps for line in s.computes]


@pytest.mark.parametrize("name", ONE_VISIT)
def test_squares_are_summed_along_with_what_their_mean_is_of(name):
    assert any("their mean" in line for line in lines(name))


@pytest.mark.parametrize("name", TWO_VISITS)
def test_a_second_visit_stays_where_it_is_near_or_made_anyway(name):
    assert not any("their mean" in line for line in lines(name))


def test_the_data_are_read_once():
    data = np.ones((100, 50))
    (step,) = compiled("columns", "C").explain(data).steps
    assert step.reads["x0"].value == data.nbytes + 2 * 8 * 50  # and two rows to find a level


def test_batch_normalisation_reads_them_twice():
    (step,) = compiled("batch normalisation", "C").explain().steps
    assert step.reads["x0"].formula.startswith("16*n0*n1")


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:Degrees", "ignore:Mean of empty")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", GRAPHS)
def test_the_numbers_are_those_of_numpy(name, shape, rng):
    inputs = GRAPHS[name][0]
    if 0 in shape and ("other sums" in name or "softmax" in name or "not a mean" in name):
        pytest.skip("no maximum of nothing")
    data = [
        numbers(each, shape, rng) / (5 if "exp" in name or "costly" in name else 1)
        for each in inputs
    ]
    data = [a.astype(each.dtype) for a, each in zip(data, inputs, strict=True)]
    for order in "CF":
        given = [np.asarray(a, order=order) for a in data]
        for ours, theirs in zip(
            compiled(name, "C")(*given), compiled(name, "NUMPY")(*given), strict=True
        ):
            narrow = theirs.dtype != "float64"
            tolerance = 2e-3 if theirs.dtype == "float16" else 2e-5 if narrow else 1e-11
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 100, 3000])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_finite_stays_in_its_column(rows, rng):
    data = rng.normal(size=(rows, 60))
    for column, (row, value) in enumerate(
        [(0, np.inf), (-1, -np.inf), (rows // 2, np.nan), (0, np.nan), (-1, np.inf), (0, -np.inf)]
    ):
        data[row, column] = value
    data[:, 6] = np.inf
    variance, mean, total = compiled("columns", "C")(data)
    np.testing.assert_allclose(variance, data.var(axis=0), rtol=1e-12)
    np.testing.assert_allclose(mean, data.mean(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(total, data.sum(axis=0), rtol=1e-12, atol=1e-12)
    assert np.isnan(compiled("all", "C")(data)[0])


def test_squares_too_large_are_infinite():
    data = np.tile([[1e200], [-1e200], [3e199]], (9, 3))
    assert np.isposinf(compiled("columns", "C")(data)[0]).all()
    assert np.isposinf(compiled("all", "C")(data)[0])


@pytest.mark.parametrize("name", ["columns", "all", "single", "all single", "with other sums"])
@pytest.mark.parametrize("shape", [(3000, 400), (100_000, 3), (20, 50_000)], ids=str)
def test_threads_change_no_bit(name, shape, rng, monkeypatch):
    data = numbers(GRAPHS[name][0][0], shape, rng)
    found = []
    for threads in (1, 2, 8):
        monkeypatch.setattr(config, "threads", threads)
        found.append([np.asarray(each).tobytes() for each in compiled(name, "C")(data)])
    assert found[0] == found[1] == found[2]


def test_a_block_goes_on_after_each_of_its_steps(rng):
    """So many columns are one block, and that much work is done in steps."""
    narrow = pt.bmatrix("narrow")
    data = rng.integers(-100, 100, size=(101, 50_000), dtype="int8")
    found = function([narrow], narrow.var(axis=0), mode="C")(data)
    np.testing.assert_allclose(found[:200], data[:, :200].var(axis=0), rtol=1e-13)


# -- how exactly -----------------------------------------------------------------------------------


def exact(data):
    """Return mean and variance as fractions."""
    terms = [Fraction(float(each)) for each in data]
    mean = sum(terms) / len(terms)
    return mean, sum((each - mean) ** 2 for each in terms) / len(terms)


def error(found, truth):
    return float(abs(Fraction(float(found)) - truth) / truth) if truth else float(found)


def allowed(n, data):
    """Return what `docs/design.md` states, in units of a double: never more than NumPy's two."""
    return (20 + n / 8) * np.finfo(float).eps + error(data.var(axis=0), exact(data)[1])


@given(
    n=st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
    about=st.sampled_from([0.0, 1.0, 1e3, 1e8, -1e12, 1e15]),
    spread=st.integers(-8, 8),
    outlier=st.sampled_from([None, 0, 1, -1]),
    size=st.sampled_from([0.0, 1e4, -1e10, 1e16]),
)
def test_variances_err_no_more_than_those_of_two_visits(n, seed, about, spread, outlier, size):
    rng = np.random.default_rng(seed)
    data = about + 10.0**spread * rng.normal(size=(n, 2))
    if outlier is not None:
        data[min(outlier, n - 1)] = size
    columns, whole = compiled("columns", "C")(data)[0], compiled("a vector", "C")
    for column in range(2):
        mine = np.ascontiguousarray(data[:, column])
        truth = exact(mine)[1]
        assert error(columns[column], truth) <= allowed(n, mine)
        assert error(whole(mine)[0], truth) <= allowed(n, mine)


@pytest.mark.parametrize("name", ["columns", "all"])
@pytest.mark.parametrize("ends", [None, 0.0, 1e12])
def test_a_small_variance_beside_a_large_mean_is_found(name, ends, rng):
    """A sum of squares less the square of a sum would find nothing of it."""
    data = 1e8 + rng.normal(size=(20_000, 1))
    if ends is not None:
        data[0] = ends
    mean, variance = exact(data[:, 0])
    found = compiled(name, "C")(data)
    assert error(found[0].item(), variance) < 1e-14
    assert error(found[1].item(), mean) < 1e-14


def test_means_of_small_numbers_survive_a_large_first_one(rng):
    data = rng.uniform(size=(5000, 4))
    data[0] = 1e10
    for ours, column in zip(compiled("columns", "C")(data)[1], data.T, strict=True):
        assert error(ours, exact(column)[0]) < 1e-14


def test_outliers_at_both_ends_do_not_spoil_the_sum(rng):
    # A sum errs by at most so many units of roundoff times the sum of magnitudes (docs/design.md).
    data = rng.uniform(size=(20_000, 3))
    data[[0, -1]], data[7000] = 1e10, -2e10
    total, _ = function([x], [x.sum(axis=0), x.var(axis=0)], mode="C")(data)
    for found, column in zip(total, data.T, strict=True):
        assert abs(found - math.fsum(column)) <= 500 * 2.0**-53 * np.abs(column).sum()


def test_singles_are_summed_in_doubles(rng):
    data = (1000 + rng.normal(size=(30_000, 1))).astype("float32")
    mean, variance = exact(data[:, 0])
    for name in ("single", "all single"):
        assert error(compiled(name, "C")(data)[0].item(), variance) < 2e-7
    assert error(compiled("single", "C")(data)[1].item(), mean) < 2e-7
