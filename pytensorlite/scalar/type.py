"""`ScalarType`, the type of symbolic numbers, with its variables and constants.

A scalar variable is what a tensor is made of: ops of the table apply to it directly, so a
derivative rule, a test or a fused loop body can be written and run without any array. The operators
look their op up in the table by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, singledispatch
from typing import Any

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.type import Type
from pytensorlite.scalar import dtypes as names
from pytensorlite.scalar.dtypes import convert, kind, upcast
from pytensorlite.scalar.table import ROWS


class ScalarType(Type):
    """The type of numbers of one dtype.

    Parameters
    ----------
    dtype : str
        A NumPy dtype name, or ``"floatX"`` for ``config.floatX``.

    Examples
    --------
    >>> x = ScalarType("float64")("x")
    >>> (x + 1).type
    ScalarType(float64)
    """

    __props__ = ("dtype",)
    ndim = 0
    shape = ()
    broadcastable = ()

    def __init__(self, dtype: Any) -> None:
        dtype = config.floatX if isinstance(dtype, str) and dtype == "floatX" else dtype
        self.dtype = str(np.dtype(dtype))
        if self.dtype not in names.all_dtypes:
            raise TypeError(f"expected one of {', '.join(names.all_dtypes)}, got {dtype!r}")
        self.numpy_dtype = np.dtype(self.dtype)

    def clone(self, dtype: Any = None, **kwargs: Any) -> ScalarType:
        """Return the type of the same kind with another dtype."""
        return type(self)(self.dtype if dtype is None else dtype)

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return `data` as a NumPy scalar of this dtype.

        A value that the dtype cannot hold raises TypeError unless `allow_downcast`; with
        ``allow_downcast=None`` a Python float is also accepted by ``config.floatX``.
        """
        if isinstance(data, Variable):
            raise TypeError(f"expected a number for {self}, got the variable {data}")
        if isinstance(data, self.numpy_dtype.type):
            return data
        if strict:
            raise TypeError(f"expected a numpy.{self.dtype}, got {data!r} of {type(data)}")
        array = np.asarray(data)
        if array.ndim:
            raise TypeError(f"expected a number for {self}, got an array of shape {array.shape}")
        loses_imaginary_part = array.dtype.kind == "c" and self.numpy_dtype.kind != "c"
        if array.dtype.kind not in "biufc" or loses_imaginary_part:
            raise TypeError(f"expected a number for {self}, got {data!r}")
        with np.errstate(all="ignore"):
            converted = array.astype(self.numpy_dtype)
        is_free = allow_downcast or (
            allow_downcast is None and isinstance(data, float) and self.dtype == config.floatX
        )
        if is_free or self._keeps(array, converted):
            return converted[()]
        raise TypeError(
            f"expected a value that {self.dtype} holds exactly, got {data!r} of {array.dtype}; "
            "cast it, or pass allow_downcast=True"
        )

    def _keeps(self, array: np.ndarray, converted: np.ndarray) -> bool:
        if np.can_cast(array.dtype, self.numpy_dtype, "safe"):
            return True
        return bool(array == converted) or bool(array != array and converted != converted)

    def is_super(self, otype: Type) -> bool:
        """Whether every value of `otype` is a value of this type."""
        return self == otype

    def in_same_class(self, otype: Type) -> bool:
        """Whether `otype` is the same type."""
        return self == otype

    @classmethod
    def values_eq(cls, a: Any, b: Any) -> bool:
        """Whether two values are the same number; NaN equals NaN."""
        return bool(a == b) or bool(a != a and b != b)

    @classmethod
    def values_eq_approx(cls, a: Any, b: Any, tolerance: float = 1e-4) -> bool:
        """Whether two values agree up to a relative `tolerance`."""
        return bool(np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))

    def upcast(self, *others: ScalarType) -> str:
        """Return the smallest dtype that holds this type and `others`."""
        return upcast(self.dtype, *(other.dtype for other in others))

    def make_variable(self, name: str | None = None) -> ScalarVariable:
        """Return a fresh input of this type."""
        return ScalarVariable(self, None, name=name)

    def make_constant(self, value: Any, name: str | None = None) -> ScalarConstant:
        """Return the constant `value`."""
        return ScalarConstant(type=self, data=value, name=name)

    def __repr__(self) -> str:
        return f"ScalarType({self.dtype})"

    def __str__(self) -> str:
        return self.dtype

    def __reduce__(self) -> Any:
        return get_scalar_type, (self.dtype,)


@cache
def get_scalar_type(dtype: str) -> ScalarType:
    """Return the one `ScalarType` of `dtype`.

    >>> get_scalar_type("int8") is get_scalar_type("int8")
    True
    """
    return ScalarType(dtype)


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Any, *others: Any) -> Any:
        return ROWS[name](self, *others)

    method.__doc__ = f"Apply `{name}` of the op table."
    return method


