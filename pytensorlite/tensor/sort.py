"""Sorting along an axis, and what follows from it: `argsort`, `topk`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.basic import as_tensor_variable, take_along_axis
from pytensorlite.tensor.indexing import literal_or_none
from pytensorlite.tensor.subtensor import FULL_SLICE
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable

KINDS = ("quicksort", "mergesort", "heapsort", "stable")


class _Sorting(Op):
    """An op that sorts along an axis, its second input.

    Parameters
    ----------
    kind : {"quicksort", "mergesort", "heapsort", "stable"}
        NumPy's name of the algorithm.
    """

    __props__: tuple[str, ...] = ("kind",)

    def __init__(self, kind: str = "quicksort"):
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {kind}")
        self.kind = kind

    def make_node(self, input: Any, axis: Any = -1) -> Apply:
        x, axis = as_tensor_variable(input), as_tensor_variable(axis)
        if axis.type.ndim != 0 or axis.type.dtype not in integer_dtypes:
            raise ValueError(f"Axis must be an integer scalar, got {axis} of type {axis.type}.")
        return Apply(self, [x, axis], [self._output_type(x)()])

    def _output_type(self, x: TensorVariable) -> Any:
        return x.type

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def _sorting_indices(
        self, x: TensorVariable, axis: TensorVariable
    ) -> tuple[TensorVariable, int]:
        number = literal_or_none(axis)
        if number is None:
            raise NotImplementedError(
                f"The derivative of {self} needs a constant axis, got {axis}."
            )
        return ArgSortOp("stable")(x, axis), number % x.type.ndim


class SortOp(_Sorting):
    """Sort along an axis; NaN comes last."""

    __props__ = ("kind",)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, axis = inputs
        kind: Any = self.kind
        output_storage[0][0] = np.sort(x, int(axis), kind)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x, axis), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), disconnected_type()]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x), disconnected_type()]
        order, number = self._sorting_indices(x, axis)
        # Sorting the order of the sort finds where each element went.
        return [take_along_axis(g, ArgSortOp("stable")(order, axis), number), disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x, axis), t = inputs, tangents[0]
        if isinstance(t.type, DisconnectedType):
            return [t]
        order, number = self._sorting_indices(x, axis)
        return [take_along_axis(t, order, number)]


class ArgSortOp(_Sorting):
    """Find the indices that sort along an axis."""

    __props__ = ("kind",)

    def _output_type(self, x: TensorVariable) -> Any:
        return tensor_type("int64", x.type.shape)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, axis = inputs
        kind: Any = self.kind
        output_storage[0][0] = np.asarray(np.argsort(x, int(axis), kind), dtype="int64")

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        return [float_zeros_like(inputs[0]), disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return [float_zeros_like(outputs[0])]


@_vectorize_node.register(_Sorting)
def vectorize_sorting(
    op: _Sorting, node: Apply, batch_x: TensorVariable, axis: TensorVariable
) -> Any:
    """Sort along the same axis, counted behind the batch."""
    number = literal_or_none(axis)
    if number is None:
        raise NotImplementedError("Sorting can only be vectorised along a constant axis.")
    core_ndim = node.inputs[0].type.ndim
    return op.make_node(batch_x, number % core_ndim + batch_x.type.ndim - core_ndim)


def sort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    stable: bool | None = None,
) -> TensorVariable:
    """Return a sorted copy of an array; NaN comes last.

    Parameters
    ----------
    a : tensor_like
        The array.
    axis : int or None
        Along which axis; None flattens the array first.
    kind : str, optional
        NumPy's name of the algorithm.
    order : None
        Accepted for NumPy's sake; there are no structured arrays here.
    stable : bool, optional
        Keep equal elements in order.

    Examples
    --------
    >>> sort([3, 1, 2]).eval()
    array([1, 2, 3])
    """
    a, axis = _flattened(a, axis)
    return SortOp(_kind_of(kind, order, stable))(a, axis)


def argsort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    stable: bool | None = None,
) -> TensorVariable:
    """Return the indices that would sort an array.

    Parameters
    ----------
    a : tensor_like
        The array.
    axis, kind, order, stable
        As for `sort`.

    Examples
    --------
    >>> argsort([3, 1, 2]).eval()
    array([1, 2, 0])
    """
    a, axis = _flattened(a, axis)
    return ArgSortOp(_kind_of(kind, order, stable))(a, axis)


def topk(x: Any, kth: int, axis: int | None = -1, sorted: bool = True) -> TensorVariable:
    """Return the ``kth`` largest elements along an axis, or the smallest for a negative ``kth``.

    Parameters
    ----------
    x : tensor_like
        The array.
    kth : int
        How many; not zero.
    axis : int or None
        Along which axis; None flattens the array first.
    sorted : bool
        Accepted for compatibility: the result is always sorted, ascending.

    Examples
    --------
    >>> topk([3, 1, 2], 2).eval()
    array([2, 3])
    """
    return _outermost(sort(x, axis), kth, axis)


def argtopk(x: Any, kth: int, axis: int | None = -1, sorted: bool = True) -> TensorVariable:
    """Return the indices of what `topk` returns.

    Parameters
    ----------
    x, kth, axis, sorted
        As for `topk`.

    Examples
    --------
    >>> argtopk([3, 1, 2], 2).eval()
    array([2, 0])
    """
    return _outermost(argsort(x, axis, stable=True), kth, axis)


def topk_and_argtopk(
    x: Any, kth: int, axis: int | None = -1, sorted: bool = True
) -> list[TensorVariable]:
    """Return what `topk` and what `argtopk` returns.

    Parameters
    ----------
    x, kth, axis, sorted
        As for `topk`.
    """
    return [topk(x, kth, axis, sorted), argtopk(x, kth, axis, sorted)]


def _outermost(ordered: TensorVariable, kth: int, axis: int | None) -> TensorVariable:
    if isinstance(kth, int | np.integer) and kth == 0:
        raise ValueError("topk: kth must not be zero.")
    axis = 0 if axis is None else normalize_axis_index(axis, ordered.type.ndim)
    part = slice(-kth, None) if kth > 0 else slice(None, -kth)
    return ordered[(FULL_SLICE,) * axis + (part,)]


def _flattened(a: Any, axis: Any) -> tuple[TensorVariable, Any]:
    a = as_tensor_variable(a)
    if axis is None:
        return a.flatten(), 0
    if isinstance(axis, int | np.integer):
        axis = normalize_axis_index(int(axis), a.type.ndim)
    return a, axis


def _kind_of(kind: str | None, order: Any, stable: bool | None) -> str:
    if order is not None:
        raise ValueError(
            "The order argument is not applicable to symbolic arrays: they have no fields."
        )
    if stable is not None and kind is not None:
        raise ValueError("kind and stable cannot be set at the same time")
    return "stable" if stable else (kind or "quicksort")


__all__ = ["argsort", "argtopk", "sort", "topk", "topk_and_argtopk"]
