"""Advanced indexing: arrays of integers and boolean masks, reading and writing.

The rules are NumPy's. The arrays among the indices broadcast together (where a length is known
to be 1), and their common axes stand where the first of them stood, or in front if slices separate
them. A mask counts as the indices of its true elements. ``AdvancedSubtensor1`` and
``AdvancedIncSubtensor1`` are the frequent special case of one vector of integers on axis 0: a
gather of rows and its reverse.

Every index is checked before anything is written. Writing to a position twice adds twice when
increasing; when setting, the last value stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.tensor.basic import (
    ARange,
    Nonzero,
    alloc,
    arange,
    as_tensor_variable,
    switch,
    zeros_like,
)
from pytensorlite.tensor.indexing import (
    as_tensor_index_variable,
    check_broadcast,
    constant_array,
    flatten_index_variables,
    indices_from_subtensor,
    is_mask,
    non_consecutive,
    out_of_bounds,
    unflatten_index_variables,
)
from pytensorlite.tensor.indexing_basic import BaseSubtensor
from pytensorlite.tensor.indexing_linear import Reading, Writing, as_written_value
from pytensorlite.tensor.indexing_shapes import advanced_shape, static_advanced_shape
from pytensorlite.tensor.math import eq
from pytensorlite.tensor.math import prod as pt_prod
from pytensorlite.tensor.type import tensor_type
from pytensorlite.tensor.variable import TensorVariable

_INT64_MAX = np.iinfo(np.int64).max


class AdvancedSubtensor1(Reading):
    """Gather rows: ``x[indices]`` with a vector of integers on axis 0.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.matrix("x")[pt.lvector("i")].owner.op
    AdvancedSubtensor1
    """

    __props__ = ()
    check_input = False
    idx_list = (0,)

    def __init__(self, sparse_grad: bool = False):
        if sparse_grad:
            raise NotImplementedError(
                "Sparse gradients are not supported; sparse_grad must be False."
            )

    def make_node(self, x: Any, ilist: Any) -> Apply:
        x, ilist = as_tensor_variable(x), row_indices(x, ilist)
        shape = (ilist.type.shape[0], *x.type.shape[1:])
        return Apply(self, [x, ilist], [tensor_type(x.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        x_shape, index_shape = input_shapes
        return [(index_shape[0], *x_shape[1:])]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, ilist = inputs
        output_storage[0][0] = x[signed_index(ilist, 0, x.shape[0])]

    def write_back(self, x: Any, g: Any, indices: Sequence[Any]) -> Any:
        return advanced_inc_subtensor1(zeros_like(x), g, *indices)

    def __str__(self) -> str:
        return "AdvancedSubtensor1"

    __repr__ = __str__


class AdvancedIncSubtensor1(Writing):
    """Set or increase the rows ``x[indices]``, with a vector of integers on axis 0.

    Parameters
    ----------
    inplace : bool
        Write into the input instead of a copy.
    set_instead_of_inc : bool
        Set the rows instead of adding to them.
    """

    __props__ = ("inplace", "set_instead_of_inc")
    check_input = False
    idx_list = (0,)
    ignore_duplicates = False

    def __init__(self, inplace: bool = False, set_instead_of_inc: bool = False):
        self.inplace = bool(inplace)
        self.set_instead_of_inc = bool(set_instead_of_inc)
        self.destroy_map = {0: [0]} if inplace else {}

    def clone_inplace(self) -> AdvancedIncSubtensor1:
        """Return the op that writes into its input."""
        return type(self)(inplace=True, set_instead_of_inc=self.set_instead_of_inc)

    def make_node(self, x: Any, y: Any, ilist: Any) -> Apply:
        x, ilist = as_tensor_variable(x), row_indices(x, ilist)
        y = as_written_value(self, x, y, x.type.ndim)
        return Apply(self, [x, y, ilist], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, y, ilist = inputs
        output_storage[0][0] = write(self, node, x, y, (signed_index(ilist, 0, x.shape[0]),))

    def pull_through(self, x: Any, y: Any, g: Any, indices: Sequence[Any]) -> tuple[Any, Any]:
        (ilist,) = indices
        gy = advanced_subtensor1(g, ilist)
        if not self.set_instead_of_inc:
            return g, gy
        if not positions_are_distinct([ilist]):
            order = arange(ilist.shape[0], dtype="int64")
            last_writer = advanced_set_subtensor1(alloc(np.int64(0), x.shape[0]), order, ilist)
            survived = eq(advanced_subtensor1(last_writer, ilist), order)
            gy = switch(survived.dimshuffle(0, *["x"] * (x.type.ndim - 1)), gy, zeros_like(gy))
        return advanced_set_subtensor1(g, zeros_like(y), ilist), gy

    def __str__(self) -> str:
        place = "inplace" if self.inplace else "no_inplace"
        return f"AdvancedIncSubtensor1{{{place},{'set' if self.set_instead_of_inc else 'inc'}}}"

    __repr__ = __str__


class AdvancedSubtensor(BaseSubtensor, Reading):
    """Read a part of an array with at least one array of integers, or mask, among the indices.

    Parameters
    ----------
    idx_list : sequence of (int or slice)
        The form of the expression: see `pytensorlite.tensor.indexing`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.matrix("x")[:, [0, 0]].type
    TensorType(float64, shape=(None, 2))
    """

    __props__ = ("idx_list",)
    __hash__ = BaseSubtensor.__hash__

    def make_node(self, x: Any, *index_variables: Any) -> Apply:
        x = as_tensor_variable(x)
        indices = [as_tensor_index_variable(index) for index in index_variables]
        shape = static_advanced_shape(self, x, indices)
        return Apply(self, [x, *indices], [tensor_type(x.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        entries = indices_from_subtensor(node.inputs[1:], self.idx_list)
        lengths = dict(zip(node.inputs[1:], input_shapes[1:], strict=True))
        return [advanced_shape(input_shapes[0], entries, lengths)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, *indices = inputs
        check_index_arrays(node.inputs[1:], indices)
        part = x[advanced_numpy_index(x.shape, indices, self.idx_list)]
        # Indices that are all of rank 0 make a view, and this op promises a new array.
        output_storage[0][0] = np.array(part) if np.may_share_memory(part, x) else np.asarray(part)

    def write_back(self, x: Any, g: Any, indices: Sequence[Any]) -> Any:
        return AdvancedIncSubtensor(self.idx_list)(zeros_like(x), g, *indices)

    @staticmethod
    def non_consecutive_adv_indexing(node: Apply) -> bool:
        """Whether slices separate the advanced indices, so that their axes come first."""
        return non_consecutive(indices_from_subtensor(node.inputs[1:], node.op.idx_list))

    non_contiguous_adv_indexing = non_consecutive_adv_indexing

    def __str__(self) -> str:
        return f"AdvancedSubtensor{{idx_list={self.idx_list}}}"

    __repr__ = __str__


class AdvancedIncSubtensor(BaseSubtensor, Writing):
    """Set or increase a part of an array picked by arrays of integers or masks.

    Parameters
    ----------
    idx_list : sequence of (int or slice)
        The form of the expression: see `pytensorlite.tensor.indexing`.
    inplace : bool
        Write into the input instead of a copy.
    set_instead_of_inc : bool
        Set the part to the value instead of adding it.
    ignore_duplicates : bool
        When increasing, add only the last value given for a position, as NumPy's ``x[i] += y``
        does.
    """

    __props__ = ("idx_list", "inplace", "set_instead_of_inc", "ignore_duplicates")
    __hash__ = BaseSubtensor.__hash__

    def __init__(
        self,
        idx_list: Sequence[Any],
        inplace: bool = False,
        set_instead_of_inc: bool = False,
        ignore_duplicates: bool = False,
    ):
        super().__init__(idx_list)
        self.inplace = inplace
        self.set_instead_of_inc = set_instead_of_inc
        self.ignore_duplicates = ignore_duplicates
        self.destroy_map = {0: [0]} if inplace else {}

    def make_node(self, x: Any, y: Any, *index_variables: Any) -> Apply:
        x = as_tensor_variable(x)
        indices = [as_tensor_index_variable(index) for index in index_variables]
        y = as_written_value(self, x, y, len(static_advanced_shape(self, x, indices)))
        return Apply(self, [x, y, *indices], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, y, *indices = inputs
        check_index_arrays(node.inputs[2:], indices)
        index = advanced_numpy_index(x.shape, indices, self.idx_list)
        output_storage[0][0] = write(self, node, x, y, index)

    def pull_through(self, x: Any, y: Any, g: Any, indices: Sequence[Any]) -> tuple[Any, Any]:
        gy = AdvancedSubtensor(self.idx_list)(g, *indices)
        if self.set_instead_of_inc or self.ignore_duplicates:
            gy = self._of_last_writers(x, gy, indices)
        if not self.set_instead_of_inc:
            return g, gy
        setter = AdvancedIncSubtensor(self.idx_list, set_instead_of_inc=True)
        return setter(g, zeros_like(y), *indices), gy

    def _of_last_writers(self, x: Any, gy: Any, indices: Sequence[Variable]) -> Any:
        """Zero a cotangent where the value was overwritten by a later one at the same position."""
        arrays = [index for index in self.array_indices(indices)]
        if positions_are_distinct(arrays):
            return gy
        order = arange(pt_prod(gy.shape, dtype="int64"), dtype="int64").reshape(
            gy.shape, ndim=gy.type.ndim
        )
        setter = AdvancedIncSubtensor(self.idx_list, set_instead_of_inc=True)
        lengths = [x.shape[axis] for axis in range(x.type.ndim)]
        last_writer = setter(alloc(np.int64(0), *lengths), order, *indices)
        survived = eq(AdvancedSubtensor(self.idx_list)(last_writer, *indices), order)
        return switch(survived, gy, zeros_like(gy))

    def array_indices(self, indices: Sequence[Variable]) -> list[Variable]:
        """Return the index inputs that are no bounds of slices."""
        entries = unflatten_index_variables(indices, self.idx_list)
        return [entry for entry in entries if not isinstance(entry, slice)]

    non_consecutive_adv_indexing = staticmethod(
        lambda node: non_consecutive(indices_from_subtensor(node.inputs[2:], node.op.idx_list))
    )

    def __str__(self) -> str:
        return "AdvancedSetSubtensor" if self.set_instead_of_inc else "AdvancedIncSubtensor"

    __repr__ = __str__


advanced_subtensor1 = AdvancedSubtensor1()
advanced_inc_subtensor1 = AdvancedIncSubtensor1()
advanced_set_subtensor1 = AdvancedIncSubtensor1(set_instead_of_inc=True)


def advanced_subtensor(x: Any, *index_variables: Any) -> TensorVariable:
    """Return ``x`` indexed by any mixture of slices, integers, arrays and masks."""
    form, inputs = flatten_index_variables(index_variables)
    return AdvancedSubtensor(form)(x, *inputs)


def advanced_inc_subtensor(x: Any, y: Any, *args: Any, **kwargs: Any) -> TensorVariable:
    """Return ``x`` with ``y`` added to the part that the indices pick."""
    form, inputs = flatten_index_variables(args)
    return AdvancedIncSubtensor(form, **kwargs)(x, y, *inputs)


def advanced_set_subtensor(x: Any, y: Any, *args: Any, **kwargs: Any) -> TensorVariable:
    """Return ``x`` with ``y`` in the place of the part that the indices pick."""
    return advanced_inc_subtensor(x, y, *args, set_instead_of_inc=True, **kwargs)


# -- indices ---------------------------------------------------------------------------------------


def row_indices(x: Any, ilist: Any) -> TensorVariable:
    """Return the index vector of the row ops, checked."""
    x, ilist = as_tensor_variable(x), as_tensor_index_variable(ilist)
    if ilist.type.ndim != 1 or is_mask(ilist):
        raise TypeError(f"index must be a vector of integers, got {ilist} of type {ilist.type}")
    if x.type.ndim == 0:
        raise TypeError(f"cannot index into a scalar, got {x} of type {x.type}")
    return ilist


def positions_are_distinct(arrays: Sequence[Any]) -> bool:
    """Whether no position can be addressed twice, as far as the graph tells."""
    arrays = [array for array in arrays if array.type.ndim]
    if not arrays:
        return True
    if len(arrays) == 1 and (is_mask(arrays[0]) or _counts_up(arrays[0])):
        return True
    if _are_all_of_one_nonzero(arrays):
        return True
    values = [value for array in arrays if (value := constant_array(array)) is not None]
    if len(values) < len(arrays) or any(value.dtype == bool for value in values):
        return False
    # -1 and n - 1 are one position: with mixed signs nothing is known before n is.
    if any(value.size and value.min() < 0 <= value.max() for value in values):
        return False
    columns = np.stack([column.ravel() for column in np.broadcast_arrays(*values)])
    return bool(np.unique(columns, axis=1).shape == columns.shape)


def _counts_up(index: Variable) -> bool:
    """Whether an index is an arange from a number that is not negative."""
    if index.owner is None or not isinstance(index.owner.op, ARange):
        return False
    start, _, step = (constant_array(bound) for bound in index.owner.inputs)
    return start is not None and step is not None and bool(start >= 0 and step > 0)


def _are_all_of_one_nonzero(arrays: Sequence[Variable]) -> bool:
    node = arrays[0].owner
    if node is None or not isinstance(node.op, Nonzero):
        return False
    return set(arrays) == set(node.outputs)


def signed_index(index: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Return an index array that NumPy reads right: of uint64 it would wrap the upper half."""
    if index.dtype != np.uint64:
        return index
    if index.size and index.max() > _INT64_MAX:
        raise out_of_bounds(index.max(), axis, size)
    return index.astype(np.int64)


