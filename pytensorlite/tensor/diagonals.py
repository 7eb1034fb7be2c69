"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

import pytensorlite.scalar as ps
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.axes import moveaxis
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.creation import arange, zeros
from pytensorlite.tensor.selecting import nonzero
from pytensorlite.tensor.shape import shape_tuple
from pytensorlite.tensor.type import discrete_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


class ExtractDiag(Op):
    """Take the diagonals of two axes, which become the last axis.

    Parameters
    ----------
    offset : int
        Which diagonal: 0 the main one, positive above, negative below it.
    axis1, axis2 : int
        The axes of the matrices.
    view : bool
        Whether the output may share the input's memory.
    """

    __props__ = ("offset", "axis1", "axis2", "view")

    def __init__(self, offset: int = 0, axis1: int = 0, axis2: int = 1, view: bool = True):
        if axis1 < 0 or axis2 < 0:
            raise NotImplementedError(
                "ExtractDiag takes axes counted from 0; `diagonal` takes negative ones."
            )
        if axis1 == axis2:
            raise ValueError(f"A diagonal needs two different axes, got {axis1} twice.")
        # Either order names the same diagonals, one with the offset turned round.
        self.offset = int(offset) if axis1 < axis2 else -int(offset)
        self.axis1, self.axis2 = min(axis1, axis2), max(axis1, axis2)
        self.view = view
        if view:
            self.view_map = {0: [0]}

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if x.type.ndim < 2:
            raise ValueError(
                f"ExtractDiag needs an array of at least two dimensions, got {x} of type {x.type}."
            )
        if self.axis2 >= x.type.ndim:
            raise ValueError(f"ExtractDiag: {x} of type {x.type} has no axis {self.axis2}.")
        static = x.type.shape
        n, m = static[self.axis1], static[self.axis2]
        length = None if n is None or m is None else len(range(*self._rows(n, m)))
        others = [
            static[axis] for axis in range(x.type.ndim) if axis not in (self.axis1, self.axis2)
        ]
        return Apply(self, [x], [tensor_type(x.type.dtype, (*others, length))()])

    def _rows(self, n: int, m: int) -> tuple[int, int]:
        """Return the first row of the diagonal and the one after its last."""
        start = max(-self.offset, 0)
        return start, max(min(n, m - self.offset), start)

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        (lengths,) = input_shapes
        n, m = lengths[self.axis1], lengths[self.axis2]
        rows, columns = (n + self.offset, m) if self.offset < 0 else (n, m - self.offset)
        length = ps.maximum(ps.minimum(rows, columns), 0)
        others = [
            lengths[axis] for axis in range(len(lengths)) if axis not in (self.axis1, self.axis2)
        ]
        return [(*others, length.astype("int64"))]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        diagonal = inputs[0].diagonal(self.offset, self.axis1, self.axis2)
        output_storage[0][0] = diagonal if self.view else diagonal.copy()

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (x,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [g]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x)]
        matrices = moveaxis(
            zeros(shape_tuple(x), dtype=g.type.dtype), (self.axis1, self.axis2), (-2, -1)
        )
        filled = _diagonal_of(matrices, self.offset, shape_tuple(g)[-1]).set(g)
        return [moveaxis(filled, (-2, -1), (self.axis1, self.axis2))]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        (t,) = tangents
        return [t if isinstance(t.type, DisconnectedType) else self(t)]


def _diagonal_of(matrices: Any, offset: int, length: Any) -> Any:
    """Return a diagonal of the last two axes as an index expression, to be set."""
    i = arange(length)
    return matrices[..., i + max(-offset, 0), i + max(offset, 0)]


def extract_diag(x: Any) -> TensorVariable:
    """Return the main diagonal of the first two axes."""
    return ExtractDiag()(x)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> TensorVariable:
    """Return the diagonals of two axes, as `numpy.diagonal`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> diagonal(pt.matrix("x", shape=(3, 4)), offset=2).type.shape
    (2,)
    """
    a = as_tensor_variable(a)
    axis1 = normalize_axis_index(axis1, a.type.ndim)
    axis2 = normalize_axis_index(axis2, a.type.ndim)
    return ExtractDiag(offset, axis1, axis2)(a)


