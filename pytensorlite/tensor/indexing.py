"""Index expressions: what may stand between the brackets of ``x[...]``, as data.

An indexing op keeps the *form* of its expression in ``idx_list`` and takes the numbers in it as
inputs: ``x[2, :n]`` has the form ``(0, slice(None, 1, None))`` and the index inputs ``2`` and
``n``; each integer in the form is the position of an input. Two expressions of one form are the
same op, whatever their numbers.

This file translates between the two, and answers how long a slice is: as a number where everything
is known, as a graph where it is not. The ops are in ``indexing_basic`` and ``indexing_advanced``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.scalar.basic import ScalarConstant, ScalarType
from pytensorlite.tensor.basic import (
    as_tensor_variable,
    cast,
    scalar_from_tensor,
    switch,
    tensor_from_scalar,
)
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.math import abs as pt_abs
from pytensorlite.tensor.math import maximum, minimum
from pytensorlite.tensor.type import TensorType, discrete_dtypes, integer_dtypes
from pytensorlite.tensor.variable import TensorConstant

FULL_SLICE = slice(None, None, None)

_INT64 = np.iinfo(np.int64)


# -- form and inputs -------------------------------------------------------------------------------


def flatten_index_variables(idx_vars: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Split an index expression into its form and its inputs.

    Examples
    --------
    >>> flatten_index_variables(["i", slice("a", None, "b")])
    ([0, slice(1, None, 2)], ['i', 'a', 'b'])
    """
    inputs: list[Any] = []

    def position_of(entry: Any) -> int | None:
        if entry is None:
            return None
        inputs.append(entry)
        return len(inputs) - 1

    form: list[Any] = []
    for entry in idx_vars:
        if isinstance(entry, slice):
            form.append(slice(*(position_of(part) for part in _parts(entry))))
        else:
            form.append(position_of(entry))
    return form, inputs


def unflatten_index_variables(
    flat_indices: Sequence[Any], idx_list: Sequence[Any]
) -> tuple[Any, ...]:
    """Put the inputs back into the form.

    Examples
    --------
    >>> unflatten_index_variables([3, 7], (0, slice(None, 1)))
    (3, slice(None, 7, None))
    """

    def entry_at(position: int | None) -> Any:
        return None if position is None else flat_indices[position]

    return tuple(
        slice(*(entry_at(part) for part in _parts(entry)))
        if isinstance(entry, slice)
        else entry_at(entry)
        for entry in idx_list
    )


def indices_from_subtensor(
    op_indices: Sequence[Variable], idx_list: Sequence[Any]
) -> tuple[Any, ...]:
    """Return the index expression of an indexing op from its index inputs."""
    return unflatten_index_variables(op_indices, idx_list)


def get_idx_list(inputs: Sequence[Any], idx_list: Sequence[Any]) -> tuple[Any, ...]:
    """Return the index expression of a node from all its inputs, the indexed array first."""
    return unflatten_index_variables(inputs[1:], idx_list)


def checked_form(idx_list: Iterable[Any]) -> tuple[Any, ...]:
    """Return the form as a tuple, or tell what is wrong with it."""
    form = tuple(idx_list)
    positions = []
    for entry in form:
        parts = _parts(entry) if isinstance(entry, slice) else (entry,)
        for part in parts:
            if isinstance(part, bool) or not isinstance(part, int | np.integer | type(None)):
                raise TypeError(
                    "idx_list holds positions of inputs: integers, or slices of integers and "
                    "None; "
                    f"got {part!r} in {form}."
                )
            if part is not None:
                positions.append(int(part))
    if positions != list(range(len(positions))):
        raise ValueError(
            f"The positions in idx_list must count up from 0, each once; got {positions} in {form}."
        )
    return form


def form_hash(form: Sequence[Any]) -> int:
    """Hash a form; slices have no hash of their own before Python 3.12."""
    return hash(tuple(_parts(entry) if isinstance(entry, slice) else entry for entry in form))


def form_text(form: Sequence[Any]) -> str:
    """Return the form as it is printed: ``i, start:stop``."""
    return ", ".join(_slice_text(entry) if isinstance(entry, slice) else "i" for entry in form)


def _slice_text(entry: slice) -> str:
    start, stop, step = (part is not None for part in _parts(entry))
    text = f"{'start' if start else ''}:{'stop' if stop else ''}"
    return f"{text}:step" if step else text


def _parts(entry: slice) -> tuple[Any, Any, Any]:
    return entry.start, entry.stop, entry.step


# -- one index -------------------------------------------------------------------------------------


