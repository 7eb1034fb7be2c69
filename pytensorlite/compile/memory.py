"""Who owns which memory: what keeps results apart from inputs, constants and each other."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np


def own_memory(
    results: Sequence[Any],
    inputs: Iterable[Any],
    borrowed: Collection[int] = (),
    constants: Collection[int] = (),
) -> list[Any]:
    """Return ``results`` with copies of those that share memory with something else.

    Decided by the memory itself, not by what ops say of themselves. Random generators and the like
    are copied if they are the same object as an input.

    Parameters
    ----------
    results, inputs : iterable
        The values.
    borrowed : collection of int
        The results that the user allows to share memory.
    constants : collection of int
        Identities of what no result may be a view of; see `memory_owner`.

    Examples
    --------
    >>> x = np.zeros(3)
    >>> (view,) = own_memory([x[1:]], [x])
    >>> np.shares_memory(view, x)
    False
    """
    taken = [value for value in inputs if value is not None]
    owned = []
    for position, result in enumerate(results):
        is_constant = id(memory_owner(result)) in constants
        if is_constant or (
            position not in borrowed and any(_same_memory(result, value) for value in taken)
        ):
            result = copy.deepcopy(result)
        taken.append(result)
        owned.append(result)
    return owned


def memory_owner(value: Any) -> Any:
    """Return the array whose memory ``value`` is a view of; anything else is its own."""
    while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
        value = value.base
    return value


def _same_memory(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.may_share_memory(a, b)
    return a is b and not isinstance(a, int | float | complex | str | bytes | tuple | slice)
