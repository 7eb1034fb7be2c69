"""Small things every part of the graph floor leans on.

Errors that users catch by name, the `Scratchpad` behind ``variable.tag``, the metaclass that turns
``__props__`` into equality, hash and text, and the one-frame trace that remembers which line of the
user's program created a variable.  Nothing here knows what a graph is.
"""

from __future__ import annotations

import functools
import gc
import linecache
import sys
import threading
from abc import ABCMeta
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from operator import attrgetter
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

T = TypeVar("T")
F = TypeVar("F", bound=Callable)

Frame = tuple[str, int, str, "str | None"]

#: Frames of files below this directory belong to the library, not to the user.
PACKAGE_DIRECTORY = str(Path(__file__).resolve().parents[1])
# Frames that are never the user's: ours, and those of what our functions are dispatched by.
NOT_THE_USERS = (PACKAGE_DIRECTORY, functools.singledispatch.__code__.co_filename)


class MissingInputError(Exception):
    """A graph needs a variable that is neither computed, constant nor given as an input.

    Remedy: add the variable to the inputs, or replace it by a value.
    """

    def __init__(self, *args: Any, variable: Any = None) -> None:
        if variable is not None:
            message, *rest = args or ("",)
            args = (f"{message}{get_variable_trace_string(variable)}", *rest)
        super().__init__(*args)


class InconsistencyError(Exception):
    """A graph lost its meaning: a value is read after it was overwritten, or a cycle appeared."""


class MethodNotDefined(Exception):
    """An optional method of an `Op` or `Type` is not there; callers fall back to something else."""


class TestValueError(Exception):
    """A variable has no test value although ``config.compute_test_value`` asks for one."""

    __test__ = False


