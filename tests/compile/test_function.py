"""`function`: arguments, outputs, updates, givens, defaults, and what is said about mistakes."""

import copy

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import In, OrderedUpdates, Out, function, shared
from pytensorlite.compile.function.types import UnusedInputError
from pytensorlite.graph.utils import MissingInputError

pytestmark = pytest.mark.usefixtures("linker")

x, y = pt.dvector("x"), pt.dscalar("y")


def equal(got, expected):
    np.testing.assert_array_equal(got, expected)
    return True


# -- outputs -------------------------------------------------------------------------------------


def test_outputs_come_back_as_they_were_asked_for():
    a, b = 2 * x, x + 1
    assert equal(function([x], a)([1.0]), [2.0])
    single = function([x], [a])([1.0])
    assert isinstance(single, list)
    assert equal(single[0], [2.0])
    pair = function([x], (a, b))([1.0])
    assert isinstance(pair, list)
    assert equal(pair, [[2.0], [2.0]])
    table = function([x], {"b": b, "a": a})([3.0])
    assert sorted(table) == ["a", "b"]
    assert equal(table["a"], [6.0])
    assert equal(table["b"], [4.0])
    assert function([x], {"only": a})([3.0]).keys() == {"only"}


def test_no_outputs_at_all():
    count = shared(0, name="count")
    step = function([], updates=[(count, count + 1)])
    assert step() is None
    assert function([], None, updates={count: count + 1})() is None
    assert function([], [], updates={count: count + 1})() == []
    assert int(count.get_value()) == 3


def test_some_of_the_outputs():
    f = function([x], [x + 1, x + 2, x + 3])
    assert equal(f([0.0], output_subset=[2, 0]), [[3.0], [1.0]])
    g = function([x], {"a": x + 1, "b": x + 2})
    assert g([0.0], output_subset=["b"]).keys() == {"b"}


def test_outputs_never_share_memory_with_anything():
    state = shared(np.ones(3), name="state")
    f = function([x], [x, x[1:], x, state, state[::-1], x + 1, x + 1])
    value = np.arange(3.0)
    results = f(value)
    everything = [value, state.get_value(borrow=True), *results]
    for i, a in enumerate(everything):
        for b in everything[:i]:
            assert not np.shares_memory(a, b)


def test_a_constant_output_is_fresh_at_every_call():
    f = function([], pt.as_tensor(np.zeros(3)))
    f()[...] = 7
    assert equal(f(), np.zeros(3))


def test_borrowed_outputs_may_be_the_argument():
    with_borrow = function([In(x, borrow=True)], Out(x, borrow=True), mode="NUMPY")
    value = np.ones(3)
    assert with_borrow(value) is value


# -- arguments -----------------------------------------------------------------------------------


def test_arguments_by_position_and_by_name():
    f = function([x, In(y, name="factor")], x * y)
    for result in (f([1, 2], 3), f([1, 2], factor=3), f(factor=3, x=[1, 2])):
        assert equal(result, [3.0, 6.0])


def test_defaults():
    f = function([x, In(y, value=3)], x * y)
    assert equal(f([1.0]), [3.0])
    assert equal(f([1.0], 5), [5.0])
    assert equal(f([1.0], y=5), [5.0])
    assert equal(f([1.0]), [3.0])
    g = function([In(y, value=3), x], x * y)
    assert equal(g(x=[1.0]), [3.0])
    assert equal(function([(x, [1.0]), y], x * y)(y=2), [2.0])


def test_a_default_is_kept_apart_from_what_it_was_made_of():
    value = np.ones(2)
    f = function([In(x, value=value)], x * 2)
    value[...] = 7
    assert equal(f(), [2.0, 2.0])


def test_a_default_can_be_set_and_stays():
    f = function([x, In(y, value=3)], x * y)
    f["y"] = 9
    assert equal(f([1.0]), [9.0])
    f[y] = 4
    assert equal(f([1.0]), [4.0])
    f.value["y"] = 5
    assert float(f.container[y].value) == 5


def test_an_input_with_an_update_is_a_state():
    f = function([In(x, value=[0.0], update=x + 1, name="state")], 2 * x)
    assert equal([f(), f()], [[0.0], [2.0]])
    assert equal(f["state"], [2.0])
    assert equal(f([10.0]), [20.0])
    assert equal(f(), [22.0])


