"""The type of symbolic arrays: a dtype and a static shape.

``TensorType("float64", shape=(None, 3))`` is the type of float64 matrices with three columns. ``None``
is a length known only when the compiled function runs. A dimension broadcasts only if its static
length is 1: what broadcasts against what is decided while the graph is built, never by the data.

The second half of the file makes variables in one word: ``pt.vector("x")``, ``pt.dmatrix()``,
``pt.scalars("a", "b")``.
"""

# ruff: noqa: E501, F401 -- the table of short names is wide; values are compared elsewhere too

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.type import Type
from pytensorlite.scalar.basic import ScalarType, get_scalar_type
from pytensorlite.tensor.values import (
    as_array_of,
    values_eq,
    values_eq_approx,
    values_eq_approx_always_true,
    values_eq_approx_remove_inf,
    values_eq_approx_remove_inf_nan,
    values_eq_approx_remove_nan,
)

if TYPE_CHECKING:
    from pytensorlite.tensor.variable import TensorVariable

int_dtypes = ["int8", "int16", "int32", "int64"]
uint_dtypes = ["uint8", "uint16", "uint32", "uint64"]
float_dtypes = ["float16", "float32", "float64"]
complex_dtypes = ["complex64", "complex128"]
integer_dtypes = int_dtypes + uint_dtypes
discrete_dtypes = ["bool", *integer_dtypes]
continuous_dtypes = float_dtypes + complex_dtypes
all_dtypes = discrete_dtypes + continuous_dtypes

_RANK_NAMES = ("Scalar", "Vector", "Matrix")


