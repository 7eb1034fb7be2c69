"""Positions in a flattened array, and the indices they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.constant_value import get_vector_length
from pytensorlite.tensor.type import integer_dtypes, tensor_type
from pytensorlite.tensor.utils import broadcast_static_shapes
from pytensorlite.tensor.variable import TensorVariable


class UnravelIndex(Op):
    """Turn positions in a flattened array into one array of indices per axis.

    Parameters
    ----------
    order : {"C", "F"}
        Whether the last or the first index runs fastest.
    """

    __props__ = ("order",)

    def __init__(self, order: str = "C"):
        self.order = _checked_order(order)

    def make_node(self, indices: Any, dims: Any) -> Apply:
        indices, dims = as_tensor_variable(indices), as_tensor_variable(dims)
        _check_integers(self, indices, dims)
        if dims.type.ndim != 1:
            raise TypeError(f"dims must be a 1D array, got {dims} of type {dims.type}")
        outputs = [
            tensor_type("int64", indices.type.shape)() for _ in range(get_vector_length(dims))
        ]
        return Apply(self, [indices, dims], outputs)

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]] * len(node.outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        indices, dims = inputs
        order: Any = self.order
        results = np.unravel_index(indices, tuple(dims), order=order)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = np.array(result, dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False] * len(node.outputs)] * 2

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return [disconnected_type() for _ in outputs]


class RavelMultiIndex(Op):
    """Turn one array of indices per axis into positions in the flattened array.

    Parameters
    ----------
    mode : {"raise", "wrap", "clip"}
        What an index outside its axis means.
    order : {"C", "F"}
        Whether the last or the first index runs fastest.
    """

    __props__ = ("mode", "order")

    def __init__(self, mode: str = "raise", order: str = "C"):
        if mode not in ("raise", "wrap", "clip"):
            raise ValueError(f'mode must be "raise", "wrap" or "clip", got {mode!r}.')
        self.mode = mode
        self.order = _checked_order(order)

    def make_node(self, *inputs: Any) -> Apply:
        *multi_index, dims = (as_tensor_variable(x) for x in inputs)
        _check_integers(self, *multi_index, dims)
        if dims.type.ndim != 1:
            raise TypeError(f"dims must be a 1D array, got {dims} of type {dims.type}")
        ndim = max(x.type.ndim for x in multi_index)
        padded = [(1,) * (ndim - x.type.ndim) + x.type.shape for x in multi_index]
        output = tensor_type("int64", broadcast_static_shapes(*padded))()
        return Apply(self, [*multi_index, dims], [output])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        *multi_index, dims = inputs
        modes: dict[str, Any] = {"mode": self.mode, "order": self.order}
        raveled = np.ravel_multi_index(tuple(multi_index), tuple(dims), **modes)
        output_storage[0][0] = np.asarray(raveled, dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]] * len(node.inputs)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return [disconnected_type()]


def unravel_index(indices: Any, dims: Any, order: str = "C") -> Any:
    """Return the index along each axis of positions in a flattened array.

    Parameters
    ----------
    indices : tensor_like of int
        Positions.
    dims : sequence of int
        The shape of the array; its rank must be known.
    order : {"C", "F"}
        Whether the last or the first index runs fastest.

    Examples
    --------
    >>> [int(i.eval()) for i in unravel_index(5, (2, 3))]
    [1, 2]
    """
    results = UnravelIndex(order=order)(indices, dims, return_list=True)
    return results[0] if len(results) == 1 else tuple(results)


def ravel_multi_index(
    multi_index: Sequence[Any], dims: Any, mode: str = "raise", order: str = "C"
) -> TensorVariable:
    """Return the positions in the flattened array that indices along each axis stand for.

    Parameters
    ----------
    multi_index : sequence of tensor_like of int
        One array of indices per axis.
    dims : sequence of int
        The shape of the array.
    mode : {"raise", "wrap", "clip"}
        What an index outside its axis means.
    order : {"C", "F"}
        Whether the last or the first index runs fastest.

    Examples
    --------
    >>> int(ravel_multi_index((1, 2), (2, 3)).eval())
    5
    """
    if not isinstance(multi_index, list | tuple):
        raise TypeError("multi_index must be a tuple or a list, one array of indices per axis.")
    return RavelMultiIndex(mode=mode, order=order)(*multi_index, dims)


def _checked_order(order: str) -> str:
    if order not in ("C", "F"):
        raise ValueError(f'order must be "C" or "F", got {order!r}.')
    return order


def _check_integers(op: Op, *tensors: TensorVariable) -> None:
    for x in tensors:
        if x.type.dtype not in integer_dtypes:
            raise TypeError(f"{op}: expected integers, got {x} of type {x.type}.")
