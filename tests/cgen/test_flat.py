"""Functions of blocks of rows as one vector give what they gave row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite.cgen.emit import statements
from pytensorlite.cgen.flat import all_at_once
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Fetch, Let, Load, Loop, Op, Store, Update, Var
from pytensorlite.tensor.special import log_softmax, softmax

i, j, n0, n1, block, end = (Index.name(k) for k in ("i", "j", "n0", "n1", "i_block", "i_end"))
THERE = i * n1 - block * n1 + j


def cross_entropy(x):
    value = -log_softmax(x, axis=1)[:, 0].mean()
    return [value, pytensorlite.grad(value, x)]


PROGRAMS = {
    "softmax": lambda x: [softmax(x, axis=1)],
    "log softmax": lambda x: [log_softmax(x, axis=1)],
    "gradient of log softmax": lambda x: [pytensorlite.grad(log_softmax(x, axis=1)[:, 0].sum(), x)],
    "cross entropy": cross_entropy,
    "shares of a shifted function": lambda x: [
        (e := pt.tanh(x - x.max(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True)
    ],
}
SHAPES = st.tuples(st.integers(0, 150), st.integers(1, 70))


@pytest.fixture(scope="module")
def compiled():
    """Each program in both dtypes, by C and by NumPy."""
    found = {}
    for name, program in PROGRAMS.items():
        for dtype in ("float32", "float64"):
            x = pt.matrix("x", dtype=dtype)
            found[name, dtype] = [
                pytensorlite.function([x], program(x), mode=mode) for mode in ("FAST_RUN", "NUMPY")
            ]
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_agree_with_numpy(compiled, name, dtype):
    fast, slow = compiled[name, dtype]

    @settings(max_examples=25, deadline=None)
    @given(SHAPES, st.integers(0, 2**32 - 1))
    def agrees(shape, seed):
        x = np.random.default_rng(seed).normal(size=shape).astype(dtype) * 3
        with np.errstate(all="ignore"):
            expected = slow(x)
        for got, wanted in zip(fast(x), expected, strict=True):
            # Of differences of numbers near 1; the shares have a sum that may be small.
            near = 2e-5 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(got, wanted, rtol=near, atol=near)

    agrees()


@pytest.mark.parametrize("name", ["softmax", "cross entropy"])
def test_rows_of_stored_exponentials_are_one_vector(compiled, name):
    assert "[ij] = ptl_exp_alone(" in compiled[name, "float32"][0].c_source


def rows(*inner, before=(), after=()):
    """Return a loop over blocks of rows around a loop over elements."""
    elements = Loop("j", n1, tuple(inner), kind="simd")
    row = Loop("i", end, (*before, elements, *after), start=block)
    return Loop("i_block", n0, (row,), step=Index.name("i_rows"))


X = Load("x0", i * n1 + j, "float64")
E, T, S = (Var(name, "float64") for name in ("t2", "t1", "t3"))
EXP = Let(E, Op("exp({0})", (T,), "float64"))
STORED = Store("w1", THERE, E)
TAKEN = {
    "argument kept": (Let(T, X), Store("w0", THERE, T), EXP, STORED),
    "argument not kept": (Let(T, X), EXP, STORED),
}
LEFT = {
    "value not stored": (Let(T, X), EXP, Store("w1", i - block, E)),
    "value goes to an output": (Let(T, X), EXP, Store("y0", i * n1 + j, E)),
    "argument is needed again": (Let(T, X), EXP, STORED, Store("y0", i * n1 + j, T)),
    "columns are stored": (Let(T, X), EXP, Store("w1", j * n0 + i, E)),
    "array is read too": (Let(T, Load("w1", THERE, "float64")), EXP, STORED),
    "cheap": (Let(T, X), Let(E, Op("-{0}", (T,), "float64")), STORED),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken_apart(name):
    text = "\n".join(statements(all_at_once((rows(*TAKEN[name]),)), 0))
    assert "w1[ij] = exp(w" in text
    assert text.count("exp") == 1


@pytest.mark.parametrize("name", LEFT)
def test_left_alone(name):
    loop = rows(*LEFT[name])
    assert all_at_once((loop,)) == (loop,)


def test_blocks_that_caches_may_not_hold_are_left_alone():
    loop = rows(*TAKEN["argument kept"])
    fixed = Loop(loop.var, loop.stop, loop.body, step=Index.of(64))
    assert all_at_once((fixed,)) == (fixed,)


def test_sums_of_a_row_begin_and_end_where_its_elements_are_walked_again():
    begin = Let(S, Const(0.0, "float64"), mutable=True)
    add, done = Update(S, "{0} + {1}", E), Store("rows_t3", i - block, S)
    whole = all_at_once((rows(*TAKEN["argument kept"], add, before=(begin,), after=(done,)),))
    first, function, last = whole[0].body
    assert begin not in first.body
    assert (function.var, last.body[0], last.body[-1]) == ("ij", begin, done)


@pytest.mark.parametrize(("template", "fetches"), [("exp({0})", True), ("sin({0})", False)])
def test_what_rows_ask_for_groups_ask_for_and_elements_do_not(template, fetches):
    further = Fetch("x0", i * n1 + j + Index.name("i_meanwhile"))
    function = Let(E, Op(template, (T,), "float64"))
    whole = all_at_once((rows(further, Let(T, X), function, STORED),))
    first, at_once = whole[0].body
    there = block * n1 + Index.name("ij") + Index.name("i_meanwhile")
    assert at_once.body[:-1] == ((Fetch("x0", there),) if fetches else ())
    assert further not in first.body[-1].body
