"""Arrays with their axes in another order, or their elements in another place: no arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

import pytensorlite.scalar as ps
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.creation import alloc, arange
from pytensorlite.tensor.joining import concatenate
from pytensorlite.tensor.shape import length_product, reshape, shape_tuple
from pytensorlite.tensor.variable import TensorVariable


def transpose(x: Any, axes: Any = None) -> TensorVariable:
    """Return an array with its axes permuted, in reverse order unless ``axes`` says otherwise.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> transpose(pt.tensor("x", shape=(2, 3, 4)), (0, 2, 1)).type.shape
    (2, 4, 3)
    """
    x = as_tensor_variable(x)
    if axes is None:
        axes = tuple(reversed(range(x.type.ndim)))
    axes = normalize_axis_tuple(axes, x.type.ndim)
    if len(axes) != x.type.ndim:
        raise ValueError(f"axes must name each of the {x.type.ndim} axes of {x} once, got {axes}.")
    if axes == tuple(range(x.type.ndim)):
        return x
    result = x.dimshuffle(axes)
    if x.name and axes == tuple(reversed(range(x.type.ndim))):
        result.name = f"{x.name}.T"
    return result


def matrix_transpose(x: Any) -> TensorVariable:
    """Return an array with its last two axes exchanged.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> matrix_transpose(pt.tensor("x", shape=(2, 3, 4))).type.shape
    (2, 4, 3)
    """
    x = as_tensor_variable(x)
    if x.type.ndim < 2:
        raise ValueError(f"Expected an array of at least two dimensions, got {x} of type {x.type}.")
    return swapaxes(x, -1, -2)


def swapaxes(y: Any, axis1: int, axis2: int) -> TensorVariable:
    """Return an array with two axes exchanged."""
    y = as_tensor_variable(y)
    order = list(range(y.type.ndim))
    first, second = (normalize_axis_index(axis, y.type.ndim) for axis in (axis1, axis2))
    order[first], order[second] = order[second], order[first]
    return y.dimshuffle(order)


def moveaxis(a: Any, source: Any, destination: Any) -> TensorVariable:
    """Return an array with some axes in new places; the others keep their order.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> moveaxis(pt.tensor("x", shape=(2, 3, 4)), 0, -1).type.shape
    (3, 4, 2)
    """
    a = as_tensor_variable(a)
    source = normalize_axis_tuple(source, a.type.ndim, "source")
    destination = normalize_axis_tuple(destination, a.type.ndim, "destination")
    if len(source) != len(destination):
        raise ValueError(
            f"As many destinations as sources are needed, got {source} and {destination}."
        )
    if source == destination:
        return a
    order = [axis for axis in range(a.type.ndim) if axis not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        order.insert(place, axis)
    return a.dimshuffle(order)


def expand_dims(a: Any, axis: Any) -> TensorVariable:
    """Return an array with axes of length 1 added, which become the axes named.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> expand_dims(pt.vector("v"), (0, -1)).type.shape
    (1, None, 1)
    """
    a = as_tensor_variable(a)
    axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    if not axes:
        return a
    ndim = a.type.ndim + len(axes)
    axes = normalize_axis_tuple(axes, ndim)
    kept = iter(range(a.type.ndim))
    return a.dimshuffle(["x" if i in axes else next(kept) for i in range(ndim)])


def atleast_Nd(arry: Any, *, n: int = 1, left: bool = True) -> TensorVariable:
    """Return an array with axes of length 1 added until it has ``n``, in front or at the end.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> atleast_Nd(pt.vector("v"), n=3, left=False).type.shape
    (None, 1, 1)
    """
    arry = as_tensor_variable(arry)
    missing = n - arry.type.ndim
    if missing <= 0:
        return arry
    new = range(missing) if left else range(arry.type.ndim, n)
    return expand_dims(arry, tuple(new))


def atleast_1d(arry: Any, *, left: bool = True) -> TensorVariable:
    """Return an array of rank 1 or more: `atleast_Nd` with ``n=1``."""
    return atleast_Nd(arry, n=1, left=left)


def atleast_2d(arry: Any, *, left: bool = True) -> TensorVariable:
    """Return an array of rank 2 or more: `atleast_Nd` with ``n=2``."""
    return atleast_Nd(arry, n=2, left=left)


def atleast_3d(arry: Any, *, left: bool = True) -> TensorVariable:
    """Return an array of rank 3 or more: `atleast_Nd` with ``n=3``."""
    return atleast_Nd(arry, n=3, left=left)


def flatten(x: Any, ndim: int = 1) -> TensorVariable:
    """Return an array with all axes from ``ndim - 1`` on joined in one.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> flatten(pt.tensor("x", shape=(2, 3, 4)), 2).type.shape
    (2, 12)
    """
    x = as_tensor_variable(x)
    if not 1 <= ndim <= max(x.type.ndim, 1):
        raise ValueError(
            f"ndim {ndim} is out of range: {x} can be flattened to 1 to {x.type.ndim} dimensions."
        )
    if ndim == x.type.ndim:
        return x
    lengths = shape_tuple(x)
    # With a length of 0 among the others, -1 would have no answer.
    last = -1 if ndim == 1 else length_product(lengths[ndim - 1 :])
    return reshape(x, (*lengths[: ndim - 1], last))


def is_flat(var: Any, ndim: int = 1) -> bool:
    """Whether a variable has the rank that `flatten` would give it."""
    return as_tensor_variable(var).type.ndim == ndim


def roll(x: Any, shift: Any, axis: Any = None) -> TensorVariable:
    """Return an array with its elements moved along an axis, those at the end to the beginning.

    Parameters
    ----------
    x : array_like
        The array.
    shift : int or variable, or a sequence of them
        How far.
    axis : int or sequence of int, optional
        Along which axes; None moves the elements as if they were one vector.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> roll(pt.vector("v", shape=(4,)), 1).type.shape
    (4,)
    """
    x = as_tensor_variable(x)
    if axis is None:
        if x.type.ndim == 1:
            return roll(x, shift, axis=0)
        return reshape(roll(x.flatten(), shift, axis=0), shape_tuple(x))
    if isinstance(axis, Sequence):
        shifts = shift if isinstance(shift, Sequence) else [shift] * len(axis)
        for one_shift, one_axis in zip(shifts, axis, strict=True):
            x = roll(x, one_shift, one_axis)
        return x
    axis = normalize_axis_index(axis, x.type.ndim)
    before = (slice(None),) * axis
    length = shape_tuple(x)[axis]
    # An empty axis has nothing to move; the remainder by its length would be undefined.
    cut = length - ps.mod(as_tensor_variable(shift), ps.maximum(length, 1))
    rolled = concatenate(
        [x[(*before, slice(cut, None))], x[(*before, slice(None, cut))]], axis=axis
    )
    return rolled.specify_shape(x.type.shape) if x.type.shape[axis] is not None else rolled


def tile(A: Any, reps: Any) -> TensorVariable:
    """Return an array repeated as a whole along its axes, as `numpy.tile`.

    Parameters
    ----------
    A : array_like
        The array.
    reps : int, variable, or sequence of them
        How often along each axis, the last axis last.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> tile(pt.matrix("x", shape=(2, 3)), (2, 1)).type.shape
    (4, 3)
    """
    A = as_tensor_variable(A)
    if not isinstance(reps, Sequence):
        repeats = as_tensor_variable(reps)
        reps = [repeats] if repeats.type.ndim == 0 else list(repeats)
    reps = [as_tensor_variable(r, ndim=0) for r in reps]
    ndim = max(len(reps), A.type.ndim)
    reps = [as_tensor_variable(1)] * (ndim - len(reps)) + reps
    A = atleast_Nd(A, n=ndim)
    lengths = shape_tuple(A)
    # Each axis becomes a pair: the repetitions, which are broadcast, and the axis itself.
    paired = alloc(expand_dims(A, tuple(range(0, 2 * ndim, 2))), *_interleaved(reps, lengths))
    return reshape(paired, [r * n for r, n in zip(reps, lengths, strict=True)]) if ndim else A


def _interleaved(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    return [one for pair in zip(first, second, strict=True) for one in pair]


class _Grid:
    """What ``mgrid`` and ``ogrid`` are: objects that are indexed by the grid that is wanted."""

    def __init__(self, sparse: bool):
        self.sparse = sparse

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            return _grid_axis(key)
        n = len(key)
        axes = [
            _grid_axis(part).dimshuffle(["x"] * i + [0] + ["x"] * (n - i - 1))
            for i, part in enumerate(key)
        ]
        if self.sparse:
            return axes
        lengths = [shape_tuple(axis)[i] for i, axis in enumerate(axes)]
        return [alloc(axis, *lengths) for axis in axes]


def _grid_axis(part: slice) -> TensorVariable:
    start, stop = part.start or 0, part.stop
    if isinstance(part.step, complex):
        # As in NumPy, an imaginary step counts the points, and the end belongs to them.
        count = int(abs(part.step))
        step = (stop - start) / max(count - 1, 1)
        return start + arange(count) * as_tensor_variable(np.asarray(step, dtype="float64"))
    return arange(start, stop, 1 if part.step is None else part.step)


mgrid = _Grid(sparse=False)
ogrid = _Grid(sparse=True)
