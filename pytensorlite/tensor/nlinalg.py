"""PyTensor's older path to what now lives in `pytensorlite.tensor.linalg`."""

from pytensorlite.tensor.linalg import (
    det,
    eig,
    eigh,
    inv,
    kron,
    lstsq,
    matrix_dot,
    matrix_power,
    norm,
    pinv,
    slogdet,
    svd,
    tensorinv,
    tensorsolve,
    trace,
)
from pytensorlite.tensor.linalg.decomposition.eigen import Eig, Eigh
from pytensorlite.tensor.linalg.decomposition.svd import SVD
from pytensorlite.tensor.linalg.inverse import MatrixInverse, MatrixPinv, matrix_inverse
from pytensorlite.tensor.linalg.solvers.lstsq import Lstsq
from pytensorlite.tensor.linalg.summary import Det, SLogDet

__all__ = [
    "SVD",
    "Det",
    "Eig",
    "Eigh",
    "Lstsq",
    "MatrixInverse",
    "MatrixPinv",
    "SLogDet",
    "det",
    "eig",
    "eigh",
    "inv",
    "kron",
    "lstsq",
    "matrix_dot",
    "matrix_inverse",
    "matrix_power",
    "norm",
    "pinv",
    "slogdet",
    "svd",
    "tensorinv",
    "tensorsolve",
    "trace",
]
