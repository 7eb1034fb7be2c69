import copy
import pickle

import pytest

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import (
    Op,
    Placeholder,
    get_test_values,
    io_connection_pattern,
    is_thunk_type,
)
from pytensorlite.graph.utils import TestValueError

from .sample import Function, Number, add, exp, neg, number, numbers, pair


class Declared(Op):
    """An op whose types are declared."""

    itypes = (number, number)
    otypes = (number,)

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0] - inputs[1]


def test_declared_types_make_nodes():
    (x,) = numbers("x")
    node = Declared().make_node(x, 2.0)
    assert node.inputs[1].data == 2.0
    assert node.outputs[0].type == number
    with pytest.raises(ValueError, match="expects 2 inputs"):
        Declared()(x)
    with pytest.raises(TypeError, match="Cannot convert"):
        Declared()(x, Number("metre")())


def test_an_op_needs_types_or_make_node_and_perform():
    class Empty(Op):
        def perform(self, node, inputs, output_storage):
            raise AssertionError("never run")

    with pytest.raises(NotImplementedError, match="itypes and otypes"):
        Empty()(number())

    class Abstract(Op):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


def test_calling_an_op():
    x, y = numbers("x y")
    assert add(x, y, name="sum").name == "sum"
    assert [v.name for v in pair(x, name="p")] == ["p_0", "p_1"]
    assert isinstance(add(x, return_list=True), list)

    class Second(Function):
        default_output = 1

    second = Second("second", nout=2)
    assert second(x).index == 1
    assert str(second(x)) == "second.out"
    node = second(x).owner
    assert node.default_output() is node.out is node.outputs[1]
    with pytest.raises(ValueError, match="no default_output"):
        pair(x)[0].owner.default_output()


def test_equality_and_text_come_from_properties():
    class Parametrized(Op):
        __props__ = ("a", "b")

        def __init__(self, a, b):
            self.a, self.b = a, b

        perform = None

    first = Parametrized(1, "x")
    assert first == Parametrized(1, "x")
    assert hash(first) == hash(Parametrized(1, "x"))
    assert first != Parametrized(2, "x")
    assert first != Declared()
    assert Declared() != Declared()
    assert str(first) == "Parametrized{a=1, b='x'}"
    assert repr(first) == "Parametrized(a=1, b='x')"
    changed = copy.copy(first)
    changed.a = 3
    assert changed == Parametrized(3, "x")
    assert (str(Declared()), repr(Declared())) == ("Declared", "Declared")


def test_properties_must_be_a_tuple():
    with pytest.raises(TypeError, match="must be a tuple"):
        type(Op)("Wrong", (Op,), {"__props__": "a"})


def test_hand_written_equality_and_text_are_kept():
    class Always(Op):
        __props__ = ("a",)
        a = 1
        perform = None

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 3

        def __str__(self):
            return "always"

    assert Always() == 4
    assert hash(Always()) == 3
    assert str(Always()) == "always"


# -- derivatives under every name ----------------------------------------------------------------


def scaled(by):
    return Function(f"times {by}")


class WithGrad(Function):
    def grad(self, inputs, output_grads):
        return [scaled("grad")(g) for g in output_grads]


class WithLop(Function):
    def L_op(self, inputs, outputs, output_grads):
        assert outputs[0].owner.op == self
        return [scaled("L_op")(g) for g in output_grads]


class WithPullback(Function):
    def pullback(self, inputs, outputs, cotangents):
        assert outputs[0].owner.op == self
        return [scaled("pullback")(g) for g in cotangents]


@pytest.mark.parametrize(
    ("op", "name"),
    [
        (WithGrad("f"), "times grad"),
        (WithLop("f"), "times L_op"),
        (WithPullback("f"), "times pullback"),
    ],
)
def test_every_name_of_the_derivative_leads_to_the_one_defined(op, name):
    x, g = numbers("x g")
    for answer in (
        op.pullback([x], [op(x)], [g]),
        op.L_op([x], [op(x)], [g]),
        op.grad([x], [g]),
    ):
        assert str(answer[0].owner.op) == name


def test_no_derivative():
    x, g = numbers("x g")
    for method in ("pullback", "L_op", "pushforward"):
        with pytest.raises(NotImplementedError, match=r"has no .*derivative"):
            getattr(neg, method)([x], [neg(x)], [g])
    for method in ("grad", "R_op"):
        with pytest.raises(NotImplementedError, match=r"has no .*derivative"):
            getattr(neg, method)([x], [g])


def test_forward_derivatives_under_both_names():
    x, y, t = numbers("x y t")

    class WithRop(Function):
        def R_op(self, inputs, eval_points):
            return [eval_points[0]]

    class WithPushforward(Function):
        def pushforward(self, inputs, outputs, tangents):
            return [tangents[0]]

    nothing = disconnected_type()
    for op in (WithRop("f"), WithPushforward("f")):
        assert op.pushforward([x, y], [op(x, y)], [t, nothing]) == [t]
        assert op.R_op([x, y], [t, None]) == [t]
        assert op.R_op([x, y], [None, t]) == [None]
        (answer,) = op.pushforward([x, y], [op(x, y)], [nothing, t])
        assert isinstance(answer.type, DisconnectedType)


# -- the rest ------------------------------------------------------------------------------------


def test_connection_patterns_are_joined():
    class FirstOnly(Function):
        def connection_pattern(self, node):
            return [[True], *([False] for _ in node.inputs[1:])]

    first_only = FirstOnly("first_only")
    x, y, z = numbers("x y z")
    outputs = [add(first_only(x, y), z), y]
    assert io_connection_pattern([x, y, z], outputs) == [
        [True, False],
        [False, True],
        [True, False],
    ]


def test_placeholders_take_over():
    class Recording(Placeholder):
        def apply(self, op, inputs):
            return op, inputs

    recording = Recording()
    assert add(1, recording) == (add, (1, recording))


def test_thunks():
    x, y = numbers("x y")
    node = add(x, y).owner
    storage = {x: [1.0], y: [2.0], node.out: [None]}
    computed = {node.out: [False]}
    thunk = is_thunk_type(add.make_thunk(node, storage, computed))
    thunk()
    assert storage[node.out] == [3.0]
    assert computed[node.out] == [True]
    assert thunk.inputs == [[1.0], [2.0]]
    assert not thunk.lazy


def test_defaults():
    node = exp(number()).owner
    assert exp.do_constant_folding(FunctionGraph(outputs=[node.out]), node)
    assert exp.inplace_on_inputs([0]) is exp


def test_test_values():
    x, y = numbers("x y")
    assert get_test_values(x) == []
    with config.change_flags(compute_test_value="raise"):
        with pytest.raises(TestValueError, match="no test value"):
            add(x, y)
        x.tag.test_value, y.tag.test_value = 1, 2
        z = add(x, y)
        assert z.tag.test_value == 3.0
        assert get_test_values(x, Constant(number, 4)) == [[1.0, 4.0]]
    with config.change_flags(compute_test_value="ignore"):
        assert not hasattr(add(x, number()).tag, "test_value")
    with config.change_flags(compute_test_value="warn"), pytest.warns(UserWarning, match="no test"):
        add(x, number())


def test_ops_are_pickled():
    assert pickle.loads(pickle.dumps(add)) == add
    assert isinstance(pickle.loads(pickle.dumps(add(number(), 1))).owner, Apply)
