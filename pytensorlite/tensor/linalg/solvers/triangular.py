"""Solving with a triangular matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytensorlite.tensor.basic import as_tensor_variable, tril, triu
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.solvers.core import SolveBase, default_b_ndim
from pytensorlite.tensor.variable import TensorVariable


class SolveTriangular(SolveBase):
    """Solve with a triangular matrix, of which the other triangle is not read.

    Parameters
    ----------
    unit_diagonal : bool
        Take the diagonal for ones without reading it.
    lower : bool
        Whether the matrix is lower triangular.
    b_ndim : {1, 2}
        Rank of the right-hand side.
    """

    __props__ = ("unit_diagonal", "lower", "b_ndim")

    def __init__(self, *, unit_diagonal: bool = False, lower: bool = False, b_ndim: int):
        super().__init__(lower=lower, b_ndim=b_ndim)
        self.unit_diagonal = bool(unit_diagonal)

    def solve(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        from scipy.linalg import solve_triangular

        return solve_triangular(
            a, b, lower=self.lower, unit_diagonal=self.unit_diagonal, check_finite=False
        )

    def transposed(self) -> SolveTriangular:
        return SolveTriangular(
            unit_diagonal=self.unit_diagonal, lower=not self.lower, b_ndim=self.b_ndim
        )

    def cotangent_of_matrix(self, free: TensorVariable) -> TensorVariable:
        return self._triangle(free)

    def tangent_of_matrix(self, ta: TensorVariable) -> TensorVariable:
        return self._triangle(ta)

    def _triangle(self, x: TensorVariable) -> TensorVariable:
        offset = 1 if self.unit_diagonal else 0
        return tril(x, -offset) if self.lower else triu(x, offset)


def solve_triangular(
    a: Any,
    b: Any,
    *,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    check_finite: bool = True,
    b_ndim: int | None = None,
) -> TensorVariable:
    """Return the solution x of ``a @ x = b`` with a triangular matrix, or of each in a batch.

    Parameters
    ----------
    a : tensor_like
        Triangular matrices in the last two axes; the other triangle is not read.
    b : tensor_like
        Right-hand sides. A vector is one; else the last two axes are a matrix of columns, unless
        ``b_ndim`` is 1.
    trans : {0, 1, 2, "N", "T", "C"}
        Solve with the matrix, its transpose, or its conjugate transpose.
    lower : bool
        Whether ``a`` is lower triangular.
    unit_diagonal : bool
        Take the diagonal for ones without reading it.
    check_finite : bool
        Accepted for compatibility with SciPy.
    b_ndim : {1, 2}, optional
        Core rank of ``b``.

    Examples
    --------
    >>> solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True).eval()
    array([1., 2.])
    """
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f'trans must be 0, 1, 2, "N", "T" or "C", got {trans!r}.')
    a = as_tensor_variable(a)
    b, b_ndim = default_b_ndim(b, b_ndim)
    if trans in (1, 2, "T", "C"):
        a = a.mT.conj() if trans in (2, "C") else a.mT
        lower = not lower
    return Blockwise(SolveTriangular(lower=lower, unit_diagonal=unit_diagonal, b_ndim=b_ndim))(a, b)