def as_index_constant(a: Any) -> Any:
    """Make the integers of an index symbolic: scalars stay scalars, slices stay slices.

    Examples
    --------
    >>> as_index_constant(slice(1, None)).start.data
    np.int64(1)
    """
    if a is None:
        return None
    if isinstance(a, slice):
        return slice(*(as_index_constant(part) for part in _parts(a)))
    if isinstance(a, int | np.integer) and not isinstance(a, bool):
        return _integer_constant(int(a))
    if isinstance(a, Variable):
        return a
    return as_tensor_variable(a)


def as_index_literal(idx: Any) -> Any:
    """Return the number (or slice of numbers) that a constant index stands for.

    Raises
    ------
    NotScalarConstantError
        If the index, or a bound of the slice, is symbolic.
    """
    if idx is None:
        return None
    if isinstance(idx, slice):
        return slice(*(as_index_literal(part) for part in _parts(idx)))
    if isinstance(idx, int | np.integer):
        return int(idx)
    if isinstance(idx, Constant) and np.ndim(idx.data) == 0:
        return int(idx.data)
    raise NotScalarConstantError(f"{idx} is not a constant")


def literal_or_none(idx: Any) -> int | None:
    """Return the number that a constant index stands for, None if it is symbolic."""
    try:
        return as_index_literal(idx)
    except NotScalarConstantError:
        return None


def as_scalar_index_variable(idx: Any) -> Any:
    """Return an index of a basic expression as a scalar variable of an integer type."""
    if isinstance(idx, bool | np.bool_):
        raise TypeError(
            "True and False are no indices; for a mask of length 1 write numpy.array([True])."
        )
    if isinstance(idx, int | np.integer):
        return _integer_constant(int(idx))
    if isinstance(idx, Variable) and isinstance(idx.type, ScalarType):
        if idx.type.dtype not in integer_dtypes:
            raise TypeError(f"basic indices must be integers, got {idx} of dtype {idx.type.dtype}")
        return idx
    variable = _checked_index_tensor(idx)
    if variable.type.ndim != 0 or variable.type.dtype == "bool":
        raise TypeError(
            f"A bound of a slice or a basic index must be a single integer, got {variable} of type "
            f"{variable.type}."
        )
    if isinstance(variable, Constant):
        return _integer_constant(int(variable.data))
    if variable.owner is not None and variable.owner.op == tensor_from_scalar:
        return variable.owner.inputs[0]
    return scalar_from_tensor(variable)


def as_tensor_index_variable(idx: Any) -> Any:
    """Return an index of an advanced expression as an integer tensor or a boolean mask."""
    if isinstance(idx, Variable) and isinstance(idx.type, ScalarType):
        idx = tensor_from_scalar(idx)
    if not isinstance(idx, Variable):
        if _holds_python_bool(idx):
            raise TypeError(
                "Lists of Python booleans are no indices, they could mean 0 and 1 as well as a "
                "mask. "
                "For a mask write x[numpy.array([True, False])]."
            )
        if _holds_variable(idx):
            return _checked_index_tensor(idx)
        array = np.asarray(idx)
        if array.size == 0 and not isinstance(idx, np.ndarray):
            array = array.astype("int64")
        if array.ndim == 0 and array.dtype.kind in "iu":
            array = array.astype("int64")
        idx = array
    return _checked_index_tensor(idx)


def _holds_variable(idx: Any) -> bool:
    return isinstance(idx, list | tuple) and any(
        isinstance(item, Variable) or _holds_variable(item) for item in idx
    )


def _checked_index_tensor(idx: Any) -> Any:
    if isinstance(idx, float | np.floating):
        raise TypeError(f"basic indices must be integers, got the float {idx}; use int(...)")
    try:
        variable = as_tensor_variable(idx)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(
            f"An index must be an integer, a slice, None, ..., a list or array of integers, or a "
            f"boolean mask; got {idx!r} of type {type(idx).__name__}."
        ) from error
    if variable.type.dtype not in discrete_dtypes:
        kind = (
            "basic indices must be integers"
            if variable.type.ndim == 0
            else ("index must be integers or a boolean mask")
        )
        raise TypeError(
            f"{kind}, got {variable} of type {variable.type}; cast it to an integer type."
        )
    return variable


def _holds_python_bool(idx: Any) -> bool:
    pending = [idx]
    while pending:
        entry = pending.pop()
        if isinstance(entry, bool):
            return True
        if isinstance(entry, list | tuple):
            pending.extend(entry)
    return False


def _integer_constant(value: int) -> ScalarConstant:
    if not _INT64.min <= value <= _INT64.max:
        raise IndexError(f"The index {value} does not fit into 64 bits.")
    return ScalarConstant(ps.int64, np.int64(value))


