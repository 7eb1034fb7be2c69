"""Graphs that overwrite their inputs, and what makers tell."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import In, Mode, function, shared
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.op import Op
from pytensorlite.graph.utils import InconsistencyError

x, y = pt.dvectors("x", "y")
PLAIN = Mode("numpy", None)


class AddInto(Op):
    """Add the second input to the first, in its memory."""

    __props__ = ()
    destroy_map = {0: [0]}  # noqa: RUF012

    def make_node(self, target, other):
        return Apply(self, [target, other], [target.type()])

    def perform(self, node, inputs, output_storage):
        target, other = inputs
        target += other
        output_storage[0][0] = target


add_into = AddInto()


def test_graphs_that_overwrite_are_refused_unless_accepted():
    with pytest.raises(TypeError, match="inplace operations"):
        function([x, y], add_into(x + 1, y), mode=PLAIN)
    f = function([x, y], add_into(pt.exp(x), y), mode=PLAIN, accept_inplace=True)
    np.testing.assert_array_equal(f([0.0], [1.0]), [2.0])


def test_only_mutable_inputs_may_be_overwritten():
    with pytest.raises(InconsistencyError, match="protected input"):
        function([x, y], add_into(x, y), mode=PLAIN, accept_inplace=True)
    state = shared(np.zeros(1), name="state")
    with pytest.raises(InconsistencyError):
        function([y], add_into(state, y), mode=PLAIN, accept_inplace=True)
    f = function([In(x, mutable=True), y], add_into(x, y), mode=PLAIN, accept_inplace=True)
    np.testing.assert_array_equal(f([0.0], [1.0]), [1.0])


def test_a_mutable_argument_that_is_also_another_argument():
    outputs = [add_into(x, y), y * 10]
    f = function([In(x, mutable=True), y], outputs, mode=PLAIN, accept_inplace=True)
    both = np.ones(4)
    total, tens = f(both, both)
    np.testing.assert_array_equal(total, [2, 2, 2, 2])
    np.testing.assert_array_equal(tens, [10, 10, 10, 10])
    whole = np.arange(4.0)
    total, tens = f(whole[:3], whole[1:])
    np.testing.assert_array_equal(total, [1, 3, 5])
    np.testing.assert_array_equal(tens, [10, 20, 30])


def test_what_makers_tell():
    f = function([x], {"a": x + 1}, mode=PLAIN, name="mine")
    maker = f.maker
    assert maker.name == "mine"
    assert maker.mode is PLAIN
    assert maker.output_keys == ["a"]
    assert not maker.unpack_single
    assert not maker.return_none
    assert maker.expanded_inputs is maker.inputs
    assert type(maker.linker).__name__ == "NumpyLinker"
    g = maker.create()
    assert g is not f
    np.testing.assert_array_equal(g([1.0])["a"], [2.0])


def test_a_program_from_the_cache_still_shows_the_rewritten_graph():
    expression = pt.log(1 + pt.exp(x + 12345.0))
    first = function([x], expression, mode="C")
    second = function([x], expression, mode="C")
    shown = [[str(node.op) for node in f.maker.fgraph.toposort()] for f in (first, second)]
    assert shown[0] == shown[1]
    np.testing.assert_array_equal(first([1.0]), second([1.0]))
