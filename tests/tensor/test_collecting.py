"""Scalars and arrays of rank 0, and vectors collected from them."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.basic import MakeVector, ScalarFromTensor, TensorFromScalar
from tests.tensor.tools import check, check_gradient, evaluate


def test_there_and_back():
    s, x = ps.float64("s"), pt.dscalar("x")
    assert evaluate(pt.tensor_from_scalar(s), {s: np.float64(3)}).shape == ()
    number = evaluate(pt.scalar_from_tensor(x), {x: np.array(3.0)})
    assert isinstance(number, np.float64)
    assert pt.scalar_from_tensor(pt.tensor_from_scalar(s)) is s
    check_gradient(lambda v: pt.as_tensor(ps.exp(pt.scalar_from_tensor(v))), [np.array(0.7)])
    with pytest.raises(TypeError, match="rank 0"):
        ScalarFromTensor()(pt.vector("v"))
    with pytest.raises(TypeError, match="scalar variable"):
        TensorFromScalar()(x)


def test_vectors_of_numbers():
    numbers = [np.array(2.0), np.array(3.0)]
    check(MakeVector("float64"), numbers, np.array([2.0, 3.0]))
    check(lambda: MakeVector("int64")(), [], np.array([], dtype="int64"))
    check(lambda x, y: MakeVector("float64")(x, 7, y), numbers, np.array([2.0, 7, 3]))
    check_gradient(MakeVector("float64"), numbers)
    with pytest.raises(TypeError, match="too narrow"):
        MakeVector("int64")(pt.dscalar("x"))
    with pytest.raises(ValueError, match="collects numbers"):
        MakeVector("float64")(pt.dvector("x"))


def test_a_vector_of_integers_has_float_derivatives():
    i = pt.lscalar("i")
    made = MakeVector("int64")(i, i)
    terms = made.owner.op.pullback([i, i], [made], [pt.dvector("g")])
    assert [term.type.dtype for term in terms] == ["float64", "float64"]
