"""New values of shared variables are written over the old ones where nobody can tell."""

import ctypes
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function, grad, shared
from pytensorlite.cgen.dispatch import is_native

pytestmark = pytest.mark.skipif(not is_native, reason="the Python dispatcher never overwrites")

v, i = pt.dvector("v"), pt.lvector("i")
ONES = np.ones(4)


def address(variable):
    return variable.get_value(borrow=True).ctypes.data


def state(name="state", length=4):
    return shared(np.arange(float(length)), name)


def stays(variable, call):
    """Return whether the new value is where the old one was."""
    before = address(variable)
    call()
    return address(variable) == before


def descent(s):
    return function([v], [], updates={s: s - 0.5 * v}, mode="C")


# -- where it is done ------------------------------------------------------------------------------


def test_an_elementwise_update():
    s = state()
    assert stays(s, lambda: descent(s)(ONES))
    assert np.array_equal(s.get_value(), np.arange(4.0) - 0.5)


def test_a_scalar():
    s = shared(1.0)
    f = function([], [], updates={s: 2 * s + 1}, mode="C")
    assert stays(s, f)
    assert float(s.get_value()) == 3


@pytest.mark.parametrize("write", ["inc", "set", "slice"])
def test_what_writes_a_part_leaves_the_rest_alone(write):
    s = state()
    part, index = (s[1:3], []) if write == "slice" else (s[i], [i])
    new = pt.inc_subtensor(part, v) if write == "inc" else pt.set_subtensor(part, v)
    f = function([v, *index], [], updates={s: new}, mode="C")
    call = (np.array([10.0, 20.0]), np.array([1, 2]))[: 1 + len(index)]
    assert stays(s, lambda: f(*call))
    assert np.array_equal(s.get_value(), [0, 11, 22, 3] if write == "inc" else [0, 10, 20, 3])
    assert "if (y0 != x" in f.c_source


def test_old_values_are_read_before_by_other_loops():
    s = state(length=3)
    X, y = pt.dmatrix("X"), pt.dvector("y")
    loss = ((X @ s - y) ** 2).sum()
    f = function([X, y], loss, updates={s: s - 0.1 * grad(loss, s)}, mode="C")
    data, target = np.ones((5, 3)), np.ones(5)
    assert stays(s, lambda: f(data, target))
    old = np.arange(3.0)
    new = old - 0.1 * 2 * data.T @ (data @ old - target)
    assert np.allclose(s.get_value(), new)


def test_a_product_that_blas_computes_does_not_hinder():
    s = shared(np.eye(3), "s")
    A = pt.dmatrix("A")
    f = function([A], [], updates={s: s + 0.5 * (A @ A)}, mode="C")
    assert stays(s, lambda: f(np.ones((3, 3))))
    assert np.array_equal(s.get_value(), np.eye(3) + 1.5)


# -- where it is not -------------------------------------------------------------------------------


def test_a_value_that_the_user_holds_stays_what_it_is():
    s = state()
    f = descent(s)
    held = s.get_value(borrow=True)
    view = held[1:]
    f(ONES)
    assert np.array_equal(held, np.arange(4.0))
    del held
    f(ONES)  # the first array lives on in its view
    assert np.array_equal(view, [1, 2, 3])
    assert np.array_equal(s.get_value(), np.arange(4.0) - 1)


def test_a_value_that_was_lent_stays_what_it_is():
    lent = np.arange(4.0)
    s = shared(lent, borrow=True)
    f = descent(s)
    f(ONES)
    assert np.array_equal(lent, np.arange(4.0))
    assert stays(s, lambda: f(ONES))  # by now it is the variable's own


def test_memory_that_an_argument_shows_by_its_address():
    s = state()
    f = descent(s)
    memory = (ctypes.c_double * 4).from_address(address(s))
    foreign = np.frombuffer(memory)
    assert not stays(s, lambda: f(foreign))
    assert np.array_equal(s.get_value(), 0.5 * np.arange(4.0))


def test_an_element_that_is_read_again_later():
    s = state()
    for new in (s[::-1], s - s[0], pt.cumsum(s), s.sum() - s[::-1]):
        s.set_value(np.arange(4.0))
        expected = function([], new, mode="NUMPY")()
        function([], [], updates={s: new}, mode="C")()
        assert np.array_equal(s.get_value(), expected)


def test_two_that_are_exchanged():
    a, b = state("a"), state("b")
    b.set_value(-np.arange(4.0))
    f = function([], [], updates={a: b, b: a}, mode="C")
    for sign in (-1, 1, -1):
        f()
        assert np.array_equal(a.get_value(), sign * np.arange(4.0))
        assert np.array_equal(b.get_value(), -sign * np.arange(4.0))


