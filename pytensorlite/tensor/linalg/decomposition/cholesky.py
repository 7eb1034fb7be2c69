"""The Cholesky factor of a positive definite matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.linalg.matrices import (
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


class Cholesky(Op):
    """The triangular factor of a positive definite matrix, of which it reads one triangle.

    A matrix that is not positive definite gives NaN.

    Parameters
    ----------
    lower : bool
        Lower factor L with ``L @ L.T`` the matrix, else upper factor U with ``U.T @ U``.
    """

    __props__ = ("lower",)
    gufunc_signature = "(m,m)->(m,m)"

    def __init__(self, *, lower: bool = True):
        self.lower = bool(lower)

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        return Apply(self, [x], [output(linalg_output_dtype(x.type.dtype), side, side)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

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
        lower, g_lower = (factor, g) if self.lower else (factor.T, g.T)
        # With A = L L.T:  dL = L phi(inv(L) dA inv(L).T), read backwards.
        phi = halved_diagonal_tril(lower.T @ g_lower)
        half_solved = solve_triangular(lower, phi, trans=1, lower=True)
        s = solve_triangular(lower, half_solved.T, trans=1, lower=True).T
        return [onto_triangle(s, self.lower)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (factor,), (t,) = outputs, tangents
        if is_disconnected(t):
            return [t]
        lower = factor if self.lower else factor.T
        half_solved = solve_triangular(lower, symmetric_from(t, self.lower), lower=True)
        whole = solve_triangular(lower, half_solved.T, lower=True)
        pushed = lower @ halved_diagonal_tril(whole)
        return [pushed if self.lower else pushed.T]


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
