"""Numbers that are known while a graph is built, although they are written as graphs.

``x.shape[0] + 1`` is such a number if ``x`` has a static shape. What an op makes of constants is
registered beside the op, in `scalar_constant_of` and `entries_of`; these two walks ask it. They
look a few nodes deep and no further: a cheap question must stay cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.op import Op
from pytensorlite.scalar.op import ScalarOp
from pytensorlite.tensor.dimshuffle import DimShuffle
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.variable import TensorConstant

Recur = Callable[[Variable], np.ndarray]


@singledispatch
def scalar_constant_of(op: Op, node: Apply, variable: Variable, recur: Recur) -> np.ndarray:
    """Return the one number that all elements of a node's output are.

    Parameters
    ----------
    op : Op
        The node's op, by whose class this function dispatches.
    node : Apply
        The node.
    variable : Variable
        Which of its outputs.
    recur : callable
        Asks the same of an input.

    Raises
    ------
    NotScalarConstantError
        If they are not known to be one number, as for every op that registers nothing.
    """
    raise NotScalarConstantError()


@singledispatch
def entries_of(
    op: Op, node: Apply, variable: Variable, recur: Any
) -> Sequence[Variable | int | None]:
    """Return the elements of a vector one by one, as variables, numbers, or None for unknown ones.

    Dispatches by the class of the op, as `scalar_constant_of` does; raises ``ValueError`` if not
    even the number of elements is known.
    """
    length = variable.type.shape[0]
    if length is None:
        raise ValueError(f"Length of {variable} cannot be determined")
    return [None] * length


def get_underlying_scalar_constant_value(
    v: Any,
    *,
    elemwise: bool = True,
    only_process_constants: bool = False,
    max_recur: int = 10,
    raise_not_constant: bool = True,
) -> Any:
    """Return the number that a variable is known to be, or that all its elements are.

    Parameters
    ----------
    v : variable or array_like
        What is asked about.
    elemwise : bool
        Whether to compute element-wise ops of constants.
    only_process_constants : bool
        Look at constants only, through no op at all.
    max_recur : int
        How many nodes deep to look.
    raise_not_constant : bool
        Raise `NotScalarConstantError`, or return ``v`` itself if the number is not known.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> int(get_underlying_scalar_constant_value(pt.constant(2) + 3))
    5
    """

    def ask(variable: Any, depth: int) -> np.ndarray:
        if isinstance(variable, Constant):
            return _number_of_constant(variable)
        node = getattr(variable, "owner", None)
        if node is None or depth == 0 or only_process_constants:
            raise NotScalarConstantError()
        if not elemwise and isinstance(node.op, Elemwise):
            raise NotScalarConstantError()
        return scalar_constant_of(node.op, node, variable, lambda other: ask(other, depth - 1))

    try:
        if isinstance(v, Variable):
            return ask(v, max_recur)
        return _number_of_value(v)
    except NotScalarConstantError:
        if raise_not_constant:
            raise NotScalarConstantError(f"{v} is not a constant") from None
        return v


def _number_of_constant(constant: Constant) -> np.ndarray:
    if isinstance(constant, TensorConstant):
        value = constant.unique_value
    else:
        value = constant.data
    if value is None or not isinstance(value, np.generic | np.ndarray | int | float | complex):
        raise NotScalarConstantError()
    return np.asarray(value)


def _number_of_value(value: Any) -> np.ndarray:
    if value is None:
        raise NotScalarConstantError()
    array = np.asarray(value)
    if array.size == 0 or array.dtype.kind not in "biufc":
        raise NotScalarConstantError()
    first = array.reshape(-1)[0]
    if array.size > 1 and not (array == first).all():
        raise NotScalarConstantError()
    return np.asarray(first)


def get_scalar_constant_value(v: Any, **options: Any) -> Any:
    """Return the number that a variable of rank 0 is known to be.

    As `get_underlying_scalar_constant_value`, but arrays whose elements are all one number are
    refused.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> int(get_scalar_constant_value(pt.constant(7)))
    7
    """
    ndim = v.type.ndim if isinstance(v, Variable) and hasattr(v.type, "ndim") else np.ndim(v)
    if ndim:
        raise NotScalarConstantError(f"{v} is not a scalar: it has {ndim} dimensions")
    return get_underlying_scalar_constant_value(v, **options)


def extract_constant(x: Any, elemwise: bool = True, only_process_constants: bool = False) -> Any:
    """Return the number a variable is known to be, or the variable."""
    return get_underlying_scalar_constant_value(
        x,
        elemwise=elemwise,
        only_process_constants=only_process_constants,
        raise_not_constant=False,
    )


# -- vectors ---------------------------------------------------------------------------------------


def vector_entries(vector: Variable, max_recur: int = 10) -> Sequence[Variable | int | None]:
    """Return the elements of a vector of known length: variables, numbers, or None.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> vector_entries(pt.matrix("x", shape=(None, 3)).shape)
    [None, 3]
    """
    if isinstance(vector, Constant):
        return vector.data.tolist()
    if vector.owner is None or max_recur == 0:
        return entries_of(None, None, vector, None)  # type: ignore[arg-type]
    return entries_of(
        vector.owner.op, vector.owner, vector, lambda other: vector_entries(other, max_recur - 1)
    )


def static_entries(vector: Variable, n: int) -> list[int | None]:
    """Return the ``n`` elements of an integer vector, None for those that are not constants.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> static_entries(pt.stack([pt.lscalar("n"), pt.constant(2, dtype="int64")]), 2)
    [None, 2]
    """
    try:
        entries = vector_entries(vector)
    except ValueError:
        return [None] * n
    return [_static_entry(entry) for entry in entries]


def _static_entry(entry: Any) -> int | None:
    if isinstance(entry, Variable):
        entry = extract_constant(entry)
    return None if entry is None or isinstance(entry, Variable) else int(entry)


def get_vector_length(v: Any) -> int:
    """Return the number of elements of a vector, while the graph is built.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> get_vector_length(pt.matrix("x").shape)
    2
    """
    if not isinstance(v, Variable):
        return len(np.atleast_1d(np.asarray(v))) if not isinstance(v, Sequence) else len(v)
    ndim = getattr(v.type, "ndim", None)
    if ndim != 1:
        raise TypeError(
            f"Only vectors have a length that can be asked for, got {v} of type {v.type}."
        )
    if v.type.shape[0] is not None:
        return v.type.shape[0]
    return len(vector_entries(v))


# -- ops of the lower files ------------------------------------------------------------------------


@scalar_constant_of.register(Elemwise)
def _(op: Elemwise, node: Apply, variable: Variable, recur: Recur) -> np.ndarray:
    if op.scalar_op.name == "second":
        # What the first input holds does not matter, but an empty one leaves no number at all.
        return recur(node.inputs[1])
    return op.scalar_op.evaluate(*(recur(x) for x in node.inputs))


@scalar_constant_of.register(ScalarOp)
def _(op: ScalarOp, node: Apply, variable: Variable, recur: Recur) -> np.ndarray:
    return op.evaluate(*(recur(x) for x in node.inputs))


@scalar_constant_of.register(DimShuffle)
def _(op: DimShuffle, node: Apply, variable: Variable, recur: Recur) -> np.ndarray:
    return recur(node.inputs[0])


@entries_of.register(Elemwise)
def _(op: Elemwise, node: Apply, variable: Variable, recur: Any) -> Any:
    if type(op.scalar_op).__name__ == "Cast" and variable.type.dtype.startswith(("int", "uint")):
        return recur(node.inputs[0])
    return entries_of.dispatch(Op)(op, node, variable, recur)


@entries_of.register(type(None))
def _(op: None, node: Any, variable: Variable, recur: Any) -> Any:
    return entries_of.dispatch(Op)(op, node, variable, recur)
