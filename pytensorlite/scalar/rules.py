"""Dtype rules: from the dtypes of an op's inputs to the dtype of its output.

A rule is written on dtype names, one line of policy each, and refuses what it does not support
with a `TypeError`. The decorator gives it PyTensor's calling convention on top: called with scalar
types, it returns a tuple of scalar types; ``rule.dtype(*names)`` is the plain function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensorlite.configdefaults import config
from pytensorlite.scalar.dtypes import (
    float_counterpart,
    kind,
    real_part_dtype,
    upcast,
)
from pytensorlite.scalar.type import ScalarType, get_scalar_type


class DtypeRule:
    """A named function from input dtypes to the output dtype.

    Parameters
    ----------
    function : callable
        Takes dtype names, returns a dtype name, raises TypeError for what it does not support.

    Examples
    --------
    >>> upgrade_to_float.dtype("int8")
    'float32'
    >>> upgrade_to_float(get_scalar_type("int64"))
    (ScalarType(float64),)
    """

    def __init__(self, function: Callable[..., str]) -> None:
        self.dtype = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *types: ScalarType) -> tuple[ScalarType, ...]:
        return (get_scalar_type(self.dtype(*(type.dtype for type in types))),)

    def __repr__(self) -> str:
        return self.__name__

    def __reduce__(self) -> Any:
        return self.__name__


class specific_out:
    """The rule that answers with the given types whatever the inputs are."""

    def __init__(self, *types: ScalarType) -> None:
        self.types = types

    def __call__(self, *types: ScalarType) -> tuple[ScalarType, ...]:
        return self.types

    def dtype(self, *dtypes: str) -> str:
        """Return the dtype of the first given type."""
        return self.types[0].dtype

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.types == other.types  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.types))


def _refuse(kinds: str, dtypes: tuple[str, ...], remedy: str) -> None:
    """Raise if any of `dtypes` is of one of `kinds`."""
    for dtype in dtypes:
        if kind(dtype) in kinds:
            raise TypeError(f"expected other dtypes, got {', '.join(dtypes)}; {remedy}")


_TAKE_REAL = "complex numbers have no order here: take abs, real or imag first"
_CAST_BOOL = "bool has no such operation: use xor, invert, or cast to an integer"


# -- the dtype stays ---------------------------------------------------------------------------


@DtypeRule
def same_out(dtype: str) -> str:
    """Whatever comes in."""
    return dtype


@DtypeRule
def same_out_nobool(dtype: str) -> str:
    """Whatever comes in, but bool."""
    _refuse("b", (dtype,), _CAST_BOOL)
    return dtype


@DtypeRule
def same_out_nocomplex(dtype: str) -> str:
    """Whatever comes in, but complex."""
    _refuse("c", (dtype,), _TAKE_REAL)
    return dtype


@DtypeRule
def same_out_min8(dtype: str) -> str:
    """Whatever comes in; bool becomes int8."""
    return "int8" if dtype == "bool" else dtype


@DtypeRule
def same_out_signed(dtype: str) -> str:
    """Whatever comes in, but neither bool nor complex."""
    _refuse("b", (dtype,), _CAST_BOOL)
    _refuse("c", (dtype,), _TAKE_REAL)
    return dtype


@DtypeRule
def same_out_float_only(dtype: str) -> str:
    """A real float, unchanged."""
    _refuse("biuc", (dtype,), "cast to a float first")
    return dtype


@DtypeRule
def same_out_discrete(dtype: str) -> str:
    """A bool or an integer, unchanged."""
    _refuse("fc", (dtype,), "bits are defined for bool and integers: cast first")
    return dtype


@DtypeRule
def real_out(dtype: str) -> str:
    """The dtype of the real part."""
    return real_part_dtype(dtype)


@DtypeRule
def real_float_out(dtype: str) -> str:
    """The float of the real part; integers become float64, as in NumPy's ``angle``."""
    return real_part_dtype(dtype) if kind(dtype) in "fc" else "float64"


# -- the smallest dtype that holds all -----------------------------------------------------------


@DtypeRule
def upcast_out(*dtypes: str) -> str:
    """The smallest dtype that holds all inputs."""
    return upcast(*dtypes)


@DtypeRule
def upcast_out_nobool(*dtypes: str) -> str:
    """The smallest dtype that holds all inputs, if that is not bool."""
    result = upcast(*dtypes)
    _refuse("b", (result,), _CAST_BOOL)
    return result


@DtypeRule
def upcast_out_min8(*dtypes: str) -> str:
    """The smallest dtype that holds all inputs; bool becomes int8."""
    result = upcast(*dtypes)
    return "int8" if result == "bool" else result


@DtypeRule
def upcast_out_no_complex(*dtypes: str) -> str:
    """The smallest dtype that holds all inputs, none of them complex."""
    _refuse("c", dtypes, _TAKE_REAL)
    return upcast(*dtypes)


