"""Axes joined into one and one axis split into several; many arrays packed into one and unpacked.

All of these are spellings of `pytensorlite.tensor.shape.reshape`, `join` and `split`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from pytensorlite.tensor.constant_value import get_vector_length
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.joining import join, shape_vector, split
from pytensorlite.tensor.shape import as_shape_vector, length_product, reshape, shape_tuple
from pytensorlite.tensor.variable import TensorVariable


def join_dims(x: Any, start_axis: int = 0, n_axes: int | None = None) -> TensorVariable:
    """Return an array with neighbouring axes joined into one.

    Parameters
    ----------
    x : array_like
        The array.
    start_axis : int
        The first axis to be joined.
    n_axes : int, optional
        How many; all from the first on unless given. Joining none adds an axis of length 1.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> join_dims(pt.tensor("x", shape=(2, 3, 4)), 1).type.shape
    (2, 12)
    """
    x = as_tensor_variable(x)
    ndim = x.type.ndim
    if not -ndim <= start_axis <= ndim:
        raise IndexError(f"Axis {start_axis} is out of bounds for {x} of rank {ndim}.")
    start = start_axis + ndim if start_axis < 0 else start_axis
    stop = ndim if n_axes is None else start + n_axes
    if not start <= stop <= ndim:
        raise ValueError(f"Cannot join {n_axes} axes from axis {start} on: {x} has {ndim} axes.")
    if stop - start == 1:
        return x
    lengths = shape_tuple(x)
    return reshape(x, [*lengths[:start], length_product(lengths[start:stop]), *lengths[stop:]])


def split_dims(x: Any, shape: Any, axis: int = 0) -> TensorVariable:
    """Return an array with one axis split into several.

    Parameters
    ----------
    x : array_like
        The array.
    shape : int, sequence of (int or variable), or integer vector
        The lengths of the new axes; one may be -1. No lengths at all drop an axis of length 1.
    axis : int
        Which axis.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> split_dims(pt.tensor("x", shape=(2, 12)), (3, 4), axis=1).type.shape
    (2, 3, 4)
    """
    x = as_tensor_variable(x)
    axis = normalize_axis_index(axis, x.type.ndim)
    vector = as_shape_vector(shape)
    new = [vector[i] for i in range(get_vector_length(vector))]
    lengths = shape_tuple(x)
    if not new and x.type.shape[axis] in (1, None):
        return x.squeeze(axis)
    return reshape(x, [*lengths[:axis], *new, *lengths[axis + 1 :]])


def pack(*tensors: Any, keep_axes: Any = None) -> tuple[TensorVariable, list[TensorVariable]]:
    """Return arrays flattened and put one after another, and the shapes to undo it.

    Parameters
    ----------
    *tensors : array_like
        The arrays.
    keep_axes : int or sequence of int, optional
        Axes that all arrays share and that stay as they are: numbers from 0 on in front, negative
        ones at the end.

    Returns
    -------
    packed : TensorVariable
        One array: the kept axes, and one axis for all the others.
    shapes : list of TensorVariable
        For each array, the lengths of the axes that were flattened.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> packed, shapes = pack(pt.vector("v", shape=(3,)), pt.matrix("x", shape=(2, 2)))
    >>> packed.type.shape, [shape.data.tolist() for shape in shapes]
    ((7,), [[3], [2, 2]])
    """
    parts = [as_tensor_variable(x) for x in tensors]
    if not parts:
        raise ValueError("Cannot pack an empty list of arrays.")
    before, after = _kept_axes(keep_axes)
    flat, shapes = [], []
    for position, x in enumerate(parts):
        if x.type.ndim < before + after:
            raise ValueError(
                f"Input {position} of pack has {x.type.ndim} dimensions, but keep_axes={keep_axes} "
                f"needs at least {before + after}."
            )
        inner = x.type.ndim - before - after
        flat.append(join_dims(x, before, inner))
        shapes.append(shape_vector(shape_tuple(x)[before : before + inner]))
    return join(before, *flat), shapes


def unpack(
    packed_input: Any, packed_shapes: Sequence[Any], keep_axes: Any = None
) -> list[TensorVariable]:
    """Return the arrays that `pack` put together.

    Parameters
    ----------
    packed_input : array_like
        The packed array.
    packed_shapes : sequence of shapes
        For each array, the lengths of the axes that were flattened.
    keep_axes : int or sequence of int, optional
        What `pack` was told.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> [x.type.shape for x in unpack(pt.vector("v", shape=(7,)), [(3,), (2, 2)])]
    [(3,), (2, 2)]
    """
    packed = as_tensor_variable(packed_input)
    before, _ = _kept_axes(keep_axes)
    if not len(packed_shapes):
        raise ValueError("Cannot unpack into no arrays: packed_shapes is empty.")
    vectors = [as_shape_vector(shape) for shape in packed_shapes]
    lengths = [[vector[i] for i in range(get_vector_length(vector))] for vector in vectors]
    sizes = [length_product(part) for part in lengths]
    pieces = split(packed, sizes, n_splits=len(sizes), axis=before) if len(sizes) > 1 else [packed]
    return [
        split_dims(piece, part, axis=before) for piece, part in zip(pieces, lengths, strict=True)
    ]


def _kept_axes(keep_axes: Any) -> tuple[int, int]:
    """Return how many axes are kept in front and how many at the end."""
    if keep_axes is None:
        return 0, 0
    axes = list(map(int, [keep_axes] if isinstance(keep_axes, int | np.integer) else keep_axes))
    front = sorted(axis for axis in axes if axis >= 0)
    end = sorted(axis for axis in axes if axis < 0)
    if front != list(range(len(front))) or end != list(range(-len(end), 0)):
        raise ValueError(
            f"keep_axes must name the first and the last axes without gaps, got {keep_axes}."
        )
    normalize_axis_tuple(axes, len(axes) + 1)
    return len(front), len(end)


__all__ = ["join_dims", "pack", "split_dims", "unpack"]
