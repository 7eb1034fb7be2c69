"""Indexing of symbolic arrays, as users write it.

``x[...]``, ``x[...].set(y)``, ``x[...].inc(y)``, `take`, `flip`. The ops live in
``indexing_basic`` and ``indexing_advanced``, what they know about index expressions in
``indexing``; all their names can be imported from here.

>>> import pytensorlite.tensor as pt
>>> x = pt.dvector("x")
>>> x[1:].set(0.0).eval({x: [1.0, 2.0, 3.0]})
array([1., 0., 0.])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.scalar.basic import ScalarType
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.dimshuffle import DimShuffle
from pytensorlite.tensor.indexing import (  # noqa: F401 -- PyTensor's path
    FULL_SLICE,
    as_index_constant,
    as_index_literal,
    as_scalar_index_variable,
    as_tensor_index_variable,
    consumed_axes,
    flatten_index_variables,
    get_canonical_form_slice,
    get_constant_idx,
    get_idx_list,
    get_slice_elements,
    group_indices,
    indices_from_subtensor,
    slice_len,
    slice_static_length,
    unflatten_index_variables,
)
from pytensorlite.tensor.indexing_advanced import (  # noqa: F401 -- PyTensor's path
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    advanced_inc_subtensor,
    advanced_inc_subtensor1,
    advanced_set_subtensor,
    advanced_set_subtensor1,
    advanced_subtensor,
    advanced_subtensor1,
)
from pytensorlite.tensor.indexing_basic import (  # noqa: F401 -- PyTensor's path
    BaseSubtensor,
    IncSubtensor,
    Subtensor,
    basic_shape,
    basic_subtensor,
)
from pytensorlite.tensor.indexing_shapes import indexed_result_shape  # noqa: F401 -- PyTensor's path
from pytensorlite.tensor.math import clip
from pytensorlite.tensor.variable import TensorVariable


def getitem(x: TensorVariable, key: Any) -> TensorVariable:
    """Return ``x[key]`` for whatever NumPy would take as a key: what ``x.__getitem__`` does.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> getitem(pt.matrix("x"), (Ellipsis, None, 0)).type
    TensorType(float64, shape=(None, 1))
    """
    given = [_read_entry(entry) for entry in (key if isinstance(key, tuple) else (key,))]
    entries = _expand_ellipsis(x, given)
    if any(entry is None for entry in entries):
        x, entries = _insert_new_axes(x, entries)
        if all(_is_full(entry) for entry in entries):
            return x
    if not any(_is_advanced(entry) for entry in entries):
        return basic_subtensor(x, *entries)
    first, *others = entries
    is_gather = _is_advanced(first) and all(_is_full(entry) for entry in others)
    if is_gather and first.type.ndim == 1 and first.type.dtype != "bool":
        return advanced_subtensor1(x, first)
    result = advanced_subtensor(x, *entries)
    return (
        _indexed_first(result, entries) if _is_split(given) and not _is_split(entries) else result
    )


def _is_split(entries: list[Any]) -> bool:
    """Whether something stands between the integers and arrays of a key, be it an empty `...`."""
    where = [k for k, entry in enumerate(entries) if isinstance(entry, Variable)]
    return where[-1] - where[0] >= len(where)


def _indexed_first(result: TensorVariable, entries: list[Any]) -> TensorVariable:
    """Return ``x[entries]`` with the indexed axes in front, where a split key has them."""
    kept = sum(isinstance(entry, slice) for entry in entries)
    before = next(k for k, entry in enumerate(entries) if isinstance(entry, Variable))
    indexed = range(before, result.type.ndim - kept + before)
    others = [axis for axis in range(result.type.ndim) if axis not in indexed]
    return result.dimshuffle([*indexed, *others]) if before and indexed else result


def _read_entry(entry: Any) -> Any:
    """Return an entry of a key: None, Ellipsis, a slice, an integer, or a tensor."""
    if entry is None or entry is Ellipsis or isinstance(entry, slice):
        return entry
    if isinstance(entry, Constant) and entry.data is None:
        return None
    if isinstance(entry, Variable):
        if isinstance(entry.type, ScalarType) or entry.type.ndim == 0:
            return as_scalar_index_variable(entry)
        return as_tensor_index_variable(entry)
    if isinstance(entry, bool | np.bool_ | int | np.integer | float | np.floating):
        return as_scalar_index_variable(entry)
    if isinstance(entry, np.ndarray) and entry.ndim == 0:
        return as_scalar_index_variable(entry)
    if isinstance(entry, str | bytes | dict | set):
        raise TypeError(
            f"An index must be an integer, a slice, None, ..., a list or array of integers, or a "
            f"boolean mask; got {entry!r} of type {type(entry).__name__}."
        )
    return as_tensor_index_variable(list(entry) if isinstance(entry, range) else entry)


def _is_advanced(entry: Any) -> bool:
    return isinstance(entry, Variable) and not isinstance(entry.type, ScalarType)


def _is_full(entry: Any) -> bool:
    return isinstance(entry, slice) and entry == FULL_SLICE


def _expand_ellipsis(x: TensorVariable, entries: list[Any]) -> list[Any]:
    positions = [position for position, entry in enumerate(entries) if entry is Ellipsis]
    if len(positions) > 1:
        raise IndexError("an index can only have a single Ellipsis (`...`)")
    used = sum(_axes_of(entry) for entry in entries if entry is not Ellipsis)
    if used > x.type.ndim:
        raise IndexError(
            f"too many indices for tensor: tensor is {x.type.ndim}-dimensional, but {used} were "
            "indexed"
        )
    if not positions:
        return entries
    (position,) = positions
    filler = [FULL_SLICE] * (x.type.ndim - used)
    return [*entries[:position], *filler, *entries[position + 1 :]]


def _axes_of(entry: Any) -> int:
    return consumed_axes(entry) if _is_advanced(entry) else int(entry is not None)


def _insert_new_axes(x: TensorVariable, entries: list[Any]) -> tuple[TensorVariable, list[Any]]:
    """Add the axes that None asks for, so that the rest of the key can take them for slices."""
    pattern: list[Any] = []
    axis = 0
    for entry in entries:
        if entry is None:
            pattern.append("x")
        else:
            pattern.extend(range(axis, axis + _axes_of(entry)))
            axis += _axes_of(entry)
    pattern.extend(range(axis, x.type.ndim))
    return x.dimshuffle(pattern), [FULL_SLICE if entry is None else entry for entry in entries]


def set_subtensor(
    x: TensorVariable, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False
) -> TensorVariable:
    """Return the array that ``x`` is a part of, with that part set to ``y``.

    Parameters
    ----------
    x : TensorVariable
        An indexed array, such as ``a[1:]`` or ``a[rows, columns]``.
    y : tensor_like
        The value; it broadcasts to the part.
    inplace : bool
        Write into the array's own memory. Rewrites do this where it is safe; do not ask for it.
    tolerate_inplace_aliasing : bool
        Whether ``y`` may share memory with the array that is written to.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> a = pt.dvector("a")
    >>> set_subtensor(a[:2], 9).eval({a: [1.0, 2.0, 3.0]})
    array([9., 9., 3.])
    """
    return inc_subtensor(
        x,
        y,
        inplace=inplace,
        set_instead_of_inc=True,
        tolerate_inplace_aliasing=tolerate_inplace_aliasing,
    )


def inc_subtensor(
    x: TensorVariable,
    y: Any,
    inplace: bool = False,
    set_instead_of_inc: bool = False,
    tolerate_inplace_aliasing: bool = False,
    ignore_duplicates: bool = False,
) -> TensorVariable:
    """Return the array that ``x`` is a part of, with ``y`` added to that part.

    A position that the indices name twice is increased twice, unlike ``x[i] += y`` in NumPy. A part
    whose axes are in another order, ``a[i].T``, takes values in that order.

    Parameters
    ----------
    x : TensorVariable
        An indexed array, such as ``a[1:]`` or ``a[rows, columns]``.
    y : tensor_like
        The value; it broadcasts to the part.
    inplace : bool
        Write into the array's own memory. Rewrites do this where it is safe; do not ask for it.
    set_instead_of_inc : bool
        Set the part instead of increasing it.
    tolerate_inplace_aliasing : bool
        Whether ``y`` may share memory with the array that is written to.
    ignore_duplicates : bool
        Let only the last of several values for one position count.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> a = pt.dvector("a")
    >>> inc_subtensor(a[[0, 0]], 1.0).eval({a: [10.0, 20.0]})
    array([12., 20.])
    """
    if not isinstance(x, Variable):
        raise TypeError(f"x must be the result of a subtensor operation, got {x!r}")
    op = x.owner.op if x.owner is not None else None
    if isinstance(op, DimShuffle) and op.is_transpose and _is_part(x.owner.inputs[0]):
        value = as_tensor_variable(y)
        missing = x.type.ndim - value.type.ndim
        value = value.dimshuffle(["x"] * missing + list(range(value.type.ndim)))
        return inc_subtensor(
            x.owner.inputs[0],
            value.transpose(np.argsort(op.new_order).tolist()),
            *(inplace, set_instead_of_inc, tolerate_inplace_aliasing, ignore_duplicates),
        )
    write: Any
    if isinstance(op, Subtensor):
        write = IncSubtensor(
            op.idx_list,
            inplace,
            set_instead_of_inc,
            destroyhandler_tolerate_aliased=[(0, 1)] if tolerate_inplace_aliasing else [],
        )
    elif isinstance(op, AdvancedSubtensor1) and not ignore_duplicates:
        write = AdvancedIncSubtensor1(inplace, set_instead_of_inc)
    elif isinstance(op, AdvancedSubtensor | AdvancedSubtensor1):
        write = AdvancedIncSubtensor(op.idx_list, inplace, set_instead_of_inc, ignore_duplicates)
    else:
        raise TypeError(
            "x must be the result of a subtensor operation: an indexed array such as a[0], "
            "which says "
            f"what part of which array to write to; got {x}, made by {op}. Index the array "
            "last, after "
            "any transposing or reshaping, and shape the value to fit."
        )
    array, *indices = x.owner.inputs
    return write(array, y, *indices)


def _is_part(x: Variable) -> bool:
    parts = Subtensor | AdvancedSubtensor1 | AdvancedSubtensor
    return x.owner is not None and isinstance(x.owner.op, parts)


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> TensorVariable:
    """Return the elements at ``indices`` along ``axis``.

    Parameters
    ----------
    a : tensor_like
        The array.
    indices : tensor_like of integers
        Which elements.
    axis : int, optional
        The axis; by default the array is flattened first.
    mode : {"raise", "wrap", "clip"}
        What an index outside the axis means: an error, the index modulo the length, the nearest
        end.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> take([1, 2, 3], [0, 4], mode="wrap").eval()
    array([1, 2])
    """
    a = as_tensor_variable(a)
    if axis is None:
        a, axis = a.flatten(), 0
    axis = _normal_axis(axis, a.type.ndim)
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f'`mode` must be "raise", "wrap" or "clip", got {mode!r}.')
    if mode != "raise":
        indices = as_tensor_variable(indices).astype("int64")
        length = a.shape[axis]
        indices = indices % length if mode == "wrap" else clip(indices, 0, length - 1)
    return a[(FULL_SLICE,) * axis + (indices,)]


def slice_at_axis(sl: slice, axis: int) -> tuple[Any, ...]:
    """Return the key that slices one axis and leaves the others whole.

    Examples
    --------
    >>> slice_at_axis(slice(1, 2), -1)
    (Ellipsis, slice(1, 2, None))
    """
    if axis >= 0:
        return (FULL_SLICE,) * axis + (sl, ...)
    return (..., sl) + (FULL_SLICE,) * (-1 - axis)


def flip(arr: Any, axis: int | tuple[int, ...] | None = None) -> TensorVariable:
    """Return the array with the order of its elements along an axis, or several, reversed.

    Parameters
    ----------
    arr : tensor_like
        The array.
    axis : int or tuple of int, optional
        Which axes; all by default.

    Examples
    --------
    >>> flip([1, 2, 3]).eval()
    array([3, 2, 1])
    """
    arr = as_tensor_variable(arr)
    if axis is None:
        axis = tuple(range(arr.type.ndim))
    axes = {
        _normal_axis(a, arr.type.ndim)
        for a in (axis if isinstance(axis, tuple | list) else (axis,))
    }
    backwards = slice(None, None, -1)
    return arr[tuple(backwards if a in axes else FULL_SLICE for a in range(arr.type.ndim))]


def _normal_axis(axis: Any, ndim: int) -> int:
    return normalize_axis_index(int(axis), ndim)


__all__ = [
    "flip",
    "inc_subtensor",
    "set_subtensor",
    "slice_at_axis",
    "take",
]
