"""Classes of immutable values, made in an eighth of the time that a dataclass takes.

The loop language and the scheduler have thirty of them, which every process that compiles something
makes first: as frozen dataclasses with slots they took 20 ms, as much as all the work of rewriting
and scheduling a small program.  A dataclass compiles six methods for each class and makes it twice;
here only ``__init__`` is compiled, and the others are the same functions for all.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["as_dict", "immutable", "replace"]

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
    names = tuple(cls.__annotations__)
    own = {
        name: value
        for name, value in vars(cls).items()
        if name not in ("__dict__", "__weakref__", *names)
    }
    get = attrgetter(*names)
    made: Any = type(
        cls.__name__, cls.__bases__, {**_SHARED, **own, "__slots__": names, "__match_args__": names}
    )
    made._fields = get if len(names) > 1 else lambda self: (get(self),)
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    made.__init__ = _initializer(made, names, defaults)
    return made


def as_dict(value: Any) -> dict[str, Any]:
    """Return the fields of an immutable value by name."""
    return {name: getattr(value, name) for name in type(value).__match_args__}


def replace(value: T, **changes: Any) -> T:
    """Return a copy of an immutable value with some fields changed."""
    return type(value)(**{**as_dict(value), **changes})


def _initializer(cls: type, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """Return ``__init__``; only the slots themselves may be written to."""
    parameters = [f"{name}=default_{name}" if name in defaults else name for name in names]
    body = "; ".join(f"set_{name}(self, {name})" for name in names)
    known = {f"set_{name}": vars(cls)[name].__set__ for name in names}
    known |= {f"default_{name}": value for name, value in defaults.items()}
    exec(f"def __init__(self, {', '.join(parameters)}): {body}", known)
    return known["__init__"]


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


_SHARED = {
    "__eq__": _equal, "__hash__": _hash, "__repr__": _show, "__setattr__": _refuse,
    "__delattr__": _refuse, "__reduce__": _reduce,
}  # fmt: skip