@pytest.mark.parametrize(
    "value",
    [
        [1, 2, 3, 4],
        (1.0, 2.0, 3.0, 4.0),
        np.arange(1, 5),
        np.arange(1, 5, dtype="uint8"),
        np.arange(1, 5, dtype="float32"),
        np.arange(1.0, 5.0).astype(">f8"),
        np.arange(1.0, 9.0)[::2] / 2 + 0.5,
        np.arange(4.0, 0.0, -1)[::-1],
        np.array([[1.0, 0], [2, 0], [3, 0], [4, 0]])[:, 0],
        np.frombuffer(b"\0" + np.arange(1.0, 5.0).tobytes(), np.uint8)[1:].view(float),
    ],
)
def test_arguments_of_any_kind_and_layout(value):
    assert equal(function([x], x * 2)(value), [2.0, 4.0, 6.0, 8.0])


def test_read_only_empty_and_broadcast_arguments():
    f = function([x], x * 2)
    readonly = np.ones(2)
    readonly.flags.writeable = False
    assert equal(f(readonly), [2.0, 2.0])
    assert f(np.ones(0)).shape == (0,)
    assert equal(f(np.broadcast_to(3.0, (3,))), [6.0] * 3)


def test_arguments_are_left_alone():
    value = np.arange(5.0)
    function([In(x, mutable=True)], [x * 2, x[::-1]])(value)
    function([x], pt.set_subtensor(x[0], 9.0))(value)
    assert equal(value, np.arange(5.0))


def test_numbers_for_scalars():
    f = function([y], y + 1)
    for value in (2, 2.0, np.float32(2), np.float64(2), np.int8(2), np.array(2), True + 1):
        result = f(value)
        assert result.shape == ()
        assert result.dtype == np.float64
        assert float(result) == 3


def test_downcasts_only_where_allowed():
    single = pt.fvector("single")
    value = np.ones(2)
    with pytest.raises(TypeError, match="float32"):
        function([single], single + 1)(value)
    for f in (
        function([single], single + 1, allow_input_downcast=True),
        function([In(single, allow_downcast=True)], single + 1),
    ):
        assert equal(f(value), [2.0, 2.0])
    with pytest.raises(TypeError):
        function([In(single, strict=True)], single + 1)([1.0])


def test_trusted_arguments_are_not_checked():
    f = function([x, y], x + y, trust_input=True)
    assert equal(f(np.ones(2), np.array(1.0)), [2.0, 2.0])
    f.trust_input = False
    assert equal(f([1.0], 2), [3.0])


def test_an_inner_variable_can_be_an_input():
    z = x + 1
    assert equal(function([z], z * 2)([5.0]), [10.0])
    assert equal(function([x, z], z * x)([5.0], [7.0]), [35.0])


# -- updates and givens --------------------------------------------------------------------------


def test_updates_read_old_values():
    a, b = shared(np.array([1.0]), name="a"), shared(np.array([2.0]), name="b")
    swap = function([], [a, b], updates={a: b, b: a})
    assert equal(swap(), [[1.0], [2.0]])
    assert equal([a.get_value(), b.get_value()], [[2.0], [1.0]])
    swap()
    assert equal([a.get_value(), b.get_value()], [[1.0], [2.0]])
    assert not np.shares_memory(a.get_value(borrow=True), b.get_value(borrow=True))


def test_updates_in_all_spellings():
    for make in (dict, list, OrderedUpdates):
        a = shared(1.0, name="a")
        function([], [], updates=make([(a, a + 1)]))()
        assert float(a.get_value()) == 2
    a = shared(np.zeros(2), name="a")
    function([], [], updates={a: [1.0, 2.0]})()
    assert equal(a.get_value(), [1.0, 2.0])


def test_a_failing_call_changes_nothing():
    a, b = shared(np.ones(2), name="a"), shared(np.ones(2), name="b")
    f = function([x], x.sum(), updates={a: a + 1, b: b + x})
    before = a.get_value(borrow=True)
    for _ in range(2):
        with pytest.raises(ValueError):
            f(np.ones(3))
    assert a.get_value(borrow=True) is before
    assert equal([before, b.get_value()], np.ones((2, 2)))
    f(np.ones(2))
    assert equal([a.get_value(), b.get_value()], [[2, 2], [2, 2]])


def test_an_argument_does_not_become_the_state():
    a = shared(np.zeros(2), name="a")
    value = np.ones(2)
    function([x], [], updates={a: x})(value)
    value[...] = 7
    assert equal(a.get_value(), [1.0, 1.0])


