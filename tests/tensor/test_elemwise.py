"""Broadcasting, in values, shapes and derivatives: what arrays add to the op table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.tensor.elemwise import (
    Elemwise,
    elemwise_of,
    get_normalized_batch_axes,
    scalar_elemwise,
)
from tests.tensor.tools import check, check_gradient, evaluate

MATRIX = np.array([[0.3, -1.2, 2.0], [1.5, 0.4, -0.7]])


def test_one_op_per_row_of_the_table():
    assert ps.exp(pt.vector("x")).owner.op is pt.exp
    assert pt.exp == Elemwise(ps.exp)
    assert hash(pt.exp) == hash(Elemwise(ps.exp))
    assert pt.exp != Elemwise(ps.log)
    assert pt.exp != Elemwise(ps.exp, {0: 0})
    assert str(pt.exp) == "Exp"
    assert str(pt.cast(pt.vector("x"), "int8").owner.op) == "Cast{int8}"
    assert pt.exp.__doc__ == type(ps.exp).__doc__
    assert "exp" in repr(pt.exp)

    @scalar_elemwise
    def tanh(x):
        """Return the tangent."""

    assert tanh is pt.tanh


def test_static_shapes():
    three, four = pt.vector("a", shape=(3,)), pt.vector("b", shape=(4,))
    one, free, none = pt.vector("c", shape=(1,)), pt.vector("d"), pt.vector("e", shape=(0,))
    assert (three + free).type.shape == (3,)
    assert (one + free).type.shape == (None,)
    assert (one + one).type.shape == (1,)
    assert (none + one).type.shape == (0,)
    assert (three + pt.tensor("x", shape=(2, 1))).type.shape == (2, 3)
    for other in (four, none):
        with pytest.raises(ValueError, match=r"Incompatible shapes for Add.*cannot be broadcast"):
            three + other


def test_the_number_of_inputs():
    x = pt.vector("x")
    assert pt.add(x).type == x.type
    assert pt.add(x, x, x).owner.nin == 3
    for call in (lambda: pt.exp(x, x), lambda: pt.sub(x), lambda: pt.switch(x, x)):
        with pytest.raises(TypeError, match="expected"):
            call()


def test_a_length_of_one_that_no_type_promises_is_an_error():
    a, b = pt.dvectors("a", "b")
    with pytest.raises(
        ValueError, match=r"Runtime broadcasting not allowed.*specify_broadcastable"
    ):
        evaluate(a + b, {a: np.ones(3), b: np.ones(1)})
    with pytest.raises(ValueError, match=r"dimension mismatch.*a \(3,\), b \(2,\)"):
        evaluate(a + b, {a: np.ones(3), b: np.ones(2)})


@pytest.mark.parametrize("shapes", [[(2, 3), (3,)], [(2, 1), (1, 3)], [(0, 3), (1, 3)], [(), (2,)]])
def test_broadcasting(shapes, rng):
    a, b = (rng.normal(size=shape) for shape in shapes)
    check(pt.mul, [a, b], a * b)
    check(lambda x, y: pt.switch(x > 0, y, x), [a, b], np.where(a > 0, b, a))
    if 0 not in shapes[0]:
        check_gradient(pt.mul, [a, b])
        check_gradient(lambda x, y: pt.switch(x > 0, y, pt.exp(x)), [a, b])


def test_an_op_that_ignores_an_input_still_broadcasts():
    check(pt.second, [MATRIX, MATRIX[:, :1]], np.broadcast_to(MATRIX[:, :1], (2, 3)))
    check_gradient(lambda x: pt.second(MATRIX, x), [MATRIX[:, :1]])
    x = pt.vector("x")
    node = pt.second(x, x).owner
    assert node.op.connection_pattern(node) == [[False], [True]]


def test_derivatives_of_inputs_that_are_broadcast_have_their_shape():
    x = pt.tensor("x", shape=(1, None))
    y = pt.tensor("y", shape=(None, 1))
    out = x * y
    terms = out.owner.op.pullback([x, y], [out], [pt.matrix("g")])
    assert [term.type.broadcastable for term in terms] == [(True, False), (False, True)]
    still = disconnected_type()
    (moved,) = pt.add.pushforward([x, y], [x + y], [x.type("t"), still])
    assert moved.type.broadcastable == (False, False)


def test_mixed_dtypes():
    check(pt.add, [MATRIX.astype("float32"), np.int8([1, 2, 3])], (MATRIX + [1, 2, 3]).astype("f4"))
    check(pt.true_div, [np.int64([1, 2]), np.int64([2, 4])], np.array([0.5, 0.5]))
    check(pt.eq, [np.uint64([2**63]), np.int64([-1])], np.array([False]))


def test_results_are_fresh_arrays():
    x = pt.dvector("x")
    array = np.arange(3.0)
    result = evaluate(pt.tensor_copy(x), {x: array})
    assert not np.shares_memory(result, array)


def test_in_place():
    op = Elemwise(ps.add, {0: 0})
    assert op.destroy_map == {0: [0]}
    x, y = pt.dvectors("x", "y")
    node = op.make_node(x, y)
    array = np.arange(3.0)
    storage = [[None]]
    op.perform(node, [array, np.ones(3)], storage)
    assert storage[0][0] is array
    np.testing.assert_array_equal(array, [1, 2, 3])
    with pytest.raises(ValueError, match="broadcast"):
        op.make_node(pt.row("r"), pt.matrix("x"))
    with pytest.raises(TypeError, match="int32"):
        op.make_node(pt.ivector("i"), x)


def test_a_users_scalar_op():
    class Cube(ps.UnaryScalarOp):
        def impl(self, x):
            return x**3

    check(Elemwise(Cube(ps.same_out, name="cube")), [MATRIX], MATRIX**3)


def test_batch_axes():
    assert get_normalized_batch_axes(None, 2, 3) == (1, 2)
    assert get_normalized_batch_axes((0, -1), 2, 4) == (2, 3)
    assert elemwise_of(ps.exp) is pt.exp


lengths = st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(lengths, st.data())
def test_any_shapes_that_numpy_broadcasts(shape, data):
    others = [data.draw(st.sampled_from([length, 1])) for length in shape]
    cut = data.draw(st.integers(0, len(shape)))
    a = np.arange(float(np.prod(shape))).reshape(shape)
    b = np.ones(others[cut:]) * 3
    check(pt.sub, [a, b], a - b)
