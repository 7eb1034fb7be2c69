"""Large inputs in other layouts get programs of their own, which compute the same."""

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad, shared
from pytensorlite.cgen import dispatch
from pytensorlite.compile.function import layouts
from pytensorlite.compile.function.layouts import LARGE, layout_of

GRAPHS = {
    "itself": lambda x, y: x,
    "elementwise": lambda x, y: pt.exp(x) * y - x,
    "of axes in another order": lambda x, y: x.T + 2 * y.T,
    "reshaped": lambda x, y: (x * y).reshape((-1,)),
    "backwards": lambda x, y: x[::-1, 1:] - y[::-1, 1:],
    "sums of rows": lambda x, y: (x * y).sum(-1),
    "maxima of columns": lambda x, y: x.max(0) + y.min(0),
    "sum of all": lambda x, y: (x - y).mean(),
    "softmax": lambda x, y: pt.special.softmax(x, axis=-1) + y,
    "running sums": lambda x, y: pt.cumsum(x, axis=0) * y,
    "gathered": lambda x, y: x[[1, 0, 1]] + y[[0, 0, 1]],
    "written into": lambda x, y: pt.set_subtensor(x[1], y[0]),
    "joined": lambda x, y: pt.concatenate([x, y]),
    "product": lambda x, y: x @ y.swapaxes(-1, -2),
    "with a vector": lambda x, y: x @ y.sum(tuple(range(y.ndim - 1))),
    "solved": lambda x, y: pt.linalg.solve(x @ x.swapaxes(-1, -2) + 9 * pt.eye(5), x),
    "gradient": lambda x, y: grad((pt.tanh(x) * y * x).sum(), x),
}


def turned(array, axes):
    """The same numbers with the axes in that order in memory."""
    return array.transpose(axes).copy().transpose(np.argsort(axes))


def part(array, axes):
    """The same numbers as a part of a larger array with the axes in that order."""
    larger = np.full([n + 3 for n in np.array(array.shape)[list(axes)]], np.nan)
    inside = larger[(slice(1, -2),) * array.ndim].transpose(np.argsort(axes))
    inside[...] = array
    return inside


WAYS = {
    "fortran": lambda a: turned(a, tuple(reversed(range(a.ndim)))),
    "first axis last": lambda a: turned(a, (*range(1, a.ndim), 0)),
    "rows apart": lambda a: part(a, range(a.ndim)),
    "columns apart": lambda a: part(a, tuple(reversed(range(a.ndim)))),
}


@pytest.fixture
def small_is_large(monkeypatch):
    monkeypatch.setattr(layouts, "LARGE", 1)


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_layout_gives_what_the_usual_one_gives(rng, small_is_large, name, rank):
    inputs = [pt.tensor(letter, dtype="float64", shape=(None,) * rank) for letter in "xy"]
    f = function(inputs, GRAPHS[name](*inputs), mode="C", on_unused_input="ignore")
    values = [rng.normal(size=(2, 5, 4)[-rank:]) for _ in inputs]
    expected = f(*values)
    for way in WAYS.values():
        for given_values in ([way(v) for v in values], [way(values[0]), values[1]]):
            found = f.call_generally(*given_values)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
            assert not any(np.shares_memory(found, v) for v in given_values)
    kernels = f._layouts._kernels
    assert len(kernels) >= 4
    assert None not in kernels.values()


@given(
    st.permutations(range(3)), st.lists(st.integers(1, 4), min_size=3, max_size=3), st.booleans()
)
def test_what_a_layout_says_is_how_the_elements_lie(axes, lengths, apart):
    array = np.arange(np.prod(lengths), dtype=float).reshape(lengths)
    lying = (part if apart else turned)(array, axes)
    layout = layout_of(lying)
    if layout is None:  # an axis of one element hides which was the innermost
        assert 1 in lengths
        return
    memory = lying.transpose(layout.axes)
    assert layout.in_rows or memory.flags.c_contiguous
    assert list(memory.strides) == sorted(memory.strides, reverse=True)
    np.testing.assert_array_equal(memory.transpose(np.argsort(layout.axes)), array)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 6))[:, ::2],
        np.zeros((4, 6))[::-1],
        np.broadcast_to(np.zeros(6), (4, 6)),
        np.lib.stride_tricks.sliding_window_view(np.zeros(9), 3),
        np.zeros((0, 6)).T,
        np.zeros((4, 6), ">f8").T,
    ],
)
def test_what_repeats_or_runs_backwards_is_copied(array):
    assert layout_of(array) is None


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_only_large_inputs_ask_for_a_program(rng, way):
    x = pt.dmatrix("x")
    f = function([x], (x * x).sum(0), mode="C")
    small, large = (rng.normal(size=(n, 64)) for n in (LARGE // 512 - 1, LARGE // 512 + 1))
    for value in (small, large, large[::-1], np.repeat(large, 2, 1)[:, ::2]):
        np.testing.assert_allclose(f(value), (value * value).sum(0))
    assert f._layouts._kernels == {}
    np.testing.assert_allclose(f(way(small)), (small * small).sum(0))
    assert f._layouts._kernels == {} or not dispatch.is_native
    for _ in range(2):
        np.testing.assert_allclose(f(way(large)), (large * large).sum(0))
    assert len(f._layouts._kernels) == 1


def test_static_lengths_and_lengths_that_do_not_agree(rng, small_is_large):
    x, y = pt.tensor("x", dtype="float64", shape=(None, 3)), pt.dmatrix("y")
    f = function([x, y], (x + y).sum(), mode="C")
    a = rng.normal(size=(5, 3))
    np.testing.assert_allclose(f.call_generally(WAYS["fortran"](a), a), 2 * a.sum())
    for way in WAYS.values():
        with pytest.raises(ValueError, match="dimension 0 of x has length 5"):
            f.call_generally(way(a), way(a[:4]))
        with pytest.raises(TypeError):
            f.call_generally(way(a[:, :2]), a)


def test_shared_variables_and_their_updates(rng, small_is_large):
    a = rng.normal(size=(6, 4))
    s, x = shared(np.asfortranarray(a), borrow=True), pt.dmatrix("x")
    f = function([x], s.sum(), updates={s: s + x}, mode="C")
    for count in range(3):
        np.testing.assert_allclose(f.call_generally(np.asfortranarray(a)), (1 + count) * a.sum())
    np.testing.assert_allclose(s.get_value(), 4 * a)


def test_programs_that_need_numpy_copy(rng, small_is_large):
    x = pt.dmatrix("x")
    f = function([x], pt.unique(x * 2).sum() + x.sum(), mode="C")
    assert f.fallbacks
    a = rng.normal(size=(5, 4))
    np.testing.assert_allclose(f.call_generally(np.asfortranarray(a)), 3 * a.sum())


def test_copies_pickles_and_threads_make_programs_of_their_own(rng, small_is_large):
    x = pt.dmatrix("x")
    f = function([x], x.sum(0), mode="C")
    a = np.asfortranarray(rng.normal(size=(6, 4)))
    for g in (f.copy(), pickle.loads(pickle.dumps(f))):
        np.testing.assert_allclose(g.call_generally(a), a.sum(0))
    crew = [threading.Thread(target=f.call_generally, args=(a,)) for _ in range(4)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert len(f._layouts._kernels) == 1
