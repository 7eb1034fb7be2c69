"""Products that sum over a shared axis: `Dot` and what is written with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.shape import length_product, reshape, shape_tuple
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


class Dot(Op):
    """The product of two matrices; either may be a vector.

    Inputs of different dtypes are cast to the dtype that holds both.
    """

    __props__ = ()
    gufunc_signature = "(m,n),(n,p)->(m,p)"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_tensor_variable(x), as_tensor_variable(y)
        for operand in (x, y):
            if operand.type.ndim not in (1, 2):
                raise TypeError(
                    f"Dot multiplies vectors and matrices, got {operand} of type {operand.type}. "
                    "`matmul` takes batches of matrices, `*` numbers."
                )
        dtype = upcast(x.type.dtype, y.type.dtype)
        x, y = (v if v.type.dtype == dtype else v.astype(dtype) for v in (x, y))
        inner = x.type.shape[-1], y.type.shape[0]
        if None not in inner and inner[0] != inner[1]:
            raise ValueError(
                f"Incompatible shared dimension for dot product: {x} of type {x.type} "
                f"and {y} of type {y.type}."
            )
        return Apply(self, [x, y], [tensor_type(dtype, (*x.type.shape[:-1], *y.type.shape[1:]))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        x, y = input_shapes
        return [(*x[:-1], *y[1:])]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        x, y = inputs
        if x.shape[-1] != y.shape[0]:
            raise ValueError(
                f"Shape mismatch: {node.inputs[0]} of shape {x.shape} times {node.inputs[1]} of "
                "shape "
                f"{y.shape}; the lengths {x.shape[-1]} and {y.shape[0]} must be equal."
            )
        output_storage[0][0] = np.asarray(np.dot(x, y))

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        x, y = inputs
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [g, g]
        if outputs[0].type.dtype in discrete_dtypes:
            return [float_zeros_like(x), float_zeros_like(y)]
        if outputs[0].type.dtype in complex_dtypes:
            x, y = x.conj(), y.conj()
        if x.type.ndim == y.type.ndim == 1:
            terms = [g * y, g * x]
        elif x.type.ndim == 1:
            terms = [dot(y, g), _outer(x, g)]
        elif y.type.ndim == 1:
            terms = [_outer(g, y), dot(x.T, g)]
        else:
            terms = [dot(g, y.T), dot(x.T, g)]
        # A dimension that is 1 in the input is 1 in its derivative, even if the types say less.
        return [
            term
            if term.type.broadcastable == v.type.broadcastable
            else term.specify_shape(v.type.shape)
            for v, term in zip(inputs, terms, strict=True)
        ]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        (x, y), (tx, ty) = inputs, tangents
        moves_x, moves_y = (not isinstance(t.type, DisconnectedType) for t in tangents)
        if moves_x and moves_y:
            return [self(tx, y) + self(x, ty)]
        if moves_x:
            return [self(tx, y)]
        return [self(x, ty) if moves_y else ty]


_dot = Dot()


def _outer(x: Any, y: Any) -> Any:
    return _dot(x.dimshuffle(0, "x"), y.dimshuffle("x", 0))


def outer(x: Any, y: Any) -> TensorVariable:
    """Return the products of all elements of one array with all of another, both flattened.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> outer(pt.vector("a", shape=(2,)), pt.vector("b", shape=(3,))).type.shape
    (2, 3)
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    return _outer(x.flatten(), y.flatten())


def dot(l: Any, r: Any) -> TensorVariable:  # noqa: E741 -- PyTensor's parameter names
    """Return the dot product: of the last axis of one array with the last but one of the other.

    Numbers multiply, vectors and matrices do what `Dot` does, and more axes do what `numpy.dot`
    does: all but the shared axis are kept.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> dot(pt.matrix("x"), pt.vector("v")).type.ndim
    1
    """
    return dense_dot(l, r)


