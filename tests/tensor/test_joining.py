"""Arrays put together and taken apart."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.graph.null_type import NullType
from pytensorlite.tensor.basic import Join, MakeVector, Split
from tests.tensor.tools import check, check_gradient, evaluate

A, B = np.arange(6.0).reshape(2, 3), np.arange(8.0).reshape(2, 4) / 3


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_join(axis):
    check(lambda x, y: pt.join(axis, x, y), [A, A + 1], np.concatenate([A, A + 1], axis))
    check_gradient(lambda x, y: pt.join(axis, x, y, x), [A, A + 1])


def test_concatenate():
    check(lambda x, y: pt.concatenate([x, y], axis=1), [A, B], np.concatenate([A, B], 1))
    check(lambda x, y: pt.concatenate((x, y)), [A, A[:0]], A)
    check(lambda x, y: pt.concatenate([x, y], axis=1), [A[:, :1], B], np.c_[A[:, :1], B])
    check_gradient(lambda x, y: pt.concatenate([x, y], axis=1), [A[:, :1], B])
    check(lambda x: pt.concatenate([x, [1, 2]]), [np.float32([3])], np.array([3.0, 1, 2]))


def test_join_along_a_symbolic_axis():
    axis, x = pt.lscalar("axis"), pt.dmatrix("x")
    joined = pt.join(axis, x, x)
    for number in (0, 1, -1):
        result = evaluate(joined, {axis: np.array(number), x: A})
        np.testing.assert_array_equal(result, np.concatenate([A, A], number))
    check(lambda x, n: pt.join(n, x, x), [A, np.int64(1)], np.concatenate([A, A], 1))


def test_static_shapes_of_joins():
    a, b = pt.tensor("a", shape=(2, None)), pt.tensor("b", shape=(None, 3))
    assert pt.join(0, a, b).type.shape == (None, 3)
    assert pt.join(1, a, b).type.shape == (2, None)
    assert pt.join(0, a, a).type.shape == (4, None)
    assert pt.join(0, a) is a


def test_joins_that_cannot_be():
    v, x = pt.vector("v"), pt.matrix("x")
    for call, error in [
        (lambda: pt.join(0, 1, 2), TypeError),
        (lambda: pt.join(0, v, x), TypeError),
        (lambda: pt.join(2, v, v), ValueError),
        (lambda: pt.join(0.5, v, v), TypeError),
        (lambda: pt.concatenate([]), ValueError),
        (lambda: pt.concatenate(v), TypeError),
        (
            lambda: pt.join(0, pt.tensor("a", shape=(1, 2)), pt.tensor("b", shape=(1, 3))),
            ValueError,
        ),
    ]:
        with pytest.raises(error):
            call()
    a, b = pt.dmatrices("a", "b")
    with pytest.raises(ValueError, match=r"shapes \[\(2, 3\), \(2, 4\)\] along axis 0"):
        evaluate(pt.join(0, a, b), {a: A, b: B})


def test_the_axis_has_no_derivative():
    axis, x = pt.lscalar("axis"), pt.dmatrix("x")
    out = pt.join(axis, x, x)
    terms = out.owner.op.pullback(out.owner.inputs, [out], [pt.dmatrix("g")])
    assert isinstance(terms[0].type, NullType)
    assert all(term.type.ndim == 2 for term in terms[1:])


@pytest.mark.parametrize("axis", [0, 1, -1, 2])
def test_stack(axis):
    check(lambda x, y: pt.stack([x, y], axis=axis), [A, A + 1], np.stack([A, A + 1], axis))
    check_gradient(lambda x, y: pt.stack([x, y], axis=axis), [A, A + 1], order=1)


def test_stacks_of_numbers():
    made = pt.stack([pt.dscalar("a"), 1, pt.fscalar("b")])
    assert made.owner.op == MakeVector("float64")
    assert made.type.shape == (3,)
    nested = pt.stacklists([[pt.dscalar("a"), 1.0], [2, 3], [4, 5]])
    assert nested.type.shape == (3, 2)


@pytest.mark.parametrize(
    "tensors",
    [[], pt.vector("v"), [pt.vector("v"), pt.matrix("x")], [pt.vector("v"), 1]],
)
def test_stacks_that_cannot_be(tensors):
    with pytest.raises((TypeError, ValueError)):
        pt.stack(tensors)


def test_stacks_of_matrices():
    check(pt.horizontal_stack, [A, B], np.hstack([A, B]))
    check(pt.vertical_stack, [A, A], np.vstack([A, A]))
    for stack in (pt.horizontal_stack, pt.vertical_stack):
        with pytest.raises(ValueError):
            stack(pt.matrix("x"))
        with pytest.raises(ValueError):
            stack(pt.matrix("x"), pt.vector("v"))


@pytest.mark.parametrize(
    ("sizes", "axis"), [([1, 2], 1), ([3, 0], -1), ([0, 1, 2], 1), ([2], 0), ([1, 1], 0)]
)
def test_split(sizes, axis):
    pieces = np.split(A, np.cumsum(sizes)[:-1], axis=axis)
    for i, piece in enumerate(pieces):
        check(lambda x, i=i: pt.split(x, sizes, axis=axis)[i], [A], piece)
    check_gradient(lambda x: pt.exp(pt.split(x, sizes, axis=axis)[-1]), [A])


def test_split_by_symbolic_sizes():
    sizes, x = pt.lvector("sizes"), pt.dmatrix("x")
    first, second = pt.split(x, sizes, n_splits=2, axis=1)
    values = {sizes: np.array([1, 2]), x: A}
    np.testing.assert_array_equal(evaluate(second, values), A[:, 1:])
    gradient = pt.grad(pt.sum(second * 2) + pt.sum(first), x)
    np.testing.assert_array_equal(evaluate(gradient, values), [[1, 2, 2], [1, 2, 2]])
    for wrong in ([1, 1], [4, -1], [1, 1, 1]):
        with pytest.raises(ValueError, match="pieces"):
            evaluate(second, {sizes: np.array(wrong), x: A})
    with pytest.raises(ValueError, match="n_splits"):
        pt.split(x, sizes)


def test_split_shapes():
    x = pt.tensor("x", shape=(None, 4))
    assert [p.type.shape for p in pt.split(x, [1, 3], axis=1)] == [(None, 1), (None, 3)]
    assert str(Split(2)) == "Split{2}"
    assert Join() == Join()
    with pytest.raises(TypeError, match="rank 0"):
        pt.split(pt.scalar("s"), [1])
    with pytest.raises(ValueError, match="Expected 3 lengths"):
        Split(3)(x, 0, [1, 2])
    with pytest.raises(TypeError, match="integers"):
        pt.split(x, [0.5, 0.5])
