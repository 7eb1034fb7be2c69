"""Linear algebra on symbolic matrices, all of it also on batches of them.

Values come from LAPACK through NumPy and SciPy, which is imported when the first such op runs.
"""

from pytensorlite.tensor.basic import trace
from pytensorlite.tensor.linalg.constructors import block_diag
from pytensorlite.tensor.linalg.decomposition.cholesky import cholesky
from pytensorlite.tensor.linalg.decomposition.eigen import eig, eigh, eigvalsh
from pytensorlite.tensor.linalg.decomposition.lu import (
    lu,
    lu_factor,
    lu_solve,
    pivot_to_permutation,
)
from pytensorlite.tensor.linalg.decomposition.qr import qr
from pytensorlite.tensor.linalg.decomposition.svd import svd
from pytensorlite.tensor.linalg.inverse import inv, pinv, tensorinv
from pytensorlite.tensor.linalg.products import expm, kron, matrix_dot, matrix_power
from pytensorlite.tensor.linalg.solvers.general import solve
from pytensorlite.tensor.linalg.solvers.lstsq import lstsq, tensorsolve
from pytensorlite.tensor.linalg.solvers.psd import cho_solve
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.linalg.summary import det, norm, slogdet

__all__ = [
    "block_diag",
    "cho_solve",
    "cholesky",
    "det",
    "eig",
    "eigh",
    "eigvalsh",
    "expm",
    "inv",
    "kron",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matrix_dot",
    "matrix_power",
    "norm",
    "pinv",
    "pivot_to_permutation",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "tensorinv",
    "tensorsolve",
    "trace",
]
