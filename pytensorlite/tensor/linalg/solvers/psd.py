"""Solving with the Cholesky factor of a positive definite matrix."""

from __future__ import annotations

from typing import Any

from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.linalg.solvers.core import default_b_ndim
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.variable import TensorVariable


def cho_solve(
    c_and_lower: tuple[Any, bool], b: Any, *, b_ndim: int | None = None
) -> TensorVariable:
    """Return the solution of ``a @ x = b`` from the Cholesky factor of ``a``.

    Parameters
    ----------
    c_and_lower : (tensor_like, bool)
        The factor, and whether it is the lower one.
    b : tensor_like
        Right-hand sides. A vector is one; else the last two axes are a matrix of columns, unless
        ``b_ndim`` is 1.
    b_ndim : {1, 2}, optional
        Core rank of ``b``.

    Examples
    --------
    >>> cho_solve(([[2.0, 0.0], [0.0, 1.0]], True), [4.0, 3.0]).eval()
    array([1., 3.])
    """
    factor, lower = c_and_lower
    factor = as_tensor_variable(factor)
    b, b_ndim = default_b_ndim(b, b_ndim)
    # A = L L' is solved by L first and L' second, A = U' U by U' first.
    first, second = (0, 2) if lower else (2, 0)
    half_solved = solve_triangular(factor, b, trans=first, lower=lower, b_ndim=b_ndim)
    return solve_triangular(factor, half_solved, trans=second, lower=lower, b_ndim=b_ndim)