def advanced_numpy_index(
    shape: Sequence[int], indices: Sequence[Any], idx_list: Sequence[Any]
) -> tuple[Any, ...]:
    """Return the index expression for NumPy."""
    axis = 0
    result: list[Any] = []
    for entry in unflatten_index_variables(indices, idx_list):
        if isinstance(entry, slice):
            parts = (entry.start, entry.stop, entry.step)
            result.append(slice(*(None if part is None else int(part) for part in parts)))
            axis += 1
        elif entry.dtype == bool:
            result.append(entry)
            axis += entry.ndim
        else:
            result.append(signed_index(entry, axis, shape[axis]))
            axis += 1
    return tuple(result)


def check_index_arrays(variables: Sequence[Variable], arrays: Sequence[Any]) -> None:
    """Apply the rule of elementwise ops to index arrays: only a static length 1 broadcasts."""
    pairs = [
        _static_and_true_shape(variable, array)
        for variable, array in zip(variables, arrays, strict=True)
        if getattr(variable.type, "ndim", 0)
    ]
    for offset in range(1, 1 + max((len(shape) for _, shape in pairs), default=0)):
        lengths = {
            shape[-offset]
            for static, shape in pairs
            if len(shape) >= offset and static[-offset] != 1
        }
        if len(lengths) > 1:
            raise ValueError(
                "Index arrays have incompatible shapes: "
                f"{', '.join(str(shape) for _, shape in pairs)}. An index broadcasts only along a "
                "dimension whose length is 1 in its type; use specify_broadcastable to say so."
            )


def _static_and_true_shape(variable: Any, array: np.ndarray) -> tuple[Any, tuple[int, ...]]:
    if not is_mask(variable):
        return variable.type.shape, array.shape
    count = int(np.count_nonzero(array))
    return (None if constant_array(variable) is None else count,), (count,)


def write(op: Any, node: Apply, x: np.ndarray, y: np.ndarray, index: tuple[Any, ...]) -> np.ndarray:
    """Set or increase ``x[index]`` and return the array, copied unless the op works in place."""
    part_shape = np.broadcast_to(np.int8(0), x.shape)[index].shape
    check_broadcast(str(op), y, part_shape, node.inputs[1].type)
    if not op.inplace:
        x = x.copy()
    elif np.may_share_memory(x, y):
        y = y.copy()
    if op.set_instead_of_inc:
        x[index] = y
    elif op.ignore_duplicates:
        x[index] += y
    else:
        # Broadcast first: NumPy's ``at`` reads beyond a value that has fewer dimensions.
        np.add.at(x, index, np.broadcast_to(y, part_shape))
    return x
