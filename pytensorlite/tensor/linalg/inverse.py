"""Inverses of matrices: `inv`, `pinv`, and of tensors: `tensorinv`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.matrices import (
    SquareToSquare,
    as_core,
    checked_square,
    eye_like,
    is_disconnected,
    linalg_output_dtype,
    output,
)
from pytensorlite.tensor.math import prod
from pytensorlite.tensor.variable import TensorVariable


class MatrixInverse(SquareToSquare):
    """The inverse of a square matrix; a singular one raises `numpy.linalg.LinAlgError`."""

    __props__ = ()

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        checked_square(self, x)
        output_storage[0][0] = np.linalg.inv(x.astype(node.outputs[0].type.dtype, copy=False))

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (y,), (g,) = outputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        return [-(y.T @ g @ y.T)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (y,), (t,) = outputs, tangents
        return [t if is_disconnected(t) else -(y @ t @ y)]


class MatrixPinv(Op):
    """The Moore-Penrose inverse of a matrix.

    Parameters
    ----------
    hermitian : bool
        Whether the matrix is known to be Hermitian, which is faster.
    """

    __props__ = ("hermitian",)
    gufunc_signature = "(m,n)->(n,m)"

    def __init__(self, hermitian: bool = False):
        self.hermitian = hermitian

    def make_node(self, x: Any) -> Apply:
        x = as_core(self, x)
        rows, columns = x.type.shape
        return Apply(self, [x], [output(linalg_output_dtype(x.type.dtype), columns, rows)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(reversed(input_shapes[0]))]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x = inputs[0].astype(node.outputs[0].type.dtype, copy=False)
        output_storage[0][0] = np.linalg.pinv(x, hermitian=self.hermitian)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        if is_disconnected(cotangents[0]):
            return [disconnected_type()]
        return [pulled_through_pinv(inputs[0], outputs[0], cotangents[0])]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (z,), (t,) = inputs, outputs, tangents
        if is_disconnected(t):
            return [t]
        left, right = z @ x, x @ z
        return [
            -(z @ t @ z)
            + z @ z.T @ t.T @ (eye_like(right) - right)
            + (eye_like(left) - left) @ t.T @ z.T @ z
        ]


def pulled_through_pinv(x: TensorVariable, z: TensorVariable, g: TensorVariable) -> TensorVariable:
    """Return the cotangent of ``x`` where ``g`` is that of its pseudo-inverse ``z``."""
    left, right = z @ x, x @ z
    return (
        -(z.T @ g @ z.T)
        + (eye_like(right) - right) @ g.T @ z @ z.T
        + z.T @ z @ g.T @ (eye_like(left) - left)
    )


matrix_inverse = Blockwise(MatrixInverse())


def inv(x: Any) -> TensorVariable:
    """Return the inverse of a square matrix, or of each in a batch.

    To multiply a vector by an inverse, `solve` is faster and more accurate.

    Parameters
    ----------
    x : tensor_like
        Square matrices in the last two axes; a singular one raises `numpy.linalg.LinAlgError`.

    Examples
    --------
    >>> inv([[2.0, 0.0], [0.0, 4.0]]).eval()
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return matrix_inverse(x)


def pinv(x: Any, hermitian: bool = False) -> TensorVariable:
    """Return the Moore-Penrose inverse of a matrix, or of each in a batch.

    Parameters
    ----------
    x : tensor_like
        Matrices in the last two axes.
    hermitian : bool
        Whether they are known to be Hermitian.

    Examples
    --------
    >>> pinv([[2.0], [0.0]]).eval()
    array([[0.5, 0. ]])
    """
    return Blockwise(MatrixPinv(hermitian=hermitian))(x)


def tensorinv(a: Any, ind: int = 2) -> TensorVariable:
    """Return the inverse of a tensor under `tensordot` over its first ``ind`` axes.

    Parameters
    ----------
    a : tensor_like
        Its first ``ind`` lengths and the others must have the same product.
    ind : int
        How many axes make up the rows.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> tensorinv(pt.tensor4("a"), ind=2).type.ndim
    4
    """
    a = as_tensor_variable(a)
    if ind <= 0:
        raise ValueError(f"ind must be a positive integer, got {ind}.")
    shape = [a.shape[k] for k in range(a.type.ndim)]
    rows, columns = shape[:ind], shape[ind:]
    matrix = a.reshape([prod_of(rows), prod_of(columns)], ndim=2)
    return inv(matrix).reshape([*columns, *rows], ndim=a.type.ndim)


def prod_of(lengths: Sequence[Any]) -> Any:
    """Return the product of symbolic lengths."""
    return prod(as_tensor_variable(lengths), dtype="int64") if lengths else 1
