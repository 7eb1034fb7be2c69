"""Linear algebra through LAPACK agrees with NumPy and SciPy, in batches too, and fails alike."""

import ctypes

import numpy as np
import pytest

import pytensorlite.tensor as pt
import pytensorlite.tensor.linalg as ptl
from pytensorlite import function, grad
from pytensorlite.tensor.basic import diagonal
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.decomposition.cholesky import CholeskyPullback

SIDES = [0, 1, 5, 40]
BATCHES = [(), (3,), (2, 3), (0,)]
TOLERANCE = {"float32": 2e-3, "float64": 1e-9, "complex64": 2e-3, "complex128": 1e-9}


def general(rng, *shape):
    return rng.normal(size=shape) + 3 * np.eye(*shape[-2:])


def positive(rng, *shape):
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + shape[-1] * np.eye(shape[-1])


def symmetric(rng, *shape):
    x = rng.normal(size=shape)
    return x + np.swapaxes(x, -1, -2) + 5 * np.diag(np.arange(shape[-1]))


def compiled(inputs, outputs):
    """Return the C program and its oracle; nothing in C may run through NumPy."""
    native = function(inputs, outputs, mode="C")
    assert native.fallbacks == []
    return native, function(inputs, outputs, mode="NUMPY")


def assert_same(native, oracle, values, tolerance, what=""):
    expected = oracle(*values)
    found = native(*values)
    if not isinstance(expected, list):
        expected, found = [expected], [found]
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind in "fc" else 1
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def core(name, ndim, dtype, batch):
    return pt.tensor(name, dtype=dtype, shape=(None,) * (len(batch) + ndim))


# -- one matrix in ---------------------------------------------------------------------------------

ONE = {
    "cholesky": (positive, ptl.cholesky),
    "cholesky of the upper triangle": (positive, lambda x: ptl.cholesky(x, lower=False)),
    "cholesky that raises": (positive, lambda x: ptl.cholesky(x, on_error="raise")),
    "inv": (general, ptl.inv),
    "det": (general, ptl.det),
    "slogdet": (general, lambda x: list(ptl.slogdet(x))),
    "lu": (general, ptl.lu),
    "lu with p in l": (general, lambda x: ptl.lu(x, permute_l=True)),
    "lu with numbers": (general, lambda x: ptl.lu(x, p_indices=True)),
    "lu_factor": (general, ptl.lu_factor),
    "eigh": (symmetric, ptl.eigh),
    "eigh of the upper triangle": (symmetric, lambda x: ptl.eigh(x, lower=False)),
    "eigh evd": (symmetric, lambda x: ptl.eigh(x, driver="evd")),
    "eigh ev": (symmetric, lambda x: ptl.eigh(x, driver="ev")),
    "eigvalsh": (symmetric, ptl.eigvalsh),
    "eigvalsh of the upper triangle": (symmetric, lambda x: ptl.eigvalsh(x, lower=False)),
    "diagonal": (general, lambda x: diagonal(x, axis1=-2, axis2=-1)),
}
COMPLEX = {"cholesky", "inv", "det", "slogdet", "lu", "lu_factor", "cholesky of the upper triangle"}


def sample(make, rng, dtype, *shape):
    x = make(rng, *shape)
    if dtype.startswith("complex"):
        y = rng.normal(size=shape) * 0.1
        antisymmetric = y - np.swapaxes(y, -1, -2)
        x = x + 1j * antisymmetric
    return x.astype(dtype)


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ONE)
def test_one_matrix(rng, name, dtype, batch):
    make, build = ONE[name]
    x = core("x", 2, dtype, batch)
    native, oracle = compiled([x], build(x))
    for side in SIDES:
        value = sample(make, rng, dtype, *batch, side, side)
        assert_same(native, oracle, [value], TOLERANCE[dtype], f"side {side}")


