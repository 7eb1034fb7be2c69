"""NumPy functions that are more than elementwise: repeating, counting, searching.

Families with an idea of their own live beside this file and can be imported from it: running sums
in ``cumulative``, shapes that meet in ``broadcasting``, evenly spaced numbers in ``ranges``,
diagonals in ``filling``, positions in flattened arrays in ``raveling``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.basic import (
    alloc,
    arange,
    as_tensor_variable,
    cast,
    join,
    nonzero,
    zeros,
    zeros_like,
)
from pytensorlite.tensor.broadcasting import (  # noqa: F401 -- PyTensor's path
    broadcast_arrays,
    broadcast_shape,
    broadcast_shape_iter,
    broadcast_to,
    concat_with_broadcast,
)
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.cumulative import CumOp, cumprod, cumsum  # noqa: F401 -- PyTensor's path
from pytensorlite.tensor.filling import (  # noqa: F401 -- PyTensor's path
    FillDiagonal,
    FillDiagonalOffset,
    fill_diagonal,
    fill_diagonal_,
    fill_diagonal_offset,
    fill_diagonal_offset_,
)
from pytensorlite.tensor.indexing_advanced import advanced_inc_subtensor1
from pytensorlite.tensor.math import all as pt_all
from pytensorlite.tensor.math import ge, maximum, neq
from pytensorlite.tensor.math import max as pt_max
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.ranges import bartlett, geomspace, linspace, logspace
from pytensorlite.tensor.raveling import (  # noqa: F401 -- PyTensor's path
    RavelMultiIndex,
    UnravelIndex,
    ravel_multi_index,
    unravel_index,
)
from pytensorlite.tensor.subtensor import FULL_SLICE, slice_at_axis, take
from pytensorlite.tensor.type import discrete_dtypes, integer_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable

# -- repeating -------------------------------------------------------------------------------------


class Repeat(Op):
    """Repeat each slice along an axis, each its own number of times.

    Parameters
    ----------
    axis : int
        Along which axis, counted from the front.
    """

    __props__ = ("axis",)

    def __init__(self, axis: int):
        if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or axis < 0:
            raise ValueError(f"Repeat needs an axis counted from the front, got {axis!r}.")
        self.axis = int(axis)

    def make_node(self, x: Any, repeats: Any) -> Apply:
        x, repeats = as_tensor_variable(x), as_tensor_variable(repeats)
        if repeats.type.dtype not in integer_dtypes or repeats.type.ndim != 1:
            raise TypeError(
                "repeats must be a vector of integers, one for each element along axis "
                f"{self.axis}; "
                f"got {repeats} of type {repeats.type}."
            )
        return Apply(
            self, [x, repeats], [tensor_type(x.type.dtype, self._static_shape(x, repeats))()]
        )

    def _static_shape(self, x: TensorVariable, repeats: TensorVariable) -> tuple[int | None, ...]:
        shape = list(x.type.shape)
        data = getattr(repeats, "data", None)
        shape[self.axis] = None if data is None else int(data.sum())
        return tuple(shape)

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        shape = list(input_shapes[0])
        shape[self.axis] = pt_sum(node.inputs[1], dtype="int64")
        return [tuple(shape)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, repeats = inputs
        if len(repeats) != x.shape[self.axis]:
            raise ValueError(
                f"{self}: expected one number of repeats for each of the {x.shape[self.axis]} "
                "elements "
                f"along axis {self.axis}, got {len(repeats)}."
            )
        output_storage[0][0] = np.repeat(x, repeats.astype(np.int64), axis=self.axis)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        x, repeats = inputs
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type(), disconnected_type()]
        if x.type.dtype in discrete_dtypes:
            return [float_zeros_like(x), disconnected_type()]
        origin = Repeat(0)(arange(x.shape[self.axis], dtype="int64"), repeats)
        part = zeros_like(x)[(FULL_SLICE,) * self.axis + (origin,)]
        return [part.inc(g), disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        if isinstance(tangents[0].type, DisconnectedType):
            return [disconnected_type()]
        return [self(tangents[0], inputs[1])]


def repeat(a: Any, repeats: Any, axis: int | None = None) -> TensorVariable:
    """Return an array with its elements repeated.

    Parameters
    ----------
    a : tensor_like
        The array.
    repeats : int or vector of int
        How often: one number for all, or one for each element along the axis.
    axis : int, optional
        Along which axis; by default the array is flattened.

    Examples
    --------
    >>> repeat([1, 2], 2).eval()
    array([1, 1, 2, 2])
    """
    a, repeats = as_tensor_variable(a), as_tensor_variable(repeats)
    if repeats.type.ndim > 1:
        raise ValueError(f"The dimension of repeats should not exceed 1, got {repeats.type}.")
    if axis is None:
        a, axis = a.flatten(), 0
    axis = normalize_axis_index(axis, a.type.ndim)
    if repeats.type.ndim == 1 and not repeats.type.broadcastable[0]:
        return Repeat(axis)(a, repeats)
    count = repeats if repeats.type.ndim == 0 else repeats[0]
    if count.type.dtype not in integer_dtypes:
        raise TypeError(f"repeats must be integers, got {repeats} of type {repeats.type}.")
    # All elements alike: a new axis, repeated, and joined with its neighbour.
    lengths = [a.shape[k] for k in range(a.type.ndim)]
    widened = a.dimshuffle([*range(axis + 1), "x", *range(axis + 1, a.type.ndim)])
    filled = alloc(widened, *lengths[: axis + 1], count, *lengths[axis + 1 :])
    joined = [*lengths[:axis], lengths[axis] * cast(count, "int64"), *lengths[axis + 1 :]]
    return filled.reshape(joined, ndim=a.type.ndim)


# -- selecting and counting ------------------------------------------------------------------------


def squeeze(x: Any, axis: Any = None) -> TensorVariable:
    """Return an array without axes of length 1.

    Parameters
    ----------
    x : tensor_like
        The array.
    axis : int or tuple of int, optional
        Which axes; by default those whose length is known to be 1.

    Examples
    --------
    >>> squeeze([[1, 2]]).eval()
    array([1, 2])
    """
    x = as_tensor_variable(x)
    if axis is None:
        dropped = {k for k, length in enumerate(x.type.shape) if length == 1}
    else:
        dropped = set(normalize_axis_tuple(axis, x.type.ndim))
    if not dropped:
        return x
    return x.dimshuffle([k for k in range(x.type.ndim) if k not in dropped])


def diff(x: Any, n: int = 1, axis: int = -1) -> TensorVariable:
    """Return the differences of neighbours along an axis, ``n`` times over.

    Parameters
    ----------
    x : tensor_like
        The array.
    n : int
        How often.
    axis : int
        Along which axis.

    Examples
    --------
    >>> diff([1, 4, 9]).eval()
    array([3, 5])
    """
    x = as_tensor_variable(x)
    if not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"The order of a difference must be a number from 0 on, got {n!r}.")
    axis = normalize_axis_index(axis, x.type.ndim)
    for _ in range(n):
        later, earlier = (x[slice_at_axis(s, axis)] for s in (slice(1, None), slice(None, -1)))
        x = neq(later, earlier) if x.type.dtype == "bool" else later - earlier
    return x


def compress(condition: Any, x: Any, axis: int | None = None) -> TensorVariable:
    """Return the slices of ``x`` along an axis at which ``condition`` is true.

    Parameters
    ----------
    condition : tensor_like
        A vector; its elements are compared with zero.
    x : tensor_like
        The array.
    axis : int, optional
        Along which axis; by default the array is flattened.

    Examples
    --------
    >>> compress([1, 0, 1], [5, 6, 7]).eval()
    array([5, 7])
    """
    condition = as_tensor_variable(condition, ndim=1)
    return take(x, nonzero(condition)[0], axis=axis)


def bincount(
    x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False
) -> TensorVariable:
    """Return how often each number occurs, or the sum of the weights that come with it.

    Parameters
    ----------
    x : tensor_like
        A vector of integers from 0 on; a negative one raises ``ValueError`` when the function runs.
    weights : tensor_like, optional
        What each occurrence counts.
    minlength : int or integer scalar, optional
        Return at least so many counts.
    assert_nonneg : bool
        Accepted for compatibility: the numbers are always checked.

    Examples
    --------
    >>> bincount([0, 2, 2]).eval()
    array([1, 0, 2])
    """
    x = as_tensor_variable(x)
    if x.type.ndim != 1:
        raise TypeError(f"Inputs must be of dimension 1, got {x} of type {x.type}.")
    if x.type.dtype not in integer_dtypes:
        raise TypeError(f"index must be integers, got {x} of type {x.type}")
    x = cast(x, "int64")
    x = CheckAndRaise(ValueError, "bincount: the input has negative elements.")(x, pt_all(ge(x, 0)))
    # The appended number stands in for the maximum of no elements.
    length = pt_max(join(0, x, as_tensor_variable(np.array([-1])))) + 1
    if minlength is not None:
        length = maximum(length, minlength)
    if weights is None:
        return advanced_inc_subtensor1(zeros([length], dtype="int64"), np.int64(1), x)
    weights = as_tensor_variable(weights)
    return advanced_inc_subtensor1(zeros([length], dtype=weights.type.dtype), weights, x)


class SearchsortedOp(Op):
    """Find where elements belong in a sorted vector.

    Parameters
    ----------
    side : {"left", "right"}
        Before or behind equal elements.
    """

    __props__ = ("side",)

    def __init__(self, side: str = "left"):
        if side not in ("left", "right"):
            raise ValueError(f"'{side}' is an invalid value for keyword 'side': use left or right")
        self.side = side

    def make_node(self, x: Any, v: Any, sorter: Any = None) -> Apply:
        x, v = as_tensor_variable(x, ndim=1), as_tensor_variable(v)
        inputs = [x, v]
        if sorter is not None:
            sorter = as_tensor_variable(sorter, ndim=1)
            if sorter.type.dtype not in integer_dtypes:
                raise TypeError(
                    f"sorter must be an integer vector, got {sorter} of type {sorter.type}"
                )
            inputs.append(sorter)
        return Apply(self, inputs, [tensor_type("int64", v.type.shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[1]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, v, *rest = inputs
        side: Any = self.side
        found = np.searchsorted(x, v, side=side, sorter=rest[0] if rest else None)
        output_storage[0][0] = np.asarray(found, dtype="int64")

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        steps = [float_zeros_like(x) for x in inputs[:2]]
        return [*steps, *(disconnected_type() for _ in inputs[2:])]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        return [float_zeros_like(outputs[0])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [False]][: len(node.inputs)]


def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> TensorVariable:
    """Return the positions at which to insert elements into a sorted vector.

    Parameters
    ----------
    x : tensor_like
        The sorted vector.
    v : tensor_like
        What to insert.
    side : {"left", "right"}
        Before or behind equal elements.
    sorter : tensor_like, optional
        Indices that sort ``x``, if it is not sorted.

    Examples
    --------
    >>> searchsorted([1, 3, 5], 4).eval()
    array(2)
    """
    return SearchsortedOp(side=side)(x, v, sorter)


class Unique(Op):
    """Find the distinct elements of an array, or its distinct slices along an axis."""

    __props__ = ("return_index", "return_inverse", "return_counts", "axis")

    def __init__(
        self,
        return_index: bool = False,
        return_inverse: bool = False,
        return_counts: bool = False,
        axis: int | None = None,
    ):
        self.return_index = return_index
        self.return_inverse = return_inverse
        self.return_counts = return_counts
        self.axis = axis

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if self.axis is None:
            shape: tuple[int | None, ...] = (None,)
        else:
            axis = normalize_axis_index(self.axis, x.type.ndim)
            shape = tuple(None if k == axis else n for k, n in enumerate(x.type.shape))
        extras = sum((self.return_index, self.return_inverse, self.return_counts))
        vectors = [tensor_type("int64", (None,))() for _ in range(extras)]
        return Apply(self, [x], [tensor_type(x.type.dtype, shape)(), *vectors])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        wanted: dict[str, Any] = {
            "return_index": self.return_index,
            "return_inverse": self.return_inverse,
            "return_counts": self.return_counts,
        }
        found: Any = np.unique(inputs[0], axis=self.axis, **wanted)
        values, *vectors = found if isinstance(found, tuple) else (found,)
        output_storage[0][0] = values
        for storage, vector in zip(output_storage[1:], vectors, strict=True):
            storage[0] = np.asarray(vector, dtype="int64").ravel()

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        if isinstance(cotangents[0].type, DisconnectedType):
            return [disconnected_type()]
        return [grad_not_implemented(self, 0, inputs[0])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True] + [False] * (len(node.outputs) - 1)]


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """Return the sorted distinct elements of an array, and more on request.

    Parameters
    ----------
    ar : tensor_like
        The array.
    return_index, return_inverse, return_counts : bool
        Whether to return where each first occurred, which of them each element is, how many there
        are.
    axis : int, optional
        Compare slices along this axis; by default elements.

    Examples
    --------
    >>> unique([2, 1, 2]).eval()
    array([1, 2])
    """
    return Unique(return_index, return_inverse, return_counts, axis)(ar)


__all__ = [
    "bartlett",
    "bincount",
    "broadcast_arrays",
    "broadcast_shape",
    "broadcast_to",
    "compress",
    "concat_with_broadcast",
    "cumprod",
    "cumsum",
    "diff",
    "fill_diagonal",
    "fill_diagonal_offset",
    "geomspace",
    "linspace",
    "logspace",
    "ravel_multi_index",
    "repeat",
    "searchsorted",
    "squeeze",
    "unique",
    "unravel_index",
]
