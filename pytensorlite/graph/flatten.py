"""Pickling and deep-copying of graphs of any depth without deep recursion.

``pickle`` and ``copy.deepcopy`` descend recursively: from a variable to its owner, to the owner's
inputs and so on, which fails after a few hundred nodes.  The one idea here: the state of a variable
begins with its `Ancestors`, a list of the nodes above it in topological order.  Whoever copies the
state meets the earliest node first, finds all it refers to already known, and never goes deep.

Nodes that the same copier has met before are left out of the list.  What tells one copier from the
next is the singleton `_new_copy`: every copier keeps a memo, hence asks for its state only once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

_thread = threading.local()


class _NewCopy:
    """The singleton whose reduction marks the beginning of a new copy."""

    def __reduce__(self) -> tuple:
        _thread.token = object()
        return _known_new_copy, ()

    def __deepcopy__(self, memo: dict) -> _NewCopy:
        _thread.token = object()
        return self


_new_copy = _NewCopy()


def _known_new_copy() -> _NewCopy:
    return _new_copy


def mark_copied(node: Any) -> None:
    """Note that the copier now at work has met `node`."""
    node._copied_by = getattr(_thread, "token", None)


class Ancestors:
    """What stands first in the state of a variable or node: the nodes to be copied before it."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple:
        return _restored, (_new_copy, _Missing(self.nodes))

    def __deepcopy__(self, memo: dict) -> Ancestors:
        from copy import deepcopy

        deepcopy(_new_copy, memo)
        if id(_new_copy) not in memo:
            memo[id(_new_copy)] = _new_copy
        for node in _missing_nodes(self.nodes):
            deepcopy(node, memo)
        return _nothing


def _restored(*_: Any) -> Ancestors:
    return _nothing


_nothing = Ancestors(())


class _Missing:
    """The list itself.  A second object, because `_new_copy` must have been reduced by then."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple:
        return tuple, (_missing_nodes(self.nodes),)


def _missing_nodes(nodes: Iterable[Any]) -> list:
    """Return `nodes` and the nodes above them that the copier has not met, inputs first."""
    token = _thread.token
    order: list[Any] = []
    seen: set[Any] = set()
    stack = [(node, False) for node in nodes if node is not None]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen and node.__dict__.get("_copied_by") is not token:
            seen.add(node)
            stack.append((node, True))
            stack.extend((v.owner, False) for v in reversed(node.inputs) if v.owner is not None)
    return order