class Scratchpad:
    """An object that accepts any attribute: the ``tag`` of variables and nodes.

    Examples
    --------
    >>> tag = Scratchpad()
    >>> tag.colour = "red"
    >>> tag
    scratchpad{'colour': 'red'}
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

    def clear(self) -> None:
        """Forget every attribute."""
        self.__dict__.clear()

    def __update__(self, other: Scratchpad) -> Scratchpad:
        self.__dict__.update(other.__dict__)
        return self

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k not in _OF_THIS_PROCESS}

    def __deepcopy__(self, memo: dict) -> Scratchpad:
        copy = memo[id(self)] = object.__new__(type(self))
        for name, value in self.__getstate__().items():
            # The lines a variable was made on are replaced when they change, never altered.
            copy.__dict__[name] = value if name == "trace" else deepcopy(value, memo)
        return copy

    def __str__(self) -> str:
        return f"scratchpad{self.__dict__}"

    __repr__ = __str__

    def info(self) -> None:
        """Print every attribute on a line of its own."""
        for name, value in self.__dict__.items():
            print(f"{name}: {value}")


#: What is neither pickled nor copied with a variable: functions compiled by its ``eval``.
_OF_THIS_PROCESS = ("compiled_eval",)


class ValidatingScratchpad(Scratchpad):
    """A `Scratchpad` that passes one attribute through a filter before it is stored.

    Parameters
    ----------
    attribute : str
        Name of the attribute that is checked.
    attribute_filter : callable
        Receives the value, returns the value to store or raises.
    """

    def __init__(self, attribute: str, attribute_filter: Any) -> None:
        object.__setattr__(self, "attribute", attribute)
        object.__setattr__(self, "attribute_filter", attribute_filter)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == self.attribute:
            value = self.attribute_filter(value)
        object.__setattr__(self, name, value)


def _no_properties(_: Any) -> tuple[()]:
    return ()


def _properties_getter(names: tuple[str, ...]) -> Any:
    """Return the fastest function that reads `names` off an object as a tuple."""
    if not names:
        return _no_properties
    if len(names) == 1:
        name = names[0]
        return lambda instance: (getattr(instance, name),)
    return attrgetter(*names)


def _equality_methods(get_properties: Any) -> dict[str, Any]:
    def __eq__(self: Any, other: Any) -> bool:
        return self is other or (
            type(self) is type(other) and get_properties(self) == get_properties(other)
        )

    def __hash__(self: Any) -> int:
        return hash((type(self), get_properties(self)))

    return {"__eq__": __eq__, "__hash__": __hash__}


class MetaType(ABCMeta):
    """Give a class that lists ``__props__`` its equality, hash and text.

    Two instances are equal if they are of the same class and agree in every property.  A class that
    defines one of these methods itself keeps its own.

    Examples
    --------
    >>> class Scale(MetaObject):
    ...     __props__ = ("factor",)
    ...
    ...     def __init__(self, factor):
    ...         self.factor = factor
    >>> Scale(2) == Scale(2), Scale(2) == Scale(3), str(Scale(2))
    (True, False, 'Scale{factor=2}')
    """

    # Abstract methods are wanted from ABCMeta, virtual subclasses are not: they would make each of
    # the very many isinstance tests on ops and types twice as slow.
    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__

    def __new__(mcs, name: str, bases: tuple, namespace: dict, **kwargs: Any) -> MetaType:
        properties = namespace.get("__props__")
        if properties is None:
            return super().__new__(mcs, name, bases, namespace, **kwargs)
        if not isinstance(properties, tuple):
            raise TypeError(f"{name}.__props__ must be a tuple of names, got {properties!r}")

        get_properties = _properties_getter(properties)
        namespace.setdefault("_props", lambda self: get_properties(self))
        namespace.setdefault(
            "_props_dict", lambda self: dict(zip(properties, get_properties(self), strict=True))
        )
        if "__eq__" not in namespace and "__hash__" not in namespace:
            namespace.update(_equality_methods(get_properties))
        elif "__eq__" not in namespace:
            namespace["__eq__"] = _equality_methods(get_properties)["__eq__"]
        elif "__hash__" not in namespace:
            namespace["__hash__"] = _equality_methods(get_properties)["__hash__"]

        # An inherited hand-written text wins over the generated one.
        inherited = next(
            (base.__str__ for base in bases if hasattr(base, "__str__")), object.__str__
        )
        if "__str__" not in namespace and (
            inherited is object.__str__ or getattr(inherited, "_is_default", False)
        ):
            namespace["__str__"] = _properties_text
        return super().__new__(mcs, name, bases, namespace, **kwargs)


def _properties_text(self: Any) -> str:
    """Return ``Name{a=1, b='x'}``, or ``Name`` without properties."""
    properties = self._props_dict()
    if not properties:
        return type(self).__name__
    listed = ", ".join(f"{key}={value!r}" for key, value in properties.items())
    return f"{type(self).__name__}{{{listed}}}"


_properties_text._is_default = True  # type: ignore[attr-defined]


class MetaObject(metaclass=MetaType):
    """Base of everything that may use ``__props__``: types, ops, variables and nodes."""


class AssocList:
    """A mapping for keys that need not be hashable: looked up by equality, one after another."""

    def __init__(self) -> None:
        self._by_hash: dict = {}
        self._pairs: list[tuple[Any, Any]] = []

    def __getitem__(self, item: Any) -> Any:
        return self.get(item, None)

    def get(self, item: Any, default: Any) -> Any:
        """Return the value stored for `item`, or `default`."""
        try:
            return self._by_hash[item]
        except (TypeError, KeyError):
            return next((value for key, value in self._pairs if key == item), default)

    def __setitem__(self, item: Any, value: Any) -> None:
        try:
            self._by_hash[item] = value
        except TypeError:
            self._remove_pair(item)
            self._pairs.append((item, value))

    def __delitem__(self, item: Any) -> None:
        self.discard(item)

    def discard(self, item: Any) -> None:
        """Forget `item` if it is there."""
        try:
            hash(item)
        except TypeError:
            self._remove_pair(item)
        else:
            self._by_hash.pop(item, None)

    def _remove_pair(self, item: Any) -> None:
        self._pairs = [(key, value) for key, value in self._pairs if key != item]

    def clear(self) -> None:
        """Forget everything."""
        self._by_hash.clear()
        self._pairs.clear()

    def __repr__(self) -> str:
        return f"AssocList({self._by_hash}, {self._pairs})"


class _ArraySignature:
    """Dtype, shape and bytes of an array as a dictionary key; hashed by a sample of the bytes."""

    __slots__ = ("array", "hash")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        sample = array.reshape(-1)[:: max(1, array.size // 64)]
        self.hash = hash((array.dtype, array.shape, sample.tobytes()))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _ArraySignature):
            return NotImplemented
        mine, theirs = self.array, other.array
        return mine is theirs or (
            self.hash == other.hash
            and mine.dtype == theirs.dtype
            and mine.shape == theirs.shape
            and mine.tobytes() == theirs.tobytes()
        )


def data_signature(data: Any) -> Any:
    """Return a hashable object that is equal for the same data, bit for bit.

    ``0.0`` and ``-0.0`` differ, a NaN equals itself, ``1`` and ``1.0`` differ.  Data that cannot be
    hashed is equal to itself only.

    Examples
    --------
    >>> data_signature(float("nan")) == data_signature(float("nan"))
    True
    >>> data_signature(0.0) == data_signature(-0.0)
    False
    """
    if isinstance(data, np.ndarray | np.generic) and not data.dtype.hasobject:
        return _ArraySignature(np.asarray(data))
    if isinstance(data, float | complex):
        return type(data), np.asarray(data).tobytes()
    if isinstance(data, tuple | list):
        return type(data), tuple(data_signature(item) for item in data)
    if isinstance(data, slice):
        return slice, tuple(data_signature(item) for item in (data.start, data.stop, data.step))
    try:
        hash(data)
    except TypeError:
        return type(data), id(data)
    return type(data), data


def user_frame(frame: FrameType | None) -> Frame | None:
    """Return (filename, line, function, None) of the first frame outside this package."""
    outermost = None
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(NOT_THE_USERS):
            return code.co_filename, frame.f_lineno, code.co_name, None
        outermost = frame
        frame = frame.f_back
    if outermost is None:
        return None
    return outermost.f_code.co_filename, outermost.f_lineno, outermost.f_code.co_name, None


def without_collection(function: F) -> F:
    """Let `function` run with Python's cyclic garbage collection switched off (a decorator).

    While a large graph is being built nothing of it is garbage, yet the collector would walk over
    all of it again and again: two thirds of the time that cloning 100 000 nodes takes.
    """

    @functools.wraps(function)
    def uninterrupted(*args: Any, **kwargs: Any) -> Any:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return uninterrupted  # type: ignore[return-value]


class _Rewriting(threading.local):
    depth = 0


_rewriting = _Rewriting()


@contextmanager
def no_traces() -> Iterator[None]:
    """Within this block new variables remember no line: they get that of what they replace."""
    _rewriting.depth += 1
    try:
        yield
    finally:
        _rewriting.depth -= 1


def add_tag_trace(thing: T, user_line: int | None = None) -> T:
    """Remember in ``thing.tag.trace`` the line of the user's program that is being run.

    One frame is kept: walking the whole stack would cost more than building the node.
    `user_line` is accepted for compatibility.
    """
    frame = None if _rewriting.depth else user_frame(sys._getframe(1))
    thing.tag.trace = [] if frame is None else [frame]  # type: ignore[attr-defined]
    return thing


def simple_extract_stack(
    f: FrameType | None = None, limit: int | None = None, skips: Any = None
) -> list[Frame]:
    """Return the frames above the caller, outermost first, but for files named in `skips`."""
    frame: FrameType | None = sys._getframe(1) if f is None else f
    stack: list[Frame] = []
    while frame is not None and (limit is None or len(stack) < limit):
        filename, line = frame.f_code.co_filename, frame.f_lineno
        if not any(skip in filename for skip in skips or ()):
            source = linecache.getline(filename, line, frame.f_globals).strip() or None
            stack.append((filename, line, frame.f_code.co_name, source))
        frame = frame.f_back
    return stack[::-1]


def get_variable_trace_string(v: Any) -> str:
    """Return a text that says where `v` was created, empty if nobody knows.

    Source lines are read only now: most variables never appear in an error.
    """
    trace = getattr(v.tag, "trace", None) if hasattr(v, "tag") else None
    if not trace:
        return ""
    lines = ["\n\nCreated at:"]
    for filename, line, function, source in trace:
        lines.append(f'  File "{filename}", line {line}, in {function}')
        text = source or linecache.getline(filename, line).strip()
        if text:
            lines.append(f"    {text}")
    return "\n".join(lines) + "\n"
