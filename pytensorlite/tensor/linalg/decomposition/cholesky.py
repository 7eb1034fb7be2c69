"""The Cholesky factor of a positive definite matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable, tril
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.linalg.matrices import (
    SquareToSquare,
    as_square,
    checked_square,
    halved_diagonal_tril,
    is_complex,
    is_disconnected,
    linalg_output_dtype,
    onto_triangle,
    output,
    square_side,
    symmetric_from,
)
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.math import all as pt_all
from pytensorlite.tensor.math import isnan, or_
from pytensorlite.tensor.variable import TensorVariable


class Cholesky(SquareToSquare):
    """The triangular factor of a positive definite matrix, of which it reads one triangle.

    A matrix that is not positive definite gives NaN.

    Parameters
    ----------
    lower : bool
        Lower factor L with ``L @ L.T`` the matrix, else upper factor U with ``U.T @ U``.
    """

    __props__ = ("lower",)

    def __init__(self, *, lower: bool = True):
        self.lower = bool(lower)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import get_lapack_funcs

        (x,) = inputs
        checked_square(self, x)
        x = np.array(x, dtype=node.outputs[0].type.dtype, order="F")
        if x.size:
            (potrf,) = get_lapack_funcs(("potrf",), (x,))
            x, info = potrf(x, lower=self.lower, overwrite_a=True, clean=True)
            if info != 0:
                x = np.full(x.shape, np.nan, dtype=x.dtype)
        output_storage[0][0] = x

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (factor,), (g,) = inputs, outputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        return [CholeskyPullback(lower=self.lower)(factor, g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (factor,), (t,) = outputs, tangents
        if is_disconnected(t):
            return [t]
        if is_complex(inputs[0]):
            return [grad_not_implemented(self, 0, inputs[0], "complex matrices")]
        return [_pushed(factor, symmetric_from(t, self.lower), self.lower)]


class CholeskyPullback(Op):
    """The cotangent of a symmetric matrix from that of its Cholesky factor.

    Both stand in one triangle. It is the factorisation read backwards, and costs twice as much.

    Parameters
    ----------
    lower : bool
        Which triangle.
    """

    __props__ = ("lower",)
    gufunc_signature = "(m,m),(m,m)->(m,m)"

    def __init__(self, *, lower: bool = True):
        self.lower = bool(lower)

    def make_node(self, factor: Any, g: Any) -> Apply:
        factor, g = as_square(self, factor), as_square(self, g)
        dtype = linalg_output_dtype(factor.type.dtype, g.type.dtype)
        side = square_side(factor)
        return Apply(self, [factor, g], [output(dtype, side, side)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg.blas import get_blas_funcs

        dtype = node.outputs[0].type.dtype
        factor, g = (x.astype(dtype, copy=False) for x in inputs)
        checked_square(self, factor)
        if g.shape != factor.shape:
            raise ValueError(
                f"{self}: the cotangent must have the shape of the factor: expected "
                f"{factor.shape}, got {g.shape}."
            )
        lower, g = (np.tril(x if self.lower else x.T) for x in (factor, g))
        if not lower.diagonal().all():
            output_storage[0][0] = np.full(lower.shape, np.nan, dtype)
            return
        s = np.tril(lower.T @ g)
        np.fill_diagonal(s, s.diagonal() / 2)
        if s.size:
            (trsm,) = get_blas_funcs(("trsm",), (s,))
            s = trsm(1.0, lower, s, trans_a=1, lower=1)
            s = trsm(1.0, lower, s, side=1, lower=1)
        result = np.tril(s + s.T)
        np.fill_diagonal(result, s.diagonal())
        output_storage[0][0] = result if self.lower else result.T

    # -- derivatives -------------------------------------------------------------------------------
    # With P = tril(L.T G), its diagonal halved, the result is s = inv(L).T P inv(L), of which one
    # triangle is kept and the other added to it.

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (factor, g), (h,) = inputs, cotangents
        if is_disconnected(h):
            return [disconnected_type(), disconnected_type()]
        whole = symmetric_from(h, self.lower)
        lower, g, s = self._parts(factor, g)
        # inv(L) H inv(L).T, which stands for the cotangent of P.
        half = solve_triangular(lower, whole, lower=True)
        core = solve_triangular(lower, half.T, lower=True)
        of_p = halved_diagonal_tril(core)
        of_factor = tril(tril(g) @ of_p.T - (s + s.T) @ half.T)
        of_g = tril(lower @ of_p)
        return [of_factor, of_g] if self.lower else [of_factor.T, of_g.T]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (factor, g), (t_factor, t_g) = inputs, tangents
        if is_disconnected(t_factor):
            return [t_g if is_disconnected(t_g) else self(factor, t_g)]
        lower, g, s = self._parts(factor, g)
        t = tril(t_factor if self.lower else t_factor.T)
        moved = halved_diagonal_tril(t.T @ tril(g)) - t.T @ s @ lower - lower.T @ s @ t
        pushed = onto_triangle(_between_inverses(lower, moved), self.lower)
        return [pushed if is_disconnected(t_g) else pushed + self(factor, t_g)]

    def _parts(self, factor: Any, g: Any) -> tuple[Any, Any, Any]:
        """Return the lower factor, its cotangent, and s."""
        lower, g = (factor, g) if self.lower else (factor.T, g.T)
        return lower, g, _between_inverses(lower, halved_diagonal_tril(lower.T @ tril(g)))


def _pushed(factor: Any, whole: Any, is_lower: bool) -> TensorVariable:
    """Return how the factor moves where the matrix moves along ``whole``."""
    lower = factor if is_lower else factor.T
    half = solve_triangular(lower, whole, lower=True)
    core = solve_triangular(lower, half.T, lower=True)
    pushed = lower @ halved_diagonal_tril(core)
    return pushed if is_lower else pushed.T


def _between_inverses(lower: TensorVariable, x: TensorVariable) -> TensorVariable:
    """Return ``inv(lower).T @ x @ inv(lower)``."""
    half = solve_triangular(lower, x, trans=1, lower=True)
    return solve_triangular(lower, half.T, trans=1, lower=True).T


def cholesky(
    x: Any,
    lower: bool = True,
    *,
    check_finite: bool = True,
    overwrite_a: bool = False,
    on_error: Literal["raise", "nan"] = "nan",
) -> TensorVariable:
    """Return the Cholesky factor of a positive definite matrix, or of each in a batch.

    Parameters
    ----------
    x : tensor_like
        Symmetric matrices in the last two axes; only the triangle that ``lower`` names is read.
    lower : bool
        Whether to return L with ``L @ L.T`` the matrix, or U with ``U.T @ U``.
    check_finite, overwrite_a : bool
        Accepted for compatibility with SciPy.
    on_error : {"nan", "raise"}
        What a matrix that is not positive definite gives: NaN, or `numpy.linalg.LinAlgError`.

    Examples
    --------
    >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).eval()
    array([[2., 0.],
           [1., 2.]])
    """
    if on_error not in ("raise", "nan"):
        raise ValueError(f'on_error must be one of "raise" or "nan", got {on_error!r}')
    x = as_tensor_variable(x)
    factor = Blockwise(Cholesky(lower=lower))(x)
    if on_error == "nan":
        return factor
    # A failed factorisation is all NaN; NaN that came in is not its fault.
    succeeded = pt_all(or_(~isnan(factor), isnan(x)))
    return CheckAndRaise(np.linalg.LinAlgError, "Matrix is not positive definite")(
        factor, succeeded
    )
