"""The C program, the NumPy program and the graph as written all give what plain NumPy gives."""

from __future__ import annotations

import functools
import os
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import graphs
from tests.fuzz.graphs import INTEGERS, Level
from tests.fuzz.running import NATIVE, RAW, REWRITTEN, agree, arguments, chosen, program, show
from tests.fuzz.steps import ELEMENTWISE, STEPS, elementwise, reducing
from tests.fuzz.steps.elementwise import constant, unary

SLOW = list(HealthCheck)
usual = functools.partial(
    settings, deadline=None, suppress_health_check=SLOW, derandomize=True, database=None
)
nightly = functools.partial(settings, deadline=None, suppress_health_check=SLOW, database=None)

KINDS = {
    "double": {"dtypes": ("float64",)},
    "single": {"dtypes": ("float32", "float64")},
    "half": {"dtypes": ("float16", "float32")},
    "integer": {"dtypes": (*INTEGERS, "bool")},
    "mixed": {"dtypes": ("float64", "int64", "int8", "uint8", "bool", "float32")},
    "complex": {"dtypes": ("complex128", "float64")},
    "special": {"dtypes": ("float64", "float64", "bool"), "special": True},
}


def check(data, graph, entries=None):
    """Compare three programs with the values that the graph was drawn with."""
    entries = entries or chosen(data.draw, graph)
    outputs = [entry.variable for entry in entries]
    show(graph, entries)
    native = program(graph, outputs, NATIVE)
    given_arrays = arguments(data.draw, graph)
    before = [array.copy() for array in given_arrays]
    with np.errstate(all="ignore"):
        raw = program(graph, outputs, RAW)(*graph.values)
        rewritten = program(graph, outputs, REWRITTEN)(*graph.values)
        found = native(*given_arrays)
        again = native(*given_arrays)
    for entry, a, b, c, d in zip(entries, raw, rewritten, found, again, strict=True):
        agree(graph, entry, np.asarray(a), entry.value, entry.level)
        agree(graph, entry, np.asarray(b), entry.value, sure(entry.level))
        agree(graph, entry, c, entry.value, sure(entry.level))
        if entry.level == Level.ROUNDED:
            agree(graph, entry, c, np.asarray(b), Level.EXACT)
        assert c.tobytes() == d.tobytes()
        c.fill(7)  # a result is the caller's: writing to it must not reach anything else
    for array, old in zip(given_arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


def sure(level):
    """Rewrites may round differently."""
    return Level.CLOSE if level == Level.ROUNDED else level


EACH = list(dict.fromkeys(STEPS)) + [reducing.dot] * 4


def few(data, kind):
    """A graph of a few steps, and some of its values."""
    check(data, data.draw(graphs.graphs(**KINDS[kind])))


def rows(data, kind):
    """Every element-wise op that takes the inputs, all of them at once."""
    graph = data.draw(graphs.graphs(**KINDS[kind], steps=[constant, unary], max_steps=3))
    with np.errstate(all="ignore"):
        elementwise.rows(data.draw, graph)
    check(data, graph, graph.pool)


def steps(data, kind):
    """Every kind of step once, in any order, and the end of it all."""
    graph = data.draw(graphs.graphs(**KINDS[kind], steps=ELEMENTWISE, max_steps=2))
    with np.errstate(all="ignore"):
        elementwise.matrices(data.draw, graph, (2, 3), (3, 5))
        for position in graph.rng.permutation(len(EACH)):
            EACH[position](data.draw, graph)
    check(data, graph, graph.pool[-12:])


# How many are enough on an ordinary day, and in a night: 10 000 over all kinds.
SHAPES = {few: 16, rows: 3, steps: 4}
A_NIGHT = {few: 620, rows: 40, steps: 60}
# Loops do other things where they are long: groups of rows, strips, whole vectors.
LENGTHS = {
    "short": (graphs.LENGTHS, graphs.MOST_ELEMENTS),
    "long": ((0, 1, 2, 7, 9, 33, 70), 40_000),
}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_values(kind, shape):
    @usual(max_examples=SHAPES[shape])
    @given(st.data())
    def run(data):
        shape(data, kind)

    run()


@pytest.mark.nightly
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("shape", A_NIGHT, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_values_all_night(kind, shape, lengths, monkeypatch):
    """Other graphs every night; the error tells with which seed they come again."""
    monkeypatch.setattr(graphs, "LENGTHS", LENGTHS[lengths][0])
    monkeypatch.setattr(graphs, "MOST_ELEMENTS", LENGTHS[lengths][1])
    number = int(os.environ.get("PYTENSORLITE_FUZZ_SEED", "0")) or random.randrange(1, 2**32)

    @seed(number)
    @nightly(max_examples=A_NIGHT[shape])
    @given(st.data())
    def run(data):
        shape(data, kind)

    try:
        run()
    except BaseException as error:
        error.add_note(f"again with PYTENSORLITE_FUZZ_SEED={number}")
        raise


def test_a_night_is_long():
    assert sum(A_NIGHT.values()) * len(KINDS) * len(LENGTHS) >= 10_000
