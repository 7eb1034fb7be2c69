"""Classes of values that are their fields, made in a twentieth of the time a dataclass takes.

The loop language and the scheduler have thirty of them, which every process that compiles something
makes first: as frozen dataclasses with slots they took 20 ms, as much as all the work of rewriting
and scheduling a small program.  A dataclass compiles six methods for each class and makes it twice;
here ``__init__`` is compiled once for all classes with as many fields, and the other methods are
the same functions for all.
"""

from __future__ import annotations

import functools
from operator import attrgetter
from types import FunctionType
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["as_dict", "immutable", "record", "replace"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def immutable(cls: type[T]) -> type[T]:
    """Make a class of its annotations: fields, compared and hashed by value, never changed.

    What a field is in the class is its default.

    Examples
    --------
    >>> @immutable
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), replace(Point(1), y=2)
    (Point(x=1, y=0), True, Point(x=1, y=2))
    >>> Point(1).x = 2
    Traceback (most recent call last):
    AttributeError: a Point cannot be changed
    """
    return _made(cls, _VALUE)


@dataclass_transform(eq_default=False)
def record(cls: type[T]) -> type[T]:
    """Make a class of its annotations: fields that may change, compared by identity.

    Examples
    --------
    >>> @record
    ... class Counter:
    ...     count: int = 0
    >>> counter = Counter()
    >>> counter.count += 1
    >>> counter, counter == Counter(1)
    (Counter(count=1), False)
    """
    return _made(cls, _RECORD)


def as_dict(value: Any) -> dict[str, Any]:
    """Return the fields of an immutable value by name."""
    return {name: getattr(value, name) for name in type(value).__match_args__}


def replace(value: T, **changes: Any) -> T:
    """Return a copy of an immutable value with some fields changed."""
    return type(value)(**{**as_dict(value), **changes})


def _made(cls: type[T], shared: dict[str, Any]) -> type[T]:
    """Return the class with its annotations as slots, and the methods that all have."""
    names = tuple(cls.__annotations__)
    own = {
        name: value
        for name, value in vars(cls).items()
        if name not in ("__dict__", "__weakref__", *names)
    }
    get = attrgetter(*names)
    made: Any = type(
        cls.__name__, cls.__bases__, {**shared, **own, "__slots__": names, "__match_args__": names}
    )
    made._fields = get if len(names) > 1 else lambda self: (get(self),)
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    made.__init__ = _initializer(made, names, defaults)
    return made


def _initializer(cls: type, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """Return ``__init__``; only the slots themselves may be written to."""
    if names[len(names) - len(defaults) :] != tuple(defaults):
        raise TypeError(f"{cls.__name__} has a field without a default after one that has it")
    code = _initializer_of(len(names)).__code__.replace(co_varnames=("self", *names))
    setters = {f"set_{i}": vars(cls)[name].__set__ for i, name in enumerate(names)}
    return FunctionType(code, setters, "__init__", tuple(defaults.values()))


@functools.cache
def _initializer_of(count: int) -> Any:
    """Return an ``__init__`` of so many fields, compiled once for all classes that have as many."""
    fields = [f"field_{i}" for i in range(count)]
    body = "; ".join(f"set_{i}(self, {field})" for i, field in enumerate(fields))
    made: dict[str, Any] = {}
    exec(f"def __init__(self, {', '.join(fields)}): {body}", made)
    return made["__init__"]


# -- what all of them share ------------------------------------------------------------------------


def _equal(self: Any, other: Any) -> bool:
    if type(other) is not type(self):
        return NotImplemented
    return type(self)._fields(self) == type(self)._fields(other)


def _hash(self: Any) -> int:
    return hash(type(self)._fields(self))


def _show(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({fields})"


def _refuse(self: Any, *_: object) -> NoReturn:
    raise AttributeError(f"a {type(self).__name__} cannot be changed")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), type(self)._fields(self)


_RECORD = {"__repr__": _show, "__reduce__": _reduce}
_VALUE = {
    **_RECORD, "__eq__": _equal, "__hash__": _hash, "__setattr__": _refuse, "__delattr__": _refuse
}  # fmt: skip
