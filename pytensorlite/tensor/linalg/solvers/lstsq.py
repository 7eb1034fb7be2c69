"""Least squares, and equations of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.linalg.inverse import pinv, prod_of, pulled_through_pinv
from pytensorlite.tensor.linalg.matrices import (
    as_core,
    is_disconnected,
    linalg_output_dtype,
    linalg_real_output_dtype,
    output,
)
from pytensorlite.tensor.linalg.solvers.general import solve
from pytensorlite.tensor.variable import TensorVariable


class Lstsq(Op):
    """Solution, residuals, rank and singular values of a least-squares problem."""

    __props__ = ()

    def make_node(self, a: Any, b: Any, rcond: Any) -> Apply:
        a, b, rcond = as_core(self, a), as_tensor_variable(b), as_tensor_variable(rcond)
        if b.type.ndim not in (1, 2):
            raise TypeError(
                f"{self}: expected a vector or a matrix for b, got {b} of type {b.type}."
            )
        if rcond.type.ndim != 0:
            raise TypeError(f"{self}: rcond must be a scalar, got {rcond} of type {rcond.type}.")
        dtype = linalg_output_dtype(a.type.dtype, b.type.dtype)
        real = linalg_real_output_dtype(dtype)
        outputs = [
            output(dtype, a.type.shape[1], *b.type.shape[1:]),
            output(real, None),
            output("int32"),
            output(real, None),
        ]
        return Apply(self, [a, b, rcond], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        a, b, rcond = inputs
        dtype = node.outputs[0].type.dtype
        results = np.linalg.lstsq(a.astype(dtype), b.astype(dtype), rcond=float(rcond))
        for storage, result, variable in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(result, dtype=variable.type.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, True, False, True], [True, True, False, False], [False] * 4]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        a, b, _ = inputs
        g, g_residuals, _, g_values = cotangents
        if not (is_disconnected(g_residuals) and is_disconnected(g_values)):
            absent = [
                grad_not_implemented(self, k, x, "only the solution") for k, x in enumerate((a, b))
            ]
            return [*absent, disconnected_type()]
        if is_disconnected(g):
            return [disconnected_type() for _ in inputs]
        inverse = pinv(a)
        g_inverse = g @ b.T if b.type.ndim == 2 else g.dimshuffle(0, "x") * b
        return [pulled_through_pinv(a, inverse, g_inverse), inverse.T @ g, disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (a, b, _), (solution, *_) = inputs, outputs
        ta, tb, _ = tangents
        absent = grad_not_implemented(self, 0, a, "only the solution")
        inverse = pinv(a)
        terms = []
        if not is_disconnected(ta):
            # The differential of the pseudo-inverse, applied to b: what the solution does not
            # reach of b counts, and so does what the rows of a do not span.
            seen = inverse.T @ solution
            missed = inverse.T @ (ta.T @ (b - a @ solution))
            terms.append(inverse @ (missed - ta @ solution - a @ (ta.T @ seen)) + ta.T @ seen)
        if not is_disconnected(tb):
            terms.append(inverse @ tb)
        moved = reduce(add, terms) if terms else disconnected_type()
        return [moved, absent, disconnected_type(), absent]


def lstsq(a: Any, b: Any, rcond: Any = 1e-15) -> list[TensorVariable]:
    """Return what minimises ``norm(a @ x - b)``, as `numpy.linalg.lstsq` does.

    Parameters
    ----------
    a : tensor_like
        A matrix.
    b : tensor_like
        A vector, or a matrix of columns.
    rcond : float
        Singular values below this fraction of the largest count as zero.

    Returns
    -------
    list of TensorVariable
        Solution, residuals, rank, and singular values.

    Examples
    --------
    >>> solution, *_ = lstsq([[1.0], [1.0]], [1.0, 3.0])
    >>> solution.eval().round(12)
    array([2.])
    """
    return Lstsq()(a, b, rcond)


def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> TensorVariable:
    """Return the tensor x with ``tensordot(a, x, x.ndim) = b``.

    Parameters
    ----------
    a : tensor_like
        Its first lengths are those of ``b``; the others are those of the solution.
    b : tensor_like
        The right-hand side.
    axes : sequence of int, optional
        Axes of ``a`` to move to the end first.

    Examples
    --------
    >>> import numpy as np
    >>> tensorsolve(np.eye(4).reshape(2, 2, 4), np.ones((2, 2))).eval()
    array([1., 1., 1., 1.])
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if axes is not None:
        moved = [axis % a.type.ndim for axis in axes]
        kept = [axis for axis in range(a.type.ndim) if axis not in moved]
        a = a.dimshuffle([*kept, *moved])
    columns = [a.shape[k] for k in range(b.type.ndim, a.type.ndim)]
    rows = [b.shape[k] for k in range(b.type.ndim)]
    matrix = a.reshape([prod_of(rows), prod_of(columns)], ndim=2)
    return solve(matrix, b.flatten()).reshape(columns, ndim=len(columns))
