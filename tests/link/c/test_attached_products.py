"""Products that are computed some rows at a time, with a loop: values, memory, what is told."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function, grad, shared

x, w, t, v = (pt.dmatrix(name) for name in "xwtv")
b, labels = pt.dvector("b"), pt.lvector("labels")
# Blocks of 2 kB, past the caches, however little work there is; and none at all.
ALWAYS = "-DPTL_LONG=0 -DPTL_ATTACHED_BLOCK=2048 -DPTL_ATTACHED_BEYOND=0 -DPTL_STREAMED_FROM=0"
NEVER = "-DPTL_ATTACHED_BLOCK=0"

z = x @ w + b
hidden = pt.tanh(z)
loss = ((hidden - t) ** 2).sum()


def two_layers():
    cost = ((hidden @ v) ** 2).sum()
    return [cost, *grad(cost, [w, b, v])]


def distances():
    squares = (x**2).sum(axis=1)[:, None] + (t**2).sum(axis=1)[None, :]
    return squares - 2 * x @ t.T


def cross_entropy():
    cost = -pt.special.log_softmax(z, axis=1)[pt.arange(z.shape[0]), labels].mean()
    return [cost, *grad(cost, [w, b])]


# Each with the number of products that are attached, and of loops that wait for a later one.
PROGRAMS = {
    "bias": ([x, w, b], [z], 1),
    "hidden layer": ([x, w, b], [hidden], 1),
    "elements": ([x, w], [(pt.maximum(x @ w, 0) ** 2).sum(), pt.exp(-(x @ w))], 1),
    "value and gradients": ([x, w, b, t], [loss, *grad(loss, [w, b, x])], 3),
    "softmax": ([x, w, b], [pt.special.log_softmax(z, axis=1), pt.special.softmax(z, axis=1)], 1),
    "sums of rows and columns": ([x, w, b], [hidden.sum(0), hidden.sum(1), (z**2).mean()], 1),
    "the product as well": ([x, w, b], [x @ w, hidden], 1),
    "two products in one loop": ([x, w, t, v, b], [pt.sigmoid(x @ w + t @ v + b)], 2),
    "turned operands": ([x, w], [pt.exp(-(((x.T)[:, ::-1].T @ w.T.T) ** 2))], 2),
    "distances": ([x, t], [pt.exp(-distances())], 1),
    "two layers": ([x, w, b, v], two_layers(), 5),
    "output layer": ([x, w, b, v], [hidden @ v], 2),
    "two layers and their output": ([x, w, b, v], [pt.tanh(hidden @ v + 1)], 3),
    "three layers": ([x, w, b, v], [pt.exp(-(pt.sin(hidden @ v) @ v.T)), hidden.shape[0]], 4),
    "a loop before a product": ([x, w, b], [pt.tanh(pt.sin(x) @ w + b) * 2], 2),
    "one hidden layer for two": ([x, w, b, v], [pt.tanh(hidden @ v), pt.sin(hidden @ (v + 1))], 3),
    "cross entropy": ([x, w, b, labels], cross_entropy(), 2),
    "rows, turned and not": ([x, w, b, v], [hidden.T @ x, hidden @ v], 3),
    "elements that are added up": ([x, w], [x.T @ (3 * pt.exp(x @ w))], 2),
}


def values(name, rows, depth, columns, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    shapes = {x: (rows, depth), w: (depth, columns), b: (columns,), t: (rows, columns)}
    shapes |= {v: (columns, 7)}
    if name == "two products in one loop":
        shapes |= {t: (rows, 5), v: (5, columns)}
    if name == "distances":
        shapes |= {t: (columns, depth)}
    return [
        rng.integers(-columns, columns, rows) if each is labels else rng.normal(size=shapes[each])
        for each in PROGRAMS[name][0]
    ]


def compiled(name, flags, made={}):  # noqa: B006 (compiled functions are kept on purpose)
    if (name, flags) not in made:
        inputs, outputs, _ = PROGRAMS[name]
        with config.change_flags(compile_flags=flags):
            made[name, flags] = function(inputs, outputs, mode="C" if flags else "NUMPY")
    return made[name, flags]


def told(f):
    """Return what the explanation says about the rows of products."""
    return re.findall(r"^  rows +(.*)$", str(f), re.MULTILINE)


def assert_close(found, expected, tolerance=1e-10):
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max(initial=1.0)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=20, deadline=None)
@given(
    rows=st.one_of(st.integers(0, 70), st.sampled_from([127, 128, 129, 1000, 2049])),
    depth=st.integers(0, 20),
    columns=st.sampled_from([0, 1, 2, 3, 5, 8, 16, 17]),
)
def test_attached_or_not_a_product_is_that_of_numpy(name, rows, depth, columns):
    if name in (
        "softmax",
        "sums of rows and columns",
        "cross entropy",
    ):  # maxima and means of something
        rows, columns = max(rows, 1), max(columns, 1)
    given = values(name, rows, depth, columns)
    expected = compiled(name, "")(*given)
    for flags in (ALWAYS, NEVER):
        assert_close(compiled(name, flags)(*given), expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_products_are_attached_where_rows_are_read_in_order(name):
    f = compiled(name, ALWAYS)
    rows = told(f.explain(*values(name, 1000, 3, 4)))
    assert sum("at a time" in line for line in rows) == PROGRAMS[name][2]


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128"])
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 300), st.integers(0, 9), st.integers(0, 17))
def test_other_dtypes(dtype, rows, depth, columns):
    a, c, d = (pt.tensor(dtype=dtype, shape=(None,) * ndim) for ndim in (2, 2, 1))
    with config.change_flags(compile_flags=ALWAYS):
        rows_of = (a @ c + d) * d
        f = function([a, c, d], [rows_of, a.T @ (rows_of + 1)], mode="C")
    rng = np.random.default_rng(rows)
    shapes = ((rows, depth), (depth, columns), (columns,))
    one, two, three = (
        (rng.normal(size=s) + 1j * rng.normal(size=s)).astype(dtype)
        if dtype.startswith("complex")
        else rng.normal(size=s).astype(dtype)
        for s in shapes
    )
    expected = (one @ two + three) * three
    assert_close(f(one, two, three), [expected, one.T @ (expected + 1)], 1e-4)


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("name", ["elements", "value and gradients", "softmax", "three layers"])
def test_results_do_not_depend_on_the_number_of_threads(name, threads):
    f = function(*PROGRAMS[name][:2], mode="C")
    given = values(name, 40_001, 9, 33)
    assert all("at a time" in line for line in told(f.explain(*given)))
    results = []
    for count in (1, threads):
        with config.change_flags(threads=count):
            results.append([np.asarray(result).tobytes() for result in f(*given)])
    assert results[0] == results[1]


def test_a_product_that_only_a_loop_reads_is_not_in_the_workspace():
    f = function([x, w, b, t], loss, mode="C")
    given = values("value and gradients", 40_000, 8, 64)
    product = 8 * 40_000 * 64
    assert f.memory(*given).workspace < product / 10
    writes = f.explain(*given).parts[0].steps[0].writes
    assert [amount.value for amount in writes.values()] == [0]


def test_neither_a_product_nor_its_gradient_is_in_the_workspace():
    f = function([x, w, b, t], [loss, *grad(loss, [w, b])], mode="C")
    given = values("value and gradients", 40_000, 8, 64)
    assert f.memory(*given).workspace < 8 * 40_000 * 64 / 10


def test_nothing_between_two_layers_is_in_the_workspace():
    f = function([x, w, b, v], pt.tanh(hidden @ v + 1), mode="C")
    assert f.memory(*values("two layers", 40_000, 8, 64)).workspace == 0


def test_a_small_or_deep_product_is_computed_all_at_once():
    f = function([x, w, b, t], loss, mode="C")
    for rows, depth, columns in ((100, 8, 64), (3_000, 2_000, 64)):
        given = values("value and gradients", rows, depth, columns)
        assert told(f.explain(*given)) == [
            "all at once: so few rows, or so deep, that kernel0 would gain nothing"
        ]
        assert f.memory(*given).workspace >= 8 * rows * columns


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        ([hidden[::-1] + hidden], "kernel0 reads it in another order than row by row"),
        ([(x @ w)[1:] - (x @ w)[:-1]], "kernel0 reads it in another order than row by row"),
        ([pt.linalg.cholesky((x @ w)[:5, :5])], "no loop is the first to read it"),
        ([x @ w], "no loop reads it"),
    ],
)
def test_what_reads_other_rows_has_them_all(outputs, reason):
    with config.change_flags(compile_flags=ALWAYS):
        f = function([x, w, b], outputs, mode="C", on_unused_input="ignore")
    assert told(f.explain()) == [f"all at once: {reason}"]
    given = np.eye(200, 5) + 1, np.eye(5, 200) + 1, np.ones(200)
    expected = function([x, w, b], outputs, mode="NUMPY", on_unused_input="ignore")
    assert_close(f(*given), expected(*given))


def test_an_operand_is_not_written_over_while_it_is_needed():
    start = np.random.default_rng(0).normal(size=(300, 16))
    state, turn = shared(start.copy()), np.random.default_rng(1).normal(size=(16, 16))
    with config.change_flags(compile_flags=ALWAYS):
        step = function([w, b], [], updates={state: pt.tanh(state @ w + b)}, mode="C")
    step(turn, np.ones(16))
    np.testing.assert_allclose(state.get_value(), np.tanh(start @ turn + 1), rtol=1e-12)
