"""Pickling and deep-copying of graphs of any depth without deep recursion.

``pickle`` descends recursively: from a variable to its owner, to the owner's inputs and so on; it
fails after a few hundred nodes.  The one idea here: the state of a variable begins with its
`Ancestors`, a list of the nodes above it in topological order.  The pickler meets the earliest node
first, finds all it refers to already known, and never goes deep.

Nodes that the same pickler has met before are left out of the list.  What tells one pickler from
the next is the singleton `_new_pickle`: a pickler keeps a memo, hence asks for its state only once.

``copy.deepcopy`` lets objects copy themselves, so there a loop over the nodes does it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

_thread = threading.local()


# -- pickle --------------------------------------------------------------------------------------


class _NewPickle:
    """The singleton whose reduction marks the beginning of a new pickle."""

    def __reduce__(self) -> tuple:
        _thread.token = object()
        return _known_new_pickle, ()


_new_pickle = _NewPickle()


def _known_new_pickle() -> _NewPickle:
    return _new_pickle


def mark_pickled(node: Any) -> None:
    """Note that the pickler now at work has met `node`."""
    node._pickled_by = getattr(_thread, "token", None)


class Ancestors:
    """What stands first in the state of a variable or node: the nodes to be pickled before it."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple:
        return _restored, (_new_pickle, _Missing(self.nodes))

    def __deepcopy__(self, memo: dict) -> Ancestors:
        copy_nodes(self.nodes, memo)
        return _nothing


def _restored(*_: Any) -> Ancestors:
    return _nothing


_nothing = Ancestors(())


class _Missing:
    """The list itself.  A second object, because `_new_pickle` must have been reduced by then."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple:
        token = _thread.token
        met = lambda node: node.__dict__.get("_pickled_by") is token
        return tuple, (_in_order(self.nodes, met),)


def _in_order(nodes: Iterable[Any], is_known: Any) -> list:
    """Return `nodes` and the nodes above them that are not known, inputs first."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack = [(node, False) for node in nodes if node is not None]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen and not is_known(node):
            seen.add(node)
            stack.append((node, True))
            stack.extend((v.owner, False) for v in reversed(node.inputs) if v.owner is not None)
    return order


# -- deepcopy ------------------------------------------------------------------------------------


def copy_nodes(nodes: Iterable[Any], memo: dict) -> None:
    """Enter into the memo of ``deepcopy`` copies of nodes, and of all above them."""
    for node in _in_order(nodes, lambda node: id(node) in memo):
        # A tag may lead to a node further down this list: it is copied by then.
        if id(node) not in memo:
            _copy_node(node, memo)


def _copy_node(node: Any, memo: dict) -> None:
    copy = memo[id(node)] = object.__new__(type(node))
    copy.inputs = [deepcopy(v, memo) for v in node.inputs]
    copy.outputs = [deepcopy(v, memo) for v in node.outputs]
    for name, value in node.__dict__.items():
        if name not in ("inputs", "outputs", "_pickled_by"):
            copy.__dict__[name] = deepcopy(value, memo)


def copy_variable(variable: Any, memo: dict) -> Any:
    """Return a copy of a variable, joined to the copy of its owner."""
    if variable.owner is not None and id(variable.owner) not in memo:
        copy_nodes((variable.owner,), memo)
    if id(variable) in memo:
        return memo[id(variable)]
    copy = memo[id(variable)] = object.__new__(type(variable))
    attributes = copy.__dict__
    attributes.update(variable.__dict__)
    if variable.owner is not None:
        attributes["owner"] = memo[id(variable.owner)]
    for name, value in variable.__dict__.items():
        # A type is a value: it never changes, so that copies may share it.
        if name not in _SHARED and value is not None:
            attributes[name] = deepcopy(value, memo)
    return copy


_SHARED = ("type", "owner", "index", "name")
