"""Containers, programs and the NumPy linker."""

import copy

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.compile.profiling import ProfileStats
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.link.basic import Container, Linker, NumpyLinker, Program
from pytensorlite.link.utils import describe_node, note_failed_node

x, y = pt.dvectors("x", "y")


def link(inputs, outputs, **kwargs):
    return NumpyLinker().link(FunctionGraph(inputs, outputs, clone=True), **kwargs)


# -- containers ----------------------------------------------------------------------------------


def test_containers_filter_what_enters():
    cell = Container(x, [None])
    assert cell.value is None
    cell.value = [1, 2]
    np.testing.assert_array_equal(cell.storage[0], [1.0, 2.0])
    with pytest.raises(TypeError, match='the value of "x"'):
        cell.value = [[1.0]]
    np.testing.assert_array_equal(cell.data, [1.0, 2.0])
    cell.value = None
    assert cell.value is None
    with pytest.raises(TypeError):
        cell.fill(None)
    strict = Container(x.type, [None], strict=True, name="cell")
    with pytest.raises(TypeError, match='"cell"'):
        strict.value = [1.0]


def test_containers_of_constants_are_read_only():
    cell = Container(pt.as_tensor(1.0), [1.0])
    with pytest.raises(TypeError, match="read-only"):
        cell.value = 2.0
    with pytest.raises(TypeError, match="list of one element"):
        Container(x, [])


def test_copies_of_containers():
    cell = Container(x, [np.ones(1)])
    assert copy.copy(cell).storage is cell.storage
    twin, same = copy.deepcopy([cell, copy.copy(cell)])
    assert twin.storage is same.storage
    assert twin.storage is not cell.storage
    assert repr(cell) == "<array([1.])>"


# -- programs ------------------------------------------------------------------------------------


def test_values_in_values_out():
    program = link([x, y], [x + y, x, pt.as_tensor(3.0), pt.exp(x).sum()])
    assert isinstance(program, Program)
    total, same, constant, scalar = program([np.zeros(2), np.ones(2)])
    np.testing.assert_array_equal(total, [1, 1])
    np.testing.assert_array_equal(same, [0, 0])
    assert float(constant) == 3
    assert isinstance(scalar, np.ndarray)
    assert float(scalar) == 2
    assert (program.c_source, list(program.fallbacks), program.native) == ("", [], None)


def test_calls_do_not_disturb_each_other():
    program = link([x], [pt.exp(x)])
    first = program([np.zeros(2)])[0]
    program([np.ones(2)])
    np.testing.assert_array_equal(first, [1, 1])


class Watched(Op):
    """Sine, noting whether its input is referred to elsewhere when it runs."""

    __props__ = ()

    def make_node(self, value):
        return Apply(self, [value], [value.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = np.sin(inputs[0])


class Scalar(Watched):
    """Returns a NumPy scalar, as careless ops do."""

    def make_node(self, value):
        return Apply(self, [value], [pt.dscalar()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0].sum()


class Failing(Watched):
    def perform(self, node, inputs, output_storage):
        raise ZeroDivisionError("no")


def test_values_are_dropped_after_their_last_reader():
    import weakref

    alive = []

    class Tracking(Watched):
        def perform(self, node, inputs, output_storage):
            alive.append(sum(reference() is not None for reference in references))
            output_storage[0][0] = np.sin(inputs[0])
            references.append(weakref.ref(output_storage[0][0]))

    references = []
    value = x
    for _ in range(5):
        value = Tracking()(value)
    link([x], [value])([np.ones(3)])
    assert max(alive) == 1


def test_careless_scalars_become_arrays():
    (result,) = link([x], [Scalar()(x)])([np.ones(2)])
    assert isinstance(result, np.ndarray)
    assert result.shape == ()


def test_failures_tell_node_inputs_and_line():
    program = link([x], [Failing()(pt.exp(x))])
    with pytest.raises(ZeroDivisionError) as raised:
        program([np.ones(3)])
    assert str(raised.value) == "no"
    (note,) = raised.value.__notes__
    for part in ("Failing(Exp.0)", "(3,)", "float64", "(8,)", "test_basic.py"):
        assert part in note


def test_notes_are_written_once_and_show_values_if_asked():
    node = (x + y).owner
    error = ValueError("what")
    note_failed_node(error, node, [np.ones(2), np.ones(3)])
    note_failed_node(error, node, None)
    assert len(error.__notes__) == 1
    assert "Inputs values" not in error.__notes__[0]
    from pytensorlite.configdefaults import config

    with config.change_flags(exception_verbosity="high"):
        text = describe_node(node, [np.ones(2), np.ones(300)])
    assert "array([1., 1.])" in text
    assert "not shown" in text


def test_profile_of_nodes():
    stats = ProfileStats(atexit_print=False)
    program = link([x], [pt.exp(pt.sin(x))], profile=stats)
    program([np.ones(3)])
    program([np.ones(3)])
    assert sorted(str(node.op) for node in stats.apply_time) == ["Exp", "Sin"]
    assert set(stats.apply_callcount.values()) == {2}


def test_long_chains_run_without_recursion():
    value = x
    for _ in range(5_000):
        value = pt.neg(value)
    np.testing.assert_array_equal(link([x], [value])([np.ones(1)])[0], [1])


def test_the_base_classes():
    linker = Linker()
    with pytest.raises(NotImplementedError):
        linker.link(None)
    assert linker.lookup(None, "") is None
    with pytest.raises(NotImplementedError):
        Program()([])
    assert "point 3" in str(Program().describe_error(3, (1, 2)))
    assert isinstance(NumpyLinker().clone(), NumpyLinker)


@pytest.mark.parametrize("mode", ["NUMPY", "C"])
@pytest.mark.parametrize("filled", [(), (0,), (1,), (0, 1)])
def test_an_op_that_leaves_an_output_out_is_named(mode, filled):
    class Half(Op):
        def make_node(self, v):
            return Apply(self, [v], [v.type(), v.type()])

        def perform(self, node, inputs, output_storage):
            for position in filled:
                output_storage[position][0] = inputs[0] + position

    f = function([x], [2 * out for out in Half()(x)], mode=mode)
    if filled == (0, 1):
        np.testing.assert_array_equal(f([1.0, 2.0]), [[2, 4], [4, 6]])
        return
    missing = 1 if 0 in filled else 0
    with pytest.raises(TypeError, match=f"Half.* computed nothing for its output {missing}") as e:
        f([1.0, 2.0])
    assert any("test_basic.py" in note for note in e.value.__notes__)