def test_the_old_value_may_be_returned():
    s = state()
    f = function([v], [s, s * 2], updates={s: s + v}, mode="C")
    old, twice = f(ONES)
    assert np.array_equal(old, np.arange(4.0))
    assert np.array_equal(twice, 2 * np.arange(4.0))
    assert np.array_equal(s.get_value(), np.arange(4.0) + 1)


def test_another_layout():
    s = shared(np.asfortranarray(np.arange(6.0).reshape(2, 3)), borrow=True)
    f = function([], [], updates={s: s + 1}, mode="C")
    f()
    f()
    assert np.array_equal(s.get_value(), np.arange(6.0).reshape(2, 3) + 2)


# -- failures --------------------------------------------------------------------------------------


def test_a_bad_index_changes_nothing():
    s, t = state("s"), state("t")
    f = function([v, i], [], updates={s: s + 1, t: pt.inc_subtensor(t[i], v)}, mode="C")
    with pytest.raises(IndexError):
        f(np.ones(2), np.array([0, 9]))
    for variable in (s, t):
        assert np.array_equal(variable.get_value(), np.arange(4.0))


def test_what_fails_at_the_end_writes_nothing_over():
    s = state()
    A = pt.dmatrix("A")
    f = function([A], pt.linalg.cholesky(A, on_error="raise"), updates={s: s + 1}, mode="C")
    with pytest.raises(np.linalg.LinAlgError):
        f(-np.eye(2))
    assert np.array_equal(s.get_value(), np.arange(4.0))
    f(np.eye(2))
    assert np.array_equal(s.get_value(), np.arange(4.0) + 1)


def test_lengths_that_do_not_fit_change_nothing():
    s = state()
    with pytest.raises(ValueError, match="mismatch"):
        descent(s)(np.ones(3))
    assert np.array_equal(s.get_value(), np.arange(4.0))


def test_a_long_loop_that_writes_over_is_not_interrupted():
    s, X = shared(np.ones(3)), pt.dmatrix("X")
    f = function([X], [], updates={s: s + X.sum(axis=0)}, mode="C")
    body = f.c_source.partition("static int32_t kernel0(")[2].partition("{")[2]
    before, after = body.split("host->must_finish = true;")
    assert "kernel0_i" in before
    assert "y0" not in before
    assert "y0" in after
    returned = function([X], s + X.sum(axis=0), mode="C")
    assert "must_finish" not in returned.c_source


# -- threads ---------------------------------------------------------------------------------------


def test_other_threads_see_whole_values():
    n = 200_000
    s = shared(np.zeros(n))
    step = function([], [], updates={s: s + 1}, mode="C")
    total = function([], [s.min(), s.max()], mode="C")
    wrong = []

    def watch():
        for _ in range(200):
            least, most = total()
            value = s.get_value()
            if least != most or value.min() != value.max():
                wrong.append((least, most))

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        step()
    for thread in threads:
        thread.join()
    assert not wrong
    assert s.get_value().min() == 200


def test_steps_of_many_threads_are_whole():
    s = shared(np.zeros(20_000))
    step = function([], [], updates={s: s + 1}, mode="C")
    threads = [threading.Thread(target=lambda: [step() for _ in range(300)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    value = s.get_value()
    assert value.min() == value.max() <= 900


# -- any update ------------------------------------------------------------------------------------

TERMS = {
    "a": lambda a, b: a,
    "b": lambda a, b: b,
    "back": lambda a, b: a[::-1],
    "mean": lambda a, b: a.mean() + 0 * b,
    "shift": lambda a, b: pt.concatenate([b[1:], a[:1]]),
    "inc": lambda a, b: pt.inc_subtensor(a[1:], b[1:]),
    "self": lambda a, b: pt.set_subtensor(a[1:], a[:-1]),
    "sums": lambda a, b: pt.cumsum(a) - b,
    "outer": lambda a, b: pt.outer(a, b).sum(axis=0),
}


@given(
    new=st.lists(st.sampled_from(sorted(TERMS)), min_size=2, max_size=2),
    factor=st.sampled_from([1.0, 0.5]),
    shown=st.sampled_from(sorted(TERMS)),
    held=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_pair_of_updates(new, factor, shown, held):
    results = {}
    for mode in ("C", "NUMPY"):
        a, b = state("a", 5), shared(np.array([3.0, -1, 4, 1, -5]), "b")
        updates = {a: factor * TERMS[new[0]](a, b) + v, b: TERMS[new[1]](b, a) - a}
        f = function([v], TERMS[shown](a, b), updates=updates, mode=mode)
        old = [x.get_value(borrow=True) for x in (a, b)] if held else []
        out = [f(np.ones(5)), f(np.arange(5.0))]
        results[mode] = [*out, a.get_value(), b.get_value(), *old]
    for found, wanted in zip(*results.values(), strict=True):
        assert np.allclose(found, wanted, rtol=1e-13)
