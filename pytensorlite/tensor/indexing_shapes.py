"""The shape of an array after advanced indexing, by NumPy's rules: static, and as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Variable
from pytensorlite.tensor.indexing import (
    as_tensor_index_variable,
    constant_array,
    consumed_axes,
    is_mask,
    non_consecutive,
    slice_static_length,
    unflatten_index_variables,
)
from pytensorlite.tensor.indexing_basic import BaseSubtensor, basic_shape, check_steps
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.type import tensor_type
from pytensorlite.tensor.variable import TensorVariable


def static_advanced_shape(
    op: BaseSubtensor, x: TensorVariable, indices: Sequence[Any]
) -> tuple[int | None, ...]:
    """Return the static shape of the indexed part, after checking the expression."""
    if len(indices) != op.n_index_inputs:
        op.check_count(x, indices)
    entries = unflatten_index_variables(indices, op.idx_list)
    check_steps(entries)
    axes = sum(consumed_axes(entry) for entry in entries)
    if axes > x.type.ndim:
        raise IndexError(
            f"too many indices for tensor: tensor is {x.type.ndim}-dimensional, but {axes} were "
            "indexed"
        )
    array_shapes: list[tuple[int | None, ...]] = []
    axis = 0
    for entry in entries:
        if not isinstance(entry, slice):
            array_shapes.append(_static_index_shape(x, entry, axis))
        axis += consumed_axes(entry)
    broadcast = _static_broadcast(array_shapes)
    return _assembled_shape(x.type.shape, entries, broadcast, slice_static_length)


def _static_index_shape(x: TensorVariable, entry: Any, axis: int) -> tuple[int | None, ...]:
    if not is_mask(entry):
        return entry.type.shape
    if entry.type.ndim == 0:
        raise TypeError("A boolean index needs at least one axis; use pytensorlite.tensor.switch.")
    for offset, length in enumerate(entry.type.shape):
        wanted = x.type.shape[axis + offset]
        if None not in (length, wanted) and length != wanted:
            raise IndexError(
                f"boolean index did not match indexed tensor along axis {axis + offset}; size "
                "of axis "
                f"is {wanted} but size of corresponding boolean axis is {length}"
            )
    mask = constant_array(entry)
    return (None,) if mask is None else (int(np.count_nonzero(mask)),)


def _static_broadcast(shapes: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
    """Broadcast index arrays; a length that is unknown now must turn out to be the known one."""
    rank = max((len(shape) for shape in shapes), default=0)
    result: list[int | None] = []
    for axis in range(-rank, 0):
        lengths = {shape[axis] for shape in shapes if len(shape) >= -axis}
        known = lengths - {1, None}
        if len(known) > 1:
            raise IndexError(
                f"shape mismatch: indexing arrays could not be broadcast together with shapes "
                f"{', '.join(map(str, shapes))}"
            )
        result.append(known.pop() if known else None if None in lengths else 1)
    return tuple(result)


def _assembled_shape(
    array_shape: Sequence[Any],
    entries: Sequence[Any],
    broadcast: Sequence[Any],
    length_of_slice: Any,
) -> tuple[Any, ...]:
    """Put the axes of slices and the common axes of the arrays in NumPy's order."""
    in_front = non_consecutive(entries)
    result: list[Any] = list(broadcast) if in_front else []
    placed = in_front
    axis = 0
    for entry in entries:
        if isinstance(entry, slice):
            result.append(length_of_slice(entry, array_shape[axis]))
        elif not placed:
            result.extend(broadcast)
            placed = True
        axis += consumed_axes(entry)
    return (*result, *array_shape[axis:])


def advanced_shape(
    array_shape: Sequence[Any], entries: Sequence[Any], lengths: dict[Variable, Sequence[Any]]
) -> tuple[Any, ...]:
    """Return the symbolic shape of an array indexed by slices, integers, arrays and masks.

    Parameters
    ----------
    array_shape : sequence
        Symbolic lengths of the array.
    entries : sequence
        The index expression.
    lengths : dict
        Symbolic shapes of the arrays in it.
    """
    static: list[tuple[int | None, ...]] = []
    symbolic: list[tuple[Any, ...]] = []
    for entry in entries:
        if isinstance(entry, slice):
            continue
        if is_mask(entry):
            static.append((None,))
            symbolic.append((pt_sum(entry, dtype="int64"),))
        else:
            static.append(entry.type.shape)
            symbolic.append(tuple(lengths[entry]))
    broadcast = _symbolic_broadcast(static, symbolic)
    return _assembled_shape(
        array_shape, entries, broadcast, lambda s, n: basic_shape((n,), (s,))[0]
    )


def _symbolic_broadcast(
    static: Sequence[tuple[int | None, ...]], symbolic: Sequence[tuple[Any, ...]]
) -> tuple[Any, ...]:
    result: list[Any] = []
    for offset, known in enumerate(reversed(_static_broadcast(static)), 1):
        if known is not None:
            result.append(known)
            continue
        candidates = [
            symbols[-offset]
            for lengths, symbols in zip(static, symbolic, strict=True)
            if len(lengths) >= offset and lengths[-offset] != 1
        ]
        result.append(candidates[0])  # the others are equal, or `check_index_arrays` complains
    return tuple(reversed(result))


def indexed_result_shape(
    array_shape: Sequence[Any], indices: Sequence[Any], indices_are_shapes: bool = False
) -> tuple[Any, ...]:
    """Return the symbolic shape of an array of a given shape after indexing.

    Parameters
    ----------
    array_shape : sequence
        Symbolic lengths of the array.
    indices : sequence
        The index expression.
    indices_are_shapes : bool
        Whether the shapes of the index arrays stand in place of the arrays.
    """
    if indices_are_shapes:
        stand_ins: dict[Variable, Sequence[Any]] = {}
        entries: list[Any] = []
        for index in indices:
            if isinstance(index, tuple | list):
                stand_in = tensor_type("int64", (None,) * len(index))()
                stand_ins[stand_in] = index
                entries.append(stand_in)
            else:
                entries.append(index)
        return advanced_shape(array_shape, entries, stand_ins)
    entries = [
        index if isinstance(index, slice) or index is None else as_tensor_index_variable(index)
        for index in indices
    ]
    arrays = [entry for entry in entries if entry is not None and not isinstance(entry, slice)]
    lengths: dict[Any, Any] = {
        array: tuple(array.shape[k] for k in range(array.type.ndim)) for array in arrays
    }
    return advanced_shape(array_shape, entries, lengths)