class TensorType(Type):
    """Type of arrays with one dtype, one rank, and lengths that may be known in advance.

    Parameters
    ----------
    dtype : str or numpy.dtype or type
        Any NumPy dtype of booleans, integers, floats or complex numbers; ``"floatX"`` stands for
        ``config.floatX``.
    shape : iterable of (int or None)
        Static lengths; ``None`` where a length is free. An int stands for a vector of that length.
        Booleans are read as PyTensor's old ``broadcastable`` flags: True is 1 and False is None.
    name : str, optional
        How the type is printed.
    broadcastable : iterable of bool, optional
        The same flags by their old keyword, in place of ``shape``.

    Examples
    --------
    >>> TensorType("float64", shape=(None, 3))
    TensorType(float64, shape=(None, 3))
    >>> TensorType("int8", shape=(1, None)).broadcastable
    (True, False)
    """

    __props__ = ("dtype", "shape")
    filter_checks_isfinite = False
    context_name = "cpu"

    dtype: str
    shape: tuple[int | None, ...]

    def __init__(
        self,
        dtype: Any,
        shape: Iterable[Any] | int | None = None,
        name: str | None = None,
        broadcastable: Iterable[bool] | None = None,
    ):
        self.name = name
        self.dtype = _supported_dtype(dtype)
        self.numpy_dtype = np.dtype(self.dtype)
        self.shape = _static_shape(shape if broadcastable is None else broadcastable)
        self.ndim = len(self.shape)

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Which dimensions have the static length 1, and so broadcast."""
        return tuple(length == 1 for length in self.shape)

    def clone(
        self, dtype: Any = None, shape: Any = None, broadcastable: Any = None, **kwargs: Any
    ) -> TensorType:
        """Return the same type with another dtype or another shape."""
        new_shape = broadcastable if broadcastable is not None else shape
        return type(self)(
            self.dtype if dtype is None else dtype,
            self.shape if new_shape is None else new_shape,
            name=kwargs.get("name", self.name),
        )

    def __call__(self, name: str | None = None, shape: Any = None) -> TensorVariable:  # type: ignore[override]
        """Return a new variable of this type, perhaps with a more exact shape.

        Examples
        --------
        >>> dvector("x", shape=(3,)).type
        TensorType(float64, shape=(3,))
        """
        if shape is None:
            return self.variable_type(self, None, name=name)
        exact = self.clone(shape=_of_rank(self.ndim, shape))
        if not self.is_super(exact):
            raise ValueError(f"The shape {shape} contradicts {self}.")
        return exact(name)

    # -- values ----------------------------------------------------------------------------------

    def filter(
        self, data: Any, strict: bool = False, allow_downcast: bool | None = None
    ) -> np.ndarray:
        """Return ``data`` as an array of this type, or explain why it is none.

        Parameters
        ----------
        data : array_like
            The value.
        strict : bool
            Take only an array that has the dtype already.
        allow_downcast : bool, optional
            True casts whatever comes; False casts only without loss; None, the default, is False
            but for Python and NumPy floats, which may lose digits on the way to ``config.floatX``.

        Examples
        --------
        >>> TensorType("float64", shape=(None,)).filter([1, 2])
        array([1., 2.])
        """
        if isinstance(data, Variable):
            raise TypeError(
                f"Expected a value for {self}, got the symbolic variable {data}. "
                "Values have numbers; use `givens` to put one variable in the place of another."
            )
        array = as_array_of(self.numpy_dtype, data, strict, allow_downcast, config.floatX)
        if array.ndim != self.ndim:
            raise TypeError(
                f"Wrong number of dimensions: expected {self.ndim} for {self}, "
                f"got {array.ndim} with shape {array.shape}."
            )
        for axis, (wanted, got) in enumerate(zip(self.shape, array.shape, strict=True)):
            if wanted is not None and wanted != got:
                raise TypeError(
                    f"Wrong length of axis {axis}: expected {wanted} for {self}, got {got} "
                    f"in an array of shape {array.shape}."
                )
        if self.filter_checks_isfinite and not np.isfinite(array).all():
            raise ValueError(f"Non-finite elements are not allowed in {self}.")
        return array

    @staticmethod
    def values_eq(a: Any, b: Any, force_same_dtype: bool = True) -> bool:  # type: ignore[override]
        """Whether two values are equal, element for element; NaN equals NaN."""
        return values_eq(a, b, force_same_dtype)

    @staticmethod
    def values_eq_approx(
        a: Any,
        b: Any,
        allow_remove_inf: bool = False,
        allow_remove_nan: bool = False,
        rtol: float | None = None,
        atol: float | None = None,
    ) -> bool:
        """Whether two values are equal up to rounding; see `pytensorlite.tensor.values`."""
        return values_eq_approx(a, b, allow_remove_inf, allow_remove_nan, rtol, atol)

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether two values may overlap in memory."""
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)

    def get_shape_info(self, obj: Any) -> tuple[int, ...]:
        """Return what `get_size` needs to know of a value."""
        return obj.shape

    def get_size(self, shape_info: tuple[int, ...]) -> int:
        """Return the bytes a value of this shape takes."""
        return int(np.prod(shape_info, dtype=np.int64)) * self.numpy_dtype.itemsize

    # -- other types and variables -----------------------------------------------------------------

    def to_scalar_type(self) -> ScalarType:
        """Return the scalar type of one element."""
        return get_scalar_type(self.dtype)

    def in_same_class(self, otype: Any) -> bool:
        """Whether the other type has this dtype and rank, and broadcasts in the same dimensions."""
        return (
            isinstance(otype, TensorType)
            and otype.dtype == self.dtype
            and otype.broadcastable == self.broadcastable
        )

    def is_super(self, otype: Any) -> bool:
        """Whether every value of the other type is a value of this one."""
        if otype is self:
            return True
        return (
            isinstance(otype, TensorType)
            and otype.dtype == self.dtype
            and otype.ndim == self.ndim
            and builtins.all(
                mine is None or mine == other
                for mine, other in zip(self.shape, otype.shape, strict=True)
            )
        )

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Any:
        """Return a variable of this type that stands for ``other``, or raise ``TypeError``.

        Values become constants; a variable whose static shape says less is given this one's.
        """
        if not isinstance(other, Variable):
            other = self.constant_type(type=self, data=self.filter(other))
        if self.is_super(other.type):
            return other
        if allow_convert:
            converted = self.convert_variable(other)
            if converted is not None:
                return converted
        raise TypeError(
            f"Cannot convert {other}, which is of type {other.type}, to {self}. "
            "Convert it yourself, for example with `pytensorlite.tensor.cast` or by adding or "
            "dropping dimensions, before it takes this place."
        )

    def convert_variable(self, var: Any) -> Any:
        """Return ``var`` with this type's static shape, or None if the types cannot agree."""
        if self.is_super(var.type):
            return var
        if not isinstance(var.type, TensorType) or var.type.dtype != self.dtype:
            return None
        if var.type.ndim != self.ndim or builtins.any(
            None not in pair and pair[0] != pair[1]
            for pair in zip(self.shape, var.type.shape, strict=True)
        ):
            return None
        return var.specify_shape(self.shape)

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        return type(other) is type(self) and (self.dtype, self.shape) == (other.dtype, other.shape)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.dtype, self.shape))

    def __repr__(self) -> str:
        return f"TensorType({self.dtype}, shape={self.shape})"

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        lengths = ", ".join("?" if length is None else str(length) for length in self.shape)
        rank = _RANK_NAMES[self.ndim] if self.ndim < 3 else f"Tensor{self.ndim}"
        return f"{rank}({self.dtype}, shape=({lengths}{',' if self.ndim == 1 else ''}))"


