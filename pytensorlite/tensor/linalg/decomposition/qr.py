"""Orthogonal times triangular: the QR decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import concatenate, tril, triu, zeros
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.linalg.matrices import (
    as_core,
    is_complex,
    is_disconnected,
    linalg_output_dtype,
    or_zeros,
    output,
)
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.math import le, minimum
from pytensorlite.tensor.variable import TensorVariable

_MODES = {"complete": "full", "reduced": "economic"}


class QR(Op):
    """The factors of ``x = q @ r`` with orthonormal columns in ``q`` and ``r`` upper triangular.

    Parameters
    ----------
    mode : {"full", "economic", "r", "raw"}
        ``q`` square; only as wide as needed; only ``r``; what LAPACK leaves.
    pivoting : bool
        Reorder columns so that the diagonal of ``r`` does not increase, and return their order.
    """

    __props__ = ("mode", "pivoting")

    def __init__(self, mode: str = "full", pivoting: bool = False):
        if mode not in ("full", "economic", "r", "raw"):
            raise ValueError(
                f'mode must be one of "full", "r", "economic" or "raw" (or NumPy\'s "complete" and '
                f'"reduced"), got {mode!r}.'
            )
        self.mode = mode
        self.pivoting = bool(pivoting)
        results = {
            "full": "(m,m),(m,n)",
            "economic": "(m,k),(k,n)",
            "r": "(m,n)",
            "raw": "(m,n),(k),(k,n)",
        }[mode]
        self.gufunc_signature = f"(m,n)->{results}{',(n)' if pivoting else ''}"

    def make_node(self, x: Any) -> Apply:
        x = as_core(self, x)
        m, n = x.type.shape
        k = None if m is None or n is None else min(m, n)
        dtype = linalg_output_dtype(x.type.dtype)
        shapes = self._shapes(m, n, k)
        outputs = [output(dtype, *shape) for shape in shapes]
        if self.pivoting:
            outputs.append(output("int32", n))
        return Apply(self, [x], outputs)

    def _shapes(self, m: Any, n: Any, k: Any) -> list[tuple[Any, ...]]:
        return {
            "full": [(m, m), (m, n)],
            "economic": [(m, k), (k, n)],
            "r": [(m, n)],
            "raw": [(m, n), (k,), (k, n)],
        }[self.mode]

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ((m, n),) = input_shapes
        shapes = self._shapes(m, n, minimum(m, n))
        return [*shapes, (n,)] if self.pivoting else shapes

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import qr

        (x,) = inputs
        x = x.astype(node.outputs[0].type.dtype, copy=False)
        if x.size == 0:
            results = _of_empty(self, x)
        else:
            found = qr(x, mode=self.mode, pivoting=self.pivoting, check_finite=False)
            results = _flattened(found if isinstance(found, tuple) else (found,))
        for storage, result, variable in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(result, dtype=variable.type.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True] * (len(node.outputs) - self.pivoting) + [False] * self.pivoting]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,) = inputs
        seeds = cotangents[: len(outputs) - self.pivoting]
        if all(is_disconnected(g) for g in seeds):
            return [disconnected_type()]
        if is_complex(x) or self.mode == "raw":
            return [grad_not_implemented(self, 0, x, "complex matrices, or mode 'raw'")]
        order = outputs[-1] if self.pivoting else None
        q, r, gq, gr = self._economic(x, outputs, seeds, order)
        columns = x if order is None else x[:, order]
        g = _pulled_through_qr(columns, q, r, gq, gr)
        return [g if order is None else g[:, order.argsort()]]

    def _economic(self, x: Any, outputs: Any, seeds: Any, order: Any) -> tuple[Any, Any, Any, Any]:
        """Return the economic factors and their cotangents."""
        k = minimum(x.shape[0], x.shape[1])
        if self.mode == "r":
            q, r = QR("economic")(x if order is None else x[:, order])
            return q, r, zeros((x.shape[0], k), dtype=q.type.dtype), seeds[0][:k]
        q, r = outputs[:2]
        gq, gr = (or_zeros(g, y) for g, y in zip(seeds, (q, r), strict=True))
        if self.mode == "full":
            if not is_disconnected(seeds[0]):
                gq = _not_tall(gq, x)
            # Not the columns of this very q, so that derivatives of this derivative exist too.
            q, r = QR("economic")(x if order is None else x[:, order])
            gq, gr = gq[:, :k], gr[:k]
        return q, r, gq, gr

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if is_disconnected(t):
            return [t for _ in outputs]
        if is_complex(x) or self.mode == "raw":
            absent = grad_not_implemented(self, 0, x, "complex matrices, or mode 'raw'")
            return [absent for _ in outputs]
        order = outputs[-1] if self.pivoting else None
        if order is not None:
            x, t = x[:, order], t[:, order]
        q, r = QR("economic")(x)
        dq, dr = _pushed_through_qr(q, r, t)
        missing = x.shape[0] - q.shape[1]
        tail = [disconnected_type()] if self.pivoting else []
        if self.mode == "economic":
            return [dq, dr, *tail]
        padded = concatenate([dr, zeros((missing, x.shape[1]), dtype=dr.type.dtype)], axis=0)
        return [padded, *tail] if self.mode == "r" else [_not_tall(dq, x), padded, *tail]


def _pulled_through_qr(x: Any, q: Any, r: Any, gq: Any, gr: Any) -> TensorVariable:
    """Return the cotangent of ``x``; columns beyond the square part depend on ``q`` alone."""
    k = q.shape[1]
    beyond = x[:, k:]
    g_beyond = q @ gr[:, k:]
    gq = gq + beyond @ gr[:, k:].T
    r_square, gr_square = r[:, :k], gr[:, :k]
    m = r_square @ gr_square.T - gq.T @ q
    symmetric = tril(m) + tril(m, -1).T
    # (gq + q @ symmetric) @ inv(r).T
    g_square = solve_triangular(r_square, (gq + q @ symmetric).T, lower=False).T
    return concatenate([g_square, g_beyond], axis=1)


def _pushed_through_qr(q: Any, r: Any, t: Any) -> tuple[Any, Any]:
    k = q.shape[1]
    r_square = r[:, :k]
    moved = solve_triangular(r_square, t[:, :k].T, trans=1, lower=False).T
    core = q.T @ moved
    # d(q.T q) = 0 makes q.T dq antisymmetric; what is left of core is upper triangular.
    below = tril(core, -1)
    turn = below - below.T
    dq = moved - q @ core + q @ turn
    dr_square = (core - turn) @ r_square
    dr_beyond = q.T @ t[:, k:] + turn.T @ r[:, k:]
    return dq, concatenate([triu(dr_square), dr_beyond], axis=1)


def _not_tall(q: TensorVariable, x: TensorVariable) -> TensorVariable:
    message = (
        "The derivative of q of a tall matrix needs qr(..., mode='economic'): the other columns of "
        "a square q are not determined by the matrix."
    )
    return CheckAndRaise(NotImplementedError, message)(q, le(x.shape[0], x.shape[1]))


def _of_empty(op: QR, x: np.ndarray) -> list[np.ndarray]:
    m, n = x.shape
    shapes = op._shapes(m, n, 0)
    results = [np.zeros(shape) for shape in shapes]
    if op.mode == "full":
        results[0] = np.eye(m)
    return [*results, np.arange(n)] if op.pivoting else results


def _flattened(results: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for result in results:
        flat.extend(result if isinstance(result, tuple) else [result])
    return flat


def qr(
    A: Any,
    mode: str = "full",
    overwrite_a: bool = False,
    pivoting: bool = False,
    lwork: int | None = None,
) -> Any:
    """Return the QR decomposition of a matrix, or of each in a batch.

    Parameters
    ----------
    A : tensor_like
        Matrices in the last two axes.
    mode : {"full", "economic", "r", "raw", "complete", "reduced"}
        ``q`` square; only as wide as needed; only ``r``; what LAPACK leaves; NumPy's names of the
        first two.
    overwrite_a, lwork
        Accepted for compatibility with SciPy.
    pivoting : bool
        Reorder columns so that the diagonal of ``r`` does not increase, and return their order.

    Examples
    --------
    >>> abs(qr([[3.0], [4.0]], mode="r").eval()).round(12)
    array([[5.],
           [0.]])
    """
    return Blockwise(QR(mode=_MODES.get(mode, mode), pivoting=pivoting))(A)
