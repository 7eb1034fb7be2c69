"""Helpers without a better home; they know nothing of graphs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def uniq(seq: Sequence) -> list:
    """Return the distinct elements of `seq` in their order (compared by equality).

    Examples
    --------
    >>> uniq([3, 1, 3, 2])
    [3, 1, 2]
    """
    return [x for i, x in enumerate(seq) if seq.index(x) == i]


def difference(seq1: Iterable, seq2: Iterable) -> list:
    """Return the elements of `seq1` that are not in `seq2`, in order."""
    try:
        excluded: Any = set(seq2)
        return [x for x in seq1 if x not in excluded]
    except TypeError:
        excluded = list(seq2)
        return [x for x in seq1 if x not in excluded]


def flatten(a: Any) -> list:
    """Return the leaves of nested tuples, lists and sets as one list.

    Examples
    --------
    >>> flatten([1, (2, [3, 4])])
    [1, 2, 3, 4]
    """
    leaves = []
    stack = [a]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple | list | set):
            stack.extend(reversed(list(item)))
        else:
            leaves.append(item)
    return leaves


def unzip(iterable: Iterable, n: int, strict: bool = False) -> tuple:
    """Return `n` tuples: the first elements of the items, the second ones, and so on.

    Examples
    --------
    >>> unzip([(1, "a"), (2, "b")], n=2)
    ((1, 2), ('a', 'b'))
    """
    columns = tuple(zip(*iterable, strict=strict))
    if not columns:
        return ((),) * n
    if len(columns) != n:
        raise ValueError(f"expected items of {n} elements, got {len(columns)}")
    return columns


def is_masked(x: Any) -> bool:
    """Tell a NumPy masked array; importing `numpy.ma` to ask would cost every process 10 ms."""
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(x, masked.MaskedArray)


def to_return_values(values: Sequence) -> Any:
    """Return the only element of a one-element sequence, else the sequence."""
    return values[0] if len(values) == 1 else values


def from_return_values(values: Any) -> list:
    """Return a list: of the elements, or of the single value."""
    return list(values) if isinstance(values, list | tuple) else [values]


def apply_across_args(*fns: Callable) -> Callable:
    """Return a function that calls each of `fns` with its arguments and returns the results."""

    def call_all(*args: Any, **kwargs: Any) -> list:
        return [fn(*args, **kwargs) for fn in fns]

    return call_all


class Singleton:
    """Base of classes that have one instance, equal to nothing else."""

    def __new__(cls) -> Singleton:
        if "_instance" not in cls.__dict__:
            cls._instance = super().__new__(cls)  # type: ignore[attr-defined]
        return cls.__dict__["_instance"]

    def __str__(self) -> str:
        return type(self).__name__

    def __eq__(self, other: object) -> bool:
        return self is other or type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))
