"""Solving with a matrix of any kind, and with its LU factors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from pytensorlite.tensor.basic import as_tensor_variable, tril, triu
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.matrices import onto_triangle, symmetric_from
from pytensorlite.tensor.linalg.solvers.core import SolveBase, default_b_ndim
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.variable import TensorVariable

_LONG_NAMES = {
    "general": "gen",
    "symmetric": "sym",
    "hermitian": "her",
    "positive definite": "pos",
}
_ASSUMPTIONS = ("gen", "sym", "her", "pos", "tridiagonal", "banded")


class Solve(SolveBase):
    """Solve with a square matrix about which something may be assumed.

    A singular matrix gives NaN.

    Parameters
    ----------
    assume_a : {"gen", "sym", "her", "pos", "tridiagonal", "banded"}
        General; symmetric, Hermitian, positive definite (one triangle is read); tridiagonal (the
        three middle diagonals are read); banded.
    lower : bool
        Which triangle is read.
    b_ndim : {1, 2}
        Rank of the right-hand side.
    """

    __props__ = ("assume_a", "lower", "b_ndim")

    def __init__(self, *, assume_a: str = "gen", lower: bool = False, b_ndim: int):
        super().__init__(lower=lower, b_ndim=b_ndim)
        assume_a = _LONG_NAMES.get(assume_a, assume_a)
        if assume_a not in _ASSUMPTIONS:
            raise ValueError(
                f"Invalid assume_a: {assume_a}. It must be one of {list(_ASSUMPTIONS)} "
                f"or {list(_LONG_NAMES)}."
            )
        self.assume_a = assume_a

    @property
    def reads_one_triangle(self) -> bool:
        """Whether one triangle of the matrix stands for both."""
        return self.assume_a in ("sym", "her", "pos")

    def solve(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        import scipy.linalg

        if self.assume_a in ("tridiagonal", "banded"):
            return _solve_banded(a, b, (1, 1) if self.assume_a == "tridiagonal" else None)
        with warnings.catch_warnings():
            # A badly conditioned matrix is solved all the same; NumPy does not remark on it either.
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
            return scipy.linalg.solve(
                a, b, lower=self.lower, assume_a=self.assume_a, check_finite=False
            )

    def transposed(self) -> Solve:
        lower = not self.lower if self.reads_one_triangle else self.lower
        return Solve(assume_a=self.assume_a, lower=lower, b_ndim=self.b_ndim)

    def cotangent_of_matrix(self, free: TensorVariable) -> TensorVariable:
        if self.reads_one_triangle:
            return onto_triangle(free, self.lower)
        return _three_diagonals(free) if self.assume_a == "tridiagonal" else free

    def tangent_of_matrix(self, ta: TensorVariable) -> TensorVariable:
        if self.reads_one_triangle:
            return symmetric_from(ta, self.lower)
        return _three_diagonals(ta) if self.assume_a == "tridiagonal" else ta


def _three_diagonals(x: TensorVariable) -> TensorVariable:
    return triu(tril(x, 1), -1)


def _solve_banded(a: np.ndarray, b: np.ndarray, widths: tuple[int, int] | None) -> np.ndarray:
    from scipy.linalg import bandwidth, solve_banded

    below, above = bandwidth(a) if widths is None else widths
    n = len(a)
    bands = np.zeros((below + above + 1, n), dtype=a.dtype)
    for offset in range(-min(below, n - 1), min(above, n - 1) + 1):
        band = a.diagonal(offset)
        start = max(offset, 0)
        bands[above - offset, start : start + len(band)] = band
    return solve_banded((below, above), bands, b, check_finite=False)


def solve(
    a: Any,
    b: Any,
    *,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str = "gen",
    transposed: bool = False,
    b_ndim: int | None = None,
) -> TensorVariable:
    """Return the solution x of ``a @ x = b``, or of each system in a batch.

    Parameters
    ----------
    a : tensor_like
        Square matrices in the last two axes; a singular one gives NaN.
    b : tensor_like
        Right-hand sides. A vector is one; else the last two axes are a matrix of columns, unless
        ``b_ndim`` is 1.
    lower : bool
        Which triangle of a symmetric matrix is read.
    overwrite_a, overwrite_b, check_finite : bool
        Accepted for compatibility with SciPy.
    assume_a : str
        What to assume of the matrix: "gen", "sym", "her", "pos" or their long names, "diagonal",
        "tridiagonal", "banded", "lower triangular", "upper triangular".
    transposed : bool
        Solve with the transpose of the matrix.
    b_ndim : {1, 2}, optional
        Core rank of ``b``.

    Examples
    --------
    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]).eval()
    array([1., 1.])
    """
    a = as_tensor_variable(a)
    b, b_ndim = default_b_ndim(b, b_ndim)
    if assume_a in ("lower triangular", "upper triangular"):
        is_lower = assume_a == "lower triangular"
        return solve_triangular(a, b, lower=is_lower, trans=1 if transposed else 0, b_ndim=b_ndim)
    if assume_a == "diagonal":
        entries = a.diagonal(axis1=-2, axis2=-1)
        if b_ndim == 2:
            entries = entries.dimshuffle([*range(entries.type.ndim), "x"])
        return b / entries
    op = Solve(assume_a=assume_a, lower=lower, b_ndim=b_ndim)
    if transposed:
        a = a.mT
        op = Solve(assume_a=assume_a, lower=lower != op.reads_one_triangle, b_ndim=b_ndim)
    return Blockwise(op)(a, b)
