"""Elements picked by what they are or by an array of indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type, grad_undefined
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.creation import arange
from pytensorlite.tensor.joining import stack
from pytensorlite.tensor.shape import shape_tuple
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes, tensor_type
from pytensorlite.tensor.utils import broadcast_static_shapes
from pytensorlite.tensor.variable import TensorVariable


class Nonzero(Op):
    """The indices of the elements that are not zero: one vector per axis, as `numpy.nonzero`."""

    __props__ = ()

    def make_node(self, a: Any) -> Apply:
        a = as_tensor_variable(a)
        if a.type.ndim == 0:
            raise ValueError(f"Nonzero only supports arrays of at least one dimension, got {a}.")
        return Apply(self, [a], [tensor_type("int64", (None,))() for _ in range(a.type.ndim)])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        for storage, indices in zip(output_storage, np.nonzero(inputs[0]), strict=True):
            storage[0] = indices.astype("int64", copy=False)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [grad_undefined(self, 0, inputs[0], "indices are whole numbers")]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type() for _ in outputs]


_nonzero = Nonzero()


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Return the indices of the elements that are not zero.

    Parameters
    ----------
    a : array_like
        The array.
    return_matrix : bool
        Return one matrix with a row per axis in place of a tuple of vectors.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> len(nonzero(pt.matrix("x")))
    2
    """
    result = _nonzero(a, return_list=True)
    return stack(result) if return_matrix else tuple(result)


def flatnonzero(a: Any) -> TensorVariable:
    """Return the indices of the elements that are not zero, in the flattened array."""
    a = as_tensor_variable(a)
    if a.type.ndim == 0:
        raise ValueError(f"Nonzero only supports arrays of at least one dimension, got {a}.")
    return nonzero(a.flatten())[0]


def nonzero_values(a: Any) -> TensorVariable:
    """Return the elements that are not zero, as a vector."""
    a = as_tensor_variable(a)
    return a.flatten()[flatnonzero(a)]


