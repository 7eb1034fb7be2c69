"""LU factors with row exchanges, and solving with them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable, take_along_axis, tril, triu
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.matrices import (
    as_core,
    as_square,
    checked_square,
    eye_like,
    is_complex,
    is_disconnected,
    linalg_output_dtype,
    or_zeros,
    output,
    square_side,
)
from pytensorlite.tensor.linalg.solvers.core import default_b_ndim
from pytensorlite.tensor.linalg.solvers.triangular import solve_triangular
from pytensorlite.tensor.type import integer_dtypes
from pytensorlite.tensor.variable import TensorVariable


class LU(Op):
    """The factors of ``x = p @ l @ u``.

    Parameters
    ----------
    permute_l : bool
        Return ``p @ l`` in place of ``p`` and ``l``.
    p_indices : bool
        Return the row numbers ``p`` with ``x = (l @ u)[p]`` in place of a matrix.
    """

    __props__ = ("permute_l", "p_indices")

    def __init__(self, *, permute_l: bool = False, p_indices: bool = False):
        if permute_l and p_indices:
            raise ValueError("Only one of permute_l and p_indices can be True")
        self.permute_l = bool(permute_l)
        self.p_indices = bool(p_indices)
        first = "" if permute_l else "(m)," if p_indices else "(m,m),"
        self.gufunc_signature = f"(m,m)->{first}(m,m),(m,m)"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        dtype = linalg_output_dtype(x.type.dtype)
        factors = [output(dtype, side, side) for _ in range(2)]
        if self.permute_l:
            return Apply(self, [x], factors)
        p = output("int32", side) if self.p_indices else output(dtype, side, side)
        return Apply(self, [x], [p, *factors])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        (shape,) = input_shapes
        return [tuple(shape[: variable.type.ndim]) for variable in node.outputs]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import lu

        (x,) = inputs
        checked_square(self, x)
        x = x.astype(node.outputs[-1].type.dtype, copy=False)
        results = lu(x, permute_l=self.permute_l, p_indices=self.p_indices, check_finite=False)
        for storage, result, variable in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(result, dtype=variable.type.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, True] if self.permute_l else [False, True, True]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,) = inputs
        gl, gu = cotangents[-2:]
        if is_disconnected(gl) and is_disconnected(gu):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        # The exchanges are steps; between them they are constant.
        p, lower, upper = LU(p_indices=True)(x)
        gu = or_zeros(gu, upper)
        gl = or_zeros(gl, lower)
        if self.permute_l and not is_disconnected(cotangents[0]):
            gl = gl[p.argsort()]
        return [_pulled_through_factors(lower, upper, gl, gu)[p]]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if is_disconnected(t):
            return [t for _ in outputs]
        p, lower, upper = LU(p_indices=True)(x)
        dl, du = _pushed_through_factors(lower, upper, t[p.argsort()])
        if self.permute_l:
            return [dl[p], du]
        return [disconnected_type(), dl, du]


class LUFactor(Op):
    """Both LU factors in one matrix, and the row exchanges that were made.

    The diagonal belongs to the upper factor; that of the lower one is all ones.
    """

    __props__ = ()
    gufunc_signature = "(m,m)->(m,m),(m)"

    def make_node(self, x: Any) -> Apply:
        x = as_square(self, x)
        side = square_side(x)
        factors = output(linalg_output_dtype(x.type.dtype), side, side)
        return Apply(self, [x], [factors, output("int32", side)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        (shape,) = input_shapes
        return [shape, (shape[0],)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        from scipy.linalg import LinAlgWarning, lu_factor

        (x,) = inputs
        checked_square(self, x)
        dtype = node.outputs[0].type.dtype
        if x.size == 0:
            factors, pivots = np.zeros(x.shape), np.zeros(0)
        else:
            with warnings.catch_warnings():
                # A zero on the diagonal is in the factors for everyone to see.
                warnings.simplefilter("ignore", LinAlgWarning)
                factors, pivots = lu_factor(x.astype(dtype, copy=False), check_finite=False)
        output_storage[0][0] = np.asarray(factors, dtype=dtype)
        output_storage[1][0] = np.asarray(pivots, dtype="int32")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (factors, pivots), (g, _) = inputs, outputs, cotangents
        if is_disconnected(g):
            return [disconnected_type()]
        if is_complex(x):
            return [grad_not_implemented(self, 0, x, "complex matrices")]
        lower, upper = tril(factors, -1) + eye_like(factors), triu(factors)
        free = _pulled_through_factors(lower, upper, tril(g, -1), triu(g))
        return [free[pivot_to_permutation(pivots)]]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (factors, pivots), (t,) = outputs, tangents
        if is_disconnected(t):
            return [t, t]
        lower, upper = tril(factors, -1) + eye_like(factors), triu(factors)
        permuted = t[pivot_to_permutation(pivots, inverse=True)]
        dl, du = _pushed_through_factors(lower, upper, permuted)
        return [dl + du, disconnected_type()]


def _pulled_through_factors(lower: Any, upper: Any, gl: Any, gu: Any) -> TensorVariable:
    """Return the cotangent of ``lower @ upper``."""
    core = tril(lower.T @ gl, -1) + triu(gu @ upper.T)
    left = solve_triangular(lower, core, trans=1, lower=True, unit_diagonal=True)
    return solve_triangular(upper, left.T, lower=False).T


def _pushed_through_factors(lower: Any, upper: Any, t: Any) -> tuple[Any, Any]:
    """Return how the factors move where their product moves along ``t``."""
    left = solve_triangular(lower, t, lower=True, unit_diagonal=True)
    core = solve_triangular(upper, left.T, trans=1, lower=False).T
    return lower @ tril(core, -1), triu(core) @ upper


class PivotToPermutations(Op):
    """Turn a list of row exchanges into a permutation.

    Parameters
    ----------
    inverse : bool
        Whether to return the order in which the exchanges put the rows, or its inverse (False).
    """

    __props__ = ("inverse",)
    gufunc_signature = "(x)->(x)"

    def __init__(self, inverse: bool = True):
        self.inverse = bool(inverse)

    def make_node(self, pivots: Any) -> Apply:
        pivots = as_core(self, pivots, ndim=1)
        if pivots.type.dtype not in integer_dtypes:
            raise TypeError(f"{self}: pivots must be integers, got {pivots} of type {pivots.type}.")
        return Apply(self, [pivots], [output("int64", *pivots.type.shape)])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (pivots,) = inputs
        order = np.arange(len(pivots), dtype="int64")
        for row, other in enumerate(pivots):
            order[row], order[other] = order[other], order[row]
        output_storage[0][0] = order if self.inverse else np.argsort(order)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        return [disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return [disconnected_type()]


def pivot_to_permutation(p: Any, inverse: bool = False) -> TensorVariable:
    """Return the permutation that the row exchanges of `lu_factor` amount to.

    Parameters
    ----------
    p : tensor_like of int
        Row ``i`` was exchanged with row ``p[i]``, one after another.
    inverse : bool
        With True, the order of the rows after the exchanges; else its inverse.

    Examples
    --------
    >>> pivot_to_permutation([2, 2, 2], inverse=True).eval()
    array([2, 0, 1])
    """
    return Blockwise(PivotToPermutations(inverse=inverse))(p)


def lu(
    a: Any,
    permute_l: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
    overwrite_a: bool = False,
) -> list[TensorVariable]:
    """Return the LU factors of a square matrix, or of each in a batch.

    Parameters
    ----------
    a : tensor_like
        Square matrices in the last two axes.
    permute_l : bool
        Return ``p @ l`` and ``u``.
    check_finite, overwrite_a : bool
        Accepted for compatibility with SciPy.
    p_indices : bool
        Return row numbers ``p`` with ``a = (l @ u)[p]`` in place of a matrix.

    Returns
    -------
    list of TensorVariable
        ``p``, ``l`` and ``u`` with ``a = p @ l @ u``.

    Examples
    --------
    >>> p, l, u = lu([[0.0, 2.0], [1.0, 0.0]])
    >>> u.eval()
    array([[1., 0.],
           [0., 2.]])
    """
    return list(Blockwise(LU(permute_l=permute_l, p_indices=p_indices))(a))


def lu_factor(
    a: Any, *, check_finite: bool = True, overwrite_a: bool = False
) -> list[TensorVariable]:
    """Return both LU factors in one matrix, and the row exchanges, for `lu_solve`.

    Parameters
    ----------
    a : tensor_like
        Square matrices in the last two axes.
    check_finite, overwrite_a : bool
        Accepted for compatibility with SciPy.

    Examples
    --------
    >>> factors, pivots = lu_factor([[0.0, 2.0], [1.0, 0.0]])
    >>> pivots.eval()
    array([1, 1], dtype=int32)
    """
    return list(Blockwise(LUFactor())(a))


def lu_solve(
    LU_and_pivots: tuple[Any, Any],
    b: Any,
    trans: bool | int = False,
    b_ndim: int | None = None,
    check_finite: bool = True,
    overwrite_b: bool = False,
) -> TensorVariable:
    """Return the solution of ``a @ x = b`` from what `lu_factor` makes of ``a``.

    Parameters
    ----------
    LU_and_pivots : pair of tensor_like
        The factors and the row exchanges.
    b : tensor_like
        Right-hand sides. A vector is one; else the last two axes are a matrix of columns, unless
        ``b_ndim`` is 1.
    trans : bool
        Solve with the transpose of ``a``.
    b_ndim : {1, 2}, optional
        Core rank of ``b``.
    check_finite, overwrite_b : bool
        Accepted for compatibility with SciPy.

    Examples
    --------
    >>> lu_solve(lu_factor([[0.0, 2.0], [1.0, 0.0]]), [2.0, 3.0]).eval()
    array([3., 1.])
    """
    factors, pivots = (as_tensor_variable(x) for x in LU_and_pivots)
    b, b_ndim = default_b_ndim(b, b_ndim)
    unit: dict[str, Any] = {"lower": True, "unit_diagonal": True, "b_ndim": b_ndim}
    if not trans:
        rows = _rows(b, pivot_to_permutation(pivots, inverse=True), b_ndim)
        return solve_triangular(factors, solve_triangular(factors, rows, **unit), b_ndim=b_ndim)
    half = solve_triangular(factors, b, trans=1, b_ndim=b_ndim)
    whole = solve_triangular(factors, half, trans=1, **unit)
    return _rows(whole, pivot_to_permutation(pivots), b_ndim)


def _rows(b: TensorVariable, order: TensorVariable, b_ndim: int) -> TensorVariable:
    """Return the rows of each right-hand side in another order."""
    if order.type.ndim == 1:
        return b[(..., order, *[slice(None)] * (b_ndim - 1))]
    batch = max(b.type.ndim - b_ndim, order.type.ndim - 1)
    order = order.dimshuffle([*range(order.type.ndim), *["x"] * (b_ndim - 1)])
    return take_along_axis(_padded(b, batch + b_ndim), _padded(order, batch + b_ndim), axis=batch)


def _padded(x: TensorVariable, ndim: int) -> TensorVariable:
    return x.dimshuffle([*["x"] * (ndim - x.type.ndim), *range(x.type.ndim)])