# The dense tensor is the only kind there is; PyTensor tells it from others by this name.
DenseTensorType = TensorType


@cache
def tensor_type(dtype: str, shape: tuple[int | None, ...]) -> TensorType:
    """Return the type of this dtype and shape, one object for all who ask.

    Building graphs asks for the same few types again and again; they never change.
    """
    return TensorType(dtype, shape)


@cache
def dtype_name(dtype: np.dtype) -> str:
    """Return the name of a dtype, whatever its byte order."""
    return dtype.newbyteorder("=").name


def _supported_dtype(dtype: Any) -> str:
    if dtype is None:
        raise TypeError('TensorType needs a dtype, for example "float64" or "floatX".')
    if isinstance(dtype, str) and dtype == "floatX":
        return config.floatX
    try:
        name = dtype_name(np.dtype(dtype))
    except TypeError as error:
        raise TypeError(f"Invalid dtype: {dtype!r}. NumPy does not know it.") from error
    if name not in all_dtypes:
        raise TypeError(
            f"Unsupported dtype for TensorType: {name}. Supported: {', '.join(all_dtypes)}."
        )
    return name


def _static_shape(shape: Any) -> tuple[int | None, ...]:
    if shape is None:
        raise TypeError(
            "TensorType needs a shape, one length (or None) per dimension; for example "
            "shape=(None, 3)."
        )
    if isinstance(shape, int | np.integer) and not isinstance(shape, bool):
        shape = (shape,)
    return tuple(_static_length(length) for length in shape)


def _static_length(length: Any) -> int | None:
    if length is None:
        return None
    if isinstance(length, bool | np.bool_):
        return 1 if length else None
    if isinstance(length, int | np.integer) or (
        isinstance(length, np.ndarray) and length.ndim == 0
    ):
        if length < 0:
            raise ValueError(
                f"A static length cannot be negative, got {length}; use None if it is free."
            )
        return int(length)
    raise ValueError(
        f"Each static length must be an integer, a boolean or None, got {length!r} "
        f"of {type(length).__name__}. A symbolic length is None here; see `specify_shape`."
    )


# -- variables in one word ------------------------------------------------------------------------


def tensor(
    name: str | None = None, *, dtype: Any = None, shape: Any = None, **kwargs: Any
) -> TensorVariable:
    """Return a new symbolic array.

    Parameters
    ----------
    name : str, optional
        What it is called in printed graphs, in errors and in keyword calls.
    dtype : str or numpy.dtype, optional
        ``config.floatX`` unless given.
    shape : tuple of (int or None)
        Static lengths; ``None`` where a length is free.
    **kwargs
        ``broadcastable``, PyTensor's old way to say ``shape``.

    Examples
    --------
    >>> tensor("x", shape=(None, 3), dtype="float32").type
    TensorType(float32, shape=(None, 3))
    """
    if isinstance(name, str) and name in (*all_dtypes, "floatX"):
        raise ValueError(
            f"The positional argument of tensor is the name, and {name!r} looks like a dtype. "
            f'Write tensor("x", dtype={name!r}, shape=...).'
        )
    return TensorType("floatX" if dtype is None else dtype, shape, **kwargs)(name)


