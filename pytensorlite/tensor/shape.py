"""Shapes: asking for them, asserting them, and changing them with `reshape`.

A static length is always used where there is one, so that a shape that is known while the graph is
built costs nothing when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.constant_value import (
    entries_of,
    extract_constant,
    get_vector_length,
    scalar_constant_of,
    static_entries,
    vector_entries,
)
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes, tensor_type
from pytensorlite.tensor.type_other import NoneConst, NoneTypeT
from pytensorlite.tensor.variable import TensorConstant, TensorVariable

_LENGTH = tensor_type("int64", ())


def length_constant(length: int) -> TensorConstant:
    """Return a length as the int64 constant that shape graphs are made of."""
    return TensorConstant(_LENGTH, np.asarray(length, dtype="int64"))


# -- asking ----------------------------------------------------------------------------------------


class Shape(Op):
    """The lengths of an array, an int64 vector."""

    __props__ = ()

    def make_node(self, x: Any) -> Apply:
        if not isinstance(x, Variable):
            x = as_tensor_variable(x)
        ndim = getattr(x.type, "ndim", None)
        return Apply(self, [x], [tensor_type("int64", (ndim,))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [(length_constant(node.inputs[0].type.ndim),)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.array(np.shape(inputs[0]), dtype="int64")

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]


_shape = Shape()


def shape(x: Any) -> TensorVariable:
    """Return the lengths of an array, a constant if they are all known.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> shape(pt.matrix("x", shape=(2, 3))).data
    array([2, 3])
    """
    if not isinstance(x, Variable):
        x = as_tensor_variable(x)
    static = getattr(x.type, "shape", (None,))
    if None not in static:
        return as_tensor_variable(np.array(static, dtype="int64"))
    return _shape(x)


def shape_tuple(x: Any) -> tuple[Any, ...]:
    """Return the lengths one by one, constants where they are known.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> int(shape_tuple(pt.matrix("x", shape=(None, 3)))[1].data)
    3
    """
    lengths: Any = None
    result: list[Any] = []
    for axis, length in enumerate(x.type.shape):
        if length is None and lengths is None:
            lengths = _shape(x)
        result.append(lengths[axis] if length is None else length_constant(length))
    return tuple(result)


class Shape_i(Op):
    """One length of an array.

    Parameters
    ----------
    i : int
        Which axis.
    """

    __props__ = ("i",)

    def __init__(self, i: int):
        self.i = int(i)

    def make_node(self, x: Any) -> Apply:
        if not isinstance(x, Variable):
            x = as_tensor_variable(x)
        if not 0 <= self.i < x.type.ndim:
            raise TypeError(f"{x} has no axis {self.i}: its rank is {x.type.ndim}.")
        return Apply(self, [x], [_LENGTH()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [()]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.asarray(inputs[0].shape[self.i], dtype="int64")

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]


def shape_i(var: Any, i: int, fgraph: Any = None) -> Variable:
    """Return one length; what the graph's `ShapeFeature` knows of it, if there is one.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> shape_i(pt.vector("v"), 0).owner.op
    Shape_i(i=0)
    """
    feature = getattr(fgraph, "shape_feature", None)
    if feature is not None and var in getattr(feature, "shape_of", {}):
        return feature.shape_of[var][i]
    return Shape_i(i)(var)


@scalar_constant_of.register(Shape_i)
def _(op: Shape_i, node: Apply, variable: Any, recur: Any) -> Any:
    length = node.inputs[0].type.shape[op.i]
    if length is None:
        raise NotScalarConstantError()
    return np.asarray(length, dtype="int64")


@entries_of.register(Shape)
def _(op: Shape, node: Apply, variable: Any, recur: Any) -> Any:
    return list(node.inputs[0].type.shape)


# -- asserting -------------------------------------------------------------------------------------


class SpecifyShape(Op):
    """Assert the lengths of an array, and make them static where they are constants.

    The first input is the array; the others, one per axis, are lengths or None.
    """

    __props__ = ()
    view_map = {0: [0]}  # noqa: RUF012 -- a plain dict, as every op has it

    def make_node(self, x: Any, *shape: Any) -> Apply:
        x = as_tensor_variable(x)
        lengths = [NoneConst if length is None else length for length in shape]
        lengths = [v if v is NoneConst else _as_length(v) for v in lengths]
        if len(lengths) != x.type.ndim:
            raise ValueError(
                f"Input {x} is of rank {x.type.ndim}, but {len(lengths)} lengths were specified."
            )
        static = []
        for axis, (known, length) in enumerate(zip(x.type.shape, lengths, strict=True)):
            wanted = _static_length(length)
            if None not in (known, wanted) and known != wanted:
                raise AssertionError(
                    f"SpecifyShape: dim {axis} of {x} has length {known}, expected {wanted}."
                )
            static.append(known if wanted is None else wanted)
        return Apply(self, [x, *lengths], [tensor_type(x.type.dtype, tuple(static))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        given, (_, *lengths) = input_shapes[0], node.inputs
        static = node.outputs[0].type.shape
        return [
            tuple(
                length_constant(known)
                if known is not None
                else given[axis]
                if isinstance(length.type, NoneTypeT)
                else length
                for axis, (known, length) in enumerate(zip(static, lengths, strict=True))
            )
        ]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        x, *lengths = inputs
        for axis, (got, wanted) in enumerate(zip(x.shape, lengths, strict=True)):
            if wanted is not None and got != wanted:
                raise AssertionError(
                    f"SpecifyShape: dim {axis} of input has shape {got}, expected {wanted}: "
                    f"an array of shape {x.shape} came for {node.inputs[0]}."
                )
        output_storage[0][0] = x

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        x, *lengths = inputs
        (g,) = cotangents
        rest = [disconnected_type() for _ in lengths]
        if isinstance(g.type, DisconnectedType):
            return [g, *rest]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x), *rest]
        return [specify_shape(g, lengths), *rest]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        t = tangents[0]
        return [t if isinstance(t.type, DisconnectedType) else self(t, *inputs[1:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *([False] for _ in node.inputs[1:])]


_specify_shape = SpecifyShape()


def _as_length(length: Any) -> Variable:
    if isinstance(length, Variable) and isinstance(length.type, NoneTypeT):
        return NoneConst
    variable = as_tensor_variable(length, ndim=0)
    if variable.type.dtype not in integer_dtypes:
        raise TypeError(f"A length must be an integer, got {length} of type {variable.type}.")
    return variable


def _static_length(length: Variable) -> int | None:
    if isinstance(length.type, NoneTypeT):
        return None
    value = extract_constant(length)
    return None if isinstance(value, Variable) else int(value)


def specify_shape(x: Any, shape: Any) -> TensorVariable:
    """Return ``x`` with its shape asserted: static from here on, checked when the graph runs.

    Parameters
    ----------
    x : array_like
        The array.
    shape : int, sequence of (int, variable or None), or integer vector
        The lengths; None where nothing is asserted. ``...`` stands for any number of these.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> specify_shape(pt.matrix("x"), (None, 3)).type.shape
    (None, 3)
    """
    if not isinstance(x, Variable):
        x = as_tensor_variable(x)
    lengths = list(shape) if isinstance(shape, tuple | list) else None
    if lengths is None:
        vector: Any = shape if shape is None or shape is Ellipsis else as_tensor_variable(shape)
        if getattr(vector, "ndim", 0) == 1:
            lengths = [vector[i] for i in range(get_vector_length(vector))]
        else:
            lengths = [shape]
    if any(length is Ellipsis for length in lengths):
        where = next(i for i, length in enumerate(lengths) if length is Ellipsis)
        lengths[where : where + 1] = [None] * (x.type.ndim - len(lengths) + 1)
    lengths = [NoneConst if v is None else _as_length(v) for v in lengths]
    if len(lengths) == x.type.ndim and all(
        length is NoneConst or _static_length(length) == known is not None
        for known, length in zip(x.type.shape, lengths, strict=True)
    ):
        return x
    return _specify_shape(x, *lengths)


def specify_broadcastable(x: Any, *axes: int) -> TensorVariable:
    """Return ``x`` with the length of these axes asserted to be 1, so that they broadcast.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> specify_broadcastable(pt.matrix("x"), 0).type.broadcastable
    (True, False)
    """
    x = as_tensor_variable(x)
    if not axes:
        return x
    axes = np.lib.array_utils.normalize_axis_tuple(axes, x.type.ndim)
    if all(x.type.shape[axis] == 1 for axis in axes):
        return x
    return specify_shape(x, [1 if axis in axes else None for axis in range(x.type.ndim)])


# -- changing --------------------------------------------------------------------------------------


class Reshape(Op):
    """Give the elements of an array another shape, of a rank that is known.

    Parameters
    ----------
    ndim : int
        The rank of the result: the length of the second input, the vector of lengths, in which one
        may be -1.
    """

    __props__ = ("ndim",)
    view_map = {0: [0]}  # noqa: RUF012 -- a plain dict, as every op has it

    def __init__(self, ndim: int):
        self.ndim = int(ndim)
        if self.ndim < 0:
            raise ValueError(f"The rank of a reshaped array cannot be negative, got {ndim}.")

    def make_node(self, x: Any, shp: Any) -> Apply:
        x = as_tensor_variable(x)
        lengths = as_shape_vector(shp)
        static = lengths.type.shape[0]
        if static is not None and static != self.ndim:
            raise TypeError(
                f"Expected {self.ndim} lengths for a reshape to rank {self.ndim}, got {static}."
            )
        return Apply(
            self, [x, lengths], [tensor_type(x.type.dtype, self._static_shape(x, lengths))()]
        )

    def _static_shape(self, x: Variable, lengths: Variable) -> tuple[int | None, ...]:
        known = static_entries(lengths, self.ndim)
        for axis, length in enumerate(known):
            if length is not None and length < -1:
                raise ValueError(
                    f"Lengths must be at least -1, got {length} for axis {axis} of {x}."
                )
        if known.count(-1) > 1:
            raise ValueError(f"Only one length can be -1 in a reshape, got {known} for {x}.")
        size = None if None in x.type.shape else prod(x.type.shape)
        unknown = [axis for axis, length in enumerate(known) if length in (None, -1)]
        others = prod(length for length in known if length not in (None, -1))
        if size is None:
            return tuple(None if length == -1 else length for length in known)
        if not unknown and others != size:
            raise ValueError(f"Cannot reshape {x} of type {x.type} into shape {tuple(known)}.")
        if -1 in known and None not in known:
            if others == 0 or size % others:
                if size != 0 or others != 0:
                    raise ValueError(
                        f"Cannot reshape {x} of type {x.type} into shape {tuple(known)}."
                    )
                return tuple(None if length == -1 else length for length in known)
            known[known.index(-1)] = size // others
        elif len(unknown) == 1 and others and size % others == 0:
            known[unknown[0]] = size // others
        return tuple(None if length == -1 else length for length in known)

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        static = node.outputs[0].type.shape
        known = static_entries(node.inputs[1], self.ndim)
        unsure = [axis for axis in range(self.ndim) if static[axis] is None]
        if not unsure:
            return [tuple(map(length_constant, static))]
        entries = [
            as_tensor_variable(entry if number is None else number, dtype="int64")
            for entry, number in zip(self._entries(node.inputs[1]), known, strict=True)
        ]
        if not any(known[axis] in (None, -1) for axis in unsure):
            return [tuple(entries)]
        # The one length that is -1 takes what the others leave: the product of all is minus theirs.
        size = length_product(input_shapes[0])
        left = size // ps.maximum(-length_product(entries), 1)
        return [
            tuple(
                length_constant(static[axis])
                if static[axis] is not None
                else left
                if known[axis] == -1
                else ps.switch(ps.eq(entry, -1), left, entry)
                for axis, entry in enumerate(entries)
            )
        ]

    def _entries(self, lengths: Any) -> list[Any]:
        """Return the lengths one by one, as int64 variables where they are not numbers."""
        entries: list[Any]
        try:
            entries = list(vector_entries(lengths))
        except ValueError:
            entries = [None] * self.ndim
        result: list[Any] = []
        for i, entry in enumerate(entries):
            variable = lengths[i] if entry is None else entry
            is_symbolic = isinstance(variable, TensorVariable)
            result.append(variable.astype("int64") if is_symbolic else variable)
        return result

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        x, lengths = inputs
        if len(lengths) != self.ndim:
            raise ValueError(
                f"Expected {self.ndim} lengths for a reshape to rank {self.ndim}, got {lengths}."
            )
        try:
            output_storage[0][0] = x.reshape(tuple(int(length) for length in lengths))
        except ValueError as error:
            raise ValueError(
                f"Cannot reshape an array of shape {x.shape} into shape {tuple(map(int, lengths))}."
            ) from error

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        x, _ = inputs
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [g, disconnected_type()]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x), disconnected_type()]
        return [reshape(g, shape(x), ndim=x.type.ndim), disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        t = tangents[0]
        return [t if isinstance(t.type, DisconnectedType) else self(t, inputs[1])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def __str__(self) -> str:
        return f"Reshape{{{self.ndim}}}"


def length_product(lengths: Sequence[Any]) -> Any:
    """Return the product of lengths, the constants among them multiplied at once.

    Examples
    --------
    >>> int(length_product([length_constant(2), length_constant(3)]).data)
    6
    """
    known = prod(int(length.data) for length in lengths if isinstance(length, Constant))
    symbolic = [length for length in lengths if not isinstance(length, Constant)]
    if not symbolic:
        return length_constant(known)
    factors = symbolic if known == 1 else [length_constant(known), *symbolic]
    return factors[0] if len(factors) == 1 else ps.mul(*factors)


def as_shape_vector(lengths: Any) -> TensorVariable:
    """Return lengths, given as a number, a sequence or a vector, as an integer vector."""
    if isinstance(lengths, Sequence) and len(lengths) == 0:
        return as_tensor_variable(np.array([], dtype="int64"))
    vector = as_tensor_variable(lengths, ndim=1)
    if vector.type.dtype not in integer_dtypes:
        if vector.type.shape != (0,):
            raise TypeError(f"Lengths must be integers, got {lengths} of type {vector.type}.")
        return as_tensor_variable(np.array([], dtype="int64"))
    return vector


def reshape(x: Any, newshape: Any, *, ndim: int | None = None) -> TensorVariable:
    """Return the elements of an array in another shape, in C order.

    Parameters
    ----------
    x : array_like
        The array.
    newshape : int, sequence of (int or variable), or integer vector
        The lengths; one may be -1, which takes what the others leave.
    ndim : int, optional
        The rank of the result, needed if ``newshape`` is a vector of unknown length.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> reshape(pt.vector("v"), (2, -1)).type.shape
    (2, None)
    """
    lengths = as_shape_vector(newshape)
    if ndim is None:
        try:
            ndim = get_vector_length(lengths)
        except ValueError:
            raise ValueError(
                f"The length of the provided shape ({lengths}) cannot be determined. "
                "Give the rank of the result as ndim=..."
            ) from None
    return Reshape(ndim)(x, lengths)


def shape_padleft(t: Any, n_ones: int = 1) -> TensorVariable:
    """Return an array with axes of length 1 added in front.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> shape_padleft(pt.vector("v")).type.shape
    (1, None)
    """
    t = as_tensor_variable(t)
    return t.dimshuffle(["x"] * n_ones + list(range(t.type.ndim)))


def shape_padright(t: Any, n_ones: int = 1) -> TensorVariable:
    """Return an array with axes of length 1 added at the end.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> shape_padright(pt.vector("v"), 2).type.shape
    (None, 1, 1)
    """
    t = as_tensor_variable(t)
    return t.dimshuffle([*range(t.type.ndim), *["x"] * n_ones])


def shape_padaxis(t: Any, axis: int) -> TensorVariable:
    """Return an array with an axis of length 1 added, which becomes axis ``axis``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> shape_padaxis(pt.matrix("x"), -2).type.shape
    (None, 1, None)
    """
    t = as_tensor_variable(t)
    ndim = t.type.ndim + 1
    if not -ndim <= axis < ndim:
        raise IndexError(f"axis {axis} is out of range [-{ndim}, {ndim})")
    order: list[Any] = list(range(t.type.ndim))
    order.insert(axis % ndim, "x")
    return t.dimshuffle(order)


@_vectorize_node.register(Shape)
def vectorize_shape(op: Shape, node: Apply, batched_x: Any) -> Any:
    """Return the shapes of the cores, repeated over the batch dimensions."""
    from pytensorlite.tensor.extra_ops import broadcast_to

    (x,) = node.inputs
    batch_ndim = batched_x.type.ndim - x.type.ndim
    if not batch_ndim:
        return op.make_node(batched_x)
    lengths = shape_tuple(batched_x)
    core = as_tensor_variable(lengths[batch_ndim:])
    return broadcast_to(core, (*lengths[:batch_ndim], x.type.ndim)).owner


__all__ = [
    "reshape",
    "shape",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "specify_broadcastable",
    "specify_shape",
]
