import pickle

import pytest

from pytensorlite.graph.basic import equal_computations
from pytensorlite.graph.destroyhandler import DestroyHandler, ProtocolError, inplace_candidates
from pytensorlite.graph.features import (
    AlreadyThere,
    BadOptimization,
    Bookkeeper,
    Feature,
    FullHistory,
    History,
    NoOutputFromInplace,
    PreserveVariableAttributes,
    ReplacementDidNotRemoveError,
    ReplaceValidate,
    Validator,
)
from pytensorlite.graph.utils import InconsistencyError

from .sample import Overwrite, add, exp, graph, log, mul, neg, numbers, overwrite, view


class NoExp(Feature):
    """Objects to `exp`."""

    def on_validate(self, fgraph):
        if any(node.op == exp for node in fgraph.apply_nodes):
            raise InconsistencyError("exp is not allowed")


def test_history_reverts_to_a_checkpoint():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x, y], [add(inner, log(inner))], features=[History()])
    start = g.checkpoint()
    g.replace(inner, y)
    middle = g.checkpoint()
    g.replace(g.outputs[0], x)
    g.revert(middle)
    assert equal_computations(g.outputs, [add(y, log(y))])
    g.revert(start)
    assert equal_computations(g.outputs, [add(inner, log(inner))])
    g.check_integrity()
    with pytest.raises(AlreadyThere):
        History().on_attach(g)


def test_full_history_goes_back_and_forth():
    x, y = numbers("x y")
    history = FullHistory()
    g = graph([x, y], [neg(x)], features=[history])
    states = [g.outputs[0]]
    for new in (exp(x), y, log(y)):
        g.replace(g.outputs[0], new)
        states.append(g.outputs[0])
    for move, expected in (("start", 0), ("next", 1), ("next", 2), ("end", 3), ("prev", 2)):
        getattr(history, move)()
        assert g.outputs[0] is states[expected]
        g.check_integrity()
    g.replace(g.outputs[0], x)
    history.end()
    assert g.outputs[0] is x


def test_replacements_are_undone_if_a_feature_objects():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x, y], [log(inner)], features=[ReplaceValidate(), NoExp()])
    with pytest.raises(InconsistencyError, match="not allowed"):
        g.replace_validate(inner, exp(x))
    with pytest.raises(InconsistencyError):
        g.replace_all_validate([(inner, y), (y, exp(x))])
    assert equal_computations(g.outputs, [log(neg(x))])
    g.check_integrity()
    assert g.consistent()
    g.replace_validate(inner, y)
    assert equal_computations(g.outputs, [log(y)])


def test_a_failing_pair_undoes_the_pairs_before():
    x, y, z = numbers("x y z")
    first, second = neg(x), exp(x)
    g = graph([x, y], [add(first, second)], features=[ReplaceValidate()])
    with pytest.raises(Exception, match="Undeclared input"):
        g.replace_all_validate([(first, y), (second, z)])
    assert equal_computations(g.outputs, [add(neg(x), exp(x))])
    g.check_integrity()


def test_replace_and_remove():
    x, y = numbers("x y")
    inner = neg(x)
    g = graph([x, y], [log(inner), inner], features=[ReplaceValidate()])
    with pytest.raises(ReplacementDidNotRemoveError, match="should have removed"):
        g.replace_all_validate_remove([(g.outputs[0], y)], remove=[inner], reason="test")
    assert g.outputs[0].owner.op == log
    g.replace_all_validate_remove([(inner, y)], remove=[inner], reason="test")
    assert inner not in g


def test_a_bookkeeper_sees_what_is_there():
    class Names(Bookkeeper):
        def __init__(self):
            self.names = []

        def on_import(self, fgraph, node, reason):
            self.names.append(str(node.op))

        def on_prune(self, fgraph, node, reason):
            self.names.remove(str(node.op))

    (x,) = numbers("x")
    names = Names()
    g = graph([x], [exp(neg(x))], features=[names])
    assert names.names == ["neg", "exp"]
    g.remove_feature(names)
    assert names.names == []


def test_validator_alone():
    (x,) = numbers("x")
    g = graph([x], [exp(x)], features=[Validator(), NoExp()])
    assert not g.consistent()
    with pytest.raises(InconsistencyError):
        g.validate()


def test_names_and_test_values_are_kept():
    x, y = numbers("x y")
    old = neg(x)
    old.name = "old"
    old.tag.test_value = 3
    g = graph([x, y], [exp(old)], features=[PreserveVariableAttributes()])
    new = log(y)
    g.replace(old, new)
    assert new.name == "old"
    assert new.tag.test_value == 3


