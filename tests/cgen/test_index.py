"""Index polynomials behave as integers do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytensorlite.cgen.index import Index, contiguous_strides, product

NAMES = ["i", "j", "n0", "n1"]
indices = st.recursive(
    st.one_of(st.integers(-5, 5).map(Index.of), st.sampled_from(NAMES).map(Index.name)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
    ),
    max_leaves=8,
)
values = st.fixed_dictionaries({name: st.integers(-4, 9) for name in NAMES})


def evaluate(index, at):
    return eval(str(index), {}, dict(at))


@given(indices, indices, values)
def test_arithmetic_is_that_of_integers(a, b, at):
    assert evaluate(a + b, at) == evaluate(a, at) + evaluate(b, at)
    assert evaluate(a * b, at) == evaluate(a, at) * evaluate(b, at)
    assert evaluate(a - b, at) == evaluate(a, at) - evaluate(b, at)


@given(indices, indices)
def test_equal_polynomials_are_equal_values(a, b):
    assert a + b == b + a
    assert hash(a * b) == hash(b * a)
    assert (a - a).constant == 0


@given(indices, values)
def test_substitution_evaluates(index, at):
    assert index.substitute(at).constant == evaluate(index, at)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (Index.of(0), "0"),
        (Index.name("j") + Index.name("i") * Index.name("n1"), "i*n1 + j"),
        (Index.name("n0") - 1, "n0 - 1"),
        (-2 * Index.name("i") + 7, "-2*i + 7"),
        (Index.name("i") * Index.name("i"), "i*i"),
    ],
)
def test_text(index, text):
    assert str(index) == text


def test_strides():
    shape = [Index.name("n0"), Index.of(3), Index.name("n1")]
    assert [str(s) for s in contiguous_strides(shape)] == ["3*n1", "n1", "1"]
    assert str(product(shape)) == "3*n0*n1"