def alloc_diag(diag: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> TensorVariable:
    """Return matrices that are zero but for a diagonal, which is the last axis of the input.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> alloc_diag(pt.vector("v", shape=(3,)), offset=1).type.shape
    (4, 4)
    """
    diag = as_tensor_variable(diag)
    if diag.type.ndim < 1:
        raise ValueError(f"A diagonal has at least one dimension, got {diag} of type {diag.type}.")
    *batch, length = shape_tuple(diag)
    size = length + abs(offset) if offset else length
    matrices = _diagonal_of(zeros((*batch, size, size), dtype=diag.type.dtype), offset, length).set(
        diag
    )
    axis1, axis2 = (normalize_axis_index(axis, matrices.type.ndim) for axis in (axis1, axis2))
    return moveaxis(matrices, (-2, -1), (axis1, axis2))


def diag(v: Any, k: int = 0) -> TensorVariable:
    """Return a diagonal of a matrix, or the matrix that has a vector as its diagonal.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> diag(pt.vector("v")).type.ndim, diag(pt.matrix("x")).type.ndim
    (2, 1)
    """
    v = as_tensor_variable(v)
    if v.type.ndim == 1:
        return alloc_diag(v, offset=k)
    if v.type.ndim == 2:
        return diagonal(v, offset=k)
    raise ValueError(f"diag takes a vector or a matrix, got {v} of type {v.type}.")


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> TensorVariable:
    """Return the sum of the diagonals of two axes, as `numpy.trace`."""
    return diagonal(a, offset=offset, axis1=axis1, axis2=axis2).sum(-1)


# -- triangles -------------------------------------------------------------------------------------


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> TensorVariable:
    """Return a matrix with ones at and below a diagonal, and zeros above.

    Parameters
    ----------
    N, M : int or variable
        Rows and columns; as many columns as rows unless given.
    k : int or variable
        The diagonal.
    dtype : str, optional
        ``config.floatX`` unless given.

    Examples
    --------
    >>> tri(2, 3).type.shape
    (2, 3)
    """
    rows = arange(N)
    columns = arange(N if M is None else M)
    below = ps.ge(rows.dimshuffle(0, "x") + k, columns.dimshuffle("x", 0))
    return below.astype(config.floatX if dtype is None else dtype)


def tril(m: Any, k: Any = 0) -> TensorVariable:
    """Return matrices with the elements above a diagonal set to zero.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> tril(pt.imatrix("x")).type.dtype
    'int32'
    """
    m = as_tensor_variable(m)
    below = _below(m, k)
    return ps.switch(below, m, np.zeros((), m.type.dtype))


def triu(m: Any, k: Any = 0) -> TensorVariable:
    """Return matrices with the elements below a diagonal set to zero.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> triu(pt.imatrix("x")).type.dtype
    'int32'
    """
    m = as_tensor_variable(m)
    strictly_below = _below(m, k - 1)
    return ps.switch(strictly_below, np.zeros((), m.type.dtype), m)


def _below(m: Any, k: Any) -> Any:
    rows, columns = shape_tuple(m)[-2:]
    return tri(rows, columns, k=k, dtype="bool")


def tril_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[TensorVariable, TensorVariable]:
    """Return rows and columns of the elements at and below a diagonal of a matrix."""
    return nonzero(tri(n, m, k=k, dtype="bool"))


def triu_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[TensorVariable, TensorVariable]:
    """Return rows and columns of the elements at and above a diagonal of a matrix."""
    return nonzero(ps.invert(tri(n, m, k=k - 1, dtype="bool")))


def tril_indices_from(a: Any, k: Any = 0) -> tuple[TensorVariable, TensorVariable]:
    """Return rows and columns of the elements of a matrix at and below a diagonal."""
    n, m = _matrix_shape(a)
    return tril_indices(n, k=k, m=m)


def triu_indices_from(a: Any, k: Any = 0) -> tuple[TensorVariable, TensorVariable]:
    """Return rows and columns of the elements of a matrix at and above a diagonal."""
    n, m = _matrix_shape(a)
    return triu_indices(n, k=k, m=m)


def _matrix_shape(a: Any) -> tuple[Any, ...]:
    a = as_tensor_variable(a)
    if a.type.ndim != 2:
        raise ValueError(f"Expected a matrix, got {a} of type {a.type}.")
    return shape_tuple(a)