@DtypeRule
def upcast_discrete(*dtypes: str) -> str:
    """The smallest integer (or bool) that holds all inputs, none of them a float."""
    _refuse("fc", dtypes, "bits are defined for bool and integers: cast first")
    result = upcast(*dtypes)
    _refuse("f", (result,), "no integer holds both int64 and uint64: cast one of them")
    return result


@DtypeRule
def upcast_integer(*dtypes: str) -> str:
    """The smallest integer that holds all inputs, none of them bool or a float."""
    _refuse("bfc", dtypes, "only integers are supported: cast first")
    result = upcast(*dtypes)
    _refuse("f", (result,), "no integer holds both int64 and uint64: cast one of them")
    return result


@DtypeRule
def upcast_branches(condition: str, *dtypes: str) -> str:
    """The smallest dtype that holds the branches; the condition does not count."""
    return upcast(*dtypes)


@DtypeRule
def last_out(*dtypes: str) -> str:
    """The dtype of the last input."""
    return dtypes[-1]


@DtypeRule
def first_float_out(dtype: str, *others: str) -> str:
    """The float counterpart of the first input."""
    _refuse("c", (dtype,), _TAKE_REAL)
    return float_counterpart(dtype)


# -- floats ----------------------------------------------------------------------------------------


@DtypeRule
def upgrade_to_float(*dtypes: str) -> str:
    """The smallest float that holds all inputs' float counterparts."""
    return upcast(*map(float_counterpart, dtypes))


@DtypeRule
def upgrade_to_float_no_complex(*dtypes: str) -> str:
    """The smallest real float that holds all inputs' float counterparts."""
    _refuse("c", dtypes, _TAKE_REAL)
    return upcast(*map(float_counterpart, dtypes))


@DtypeRule
def upgrade_to_float64(*dtypes: str) -> str:
    """Real inputs become float64."""
    _refuse("c", dtypes, _TAKE_REAL)
    return "float64"


@DtypeRule
def true_div_out(*dtypes: str) -> str:
    """The smallest dtype that holds both; of two integers ``config.floatX``."""
    result = upcast(*dtypes)
    return config.floatX if kind(result) in "biu" else result


@DtypeRule
def order_then_float(order: str, dtype: str) -> str:
    """The float counterpart of the second input; the first is an integer order."""
    _refuse("fc", (order,), "the order must be an integer: cast it")
    _refuse("c", (dtype,), _TAKE_REAL)
    return float_counterpart(dtype)


@DtypeRule
def complex_out(*dtypes: str) -> str:
    """The complex number whose parts hold all inputs."""
    _refuse("c", dtypes, _TAKE_REAL)
    return upcast("complex64", *map(float_counterpart, dtypes))


@DtypeRule
def float_power_out(*dtypes: str) -> str:
    """float64, or complex128 if any input is complex."""
    return upcast("float64", *dtypes)


# -- fixed -----------------------------------------------------------------------------------------


@DtypeRule
def bool_out(*dtypes: str) -> str:
    """Always bool."""
    return "bool"


@DtypeRule
def bool_out_no_complex(*dtypes: str) -> str:
    """Always bool, from real inputs."""
    _refuse("c", dtypes, _TAKE_REAL)
    return "bool"


@DtypeRule
def byte_out(dtype: str) -> str:
    """Always uint8, from an integer."""
    _refuse("bfc", (dtype,), "only integers are supported: cast first")
    return "uint8"


@DtypeRule
def int_out(*dtypes: str) -> str:
    """Always int64."""
    return "int64"


@DtypeRule
def int_out_nocomplex(*dtypes: str) -> str:
    """Always int64, from real inputs."""
    _refuse("c", dtypes, _TAKE_REAL)
    return "int64"


@DtypeRule
def float_out(*dtypes: str) -> str:
    """Always float64."""
    return "float64"


@DtypeRule
def float_out_nocomplex(*dtypes: str) -> str:
    """Always float64, from real inputs."""
    _refuse("c", dtypes, _TAKE_REAL)
    return "float64"


class unary_out_lookup(dict):
    """A rule for one input as a table: input type or dtype → output type or dtype."""

    def __init__(self, type_table: dict) -> None:
        super().__init__(
            (
                get_scalar_type(getattr(key, "dtype", key)),
                get_scalar_type(getattr(value, "dtype", value)),
            )
            for key, value in type_table.items()
        )

    def __call__(self, *types: ScalarType) -> tuple[ScalarType, ...]:
        if len(types) != 1 or types[0] not in self:
            raise TypeError(f"expected one of {', '.join(map(str, self))}, got {types}")
        return (self[types[0]],)

    def dtype(self, *dtypes: str) -> str:
        """Return the output dtype's name."""
        return self(*map(get_scalar_type, dtypes))[0].dtype

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))
