"""`TensorType`, and the functions that make variables in one word."""

import pickle

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite import config
from pytensorlite.tensor import type as types
from pytensorlite.tensor.type import TensorType

MATRIX = TensorType("float64", (None, 3))


def test_a_type_is_its_dtype_and_its_shape():
    assert TensorType("float32", (3, 2), name="named") == TensorType(np.float32, [3, 2])
    assert hash(TensorType("float32", (3, 2), name="named")) == hash(TensorType("f4", (3, 2)))
    assert TensorType("float32", (3, 2)) != TensorType("float32", (3, None))
    assert TensorType("float64", (None,)) != TensorType("float32", (None,))
    assert MATRIX.broadcastable == (False, False)
    assert TensorType("int8", (1, None)).broadcastable == (True, False)
    assert TensorType("floatX", ()).dtype == config.floatX
    assert TensorType(">f8", ()).dtype == "float64"
    assert TensorType("float64", 3).shape == (3,)
    assert TensorType("float64", broadcastable=(True, False)).shape == (1, None)
    assert pickle.loads(pickle.dumps(MATRIX)) == MATRIX


def test_how_a_type_prints():
    assert repr(MATRIX) == "TensorType(float64, shape=(None, 3))"
    assert str(MATRIX) == "Matrix(float64, shape=(?, 3))"
    assert str(TensorType("int8", (1,))) == "Vector(int8, shape=(1,))"
    assert str(TensorType("int8", ())) == "Scalar(int8, shape=())"
    assert str(TensorType("int8", (1, 2, 3))) == "Tensor3(int8, shape=(1, 2, 3))"
    assert str(TensorType("int8", (), name="age")) == "age"


@pytest.mark.parametrize("dtype", ["foo", "O", "str", "datetime64[s]", "longdouble", None])
def test_unknown_dtypes(dtype):
    with pytest.raises(TypeError):
        TensorType(dtype, ())


def test_impossible_shapes():
    with pytest.raises(TypeError, match="shape"):
        TensorType("float64")
    for shape in ((2.5,), ("x",), (-1,)):
        with pytest.raises(ValueError, match="length"):
            TensorType("float64", shape)
    with pytest.raises(ValueError, match="symbolic"):
        TensorType("float64", (pt.lscalar("n"),))


def test_more_and_less_exact_types():
    exact = TensorType("float64", (2, 3))
    assert MATRIX.is_super(exact)
    assert MATRIX.is_super(MATRIX)
    assert not exact.is_super(MATRIX)
    assert not MATRIX.is_super(TensorType("float32", (2, 3)))
    assert not MATRIX.is_super(TensorType("float64", (3,)))
    assert not MATRIX.is_super(ps.float64)
    assert MATRIX.in_same_class(exact)
    assert not MATRIX.in_same_class(TensorType("float64", (1, 3)))
    assert MATRIX.clone(dtype="int8") == TensorType("int8", (None, 3))
    assert MATRIX.clone(shape=(1,)) == TensorType("float64", (1,))
    assert MATRIX.to_scalar_type() == ps.float64


def test_a_variable_in_the_place_of_another():
    exact = pt.tensor("x", dtype="float64", shape=(2, 3))
    assert MATRIX.filter_variable(exact) is exact
    assert MATRIX.filter_variable(pt.dmatrix("x")).type == MATRIX
    assert MATRIX.filter_variable(np.zeros((2, 3))).type.shape == (2, 3)
    for other in (pt.dvector("v"), pt.fmatrix("x"), pt.tensor("x", shape=(2, 4)), ps.float64("s")):
        with pytest.raises(TypeError, match="convert"):
            MATRIX.filter_variable(other)
    with pytest.raises(TypeError):
        MATRIX.filter_variable(pt.dmatrix("x"), allow_convert=False)
    with pytest.raises(TypeError):
        MATRIX.filter_variable(np.zeros((2, 4)))


def test_memory():
    array = np.zeros((4, 3))
    assert MATRIX.may_share_memory(array, array[1:])
    assert not MATRIX.may_share_memory(array, np.zeros((4, 3)))
    assert MATRIX.get_size(MATRIX.get_shape_info(array)) == array.nbytes


def test_variables_in_one_word():
    assert pt.scalar("a").type == TensorType("float64", ())
    assert pt.vector("v", dtype="int8", shape=(3,)).type == TensorType("int8", (3,))
    assert pt.matrix("x").type.shape == (None, None)
    assert pt.row("r").type.shape == (1, None)
    assert pt.col("c").type.shape == (None, 1)
    assert pt.tensor5("t").type.ndim == 5
    assert pt.tensor("t", shape=(2, None), dtype="float32").type == TensorType("float32", (2, None))
    assert pt.tensor("t", broadcastable=(True,)).type.shape == (1,)
    assert pt.dvector("v", shape=(3,)).type.shape == (3,)
    assert pt.zmatrix("z").type.dtype == "complex128"
    assert pt.vector("v").name == "v"
    with config.change_flags(floatX="float32"):
        assert pt.vector("v").type.dtype == "float32"


@pytest.mark.parametrize(
    "make",
    [
        lambda: pt.vector("v", shape=(None, None)),
        lambda: pt.row("r", shape=(2, 3)),
        lambda: pt.col("c", shape=(2, 3)),
        lambda: pt.tensor3("t", shape=(2,)),
        lambda: pt.dcol("c", shape=(2, 3)),
        lambda: pt.tensor("float64", shape=()),
    ],
)
def test_contradictory_shorthands(make):
    with pytest.raises(ValueError):
        make()


def test_plurals():
    a, b = pt.scalars("a", "b")
    assert (a.name, b.name) == ("a", "b")
    assert [v.type for v in pt.dvectors(2)] == [pt.dvector, pt.dvector]
    assert pt.matrices() == []
    assert [v.type.dtype for v in pt.ztensor7s("p", "q")] == ["complex128"] * 2


@pytest.mark.parametrize(
    ("letter", "dtype"),
    [
        ("b", "int8"),
        ("w", "int16"),
        ("i", "int32"),
        ("l", "int64"),
        ("f", "float32"),
        ("d", "float64"),
        ("c", "complex64"),
        ("z", "complex128"),
    ],
)
def test_each_letter_is_a_dtype(letter, dtype):
    shapes = {"scalar": (), "vector": (None,), "row": (1, None), "col": (None, 1)}
    for name, shape in shapes.items():
        assert getattr(pt, letter + name) == TensorType(dtype, shape)
    for ndim in range(3, 8):
        assert getattr(pt, f"{letter}tensor{ndim}") == TensorType(dtype, (None,) * ndim)


def test_public_names_are_sorted_and_there():
    assert sorted(types.__all__) == list(types.__all__)
    assert all(hasattr(types, name) for name in types.__all__)