@pytest.mark.parametrize("name", ONE)
def test_one_matrix_that_is_transposed_in_the_graph(rng, name):
    make, build = ONE[name]
    x = pt.dtensor3("x")
    native, oracle = compiled([x], build(x.transpose(1, 2, 0)))
    for side in SIDES:
        value = np.ascontiguousarray(np.transpose(make(rng, 2, side, side), (2, 0, 1)))
        assert_same(native, oracle, [value], 1e-9, f"side {side}")


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", sorted(COMPLEX))
def test_one_complex_matrix(rng, name, dtype):
    make, build = ONE[name]
    x = pt.tensor("x", dtype=dtype, shape=(None, None, None))
    native, oracle = compiled([x], build(x))
    for side in SIDES:
        value = sample(make, rng, dtype, 2, side, side)
        assert_same(native, oracle, [value], TOLERANCE[dtype], f"side {side}")


@pytest.mark.parametrize("dtype", ["int64", "bool", "float16"])
def test_other_dtypes_are_converted(rng, dtype):
    x = pt.tensor("x", dtype=dtype, shape=(None, None))
    native, oracle = compiled([x], [ptl.det(x), ptl.inv(x + np.eye(3, dtype=dtype) * 4)])
    assert_same(native, oracle, [np.array([[1, 0, 1], [0, 1, 1], [1, 0, 0]], dtype)], 1e-6)


# -- vectors that are known up to a sign -----------------------------------------------------------

SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (5, 5), (7, 3), (3, 7), (40, 30), (30, 41)]


@pytest.mark.parametrize("batch", [(), (2,)], ids=str)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_svd(rng, dtype, full, batch):
    x = core("x", 2, dtype, batch)
    native, oracle = compiled([x], ptl.svd(x, full_matrices=full))
    values_only, values_oracle = compiled([x], ptl.svd(x, compute_uv=False))
    tolerance = TOLERANCE[dtype]
    for shape in SHAPES:
        value = rng.normal(size=(*batch, *shape)).astype(dtype)
        u, s, vh = native(value)
        k = min(shape)
        assert [v.shape for v in (u, s, vh)] == [v.shape for v in oracle(value)]
        np.testing.assert_allclose(s, oracle(value)[1], rtol=tolerance, atol=tolerance)
        rebuilt = (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]
        np.testing.assert_allclose(rebuilt, value, atol=20 * tolerance)
        for q in (u, np.swapaxes(vh, -1, -2)):
            gram = np.swapaxes(q, -1, -2) @ q
            np.testing.assert_allclose(
                gram, np.broadcast_to(np.eye(q.shape[-1]), gram.shape), atol=tolerance
            )
        assert_same(values_only, values_oracle, [value], tolerance)


