"""Making, casting, joining and rearranging arrays: PyTensor's path for all of it.

Defined here are the functions on single elements that arrays are built with (`cast`, `switch`,
`fill`). Everything else is themed and has its own file, as the imports show.
"""

# ruff: noqa: F401 -- PyTensor's path for names that are at home elsewhere

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytensorlite.scalar as ps
from pytensorlite.tensor.axes import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    atleast_Nd,
    expand_dims,
    flatten,
    is_flat,
    matrix_transpose,
    mgrid,
    moveaxis,
    ogrid,
    roll,
    swapaxes,
    tile,
    transpose,
)
from pytensorlite.tensor.collecting import (
    MakeVector,
    ScalarFromTensor,
    TensorFromScalar,
    make_vector,
    scalar_from_tensor,
    tensor_from_scalar,
)
from pytensorlite.tensor.constant_value import (
    extract_constant,
    get_scalar_constant_value,
    get_underlying_scalar_constant_value,
    get_vector_length,
)
from pytensorlite.tensor.conversion import (
    _as_tensor_variable,
    as_tensor,
    as_tensor_variable,
    constant,
)
from pytensorlite.tensor.creation import (
    Alloc,
    AllocEmpty,
    ARange,
    Eye,
    alloc,
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    identity_like,
    infer_static_shape,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from pytensorlite.tensor.diagonals import (
    ExtractDiag,
    alloc_diag,
    diag,
    diagonal,
    extract_diag,
    trace,
    tri,
    tril,
    tril_indices,
    tril_indices_from,
    triu,
    triu_indices,
    triu_indices_from,
)
from pytensorlite.tensor.elemwise import elemwise_of
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.joining import (
    Join,
    Split,
    concatenate,
    horizontal_stack,
    join,
    split,
    stack,
    stacklists,
    vertical_stack,
)
from pytensorlite.tensor.selecting import (
    Choose,
    Nonzero,
    choose,
    flatnonzero,
    inverse_permutation,
    nonzero,
    nonzero_values,
    permute_row_elements,
    take_along_axis,
)
from pytensorlite.tensor.type import TensorType, complex_dtypes
from pytensorlite.tensor.variable import TensorVariable

second = fill = elemwise_of(ps.second)
switch = elemwise_of(ps.switch)
tensor_copy = identity = elemwise_of(ps.identity)


def where(cond: Any, ift: Any = None, iff: Any = None, **kwargs: Any) -> Any:
    """Return elements of one array where a condition holds, of another where it does not.

    With the condition alone, the indices at which it holds, as `nonzero`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.vector("x")
    >>> where(x > 0, x, 0).type
    TensorType(float64, shape=(None,))
    """
    if ift is None and iff is None:
        return nonzero(cond, **kwargs)
    if ift is None or iff is None:
        raise ValueError("where takes the condition alone, or values for both cases.")
    return switch(cond, ift, iff, **kwargs)


def cast(x: Any, dtype: Any) -> TensorVariable:
    """Return an array with another dtype; the array itself if it has that dtype.

    Parameters
    ----------
    x : array_like
        The array.
    dtype : str or numpy.dtype
        ``"floatX"`` stands for ``config.floatX``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> cast(pt.dvector("v"), "int32").type
    TensorType(int32, shape=(None,))
    """
    dtype = TensorType(dtype, ()).dtype
    x = as_tensor_variable(x)
    if x.type.dtype == dtype:
        return x
    if x.type.dtype in complex_dtypes and dtype not in complex_dtypes:
        raise TypeError(
            f"Casting {x} from {x.type.dtype} to {dtype} is ambiguous: take the real part, "
            "imaginary part, "
            "angle or absolute value by pt.real, pt.imag, pt.angle or pt.abs."
        )
    return elemwise_of(ps.Cast(ps.get_scalar_type(dtype)))(x)


_transfer_functions: list[Callable[[Any, str], Any]] = []


def transfer(var: Any, target: str) -> Any:
    """Return a variable on another device; there is the host only, unless more are registered."""
    if target == "cpu":
        return as_tensor_variable(var)
    for function in _transfer_functions:
        result = function(var, target)
        if result is not None:
            return result
    raise ValueError(f'The only device is "cpu", got {target!r}.')


def register_transfer(fn: Callable[[Any, str], Any]) -> None:
    """Add a function that `transfer` asks: it returns a variable, or None if it knows no answer."""
    _transfer_functions.append(fn)


__all__ = [
    "alloc",
    "arange",
    "as_tensor",
    "as_tensor_variable",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "atleast_Nd",
    "cast",
    "choose",
    "concatenate",
    "constant",
    "diag",
    "diagonal",
    "empty",
    "empty_like",
    "expand_dims",
    "extract_diag",
    "eye",
    "fill",
    "flatnonzero",
    "flatten",
    "full",
    "full_like",
    "get_scalar_constant_value",
    "get_underlying_scalar_constant_value",
    "get_vector_length",
    "horizontal_stack",
    "identity",
    "identity_like",
    "inverse_permutation",
    "is_flat",
    "join",
    "matrix_transpose",
    "mgrid",
    "moveaxis",
    "nonzero",
    "nonzero_values",
    "ogrid",
    "ones",
    "ones_like",
    "permute_row_elements",
    "roll",
    "scalar_from_tensor",
    "second",
    "split",
    "stack",
    "stacklists",
    "swapaxes",
    "switch",
    "take_along_axis",
    "tensor_copy",
    "tensor_from_scalar",
    "tile",
    "trace",
    "transfer",
    "transpose",
    "tri",
    "tril",
    "tril_indices",
    "tril_indices_from",
    "triu",
    "triu_indices",
    "triu_indices_from",
    "vertical_stack",
    "where",
    "zeros",
    "zeros_like",
]
