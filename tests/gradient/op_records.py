"""One record, or a few, for each op class of the library that is not elementwise.

A record gives a function that uses the op and the shapes of its arguments, several sets of them:
lengths 1 and 0 are among them wherever the op has a meaning there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import pytensorlite.tensor as pt
from pytensorlite.compile.builders import OpFromGraph
from pytensorlite.gradient import grad_scale
from pytensorlite.ifelse import ifelse
from pytensorlite.printing import Print
from pytensorlite.raise_op import Assert
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.cumulative import LinearRecurrence
from pytensorlite.tensor.linalg.decomposition.cholesky import CholeskyPullback
from pytensorlite.tensor.shape import shape_i


def normal(rng, shape):
    """Numbers of either sign, none of them close to another or to zero."""
    size = int(np.prod(shape))
    steps = (np.arange(size) + 0.5) / max(size, 1) * 4 - 2
    return rng.permutation(steps + rng.uniform(-0.1, 0.1, size) / max(size, 1)).reshape(shape)


def positive(rng, shape):
    return rng.uniform(0.5, 1.5, shape)


def positive_definite(rng, shape):
    root = rng.normal(size=shape)
    return root @ np.swapaxes(root, -1, -2) + 3 * np.eye(shape[-1])


def well_conditioned(rng, shape):
    if len(shape) < 2 or shape[-1] != shape[-2]:
        return rng.normal(size=shape)
    return rng.normal(size=shape) + 3 * np.eye(shape[-1])


@dataclass(frozen=True)
class OpRecord:
    """A function that uses an op, and where to differentiate it; `wide` ops know no float16."""

    f: Callable
    shapes: tuple[tuple[tuple[int, ...], ...], ...]
    draw: Callable = normal
    order: int = 2
    tolerance: float = 2e-5
    wide: bool = False


def of(f, *shapes, **facts):
    """Return a record; a set of shapes for one argument may be given without its tuple."""
    sets = tuple(s if s and isinstance(s[0], tuple) else (s,) for s in shapes)
    return OpRecord(f, sets, **facts)


VECTORS = ((3,), (1,), (0,))
MATRICES = ((2, 3), (1, 3), (3, 1), (1, 1), (0, 3), (3, 0))
SQUARES = ((3, 3), (1, 1), (0, 0))
BATCHES = (*SQUARES, (2, 3, 3), (0, 2, 2))
INDEX = np.array([0, 2, 0])


def symmetric(x):
    """Return a symmetric matrix: what a factorisation that reads one triangle expects."""
    return (x + pt.moveaxis(x, -1, -2)) / 2


def qr(x):
    """Return the factors of which the derivative is determined."""
    return pt.linalg.qr(x, mode="economic")


def silent(op, value):
    """Print nothing."""


def from_graph(x, y):
    """Return an op made of a graph, applied."""
    a, b = x.type(), y.type()
    return OpFromGraph([a, b], [pt.sin(a) * b])(x, y)


OP_RECORDS = {
    "Elemwise": {"broadcast": of(lambda x, y: x * y, ((2, 1), (1, 3)), ((0, 1), (1, 3)))},
    "DimShuffle": {
        "transpose": of(lambda x: x.T, *MATRICES),
        "expand": of(lambda x: x.dimshuffle("x", 1, 0, "x"), *MATRICES),
        "drop": of(lambda x: x.squeeze(1) ** 2, (3, 1), (1, 1), (0, 1)),
    },
    "Sum": {
        "all": of(lambda x: (x**2).sum(), *MATRICES),
        "axis 0": of(lambda x: (x**2).sum(axis=0), *MATRICES),
        "axis -1": of(lambda x: (x**2).sum(axis=-1, keepdims=True), *MATRICES),
        "mean": of(lambda x: (x**2).mean(axis=1), (2, 3), (1, 1), (0, 3), wide=True),
        "var": of(lambda x: x.var(axis=0), (2, 3), (3, 1), (3, 0), wide=True),
    },
    "Prod": {
        "all": of(lambda x: pt.prod(x), *MATRICES),
        "axis 1": of(lambda x: pt.prod(x, axis=1), *MATRICES),
    },
    "Max": {
        "all": of(lambda x: pt.max(x) ** 2, (2, 3), (1, 1)),
        "axis 0": of(lambda x: pt.max(x, axis=0) ** 2, (2, 3), (1, 3), (3, 0)),
    },
    "Min": {
        "all": of(lambda x: pt.min(x) ** 2, (2, 3), (1, 1)),
        "axis 0": of(lambda x: pt.min(x, axis=0) ** 2, (2, 3), (1, 3), (3, 0)),
    },
    "Dot": {
        "vectors": of(pt.dot, ((3,), (3,)), ((1,), (1,)), ((0,), (0,))),
        "matrix vector": of(pt.dot, ((2, 3), (3,)), ((1, 1), (1,)), ((2, 0), (0,))),
        "vector matrix": of(pt.dot, ((3,), (3, 2)), ((1,), (1, 1)), ((0,), (0, 2))),
        "matrices": of(pt.dot, ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((2, 0), (0, 3))),
        "tensordot": of(lambda x, y: pt.tensordot(x, y, axes=[[1], [0]]), ((2, 3), (3, 4))),
    },
    "Blockwise": {
        "matmul": of(
            pt.matmul, ((2, 2, 3), (2, 3, 1)), ((2, 2, 3), (3, 2)), ((0, 2, 3), (0, 3, 2))
        ),
    },
    "Shape": {"value": of(lambda x: x * pt.cast(x.shape[0], x.dtype), *VECTORS)},
    "Shape_i": {"value": of(lambda x: x * pt.cast(shape_i(x, 0), x.dtype), *VECTORS)},
    "SpecifyShape": {"vector": of(lambda x: pt.specify_shape(x, (3,)) ** 2, (3,))},
    "Reshape": {
        "flatten": of(lambda x: x.reshape((-1,)) ** 2, *MATRICES[:4]),
        "split": of(lambda x: x.reshape((2, 3)) ** 2, (6,)),
        "expand": of(lambda x: x.reshape((x.shape[0], 1)) ** 2, *VECTORS),
    },
    "Alloc": {
        "scalar": of(lambda x: pt.alloc(x, 2, 3) ** 2, ()),
        "vector": of(lambda x: pt.alloc(x, 2, x.shape[0]) ** 2, *VECTORS),
        "length one": of(lambda x: pt.alloc(x, 2, 4) ** 2, (1,), (2, 1), (1, 4)),
    },
    "MakeVector": {"three": of(lambda x, y: pt.stack([x, y, x * y]), ((), ()))},
    "Join": {
        "axis 0": of(
            lambda x, y: pt.concatenate([x, y, x]) ** 2, ((2, 3), (1, 3)), ((0, 3), (1, 3))
        ),
        "axis 1": of(
            lambda x, y: pt.concatenate([x, y], axis=1) ** 2, ((2, 3), (2, 1)), ((0, 2), (0, 1))
        ),
    },
    "Split": {
        "two": of(lambda x: pt.split(x, [1, 2], n_splits=2)[1] ** 2, (3,), (3, 2), (3, 0)),
        "both": of(lambda x: (lambda a, b: a.sum() * b)(*pt.split(x, [1, 2], n_splits=2)), (3,)),
    },
    "TensorFromScalar": {
        "there and back": of(lambda x: pt.tensor_from_scalar(pt.scalar_from_tensor(x) * 2) ** 2, ())
    },
    "ScalarFromTensor": {
        "there and back": of(lambda x: pt.tensor_from_scalar(pt.scalar_from_tensor(x) * 2) ** 2, ())
    },
    "Choose": {"rows": of(lambda x: pt.choose(INDEX % 2, x) ** 2, (2, 3))},
    "Subtensor": {
        "element": of(lambda x: x[1] ** 2, (3,), (3, 2)),
        "slice": of(lambda x: x[1:] ** 2, *VECTORS),
        "reverse": of(lambda x: x[::-1] * x, *VECTORS),
        "step": of(lambda x: x[::2, -1] ** 2, (3, 2), (1, 1)),
        "symbolic": of(lambda x: x[x.shape[0] // 2 :] ** 2, *VECTORS),
    },
    "IncSubtensor": {
        "set": of(lambda x, y: pt.set_subtensor(x[1:], y**2) ** 2, ((3,), (2,)), ((1,), (0,))),
        "increment": of(lambda x, y: pt.inc_subtensor(x[:2], y**2) ** 2, ((3,), (2,))),
        "broadcast": of(lambda x, y: pt.set_subtensor(x[1:], y**2) ** 2, ((3,), ()), ((3, 2), ())),
        "length one": of(lambda x, y: pt.inc_subtensor(x[1:], y**2) ** 2, ((3,), (1,))),
    },
    "AdvancedSubtensor1": {
        "repeated": of(lambda x: x[INDEX] ** 2, (3,), (3, 2), (3, 0)),
        "none": of(lambda x: x[np.zeros(0, dtype="int64")] ** 2, (3,), (3, 2)),
    },
    "AdvancedIncSubtensor1": {
        "set": of(
            lambda x, y: pt.set_subtensor(x[[0, 2]], y**2) ** 2, ((3,), (2,)), ((3, 2), (2, 2))
        ),
        "increment repeated": of(
            lambda x, y: pt.inc_subtensor(x[INDEX], y**2) ** 2, ((3,), (3,)), ((3, 2), (3, 2))
        ),
        "broadcast": of(lambda x, y: pt.inc_subtensor(x[INDEX], y**2) ** 2, ((3,), ())),
    },
    "AdvancedSubtensor": {
        "two indices": of(lambda x: x[INDEX, [1, 0, 1]] ** 2, (3, 2)),
        "index and slice": of(lambda x: x[:, INDEX] ** 2, (2, 3), (0, 3), (1, 3)),
        "matrix of indices": of(lambda x: x[np.array([[0, 1], [2, 0]])] ** 2, (3,), (3, 2)),
        "mask": of(lambda x: x[np.array([True, False, True])] ** 2, (3,), (3, 2)),
        "take along axis": of(
            lambda x: pt.take_along_axis(x, np.array([[0, 0], [1, 1]]), axis=1) ** 2, (2, 3)
        ),
    },
    "AdvancedIncSubtensor": {
        "set": of(lambda x, y: pt.set_subtensor(x[[0, 2], [1, 0]], y**2) ** 2, ((3, 2), (2,))),
        "increment repeated": of(
            lambda x, y: pt.inc_subtensor(x[INDEX, [1, 0, 1]], y**2) ** 2, ((3, 2), (3,))
        ),
        "columns": of(
            lambda x, y: pt.inc_subtensor(x[:, INDEX], y**2) ** 2, ((2, 3), (2, 3)), ((2, 3), (3,))
        ),
    },
    "CumOp": {
        "sum": of(lambda x: pt.cumsum(x**2, axis=0), *VECTORS, (2, 3)),
        "sum flat": of(lambda x: pt.cumsum(x**2), (2, 3), (0, 2)),
        "product": of(lambda x: pt.cumprod(x, axis=0), *VECTORS, (3, 2)),
    },
    "Repeat": {
        "number": of(lambda x: pt.repeat(x, 3, axis=0) ** 2, *VECTORS, (2, 3)),
        "each": of(lambda x: pt.repeat(x, np.array([1, 0, 2]), axis=0) ** 2, (3,), (3, 2)),
    },
    "Softmax": {
        "axis": of(lambda x: pt.special.softmax(x, axis=-1), *MATRICES[:5]),
        "all": of(lambda x: pt.special.softmax(x, axis=None), (2, 3), (1, 1)),
    },
    "LogSoftmax": {
        "axis": of(lambda x: pt.special.log_softmax(x, axis=-1), *MATRICES[:5]),
        "all": of(lambda x: pt.special.log_softmax(x, axis=None), (2, 3), (1, 1)),
    },
    "Cholesky": {
        "lower": of(lambda x: pt.linalg.cholesky(symmetric(x)), *BATCHES, draw=positive_definite),
        "upper": of(
            lambda x: pt.linalg.cholesky(symmetric(x), lower=False),
            (3, 3),
            draw=positive_definite,
            wide=True,
        ),
    },
    "CholeskyPullback": {
        "lower": of(
            lambda factor, g: Blockwise(CholeskyPullback())(pt.tril(factor), g),
            *(((n, n), (n, n)) for n in range(4)),
            ((2, 3, 3), (3, 3)),
            draw=well_conditioned,
            wide=True,
        ),
        "upper": of(
            lambda factor, g: CholeskyPullback(lower=False)(pt.triu(factor), g),
            ((3, 3), (3, 3)),
            draw=well_conditioned,
            wide=True,
        ),
    },
    "MatrixInverse": {"inverse": of(pt.linalg.inv, *BATCHES, draw=well_conditioned, wide=True)},
    "MatrixPinv": {
        "pseudo inverse": of(pt.linalg.pinv, (3, 2), (2, 2), draw=well_conditioned, wide=True)
    },
    "Det": {"determinant": of(pt.linalg.det, *BATCHES, draw=well_conditioned, wide=True)},
    "SLogDet": {
        "logarithm": of(
            lambda x: pt.linalg.slogdet(x)[1], *BATCHES, draw=well_conditioned, wide=True
        )
    },
    "Solve": {
        "vector": of(
            lambda a, b: pt.linalg.solve(a, b, b_ndim=1),
            ((3, 3), (3,)),
            ((1, 1), (1,)),
            draw=well_conditioned,
            wide=True,
        ),
        "matrix": of(
            lambda a, b: pt.linalg.solve(a, b, b_ndim=2),
            ((3, 3), (3, 2)),
            ((0, 0), (0, 2)),
            draw=well_conditioned,
            wide=True,
        ),
        "positive definite": of(
            lambda a, b: pt.linalg.solve(symmetric(a), b, assume_a="pos", b_ndim=1),
            ((3, 3), (3,)),
            draw=lambda rng, shape: (
                positive_definite(rng, shape) if len(shape) == 2 else rng.normal(size=shape)
            ),
            wide=True,
        ),
    },
    "SolveTriangular": {
        "lower": of(
            lambda a, b: pt.linalg.solve_triangular(a, b, lower=True, b_ndim=1),
            ((3, 3), (3,)),
            ((1, 1), (1,)),
            draw=well_conditioned,
            wide=True,
        ),
        "upper": of(
            lambda a, b: pt.linalg.solve_triangular(a, b, lower=False, b_ndim=2),
            ((3, 3), (3, 2)),
            ((0, 0), (0, 2)),
            draw=well_conditioned,
            wide=True,
        ),
    },
    "Eigh": {
        "values": of(lambda x: pt.linalg.eigh(symmetric(x))[0], (3, 3), (1, 1)),
        "projection": of(
            lambda x: pt.linalg.eigh(symmetric(x))[1][:, 0] ** 2, (3, 3), (1, 1), tolerance=1e-4
        ),
    },
    "ExtractDiag": {
        "main": of(lambda x: pt.diagonal(x) ** 2, *SQUARES, (2, 3)),
        "offset": of(lambda x: pt.diagonal(x, offset=1) ** 2, (3, 3), (2, 3)),
        "batch": of(lambda x: pt.diagonal(x, axis1=1, axis2=2) ** 2, (2, 3, 3), (0, 2, 2)),
    },
    "GradScale": {"one": of(lambda x: grad_scale(x, 1.0) ** 2, *VECTORS)},
    "Assert": {"assert": of(lambda x: Assert("positive")(x, pt.all(x > -9)) ** 2, *VECTORS)},
    "LinearRecurrence": {
        "both": of(
            lambda a, b: LinearRecurrence(0)(a, b), ((3,), (3,)), ((0,), (0,)), ((3, 2), (3, 2))
        )
    },
    "SortOp": {
        "vector": of(lambda x: pt.sort(x) ** 2, *VECTORS),
        "rows": of(lambda x: pt.sort(x, axis=0) ** 2, *MATRICES),
        "median": of(lambda x: pt.median(x, axis=1) ** 2, (2, 3), (2, 4)),
    },
    "Level": {
        "logsumexp": of(lambda x: pt.logsumexp(x, axis=-1), (2, 3), (1, 1), (0, 3)),
        "all": of(lambda x: pt.logsumexp(x), (2, 3), (1,)),
    },
    "FillDiagonal": {
        "number": of(lambda x, y: pt.fill_diagonal(x, y) ** 2, ((3, 3), ()), ((2, 3), ()))
    },
    "FillDiagonalOffset": {
        "above": of(lambda x, y: pt.fill_diagonal_offset(x, y, 1) ** 2, ((3, 3), ()), ((2, 3), ()))
    },
    "BlockDiagonal": {
        "two": of(lambda x, y: pt.linalg.block_diag(x, y) ** 2, ((2, 3), (1, 1)), ((0, 2), (2, 1)))
    },
    "Expm": {"exponential": of(pt.linalg.expm, (3, 3), (1, 1), (0, 0), order=1, wide=True)},
    "Eigvalsh": {"values": of(lambda x: pt.linalg.eigvalsh(x), (3, 3), (1, 1), wide=True)},
    "Print": {"silent": of(lambda x: Print(global_fn=silent)(x) ** 2, *VECTORS)},
    "QR": {
        "upper": of(lambda x: qr(x)[1], (3, 3), (4, 2), (1, 1), draw=well_conditioned, wide=True),
        "orthogonal": of(lambda x: qr(x)[0], (3, 3), (4, 2), draw=well_conditioned, wide=True),
    },
    "SVD": {
        "values": of(lambda x: pt.linalg.svd(x, compute_uv=False), (3, 2), (2, 2), wide=True),
        "vectors": of(
            lambda x: pt.linalg.svd(x, full_matrices=False)[0][:, 0] ** 2,
            (2, 2),
            (3, 2),
            tolerance=1e-4,
            wide=True,
        ),
    },
    "LU": {
        "factors": of(
            lambda x: (lambda p, low, up: low + up)(*pt.linalg.lu(x)),
            (3, 3),
            (1, 1),
            draw=well_conditioned,
            wide=True,
        )
    },
    "LUFactor": {
        "factors": of(
            lambda x: pt.linalg.lu_factor(x)[0], (3, 3), (1, 1), draw=well_conditioned, wide=True
        )
    },
    "Lstsq": {
        "solution": of(
            lambda a, b: pt.linalg.lstsq(a, b)[0],
            ((3, 2), (3,)),
            ((2, 2), (2, 3)),
            draw=well_conditioned,
            wide=True,
        )
    },
    "IfElse": {
        "branches": of(lambda x, y: ifelse(x[0] > -9, x**2 * y, y), ((3,), (3,)), ((1,), (1,)))
    },
    "OpFromGraph": {"two inputs": of(from_graph, ((3,), (3,)), ((0,), (0,)))},
}

#: Op classes without a derivative to test by differences, and why.
NO_DERIVATIVE = {
    "AddDot": "made by a rewrite, after differentiation",
    "ARange": "numbers by position: steps are declared undefined",
    "All": "truth values",
    "AllocEmpty": "values that nobody wrote",
    "Any": "truth values",
    "ArgSortOp": "indices",
    "Argmax": "indices",
    "BaseSubtensor": "base class",
    "CAReduce": "base class of the named reductions; others are tested below",
    "CheckAndRaise": "base class of Assert",
    "DeepCopyOp": "made by the compiler",
    "DisconnectedGrad": "steers the gradient: test_views.py",
    "Eig": "not implemented, and says so",
    "Eye": "a constant; its lengths are declared undefined",
    "FixedOpCAReduce": "base class",
    "FromFunctionOp": "a Python function without a derivative",
    "Fused": "made by a rewrite, after differentiation",
    "GradClip": "steers the gradient: test_views.py",
    "MakeSlice": "indices",
    "NonZeroDimsCAReduce": "base class",
    "Nonzero": "indices",
    "Output": "a mark in a function graph",
    "PivotToPermutations": "indices",
    "RavelMultiIndex": "indices",
    "Positions": "made by a rewrite, after differentiation",
    "Reading": "base class",
    "SearchsortedOp": "indices",
    "SolveBase": "base class",
    "SquareToSquare": "base class of functions of square matrices",
    "UndefinedGrad": "steers the gradient: test_views.py",
    "Unique": "not implemented, and says so",
    "UnitVectors": "a constant, made by jacobian",
    "UnravelIndex": "indices",
    "ViewOp": "base class",
    "ZeroGrad": "steers the gradient: test_views.py",
    "Writing": "base class",
    "_AlongAxes": "base class",
    "_Sorting": "base class",
}
