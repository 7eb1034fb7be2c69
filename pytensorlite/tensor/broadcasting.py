"""Making shapes meet: what NumPy does silently, as functions.

As everywhere in this package a dimension broadcasts only if it is known to have length 1 when the
graph is built; lengths that are known only at run time must be equal, and that is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.scalar.basic import ScalarType
from pytensorlite.tensor.basic import (
    alloc,
    as_tensor_variable,
    join,
    second,
    switch,
    tensor_from_scalar,
)
from pytensorlite.tensor.checking import Assert
from pytensorlite.tensor.math import eq, or_
from pytensorlite.tensor.shape import shape_tuple
from pytensorlite.tensor.variable import TensorVariable

_STATIC_ONES_ONLY = (
    "Could not broadcast dimensions. Broadcasting is only allowed along axes that have a "
    "statically "
    "known length 1. Use `specify_broadcastable` to inform pytensorlite of a known shape."
)


def broadcast_shape(*arrays: Any, arrays_are_shapes: bool = False) -> tuple[Any, ...]:
    """Return the shape in which arrays meet.

    Parameters
    ----------
    *arrays : tensor_like
        The arrays, or their shapes.
    arrays_are_shapes : bool
        Whether shapes are given.

    Returns
    -------
    tuple of variables
        One integer scalar per dimension; constants where the length is known.

    Examples
    --------
    >>> [int(n.data) for n in broadcast_shape((1, 3), (2, 3), arrays_are_shapes=True)]
    [2, 3]
    """
    return broadcast_shape_iter(arrays, arrays_are_shapes=arrays_are_shapes)


def broadcast_shape_iter(
    arrays: Iterable[Any], arrays_are_shapes: bool = False, allow_runtime_broadcast: bool = False
) -> tuple[Any, ...]:
    """Return the shape in which an iterable of arrays meet.

    Parameters
    ----------
    arrays : iterable of tensor_like
        The arrays, or their shapes.
    arrays_are_shapes : bool
        Whether shapes are given.
    allow_runtime_broadcast : bool
        Let a length that turns out to be 1 broadcast, instead of raising.
    """
    if arrays_are_shapes:
        shapes = [[_length(n) for n in shape] for shape in arrays]
    else:
        shapes = [[_length(n) for n in _shape_of(array)] for array in arrays]
    ndim = max((len(shape) for shape in shapes), default=0)
    return tuple(
        _common_length(
            [shape[axis] for shape in shapes if len(shape) >= -axis], allow_runtime_broadcast
        )
        for axis in range(-ndim, 0)
    )


def _shape_of(array: Any) -> tuple[Any, ...]:
    return shape_tuple(as_tensor_variable(array))


def _length(length: Any) -> Any:
    if isinstance(length, Variable) and isinstance(length.type, ScalarType):
        if isinstance(length, Constant):
            return as_tensor_variable(int(length.data), dtype="int64")
        return tensor_from_scalar(length)
    if isinstance(length, Variable) and not isinstance(length, Constant):
        return length
    value = int(length.data) if isinstance(length, Constant) else int(length)
    return as_tensor_variable(value, dtype="int64")


def _common_length(lengths: Sequence[TensorVariable], allow_runtime_broadcast: bool) -> Any:
    constants = {int(n.data): n for n in lengths if isinstance(n, Constant)}
    symbolic = list(dict.fromkeys(n for n in lengths if not isinstance(n, Constant)))
    known = [n for value, n in constants.items() if value != 1]
    if len(known) > 1:
        raise ValueError(
            f"Could not broadcast dimensions. Incompatible lengths were {sorted(constants)}: "
            "expected "
            "them to be equal, or 1."
        )
    if known:
        if symbolic:
            fits = [_fits(n, known[0], allow_runtime_broadcast) for n in symbolic]
            return Assert(_STATIC_ONES_ONLY)(known[0], *fits)
        return known[0]
    if not symbolic:
        return constants[1]
    result, *others = symbolic
    if not others:
        return result
    if allow_runtime_broadcast:
        for other in others:
            result = switch(eq(result, 1), other, result)
    fits = [_fits(n, result, allow_runtime_broadcast) for n in others]
    return Assert(_STATIC_ONES_ONLY)(result, *fits)


def _fits(length: Any, wanted: Any, allow_one: bool) -> Any:
    return or_(eq(length, wanted), eq(length, 1)) if allow_one else eq(length, wanted)


def broadcast_to(x: Any, shape: Any) -> TensorVariable:
    """Return an array repeated to a given shape.

    Parameters
    ----------
    x : tensor_like
        The array.
    shape : sequence of int or variables
        The wanted shape.

    Examples
    --------
    >>> broadcast_to([1, 2], (2, 2)).eval()
    array([[1, 2],
           [1, 2]])
    """
    lengths = [shape] if isinstance(shape, int) else list(shape)
    return alloc(x, *lengths)


def broadcast_arrays(*args: Any) -> tuple[TensorVariable, ...]:
    """Return the arrays, each repeated to the shape in which they meet.

    Parameters
    ----------
    *args : tensor_like
        The arrays.

    Examples
    --------
    >>> [x.eval().tolist() for x in broadcast_arrays([1, 2], 0)]
    [[1, 2], [0, 0]]
    """
    arrays = [as_tensor_variable(x) for x in args]
    return tuple(
        _filled_like([other for j, other in enumerate(arrays) if j != i], x)
        for i, x in enumerate(arrays)
    )


def _filled_like(others: Sequence[TensorVariable], x: TensorVariable) -> TensorVariable:
    for other in others:
        if not _covers(x, other):
            x = second(other, x)
    return x


def _covers(x: TensorVariable, other: TensorVariable) -> bool:
    """Whether filling ``other`` with ``x`` is known to change nothing."""
    if other.type.ndim > x.type.ndim:
        return False
    mine = x.type.shape[x.type.ndim - other.type.ndim :]
    return all(
        theirs == 1 or (theirs is not None and theirs == length)
        for theirs, length in zip(other.type.shape, mine, strict=True)
    )


def concat_with_broadcast(tensor_list: Sequence[Any], axis: int = 0) -> TensorVariable:
    """Join arrays along an axis, broadcasting them in all others.

    Parameters
    ----------
    tensor_list : sequence of tensor_like
        Arrays of equal rank.
    axis : int
        Along which axis.

    Examples
    --------
    >>> concat_with_broadcast([[[1, 2]], [[3], [4]]], axis=1).eval()
    array([[1, 2, 3],
           [1, 2, 4]])
    """
    if not tensor_list:
        raise ValueError("Cannot concatenate an empty list of tensors.")
    arrays = [as_tensor_variable(x) for x in tensor_list]
    ndim = arrays[0].type.ndim
    if any(x.type.ndim != ndim for x in arrays):
        raise TypeError(
            f"Only tensors of equal rank can be concatenated, got {[str(x.type) for x in arrays]}."
        )
    if not -ndim <= axis < ndim:
        raise ValueError(f"Axis {axis} is out of bounds for tensors of rank {ndim}.")
    axis %= ndim
    shapes = [list(shape_tuple(x)) for x in arrays]
    others = broadcast_shape(
        *([n for k, n in enumerate(shape) if k != axis] for shape in shapes), arrays_are_shapes=True
    )
    filled = []
    for x, shape in zip(arrays, shapes, strict=True):
        wanted = [*others[:axis], shape[axis], *others[axis:]]
        filled.append(broadcast_to(x, wanted) if _stretches(x, wanted, axis) else x)
    return join(axis, *filled)


def _stretches(x: TensorVariable, wanted: Sequence[Any], axis: int) -> bool:
    return any(
        stretches and k != axis and not (isinstance(n, Constant) and int(n.data) == 1)
        for k, (stretches, n) in enumerate(zip(x.type.broadcastable, wanted, strict=True))
    )