def dense_dot(a: Any, b: Any) -> TensorVariable:
    """Return the dot product of two dense arrays; see `dot`."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if a.type.ndim == 0 or b.type.ndim == 0:
        return a * b
    if a.type.ndim > 2 or b.type.ndim > 2:
        return tensordot(a, b, [[a.type.ndim - 1], [max(0, b.type.ndim - 2)]])
    return _dot(a, b)


def matmul(x1: Any, x2: Any, dtype: Any = None) -> TensorVariable:
    """Return the matrix product, with all but the last two axes as batches that broadcast.

    Parameters
    ----------
    x1, x2 : array_like
        Arrays of rank 1 or more. A vector is a row on the left and a column on the right, and
        its axis of length 1 is dropped from the result.
    dtype : str, optional
        Dtype of the result.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> matmul(pt.tensor3("x"), pt.matrix("y")).type.ndim
    3
    """
    x1, x2 = as_tensor_variable(x1), as_tensor_variable(x2)
    if x1.type.ndim == 0 or x2.type.ndim == 0:
        raise ValueError("matmul operand cannot be scalar: multiply numbers with `*`.")
    if x1.type.ndim <= 2 and x2.type.ndim <= 2:
        result = _dot(x1, x2)
    elif x1.type.ndim == 1:
        result = _batched_dot(x1.dimshuffle("x", 0), x2).squeeze(-2)
    elif x2.type.ndim == 1:
        # All batches share the vector: one product of a tall matrix.
        result = tensordot(x1, x2, [[x1.type.ndim - 1], [0]])
    else:
        result = _batched_dot(x1, x2)
    return result if dtype is None else result.astype(dtype)


def _batched_dot(x: Any, y: Any) -> Any:
    if y.type.ndim == 2:
        return tensordot(x, y, [[x.type.ndim - 1], [0]])
    # The batched op is on a higher floor within this one: it is looked up when it is needed.
    from pytensorlite.tensor.blockwise import Blockwise

    return Blockwise(_dot, signature=Dot.gufunc_signature)(x, y)


def vecdot(x1: Any, x2: Any, dtype: Any = None) -> TensorVariable:
    """Return the dot products of vectors: Σ conj(x1) x2 over the last axis, broadcast over others.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> vecdot(pt.matrix("x"), pt.matrix("y")).type.ndim
    1
    """
    x1, x2 = as_tensor_variable(x1), as_tensor_variable(x2)
    if x1.type.dtype in complex_dtypes:
        x1 = x1.conj()
    if x1.type.ndim == x2.type.ndim == 1:
        result = _dot(x1, x2)
    else:
        product = x1 * x2
        result = product.sum(axis=-1, dtype=product.type.dtype)
    return result if dtype is None else result.astype(dtype)


def matvec(x1: Any, x2: Any, dtype: Any = None) -> TensorVariable:
    """Return the products of matrices with vectors, broadcast over leading axes.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> matvec(pt.matrix("x"), pt.vector("v")).type.ndim
    1
    """
    x1, x2 = as_tensor_variable(x1), as_tensor_variable(x2)
    if x2.type.ndim == 1:
        return matmul(x1, x2, dtype)
    column = x2.dimshuffle(*range(x2.type.ndim), "x")
    return matmul(x1, column, dtype).squeeze(-1)


def vecmat(x1: Any, x2: Any, dtype: Any = None) -> TensorVariable:
    """Return the products of vectors with matrices, broadcast over leading axes.

    Complex vectors are conjugated, as in `numpy.vecmat`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> vecmat(pt.vector("v"), pt.matrix("x")).type.ndim
    1
    """
    x1, x2 = as_tensor_variable(x1), as_tensor_variable(x2)
    if x1.type.dtype in complex_dtypes:
        x1 = x1.conj()
    if x1.type.ndim == 1:
        return matmul(x1, x2, dtype)
    row = x1.dimshuffle(*range(x1.type.ndim - 1), "x", x1.type.ndim - 1)
    return matmul(row, x2, dtype).squeeze(-2)


def tensordot(a: Any, b: Any, axes: Any = 2) -> TensorVariable:
    """Return the sum of products over pairs of axes, as `numpy.tensordot`.

    Parameters
    ----------
    a, b : array_like
        The arrays.
    axes : int or pair of sequences of int
        The axes of each array to be summed over; an integer stands for the last so many of ``a``
        with the first so many of ``b``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> tensordot(pt.tensor3("x"), pt.matrix("y"), axes=[[1, 2], [1, 0]]).type.ndim
    1
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    axes_a, axes_b = _tensordot_axes(a, b, axes)
    kept_a = [axis for axis in range(a.type.ndim) if axis not in axes_a]
    kept_b = [axis for axis in range(b.type.ndim) if axis not in axes_b]
    shape_a, shape_b = shape_tuple(a), shape_tuple(b)
    outer_shape = [shape_a[axis] for axis in kept_a] + [shape_b[axis] for axis in kept_b]

    if len(axes_a) > 1:
        # Flattened together, axes of lengths (2, 3) and (3, 2) would fit without a word.
        wanted: list[Any] = [None] * b.type.ndim
        for i, j in zip(axes_a, axes_b, strict=True):
            wanted[j] = shape_a[i]
        b = b.specify_shape(wanted)
    a = a.dimshuffle(*kept_a, *axes_a)
    b = b.dimshuffle(*axes_b, *kept_b)
    left = _as_matrix(a, len(kept_a), keep_vector=True)
    right = _as_matrix(b, len(axes_b), keep_vector=True)
    if len(axes_a) == 1 and left.type.ndim <= 2 and right.type.ndim <= 2:
        product = _dot(left, right)
    else:
        product = _dot(_as_matrix(a, len(kept_a)), _as_matrix(b, len(axes_b)))
    if product.type.ndim == len(outer_shape) and len(kept_a) <= 1 and len(kept_b) <= 1:
        return product
    return reshape(product, outer_shape, ndim=len(outer_shape))


