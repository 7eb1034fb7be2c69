"""Products of matrices: Kronecker, chains, powers, and the exponential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.tensor.basic import as_tensor_variable, concatenate, eye, zeros_like
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.extra_ops import broadcast_to
from pytensorlite.tensor.linalg.inverse import inv
from pytensorlite.tensor.linalg.matrices import (
    SquareToSquare,
    checked_square,
    is_disconnected,
)
from pytensorlite.tensor.math import matmul
from pytensorlite.tensor.variable import TensorVariable


class Expm(SquareToSquare):
    """The exponential of a square matrix."""

    __props__ = ()

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import expm

        (x,) = inputs
        checked_square(self, x)
        x = x.astype(node.outputs[0].type.dtype, copy=False)
        output_storage[0][0] = expm(x) if x.size else x.copy()

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (g,) = inputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        return [self._along(x.T, g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        return [t if is_disconnected(t) else self._along(x, t)]

    def _along(self, x: TensorVariable, t: TensorVariable) -> TensorVariable:
        """Return the derivative along ``t``: a corner of ``expm([[x, t], [0, x]])``."""
        n = x.shape[0]
        above = concatenate([x, t], axis=1)
        below = concatenate([zeros_like(x), x], axis=1)
        return self(concatenate([above, below], axis=0))[:n, n:]


def expm(x: Any) -> TensorVariable:
    """Return the exponential of a square matrix, or of each in a batch.

    Parameters
    ----------
    x : tensor_like
        Square matrices in the last two axes.

    Examples
    --------
    >>> expm([[0.0, 1.0], [0.0, 0.0]]).eval()
    array([[1., 1.],
           [0., 1.]])
    """
    return Blockwise(Expm())(x)


def kron(a: Any, b: Any) -> TensorVariable:
    """Return the Kronecker product, as `numpy.kron` does.

    Parameters
    ----------
    a, b : tensor_like
        The factors.

    Examples
    --------
    >>> kron([1, 2], [1, 1]).eval()
    array([1, 1, 2, 2])
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    ndim = max(a.type.ndim, b.type.ndim)
    a, b = (x.dimshuffle([*["x"] * (ndim - x.type.ndim), *range(x.type.ndim)]) for x in (a, b))
    outer = a.dimshuffle([k for axis in range(ndim) for k in (axis, "x")])
    inner = b.dimshuffle([k for axis in range(ndim) for k in ("x", axis)])
    shape = [a.shape[axis] * b.shape[axis] for axis in range(ndim)]
    return (outer * inner).reshape(shape, ndim=ndim)


def matrix_dot(*args: Any) -> TensorVariable:
    """Return the product of several matrices, from left to right.

    Parameters
    ----------
    *args : tensor_like
        The factors.

    Examples
    --------
    >>> matrix_dot([[2.0]], [[3.0]], [[4.0]]).eval()
    array([[24.]])
    """
    if not args:
        raise ValueError("matrix_dot needs at least one matrix.")
    product = as_tensor_variable(args[0])
    for factor in args[1:]:
        product = matmul(product, factor)
    return product


def matrix_power(M: Any, n: int) -> TensorVariable:
    """Return a square matrix to an integer power, by repeated squaring.

    Parameters
    ----------
    M : tensor_like
        Square matrices in the last two axes.
    n : int
        The exponent; negative ones need an invertible matrix.

    Examples
    --------
    >>> matrix_power([[1.0, 1.0], [0.0, 1.0]], 5).eval()
    array([[1., 5.],
           [0., 1.]])
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(f"The exponent of matrix_power must be an integer, got {n!r}.")
    M = as_tensor_variable(M)
    if n < 0:
        M, n = inv(M), -n
    if n == 0:
        identity = eye(M.shape[-1], dtype=M.type.dtype)
        return broadcast_to(identity, [M.shape[axis] for axis in range(M.type.ndim)])
    result: Any = None
    square = M
    while True:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if not n:
            return result
        square = matmul(square, square)