def test_default_updates():
    a, b = shared(1.0, name="a"), shared(2.0, name="b")
    a.default_update = a + b
    b.default_update = b * 2
    assert float(function([], a)()) == 1
    assert (float(a.get_value()), float(b.get_value())) == (3, 4)
    function([], a, no_default_updates=True)()
    assert (float(a.get_value()), float(b.get_value())) == (3, 4)
    function([], a, no_default_updates=[a])()
    assert (float(a.get_value()), float(b.get_value())) == (3, 4)
    function([], a, updates={a: a * 10})()
    assert (float(a.get_value()), float(b.get_value())) == (30, 4)
    c = shared(0.0, name="c")
    function([], c, givens={c: np.array(5.0)}, updates={c: a})()
    assert (float(c.get_value()), float(a.get_value())) == (30, 34)


def test_givens():
    state = shared(np.array([1.0]), name="state")
    z = x + 1
    assert equal(function([x], z * 2, givens={z: x * 3})([1.0]), [6.0])
    assert equal(function([], z * 2, givens=[(x, np.array([3.0]))])(), [8.0])
    f = function([], z * 2, givens={x: state})
    state.set_value([4.0])
    assert equal(f(), [10.0])
    assert equal(function([x], state * 2, givens={state: x})([5.0]), [10.0])
    assert not function([x], state * 2, givens={state: x}).get_shared()


def test_givens_of_another_type_only_if_not_strict():
    single = pt.fvector("single")
    with pytest.raises(TypeError):
        function([single], x + 1, givens={x: single})
    loose = function([single], x + 1, givens={x: single}, rebuild_strict=False)
    assert loose(np.ones(1, "float32")).shape == (1,)


def test_the_users_graph_is_left_alone():
    expression = pt.exp(pt.log(x)) * 0 + x
    node, inputs = expression.owner, list(expression.owner.inputs)
    function([x], expression)
    assert expression.owner is node
    assert expression.owner.inputs == inputs


# -- looking inside ------------------------------------------------------------------------------


def test_what_a_function_tells_of_itself():
    state = shared(np.ones(2), name="state")
    f = function([x, In(y, value=3)], x * y + state, updates={state: state + 1}, name="mine")
    assert f.name == "mine"
    assert f.get_shared() == [state]
    assert [container.name for container in f.input_storage] == ["x", "y", "state"]
    assert f.defaults == [(True, False, None), (False, True, 3), (False, False, None)]
    assert f[x] is None
    assert float(f["y"]) == 3
    assert f[state] is state.get_value(borrow=True)
    assert "state" in f
    assert "nothing" not in f
    assert len(f.maker.fgraph.inputs) == 3
    assert len(f.maker.fgraph.outputs) == 2
    assert f.maker.fgraph.update_mapping == {1: 2}
    assert [entry.variable for entry in f.maker.inputs] == [x, y, state]
    assert [out.variable.owner.op for out in f.maker.outputs]
    assert "mine" in repr(f)
    assert f.explain().steps
    with pytest.raises(TypeError, match="Unknown input or state: nothing"):
        f["nothing"]


def test_the_default_name_is_the_users_line():
    assert function([x], x + 1).name.startswith(__file__)


# -- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ([[1.0]], {}, TypeError, r"Missing required input: y of the function with name \"ff\""),
        ([[1.0], 1, 2], {}, TypeError, r"takes 2 \(x, y\), got 3"),
        ([[1.0]], {"z": 1}, TypeError, "Unknown input or state: z.*these named inputs: x, y"),
        ([[1.0], 1], {"y": 1}, TypeError, "got the input y by position and by name"),
        ([[[1.0]], 1], {}, TypeError, r'index 0 \(0-based\) \(input "x"\).*expected 1.*got 2'),
        ([[1.0], [1.0]], {}, TypeError, r'index 1 \(0-based\) \(input "y"\)'),
        ([["a"], 1], {}, TypeError, r'index 0 \(0-based\) \(input "x"\)'),
        ([None, 1], {}, TypeError, r'index 0 \(0-based\) \(input "x"\)'),
        ([np.array([None]), 1], {}, TypeError, "index 0"),
        ([np.array([1j]), 1], {}, TypeError, "complex128"),
        ([x, 1], {}, TypeError, "symbolic variable x"),
    ],
)  # fmt: skip
def test_wrong_arguments(args, kwargs, error, message):
    f = function([x, y], x + y, name="ff")
    with pytest.raises(error, match=message) as raised:
        f(*args, **kwargs)
    if "index" in message:
        assert __file__ in str(raised.value)
    assert equal(f([1.0], 1), [2.0])


def test_nan_where_integers_are_needed():
    n = pt.lvector("n")
    with pytest.raises((TypeError, ValueError), match="index 0"):
        function([n], n + 1)([np.nan])


