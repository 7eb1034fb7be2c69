"""Matrices made of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.tensor.basic import as_tensor_variable, cast
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.matrices import as_core, is_disconnected, or_zeros, output
from pytensorlite.tensor.variable import TensorVariable


class BlockDiagonal(Op):
    """Put matrices along the diagonal of a larger one that is zero elsewhere.

    Parameters
    ----------
    n_inputs : int
        How many.
    """

    __props__ = ("n_inputs",)

    def __init__(self, n_inputs: int):
        if n_inputs <= 0:
            raise ValueError("n_inputs must be greater than 0")
        self.n_inputs = int(n_inputs)
        blocks = ",".join(f"(m{i},n{i})" for i in range(n_inputs))
        self.gufunc_signature = f"{blocks}->(m,n)"

    def make_node(self, *matrices: Any) -> Apply:
        if len(matrices) != self.n_inputs:
            raise ValueError(f"{self}: expected {self.n_inputs} matrices, got {len(matrices)}.")
        blocks = [as_core(self, matrix) for matrix in matrices]
        dtype = upcast(*(block.type.dtype for block in blocks))
        shape = (_total([block.type.shape[axis] for block in blocks]) for axis in (0, 1))
        return Apply(self, blocks, [output(dtype, *shape)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(sum(shape[axis] for shape in input_shapes) for axis in (0, 1))]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        shape = tuple(sum(block.shape[axis] for block in inputs) for axis in (0, 1))
        result = np.zeros(shape, dtype=node.outputs[0].type.dtype)
        row = column = 0
        for block in inputs:
            rows, columns = block.shape
            result[row : row + rows, column : column + columns] = block
            row, column = row + rows, column + columns
        output_storage[0][0] = result

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (g,) = cotangents
        if is_disconnected(g):
            return [disconnected_type() for _ in inputs]
        results = []
        row = column = 0
        for block in inputs:
            rows, columns = block.shape[0], block.shape[1]
            results.append(g[row : row + rows, column : column + columns])
            row, column = row + rows, column + columns
        return results

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        if all(is_disconnected(t) for t in tangents):
            return [disconnected_type()]
        return [self(*(or_zeros(t, x) for t, x in zip(tangents, inputs, strict=True)))]


def _total(lengths: Sequence[int | None]) -> int | None:
    return None if None in lengths else sum(length for length in lengths if length is not None)


def block_diag(*matrices: Any) -> TensorVariable:
    """Return the matrix that has the given matrices along its diagonal.

    Parameters
    ----------
    *matrices : tensor_like
        Matrices in the last two axes; their batches broadcast.

    Examples
    --------
    >>> block_diag([[1.0]], [[2.0, 3.0]]).eval()
    array([[1., 0., 0.],
           [0., 2., 3.]])
    """
    if not matrices:
        raise ValueError("no matrices to allocate")
    blocks = [as_tensor_variable(matrix) for matrix in matrices]
    dtype = upcast(*(block.type.dtype for block in blocks))
    return Blockwise(BlockDiagonal(len(blocks)))(*(cast(block, dtype) for block in blocks))
