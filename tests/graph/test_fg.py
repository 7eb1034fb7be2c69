import copy
import pickle

import pytest

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, NominalVariable, equal_computations
from pytensorlite.graph.clients import Clients, Output
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.utils import MissingInputError

from .sample import (
    DEEP,
    Number,
    add,
    chain,
    exp,
    graph,
    log,
    mul,
    neg,
    number,
    numbers,
    pair,
    sub,
)


class Recorder(Feature):
    """Writes down what it is told."""

    def __init__(self):
        self.events = []

    def on_import(self, fgraph, node, reason):
        self.events.append(("import", str(node.op)))

    def on_prune(self, fgraph, node, reason):
        self.events.append(("prune", str(node.op)))

    def on_change_input(self, fgraph, node, i, var, new_var, reason=None):
        self.events.append(("change", str(node.op), i))


def test_a_graph_is_a_copy_unless_told_otherwise():
    x, y = numbers("x y")
    z = add(x, y)
    copied = FunctionGraph([x, y], [z])
    assert copied.outputs[0] is not z
    assert graph([x, y], [z]).outputs == [z]
    assert FunctionGraph(outputs=[z], clone=False).inputs == [x, y]
    with pytest.raises(ValueError, match="No outputs"):
        FunctionGraph([x])


def test_clients_and_contents():
    x, y = numbers("x y")
    inner = neg(x)
    z = add(inner, inner)
    g = graph([x, y], [z, inner])
    assert g.clients[x] == [(inner.owner, 0)]
    assert g.clients[inner] == [(z.owner, 0), (z.owner, 1), g.get_output_client(1)]
    assert g.get_clients(y) == []
    assert g.apply_nodes == {inner.owner, z.owner}
    assert g.variables == {x, y, inner, z}
    assert z in g
    assert z.owner in g
    assert exp(x) not in g
    assert [node.op for node in g.toposort()] == [neg, add]
    g.check_integrity()


def test_a_missing_input_is_named_with_its_line():
    x, y = numbers("x y")
    with pytest.raises(MissingInputError, match=r"(?s)variable y.*add\(x, y\).*sample.py"):
        FunctionGraph([x], [add(x, y)])


def test_an_input_may_not_be_computed():
    (x,) = numbers("x")
    inner = neg(x)
    with pytest.raises(ValueError, match="inputs must have no owner"):
        graph([inner], [exp(inner)])
    assert len(FunctionGraph([inner], [exp(inner)]).apply_nodes) == 1


def test_replace_moves_all_readers_and_drops_what_nobody_reads():
    x, y = numbers("x y")
    inner = neg(x)
    z = add(exp(inner), log(inner))
    g = graph([x, y], [z])
    recorder = Recorder()
    g.attach_feature(recorder)
    new = mul(x, y)
    g.replace(inner, new)
    assert recorder.events == [
        ("import", "mul"),
        ("change", "exp", 0),
        ("prune", "neg"),
        ("change", "log", 0),
    ]
    assert inner not in g
    assert equal_computations(g.outputs, [add(exp(mul(x, y)), log(mul(x, y)))])
    g.check_integrity()


def test_replacing_an_output():
    x, y = numbers("x y")
    z = neg(x)
    g = graph([x, y], [z, z])
    g.replace(z, exp(y))
    assert g.outputs[0].owner.op == exp
    assert g.outputs[1] is g.outputs[0]
    g.check_integrity()


def test_replacing_by_something_computed_from_the_replaced():
    (x,) = numbers("x")
    z = neg(x)
    g = graph([x], [exp(z)])
    g.replace(x, log(x))
    # Every reader, the new one included, would read itself: only the old readers are moved.
    assert equal_computations(g.outputs, [exp(neg(log(x)))])
    g.check_integrity()


def test_replacing_by_an_ancestor_and_by_itself():
    (x,) = numbers("x")
    z = neg(neg(x))
    g = graph([x], [z])
    g.replace(z, z)
    g.replace(z, x)
    assert g.outputs == [x]
    assert not g.apply_nodes
    g.check_integrity()


def test_replacing_what_is_not_there_does_nothing():
    x, y = numbers("x y")
    g = graph([x], [neg(x)])
    g.replace(exp(y), y)
    assert y not in g


def test_replace_refuses_other_types_and_missing_inputs():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x], [exp(inner)])
    with pytest.raises(TypeError, match="Cannot convert"):
        g.replace(inner, Number("metre")("m"))
    with pytest.raises(TypeError, match="must be compatible"):
        g.change_node_input(g.outputs[0].owner, 0, Number("metre")("m"))
    with pytest.raises(MissingInputError):
        g.replace(inner, mul(x, y))
    g.check_integrity()
    g.replace(inner, mul(x, y), import_missing=True)
    assert g.inputs == [x, y]
    g.check_integrity()


def test_replace_all_and_verbose(capsys):
    x, y = numbers("x y")
    first, second = neg(x), exp(x)
    g = graph([x, y], [add(first, second)])
    with config.change_flags(optimizer_verbose=True):
        g.replace_all([(first, y), (second, x)], reason="test")
    assert "rewrite test replaces neg.0 of neg(x) with y of None" in capsys.readouterr().out
    assert equal_computations(g.outputs, [add(y, x)])


def test_constants_come_and_go():
    (x,) = numbers("x")
    z = add(x, 1)
    one = z.owner.inputs[1]
    g = graph([x], [exp(z)])
    assert one in g.variables
    g.replace(z, x)
    assert one not in g.variables
    g.check_integrity()


