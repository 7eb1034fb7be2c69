"""`DimShuffle`: axes permuted, added and dropped, without touching an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.type import discrete_dtypes, tensor_type


class DimShuffle(Op):
    """View an array with its axes in another order.

    Parameters
    ----------
    input_ndim : int
        Rank of the input.
    new_order : sequence of (int or "x")
        For each axis of the output, the axis of the input that it is, or ``"x"`` for a new axis of
        length 1. An axis of the input that does not occur is dropped: its length must be 1.

    Attributes
    ----------
    shuffle, augment, drop : tuple of int
        The input's axes that stay, in their new order; the output's axes that are new; the input's
        axes that go.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> DimShuffle(input_ndim=1, new_order=(0, "x"))(pt.dvector("v")).type
    TensorType(float64, shape=(None, 1))
    """

    __props__ = ("input_ndim", "new_order")
    view_map = {0: [0]}  # noqa: RUF012 -- a plain dict, as every op has it

    def __init__(self, *, input_ndim: int, new_order: Sequence[Any]):
        if not isinstance(input_ndim, int | np.integer):
            raise TypeError(f"input_ndim must be an integer, got {input_ndim!r}.")
        self.input_ndim = int(input_ndim)
        self.new_order = tuple(
            _checked_axis(axis, position, self.input_ndim)
            for position, axis in enumerate(new_order)
        )
        self.shuffle = tuple(axis for axis in self.new_order if axis != "x")
        if len(set(self.shuffle)) != len(self.shuffle):
            raise ValueError(
                f"The same input dimension may not appear twice in new_order, got {self.new_order}."
            )
        self.augment = tuple(i for i, axis in enumerate(self.new_order) if axis == "x")
        self.drop = tuple(axis for axis in range(self.input_ndim) if axis not in self.shuffle)

    @property
    def is_transpose(self) -> bool:
        """Whether axes are permuted, neither added nor dropped."""
        return not self.augment and not self.drop and self.shuffle != tuple(range(self.input_ndim))

    @property
    def is_squeeze(self) -> bool:
        """Whether axes are dropped and nothing else."""
        return bool(self.drop) and not self.augment and list(self.shuffle) == sorted(self.shuffle)

    @property
    def is_expand_dims(self) -> bool:
        """Whether axes are added and nothing else."""
        return bool(self.augment) and not self.drop and list(self.shuffle) == sorted(self.shuffle)

    @property
    def is_left_expand_dims(self) -> bool:
        """Whether axes are added in front and nothing else."""
        return self.is_expand_dims and self.augment == tuple(range(len(self.augment)))

    def make_node(self, inp: Any) -> Apply:
        x = as_tensor_variable(inp)
        if x.type.ndim != self.input_ndim:
            raise TypeError(
                f"Wrong number of dimensions for {self}: expected {self.input_ndim}, "
                f"got {x.type.ndim} in {x} of type {x.type}."
            )
        static = x.type.shape
        for axis in self.drop:
            if static[axis] not in (1, None):
                raise TypeError(
                    f"{self} drops dimension {axis} of {x}, which must have length 1 but has "
                    f"{static[axis]}. "
                    "Index or reduce the dimension instead."
                )
        shape = tuple(1 if axis == "x" else static[axis] for axis in self.new_order)
        return Apply(self, [x], [tensor_type(x.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        (lengths,) = input_shapes
        one = as_tensor_variable(1, dtype="int64")
        return [tuple(one if axis == "x" else lengths[axis] for axis in self.new_order)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        (x,) = inputs
        for axis in self.drop:
            if x.shape[axis] != 1:
                raise ValueError(
                    f"{self} drops dimension {axis}, which must have length 1: got an array of "
                    f"shape {x.shape}. "
                    "Index or reduce the dimension instead."
                )
        kept = x.transpose(*self.shuffle, *self.drop)
        shape = iter(kept.shape[: len(self.shuffle)])
        output_storage[0][0] = kept.reshape(
            [1 if a == "x" else next(shape) for a in self.new_order]
        )

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (x,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [g]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x)]
        order = [
            "x" if axis in self.drop else self.new_order.index(axis)
            for axis in range(self.input_ndim)
        ]
        return [DimShuffle(input_ndim=len(self.new_order), new_order=order)(g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        (t,) = tangents
        return [t if isinstance(t.type, DisconnectedType) else self(t)]

    def __str__(self) -> str:
        if self.is_expand_dims:
            return f"ExpandDims{{{_axes_text(self.augment)}}}"
        if self.is_squeeze:
            return f"Squeeze{{{_axes_text(self.drop)}}}"
        if self.is_transpose:
            untouched = tuple(range(self.input_ndim - 2))
            if self.shuffle[:-2] == untouched:
                return "MatrixTranspose"
            return f"Transpose{{axes={self.shuffle}}}"
        return f"DimShuffle{{order=[{','.join(map(str, self.new_order))}]}}"


def _axes_text(axes: tuple[int, ...]) -> str:
    return f"axis={axes[0]}" if len(axes) == 1 else f"axes={axes}"


def _checked_axis(axis: Any, position: int, input_ndim: int) -> Any:
    if isinstance(axis, str) and axis == "x":
        return axis
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise TypeError(
            f'DimShuffle takes integers and "x", got {axis!r} of {type(axis).__name__} '
            f"at position {position}."
        )
    if not -input_ndim <= axis < input_ndim:
        raise ValueError(
            f"new_order[{position}] is {axis}, but the input has only {input_ndim} axes."
        )
    return int(axis) % input_ndim