class Choose(Op):
    """Pick each element from one of several arrays, as `numpy.choose`.

    Parameters
    ----------
    mode : {"raise", "wrap", "clip"}
        What becomes of an index out of range.
    """

    __props__ = ("mode",)

    def __init__(self, mode: str):
        if mode not in ("raise", "wrap", "clip"):
            raise ValueError(f'mode must be "raise", "wrap" or "clip", got {mode!r}.')
        self.mode = mode

    def make_node(self, a: Any, choices: Any) -> Apply:
        a = as_tensor_variable(a)
        choices = as_tensor_variable(choices)
        if a.type.dtype not in discrete_dtypes:
            raise TypeError(
                f"choose takes integers as its first argument, got {a} of type {a.type}."
            )
        if choices.type.ndim < 1:
            raise ValueError(
                "choose needs a sequence of choices, or an array of at least one dimension."
            )
        ndim = max(a.type.ndim, choices.type.ndim - 1)
        shape = broadcast_static_shapes(
            (1,) * (ndim - a.type.ndim) + a.type.shape,
            (1,) * (ndim - choices.type.ndim + 1) + choices.type.shape[1:],
        )
        return Apply(self, [a, choices], [tensor_type(choices.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        aligned = _aligned_choices(*node.inputs)
        shapes = [input_shapes[0], input_shapes[1][1:]]
        lengths = []
        for axis in range(node.outputs[0].type.ndim):
            source = 0 if aligned[0].type.shape[axis + 1] != 1 else 1
            position = axis - node.outputs[0].type.ndim + len(shapes[source])
            lengths.append(shapes[source][position] if position >= 0 else shapes[1 - source][axis])
        return [tuple(lengths)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        a, choices = inputs
        if len(choices) == 0:
            raise ValueError("choose needs at least one choice, got none.")
        ndim = node.outputs[0].type.ndim
        choices = choices.reshape(
            len(choices), *(1,) * (ndim + 1 - choices.ndim), *choices.shape[1:]
        )
        number = a.astype("int64")
        if self.mode == "raise":
            if ((number < 0) | (number >= len(choices))).any():
                raise ValueError(f"choose: an index is out of range for {len(choices)} choices.")
        else:
            number = (
                number % len(choices) if self.mode == "wrap" else number.clip(0, len(choices) - 1)
            )
        shape = np.broadcast_shapes(number.shape, choices.shape[1:])
        everywhere = np.broadcast_to(choices, (len(choices), *shape))
        picked = np.take_along_axis(everywhere, np.broadcast_to(number, shape)[np.newaxis], axis=0)
        output_storage[0][0] = picked[0]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [True]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        _, choices = inputs
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), g]
        if choices.type.dtype in discrete_dtypes:
            return [disconnected_type(), float_zeros_like(choices)]
        number, aligned = _aligned_choices(*inputs)
        count = shape_tuple(choices)[0]
        if self.mode == "wrap":
            number = ps.mod(number, count)
        elif self.mode == "clip":
            number = ps.clip(number, 0, count - 1)
        candidates = arange(count).dimshuffle(0, *["x"] * g.type.ndim)
        terms = ps.switch(ps.eq(number, candidates), g.dimshuffle("x", *range(g.type.ndim)), 0)
        repeated = [
            axis
            for axis in range(1, aligned.type.ndim)
            if aligned.type.shape[axis] == 1 and terms.type.shape[axis] != 1
        ]
        if repeated:
            terms = terms.sum(axis=repeated, keepdims=True)
        new = range(1, 1 + aligned.type.ndim - choices.type.ndim)
        kept = [axis for axis in range(terms.type.ndim) if axis not in new]
        return [disconnected_type(), terms.dimshuffle(kept)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        t = tangents[1]
        return [t if isinstance(t.type, DisconnectedType) else self(inputs[0], t)]


def _aligned_choices(a: Any, choices: Any) -> tuple[Any, Any]:
    """Return indices and choices with axes of length 1 added until they broadcast."""
    ndim = max(a.type.ndim, choices.type.ndim - 1)
    number = a.dimshuffle(["x"] * (ndim + 1 - a.type.ndim) + list(range(a.type.ndim)))
    order = [0, *["x"] * (ndim + 1 - choices.type.ndim), *range(1, choices.type.ndim)]
    return number, choices.dimshuffle(order)


def choose(a: Any, choices: Any, mode: str = "raise") -> TensorVariable:
    """Return an array whose elements are picked from ``choices`` by an array of indices.

    Parameters
    ----------
    a : integer array_like
        Which choice, for each element.
    choices : sequence of array_like, or array
        The choices: its first axis counts them.
    mode : {"raise", "wrap", "clip"}
        What becomes of an index out of range.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> choose([0, 1], [pt.vector("a"), pt.vector("b")]).type.dtype
    'float64'
    """
    return Choose(mode)(a, choices)


def take_along_axis(arr: Any, indices: Any, axis: int | None = 0) -> TensorVariable:
    """Return elements picked along an axis, by an index array of the same rank.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> take_along_axis(pt.matrix("x"), pt.lmatrix("i"), axis=1).type.ndim
    2
    """
    arr, indices = as_tensor_variable(arr), as_tensor_variable(indices)
    if indices.type.dtype not in integer_dtypes:
        raise IndexError(f"indices must be integers, got {indices} of type {indices.type}.")
    if axis is None:
        arr, axis = arr.flatten(), 0
    if arr.type.ndim != indices.type.ndim:
        raise ValueError(
            f"indices must have the rank of the array, {arr.type.ndim}, got {indices.type.ndim}."
        )
    axis = normalize_axis_index(axis, arr.type.ndim)
    return arr[along_axis(arr, indices, axis)]


def along_axis(arr: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """Return the index expression that takes ``indices`` along one axis and all of the others."""
    lengths, ndim = shape_tuple(arr), arr.type.ndim
    return tuple(
        indices
        if dim == axis
        else arange(lengths[dim]).dimshuffle(["x"] * dim + [0] + ["x"] * (ndim - dim - 1))
        for dim in range(ndim)
    )


def permute_row_elements(x: Any, y: Any, inverse: bool = False) -> TensorVariable:
    """Return an array with the elements of its rows permuted.

    Parameters
    ----------
    x : array_like
        The rows: the last axis.
    y : integer array_like
        For each row the order of its elements; broadcasts against ``x``.
    inverse : bool
        Undo the permutation instead.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> permute_row_elements(pt.matrix("x"), pt.lmatrix("order")).type.ndim
    2
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if y.type.dtype not in integer_dtypes:
        raise TypeError(f"A permutation is made of integers, got {y} of type {y.type}.")
    x, y = ps.second(y, x), ps.second(x, y)
    last = x.type.ndim - 1
    if inverse:
        return x.zeros_like()[along_axis(x, y, last)].set(x)
    return take_along_axis(x, y, axis=last)


def inverse_permutation(perm: Any) -> TensorVariable:
    """Return the permutation that undoes another.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> inverse_permutation(pt.lvector("order")).type.dtype
    'int64'
    """
    perm = as_tensor_variable(perm)
    return permute_row_elements(
        arange(shape_tuple(perm)[-1], dtype=perm.type.dtype), perm, inverse=True
    )
