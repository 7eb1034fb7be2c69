"""What the matrix ops share: dtypes, checks, and small pieces of their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import (
    arange,
    as_tensor_variable,
    eye,
    switch,
    tril,
    triu,
    zeros_like,
)
from pytensorlite.tensor.math import eq, ge
from pytensorlite.tensor.type import complex_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


def linalg_output_dtype(*input_dtypes: Any) -> str:
    """Return the dtype in which LAPACK works on these inputs.

    Half precision becomes single, everything that is no float double.

    Examples
    --------
    >>> linalg_output_dtype("float16"), linalg_output_dtype("int8"), linalg_output_dtype("float32")
    ('float32', 'float64', 'float32')
    """
    dtypes = [np.dtype(dtype) for dtype in input_dtypes]
    if any(dtype.kind in "biu" for dtype in dtypes):
        dtypes.append(np.dtype("float64"))
    return np.result_type(np.float32, *dtypes).name


def linalg_real_output_dtype(*input_dtypes: Any) -> str:
    """Return the dtype of real results, such as eigenvalues of Hermitian matrices.

    Examples
    --------
    >>> linalg_real_output_dtype("complex64")
    'float32'
    """
    dtype = linalg_output_dtype(*input_dtypes)
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def as_core(op: Any, x: Any, ndim: int = 2) -> TensorVariable:
    """Return an input of a core op, of the rank it must have."""
    x = as_tensor_variable(x)
    if x.type.ndim != ndim:
        kind = {1: "vector", 2: "matrix"}[ndim]
        raise TypeError(f"{op}: expected a {kind}, got {x} of type {x.type}.")
    return x


def as_square(op: Any, x: Any) -> TensorVariable:
    """Return an input of a core op that must be a square matrix."""
    x = as_core(op, x)
    rows, columns = x.type.shape
    if None not in (rows, columns) and rows != columns:
        raise ValueError(f"{op}: expected a square matrix, got {x} of type {x.type}.")
    return x


def square_side(x: TensorVariable) -> int | None:
    """Return the static side of a square matrix."""
    rows, columns = x.type.shape
    return columns if rows is None else rows


def output(dtype: str, *shape: int | None) -> TensorVariable:
    """Return a fresh output variable."""
    return tensor_type(dtype, shape)()


class SquareToSquare(Op):
    """Base of core ops from a square matrix to one of the same side."""

    gufunc_signature = "(m,m)->(m,m)"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        return Apply(self, [x], [output(linalg_output_dtype(x.type.dtype), side, side)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]


def checked_square(op: Any, a: np.ndarray) -> None:
    """Raise `numpy.linalg.LinAlgError` (a ``ValueError``) unless a value is a square matrix."""
    if a.shape[0] != a.shape[1]:
        raise np.linalg.LinAlgError(f"{op}: expected a square matrix, got shape {a.shape}.")


def is_disconnected(variable: Any) -> bool:
    """Whether a cotangent or tangent is absent."""
    return isinstance(variable.type, DisconnectedType)


def or_zeros(seed: Any, model: TensorVariable) -> TensorVariable:
    """Return a cotangent or tangent, zeros if it is absent."""
    return zeros_like(model) if is_disconnected(seed) else seed


def is_complex(*variables: TensorVariable) -> bool:
    """Whether any of the variables is complex."""
    return any(variable.type.dtype in complex_dtypes for variable in variables)


def eye_like(x: TensorVariable) -> TensorVariable:
    """Return the identity matrix of a square matrix's side and dtype."""
    return eye(x.shape[0], dtype=x.type.dtype)


def halved_diagonal_tril(x: TensorVariable) -> TensorVariable:
    """Return the lower triangle with the diagonal halved: the derivative of ``L + L.T`` undone."""
    row, column = _positions(x)
    return switch(ge(row, column), switch(eq(row, column), x / 2, x), zero_of(x))


def onto_triangle(s: TensorVariable, lower: bool) -> TensorVariable:
    """Return the cotangent of a matrix of which one triangle stands for both.

    ``s`` is the cotangent of the symmetric matrix as if its elements were free.
    """
    row, column = _positions(s)
    inside = ge(row, column) if lower else ge(column, row)
    return switch(inside, switch(eq(row, column), s, s + s.T), zero_of(s))


def _positions(x: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
    """Return row and column numbers of a square matrix, to be compared."""
    numbers = arange(x.shape[0])
    return numbers.dimshuffle(0, "x"), numbers.dimshuffle("x", 0)


def zero_of(x: TensorVariable) -> np.ndarray:
    """Return a zero that does not change the dtype of what it is chosen with."""
    return np.zeros((), x.type.dtype)


def symmetric_from(x: TensorVariable, lower: bool) -> TensorVariable:
    """Return the symmetric matrix that one triangle of ``x`` stands for."""
    return tril(x) + tril(x, -1).T if lower else triu(x) + triu(x, 1).T


def inverse_gaps(values: TensorVariable) -> TensorVariable:
    """Return ``1 / (values[j] - values[i])``, with zeros where the values are equal."""
    gaps = values.dimshuffle("x", 0) - values.dimshuffle(0, "x")
    equal = eq(gaps, 0)
    return switch(equal, zeros_like(gaps), 1 / switch(equal, 1, gaps))