# -- the length of a slice -------------------------------------------------------------------------


def slice_static_length(slc: slice, dim_length: int | None) -> int | None:
    """Return the length of a slice of an axis if it can be known from constants, else None.

    Examples
    --------
    >>> slice_static_length(slice(1, None, 2), 7)
    3
    """
    if slc == FULL_SLICE:
        return dim_length
    if dim_length is None:
        return None
    try:
        literal = as_index_literal(slc)
    except NotScalarConstantError:
        return None
    return len(range(*literal.indices(dim_length)))


def slice_len(slc: slice, n: Any) -> Any:
    """Return the length of a slice of an axis of length ``n``: an int, or a graph of one.

    Examples
    --------
    >>> slice_len(slice(1, None, 2), 7)
    3
    """
    start, stop, step, length = (_number(part) for part in (*_parts(slc), n))
    if step is None:
        step = 1
    if isinstance(step, int):
        return _length_for_known_sign(start, stop, step, length, positive=step > 0)
    safe = _maximum(pt_abs(step), 1)
    upwards = _length_for_known_sign(start, stop, safe, length, positive=True)
    downwards = _length_for_known_sign(start, stop, safe, length, positive=False)
    return switch(step > 0, upwards, downwards)


def _length_for_known_sign(start: Any, stop: Any, step: Any, n: Any, positive: bool) -> Any:
    first = clipped_bound(start, n, positive, 0 if positive else n - 1)
    last = clipped_bound(stop, n, positive, n if positive else -1)
    span = last - first if positive else first - last
    if start is not None and stop is not None:
        span = _maximum(span, 0)
    size = abs(step) if isinstance(step, int) else step
    return span if isinstance(size, int) and size == 1 else (span + (size - 1)) // size


def clipped_bound(bound: Any, n: Any, positive: bool, default: Any) -> Any:
    """Return a bound of a slice as a position that Python's rules clip into the axis.

    Parameters
    ----------
    bound : int or variable or None
        What the user wrote.
    n : int or variable
        The length of the axis.
    positive : bool
        The sign of the step.
    default : int or variable
        The bound where none was written.
    """
    if bound is None:
        return default
    low, high = (0, n) if positive else (-1, n - 1)
    if isinstance(bound, int):
        if bound == 0 and positive:
            return 0
        return _maximum(n + bound, low) if bound < 0 else _minimum(high, bound)
    return switch(bound < 0, _maximum(bound + n, low), _minimum(bound, high))


def get_canonical_form_slice(theslice: Any, length: Any) -> tuple[Any, Any]:
    """Return the same index with bounds in the axis and a positive step, and its direction.

    ``x[theslice]`` equals ``x[canonical][::direction]``. An integer becomes its non-negative twin.

    Examples
    --------
    >>> get_canonical_form_slice(slice(-2, None, None), 7)
    (slice(5, 7, 1), 1)
    >>> get_canonical_form_slice(slice(None, None, -2), 6)
    (slice(1, 6, 2), -1)
    """
    n = _number(length)
    if not isinstance(theslice, slice):
        index = _number(theslice)
        if isinstance(index, int):
            return (index if index >= 0 else n + index), 1
        return switch(index < 0, index + n, index), 1

    start, stop, step = (_number(part) for part in _parts(theslice))
    if step is None:
        step = 1
    if isinstance(step, int):
        bounds = _canonical_bounds(start, stop, step, n, step > 0)
        return slice(*bounds, abs(step)), (1 if step > 0 else -1)
    size = _maximum(pt_abs(step), 1)
    upwards = _canonical_bounds(start, stop, size, n, True)
    downwards = _canonical_bounds(start, stop, -size, n, False)
    bounds = tuple(switch(step > 0, up, down) for up, down in zip(upwards, downwards, strict=True))
    return slice(*bounds, size), switch(step > 0, 1, -1)


def _canonical_bounds(start: Any, stop: Any, step: Any, n: Any, positive: bool) -> tuple[Any, Any]:
    first = clipped_bound(start, n, positive, 0 if positive else n - 1)
    if positive:
        return first, clipped_bound(stop, n, positive, n)
    length = _length_for_known_sign(start, stop, -step, n, positive=False)
    # The element visited last comes first; of an empty slice it lies beyond the first one.
    return first + (length - 1) * step, first + 1


def as_length(value: Any) -> Any:
    """Return a length as a number if it is constant, else as an int64 tensor of rank 0."""
    return _number(value)


