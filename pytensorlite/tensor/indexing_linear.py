"""What all indexing ops share: reading is linear in the array, writing in the array and the value.

An op says how its transpose is spelled (`Reading.write_back`, `Writing.pull_through`); connections,
discrete arrays, disconnected cotangents and tangents are the same for all and stand here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable, cast, constant, zeros_like
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes
from pytensorlite.tensor.variable import TensorVariable


class Reading(Op):
    """An op ``x, *indices -> part``."""

    def write_back(self, x: Any, g: Any, indices: Sequence[Any]) -> Any:
        """Return zeros like `x` with `g` added where the part was read."""
        raise NotImplementedError

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *([False] for _ in node.inputs[1:])]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        x, *indices = inputs
        (g,) = cotangents
        rest = [disconnected_type() for _ in indices]
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), *rest]
        if x.type.dtype in discrete_dtypes:
            return [zeros_like(x, dtype=config.floatX), *rest]
        return [self.write_back(x, g, indices), *rest]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        if isinstance(tangents[0].type, DisconnectedType):
            return [disconnected_type()]
        return [self(tangents[0], *inputs[1:])]


class Writing(Op):
    """An op ``x, y, *indices -> x`` with the value `y` set or added in a part of it."""

    def pull_through(self, x: Any, y: Any, g: Any, indices: Sequence[Any]) -> tuple[Any, Any]:
        """Return the cotangents of `x` and of what was written, before broadcasting is undone."""
        raise NotImplementedError

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], *([False] for _ in node.inputs[2:])]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        x, y, *indices = inputs
        (g,) = cotangents
        rest = [disconnected_type() for _ in indices]
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), disconnected_type(), *rest]
        if x.type.dtype in discrete_dtypes:
            return [zeros_like(x, config.floatX), zeros_like(y, config.floatX), *rest]
        gx, gy = self.pull_through(x, y, g, indices)
        return [gx, sum_to_value(y, gy), *rest]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        x, y, *indices = inputs
        tx, ty = tangents[:2]
        if isinstance(tx.type, DisconnectedType) and isinstance(ty.type, DisconnectedType):
            return [disconnected_type()]
        tx = zeros_like(x) if isinstance(tx.type, DisconnectedType) else tx
        ty = zeros_like(y) if isinstance(ty.type, DisconnectedType) else ty
        return [self(tx, ty, *indices)]


def as_written_value(op: Op, x: TensorVariable, y: Any, part_ndim: int) -> TensorVariable:
    """Return the value to write as a tensor of the array's dtype, or tell why it cannot be one."""
    y = as_tensor_variable(y)
    if y.type.ndim > part_ndim:
        raise TypeError(
            f"Trying to increment a {part_ndim}-dimensional subtensor with a "
            f"{y.type.ndim}-dimensional "
            f"value. The indexed part of {x} has {part_ndim} dimensions; drop the others from "
            "the value "
            f"{y} of type {y.type}, for example with .squeeze()."
        )
    if y.type.dtype == x.type.dtype:
        return y
    if y.type.dtype in complex_dtypes and x.type.dtype not in complex_dtypes:
        raise TypeError(
            f"{op}: the value {y} is complex ({y.type.dtype}) but the array {x} is {x.type.dtype}; "
            "write its real part, or make the array complex."
        )
    only_set = getattr(op, "set_instead_of_inc", False)
    if not only_set and x.type.dtype in discrete_dtypes and y.type.dtype not in discrete_dtypes:
        raise TypeError(
            f"{op}: adding the {y.type.dtype} value {y} to part of the {x.type.dtype} array {x} "
            "would "
            f"lose its fraction; cast one of them first."
        )
    if isinstance(y, Constant):
        return constant(y.data.astype(x.type.dtype))
    return cast(y, x.type.dtype)


def sum_to_value(y: TensorVariable, gy: TensorVariable) -> TensorVariable:
    """Sum a cotangent over the axes along which the value ``y`` was broadcast."""
    extra = gy.type.ndim - y.type.ndim
    stretched = [
        axis + extra
        for axis, stretches in enumerate(y.type.broadcastable)
        if stretches and gy.type.shape[axis + extra] != 1
    ]
    if stretched:
        gy = pt_sum(gy, axis=stretched, keepdims=True)
    return pt_sum(gy, axis=list(range(extra))) if extra else gy
