"""From values to variables."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite import config
from pytensorlite.tensor.conversion import as_symbolic
from pytensorlite.tensor.type import TensorType
from tests.tensor.tools import evaluate


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (1, "int8", ()),
        (300, "int16", ()),
        (-70000, "int32", ()),
        (2**40, "int64", ()),
        (2**63, "uint64", ()),
        (1.5, "float32", ()),
        (0.1, "float64", ()),
        (1e300, "float64", ()),
        (float("nan"), "float32", ()),
        (1j, "complex128", ()),
        (np.bool_(True), "bool", ()),
        (np.float32(0.1), "float32", ()),
        ([1, 2], "int64", (2,)),
        ((1, 2.5), "float64", (2,)),
        ([True, False], "bool", (2,)),
        ([], "float64", (0,)),
        ([[]], "float64", (1, 0)),
        (range(3), "int64", (3,)),
        (np.arange(6, dtype="int16").reshape(2, 3)[:, ::-1], "int16", (2, 3)),
    ],
)
def test_constants(value, dtype, shape):
    variable = pt.as_tensor_variable(value)
    assert variable.type == TensorType(dtype, shape)
    np.testing.assert_array_equal(variable.data, np.asarray(value))


def test_bare_floats_follow_float_x():
    with config.change_flags(floatX="float32"):
        assert pt.as_tensor(0.1).type.dtype == "float32"
        assert pt.as_tensor(np.float64(0.1)).type.dtype == "float64"
        assert pt.as_tensor([0.1]).type.dtype == "float64"
        assert (pt.fvector("v") * 0.1).type.dtype == "float32"


def test_numbers_in_formulas_do_not_change_dtypes():
    assert (pt.fvector("v") * 0.5 + 3).type.dtype == "float32"
    assert (pt.bvector("v") + 1).type.dtype == "int8"
    assert (pt.ivector("v") * 2**40).type.dtype == "int64"


@pytest.mark.parametrize("value", [None, "s", b"s", object(), {1: 2}, {1}, slice(None)])
def test_what_is_no_array(value):
    with pytest.raises(NotImplementedError, match="Cannot convert"):
        pt.as_tensor_variable(value)


@pytest.mark.parametrize("value", [True, [None], "a", np.array([object()]), pt.slicetype("s")])
def test_what_should_not_be_an_array(value):
    with pytest.raises((TypeError, NotImplementedError)):
        pt.as_tensor_variable(value)


def test_rank_on_demand():
    assert pt.as_tensor(pt.vector("v"), ndim=3).type.shape == (1, 1, None)
    assert pt.as_tensor(pt.row("r"), ndim=1).type.ndim == 1
    assert pt.as_tensor([[1]], ndim=1).type.shape == (1,)
    assert pt.constant([1], ndim=3).type.shape == (1, 1, 1)
    with pytest.raises(ValueError, match="1 dimensions"):
        pt.as_tensor(pt.matrix("x"), ndim=1)
    with pytest.raises(ValueError, match="1 dimensions"):
        pt.constant([[1], [2]], ndim=1)


def test_variables_stay_what_they_are():
    x = pt.vector("x")
    assert pt.as_tensor_variable(x, name="other") is x
    assert pt.as_tensor(x.sum().owner) is not None
    constant = pt.constant(3)
    assert pt.constant(constant) is constant
    with pytest.raises(TypeError, match="variable"):
        pt.constant(x)


def test_sequences_of_variables():
    a, b = pt.dscalars("a", "b")
    v, w = pt.dvectors("v", "w")
    values = {a: np.array(1.0), b: np.array(2.0), v: np.array([3.0, 4]), w: np.array([5.0, 6])}
    np.testing.assert_array_equal(evaluate(pt.as_tensor([a, b, 7]), values), [1, 2, 7])
    np.testing.assert_array_equal(evaluate(pt.as_tensor((v, w)), values), [[3, 4], [5, 6]])
    nested = pt.as_tensor([[a, 1], [2, b]])
    np.testing.assert_array_equal(evaluate(nested, values), [[1, 1], [2, 2]])
    assert pt.as_tensor([pt.iscalar("i"), a]).type.dtype == "float64"
    assert pt.as_tensor([1, a], dtype="float32").type.dtype == "float32"
    assert pt.as_tensor([ps.int64("n"), 3]).type == TensorType("int64", (2,))
    assert as_symbolic([1, 2], name="pair").name == "pair"


def test_scalar_variables():
    s = ps.float64("s")
    tensor = pt.as_tensor(s)
    assert tensor.type == TensorType("float64", ())
    assert pt.scalar_from_tensor(tensor) is s
    assert pt.as_tensor(ps.constant(3)).data == 3