def _number(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, Constant) and np.ndim(value.data) == 0:
        return int(value.data)
    if isinstance(value, Variable) and isinstance(value.type, ScalarType):
        value = tensor_from_scalar(value)
    variable = as_tensor_variable(value)
    return variable if variable.type.dtype == "int64" else cast(variable, "int64")


def _minimum(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else minimum(a, b)


def _maximum(a: Any, b: Any) -> Any:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else maximum(a, b)


# -- the shape of an indexed array -----------------------------------------------------------------


def is_mask(index: Any) -> bool:
    """Whether an index of an advanced expression is a boolean mask."""
    return not isinstance(index, slice) and index.type.dtype == "bool"


def consumed_axes(index: Any) -> int:
    """Return how many axes of the array an index accounts for: a mask has its rank, others one."""
    if index is None:
        return 0
    return index.type.ndim if not isinstance(index, slice) and is_mask(index) else 1


def group_indices(indices: Sequence[Any]) -> list[tuple[bool, list[tuple[int, Any]]]]:
    """Group neighbouring indices into basic ones (slices) and advanced ones.

    Returns
    -------
    list of (bool, list of (int, index))
        Whether the group is basic, and its indices with the number of the axis each starts at.
    """
    groups: list[tuple[bool, list[tuple[int, Any]]]] = []
    axis = 0
    for index in indices:
        basic = isinstance(index, slice) or index is None
        if not groups or groups[-1][0] != basic:
            groups.append((basic, []))
        groups[-1][1].append((axis, index))
        axis += 1 if not isinstance(index, Variable) else consumed_axes(index)
    return groups


def non_consecutive(indices: Sequence[Any]) -> bool:
    """Whether the advanced indices are separated by slices, so that their axes come first."""
    return sum(not basic for basic, _ in group_indices(indices)) > 1


def get_slice_elements(idxs: Sequence[Any], cond: Callable = lambda _: True) -> list[Any]:
    """Return the parts of all slices and the other indices that satisfy ``cond``, in order."""
    found: list[Any] = []
    for entry in idxs:
        parts = _parts(entry) if isinstance(entry, slice) else (entry,)
        found.extend(part for part in parts if cond(part))
    return found


def get_constant_idx(
    idx_list: Sequence[Any],
    inputs: Sequence[Any],
    allow_partial: bool = False,
    only_process_constants: bool = False,
    elemwise: bool = True,
) -> list[Any]:
    """Return the index expression with numbers in place of constants.

    Parameters
    ----------
    idx_list : sequence
        The form.
    inputs : sequence of Variable
        The inputs of the node, the indexed array first.
    allow_partial : bool
        Leave symbolic parts in; otherwise they raise `NotScalarConstantError`.
    only_process_constants, elemwise : bool
        Accepted for compatibility: only constants are ever read.
    """

    def read(part: Any) -> Any:
        if part is None:
            return None
        try:
            return as_index_literal(part)
        except NotScalarConstantError:
            if allow_partial:
                return part
            raise

    return [
        slice(*(read(part) for part in _parts(entry))) if isinstance(entry, slice) else read(entry)
        for entry in get_idx_list(inputs, idx_list)
    ]


def is_integer_tensor(index: Any) -> bool:
    """Whether an index is a tensor, as opposed to a slice or a scalar variable."""
    return isinstance(index, Variable) and isinstance(index.type, TensorType)


def out_of_bounds(index: Any, axis: int, size: int) -> IndexError:
    """Return the error of an index outside its axis, in NumPy's words."""
    return IndexError(f"index {index} is out of bounds for axis {axis} with size {size}")


def check_broadcast(what: str, y: np.ndarray, target: tuple[int, ...], y_type: TensorType) -> None:
    """Raise ``ValueError`` unless ``y`` fills ``target``, broadcasting only static ones."""
    for axis, (length, wanted, may_stretch) in enumerate(
        zip(reversed(y.shape), reversed(target), reversed(y_type.broadcastable), strict=False), 1
    ):
        if length != wanted and not (length == 1 and may_stretch):
            remedy = (
                " A length of 1 broadcasts only if it is known when the graph is built; say so "
                "with "
                "pytensorlite.tensor.specify_broadcastable."
                if length == 1
                else ""
            )
            raise ValueError(
                f"{what}: the value of shape {y.shape} does not fit into the indexed part of shape "
                f"{target}: expected length {wanted} at axis {-axis} of the value, got "
                f"{length}.{remedy}"
            )


def constant_array(index: Any) -> np.ndarray | None:
    """Return the value of a constant index, None if it is symbolic."""
    return index.data if isinstance(index, TensorConstant) else None
