"""Basic indexing: integers and slices, reading (`Subtensor`) and writing (`IncSubtensor`).

``Subtensor`` returns a view of its input. ``IncSubtensor`` returns the whole array with the
indexed part set or increased; it writes into its input only if ``inplace``, which a rewrite
decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable, zeros_like
from pytensorlite.tensor.constant_value import entries_of, scalar_constant_of, vector_entries
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.indexing import (
    FULL_SLICE,
    as_index_literal,
    as_scalar_index_variable,
    check_broadcast,
    checked_form,
    flatten_index_variables,
    form_hash,
    form_text,
    get_idx_list,
    get_slice_elements,
    literal_or_none,
    out_of_bounds,
    slice_len,
    slice_static_length,
    unflatten_index_variables,
)
from pytensorlite.tensor.indexing_linear import Reading, Writing, as_written_value
from pytensorlite.tensor.type import tensor_type
from pytensorlite.tensor.variable import TensorVariable


class BaseSubtensor(Op):
    """What all indexing ops share: the form of their index expression."""

    idx_list: tuple[Any, ...]

    def __init__(self, idx_list: Sequence[Any]):
        self.idx_list = checked_form(idx_list)

    @property
    def n_index_inputs(self) -> int:
        """How many inputs the index expression has."""
        return len(get_slice_elements(self.idx_list, lambda part: part is not None))

    def __hash__(self) -> int:
        """Hash by class and form alone; equality looks at the other properties."""
        return hash((type(self), form_hash(self.idx_list)))

    def check_count(self, x: TensorVariable, indices: Sequence[Any]) -> None:
        """Raise unless each position of the form has its input, and each entry its axis."""
        if len(indices) != self.n_index_inputs:
            raise ValueError(
                f"{self}: expected {self.n_index_inputs} index inputs for the form "
                f"{self.idx_list}, got {len(indices)}."
            )
        if len(self.idx_list) > x.type.ndim:
            raise IndexError(
                f"too many indices for tensor: tensor is {x.type.ndim}-dimensional, "
                f"but {len(self.idx_list)} were indexed"
            )


class Subtensor(BaseSubtensor, Reading):
    """Read a part of an array with integers and slices: ``x[2, :n]``.

    Parameters
    ----------
    idx_list : sequence of (int or slice)
        The form of the expression: see `pytensorlite.tensor.indexing`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.matrix("x")[0, 1:].owner.op
    Subtensor{i, start:}
    """

    __props__ = ("idx_list",)
    check_input = False
    view_map = {0: [0]}  # noqa: RUF012 -- read-only by convention, as on every op
    __hash__ = BaseSubtensor.__hash__

    def make_node(self, x: Any, *inputs: Any) -> Apply:
        x = as_tensor_variable(x)
        indices = [as_scalar_index_variable(index) for index in inputs]
        self.check_count(x, indices)
        entries = unflatten_index_variables(indices, self.idx_list)
        check_steps(entries)
        shape = static_basic_shape(x.type.shape, entries)
        return Apply(self, [x, *indices], [tensor_type(x.type.dtype, shape)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [basic_shape(input_shapes[0], get_idx_list(node.inputs, self.idx_list))]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, *indices = inputs
        output_storage[0][0] = np.asarray(x[numpy_index(x.shape, indices, self.idx_list)])

    def write_back(self, x: Any, g: Any, indices: Sequence[Any]) -> Any:
        return IncSubtensor(self.idx_list)(zeros_like(x), g, *indices)

    def __str__(self) -> str:
        return f"Subtensor{{{form_text(self.idx_list)}}}"

    __repr__ = __str__


class IncSubtensor(BaseSubtensor, Writing):
    """Set or increase a part of an array with integers and slices; the result is the whole array.

    Parameters
    ----------
    idx_list : sequence of (int or slice)
        The form of the expression: see `pytensorlite.tensor.indexing`.
    inplace : bool
        Write into the input instead of a copy.
    set_instead_of_inc : bool
        Set the part to the value instead of adding it.
    destroyhandler_tolerate_aliased : sequence of pairs of int, optional
        Pairs (destroyed input, other input) that may share memory although one is overwritten.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.set_subtensor(pt.vector("x")[1:], 0.0).owner.op
    SetSubtensor{start:}
    """

    __props__ = ("idx_list", "inplace", "set_instead_of_inc", "destroyhandler_tolerate_aliased")
    check_input = False
    __hash__ = BaseSubtensor.__hash__

    def __init__(
        self,
        idx_list: Sequence[Any],
        inplace: bool = False,
        set_instead_of_inc: bool = False,
        destroyhandler_tolerate_aliased: Sequence[tuple[int, int]] | None = None,
    ):
        super().__init__(idx_list)
        self.inplace = inplace
        self.set_instead_of_inc = set_instead_of_inc
        self.destroyhandler_tolerate_aliased = tuple(destroyhandler_tolerate_aliased or ())
        self.destroy_map = {0: [0]} if inplace else {}

    def make_node(self, x: Any, y: Any, *inputs: Any) -> Apply:
        x = as_tensor_variable(x)
        indices = [as_scalar_index_variable(index) for index in inputs]
        self.check_count(x, indices)
        entries = unflatten_index_variables(indices, self.idx_list)
        check_steps(entries)
        y = as_written_value(self, x, y, len(static_basic_shape(x.type.shape, entries)))
        return Apply(self, [x, y, *indices], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        x, y, *indices = inputs
        index = numpy_index(x.shape, indices, self.idx_list)
        part = x[index]
        check_broadcast(str(self), y, np.shape(part), node.inputs[1].type)
        if not self.inplace:
            x = x.copy()
        if self.set_instead_of_inc:
            x[index] = y
        else:
            x[index] += y
        output_storage[0][0] = x

    def pull_through(self, x: Any, y: Any, g: Any, indices: Sequence[Any]) -> tuple[Any, Any]:
        gy = Subtensor(self.idx_list)(g, *indices)
        if not self.set_instead_of_inc:
            return g, gy
        # What was overwritten has no influence any more.
        return IncSubtensor(self.idx_list, set_instead_of_inc=True)(g, zeros_like(y), *indices), gy

    def __str__(self) -> str:
        name = "SetSubtensor" if self.set_instead_of_inc else "IncSubtensor"
        return f"{name}{{{form_text(self.idx_list)}}}"

    __repr__ = __str__


@scalar_constant_of.register(Subtensor)
def _(op: Subtensor, node: Apply, variable: Variable, recur: Any) -> Any:
    x, *indices = node.inputs
    if x.type.ndim == 1 and op.idx_list == (0,):
        position = int(recur(indices[0]))
        try:
            entry = vector_entries(x)[position]
        except (ValueError, IndexError):
            raise NotScalarConstantError() from None
        if isinstance(entry, Variable):
            return recur(entry)
        if entry is not None:
            return np.asarray(entry, dtype=x.type.dtype)
    raise NotScalarConstantError()


@entries_of.register(Subtensor)
def _(op: Subtensor, node: Apply, variable: Variable, recur: Any) -> Any:
    x, *indices = node.inputs
    entries = unflatten_index_variables([literal_or_none(i) for i in indices], op.idx_list)
    known = None not in [literal_or_none(i) for i in indices]
    if known and x.type.ndim == 1 and all(isinstance(entry, slice) for entry in entries):
        try:
            elements = recur(x)
        except ValueError:
            elements = None
        if elements is not None:
            return elements[entries[0]] if entries else elements
    return entries_of(None, None, variable, None)  # type: ignore[arg-type]


def basic_subtensor(x: Any, *index_variables: Any) -> TensorVariable:
    """Return ``x`` indexed by integers and slices."""
    form, inputs = flatten_index_variables(index_variables)
    return Subtensor(form)(x, *inputs)


# -- shapes ----------------------------------------------------------------------------------------


def static_basic_shape(
    shape: Sequence[int | None], entries: Sequence[Any]
) -> tuple[int | None, ...]:
    """Return the static shape of an array indexed by integers and slices."""
    lengths = [
        slice_static_length(entry, length)
        for entry, length in zip(entries, shape, strict=False)
        if isinstance(entry, slice)
    ]
    return (*lengths, *shape[len(entries) :])


def basic_shape(shape: Sequence[Any], indices: Sequence[Any]) -> tuple[Any, ...]:
    """Return the symbolic shape of an array of this shape, indexed by integers and slices."""
    result: list[Any] = []
    axis = 0
    for entry in indices:
        if entry is None:
            result.append(1)
            continue
        if entry == FULL_SLICE:
            result.append(shape[axis])
        elif isinstance(entry, slice):
            result.append(slice_len(entry, shape[axis]))
        axis += 1
    return (*result, *shape[axis:])


def check_steps(entries: Sequence[Any]) -> None:
    """Refuse a slice whose step is known to be zero."""
    for entry in entries:
        if isinstance(entry, slice) and literal_or_none(entry.step) == 0:
            raise ValueError(f"slice step cannot be zero, got {as_text(entry)}")


def as_text(entry: slice) -> str:
    """Return a slice as a user writes it."""
    parts = (entry.start, entry.stop, entry.step)
    return ":".join(
        ""
        if part is None
        else str(part if literal_or_none(part) is None else as_index_literal(part))
        for part in parts
    )


# -- values ----------------------------------------------------------------------------------------


def numpy_index(
    shape: Sequence[int], indices: Sequence[Any], idx_list: Sequence[Any]
) -> tuple[Any, ...]:
    """Return the index expression as Python integers, each checked against its axis."""
    entries = unflatten_index_variables([int(index) for index in indices], idx_list)
    for axis, (entry, size) in enumerate(zip(entries, shape, strict=False)):
        if not isinstance(entry, slice) and not -size <= entry < size:
            raise out_of_bounds(entry, axis, size)
    # The Ellipsis makes NumPy return an array, and so a view, even of a single element.
    return (*entries, ...)
