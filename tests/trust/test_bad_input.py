"""What does not fit is refused by name, and nothing has changed; what fits exactly is taken."""

from __future__ import annotations

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, shared
from pytensorlite.tensor.type import TensorType

x, X, i, n = pt.dvector("x"), pt.dmatrix("X"), pt.lvector("i"), pt.lscalar("n")
POSITIONS = [3, -4, 2**31, 2**32, 2**32 + 1, -(2**32), 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
@pytest.mark.parametrize("position", POSITIONS)
def test_a_failing_index_leaves_everything_as_it_was(position, mode):
    state = shared(np.zeros(3), name="state")
    f = function([x, i], [x[i], x * 2], updates=[(state, state[i].inc(1.0))], mode=mode)
    value, index = np.arange(3.0), np.array([0, position])
    with pytest.raises(IndexError, match=f"{position}.*axis 0.*size 3"):
        f(value, index)
    np.testing.assert_array_equal(state.get_value(), 0)
    np.testing.assert_array_equal(value, [0, 1, 2])
    np.testing.assert_array_equal(index, [0, position])


@pytest.mark.parametrize("position", POSITIONS[2:])
@pytest.mark.parametrize("output", [X[n], X[:, n], X[0, n], X[n].set(1.0)], ids=str)
def test_a_single_index(output, position):
    f = function([X, n], output)
    with pytest.raises(IndexError, match=f"{position}.*size 2"):
        f(np.ones((2, 2)), position)


@pytest.mark.parametrize("length", [2**40, 2**62, 2**31])
@pytest.mark.parametrize(
    "output", [pt.zeros((n, n)), pt.alloc(1.0, n, n, n), pt.eye(n)], ids=["zeros", "alloc", "eye"]
)
def test_no_memory_is_that_large(output, length):
    with pytest.raises(MemoryError):
        function([n], output)(length)


@pytest.mark.parametrize("output", [pt.zeros((n, n)), pt.eye(n)], ids=["zeros", "eye"])
def test_no_length_is_negative(output):
    with pytest.raises(ValueError, match="negative dimensions are not allowed"):
        function([n], output)(-1)


DTYPES = ["bool", "int8", "int16", "int64", "uint8", "uint64", "float16", "float32", "float64"]
NUMBERS = [True, 0, 1, -1, 127, 128, 255, 256, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [*NUMBERS, -(2**63) - 1, 0.5, 1e300, np.int8(3), np.bool_(True)])
def test_a_value_is_taken_exactly_or_not_at_all(number, dtype):
    for value in (number, [number], [[number, number]]):
        kind = TensorType(dtype, (None,) * np.ndim(value))
        try:
            taken = kind.filter(value)
        except TypeError:
            continue
        assert taken.dtype == dtype
        if isinstance(number, float):  # Python floats may lose digits on their way to floatX
            np.testing.assert_allclose(taken, value)
        else:
            assert (taken.astype(object) == np.asarray(value, object)).all()


def test_booleans_are_integers():
    np.testing.assert_array_equal(function([i], i * 2)([True, False]), [2, 0])


ARGUMENTS = {
    "missing": ((np.ones(2),), {}, 'Missing required input: X of the function with name "named"'),
    "too many": ((np.ones(2), np.ones((2, 2)), 3), {}, "takes 2"),
    "rank": ((np.ones(2), np.ones(2)), {}, 'input "X".*expected 2.*got 1'),
    "text": ((np.ones(2), "abc"), {}, 'input "X".*str'),
    "ragged": ((np.ones(2), [[1, [2]]]), {}, 'input "X"'),
    "objects": ((np.ones(2), np.ones((2, 2), object)), {}, 'input "X".*object'),
    "complex": ((np.ones(2), np.ones((2, 2), complex)), {}, 'input "X".*complex128'),
    "None": ((np.ones(2), None), {}, 'input "X".*NoneType'),
    "name": ((np.ones(2),), {"Z": 1}, "Unknown input or state: Z"),
    "masked": ((np.ma.array(np.ones(2)), np.ones((2, 2))), {}, 'input "x".*[Mm]asked'),
}


@pytest.mark.parametrize(("given", "named", "text"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_wrong_arguments_are_named(given, named, text):
    f = function([x, X], x.sum() * X, name="named")
    with pytest.raises(TypeError, match=f"(?s){text}"):
        f(*given, **named)
