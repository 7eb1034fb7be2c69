import gc
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite.graph.utils import (
    AssocList,
    MissingInputError,
    Scratchpad,
    ValidatingScratchpad,
    add_tag_trace,
    data_signature,
    get_variable_trace_string,
    no_traces,
    simple_extract_stack,
    without_collection,
)

from .sample import number


def test_scratchpad(capsys):
    tag = Scratchpad()
    tag.colour = "red"
    assert str(tag) == "scratchpad{'colour': 'red'}"
    tag.info()
    assert capsys.readouterr().out == "colour: red\n"
    other = Scratchpad()
    other.__update__(tag)
    assert pickle.loads(pickle.dumps(other)).colour == "red"
    tag.clear()
    assert not hasattr(tag, "colour")


def test_validating_scratchpad():
    tag = ValidatingScratchpad("length", int)
    tag.length = "3"
    tag.other = "3"
    assert (tag.length, tag.other) == (3, "3")


def test_assoc_list():
    pairs = AssocList()
    for key in ("a", [1], {"b": 2}):
        pairs[key] = key
    pairs[[1]] = "changed"
    assert (pairs["a"], pairs[[1]], pairs[{"b": 2}], pairs["z"]) == (
        "a",
        "changed",
        {"b": 2},
        None,
    )
    assert pairs.get([9], 0) == 0
    del pairs["a"]
    pairs.discard([1])
    assert (pairs["a"], pairs[[1]]) == (None, None)
    assert repr(pairs) == "AssocList({}, [({'b': 2}, {'b': 2})])"
    pairs.clear()
    assert pairs[{"b": 2}] is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (0.0, -0.0),
        (1, 1.0),
        (1, True),
        (np.float32(1), np.float64(1)),
        (np.zeros(2), np.zeros((2, 1))),
        (np.array([0.0]), np.array([-0.0])),
        (np.zeros(2), np.zeros(2, "i8")),
        (np.arange(1000.0), np.arange(1000.0)[::-1]),
        ((1, 2), [1, 2]),
        (slice(0, 1), slice(0, 2)),
        ([0.0], [-0.0]),
        (object(), object()),
        (np.array([1], dtype=object), np.array([1], dtype=object)),
    ],
)
def test_data_that_differ(first, second):
    assert data_signature(first) != data_signature(second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: float("nan"),
        lambda: complex("nan"),
        lambda: np.array([np.nan, 1.0]),
        lambda: np.arange(100_000.0).reshape(100, 1000)[:, ::2],
        lambda: (1, [2.0, slice(1, None)]),
        lambda: "text",
        lambda: None,
        lambda: np.datetime64("2024-01-01"),
    ],
)
def test_data_that_are_the_same(make):
    first, second = data_signature(make()), data_signature(make())
    assert first == second
    assert hash(first) == hash(second)


def test_arrays_that_agree_where_they_are_sampled_differ():
    first = np.zeros(1001)
    second = first.copy()
    second[7] = 1
    assert data_signature(first) != data_signature(second)


@given(st.lists(st.floats(), max_size=5), st.lists(st.floats(), max_size=5))
def test_float_lists_have_the_same_signature_if_their_bytes_agree(first, second):
    same = np.array(first).tobytes() == np.array(second).tobytes()
    assert (data_signature(first) == data_signature(second)) is same
    assert (data_signature(np.array(first)) == data_signature(np.array(second))) is same


def test_the_user_is_found_behind_a_function_that_is_dispatched():
    made = pt.full_like(pt.dvector("x"), pt.dvector("y"))
    assert made.tag.trace[0][0] == __file__


def test_traces():
    x = number("x")
    text = get_variable_trace_string(x)
    assert __file__ in text
    assert 'x = number("x")' in text
    with no_traces():
        assert number().tag.trace == []
        assert get_variable_trace_string(number()) == ""
    assert get_variable_trace_string(None) == ""
    assert add_tag_trace(x).tag.trace[0][1] == sys._getframe().f_lineno
    assert "add_tag_trace(x)" in str(MissingInputError("missing", variable=x))
    assert MissingInputError("missing", 3).args == ("missing", 3)


def test_stacks():
    stack = simple_extract_stack(limit=2)
    assert stack[-1][2] == "test_stacks"
    assert len(stack) == 2
    assert all(__file__ not in frame[0] for frame in simple_extract_stack(skips=[__file__]))


def test_collection_pauses_and_resumes():
    @without_collection
    def state(fail=False):
        if fail:
            raise KeyError
        return gc.isenabled(), nested()

    @without_collection
    def nested():
        return gc.isenabled()

    assert gc.isenabled()
    assert state() == (False, False)
    assert gc.isenabled()
    with pytest.raises(KeyError):
        state(fail=True)
    assert gc.isenabled()
