"""Arrays out of nothing."""

import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config
from pytensorlite.graph.null_type import NullType
from pytensorlite.tensor.basic import Alloc, AllocEmpty, ARange, Eye
from tests.tensor.tools import check, check_gradient, evaluate

MATRIX = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (MATRIX, (2, 3)),
        (MATRIX, (4, 2, 3)),
        (MATRIX[:1], (5, 3)),
        (MATRIX[:, :1], (2, 2, 4)),
        (np.float64(3), (2, 0)),
        (np.float64(3), ()),
        (MATRIX[:0], (2, 0, 3)),
    ],
)
def test_alloc(value, shape):
    check(lambda x: pt.alloc(x, *shape), [value], np.broadcast_to(value, shape))
    if np.size(value):
        check_gradient(lambda x: pt.alloc(x, *shape), [value])


def test_alloc_with_symbolic_lengths():
    n = pt.lscalar("n")
    x = pt.dvector("x")
    repeated = pt.alloc(x, n, x.shape[0])
    np.testing.assert_array_equal(
        evaluate(repeated, {n: np.array(2), x: np.array([1.0, 2])}), [[1, 2], [1, 2]]
    )
    node = repeated.owner
    assert node.op.connection_pattern(node) == [[True], [False], [False]]
    assert not node.op.do_constant_folding(None, node)


def test_alloc_never_repeats_by_accident():
    x = pt.dvector("x")
    for length in (1, 2):
        with pytest.raises(ValueError, match="cannot repeat"):
            evaluate(pt.alloc(x, 2, 3), {x: np.ones(length)})
    with pytest.raises(ValueError, match="does not fit dimension 1"):
        pt.alloc(pt.vector("v", shape=(2,)), 4, 3)
    with pytest.raises(TypeError, match="more dimensions"):
        pt.alloc(pt.matrix("x"), 3)


@pytest.mark.parametrize("length", [2.5, pt.dscalar("x"), "a", None, [1, 2]])
def test_lengths_are_integers(length):
    for make in (pt.zeros, pt.empty):
        with pytest.raises((TypeError, NotImplementedError, ValueError)):
            make((length,))


def test_lengths_are_not_negative():
    with pytest.raises(ValueError, match="negative"):
        pt.zeros(-1)
    n = pt.lscalar("n")
    with pytest.raises(ValueError, match="negative"):
        evaluate(pt.zeros(n), {n: np.array(-1)})


@pytest.mark.parametrize("shape", [(), 3, (2, 3), (0,), np.array([2, 1])])
def test_filled(shape):
    check(lambda: pt.zeros(shape), [], np.zeros(shape))
    check(lambda: pt.ones(shape, dtype="int8"), [], np.ones(shape, dtype="int8"))
    check(lambda: pt.full(shape, 7), [], np.full(shape, 7, dtype="int8"))
    check(lambda x: pt.full(shape, x, dtype="float32"), [np.float64(7)], np.full(shape, 7, "f4"))


def test_filled_like_another():
    check(pt.zeros_like, [MATRIX], np.zeros_like(MATRIX))
    check(lambda x: pt.ones_like(x, dtype="bool"), [MATRIX], np.ones_like(MATRIX, dtype="bool"))
    check(lambda x: pt.full_like(x, 7, dtype="float64"), [MATRIX], np.full_like(MATRIX, 7))
    x = pt.constant(np.zeros(3))
    assert pt.zeros_like(x, opt=True) is x
    assert pt.ones_like(x, opt=True) is not x
    assert pt.empty_like(pt.fmatrix("x")).type == pt.fmatrix


def test_float_x():
    with config.change_flags(floatX="float32"):
        for made in (pt.zeros(2), pt.ones(2), pt.empty(2), pt.eye(2), pt.tri(2), pt.arange(0.5)):
            assert made.type.dtype == "float32"


def test_empty():
    made = pt.empty((2, pt.lscalar("n")), dtype="int8")
    assert made.owner.op == AllocEmpty("int8")
    assert made.type.shape == (2, None)
    value = evaluate(made, {made.owner.inputs[1]: np.array(4)})
    assert (value.shape, value.dtype) == ((2, 4), "int8")
    pickle.loads(pickle.dumps(made))


def test_lengths_as_a_vector():
    lengths = pt.lvector("lengths", shape=(2,))
    zeros = pt.zeros(lengths)
    assert evaluate(zeros, {lengths: np.array([2, 3])}).shape == (2, 3)
    with pytest.raises(ValueError, match="Length of"):
        pt.zeros(pt.lvector("lengths"))


@pytest.mark.parametrize("arguments", [(3,), (2, 4), (4, 2, 1), (2, 3, -1), (0,), (2, 3, 9)])
def test_eye(arguments):
    check(lambda: pt.eye(*arguments), [], np.eye(*arguments))
    check(lambda: pt.eye(*arguments, dtype="int8"), [], np.eye(*arguments, dtype="int8"))


def test_identities():
    check(pt.identity, [MATRIX], MATRIX)
    check(pt.identity_like, [np.float32(MATRIX)], np.eye(2, 3, dtype="float32"))
    n = pt.lscalar("n")
    node = pt.eye(n).owner
    assert node.op == Eye("float64")
    for term in node.op.pullback(node.inputs, node.outputs, [pt.dmatrix("g")]):
        assert isinstance(term.type, NullType)
    with pytest.raises(TypeError, match="diagonal"):
        pt.eye(3, k=0.5)


@pytest.mark.parametrize(
    "arguments",
    [(5,), (2, 7), (7, 2), (0,), (1, 9, 3), (9, 1, -3), (9, 0, -3), (-120, 127), (0.0, 1.0, 0.1)],
)
def test_arange(arguments):
    check(lambda: pt.arange(*arguments), [], np.arange(*arguments))
    check(lambda *x: pt.arange(*x), [np.asarray(a) for a in arguments], np.arange(*arguments))


def test_dtypes_of_arange():
    assert pt.arange(pt.bscalar("n")).type.dtype == "int64"
    assert pt.arange(pt.scalar("n", dtype="uint8"), dtype=None).type.dtype == "int64"
    assert pt.arange(pt.fscalar("x")).type.dtype == "float32"
    assert pt.arange(3, dtype="float32").type.dtype == "float32"
    with pytest.raises(ValueError, match="step"):
        pt.arange(0, 3, 0)
    n = pt.lscalar("n")
    with pytest.raises(ValueError, match="step"):
        evaluate(pt.arange(0, 3, n), {n: np.array(0)})


def test_derivatives_of_arange():
    check_gradient(lambda start, step: pt.arange(start, 3.6, step), [np.array(0.3), np.array(0.7)])
    n = pt.lscalar("n")
    node = pt.arange(n).owner
    assert node.op == ARange("int64")
    assert node.op.connection_pattern(node) == [[True], [False], [True]]


def test_allocs_are_one_op():
    assert pt.alloc == Alloc()
    assert pt.zeros(2).owner.op is pt.alloc
