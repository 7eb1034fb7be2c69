"""Singular values and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import alloc_diag, diagonal
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.linalg.matrices import (
    as_core,
    inverse_gaps,
    is_complex,
    is_disconnected,
    linalg_output_dtype,
    linalg_real_output_dtype,
    or_zeros,
    output,
)
from pytensorlite.tensor.math import eq, minimum
from pytensorlite.tensor.variable import TensorVariable


class SVD(Op):
    """The singular value decomposition ``u @ diag(s) @ vh`` of a matrix.

    Parameters
    ----------
    full_matrices : bool
        Whether ``u`` and ``vh`` are square, or only as wide and as high as there are singular
        values.
    compute_uv : bool
        Whether to return ``u`` and ``vh`` besides ``s``.
    """

    __props__ = ("full_matrices", "compute_uv")

    def __init__(self, full_matrices: bool = True, compute_uv: bool = True):
        self.full_matrices = bool(full_matrices)
        self.compute_uv = bool(compute_uv)
        if not self.compute_uv:
            self.gufunc_signature = "(m,n)->(k)"
        elif self.full_matrices:
            self.gufunc_signature = "(m,n)->(m,m),(k),(n,n)"
        else:
            self.gufunc_signature = "(m,n)->(m,k),(k),(k,n)"

    def make_node(self, x: Any) -> Apply:
        x = as_core(self, x)
        m, n = x.type.shape
        k = None if m is None or n is None else min(m, n)
        dtype = linalg_output_dtype(x.type.dtype)
        values = output(linalg_real_output_dtype(dtype), k)
        if not self.compute_uv:
            return Apply(self, [x], [values])
        rows, columns = (m, n) if self.full_matrices else (k, k)
        return Apply(self, [x], [output(dtype, m, rows), values, output(dtype, columns, n)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ((m, n),) = input_shapes
        k = minimum(m, n)
        if not self.compute_uv:
            return [(k,)]
        return [(m, m), (k,), (n, n)] if self.full_matrices else [(m, k), (k,), (k, n)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x = inputs[0].astype(linalg_output_dtype(inputs[0].dtype), copy=False)
        options: Any = {"full_matrices": self.full_matrices, "compute_uv": self.compute_uv}
        results: Any = np.linalg.svd(x, **options)
        for storage, result in zip(
            output_storage, results if self.compute_uv else [results], strict=True
        ):
            storage[0] = np.asarray(result)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,) = inputs
        if all(is_disconnected(g) for g in cotangents):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        if not self.compute_uv:
            u, _, vh = SVD(full_matrices=False)(x)
            return [(u * cotangents[0]) @ vh]
        u, s, vh = outputs
        gu, gs, gvh = cotangents
        vectors_matter = not (is_disconnected(gu) and is_disconnected(gvh))
        gu, gs, gvh = (or_zeros(g, y) for g, y in zip((gu, gs, gvh), outputs, strict=True))
        if self.full_matrices:
            if vectors_matter:
                gu = _only_square(gu, x)
            k = s.shape[0]
            gu, gvh = gu[:, :k], gvh[:k]
            # Not the columns of this very u, so that derivatives of this derivative exist too.
            u, s, vh = SVD(full_matrices=False)(x)
        v, gv = vh.T, gvh.T
        if not vectors_matter:
            return [(u * gs) @ vh]
        # F[i, j] = 1 / (s[j]² - s[i]²) counts every rotation between two singular vectors.
        gaps = inverse_gaps(s * s)
        left, right = gaps * (u.T @ gu), gaps * (v.T @ gv)
        core = (left + left.T) * s + s.dimshuffle(0, "x") * (right + right.T) + alloc_diag(gs)
        beyond_u = (gu - u @ (u.T @ gu)) / s
        beyond_v = (gv - v @ (v.T @ gv)) / s
        return [u @ core @ vh + beyond_u @ vh + u @ beyond_v.T]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if is_disconnected(t):
            return [t for _ in outputs]
        if not self.compute_uv:
            u, _, vh = SVD(full_matrices=False)(x)
            return [diagonal(u.T @ t @ vh.T)]
        u, s, vh = SVD(full_matrices=False)(x) if self.full_matrices else outputs
        v = vh.T
        moved = u.T @ t @ v
        gaps = inverse_gaps(s * s)
        columns, rows = s, s.dimshuffle(0, "x")
        du = u @ (gaps * (moved * columns + rows * moved.T))
        dv = v @ (gaps * (rows * moved + moved.T * columns))
        if self.full_matrices:
            du, dv = _only_square(du, x), _only_square(dv, x)
        else:
            beyond_u = t @ v - u @ (u.T @ (t @ v))
            beyond_v = t.T @ u - v @ (v.T @ (t.T @ u))
            du, dv = du + beyond_u / s, dv + beyond_v / s
        return [du, diagonal(moved), dv.T]


def _only_square(u: TensorVariable, x: TensorVariable) -> TensorVariable:
    """Check that full matrices have no columns beyond the singular values: those are not unique."""
    message = (
        "The derivative of the singular vectors of a matrix that is not square needs "
        "svd(..., full_matrices=False): the other columns are not determined by the matrix."
    )
    return CheckAndRaise(NotImplementedError, message)(u, eq(x.shape[0], x.shape[1]))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition of a matrix, or of each in a batch.

    Parameters
    ----------
    a : tensor_like
        Matrices in the last two axes.
    full_matrices : bool
        Whether ``u`` and ``vh`` are square.
    compute_uv : bool
        Whether to return ``u`` and ``vh`` besides the singular values.

    Returns
    -------
    u, s, vh : TensorVariable
        ``a`` is ``u @ diag(s) @ vh``; with ``compute_uv=False`` only ``s``.

    Examples
    --------
    >>> svd([[3.0, 0.0], [0.0, 2.0]], compute_uv=False).eval()
    array([3., 2.])
    """
    results = Blockwise(SVD(full_matrices=full_matrices, compute_uv=compute_uv))(a)
    return results if not compute_uv else list(results)