def test_static_lengths_are_checked():
    v = pt.tensor("v", dtype="float64", shape=(3,))
    f = function([v], v * 2)
    assert equal(f(np.ones(3)), [2.0] * 3)
    with pytest.raises(TypeError, match='input "v"'):
        f(np.ones(4))


state = shared(np.zeros(2), name="state")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: function(x, x), TypeError, "list or a tuple"),
        (lambda: function(["x"], x), TypeError, "expected a variable or an In"),
        (lambda: function([x], "x"), TypeError, "Outputs must be variables"),
        (lambda: function([x], {1: x}), TypeError, "expected strings as the keys"),
        (lambda: function([x, y], x), UnusedInputError, r"input 1 \(y\)"),
        (lambda: function([x, x], x), UnusedInputError, "used twice.*0 and 1"),
        (lambda: function([x], x + y), MissingInputError, "needs the variable y"),
        (lambda: function([state], state), TypeError, "shared variable .state. as explicit"),
        (lambda: function([], x, updates={x: x}), TypeError, "must be a SharedVariable"),
        (lambda: function([], [], updates=[(state, x), (state, x)]), ValueError, "two updates"),
        (lambda: function([], [], updates={state: y}), TypeError, "must have the same type"),
        (lambda: function([], [], updates={state: state.astype("f4")}), TypeError, "same type"),
        (lambda: function([x], x, givens={x: state}), RuntimeError, "input of the function"),
        (lambda: function([y], x, givens={x: y}), TypeError, "Cannot convert"),
        (lambda: function([], x + 1, givens=[(x, state), (state, x)]), AssertionError, "givens"),
        (lambda: function([x], x, on_unused_input="what"), ValueError, "raise.*warn.*ignore"),
        (lambda: function([x], x, mode="what"), ValueError, "FAST_RUN"),
        (lambda: function([x], x, mode=3), TypeError, "Mode"),
        (lambda: function([pt.as_tensor(1.0)], x), TypeError, "constant"),
        (lambda: In(3), TypeError, "symbolic variable"),
        (lambda: In(x, update=pt.fvector()), TypeError, "should be compatible"),
        (lambda: In(x, mutable=True, borrow=False), ValueError, "mutable=True and borrow=False"),
        (lambda: In(x, implicit=True), TypeError, "needs a value"),
        (lambda: In(x, name=3), TypeError, "a string"),
    ],
)
def test_wrong_requests(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_unused_inputs_can_be_allowed():
    function([x, y], x, on_unused_input="ignore")([1.0], 2)
    with pytest.warns(UserWarning, match=r"input 1 \(y\)") as caught:
        function([x, y], x, on_unused_input="warn")
    assert caught[0].filename == __file__


def test_ambiguous_and_missing_names():
    z = pt.dscalar("y")
    f = function([y, z], y + z)
    assert float(f(1, 2)) == 3
    with pytest.raises(TypeError, match="Ambiguous name: y"):
        f(y=1)
    with pytest.raises(TypeError, match="no named inputs"):
        function([In(y, autoname=False)], y + 1)(y=1)


def test_a_runtime_error_names_the_users_line():
    a, b = pt.dmatrices("a", "b")
    product = a + b
    f = function([a, b], product, mode="NUMPY")
    with pytest.raises(ValueError) as raised:
        f(np.ones((2, 3)), np.ones((3, 2)))
    notes = "\n".join(raised.value.__notes__)
    assert "Apply node that caused the error: Add(a, b)" in notes
    assert "(2, 3)" in notes
    assert "float64" in notes
    assert __file__ in notes


def test_copies_of_functions_do_not_disturb_each_other():
    total = shared(np.zeros(2), name="total")
    f = function([x], total, updates={total: total + x})
    g = copy.deepcopy(f)
    f([1.0, 1.0])
    g([5.0, 5.0])
    assert equal(total.get_value(), [1.0, 1.0])
    assert equal(g([0.0, 0.0]), [5.0, 5.0])


def test_a_failure_tells_the_shapes_of_all_inputs():
    x, y = pt.dmatrix("x"), pt.dvector("y")
    weights = shared(np.ones(2), name="weights")
    f = function([x, y], (x @ y * weights).sum(), mode="C")
    with pytest.raises(ValueError, match="mismatch") as raised:
        f(np.ones((2, 3)), np.ones(4))
    assert "Shapes of the inputs: x (2, 3), y (4,), weights (2,)" in raised.value.__notes__
