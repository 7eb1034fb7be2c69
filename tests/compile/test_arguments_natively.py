"""What the native road takes without entering Python is what the general road would make of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function

FUNCTIONS = {
    dtype: {
        0: function([s := pt.scalar("s", dtype=dtype)], [s], mode="C"),
        1: function([v := pt.vector("v", dtype=dtype)], [v], mode="C"),
        2: function([m := pt.matrix("m", dtype=dtype)], [m], mode="C"),
    }
    for dtype in ("float64", "float32", "int64")
}
INTEGERS = ["bool", "int8", "uint8", "int32", "uint32", "int64", "uint64"]
DTYPES = [*INTEGERS, "float16", "float32", "float64", "complex64"]


def outcome(call):
    try:
        (found,) = call()
    except TypeError:
        return "refused"
    return found


def check(dtype, rank, value):
    f = FUNCTIONS[dtype][rank]
    natively, generally = outcome(lambda: f(value)), outcome(lambda: f.call_generally(value))
    if isinstance(generally, str):
        assert isinstance(natively, str)
        return
    assert natively.dtype == generally.dtype
    assert natively.tobytes() == generally.tobytes()


NUMBERS = [0, 1, -1, True, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, -(2**63), 0.5, -0.0, 0.1, 1e300,
           float("inf"), float("nan"), 1j]  # fmt: skip


@pytest.mark.parametrize("dtype", FUNCTIONS)
@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_numbers(dtype, number):
    check(dtype, 0, number)
    check(dtype, 1, [number])
    check(dtype, 1, [1.0, number, 2])


@pytest.mark.parametrize("dtype", FUNCTIONS)
@pytest.mark.parametrize("given", DTYPES)
@pytest.mark.parametrize("number", [0, 1, 3.5, -2, 2.0**53 + 2], ids=str)
def test_scalars_and_arrays_of_every_dtype(dtype, given, number):
    with np.errstate(all="ignore"):
        scalar = np.array(number).astype(given)
    check(dtype, 0, scalar[()])
    check(dtype, 0, scalar)
    check(dtype, 1, np.full(3, scalar))


@given(
    dtype=st.sampled_from(sorted(FUNCTIONS)),
    given=st.sampled_from(DTYPES),
    shape=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    order=st.sampled_from("<>"),
    layout=st.sampled_from(["C", "F", "part", "back", "spread", "apart"]),
)
def test_arrays_in_any_layout(dtype, given, shape, order, layout):
    rows, columns = shape
    whole = (np.arange(4 * (rows + 1) * (columns + 1)) % 2).reshape(2 * rows + 2, 2 * columns + 2)
    whole = whole.astype(np.dtype(given).newbyteorder(order))
    value = {
        "C": np.ascontiguousarray(whole[:rows, :columns]),
        "F": np.asfortranarray(whole[:rows, :columns]),
        "part": whole[:rows, :columns],
        "back": whole[:rows, :columns][::-1, ::-1],
        "spread": np.broadcast_to(whole[0, :columns], (rows, columns)),
        "apart": whole[: 2 * rows : 2, : 2 * columns : 2],
    }[layout]
    check(dtype, 2, value)


def test_a_bool_is_an_integer():
    f = function([i := pt.lscalar("i"), x := pt.dvector("x")], x[i], mode="C")
    assert f(True, [1.0, 2.0]) == 2


def test_wrong_ranks_and_empty_lists():
    for value in ([], [[1.0]], [[]], 1.0):
        check("float64", 1, value)
    with pytest.raises(TypeError, match="dimensions"):
        FUNCTIONS["float64"][1](np.ones((2, 2), "float32"))