def _swapped_operator(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        return ROWS[name](other, self)

    method.__doc__ = f"Apply `{name}` of the op table with the operands swapped."
    return method


class ScalarVariable(Variable):
    """A symbolic number. Comparisons other than ``==`` and ``!=`` build graphs, as in PyTensor."""

    # NumPy scalars on the left must leave the operator to us.
    __array_ufunc__ = None

    __abs__ = _operator("abs")
    __neg__ = _operator("neg")
    __invert__ = _operator("invert")
    __add__ = _operator("add")
    __sub__ = _operator("sub")
    __mul__ = _operator("mul")
    __truediv__ = _operator("true_div")
    __floordiv__ = _operator("int_div")
    __mod__ = _operator("mod")
    __pow__ = _operator("pow")
    __and__ = _operator("and_")
    __or__ = _operator("or_")
    __xor__ = _operator("xor")
    __lshift__ = _operator("left_shift")
    __rshift__ = _operator("right_shift")
    __lt__ = _operator("lt")
    __le__ = _operator("le")
    __gt__ = _operator("gt")
    __ge__ = _operator("ge")
    __radd__ = _swapped_operator("add")
    __rsub__ = _swapped_operator("sub")
    __rmul__ = _swapped_operator("mul")
    __rtruediv__ = _swapped_operator("true_div")
    __rfloordiv__ = _swapped_operator("int_div")
    __rmod__ = _swapped_operator("mod")
    __rpow__ = _swapped_operator("pow")
    __rand__ = _swapped_operator("and_")
    __ror__ = _swapped_operator("or_")
    __rxor__ = _swapped_operator("xor")

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """Zero."""
        return 0

    @property
    def shape(self) -> tuple[()]:
        """Nothing: a number has no axes."""
        return ()

    def _has_no_value(self) -> Any:
        raise TypeError(
            f"expected a number, got the symbolic {self.type} {self}, whose value is known only "
            "when a function runs; try .eval(), or switch(condition, a, b) for a choice"
        )

    __bool__ = __index__ = __int__ = __float__ = __complex__ = _has_no_value

    def zeros_like(self, dtype: str | None = None) -> Any:
        """Return a zero of this variable's dtype (or of `dtype`) that depends on it."""
        return ROWS["second"](self, constant(0, dtype=dtype or self.type.dtype))

    def ones_like(self, dtype: str | None = None) -> Any:
        """Return a one of this variable's dtype (or of `dtype`) that depends on it."""
        return ROWS["second"](self, constant(1, dtype=dtype or self.type.dtype))

    def astype(self, dtype: str) -> Any:
        """Return this number in another dtype."""
        return _in_dtype(self, str(np.dtype(config.floatX if dtype == "floatX" else dtype)))

    @property
    def real(self) -> Any:
        """The real part."""
        return ROWS["real"](self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return ROWS["imag"](self)


class ScalarConstant(ScalarVariable, Constant):
    """A number in a graph."""

    def __init__(self, type: ScalarType, data: Any, name: str | None = None) -> None:
        Constant.__init__(self, type, data, name)


ScalarType.variable_type = ScalarVariable
ScalarType.constant_type = ScalarConstant


def constant(x: Any, name: str | None = None, dtype: str | None = None) -> ScalarConstant:
    """Return the number `x` as a constant, of the smallest dtype that fits unless `dtype` is given.

    >>> constant(3).type, constant(0.5, dtype="float64").type
    (ScalarType(int8), ScalarType(float64))
    """
    value = convert(x, dtype)
    if value.ndim:
        raise TypeError(f"expected a number, got an array of shape {value.shape}")
    return get_scalar_type(str(value.dtype)).make_constant(value[()], name)


@singledispatch
def scalar_of(type: Any, variable: Variable) -> ScalarVariable:
    """Return `variable`, which has this `type`, as a scalar variable; floors above register how."""
    raise TypeError(f"expected a number, got {variable} of type {type}")


def as_scalar(x: Any, name: str | None = None) -> ScalarVariable:
    """Return `x`, a number, scalar variable or node, as a scalar variable.

    >>> as_scalar(2.0).type
    ScalarType(float32)
    """
    if isinstance(x, ScalarVariable):
        return x
    if not isinstance(x, Variable) and hasattr(x, "default_output"):
        return as_scalar(x.default_output())
    if isinstance(x, Variable):
        return scalar_of(x.type, x)
    try:
        return constant(x, name)
    except (TypeError, ValueError) as error:
        raise TypeError(f"expected a number, got {x!r} of {type(x)}") from error


def as_common_dtype(*variables: Any) -> tuple:
    """Return `variables` cast to the smallest dtype that holds all of them."""
    dtype = upcast(*(variable.type.dtype for variable in variables))
    return tuple(_in_dtype(variable, dtype) for variable in variables)


def _in_dtype(variable: Any, dtype: str) -> Any:
    return variable if variable.type.dtype == dtype else ROWS[f"convert_to_{dtype}"](variable)


def _types(dtypes: tuple[str, ...]) -> tuple[ScalarType, ...]:
    return tuple(map(get_scalar_type, dtypes))


int_types = _types(names.int_dtypes)
uint_types = _types(names.uint_dtypes)
float_types = _types(names.float_dtypes)
complex_types = _types(names.complex_dtypes)
integer_types = int_types + uint_types
discrete_types = (get_scalar_type("bool"), *integer_types)
continuous_types = float_types + complex_types
all_types = discrete_types + continuous_types


def is_discrete(variable: Any) -> bool:
    """Whether a variable's dtype is bool or an integer, so that no derivative passes it."""
    return kind(variable.type.dtype) in "biu"
