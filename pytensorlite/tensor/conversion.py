"""From values to variables: `as_tensor_variable` and `constant`.

Which variable a value becomes depends on the value's type alone, so the conversion is a
`singledispatch` to which other files (and users) add their types: sequences with variables among
their elements are registered where the op that joins them is defined, and so on.
"""

from __future__ import annotations

import numbers
from functools import singledispatch
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.scalar.basic import ScalarConstant
from pytensorlite.scalar.dtypes import convert
from pytensorlite.tensor.type import TensorType, dtype_name, tensor_type
from pytensorlite.tensor.type_other import NoneConst, SliceConstant, make_slice, slicetype
from pytensorlite.tensor.variable import TensorConstant, TensorVariable
from pytensorlite.utils import is_masked


def as_tensor_variable(
    x: Any, name: str | None = None, ndim: int | None = None, **kwargs: Any
) -> TensorVariable:
    """Return ``x`` as a symbolic array.

    Parameters
    ----------
    x : variable, array_like, or node with one output
        A tensor variable is returned as it is; values become constants; a sequence with variables
        among its elements is joined.
    name : str, optional
        Name of the variable if a new one is made.
    ndim : int, optional
        The rank of the result: missing dimensions are added in front, and dimensions of length 1
        are dropped there.
    **kwargs
        ``dtype``, for values and sequences.

    Examples
    --------
    >>> as_tensor_variable([1.0, 2.0]).type
    TensorType(float64, shape=(2,))
    """
    return _as_tensor_variable(x, name, ndim, **kwargs)


as_tensor = as_tensor_variable


@singledispatch
def _as_tensor_variable(x: Any, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    raise NotImplementedError(
        f"Cannot convert {x!r} of {type(x).__name__} to a tensor variable. "
        "Expected a variable, a number, an array, or a sequence of these."
    )


@_as_tensor_variable.register(Variable)
def _(x: Any, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    raise TypeError(
        f"Expected an array, got the variable {x} of type {x.type}, which is no tensor "
        "and cannot be converted to one."
    )


@_as_tensor_variable.register(TensorVariable)
def _(x: TensorVariable, name: str | None, ndim: int | None, **kwargs: Any) -> TensorVariable:
    return x if ndim is None else _with_rank(x, ndim)


@_as_tensor_variable.register(Apply)
def _(x: Apply, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    return as_tensor_variable(x.default_output(), name, ndim, **kwargs)


@_as_tensor_variable.register(ScalarConstant)
def _(x: ScalarConstant, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    return as_tensor_variable(np.asarray(x.data), name, ndim, **kwargs)


@_as_tensor_variable.register(numbers.Number)
@_as_tensor_variable.register(np.number)
@_as_tensor_variable.register(np.ndarray)
@_as_tensor_variable.register(np.bool_)
def _(
    x: Any, name: str | None, ndim: int | None, dtype: Any = None, **kwargs: Any
) -> TensorConstant:
    return constant(x, name=name, ndim=ndim, dtype=dtype)


@_as_tensor_variable.register(bool)
def _(x: bool, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    raise TypeError(
        f"Cannot convert {x} to a tensor variable: it is often the result of comparing variables "
        "by "
        f"`==`, which compares identity. Use `pt.eq` to compare values, or np.array({x}) for the "
        "constant."
    )


@_as_tensor_variable.register(range)
def _(
    x: range, name: str | None, ndim: int | None, dtype: Any = None, **kwargs: Any
) -> TensorConstant:
    return constant(
        np.arange(x.start, x.stop, x.step, dtype=dtype or "int64"), name=name, ndim=ndim
    )


def constant(
    x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None
) -> TensorConstant:
    """Return a value as a symbolic constant.

    A bare Python integer gets the smallest integer dtype that holds it, and a bare float float32
    if that holds it exactly, so that numbers written in formulas do not change the dtype of arrays.
    Everything else keeps NumPy's dtype.

    Parameters
    ----------
    x : array_like
        The value. An array is not copied; do not change it afterwards.
    name : str, optional
        What the constant is called in printed graphs.
    ndim : int, optional
        The rank of the result; dimensions of length 1 are added or dropped in front.
    dtype : str or numpy.dtype, optional
        The dtype of the result.

    Examples
    --------
    >>> constant(2).type, constant([1, 2]).type
    (TensorType(int8, shape=()), TensorType(int64, shape=(2,)))
    """
    if isinstance(x, TensorConstant):
        if (
            name is None
            and (ndim is None or ndim == x.ndim)
            and (dtype is None or dtype == x.dtype)
        ):
            return x
        x = x.data
    elif isinstance(x, Constant):
        x = x.data
    elif isinstance(x, Variable):
        raise TypeError(f"Expected a value for a constant, got the variable {x}.")
    if is_masked(x):
        raise NotImplementedError(
            "Masked arrays are not supported; fill the masked elements first."
        )

    data = convert(x, None if dtype is None else _checked_dtype(dtype))
    if ndim is not None and data.ndim != ndim:
        data = data.reshape(_shape_of_rank(data.shape, ndim, f"A constant of shape {data.shape}"))
    return TensorConstant(tensor_type(dtype_name(data.dtype), data.shape), data, name=name)


def _checked_dtype(dtype: Any) -> str:
    return TensorType(dtype, ()).dtype


def _with_rank(x: TensorVariable, ndim: int) -> TensorVariable:
    extra = x.type.ndim - ndim
    if extra == 0:
        return x
    if extra < 0:
        return x.dimshuffle(["x"] * -extra + list(range(x.type.ndim)))
    _shape_of_rank(x.type.shape, ndim, f"{x} of type {x.type}")
    return x.dimshuffle(list(range(extra, x.type.ndim)))


def _shape_of_rank(shape: tuple[Any, ...], ndim: int, what: str) -> tuple[Any, ...]:
    """Add or drop leading ones until there are ``ndim`` lengths."""
    extra = len(shape) - ndim
    if any(length != 1 for length in shape[:extra] if extra > 0):
        raise ValueError(
            f"{what} could not be cast to have {ndim} dimensions: "
            "only leading dimensions of length 1 can be dropped."
        )
    return shape[extra:] if extra > 0 else (1,) * -extra + tuple(shape)


# -- any value at all -----------------------------------------------------------------------------


@singledispatch
def _as_symbolic(x: Any, **kwargs: Any) -> Variable:
    return as_tensor_variable(x, **kwargs)


def as_symbolic(x: Any, name: str | None = None, **kwargs: Any) -> Variable:
    """Return any value as a variable: None and slices too, and everything else as an array.

    Examples
    --------
    >>> as_symbolic(slice(1, 3)).data
    slice(1, 3, None)
    """
    if isinstance(x, Variable):
        return x
    result = _as_symbolic(x, **kwargs)
    if name is not None and result.name is None:
        result.name = name
    return result


@_as_symbolic.register(type(None))
def _(x: None, **kwargs: Any) -> Variable:
    return NoneConst


@_as_symbolic.register(slice)
def _(x: slice, **kwargs: Any) -> Variable:
    bounds = (x.start, x.stop, x.step)
    if any(isinstance(bound, Variable) for bound in bounds):
        return make_slice(x)
    return SliceConstant(slicetype, x)


__all__ = ["as_symbolic", "as_tensor", "as_tensor_variable", "constant"]
