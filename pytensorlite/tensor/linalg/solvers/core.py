"""What the solvers of linear equations share: signatures, checks, derivatives."""

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
    as_core,
    as_square,
    is_disconnected,
    linalg_output_dtype,
    output,
    square_side,
)
from pytensorlite.tensor.variable import TensorVariable


class SolveBase(Op):
    """Solve ``a @ x = b`` for one right-hand side (``b_ndim=1``) or several columns (``b_ndim=2``).

    Parameters
    ----------
    lower : bool
        Which triangle of the matrix is read, for solvers that read one.
    b_ndim : {1, 2}
        Rank of the right-hand side.
    """

    __props__: tuple[str, ...] = ("lower", "b_ndim")

    def __init__(self, *, lower: bool = False, b_ndim: int):
        if b_ndim not in (1, 2):
            raise ValueError(f"b_ndim must be 1 or 2, got {b_ndim!r}.")
        self.lower = bool(lower)
        self.b_ndim = b_ndim
        self.gufunc_signature = "(m,m),(m)->(m)" if b_ndim == 1 else "(m,m),(m,n)->(m,n)"

    def make_node(self, a: Any, b: Any) -> Apply:
        a, b = as_square(self, a), as_core(self, b, self.b_ndim)
        dtype = linalg_output_dtype(a.type.dtype, b.type.dtype)
        side = square_side(a)
        shape = (b.type.shape[0] if side is None else side, *b.type.shape[1:])
        return Apply(self, [a, b], [output(dtype, *shape)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[1]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        dtype = node.outputs[0].type.dtype
        a, b = (x.astype(dtype, copy=False) for x in inputs)
        if a.shape[0] != a.shape[1]:
            raise np.linalg.LinAlgError(f"{self}: expected a square matrix, got shape {a.shape}.")
        if a.shape[0] != b.shape[0]:
            raise ValueError(
                f"{self}: the matrix of shape {a.shape} does not fit the right-hand side of "
                f"shape {b.shape}: "
                f"expected {a.shape[0]} rows, got {b.shape[0]}."
            )
        if b.size == 0:
            output_storage[0][0] = np.zeros(b.shape, dtype)
            return
        try:
            solution = self.solve(a, b)
        except np.linalg.LinAlgError:
            # A singular matrix among many must not stop a batch; NaN says so where it belongs.
            solution = np.full(b.shape, np.nan)
        output_storage[0][0] = np.asarray(solution, dtype=dtype)

    def solve(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the solution of a system that is not empty, or raise ``LinAlgError``."""
        raise NotImplementedError

    # -- derivatives: a @ x = b gives a @ dx = db - da @ x ----------------------------------------

    def transposed(self) -> SolveBase:
        """Return the op that solves with the transpose of the matrix, given as such."""
        raise NotImplementedError

    def cotangent_of_matrix(self, free: TensorVariable) -> TensorVariable:
        """Return the cotangent of the matrix from that of a matrix with free elements."""
        return free

    def tangent_of_matrix(self, ta: TensorVariable) -> TensorVariable:
        """Return how the matrix that the solver sees moves when its input moves along ``ta``."""
        return ta

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (a, _), (x,), (g,) = inputs, outputs, cotangents
        if is_disconnected(g):
            return [disconnected_type(), disconnected_type()]
        gb = Blockwise(self.transposed())(a.T.conj(), g)
        ga = -(gb @ x.T.conj()) if self.b_ndim == 2 else -gb.dimshuffle(0, "x") * x.conj()
        return [self.cotangent_of_matrix(ga), gb]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (a, _), (x,), (ta, tb) = inputs, outputs, tangents
        if is_disconnected(ta) and is_disconnected(tb):
            return [ta]
        if is_disconnected(ta):
            return [Blockwise(self)(a, tb)]
        moved = -(self.tangent_of_matrix(ta) @ x)
        return [Blockwise(self)(a, moved if is_disconnected(tb) else tb + moved)]


def default_b_ndim(b: Any, b_ndim: int | None) -> tuple[TensorVariable, int]:
    """Return the right-hand side as a tensor, and its core rank: 1 for a vector, else 2."""
    b = as_tensor_variable(b)
    return b, (1 if b.type.ndim == 1 else 2) if b_ndim is None else b_ndim
