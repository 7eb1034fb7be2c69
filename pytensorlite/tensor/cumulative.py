"""Running sums and products along an axis, with their derivatives.

The derivative of a running product is a linear recurrence, and so is that of a linear recurrence:
with `LinearRecurrence` the family is closed, and exact where the textbook formula divides by
zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.tensor.basic import as_tensor_variable, join, ones_like, zeros_like
from pytensorlite.tensor.subtensor import flip, slice_at_axis
from pytensorlite.tensor.type import discrete_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


class CumOp(Op):
    """Running sum or product along an axis.

    Parameters
    ----------
    axis : int
        Along which axis, counted from the front.
    mode : {"add", "mul"}
        Sum or product.
    """

    __props__ = ("axis", "mode")

    def __init__(self, axis: int, mode: str = "add"):
        if mode not in ("add", "mul"):
            raise ValueError(f'{type(self).__name__}: mode must be "add" or "mul", got {mode!r}.')
        if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
            raise TypeError(f"axis must be an integer, got {axis!r}")
        if axis < 0:
            raise ValueError(f"CumOp counts axes from the front, got axis {axis}.")
        self.axis = int(axis)
        self.mode = mode

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if self.axis >= x.type.ndim:
            raise ValueError(f"axis(={self.axis}) out of bounds for {x} of type {x.type}")
        # Counting is what a running sum of booleans means.
        dtype = "int64" if x.type.dtype == "bool" else x.type.dtype
        return Apply(self, [x], [tensor_type(dtype, x.type.shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        accumulate = np.cumsum if self.mode == "add" else np.cumprod
        dtype = node.outputs[0].type.dtype
        output_storage[0][0] = accumulate(inputs[0], axis=self.axis, dtype=dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (y,), (g,) = inputs, outputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type()]
        if x.type.dtype in discrete_dtypes:
            return [zeros_like(x, dtype=config.floatX)]
        if self.mode == "add":
            return [flip(self(flip(g, self.axis)), self.axis)]
        # dy_j/dx_i is the product of x_0 .. x_j without x_i: what came before times what follows.
        before = shifted_right(y, self.axis, ones_like)
        following = backward_recurrence(shifted_left(x, self.axis), g, self.axis)
        return [before * following]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (y,), (t,) = inputs, outputs, tangents
        if isinstance(t.type, DisconnectedType):
            return [disconnected_type()]
        if self.mode == "add":
            return [self(t)]
        # y_i = x_i y_{i-1}, differentiated.
        return [LinearRecurrence(self.axis)(x, t * shifted_right(y, self.axis, ones_like))]

    def __str__(self) -> str:
        return f"{'Cumsum' if self.mode == 'add' else 'Cumprod'}{{axis={self.axis}}}"

    __repr__ = __str__


class LinearRecurrence(Op):
    """``y[i] = a[i] * y[i - 1] + b[i]`` along an axis, from ``y[-1] = 0``.

    Parameters
    ----------
    axis : int
        Along which axis, counted from the front.
    """

    __props__ = ("axis",)

    def __init__(self, axis: int):
        self.axis = int(axis)

    def make_node(self, a: Any, b: Any) -> Apply:
        a, b = as_tensor_variable(a), as_tensor_variable(b)
        if a.type.ndim != b.type.ndim or a.type.dtype != b.type.dtype:
            raise TypeError(
                f"{self}: expected two tensors of one rank and dtype, got {a.type}, {b.type}."
            )
        shape = tuple(
            m if m is not None else n for m, n in zip(a.type.shape, b.type.shape, strict=True)
        )
        return Apply(self, [a, b], [tensor_type(b.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[1]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        a, b = inputs
        if a.shape != b.shape:
            raise ValueError(f"{self}: expected equal shapes, got {a.shape} and {b.shape}.")
        factors = np.moveaxis(a, self.axis, 0)
        y = np.array(b, order="C")
        rows = np.moveaxis(y, self.axis, 0)
        for i in range(1, len(rows)):
            rows[i] += factors[i] * rows[i - 1]
        output_storage[0][0] = y

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (a, _), (y,), (g,) = inputs, outputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), disconnected_type()]
        gb = backward_recurrence(shifted_left(a, self.axis), g, self.axis)
        return [gb * shifted_right(y, self.axis, zeros_like), gb]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (a, _), (y,), (ta, tb) = inputs, outputs, tangents
        terms = []
        if not isinstance(ta.type, DisconnectedType):
            terms.append(ta * shifted_right(y, self.axis, zeros_like))
        if not isinstance(tb.type, DisconnectedType):
            terms.append(tb)
        if not terms:
            return [disconnected_type()]
        return [self(a, terms[0] + terms[1] if len(terms) == 2 else terms[0])]

    def __str__(self) -> str:
        return f"LinearRecurrence{{axis={self.axis}}}"

    __repr__ = __str__


def backward_recurrence(a: TensorVariable, b: TensorVariable, axis: int) -> TensorVariable:
    """Return ``y[i] = a[i] * y[i + 1] + b[i]`` along an axis, from zero beyond the end."""
    return flip(LinearRecurrence(axis)(flip(a, axis), flip(b, axis)), axis)


def shifted_right(x: TensorVariable, axis: int, first: Any) -> TensorVariable:
    """Return ``first, x[0], x[1], ...`` along an axis, as long as ``x``."""
    head = x[slice_at_axis(slice(None, 1), axis)]
    tail = x[slice_at_axis(slice(None, -1), axis)]
    return join(axis, first(head), tail)


def shifted_left(x: TensorVariable, axis: int) -> TensorVariable:
    """Return ``x[1], x[2], ..., 0`` along an axis, as long as ``x``."""
    head = x[slice_at_axis(slice(1, None), axis)]
    last = x[slice_at_axis(slice(None, 1), axis)]
    return join(axis, head, zeros_like(last))


def cumsum(x: Any, axis: int | None = None) -> TensorVariable:
    """Return the running sum along an axis, or of all elements in C order.

    Parameters
    ----------
    x : tensor_like
        The array.
    axis : int, optional
        The axis; by default the array is flattened.

    Examples
    --------
    >>> cumsum([1, 2, 3]).eval()
    array([1, 3, 6])
    """
    return _cumulative(x, axis, "add")


def cumprod(x: Any, axis: int | None = None) -> TensorVariable:
    """Return the running product along an axis, or of all elements in C order.

    Parameters
    ----------
    x : tensor_like
        The array.
    axis : int, optional
        The axis; by default the array is flattened.

    Examples
    --------
    >>> cumprod([1, 2, 3]).eval()
    array([1, 2, 6])
    """
    return _cumulative(x, axis, "mul")


def _cumulative(x: Any, axis: int | None, mode: str) -> TensorVariable:
    x = as_tensor_variable(x)
    if axis is None:
        return CumOp(0, mode)(x.flatten())
    return CumOp(normalize_axis_index(axis, x.type.ndim), mode)(x)


@_vectorize_node.register(CumOp)
def vectorize_cum_op(op: CumOp, node: Apply, batch_x: TensorVariable) -> Apply:
    """Run along the same axis, counted behind the batch."""
    batch_ndim = batch_x.type.ndim - node.inputs[0].type.ndim
    return CumOp(op.axis + batch_ndim, op.mode).make_node(batch_x)


@_vectorize_node.register(LinearRecurrence)
def vectorize_linear_recurrence(
    op: LinearRecurrence, node: Apply, batch_a: TensorVariable, batch_b: TensorVariable
) -> Any:
    """Run along the same axis, counted behind the batch; both inputs need all of it."""
    batch_ndim = max(batch_a.type.ndim, batch_b.type.ndim) - node.inputs[0].type.ndim
    # Adding zeros broadcasts a batch that only one of the two has.
    a, b = batch_a + zeros_like(batch_b), batch_b + zeros_like(batch_a)
    return LinearRecurrence(op.axis + batch_ndim).make_node(a, b)
