"""Arrays put together and taken apart along an axis: `join`, `split`, `stack` and their like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type, grad_undefined
from pytensorlite.graph.op import Op
from pytensorlite.scalar.basic import ScalarVariable
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.collecting import MakeVector
from pytensorlite.tensor.constant_value import entries_of, extract_constant, static_entries
from pytensorlite.tensor.conversion import _as_tensor_variable, as_tensor_variable, constant
from pytensorlite.tensor.shape import length_constant, shape_padaxis, shape_tuple
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


def _axis_input(axis: Any, ndim: int) -> tuple[TensorVariable, int | None]:
    """Return an axis as a variable, and as a number from 0 on if it is a constant."""
    variable = as_tensor_variable(axis, ndim=0)
    if variable.type.dtype not in integer_dtypes:
        raise TypeError(f"An axis must be an integer, got {axis!r}.")
    number = extract_constant(variable)
    if isinstance(number, Variable):
        return variable, None
    known = normalize_axis_index(int(number), ndim)
    return constant(known), known


class Join(Op):
    """Put arrays one after another along an axis, which is the first input."""

    __props__ = ()

    def make_node(self, axis: Any, *tensors: Any) -> Apply:
        if not tensors:
            raise ValueError("Cannot join an empty list of arrays.")
        parts = [as_tensor_variable(x) for x in tensors]
        ndim = parts[0].type.ndim
        if any(x.type.ndim != ndim for x in parts):
            raise TypeError(
                "Only arrays of the same rank can be joined, got "
                + ", ".join(f"{x} of type {x.type}" for x in parts)
            )
        if ndim == 0:
            raise TypeError("Join cannot handle numbers (arrays of rank 0); use `stack`.")
        axis_variable, known_axis = _axis_input(axis, ndim)
        dtype = upcast(*(x.type.dtype for x in parts))
        parts = [x if x.type.dtype == dtype else x.astype(dtype) for x in parts]
        shape = _joined_shape(parts, known_axis)
        return Apply(self, [axis_variable, *parts], [tensor_type(dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        axis, *parts = node.inputs
        lengths = input_shapes[1:]
        static = node.outputs[0].type.shape
        number = extract_constant(axis)
        is_known = not isinstance(number, Variable)
        shape = []
        for dim, known in enumerate(static):
            if known is not None:
                shape.append(length_constant(known))
                continue
            total = lengths[0][dim]
            for other in lengths[1:]:
                total = total + other[dim]
            if is_known:
                known_part = next(
                    (i for i, x in enumerate(parts) if x.type.shape[dim] is not None), 0
                )
                shape.append(total if dim == int(number) else lengths[known_part][dim])
            else:
                is_joined = ps.eq(ps.mod(axis, len(static)), dim)
                shape.append(ps.switch(is_joined, total, lengths[0][dim]))
        return [tuple(shape)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        axis, *parts = inputs
        try:
            output_storage[0][0] = np.concatenate(parts, axis=int(axis))
        except ValueError as error:
            shapes = [x.shape for x in parts]
            raise ValueError(
                f"Cannot join arrays of shapes {shapes} along axis {int(axis)}."
            ) from error

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        axis, *parts = inputs
        (g,) = cotangents
        undefined = grad_undefined(self, 0, axis, "an axis is a whole number")
        if isinstance(g.type, DisconnectedType):
            return [undefined, *(disconnected_type() for _ in parts)]
        if outputs[0].type.dtype in discrete_dtypes:
            return [undefined, *(float_zeros_like(x) for x in parts)]
        number = extract_constant(axis)
        if isinstance(number, Variable):
            sizes = [shape_vector(shape_tuple(x))[axis] for x in parts]
        else:
            sizes = [shape_tuple(x)[int(number)] for x in parts]
        pieces = Split(len(parts))(g, axis, shape_vector(sizes), return_list=True)
        return [
            undefined,
            *(_as_static_as(x, piece) for x, piece in zip(parts, pieces, strict=True)),
        ]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        axis, *parts = inputs
        if all(isinstance(t.type, DisconnectedType) for t in tangents[1:]):
            return [disconnected_type()]
        if outputs[0].type.dtype in discrete_dtypes:
            return [float_zeros_like(outputs[0])]
        pieces = [
            float_zeros_like(x) if isinstance(t.type, DisconnectedType) else t
            for x, t in zip(parts, tangents[1:], strict=True)
        ]
        return [self(axis, *pieces)]


def shape_vector(lengths: Sequence[Any]) -> TensorVariable:
    """Return lengths as an int64 vector: a constant if they all are constants."""
    if all(isinstance(length, Constant) for length in lengths):
        return constant(np.array([int(length.data) for length in lengths], dtype="int64"))
    return MakeVector("int64")(*lengths)


def _as_static_as(x: Any, gradient: Any) -> Any:
    """Give a gradient what is known of the shape of its variable."""
    if x.type.broadcastable == gradient.type.broadcastable:
        return gradient
    return gradient.specify_shape(x.type.shape)


def _joined_shape(parts: Sequence[Any], axis: int | None) -> tuple[int | None, ...]:
    shape: list[int | None] = []
    for dim in range(parts[0].type.ndim):
        lengths = [x.type.shape[dim] for x in parts]
        known = {length for length in lengths if length is not None}
        if axis is None:
            # Any axis may be the one that grows.
            shape.append(None)
        elif dim == axis:
            shape.append(None if None in lengths else sum(lengths))  # type: ignore[arg-type]
        elif len(known) > 1:
            raise ValueError(
                f"Cannot join arrays along axis {axis} whose lengths differ in axis {dim}: "
                + ", ".join(f"{x} of type {x.type}" for x in parts)
            )
        else:
            shape.append(known.pop() if known else None)
    return tuple(shape)


_join = Join()


def join(axis: Any, *tensors_list: Any) -> TensorVariable:
    """Return arrays put one after another along an axis.

    Parameters
    ----------
    axis : int or integer variable
        Which axis.
    *tensors_list : array_like
        Arrays of equal rank, and of equal lengths but for the axis.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> join(0, pt.vector("a", shape=(2,)), pt.vector("b", shape=(3,))).type.shape
    (5,)
    """
    if len(tensors_list) == 1 and isinstance(tensors_list[0], TensorVariable):
        return tensors_list[0]
    return _join(axis, *tensors_list)


def concatenate(tensor_list: Any, axis: Any = 0) -> TensorVariable:
    """Return a list of arrays put one after another along an axis, as `numpy.concatenate`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> concatenate([pt.vector("a"), [1.0, 2.0]]).type
    TensorType(float64, shape=(None,))
    """
    if not isinstance(tensor_list, tuple | list):
        raise TypeError(
            f"concatenate takes a list or tuple of arrays, got {tensor_list!r}. "
            "To join several arguments use `join`."
        )
    return join(axis, *tensor_list)


def stack(tensors: Any, axis: int = 0) -> TensorVariable:
    """Return arrays of equal shape put side by side along a new axis, as `numpy.stack`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> stack([pt.vector("a"), pt.vector("b")], axis=1).type.shape
    (None, 2)
    """
    if isinstance(tensors, Variable) or len(tensors) == 0:
        if isinstance(tensors, Variable):
            raise TypeError(f"stack takes a list or tuple of arrays, got the variable {tensors}.")
        raise ValueError("No arrays to stack.")
    parts = [as_tensor_variable(x) for x in tensors]
    if all(x.type.ndim == 0 for x in parts):
        normalize_axis_index(axis, 1)
        dtype = upcast(*(x.type.dtype for x in parts))
        return MakeVector(dtype)(*parts)
    ndim = parts[0].type.ndim
    if any(x.type.ndim != ndim for x in parts):
        raise TypeError(
            f"Only arrays of one rank can be stacked, got {[str(x.type) for x in parts]}."
        )
    axis = normalize_axis_index(axis, ndim + 1)
    return join(axis, *(shape_padaxis(x, axis) for x in parts))


def stacklists(arg: Any) -> TensorVariable:
    """Return nested lists of arrays as one array, an axis for each level of nesting.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> a, b = pt.scalars("a", "b")
    >>> stacklists([[a, b], [b, a], [a, a]]).type.shape
    (3, 2)
    """
    if isinstance(arg, tuple | list):
        return stack([stacklists(part) for part in arg])
    return as_tensor_variable(arg)


def horizontal_stack(*args: Any) -> TensorVariable:
    """Return matrices put side by side."""
    return _matrices_joined(1, args)


def vertical_stack(*args: Any) -> TensorVariable:
    """Return matrices put one below another."""
    return _matrices_joined(0, args)


def _matrices_joined(axis: int, matrices: Sequence[Any]) -> TensorVariable:
    if len(matrices) < 2:
        raise ValueError("Stacking takes at least two matrices.")
    matrices = [as_tensor_variable(x) for x in matrices]
    if any(x.type.ndim != 2 for x in matrices):
        raise ValueError(f"Only matrices can be stacked, got {[str(x.type) for x in matrices]}.")
    return concatenate(matrices, axis=axis)


# -- taken apart -----------------------------------------------------------------------------------


class Split(Op):
    """Cut an array along an axis; the inputs are the array, the axis and the lengths of the pieces.

    Parameters
    ----------
    len_splits : int
        The number of pieces.
    """

    __props__ = ("len_splits",)

    def __init__(self, len_splits: int):
        self.len_splits = int(len_splits)

    def make_node(self, x: Any, axis: Any, splits: Any) -> Apply:
        x = as_tensor_variable(x)
        if x.type.ndim == 0:
            raise TypeError(f"{x} is of rank 0 and cannot be split.")
        axis_variable, known_axis = _axis_input(axis, x.type.ndim)
        sizes = as_tensor_variable(splits, ndim=1)
        if sizes.type.dtype not in integer_dtypes:
            raise TypeError(f"The lengths of the pieces must be integers, got {splits}.")
        if sizes.type.shape[0] not in (None, self.len_splits):
            raise ValueError(
                f"Expected {self.len_splits} lengths of pieces, got {sizes.type.shape[0]}."
            )
        lengths = static_entries(sizes, self.len_splits)
        outputs = []
        for length in lengths:
            shape: list[int | None] = [None] * x.type.ndim
            if known_axis is not None:
                shape = list(x.type.shape)
                shape[known_axis] = length
            outputs.append(tensor_type(x.type.dtype, tuple(shape))())
        return Apply(self, [x, axis_variable, sizes], outputs)

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        outputs = super().__call__(*inputs, **{**kwargs, "return_list": True})
        return outputs if kwargs.get("return_list") or len(outputs) > 1 else outputs[0]

    def __str__(self) -> str:
        return f"Split{{{self.len_splits}}}"

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        _, axis, sizes = node.inputs
        number = extract_constant(axis)
        shapes = []
        for i, output in enumerate(node.outputs):
            piece = as_tensor_variable(sizes)[i].astype("int64")
            shape: list[Any] = []
            for dim, known in enumerate(output.type.shape):
                whole = input_shapes[0][dim]
                if known is not None:
                    shape.append(length_constant(known))
                elif isinstance(number, Variable):
                    is_split = ps.eq(ps.mod(axis, output.type.ndim), dim)
                    shape.append(ps.switch(is_split, piece, whole))
                else:
                    shape.append(piece if dim == int(number) else whole)
            shapes.append(tuple(shape))
        return shapes

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        x, axis, sizes = inputs
        axis = int(axis)
        if len(sizes) != self.len_splits:
            raise ValueError(f"Expected {self.len_splits} lengths of pieces, got {sizes}.")
        if (np.asarray(sizes) < 0).any():
            raise ValueError(f"The lengths of the pieces cannot be negative, got {sizes}.")
        if int(np.sum(sizes)) != x.shape[axis]:
            raise ValueError(
                f"The pieces {sizes} do not add up to the length {x.shape[axis]} of axis {axis}."
            )
        for storage, piece in zip(
            output_storage, np.split(x, np.cumsum(sizes)[:-1], axis=axis), strict=True
        ):
            storage[0] = piece.copy()

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        n = self.len_splits
        return [[True] * n, [True] * n, [False] * n]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        x, axis, _ = inputs
        undefined = grad_undefined(self, 1, axis, "an axis is a whole number")
        if all(isinstance(g.type, DisconnectedType) for g in cotangents):
            return [disconnected_type(), undefined, disconnected_type()]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x), undefined, disconnected_type()]
        pieces = [
            float_zeros_like(y) if isinstance(g.type, DisconnectedType) else g
            for y, g in zip(outputs, cotangents, strict=True)
        ]
        return [_as_static_as(x, join(axis, *pieces)), undefined, disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        t = tangents[0]
        if isinstance(t.type, DisconnectedType):
            return [disconnected_type() for _ in outputs]
        return self(t, *inputs[1:], return_list=True)


def split(
    x: Any, splits_size: Any, *, n_splits: int | None = None, axis: Any = 0
) -> list[TensorVariable]:
    """Return the pieces of an array cut along an axis.

    Parameters
    ----------
    x : array_like
        The array.
    splits_size : sequence of int or integer vector
        The lengths of the pieces.
    n_splits : int, optional
        Their number, needed if it cannot be seen.
    axis : int
        Which axis.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> [piece.type.shape for piece in split(pt.vector("v"), [1, 2])]
    [(1,), (2,)]
    """
    if n_splits is None:
        if isinstance(splits_size, Variable):
            from_type = splits_size.type.shape[0] if splits_size.type.ndim == 1 else None
            if from_type is None:
                raise ValueError("Give n_splits, for the number of pieces cannot be seen.")
            n_splits = from_type
        else:
            n_splits = len(splits_size)
    return Split(n_splits)(x, axis, splits_size, return_list=True)


# -- sequences as arrays ---------------------------------------------------------------------------


@entries_of.register(Join)
def _(op: Join, node: Apply, variable: Any, recur: Any) -> Any:
    entries: list[Any] = []
    for part in node.inputs[1:]:
        entries.extend(recur(part))
    return entries


@_as_tensor_variable.register(Sequence)
def _(x: Sequence, name: str | None, ndim: int | None, dtype: Any = None, **kwargs: Any) -> Any:
    if isinstance(x, str | bytes):
        return _as_tensor_variable.dispatch(object)(x, name, ndim, dtype=dtype, **kwargs)
    if not _holds_variables(x):
        return constant(x, name=name, ndim=ndim, dtype=dtype)
    parts = [part if isinstance(part, Variable) else as_tensor_variable(part) for part in x]
    if all(isinstance(p, ScalarVariable) or getattr(p.type, "ndim", None) == 0 for p in parts):
        result = MakeVector(upcast(*(p.type.dtype for p in parts)))(*parts)
    else:
        result = stack(parts)
    if dtype is not None:
        result = result.astype(dtype)
    return as_tensor_variable(result, name, ndim)


def _holds_variables(x: Any) -> bool:
    return any(
        isinstance(part, Variable) or (isinstance(part, tuple | list) and _holds_variables(part))
        for part in x
    )
