"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import alloc_diag, as_tensor_variable, diagonal, tril, triu
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.decomposition.cholesky import cholesky
from pytensorlite.tensor.linalg.matrices import (
    as_square,
    checked_square,
    inverse_gaps,
    is_complex,
    is_disconnected,
    linalg_output_dtype,
    linalg_real_output_dtype,
    onto_triangle,
    output,
    square_side,
    symmetric_from,
)
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.variable import TensorVariable


class Eigh(Op):
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix; it reads one triangle.

    Parameters
    ----------
    lower : bool
        Which triangle is read.
    UPLO : {"L", "U"}, optional
        The same in NumPy's words.
    driver : str
        The LAPACK routine, as in `scipy.linalg.eigh`.
    """

    __props__ = ("lower", "driver")
    gufunc_signature = "(m,m)->(m),(m,m)"

    def __init__(self, lower: bool = True, UPLO: str | None = None, driver: str = "evr"):
        if UPLO is not None:
            if UPLO not in ("L", "U"):
                raise ValueError(f'UPLO must be "L" or "U", got {UPLO!r}.')
            lower = UPLO == "L"
        self.lower = bool(lower)
        self.driver = driver

    @property
    def UPLO(self) -> str:
        """Which triangle is read, in NumPy's words."""
        return "L" if self.lower else "U"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        dtype = linalg_output_dtype(x.type.dtype)
        outputs = [output(linalg_real_output_dtype(dtype), side), output(dtype, side, side)]
        return Apply(self, [x], outputs)

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ((m, n),) = input_shapes
        return [(m,), (m, n)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import eigh

        (x,) = inputs
        checked_square(self, x)
        values, vectors = (v.type.dtype for v in node.outputs)
        if x.size == 0:
            results = (np.zeros(0), np.zeros((0, 0)))
        else:
            results = eigh(x.astype(vectors, copy=False), lower=self.lower, driver=self.driver)
        for storage, result, dtype in zip(output_storage, results, (values, vectors), strict=True):
            storage[0] = np.asarray(result, dtype=dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (w, v), (gw, gv) = inputs, outputs, cotangents
        if is_disconnected(gw) and is_disconnected(gv):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        core = None
        if not is_disconnected(gv):
            core = inverse_gaps(w) * (v.T @ gv)
        if not is_disconnected(gw):
            core = alloc_diag(gw) if core is None else core + alloc_diag(gw)
        return [onto_triangle(v @ core @ v.T, self.lower)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (w, v), (t,) = outputs, tangents
        if is_disconnected(t):
            return [t, t]
        moved = v.T @ symmetric_from(t, self.lower) @ v
        return [diagonal(moved), v @ (inverse_gaps(w) * moved)]


class Eigvalsh(Op):
    """Eigenvalues, ascending, of a symmetric matrix, of which it reads one triangle.

    Parameters
    ----------
    lower : bool
        Which triangle is read.
    """

    __props__ = ("lower",)
    gufunc_signature = "(m,m)->(m)"

    def __init__(self, lower: bool = True):
        self.lower = bool(lower)

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        dtype = linalg_real_output_dtype(linalg_output_dtype(x.type.dtype))
        return Apply(self, [x], [output(dtype, square_side(x))])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0][:1]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import eigvalsh

        (x,) = inputs
        checked_square(self, x)
        x = x.astype(linalg_output_dtype(x.dtype), copy=False)
        values = eigvalsh(x, lower=self.lower) if x.size else np.zeros(0)
        output_storage[0][0] = np.asarray(values, dtype=node.outputs[0].type.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (g,) = inputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        _, v = Eigh(lower=self.lower)(x)
        return [onto_triangle((v * g) @ v.T, self.lower)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if is_disconnected(t):
            return [t]
        _, v = Eigh(lower=self.lower)(x)
        return [diagonal(v.T @ symmetric_from(t, self.lower) @ v)]


class Eig(Op):
    """Eigenvalues and right eigenvectors of a square matrix; both are complex."""

    __props__ = ()
    gufunc_signature = "(m,m)->(m),(m,m)"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        dtype = {"float32": "complex64", "float64": "complex128"}.get(
            linalg_output_dtype(x.type.dtype), linalg_output_dtype(x.type.dtype)
        )
        return Apply(self, [x], [output(dtype, side), output(dtype, side, side)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ((m, n),) = input_shapes
        return [(m,), (m, n)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        checked_square(self, x)
        results = np.linalg.eig(x.astype(linalg_output_dtype(x.dtype), copy=False))
        for storage, result, variable in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(result, dtype=variable.type.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        if all(is_disconnected(g) for g in cotangents):
            return [disconnected_type()]
        return [grad_not_implemented(self, 0, inputs[0], "use eigh where the matrix is symmetric")]


def eigh(
    a: Any,
    b: Any = None,
    lower: bool = True,
    UPLO: str | None = None,
    driver: str | None = None,
) -> list[TensorVariable]:
    """Return eigenvalues, ascending, and eigenvectors of a symmetric matrix, or of each in a batch.

    Parameters
    ----------
    a : tensor_like
        Symmetric matrices in the last two axes; only the triangle that ``lower`` names is read.
    b : tensor_like, optional
        Positive definite matrices of the generalised problem ``a @ v = w * (b @ v)``.
    lower : bool
        Which triangle is read.
    UPLO : {"L", "U"}, optional
        The same in NumPy's words.
    driver : str, optional
        The LAPACK routine, as in `scipy.linalg.eigh`.

    Examples
    --------
    >>> values, vectors = eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.eval()
    array([1., 2.])
    """
    op = Eigh(lower=lower, UPLO=UPLO, driver=driver or "evr")
    if b is None:
        return list(Blockwise(op)(a))
    factor, reduced = _reduced(a, b, op.lower)
    values, vectors = Blockwise(Eigh(driver=op.driver))(reduced)
    return [values, solve_triangular(factor, vectors, trans=2, lower=True, b_ndim=2)]


def _reduced(a: Any, b: Any, lower: bool) -> tuple[TensorVariable, TensorVariable]:
    """Return the factor L of ``b``, and ``inv(L) @ a @ inv(L).T`` with the same eigenvalues."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    factor = cholesky(b, lower=True) if lower else cholesky(b, lower=False).mT.conj()
    whole = _whole(a, lower)
    half = solve_triangular(factor, whole, lower=True, b_ndim=2)
    return factor, solve_triangular(factor, half.mT.conj(), lower=True, b_ndim=2)


def _whole(a: TensorVariable, lower: bool) -> TensorVariable:
    if lower:
        return tril(a) + tril(a, -1).mT.conj()
    return triu(a) + triu(a, 1).mT.conj()


def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> TensorVariable:
    """Return the eigenvalues, ascending, of a symmetric matrix, or of each in a batch.

    Parameters
    ----------
    a : tensor_like
        Symmetric matrices in the last two axes; only the triangle that ``lower`` names is read.
    b : tensor_like, optional
        Positive definite matrices of the generalised problem ``a @ v = w * (b @ v)``.
    lower : bool
        Which triangle is read.

    Examples
    --------
    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]]).eval()
    array([1., 2.])
    """
    if b is None:
        return Blockwise(Eigvalsh(lower=lower))(a)
    _, reduced = _reduced(a, b, lower)
    return Blockwise(Eigvalsh())(reduced)


def eig(x: Any) -> list[TensorVariable]:
    """Return the complex eigenvalues and right eigenvectors of a matrix, or of each in a batch.

    Parameters
    ----------
    x : tensor_like
        Square matrices in the last two axes.

    Examples
    --------
    >>> values, vectors = eig([[0.0, -1.0], [1.0, 0.0]])
    >>> values.eval()
    array([0.+1.j, 0.-1.j])
    """
    return list(Blockwise(Eig())(x))