def test_a_constant_that_is_an_input_stays():
    two = Constant(number, 2)
    g = graph([two], [neg(two)])
    g.replace(g.outputs[0], Constant(number, 3))
    assert two in g.variables
    g.check_integrity()


def test_nominal_inputs_stay():
    nominal = NominalVariable(0, number)
    g = graph([nominal], [neg(nominal)])
    g.replace(g.outputs[0], Constant(number, 3))
    assert nominal in g.variables


def test_outputs_and_inputs_are_added_and_removed():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x, y], [exp(inner), log(y)])
    g.add_output(inner)
    assert g.outputs[2] is inner
    g.remove_output(0)
    assert [str(node.op) for node, _ in map(g.get_output_client, (0, 1))] == [
        "output[0]",
        "output[1]",
    ]
    assert [node.op for node in g.toposort()] == [log, neg]
    g.check_integrity()
    g.remove_input(1)
    assert g.inputs == [x]
    assert g.outputs == [inner]
    g.check_integrity()


def test_remove_node_takes_its_readers_along():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x, y], [exp(inner), add(inner, log(y)), y])
    g.remove_node(inner.owner)
    assert g.outputs == [y]
    assert not g.apply_nodes
    g.check_integrity()


def test_a_node_with_an_unused_output_is_kept_while_one_is_used():
    (x,) = numbers("x")
    first, second = pair(x)
    g = graph([x], [exp(first), second])
    g.remove_output(0)
    assert first in g
    g.check_integrity()
    g.remove_output(0)
    assert not g.apply_nodes


def test_features_lend_methods():
    class Counting(Feature):
        provides = ("count",)

        def count(self, fgraph, add=0):
            return len(fgraph.apply_nodes) + add

    (x,) = numbers("x")
    g = graph([x], [neg(x)])
    with pytest.raises(AttributeError, match="no attribute 'count'"):
        g.count()
    counting = Counting()
    g.attach_feature(counting)
    g.attach_feature(counting)
    assert g._features == [counting]
    assert g.count(add=1) == 2
    assert g.collect_callbacks("count") == {counting: 1}
    g.remove_feature(counting)
    assert not hasattr(g, "count")


def test_clone_brings_features_along():
    (x,) = numbers("x")
    g = graph([x], [neg(x)], features=[Recorder()], update_mapping={0: 0})
    twin, memo = g.clone_get_equiv()
    assert memo[x] is twin.inputs[0]
    assert len(twin._features) == 1
    assert twin.update_mapping == {0: 0}
    assert g.clone().outputs[0] is not g.outputs[0]


@pytest.mark.parametrize("copied", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy])
def test_copies(copied):
    x, y = numbers("x y")
    g = graph([x, y], [add(neg(x), 1), x], features=[Recorder()])
    g.name = "g"
    twin = copied(g)
    twin.check_integrity()
    assert twin.name == "g"
    assert twin.outputs[1] is twin.inputs[0]
    assert twin.inputs[0] is not x
    assert isinstance(twin._features[0], Recorder)
    twin.replace(twin.outputs[0], twin.inputs[1])
    assert ("prune", "neg") in twin._features[0].events
    assert equal_computations(g.outputs, [add(neg(x), 1), x])


def test_text():
    x, y = numbers("x y")
    assert repr(FunctionGraph([x, y], [add(neg(x), y)])) == "FunctionGraph(add(neg(x), y))"


def test_the_order_is_computed_again_after_a_change():
    (x,) = numbers("x")
    inner = neg(x)
    g = graph([x], [exp(inner)])
    order = g.toposort()
    order.clear()
    assert len(g.toposort()) == 2
    g.replace(inner, x)
    assert [node.op for node in g.toposort()] == [exp]


def test_clients_behave_like_a_list():
    (x,) = numbers("x")
    first, second = neg(x).owner, exp(x).owner
    clients = Clients([(first, 0), (second, 0)])
    assert clients[0] == (first, 0)
    assert clients[-1] == (second, 0)
    assert len(clients) == 2
    assert (second, 0) in clients
    clients.remove((first, 0))
    assert clients == [(second, 0)]
    match clients:
        case [(node, position)]:
            assert (node, position) == (second, 0)
        case _:
            pytest.fail("a sequence of one pair should match")


def test_check_integrity_finds_what_is_wrong():
    (x,) = numbers("x")
    g = graph([x], [exp(neg(x))])
    g.outputs[0].owner.inputs[0] = sub(x, x)
    with pytest.raises(ValueError, match="nodes recorded"):
        g.check_integrity()


def test_output_is_never_computed():
    with pytest.raises(RuntimeError, match="never computed"):
        Output(0).perform(None, [], [])


def test_deep_and_wide_graphs_change_in_linear_time():
    x, y = numbers("x y")
    g = FunctionGraph([x, y], [chain(x, DEEP)])
    assert len(g.toposort()) == DEEP
    g.replace(g.outputs[0], g.inputs[1])
    assert not g.apply_nodes
    # One variable with very many readers, changed one by one from either end.
    g = FunctionGraph([x, y], [neg(x) for _ in range(20_000)])
    x2, y2 = g.inputs
    readers = list(g.clients[x2])
    for node, i in readers[::-2]:
        g.change_node_input(node, i, y2)
    g.replace(x2, y2)
    assert len(g.clients[y2]) == 20_000
    g.check_integrity()


def test_every_graph_can_be_changed_with_validation():
    x, y = numbers("x y")
    g = FunctionGraph([x, y], [add(x, y)], clone=False)
    g.replace_all_validate([(x, y)])
    assert g.outputs[0].owner.inputs == [y, y]
    g.validate()
    assert g.consistent()
