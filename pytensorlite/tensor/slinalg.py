"""PyTensor's older path to what now lives in `pytensorlite.tensor.linalg`."""

from pytensorlite.tensor.linalg import (
    block_diag,
    cho_solve,
    cholesky,
    eigvalsh,
    expm,
    lu,
    lu_factor,
    lu_solve,
    qr,
    solve,
    solve_triangular,
)
from pytensorlite.tensor.linalg.constructors import BlockDiagonal
from pytensorlite.tensor.linalg.decomposition.cholesky import Cholesky
from pytensorlite.tensor.linalg.decomposition.eigen import Eigvalsh
from pytensorlite.tensor.linalg.decomposition.lu import LU, LUFactor
from pytensorlite.tensor.linalg.decomposition.qr import QR
from pytensorlite.tensor.linalg.products import Expm
from pytensorlite.tensor.linalg.solvers.core import SolveBase
from pytensorlite.tensor.linalg.solvers.general import Solve
from pytensorlite.tensor.linalg.solvers.triangular import SolveTriangular

__all__ = [
    "LU",
    "QR",
    "BlockDiagonal",
    "Cholesky",
    "Eigvalsh",
    "Expm",
    "LUFactor",
    "Solve",
    "SolveBase",
    "SolveTriangular",
    "block_diag",
    "cho_solve",
    "cholesky",
    "eigvalsh",
    "expm",
    "lu",
    "lu_factor",
    "lu_solve",
    "qr",
    "solve",
    "solve_triangular",
]
