"""Small programs for two packages of one API, each with values to run it on.

A program is a function of the package, its `tensor` module and input variables.  This file runs in
an interpreter that has only one of the two packages, so it imports neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

DTYPES = ("bool", "int8", "int64", "uint8", "uint64", "float32", "float64", "complex128")
FREE = None


class Program(NamedTuple):
    """What to build, on inputs of which values and of which lengths known beforehand."""

    name: str
    build: Callable
    values: tuple[np.ndarray, ...] = ()
    static: tuple[tuple[int | None, ...] | None, ...] = ()
    wrt: bool = False  # whether to differentiate the sum of the output, too


PROGRAMS: list[Program] = []


def add(name: str, build: Callable, *values: Any, static: Any = None, wrt: bool = False) -> None:
    """Add a program; lengths are unknown beforehand unless told, but for the 1 of a broadcast."""
    arrays = tuple(np.asarray(value) for value in values)
    known = tuple(static) if static is not None else (None,) * len(arrays)
    PROGRAMS.append(Program(name, build, arrays, known, wrt))


def sample(dtype: str, shape: tuple[int, ...] = (4,), seed: int = 0) -> np.ndarray:
    """Return values that suit most functions: small, with a zero among integers."""
    rng = np.random.default_rng(seed + 17 * len(shape))
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return rng.integers(-3 if kind == "i" else 0, 6, shape).astype(dtype)
    value = rng.uniform(0.1, 0.9, shape)
    return (value + 1j * rng.uniform(0.1, 0.9, shape) if kind == "c" else value).astype(dtype)


# -- element by element --------------------------------------------------------------------------

# fmt: off
UNARY = [
    "abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "bitwise_not", "ceil",
    "conj", "cos", "cosh", "deg2rad", "digamma", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp",
    "exp2", "expm1", "floor", "gamma", "gammaln", "i0", "i1", "imag", "invert", "iround", "isinf",
    "isnan", "j0", "j1", "log", "log10", "log1mexp", "log1p", "log1pexp", "log2", "neg",
    "ones_like", "psi", "rad2deg", "real", "reciprocal", "round", "round_half_away_from_zero",
    "round_half_to_even", "sgn", "sigmoid", "sign", "sin", "sinh", "softplus", "sqr", "sqrt",
    "square", "tan", "tanh", "tri_gamma", "trunc", "zeros_like", "angle", "isposinf", "isneginf",
    "tensor_copy", "nan_to_num", "bitwise_not",
]
BINARY = [
    "add", "and_", "arctan2", "bitwise_or", "bitwise_xor", "ceil_intdiv", "eq", "floor_div", "ge",
    "gt", "int_div", "isclose", "le", "logaddexp", "lt", "maximum", "minimum", "mod", "mul", "neq",
    "or_", "pow", "power", "sub", "true_div", "xor", "fill", "second",
]
# fmt: on
PAIRS = [
    *[(a, a) for a in DTYPES],
    ("int8", "uint8"),
    ("int8", "int64"),
    ("int8", "float32"),
    ("int64", "float32"),
    ("uint64", "int64"),
    ("uint8", "float32"),
    ("bool", "float32"),
    ("bool", "int8"),
    ("float32", "float64"),
    ("float64", "complex128"),
    ("int64", "complex128"),
    ("int64", "uint8"),
    ("int16", "float16"),
    ("float16", "float16"),
    ("float16", "float32"),
    ("uint32", "int32"),
]


def _elementwise() -> None:
    for name, dtype in itertools.product(dict.fromkeys(UNARY), (*DTYPES, "float16")):
        value = sample(dtype)
        if name == "arccosh" and value.dtype.kind == "f":
            value = value + np.asarray(1, dtype)
        if name == "log1mexp":
            value = -value if value.dtype.kind not in "bu" else value
        add(f"{name} {dtype}", lambda p, pt, x, n=name: getattr(pt, n)(x), value,
            wrt=dtype not in ("bool", "complex128", "float16"))  # fmt: skip
    for name, (a, b) in itertools.product(BINARY, PAIRS):
        second = sample(b, seed=3)
        if name in ("int_div", "mod", "floor_div", "ceil_intdiv", "true_div", "pow", "power"):
            second = np.where(second == 0, np.asarray(2, b), abs(second)).astype(b)
            if b == "bool":
                second = np.ones_like(second)
        add(f"{name} {a} {b}", lambda p, pt, x, y, n=name: getattr(pt, n)(x, y), sample(a), second,
            wrt="complex" not in a + b and "float16" not in a + b)  # fmt: skip
    for to, dtype in itertools.product((*DTYPES, "int32", "float16"), DTYPES):
        if dtype != "complex128":
            add(f"cast {dtype} to {to}", lambda p, pt, x, d=to: pt.cast(x, d), sample(dtype))


SCALARS = [2, -1, 300, 70000, 2**31, 2**40, 1.5, 1e40, True, 2j, np.float32(1.5), np.int8(3)]
OPERATORS: dict[str, Callable] = {
    "x + c": lambda x, c: x + c,
    "c - x": lambda x, c: c - x,
    "x * c": lambda x, c: x * c,
    "x / c": lambda x, c: x / c,
    "c / x": lambda x, c: c / x,
    "x // c": lambda x, c: x // c,
    "x % c": lambda x, c: x % c,
    "x ** c": lambda x, c: x**c,
    "x > c": lambda x, c: x > c,
    "c <= x": lambda x, c: c <= x,
    "x & c": lambda x, c: x & c,
}


def _operators() -> None:
    for (text, operator), c, dtype in itertools.product(
        OPERATORS.items(), SCALARS, ("int8", "uint8", "int64", "float32", "float64")
    ):
        value = sample(dtype)
        value = np.where(value == 0, np.asarray(1, dtype), value)
        add(f"{text} for {dtype} and {c!r}", lambda p, pt, x, f=operator, c=c: f(x, c), value)
    for c in [1, 200, -200, 70000, 2**31, 2**62, 1.5, 1e300, True, 1j, [1, 2], [1.5, 2], [[1], [2]],
              (), [], np.float32(2), np.int16(4), np.arange(3), np.float16(2)]:  # fmt: skip
        add(f"constant {c!r}", lambda p, pt, c=c: pt.constant(c))
        add(f"as_tensor {c!r}", lambda p, pt, c=c: pt.as_tensor_variable(c))
    for method in ["sum", "mean", "max", "min", "prod", "var", "std", "any", "all", "argmax",
                   "argmin", "argsort", "sort", "cumsum", "cumprod", "flatten", "ravel", "conj",
                   "conjugate", "squeeze", "transpose", "diagonal", "trace", "round", "copy",
                   "nonzero", "zeros_like", "ones_like", "norm"]:  # fmt: skip
        arguments = (2,) if method == "norm" else ()
        add(f".{method}", lambda p, pt, x, m=method, a=arguments: getattr(x, m)(*a),
            sample("float64", (3, 3)))  # fmt: skip


# -- reductions ----------------------------------------------------------------------------------


def _reductions() -> None:
    names = ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "argmax", "argmin",
             "logsumexp", "ptp", "median", "cumsum", "cumprod", "sort", "argsort"]  # fmt: skip
    for name, dtype, axis in itertools.product(names, DTYPES, (None, 0, -1)):
        if dtype == "complex128" and name not in ("sum", "prod", "mean", "cumsum", "cumprod"):
            continue
        differentiable = dtype in ("float32", "float64", "int64") and name not in (
            "any", "all", "argmax", "argmin", "argsort")  # fmt: skip
        add(f"{name} {dtype} axis {axis}",
            lambda p, pt, x, n=name, a=axis: getattr(pt, n)(x, axis=a),
            sample(dtype, (2, 3)), wrt=differentiable)  # fmt: skip
    for name, axis in itertools.product(["sum", "max", "mean", "argmax", "all"],
                                        [(0, 1), [0], 2, -3, (0, 0), 1.0, "x", ()]):  # fmt: skip
        add(f"{name} axis {axis!r}", lambda p, pt, x, n=name, a=axis: getattr(pt, n)(x, axis=a),
            sample("float64", (2, 3)))  # fmt: skip
    for name in ["sum", "max", "mean", "argmax", "all", "var", "std", "prod"]:
        add(f"{name} keepdims", lambda p, pt, x, n=name: getattr(pt, n)(x, 0, keepdims=True),
            sample("float64", (2, 3)))  # fmt: skip
        add(f"{name} of a scalar", lambda p, pt, x, n=name: getattr(pt, n)(x), np.float64(2.5))
        add(
            f"{name} of nothing",
            lambda p, pt, x, n=name: getattr(pt, n)(x, axis=0),
            np.ones((0, 3)),
        )
        add(f"{name} of a static shape", lambda p, pt, x, n=name: getattr(pt, n)(x, axis=0),
            sample("float64", (2, 3)), static=[(2, 3)])  # fmt: skip
    for dtype in ["int8", "int32", "float32", "float64", "uint8"]:
        add(f"sum to {dtype}", lambda p, pt, x, d=dtype: x.sum(dtype=d), sample("int8"))
        add(f"sum in {dtype}", lambda p, pt, x, d=dtype: x.sum(acc_dtype=d), sample("float32"))
        add(f"mean to {dtype}", lambda p, pt, x, d=dtype: x.mean(dtype=d), sample("int8"))


# -- shapes --------------------------------------------------------------------------------------

STATIC_PAIRS = [
    ((None,), (None,), (3,), (3,)),
    ((None,), (None,), (3,), (1,)),
    ((None,), (None,), (3,), (4,)),
    ((3,), (None,), (3,), (3,)),
    ((3,), (4,), (3,), (4,)),
    ((3,), (1,), (3,), (1,)),
    ((None,), (1,), (3,), (1,)),
    ((1,), (1,), (1,), (1,)),
    ((None, 1), (1, None), (3, 1), (1, 2)),
    ((None, 3), (3,), (2, 3), (3,)),
    ((2, None), (None,), (2, 3), (3,)),
    ((None, None), (), (2, 3), ()),
    ((0,), (None,), (0,), (0,)),
    ((0,), (1,), (0,), (1,)),
    ((None,), (None,), (0,), (1,)),
]
PAIRWISE: dict[str, Callable] = {
    "add": lambda pt, x, y: x + y,
    "switch": lambda pt, x, y: pt.switch(x > 0, x, y),
    "dot": lambda pt, x, y: pt.dot(x, y),
    "matmul": lambda pt, x, y: pt.matmul(x, y),
    "outer": lambda pt, x, y: pt.outer(x, y),
    "concatenate": lambda pt, x, y: pt.concatenate([x, y]),
    "concatenate -1": lambda pt, x, y: pt.concatenate([x, y], axis=-1),
    "stack": lambda pt, x, y: pt.stack([x, y]),
    "stack -1": lambda pt, x, y: pt.stack([x, y], axis=-1),
    "broadcast_arrays": lambda pt, x, y: pt.broadcast_arrays(x, y),
    "alloc": lambda pt, x, y: pt.alloc(y, 3, 3),
    "broadcast_to": lambda pt, x, y: pt.broadcast_to(y, x.shape),
    "fill": lambda pt, x, y: pt.fill(x, y),
    "full_like": lambda pt, x, y: pt.full_like(x, y),
    "set": lambda pt, x, y: x[...].set(y),
    "inc 1:": lambda pt, x, y: x[1:].inc(y),
    "tensordot 1": lambda pt, x, y: pt.tensordot(x, y, axes=1),
    "tensordot 0": lambda pt, x, y: pt.tensordot(x, y, axes=0),
    "kron": lambda pt, x, y: pt.linalg.kron(x, y),
    "vecdot": lambda pt, x, y: pt.vecdot(x, y),
}


def _shapes() -> None:
    for (name, build), (s, t, a, b) in itertools.product(PAIRWISE.items(), STATIC_PAIRS):
        add(f"{name} {s}{a} {t}{b}", lambda p, pt, x, y, f=build: f(pt, x, y),
            sample("float64", a), sample("float64", b, 1), static=[s, t], wrt=True)  # fmt: skip


ONE: dict[str, Callable] = {
    "x[0]": lambda pt, x: x[0],
    "x[-1]": lambda pt, x: x[-1],
    "x[5]": lambda pt, x: x[5],
    "x[-7]": lambda pt, x: x[-7],
    "x[1:]": lambda pt, x: x[1:],
    "x[:-1]": lambda pt, x: x[:-1],
    "x[::-1]": lambda pt, x: x[::-1],
    "x[::2]": lambda pt, x: x[::2],
    "x[3:1]": lambda pt, x: x[3:1],
    "x[1:2]": lambda pt, x: x[1:2],
    "x[...,0]": lambda pt, x: x[..., 0],
    "x[None]": lambda pt, x: x[None],
    "x[:, None]": lambda pt, x: x[:, None],
    "x[0, 0]": lambda pt, x: x[0, 0],
    "x[0, 0, 0]": lambda pt, x: x[0, 0, 0],
    "x[[0, 1]]": lambda pt, x: x[[0, 1]],
    "x[[0, 1], [1, 0]]": lambda pt, x: x[[0, 1], [1, 0]],
    "x[:, [0, 1, 0]]": lambda pt, x: x[:, [0, 1, 0]],
    "x[[[0, 1], [1, 0]]]": lambda pt, x: x[[[0, 1], [1, 0]]],
    "x[[0, 9]]": lambda pt, x: x[[0, 9]],
    "x[x > 0.5]": lambda pt, x: x[x > 0.5],
    "x[[True, False]]": lambda pt, x: x[[True, False]],
    "x[np.array([True, False])]": lambda pt, x: x[np.array([True, False])],
    "x[True]": lambda pt, x: x[True],
    "x[1.0]": lambda pt, x: x[1.0],
    "x['a']": lambda pt, x: x["a"],
    "x[(x > 0.5).nonzero()]": lambda pt, x: x[(x > 0.5).nonzero()],
    "x.T": lambda pt, x: x.T,
    "x.mT": lambda pt, x: x.mT,
    "x.shape": lambda pt, x: x.shape,
    "x.shape[0]": lambda pt, x: x.shape[0],
    "x.shape[2]": lambda pt, x: x.shape[2],
    "x.size": lambda pt, x: x.size,
    "x.flatten()": lambda pt, x: x.flatten(),
    "x.flatten(2)": lambda pt, x: x.flatten(2),
    "x.reshape(-1)": lambda pt, x: x.reshape(-1),
    "x.reshape((3, -1))": lambda pt, x: x.reshape((3, -1)),
    "x.reshape((4, 2))": lambda pt, x: x.reshape((4, 2)),
    "x.reshape((1, 6))": lambda pt, x: x.reshape((1, 6)),
    "x.reshape(x.shape)": lambda pt, x: x.reshape(x.shape),
    "x.reshape(x.shape[::-1])": lambda pt, x: x.reshape(x.shape[::-1]),
    "x.dimshuffle": lambda pt, x: x.dimshuffle("x", *range(x.ndim)),
    "x.dimshuffle 1 0": lambda pt, x: x.dimshuffle(1, 0),
    "x.dimshuffle 0": lambda pt, x: x.dimshuffle(0),
    "x.dimshuffle 0 0": lambda pt, x: x.dimshuffle(0, 0),
    "squeeze": lambda pt, x: pt.squeeze(x),
    "squeeze 0": lambda pt, x: pt.squeeze(x, 0),
    "expand_dims 0": lambda pt, x: pt.expand_dims(x, 0),
    "expand_dims 5": lambda pt, x: pt.expand_dims(x, 5),
    "expand_dims (0, 2)": lambda pt, x: pt.expand_dims(x, (0, 2)),
    "shape_padright": lambda pt, x: pt.shape_padright(x, 2),
    "shape_padleft": lambda pt, x: pt.shape_padleft(x),
    "atleast_1d": lambda pt, x: pt.atleast_1d(x),
    "atleast_2d": lambda pt, x: pt.atleast_2d(x),
    "atleast_3d": lambda pt, x: pt.atleast_3d(x),
    "diag": lambda pt, x: pt.diag(x),
    "diagonal": lambda pt, x: pt.diagonal(x),
    "trace": lambda pt, x: pt.trace(x),
    "tril": lambda pt, x: pt.tril(x),
    "triu 1": lambda pt, x: pt.triu(x, 1),
    "roll": lambda pt, x: pt.roll(x, 1),
    "roll 1 axis 0": lambda pt, x: pt.roll(x, 1, axis=0),
    "tile 2": lambda pt, x: pt.tile(x, 2),
    "tile (2, 1)": lambda pt, x: pt.tile(x, (2, 1)),
    "tile (2, 1, 1)": lambda pt, x: pt.tile(x, (2, 1, 1)),
    "repeat 2": lambda pt, x: pt.repeat(x, 2),
    "repeat 2 axis 0": lambda pt, x: pt.repeat(x, 2, axis=0),
    "repeat [1, 2]": lambda pt, x: pt.repeat(x, [1, 2], axis=0),
    "moveaxis": lambda pt, x: pt.moveaxis(x, 0, -1),
    "swapaxes": lambda pt, x: pt.swapaxes(x, 0, 1),
    "transpose (1, 0)": lambda pt, x: pt.transpose(x, (1, 0)),
    "flip": lambda pt, x: pt.flip(x),
    "diff": lambda pt, x: pt.diff(x),
    "diff 2": lambda pt, x: pt.diff(x, 2),
    "softmax": lambda pt, x: pt.special.softmax(x, axis=-1),
    "softmax None": lambda pt, x: pt.special.softmax(x),
    "log_softmax 0": lambda pt, x: pt.special.log_softmax(x, axis=0),
    "cumsum": lambda pt, x: pt.cumsum(x),
    "cumsum 0": lambda pt, x: pt.cumsum(x, 0),
    "take 1": lambda pt, x: pt.take(x, 1),
    "take [0, 1] axis 0": lambda pt, x: pt.take(x, [0, 1], axis=0),
    "take clip": lambda pt, x: pt.take(x, [0, 9], axis=0, mode="clip"),
    "take_along_axis": lambda pt, x: pt.take_along_axis(x, pt.argsort(x, axis=0), axis=0),
    "split": lambda pt, x: pt.split(x, [1, 1], n_splits=2, axis=0),
    "unique": lambda pt, x: pt.unique(x),
    "sort": lambda pt, x: pt.sort(x),
    "sort None": lambda pt, x: pt.sort(x, None),
    "argsort 0": lambda pt, x: pt.argsort(x, 0),
    "specify_shape 2": lambda pt, x: pt.specify_shape(x, (2, 3)),
    "specify_shape None": lambda pt, x: pt.specify_shape(x, (2, None)),
    "specify_shape wrong": lambda pt, x: pt.specify_shape(x, (4, 3)),
    "specify_broadcastable": lambda pt, x: pt.specify_broadcastable(x, 0),
    "clip": lambda pt, x: pt.clip(x, 0.3, 0.6),
    "clip up": lambda pt, x: pt.clip(x, 0.6, 0.3),
    "set row": lambda pt, x: pt.set_subtensor(x[0], 1.0),
    "set int": lambda pt, x: pt.set_subtensor(x[0], 1),
    "inc rows": lambda pt, x: pt.inc_subtensor(x[[0, 0]], 1.0),
    "set out of range": lambda pt, x: pt.set_subtensor(x[7], 1.0),
    "set slice": lambda pt, x: x[:, 1:].set(x[:, :-1]),
    "set mask": lambda pt, x: x[x > 0.5].set(0),
    "set empty": lambda pt, x: x[3:].set(1.0),
    "norm": lambda pt, x: pt.linalg.norm(x),
    "norm 1": lambda pt, x: pt.linalg.norm(x, 1),
    "norm inf": lambda pt, x: pt.linalg.norm(x, np.inf),
    "det": lambda pt, x: pt.linalg.det(x),
    "inv": lambda pt, x: pt.linalg.inv(x),
    "svd": lambda pt, x: pt.linalg.svd(x, compute_uv=False),
    "pinv": lambda pt, x: pt.linalg.pinv(x),
    "vector length": lambda pt, x: pt.as_tensor(pt.get_vector_length(x)),
    "nonzero": lambda pt, x: pt.nonzero(x),
    "isnan": lambda pt, x: pt.isnan(x),
    "max_and_argmax": lambda pt, x: pt.max_and_argmax(x, axis=0),
    "stacklists": lambda pt, x: pt.stacklists([[x, x], [x, x]]),
    "identity_like": lambda pt, x: pt.identity_like(x),
    "fill_diagonal": lambda pt, x: pt.fill_diagonal(x, 9.0),
    "ones(shape)": lambda pt, x: pt.ones(x.shape),
    "zeros 3": lambda pt, x: pt.zeros(3),
    "zeros (3, 0)": lambda pt, x: pt.zeros((3, 0)),
    "zeros int": lambda pt, x: pt.zeros((2,), dtype="int8"),
    "zeros -1": lambda pt, x: pt.zeros((-1,)),
    "full": lambda pt, x: pt.full((2, 2), 5),
    "full float": lambda pt, x: pt.full((2, 2), 5.0),
    "empty": lambda pt, x: pt.empty((2, 2)) * 0,
    "eye": lambda pt, x: pt.eye(3),
    "eye k": lambda pt, x: pt.eye(2, 3, 1),
    "arange 3": lambda pt, x: pt.arange(3),
    "arange 3.0": lambda pt, x: pt.arange(3.0),
    "arange 1 5 2": lambda pt, x: pt.arange(1, 5, 2),
    "arange down": lambda pt, x: pt.arange(5, 1, -2),
    "arange nothing": lambda pt, x: pt.arange(3, 0),
    "arange shape": lambda pt, x: pt.arange(x.shape[0]),
    "arange float32": lambda pt, x: pt.arange(3, dtype="float32"),
    "linspace": lambda pt, x: pt.linspace(0, 1, 5),
    "linspace ints": lambda pt, x: pt.linspace(0, 4, 5),
    "logspace": lambda pt, x: pt.logspace(0, 1, 3),
    "geomspace": lambda pt, x: pt.geomspace(1, 8, 4),
    "mgrid": lambda pt, x: list(pt.mgrid[0:2, 0:3]),
    "tri": lambda pt, x: pt.tri(3),
    "tril_indices": lambda pt, x: pt.tril_indices(3),
    "meshgrid": lambda pt, x: pt.meshgrid(pt.arange(2), pt.arange(3)),
    "choose": lambda pt, x: pt.choose(pt.argmax(x, 0) % 2, [pt.zeros(3), pt.ones(3)]),
    "searchsorted": lambda pt, x: pt.searchsorted(pt.sort(x.flatten()), 0.5),
    "bincount": lambda pt, x: pt.bincount(pt.argmax(x, 0)),
    "round 1": lambda pt, x: pt.round(x, 1),
    "iter": lambda pt, x: list(x),
    "len": lambda pt, x: pt.as_tensor(len(x)),
    "bool": lambda pt, x: pt.as_tensor(bool(x)),
    "int index": lambda pt, x: np.arange(4)[x],
    "einsum": lambda pt, x: pt.einsum("...i->...", x),
    "einsum ij->ji": lambda pt, x: pt.einsum("ij->ji", x),
    "einsum ij,ij": lambda pt, x: pt.einsum("ij,ij->i", x, x),
    "x @ x.T": lambda pt, x: x @ x.T,
    "x @ 2": lambda pt, x: x @ 2,
    "x ** x": lambda pt, x: x**x,
    "divmod": lambda pt, x: divmod(x, 0.3),
    "abs": lambda pt, x: abs(x),
    "-x": lambda pt, x: -x,
    "~x": lambda pt, x: ~x,
    "x == 1": lambda pt, x: x == 1,
    "x << 1": lambda pt, x: x << 1,
    "float": lambda pt, x: pt.as_tensor(float(x)),
    "vectorize": lambda pt, x: pt.vectorize(lambda r: r.sum(), signature="(n)->()")(x),
    "logsumexp": lambda pt, x: pt.logsumexp(x, axis=-1),
    "logsumexp keep": lambda pt, x: pt.logsumexp(x, axis=0, keepdims=True),
    "cov": lambda pt, x: pt.cov(x),
    "compress": lambda pt, x: pt.compress([True, False], x, axis=0),
    "ravel_multi_index": lambda pt, x: pt.ravel_multi_index((pt.arange(2), pt.arange(2)), (2, 3)),
    "unravel_index": lambda pt, x: pt.unravel_index(pt.arange(4), (2, 3)),
    "join": lambda pt, x: pt.join(0, x, x),
    "join 5": lambda pt, x: pt.join(5, x, x),
    "join other dtype": lambda pt, x: pt.join(0, x, x > 0),
    "horizontal_stack": lambda pt, x: pt.horizontal_stack(x, x),
    "vertical_stack": lambda pt, x: pt.vertical_stack(x, x),
    "hstack": lambda pt, x: pt.hstack([x, x]),
    "concatenate nothing": lambda pt, x: pt.concatenate([]),
    "stack nothing": lambda pt, x: pt.stack([]),
    "where": lambda pt, x: pt.where(x > 0.5, x, 0),
    "where ints": lambda pt, x: pt.where(x > 0.5, 1, 0),
    "switch bool": lambda pt, x: pt.switch(True, x, 0),
    "switch const": lambda pt, x: pt.switch(0.0, x, 1.5),
    "broadcast_shape": lambda pt, x: list(pt.broadcast_shape(x, x)),
    "allclose": lambda pt, x: pt.allclose(x, x),
    "smallest": lambda pt, x: pt.smallest(x, x + 1),
    "largest": lambda pt, x: pt.largest(x, x + 1),
    "polygamma": lambda pt, x: pt.polygamma(1, x),
    "betainc": lambda pt, x: pt.betainc(x, x, x),
    "gammainc": lambda pt, x: pt.gammainc(x, x),
    "kv": lambda pt, x: pt.kv(1, x),
    "hyp2f1": lambda pt, x: pt.hyp2f1(0.5, 1.5, 2.5, x / 2),
}  # fmt: skip


def _single() -> None:
    places = [
        ((None, None), (2, 3)),
        ((2, 3), (2, 3)),
        ((None,), (4,)),
        ((1, None), (1, 3)),
        ((), ()),
        ((2, 2), (2, 2)),
        ((None, None, None), (2, 3, 2)),
        ((None, None), (0, 3)),
    ]
    for (name, build), (static, shape) in itertools.product(ONE.items(), places):
        add(f"{name} of {static}{shape}", lambda p, pt, x, f=build: f(pt, x),
            sample("float64", shape), static=[static], wrt=True)  # fmt: skip


_elementwise()
_operators()
_reductions()
_shapes()
_single()
