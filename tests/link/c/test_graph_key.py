"""The key of a graph: equal graphs have one, graphs that differ in anything have two."""

import itertools

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config, function, shared
from pytensorlite.compile.ops import wrap_py
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.c.graph_key import graph_key
from pytensorlite.link.c.recorded import RecordedProgram

x, y = pt.dvectors("x", "y")
LONG = np.arange(100.0)


def key(inputs, outputs, extra="", **updates):
    return graph_key(FunctionGraph(inputs, outputs, clone=True, **updates), extra)


# Each is one step away from some other.
GRAPHS = {
    "plain": lambda: key([x, y], [pt.exp(x) * y]),
    "other op": lambda: key([x, y], [pt.log(x) * y]),
    "inputs turned": lambda: key([y, x], [pt.exp(x) * y]),
    "operands turned": lambda: key([x, y], [y * pt.exp(x)]),
    "one more output": lambda: key([x, y], [pt.exp(x) * y, y]),
    "outputs turned": lambda: key([x, y], [y, pt.exp(x) * y]),
    "an update": lambda: key([x, y], [pt.exp(x) * y], update_mapping={0: 1}),
    "other mode": lambda: key([x, y], [pt.exp(x) * y], "another"),
    "other dtype": lambda: (lambda z: key([z, y], [pt.exp(z) * y]))(pt.fvector()),
    "static length": lambda: (lambda z: key([z, y], [pt.exp(z) * y]))(pt.dvector(shape=(3,))),
    "zero": lambda: key([x], [x + 0.0]),
    "negative zero": lambda: key([x], [x + -0.0]),
    "zero of another dtype": lambda: key([x], [x + pt.constant(0.0, dtype="float64")]),
    "long constant": lambda: key([x], [x + LONG]),
    "one element other": lambda: key([x], [x + np.where(LONG == 7, 8.0, LONG)]),
    "sum": lambda: key([x], [pt.sum(x)]),
    "sum of another dtype": lambda: key([x], [pt.sum(x, dtype="complex128")]),
    "slice": lambda: key([x], [x[:3]]),
    "other slice": lambda: key([x], [x[:4]]),
}


def test_equal_graphs_have_one_key():
    for make in GRAPHS.values():
        assert make() == make()


@pytest.mark.parametrize(("one", "two"), [*itertools.combinations(GRAPHS, 2)])
def test_different_graphs_have_different_keys(one, two):
    assert GRAPHS[one]() != GRAPHS[two]()


def test_options_that_decide_the_program_are_part_of_it():
    with config.change_flags(compile_flags="-DANOTHER"):
        other = GRAPHS["plain"]()
    assert other != GRAPHS["plain"]()


def test_an_op_of_somebody_else_has_none():
    op = wrap_py([pt.dvector], [pt.dvector])(lambda value: value)
    assert key([x], [op(x)]) is None


def test_a_program_of_an_earlier_session_names_the_users_line_after_questions_too():
    index = pt.lvector("index")

    def make():
        several = pt.log(pt.exp(x) + 1)
        nodes = several * several
        chosen = nodes[index]
        return function([x, index], chosen, mode="C")

    make()
    warm = make()
    assert isinstance(warm.vm, RecordedProgram)
    warm.explain()  # rewrites the graph
    with pytest.raises(IndexError, match="index 5 is out of bounds") as caught:
        warm(np.ones(3), [5])
    assert any("chosen = nodes[index]" in note for note in caught.value.__notes__)


def test_a_shared_variable_is_known_by_its_type_alone():
    counters = shared(np.zeros(2)), shared(np.ones(2))
    first, second = (
        function([], counter * 3, updates={counter: counter + 1}) for counter in counters
    )
    assert isinstance(second.vm, RecordedProgram)
    first(), second()
    assert counters[0].get_value().tolist() == [1, 1]
    assert counters[1].get_value().tolist() == [2, 2]