def scalar(name: str | None = None, *, dtype: Any = None) -> TensorVariable:
    """Return a new symbolic number: an array of rank 0.

    Examples
    --------
    >>> scalar("a", dtype="int64").type
    TensorType(int64, shape=())
    """
    return tensor(name, dtype=dtype, shape=())


def vector(name: str | None = None, *, dtype: Any = None, shape: Any = (None,)) -> TensorVariable:
    """Return a new symbolic vector.

    Examples
    --------
    >>> vector("v", shape=(3,)).type.shape
    (3,)
    """
    return tensor(name, dtype=dtype, shape=_of_rank(1, shape))


def matrix(
    name: str | None = None, *, dtype: Any = None, shape: Any = (None, None)
) -> TensorVariable:
    """Return a new symbolic matrix.

    Examples
    --------
    >>> matrix("X", shape=(None, 3)).type.shape
    (None, 3)
    """
    return tensor(name, dtype=dtype, shape=_of_rank(2, shape))


def row(name: str | None = None, *, dtype: Any = None, shape: Any = (1, None)) -> TensorVariable:
    """Return a new symbolic matrix of one row, which broadcasts over rows.

    Examples
    --------
    >>> row("r").type.shape
    (1, None)
    """
    shape = _of_rank(2, shape)
    if shape[0] != 1:
        raise ValueError(f"The first dimension of a row must have length 1, got {shape[0]}.")
    return tensor(name, dtype=dtype, shape=shape)


def col(name: str | None = None, *, dtype: Any = None, shape: Any = (None, 1)) -> TensorVariable:
    """Return a new symbolic matrix of one column, which broadcasts over columns.

    Examples
    --------
    >>> col("c").type.shape
    (None, 1)
    """
    shape = _of_rank(2, shape)
    if shape[1] != 1:
        raise ValueError(f"The second dimension of a col must have length 1, got {shape[1]}.")
    return tensor(name, dtype=dtype, shape=shape)


def _of_rank(ndim: int, shape: Any) -> tuple:
    if not isinstance(shape, tuple | list) or len(shape) != ndim:
        raise ValueError(f"Shape must be a tuple of length {ndim}, got {shape!r}.")
    return tuple(shape)


def _of_fixed_rank(ndim: int) -> Callable[..., TensorVariable]:
    """Return ``tensor3`` and its sisters."""

    def make(
        name: str | None = None, *, dtype: Any = None, shape: Any = (None,) * ndim
    ) -> TensorVariable:
        return tensor(name, dtype=dtype, shape=_of_rank(ndim, shape))

    make.__name__ = make.__qualname__ = f"tensor{ndim}"
    make.__doc__ = f"Return a new symbolic array of rank {ndim}."
    return make


tensor3, tensor4, tensor5, tensor6, tensor7 = map(_of_fixed_rank, range(3, 8))


def _plural(make: Callable[..., TensorVariable]) -> Callable[..., list[TensorVariable]]:
    """Return the function that makes several: ``scalars("a", "b")`` or ``scalars(2)``."""

    def make_several(*names: Any) -> list[TensorVariable]:
        if len(names) == 1 and isinstance(names[0], int):
            return [make() for _ in range(names[0])]
        return [make(name) for name in names]

    make_several.__doc__ = "Return several new variables, by their names or by their number."
    return make_several


scalars, vectors, rows, cols, matrices = map(_plural, (scalar, vector, row, col, matrix))
tensor3s, tensor4s, tensor5s, tensor6s, tensor7s = map(
    _plural, (tensor3, tensor4, tensor5, tensor6, tensor7)
)


@cache
def _types_of(dtype: str) -> tuple[TensorType, ...]:
    shapes: list[tuple[int | None, ...]] = [(), (None,), (1, None), (None, 1)]
    shapes += [(None,) * ndim for ndim in range(2, 8)]
    return tuple(tensor_type(dtype, shape) for shape in shapes)


def _plurals_of(dtype: str) -> Iterable[Callable[..., list[TensorVariable]]]:
    return map(_plural, _types_of(dtype))