def _tensordot_axes(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    if isinstance(axes, int | np.integer):
        if axes < 0 or axes > min(a.type.ndim, b.type.ndim):
            raise ValueError(
                f"tensordot over {axes} axes is impossible for ranks {a.type.ndim} and "
                f"{b.type.ndim}."
            )
        return list(range(a.type.ndim - axes, a.type.ndim)), list(range(axes))
    pair = list(axes)
    if len(pair) != 2:
        raise ValueError(f"axes must be an integer or a pair of sequences, got {axes!r}.")
    of_a, of_b = (
        list(map(int, [one] if isinstance(one, int | np.integer) else one)) for one in pair
    )
    if len(of_a) != len(of_b):
        raise ValueError(f"axes must name as many axes of a as of b, got {axes!r}.")
    of_a = [normalize_axis_index(axis, a.type.ndim) for axis in of_a]
    of_b = [normalize_axis_index(axis, b.type.ndim) for axis in of_b]
    for i, j in zip(of_a, of_b, strict=True):
        lengths = a.type.shape[i], b.type.shape[j]
        if None not in lengths and lengths[0] != lengths[1]:
            raise ValueError(
                f"Shapes of {a} of type {a.type} and {b} of type {b.type} do not fit in axes {i} "
                f"and {j}."
            )
    return of_a, of_b


def _as_matrix(x: Any, split: int, keep_vector: bool = False) -> Any:
    """Return an array as a matrix: the axes before ``split`` as rows, the others as columns."""
    if x.type.ndim == 2 and split == 1:
        return x
    if keep_vector and x.type.ndim == 1:
        return x
    lengths = shape_tuple(x)
    return reshape(x, [length_product(lengths[:split]), length_product(lengths[split:])], ndim=2)


@_vectorize_node.register(Dot)
def vectorize_node_dot(op: Dot, node: Apply, batched_x: Any, batched_y: Any) -> Any:
    """Return the product of each pair of cores."""
    x_ndim, y_ndim = (v.type.ndim for v in node.inputs)
    if x_ndim == y_ndim == 1:
        return [
            vecdot(
                batched_x.conj() if batched_x.type.dtype in complex_dtypes else batched_x, batched_y
            )
        ]
    if y_ndim == 1:
        return [matvec(batched_x, batched_y)]
    if x_ndim == 1:
        return [
            vecmat(
                batched_x.conj() if batched_x.type.dtype in complex_dtypes else batched_x, batched_y
            )
        ]
    return [matmul(batched_x, batched_y)]
