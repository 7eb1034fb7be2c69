"""`Elemwise`: a scalar op applied to every element of arrays that broadcast.

Here, once for all ops of the table, is what arrays add to scalars: which dimensions broadcast,
which shape results, and how a derivative finds its way back to the shape of an input that was
broadcast.

A dimension broadcasts if and only if its static length is 1. That is decided by types, so a
length of 1 that turns up only at run time is an error and never a silent repetition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, NullType
from pytensorlite.graph.op import Op
from pytensorlite.scalar.basic import get_scalar_type
from pytensorlite.scalar.op import ScalarOp, lift
from pytensorlite.tensor.careduce import CAReduce
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.dimshuffle import DimShuffle
from pytensorlite.tensor.type import TensorType, tensor_type
from pytensorlite.tensor.utils import broadcast_static_shapes
from pytensorlite.tensor.variable import TensorVariable


class Elemwise(Op):
    """Apply a scalar op to arrays, element by element.

    Parameters
    ----------
    scalar_op : ScalarOp
        A row of the op table.
    inplace_pattern : mapping of int to int, optional
        The input whose memory an output overwrites.
    name : str, optional
        How the op is printed.

    Examples
    --------
    >>> import pytensorlite.scalar as ps
    >>> import pytensorlite.tensor as pt
    >>> Elemwise(ps.add)(pt.dmatrix("x"), pt.dvector("v")).type
    TensorType(float64, shape=(None, None))
    """

    __props__ = ("scalar_op", "inplace_pattern")

    def __init__(
        self,
        scalar_op: Any,
        inplace_pattern: Mapping[int, int] | None = None,
        name: str | None = None,
    ):
        self.scalar_op = scalar_op
        self.inplace_pattern = dict(inplace_pattern or {})
        self.destroy_map = {o: [i] for o, i in self.inplace_pattern.items()}
        self.name = name
        self.nin = scalar_op.nin

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(other) is type(self)
            and self.scalar_op == other.scalar_op  # type: ignore[attr-defined]
            and self.inplace_pattern == other.inplace_pattern  # type: ignore[attr-defined]
        )

    def __hash__(self) -> int:
        return hash((type(self), self.scalar_op, tuple(sorted(self.inplace_pattern.items()))))

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        text = str(self.scalar_op)
        return text if "{" in text else text.capitalize()

    # -- building ----------------------------------------------------------------------------------

    def make_node(self, *inputs: Any) -> Apply:
        tensors = [as_tensor_variable(x) for x in inputs]
        if self.nin >= 0 and len(tensors) != self.nin:
            raise TypeError(f"{self} expected {self.nin} inputs, got {len(tensors)}: {tensors}.")
        ndim = max((x.type.ndim for x in tensors), default=0)
        aligned = [x if x.type.ndim == ndim else _with_leading_axes(x, ndim) for x in tensors]
        output_types = self.scalar_op.output_types([get_scalar_type(x.type.dtype) for x in aligned])
        shape = self._static_shape(aligned)
        outputs = [tensor_type(scalar_type.dtype, shape)() for scalar_type in output_types]
        for o, i in self.inplace_pattern.items():
            if aligned[i].type.broadcastable != outputs[o].type.broadcastable:
                raise ValueError(
                    f"{self} cannot write output {o} over input {i}, which is broadcast."
                )
            if aligned[i].type.dtype != outputs[o].type.dtype:
                raise TypeError(
                    f"{self} cannot write output {o} of {outputs[o].type.dtype} over input {i} "
                    f"of {aligned[i].type.dtype}."
                )
        return Apply(self, aligned, outputs)

    def _static_shape(self, inputs: Sequence[TensorVariable]) -> tuple[int | None, ...]:
        shapes = [x.type.shape for x in inputs]
        if not shapes:
            return ()
        try:
            return broadcast_static_shapes(*shapes)
        except ValueError as error:
            raise ValueError(
                f"Incompatible shapes for {self}: {error} The inputs are "
                + ", ".join(f"{x} of type {x.type}" for x in inputs)
            ) from None

    # -- computing ---------------------------------------------------------------------------------

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        static = [x.type.shape for x in node.inputs]
        lengths = []
        for axis, known in enumerate(node.outputs[0].type.shape):
            if known is not None:
                lengths.append(as_tensor_variable(known, dtype="int64"))
            else:
                # Dimensions that do not broadcast have one length; any of them tells it.
                source = next(i for i, shape in enumerate(static) if shape[axis] != 1)
                lengths.append(input_shapes[source][axis])
        return [tuple(lengths)] * len(node.outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        shape = self._runtime_shape(node, inputs)
        results = self.scalar_op.evaluate(*inputs)
        if len(output_storage) == 1:
            results = [results]
        for o, (storage, output, value) in enumerate(
            zip(output_storage, node.outputs, results, strict=True)
        ):
            result = np.asarray(value).astype(output.type.dtype, copy=False)
            if result.shape != shape:
                result = np.broadcast_to(result, shape).copy()
            if o in self.inplace_pattern:
                target = inputs[self.inplace_pattern[o]]
                target[...] = result
                result = target
            elif result.base is not None or any(result is x for x in inputs):
                # An op that changes nothing hands its input through, which nobody may overwrite.
                result = result.copy()
            storage[0] = result

    def _runtime_shape(self, node: Apply, inputs: Sequence[np.ndarray]) -> tuple[int, ...]:
        """Return the shape of the result, or explain why there is none."""
        shape = []
        for axis in range(node.outputs[0].type.ndim):
            lengths = {
                x.shape[axis]
                for x, variable in zip(inputs, node.inputs, strict=True)
                if variable.type.shape[axis] != 1
            }
            if len(lengths) > 1:
                raise ValueError(_mismatch_text(self, axis, lengths, node.inputs, inputs))
            shape.append(lengths.pop() if lengths else 1)
        return tuple(shape)

    # -- differentiating ---------------------------------------------------------------------------

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return self.scalar_op.connection_pattern(node)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        terms = self.scalar_op.pullback(inputs, outputs, cotangents)
        return [_sum_to_shape_of(x, term) for x, term in zip(inputs, terms, strict=True)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        results = self.scalar_op.pushforward(inputs, outputs, tangents)
        return [_fill_to_shape_of(y, result) for y, result in zip(outputs, results, strict=True)]


def _with_leading_axes(x: TensorVariable, ndim: int) -> TensorVariable:
    return _leading_axes(x.type.ndim, ndim)(x)


@cache
def _leading_axes(ndim: int, wanted: int) -> DimShuffle:
    """Return the one op that adds axes in front: every number in a formula needs it."""
    order = ("x",) * (wanted - ndim) + tuple(range(ndim))
    return DimShuffle(input_ndim=ndim, new_order=order)


def _mismatch_text(
    op: Elemwise,
    axis: int,
    lengths: set[int],
    variables: Sequence[Any],
    values: Sequence[np.ndarray],
) -> str:
    operands = ", ".join(f"{v} {x.shape}" for v, x in zip(variables, values, strict=True))
    if 1 in lengths:
        return (
            f"Runtime broadcasting not allowed. {op} got a length of 1 in dimension {axis} that "
            "its type "
            f"does not promise, against {sorted(lengths - {1})}: {operands}. If broadcasting was "
            "intended, "
            "use `specify_broadcastable` on the input, or declare it with shape 1 there."
        )
    return (
        f"Input dimension mismatch for {op}: lengths {sorted(lengths)} in dimension {axis} "
        "cannot be "
        f"combined: {operands}."
    )


def _sum_to_shape_of(x: Any, term: Any) -> Any:
    """Undo broadcasting: sum a derivative over the dimensions in which the input was repeated."""
    if isinstance(term.type, DisconnectedType | NullType):
        return term
    missing = x.type.ndim - term.type.ndim
    if missing > 0:
        term = _with_leading_axes(term, x.type.ndim)
    pairs = list(zip(x.type.shape, term.type.shape, strict=True))
    repeated = [axis for axis, (mine, other) in enumerate(pairs) if mine == 1 and other != 1]
    if repeated:
        term = term.sum(axis=repeated, keepdims=True)
    return _fill_to_shape_of(x, term)


def _fill_to_shape_of(y: Any, value: Any) -> Any:
    """Repeat a derivative that is constant along dimensions of ``y``."""
    if isinstance(value.type, DisconnectedType | NullType):
        return value
    if value.type.ndim == y.type.ndim and all(
        mine == 1 or other != 1 for mine, other in zip(y.type.shape, value.type.shape, strict=True)
    ):
        return value
    return y.fill(value)


@cache
def elemwise_of(scalar_op: ScalarOp) -> Elemwise:
    """Return the one `Elemwise` of a row of the table, documented by its row."""
    op = Elemwise(scalar_op)
    op.__doc__ = type(scalar_op).__doc__
    return op


@lift.register(TensorType)
def _(type: TensorType, scalar_op: ScalarOp, *inputs: Any, **kwargs: Any) -> Any:
    return elemwise_of(scalar_op)(*inputs, **kwargs)


def scalar_elemwise(*symbol: Any, **kwargs: Any) -> Any:
    """Turn a function's name into the tensor version of the scalar op of that name.

    A decorator in PyTensor's vocabulary: the decorated function gives name and docstring, the op
    table gives everything else.
    """
    from pytensorlite.scalar.table import ROWS

    def lifted(function: Any) -> Elemwise:
        return elemwise_of(ROWS[function.__name__])

    return lifted(symbol[0]) if symbol and callable(symbol[0]) else lifted


def get_normalized_batch_axes(
    core_axes: int | tuple[int, ...] | None, core_ndim: int, batch_ndim: int
) -> tuple[int, ...]:
    """Return the axes of a batched array that are these axes of its cores.

    Examples
    --------
    >>> get_normalized_batch_axes(-1, core_ndim=2, batch_ndim=3)
    (2,)
    """
    if core_axes is None:
        return tuple(range(batch_ndim - core_ndim, batch_ndim))
    axes = (core_axes,) if isinstance(core_axes, int) else core_axes
    return tuple(axis % core_ndim + batch_ndim - core_ndim for axis in axes)


__all__ = [
    "CAReduce",
    "DimShuffle",
    "Elemwise",
    "TensorType",
    "TensorVariable",
    "elemwise_of",
    "get_normalized_batch_axes",
    "scalar_elemwise",
]