def test_outputs_may_be_protected_from_work_in_place():
    (x,) = numbers("x")
    g = graph([x], [overwrite(neg(x)), x], features=[ReplaceValidate(), NoOutputFromInplace([0])])
    assert not g.consistent()
    assert graph(
        [x], [x, overwrite(x)], features=[Validator(), NoOutputFromInplace([0])]
    ).consistent()


def test_a_graph_with_history_is_pickled_without_it():
    x, y = numbers("x y")
    g = graph([x, y], [neg(x)], features=[ReplaceValidate()])
    g.replace(g.outputs[0], y)
    assert pickle.loads(pickle.dumps(g)).checkpoint() == 0


def test_bad_optimization_tells_values_and_reason():
    (x,) = numbers("x")
    text = str(BadOptimization(x, neg(x), 1.0, -1.0, reason="local_wrong"))
    for part in ("local_wrong", "1.0", "-1.0", "Number(one)"):
        assert part in text


# -- work in place ----------------------------------------------------------------------------


def in_place(inputs, outputs):
    return graph(inputs, outputs, features=[ReplaceValidate(), DestroyHandler()])


def test_readers_come_before_the_one_that_overwrites():
    x, y = numbers("x y")
    value = neg(x)
    overwritten = overwrite(value)
    reader = exp(value)
    for arguments in ((overwritten, reader), (reader, overwritten)):
        g = in_place([x, y], [add(*arguments)])
        assert g.consistent()
        order = g.toposort()
        assert order.index(reader.owner) < order.index(overwritten.owner)


def test_readers_of_views_come_first_too():
    (x,) = numbers("x")
    value = neg(x)
    reader = exp(view(view(value)))
    overwritten = overwrite(value)
    g = in_place([x], [add(overwritten, reader)])
    order = g.toposort()
    assert order.index(reader.owner) < order.index(overwritten.owner)


def test_a_view_that_is_overwritten_overwrites_its_base():
    (x,) = numbers("x")
    value = neg(x)
    overwritten = overwrite(view(value))
    g = in_place([x], [add(overwritten, exp(overwritten))])
    assert g.consistent()
    g = in_place([x], [overwrite(view(value)), value])
    assert not g.consistent()


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda v, x: [add(overwrite(v), overwrite(v, 1))], id="twice"),
        pytest.param(lambda v, x: [exp(overwrite(v)), v], id="output"),
        pytest.param(lambda v, x: [overwrite(v, exp(overwrite(v, 1)))], id="cycle"),
        pytest.param(lambda v, x: [overwrite(v, v)], id="read by itself"),
        pytest.param(lambda v, x: [overwrite(v, view(v))], id="view read by itself"),
    ],
)
def test_what_no_order_can_satisfy_is_refused(build):
    (x,) = numbers("x")
    value = neg(x)
    assert not in_place([x], build(value, x)).consistent()


def test_constants_are_not_overwritten():
    (x,) = numbers("x")
    assert not in_place([x], [overwrite(1)]).consistent()


def test_an_overwritten_value_may_be_overwritten_again():
    (x,) = numbers("x")
    g = in_place([x], [overwrite(overwrite(neg(x)))])
    assert g.consistent()
    (inner,) = [node for node in g.toposort() if node.op == neg]
    assert g.has_destroyers(inner.outputs)
    assert len(g.destroyers(inner.outputs[0])) == 1
    assert not g.has_destroyers(g.outputs)


def test_refused_replacements_by_ops_in_place_are_undone():
    (x,) = numbers("x")
    value = neg(x)
    g = in_place([x], [exp(value), log(value)])
    g.replace_validate(g.outputs[0], overwrite(value))
    with pytest.raises(InconsistencyError):
        g.replace_validate(g.outputs[1], overwrite(value, 2))
    assert g.outputs[1].owner.op == log
    g.check_integrity()


def test_inplace_candidates():
    x, y = numbers("x y")
    value, other = neg(x), neg(y)
    g = in_place([x, y], [mul(value, add(other, 1)), overwrite(other)])
    one = next(v for v in g.variables if v.owner is None and v not in (x, y))
    assert inplace_candidates(g, [value, other, one, x], protected_inputs=[x]) == [value]


def test_malformed_maps_are_refused():
    class Malformed(Overwrite):
        destroy_map = {0: [3]}  # noqa: RUF012

    (x,) = numbers("x")
    with pytest.raises(ProtocolError, match="destroy_map"):
        in_place([x], [Malformed("malformed")(x)])
