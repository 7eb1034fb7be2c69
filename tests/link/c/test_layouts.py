"""Arguments of every layout give the results of contiguous ones, and are never changed."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function


def big_endian(a):
    return a.astype(a.dtype.newbyteorder(">"))


def misaligned(a):
    raw = np.empty(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    assert not view.flags.aligned or a.size == 0
    return view


def read_only(a):
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def strided(a):
    wide = np.zeros((a.shape[0] * 2, a.shape[1] * 3), a.dtype)
    wide[::2, ::3] = a
    return wide[::2, ::3]


LAYOUTS = {
    "contiguous": lambda a: a.copy(),
    "fortran": np.asfortranarray,
    "transposed": lambda a: a.T.copy().T,
    "strided": strided,
    "negative rows": lambda a: a[::-1].copy()[::-1],
    "negative columns": lambda a: a[:, ::-1].copy()[:, ::-1],
    "zero stride": lambda a: np.broadcast_to(a[:1, :1], a.shape),
    "big endian": big_endian,
    "misaligned": misaligned,
    "read only": read_only,
    "offset": lambda a: np.concatenate([a[:1], a])[1:],
    "subclass": lambda a: a.view(type("Sub", (np.ndarray,), {})),
    "list": lambda a: a.tolist() if a.size else a,
}

X, Y = pt.dmatrix("X"), pt.dmatrix("Y")
EXPRESSIONS = {
    "elementwise": pt.exp(X) * Y + 1,
    "transpose": X.T + 1,
    "row sums": X.sum(axis=1),
    "column maxima": (X * Y).sum(axis=0),
    "matrix product": pt.dot(X, Y.T),
    "vector product": pt.dot(X, Y[0]),
    "slice": X[1:, ::-1] * 2,
    "set": pt.set_subtensor(X[0], 7.0),
    "join": pt.concatenate([X, Y], axis=1),
    "gather": X[pt.constant(np.array([1, 0, 1]))],
    "softmax": pt.special.softmax(X, axis=1),
    "cumulative": pt.cumsum(X, axis=0),
    "argmax": pt.argmax(X, axis=1),
    "reshape": X.reshape((-1,)),
}


@pytest.fixture(scope="module")
def compiled():
    return function([X, Y], list(EXPRESSIONS.values()), on_unused_input="ignore")


@pytest.fixture(scope="module")
def reference():
    return function([X, Y], list(EXPRESSIONS.values()), mode="NUMPY", on_unused_input="ignore")


@pytest.mark.parametrize("shape", [(3, 4), (2, 1), (5, 7)], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(compiled, reference, layout, shape, rng):
    x = rng.normal(size=shape)
    y = rng.normal(size=shape)
    x = np.broadcast_to(x[:1, :1], shape).copy() if layout == "zero stride" else x
    argument = LAYOUTS[layout](x)
    before = np.array(argument, copy=True)
    found = compiled(argument, y)
    expected = reference(x, y)
    for name, a, b in zip(EXPRESSIONS, found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13, err_msg=name)
        assert a.flags.c_contiguous
        assert a.flags.writeable
    np.testing.assert_array_equal(np.asarray(argument), before)


def test_the_whole_is_one_program(compiled):
    assert not compiled.fallbacks


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0)], ids=str)
def test_empty_arrays(shape):
    outputs = [pt.exp(X) * Y, X.sum(axis=0), X.sum(axis=1), X.T, pt.dot(X, Y.T), X.sum()]
    f, g = (function([X, Y], outputs, mode=mode) for mode in ("FAST_RUN", "NUMPY"))
    x = np.ones(shape)
    for a, b in zip(f(x, x), g(x, x), strict=True):
        assert a.shape == b.shape
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("expression", "arguments", "error", "text"),
    [
        (X + Y, (np.ones((2, 3)), np.ones((2, 4))), ValueError, "3.*4|4.*3"),
        (pt.dot(X, Y), (np.ones((2, 3)), np.ones((2, 3))), ValueError, "3.*2|2.*3"),
        (X.max(axis=0), (np.ones((0, 3)), np.ones((0, 3))), ValueError, "zero-size"),
        (X[5], (np.ones((2, 3)), np.ones((2, 3))), IndexError, "5.*2"),
        (pt.concatenate([X, Y]), (np.ones((2, 3)), np.ones((2, 4))), ValueError, "3.*4"),
        (X.reshape((4, 4)), (np.ones((2, 3)), np.ones((2, 3))), ValueError, "reshape"),
    ],
    ids=["add", "dot", "max of nothing", "index", "join", "reshape"],
)
@pytest.mark.parametrize("mode", ["FAST_RUN", "NUMPY"])
def test_shapes_that_do_not_fit(expression, arguments, error, text, mode):
    f = function([X, Y], expression, mode=mode, on_unused_input="ignore")
    copies = [a.copy() for a in arguments]
    with pytest.raises(error, match=text) as caught:
        f(*arguments)
    assert any("test_layouts.py" in note for note in caught.value.__notes__)
    for a, b in zip(arguments, copies, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint64", "int8"])
@pytest.mark.parametrize("position", [3, -4, 2**31, 2**40])
def test_an_index_out_of_range_is_named(dtype, position):
    if not np.iinfo(dtype).min <= position <= np.iinfo(dtype).max:
        pytest.skip("the dtype does not hold the position")
    index, x = pt.tensor(dtype=dtype, shape=(None,)), pt.dvector("x")
    f = function([x, index], x[index])
    with pytest.raises(IndexError, match=f"{position}.*axis 0.*size 3"):
        f(np.arange(3.0), np.array([0, position], dtype))