@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("mode", ["full", "economic", "r"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_qr(rng, dtype, mode, pivoting):
    x = pt.tensor("x", dtype=dtype, shape=(None, None, None))
    native, oracle = compiled([x], ptl.qr(x, mode=mode, pivoting=pivoting))
    for shape in SHAPES:
        assert_same(
            native,
            oracle,
            [rng.normal(size=(2, *shape)).astype(dtype)],
            TOLERANCE[dtype],
            str(shape),
        )


def test_complex_qr(rng):
    x = pt.zmatrix("x")
    native, oracle = compiled([x], ptl.qr(x))
    assert_same(native, oracle, [rng.normal(size=(5, 4)) + 1j * rng.normal(size=(5, 4))], 1e-9)


# -- equations -------------------------------------------------------------------------------------

RIGHT = [(1, ()), (2, ()), (1, (3,)), (2, (3,)), (2, (2, 3))]


def systems(name, lower=False):
    if name == "triangular":
        return general, lambda a, b, n: ptl.solve_triangular(a, b, lower=lower, b_ndim=n)
    if name == "unit triangular":
        small = lambda rng, *shape: (
            np.tril(0.1 * rng.normal(size=shape)) + np.triu(0.1 * rng.normal(size=shape))
        )
        return small, lambda a, b, n: ptl.solve_triangular(
            a, b, lower=lower, unit_diagonal=True, b_ndim=n
        )
    if name == "turned":
        return general, lambda a, b, n: ptl.solve_triangular(a, b, lower=lower, trans=1, b_ndim=n)
    make = {"pos": positive, "sym": symmetric, "her": symmetric}.get(name, general)
    return make, lambda a, b, n: ptl.solve(a, b, assume_a=name, lower=lower, b_ndim=n)


@pytest.mark.parametrize(("ndim", "batch"), RIGHT, ids=str)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    "name", ["gen", "pos", "sym", "her", "triangular", "unit triangular", "turned"]
)
def test_solve(rng, name, lower, ndim, batch):
    make, build = systems(name, lower)
    a, b = core("a", 2, "float64", batch), core("b", ndim, "float64", batch)
    native, oracle = compiled([a, b], build(a, b, ndim))
    for side in SIDES:
        for columns in [0, 1, 7] if ndim == 2 else [1]:
            left = make(rng, *batch, side, side)
            right = rng.normal(size=(*batch, side, *([columns] if ndim == 2 else [])))
            assert_same(native, oracle, [left, right], 1e-8, f"{side} by {columns}")


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128"])
@pytest.mark.parametrize("name", ["gen", "pos", "sym", "her", "triangular"])
def test_solve_in_other_dtypes(rng, name, dtype):
    make, build = systems(name, lower=True)
    a, b = (pt.tensor(n, dtype=dtype, shape=(None, None)) for n in "ab")
    native, oracle = compiled([a, b], build(a, b, 2))
    for side in SIDES:
        left = sample(make, rng, dtype, side, side)
        if name == "sym" and dtype.startswith("complex"):
            left = left + left.T
        right = rng.normal(size=(side, 3)).astype(dtype)
        assert_same(native, oracle, [left, right], TOLERANCE[dtype], f"side {side}")


@pytest.mark.parametrize("ndim", [1, 2])
def test_solve_with_three_diagonals(rng, ndim):
    a, b = pt.dmatrix("a"), core("b", ndim, "float64", ())
    native, oracle = compiled([a, b], ptl.solve(a, b, assume_a="tridiagonal"))
    for side in SIDES:
        shape = (side,) if ndim == 1 else (side, 3)
        assert_same(native, oracle, [general(rng, side, side), rng.normal(size=shape)], 1e-9)


LAYOUTS = {
    "transposed": lambda x: x.T,
    "offset": lambda x: x[1:, 2:],
    "reversed": lambda x: x[::-1, ::-1],
    "every other": lambda x: x[::2, ::2],
    "rows reversed": lambda x: x[::-1],
}
SAMPLES = {
    "transposed": lambda x: x.T,
    "offset": lambda x: np.pad(x, [(1, 0), (2, 0)], constant_values=np.nan),
    "reversed": lambda x: x[::-1, ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1),
    "rows reversed": lambda x: x[::-1],
}


@pytest.mark.parametrize("of_b", LAYOUTS)
@pytest.mark.parametrize("of_a", LAYOUTS)
def test_layouts_of_equations(rng, of_a, of_b):
    a, b = pt.dmatrices("a", "b")
    matrix, right = LAYOUTS[of_a](a), LAYOUTS[of_b](b)
    outputs = [
        ptl.solve_triangular(matrix, right, lower=True),
        ptl.solve_triangular(matrix, right, trans=1),
        ptl.solve_triangular(matrix, right, lower=True).T @ right,
        ptl.solve(matrix, right),
        ptl.solve(matrix, right).T * 2,
        ptl.solve_triangular(matrix, right[:, 0]),
    ]
    native, oracle = compiled([a, b], outputs)
    for side in (1, 6):
        x, y = general(rng, side, side), rng.normal(size=(side, 4))
        values = [np.ascontiguousarray(SAMPLES[of_a](x)), np.ascontiguousarray(SAMPLES[of_b](y))]
        assert_same(native, oracle, values, 1e-10)


@pytest.mark.parametrize("trans", [0, 1])
@pytest.mark.parametrize("ndim", [1, 2])
def test_solving_with_factors(rng, ndim, trans):
    a, b = pt.dmatrix("a"), core("b", ndim, "float64", ())
    lower = ptl.cholesky(a)
    outputs = [
        ptl.cho_solve((lower, True), b),
        ptl.cho_solve((lower.T, False), b),
        ptl.lu_solve(ptl.lu_factor(a), b, trans=trans),
    ]
    native, oracle = compiled([a, b], outputs)
    for side in SIDES:
        shape = (side,) if ndim == 1 else (side, 3)
        assert_same(native, oracle, [positive(rng, side, side), rng.normal(size=shape)], 1e-9)


def test_batches_broadcast(rng):
    a, b = pt.tensor("a", shape=(None, 1, None, None)), pt.tensor("b", shape=(1, None, None, None))
    outputs = [ptl.solve(a, b, b_ndim=2), ptl.solve_triangular(a, b, b_ndim=2), a @ b]
    native, oracle = compiled([a, b], outputs)
    assert_same(native, oracle, [general(rng, 2, 1, 5, 5), rng.normal(size=(1, 3, 5, 4))], 1e-10)
    c = pt.tensor3("c")
    native, oracle = compiled([a, c], ptl.solve(a, c, b_ndim=2))
    assert_same(native, oracle, [general(rng, 2, 1, 5, 5), rng.normal(size=(3, 5, 4))], 1e-10)


def test_batches_that_do_not_agree():
    a, b = pt.dtensor3("a"), pt.dtensor3("b")
    native, oracle = compiled([a, b], ptl.solve(a, b, b_ndim=2))
    for call in (native, oracle):
        with pytest.raises(ValueError, match="batches do not agree"):
            call(np.ones((2, 3, 3)), np.ones((1, 3, 3)))


def test_pivots_to_permutations(rng):
    p = pt.tensor("p", dtype="int32", shape=(None, None))
    outputs = [ptl.pivot_to_permutation(p), ptl.pivot_to_permutation(p, inverse=True)]
    native, oracle = compiled([p], outputs)
    assert_same(native, oracle, [np.array([[2, 2, 2], [0, 1, 2]], "int32")], 0)
    assert_same(native, oracle, [np.zeros((2, 0), "int32")], 0)
    for call in (native, oracle):
        with pytest.raises(IndexError):
            call(np.array([[3, 0, 0]], "int32"))


def test_block_diagonal(rng):
    a, b, c = pt.dtensor3("a"), pt.fmatrix("b"), pt.lmatrix("c")
    native, oracle = compiled([a, b, c], ptl.block_diag(a, b, c.T))
    for batch, rows in [(2, 3), (0, 1), (1, 0)]:
        values = [
            rng.normal(size=(batch, rows, 2)),
            np.ones((2, 4), "float32"),
            np.ones((1, 2), "int64"),
        ]
        assert_same(native, oracle, values, 0)


@pytest.mark.parametrize("offset", [-6, -1, 0, 2, 6])
def test_diagonals(rng, offset):
    x = pt.dtensor3("x")
    outputs = [
        diagonal(x, offset, 0, 1), diagonal(x, offset, 2, 1), diagonal(x.T, offset, 0, 2) * 2,
        pt.diag(x[0], offset), pt.trace(x, offset, 1, 2), pt.diag(x[0, 0], offset),
        pt.linalg.kron(x[0], x[1]),
    ]  # fmt: skip
    native, oracle = compiled([x], outputs)
    for shape in [(3, 4, 5), (4, 3, 1), (2, 1, 0)]:
        assert_same(native, oracle, [rng.normal(size=shape)], 1e-12)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("batch", [(), (2,)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cholesky_backwards(rng, dtype, batch, lower):
    factor, g = (core(name, 2, dtype, batch) for name in "fg")
    pullback = Blockwise(CholeskyPullback(lower=lower))
    native, oracle = compiled([factor, g], [pullback(factor, g), pullback(factor.mT, g.mT)])
    for side in (0, 1, 5, 32, 33, 64, 100):  # blocks have 32 columns
        root = np.linalg.cholesky(positive(rng, *batch, side, side)).astype(dtype)
        value = root + np.swapaxes(np.tril(root, -1), -1, -2)
        assert_same(
            native, oracle, [value, rng.normal(size=value.shape).astype(dtype)], TOLERANCE[dtype]
        )
    singular = np.ones((*batch, 3, 3), dtype)
    singular[..., 1, 1] = 0
    assert_same(native, oracle, [singular, singular], 0)


# -- what fails ------------------------------------------------------------------------------------

x = pt.dmatrix("x")
SINGULAR = [np.zeros((3, 3)), np.ones((3, 3)), np.arange(9.0).reshape(3, 3), np.zeros((1, 1))]


def outcome(call, *values):
    """Return what a call returns, or the type and text of what it raises."""
    try:
        return call(*values)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("value", SINGULAR, ids=["zeros", "ones", "range", "zero"])
def test_singular_matrices(value):
    b = pt.dvector("b")
    right = np.ones(len(value))
    for name in ("gen", "pos", "sym", "triangular"):
        _, build = systems(name)
        native, oracle = compiled([x, b], build(x, b, 1))
        np.testing.assert_array_equal(native(value, right), oracle(value, right))
    for build in (ptl.det, ptl.slogdet, ptl.cholesky, ptl.lu_factor, ptl.lu):
        built = build(x)
        native, oracle = compiled([x], list(built) if isinstance(built, tuple) else built)
        assert_same(native, oracle, [value], 1e-12)
    native, oracle = compiled([x], ptl.inv(x))
    found, expected = outcome(native, value), outcome(oracle, value)
    assert type(found) is type(expected)
    if isinstance(found, tuple):
        assert found[0] is np.linalg.LinAlgError is expected[0]
        assert found[1].splitlines()[0] == expected[1].splitlines()[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "name", ["eigh", "eigvalsh", "det", "slogdet", "inv", "lu_factor", "cholesky"]
)
def test_matrices_that_are_not_finite(rng, name, bad):
    value = positive(rng, 4, 4)
    value[2, 1] = value[1, 2] = bad
    native, oracle = compiled([x], ONE[name][1](x))
    with np.errstate(all="ignore"):
        found, expected = outcome(native, value), outcome(oracle, value)
    if isinstance(expected, tuple):
        assert found[0] is expected[0]
        assert found[1].splitlines()[0] == expected[1].splitlines()[0]
    elif isinstance(expected, list):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    else:
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


def test_svd_of_nan():
    native, oracle = compiled([x], ptl.svd(x))
    for call in (native, oracle):
        with pytest.raises(np.linalg.LinAlgError, match="SVD did not converge"):
            call(np.full((3, 3), np.nan))


def test_one_bad_matrix_leaves_the_others_of_its_batch(rng):
    a, b = pt.dtensor3("a"), pt.dtensor3("b")
    native, oracle = compiled([a, b], [ptl.cholesky(a), ptl.solve(a, b, b_ndim=2)])
    left = np.stack([positive(rng, 3, 3), -np.ones((3, 3)), positive(rng, 3, 3)])
    assert_same(native, oracle, [left, rng.normal(size=(3, 3, 2))], 1e-10)
    native, _ = compiled([a], ptl.inv(a))
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix") as raised:
        native(left)
    assert "test_linalg.py" in "".join(raised.value.__notes__)


@pytest.mark.parametrize("build", [ptl.cholesky, ptl.inv, ptl.det, ptl.eigh, ptl.lu])
def test_matrices_that_are_not_square(build):
    native, oracle = compiled([x], build(x))
    for call in (native, oracle):
        with pytest.raises(
            np.linalg.LinAlgError, match=r"expected a square matrix, got shape \(2, 3\)"
        ):
            call(np.ones((2, 3)))


def test_a_right_hand_side_that_does_not_fit():
    b = pt.dvector("b")
    for name in ("gen", "triangular"):
        _, build = systems(name)
        native, oracle = compiled([x, b], build(x, b, 1))
        for call in (native, oracle):
            with pytest.raises(ValueError, match="expected 3 rows, got 2"):
                call(np.ones((3, 3)), np.ones(2))


class Array(ctypes.Structure):
    """An input of a program, as the runtime's header has it."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
    )


@pytest.mark.parametrize("build", [ptl.cholesky, ptl.inv, ptl.eigh, ptl.svd, lambda v: v @ v])
def test_lengths_beyond_32_bits_are_refused(build):
    native = function([x], build(x), mode="C").vm
    entry = native.native
    side = (ctypes.c_int64 * 2)(2**31, 2**31)
    sizes, error = (ctypes.c_int64 * entry.n_sizes)(), (ctypes.c_int64 * 7)()
    count = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)(entry.sizes)
    assert count(ctypes.addressof(Array(None, side, side)), sizes, error) == 1
    raised = native.describe_error(error[0], list(error)[1:])
    assert isinstance(raised, ValueError)
    assert "2147483648 elements are too many" in str(raised)


def test_a_failed_check_raises_the_users_exception(rng):
    native, oracle = compiled([x], ptl.cholesky(x, on_error="raise"))
    for call in (native, oracle):
        with pytest.raises(np.linalg.LinAlgError, match="Matrix is not positive definite"):
            call(-np.eye(2))
    nan = np.full((2, 2), np.nan)
    np.testing.assert_array_equal(native(nan), oracle(nan))


# -- derivatives -----------------------------------------------------------------------------------


def log_density(k, y):
    lower = ptl.cholesky(k)
    z = ptl.solve_triangular(lower, y, lower=True)
    return -0.5 * (z**2).sum() - pt.log(diagonal(lower)).sum()


MODELS = {
    "cholesky": log_density,
    "solve and logdet": lambda k, y: -0.5 * (y * ptl.solve(k, y)).sum() - 0.5 * ptl.slogdet(k)[1],
    "solve pos": lambda k, y: (y * ptl.solve(k, y, assume_a="pos", lower=True)).sum(),
    "inverse": lambda k, y: (y @ ptl.inv(k) * y).sum() + pt.log(ptl.det(k)),
    "eigh": lambda k, y: ((y @ ptl.eigh(k)[1]) ** 2 * pt.log(ptl.eigh(k)[0])).sum(),
    "svd": lambda k, y: pt.log(ptl.svd(k, compute_uv=False)).sum() + y.sum(),
    "qr": lambda k, y: pt.log(abs(diagonal(ptl.qr(k, mode="r")))).sum() + y.sum(),
}


@pytest.mark.parametrize("name", MODELS)
def test_values_and_gradients_of_models(rng, name):
    k, y = pt.dmatrix("k"), pt.dvector("y")
    value = MODELS[name](k, y)
    native, oracle = compiled([k, y], [value, *grad(value, [k, y])])
    for side in (1, 4, 30):
        assert_same(native, oracle, [positive(rng, side, side), rng.normal(size=side)], 1e-7)


def test_gradients_of_batches(rng):
    k, y = pt.dtensor3("k"), pt.dmatrix("y")
    lower = ptl.cholesky(k)
    z = ptl.solve_triangular(lower, y, lower=True, b_ndim=1)
    value = (z**2).sum() + pt.log(diagonal(lower, axis1=-2, axis2=-1)).sum()
    native, oracle = compiled([k, y], [value, *grad(value, [k, y])])
    assert_same(native, oracle, [positive(rng, 3, 6, 6), rng.normal(size=(3, 6))], 1e-8)