# One letter per dtype, as BLAS has it: b w i l for integers, f d for floats, c z for complex numbers.
# fmt: off
bscalar, bvector, brow, bcol, bmatrix, btensor3, btensor4, btensor5, btensor6, btensor7 = _types_of("int8")
wscalar, wvector, wrow, wcol, wmatrix, wtensor3, wtensor4, wtensor5, wtensor6, wtensor7 = _types_of("int16")
iscalar, ivector, irow, icol, imatrix, itensor3, itensor4, itensor5, itensor6, itensor7 = _types_of("int32")
lscalar, lvector, lrow, lcol, lmatrix, ltensor3, ltensor4, ltensor5, ltensor6, ltensor7 = _types_of("int64")
fscalar, fvector, frow, fcol, fmatrix, ftensor3, ftensor4, ftensor5, ftensor6, ftensor7 = _types_of("float32")
dscalar, dvector, drow, dcol, dmatrix, dtensor3, dtensor4, dtensor5, dtensor6, dtensor7 = _types_of("float64")
cscalar, cvector, crow, ccol, cmatrix, ctensor3, ctensor4, ctensor5, ctensor6, ctensor7 = _types_of("complex64")
zscalar, zvector, zrow, zcol, zmatrix, ztensor3, ztensor4, ztensor5, ztensor6, ztensor7 = _types_of("complex128")
bscalars, bvectors, brows, bcols, bmatrices, btensor3s, btensor4s, btensor5s, btensor6s, btensor7s = _plurals_of("int8")
wscalars, wvectors, wrows, wcols, wmatrices, wtensor3s, wtensor4s, wtensor5s, wtensor6s, wtensor7s = _plurals_of("int16")
iscalars, ivectors, irows, icols, imatrices, itensor3s, itensor4s, itensor5s, itensor6s, itensor7s = _plurals_of("int32")
lscalars, lvectors, lrows, lcols, lmatrices, ltensor3s, ltensor4s, ltensor5s, ltensor6s, ltensor7s = _plurals_of("int64")
fscalars, fvectors, frows, fcols, fmatrices, ftensor3s, ftensor4s, ftensor5s, ftensor6s, ftensor7s = _plurals_of("float32")
dscalars, dvectors, drows, dcols, dmatrices, dtensor3s, dtensor4s, dtensor5s, dtensor6s, dtensor7s = _plurals_of("float64")
cscalars, cvectors, crows, ccols, cmatrices, ctensor3s, ctensor4s, ctensor5s, ctensor6s, ctensor7s = _plurals_of("complex64")
zscalars, zvectors, zrows, zcols, zmatrices, ztensor3s, ztensor4s, ztensor5s, ztensor6s, ztensor7s = _plurals_of("complex128")
# fmt: on
# Unsigned and boolean numbers have only these few short names.
ubscalar, uwscalar, uiscalar, ulscalar = (tensor_type(dtype, ()) for dtype in uint_dtypes)

int_scalar_types = int_types = (bscalar, wscalar, iscalar, lscalar)
int_vector_types = (bvector, wvector, ivector, lvector)
int_matrix_types = (bmatrix, wmatrix, imatrix, lmatrix)
float_scalar_types = float_types = (fscalar, dscalar)
float_vector_types = (fvector, dvector)
float_matrix_types = (fmatrix, dmatrix)
complex_scalar_types = complex_types = (cscalar, zscalar)
complex_vector_types = (cvector, zvector)
complex_matrix_types = (cmatrix, zmatrix)

_RANKS = (
    "scalar",
    "vector",
    "row",
    "col",
    "matrix",
    "tensor3",
    "tensor4",
    "tensor5",
    "tensor6",
    "tensor7",
)
_PLURALS = tuple("matrices" if rank == "matrix" else rank + "s" for rank in _RANKS)

__all__ = sorted(
    ["TensorType", "tensor", "values_eq_approx_always_true"]
    + [letter + name for letter in ("", *"bwilfdcz") for name in _RANKS + _PLURALS]
    + [f"{kind}_types" for kind in ("int", "float", "complex")]
    + [
        f"{kind}_{rank}_types"
        for kind in ("int", "float", "complex")
        for rank in ("scalar", "vector", "matrix")
    ]
)
