"""`Type`: the set of values that a variable may have."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.utils import MetaObject, get_variable_trace_string

D = TypeVar("D")


class Type(MetaObject, Generic[D]):
    """A set of values, with the rules by which data gets into it.

    A subclass defines `filter`; what else it needs has defaults.  Types are equal by ``__props__``.

    Examples
    --------
    >>> class Text(Type):
    ...     __props__ = ()
    ...
    ...     def filter(self, data, strict=False, allow_downcast=None):
    ...         return str(data)
    >>> Text()("greeting")
    greeting
    """

    variable_type: ClassVar[Any] = Variable
    constant_type: ClassVar[Any] = Constant

    def in_same_class(self, otype: Type) -> bool:
        """Whether `otype` is the same kind of type, such as the same dtype and rank."""
        return self == otype

    def is_super(self, otype: Type) -> bool:
        """Whether every value of `otype` is also a value of this type."""
        return self.in_same_class(otype)

    @abstractmethod
    def filter(self, data: D, strict: bool = False, allow_downcast: bool | None = None) -> D:
        """Return `data`, or an equal value of this type.

        Parameters
        ----------
        data : object
            The candidate.
        strict : bool
            Refuse whatever is not of this type already.
        allow_downcast : bool or None
            Whether precision may be lost; None leaves it to the type.

        Raises
        ------
        TypeError
            If that is impossible.
        """

    def filter_inplace(
        self, value: D, storage: Any, strict: bool = False, allow_downcast: bool | None = None
    ) -> D:
        """Return `value` written into `storage`, for types that can do that."""
        raise NotImplementedError()

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Variable:
        """Return `other` as a variable of this type.

        Parameters
        ----------
        other : Variable or object
            Data that is no variable becomes a constant.
        allow_convert : bool
            Whether an op that converts the value may be applied.

        Raises
        ------
        TypeError
            If the types do not fit.
        """
        if not isinstance(other, Variable):
            other = self.constant_type(type=self, data=other)
        if not self.is_super(other.type) and allow_convert:
            converted = self.convert_variable(other)
            if converted is not None:
                return converted
        if not self.is_super(other.type):
            raise TypeError(
                f"Cannot convert Type {other.type} (of Variable {other}) into Type {self}. "
                f"You can try to manually convert {other} into a {self}."
                f"{get_variable_trace_string(other)}"
            )
        return other

    def convert_variable(self, var: Variable) -> Variable | None:
        """Return `var` converted to this type, or None if there is no way."""
        return var if self.is_super(var.type) else None

    def is_valid_value(self, data: D, strict: bool = True) -> bool:
        """Whether `filter` would accept `data`."""
        try:
            self.filter(data, strict=strict)
        except (TypeError, ValueError):
            return False
        return True

    def make_variable(self, name: str | None = None) -> Variable:
        """Return a new variable of this type."""
        return self.variable_type(self, None, name=name)

    def make_constant(self, value: D, name: str | None = None) -> Constant:
        """Return `value` as a constant of this type."""
        return self.constant_type(type=self, data=value, name=name)

    def clone(self, *args: Any, **kwargs: Any) -> Type:
        """Return a type of the same class made from other arguments."""
        return type(self)(*args, **kwargs)

    def __call__(self, name: str | None = None) -> Variable:
        """Return a new variable of this type."""
        return self.make_variable(name)

    @classmethod
    def values_eq(cls, a: D, b: D) -> bool:
        """Whether two values are equal."""
        return bool(a == b)

    @classmethod
    def values_eq_approx(cls, a: D, b: D) -> bool:
        """Whether two values are equal up to rounding."""
        return cls.values_eq(a, b)


DataType = TypeVar("DataType", bound=str)


@runtime_checkable
class HasDataType(Protocol):
    """A type or variable with a ``dtype``."""

    dtype: str


@runtime_checkable
class HasShape(Protocol):
    """A type or variable with a static ``shape``."""

    ndim: int
    shape: tuple[int | None, ...]


__all__ = ["Constant", "D", "DataType", "HasDataType", "HasShape", "Type", "Variable"]
