"""The name of a graph as the user wrote it, by which a finished program is found again.

Two graphs have the same key exactly when they have the same ops with the same properties, types,
connections and constants.  A graph with an op whose properties cannot be written down has no key
and is simply compiled through the ordinary pipeline.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from pytensorlite._version import __version__
from pytensorlite.cgen import dispatch
from pytensorlite.cgen.sealed import digest
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.type import Type
from pytensorlite.scalar.op import ScalarOp
from pytensorlite.scalar.table import ROWS


class NoKey(Exception):
    """Something in the graph has no name of its own."""


def graph_key(fgraph: FunctionGraph, extra: str) -> str | None:
    """Return the key of `fgraph` under the settings `extra`, or None if it has none."""
    numbers: dict[Variable, int] = {}
    names: dict[int, str] = {}  # many nodes share an op or a type
    said: list[str] = ["pytensorlite", __version__, str(package_stamp()), extra]
    said += map(str, settings())

    def name(shared: Op | Type) -> str:
        found = names.get(id(shared))
        if found is None:
            found = names[id(shared)] = token(shared)
        return found

    def number(variable: Variable) -> int:
        found = numbers.get(variable)
        if found is None:
            found = numbers[variable] = len(numbers)
            if not isinstance(variable, Constant):
                raise NoKey("a variable that is neither input nor constant")
            said.append(f"constant {name(variable.type)} {_value(variable.data)}")
        return found

    def add(variable: Variable, role: str) -> None:
        numbers[variable] = len(numbers)
        said.append(f"{role} {name(variable.type)}")

    try:
        for variable in fgraph.inputs:
            add(variable, "input")
        for node in fgraph.toposort():
            read = [number(x) for x in node.inputs]
            said.append(f"node {name(node.op)} {read}")
            for out in node.outputs:
                add(out, "output")
        said.append(f"results {[number(variable) for variable in fgraph.outputs]}")
        said.append(f"updates {sorted((fgraph.update_mapping or {}).items())}")
    except NoKey:
        return None
    return "graph-" + digest("\x1e".join(said))[:40]


def settings() -> Iterable[object]:
    """Return the configuration that decides what is compiled."""
    return (config.floatX, config.cast_policy, config.compile_flags, config.sanitize)


def constants_of(fgraph: FunctionGraph) -> list[Constant]:
    """Return the constants of a graph in the order in which its key names them."""
    found: dict[Constant, None] = {}
    for node in fgraph.toposort():
        for x in node.inputs:
            if isinstance(x, Constant):
                found.setdefault(x)
    for variable in fgraph.outputs:
        if isinstance(variable, Constant):
            found.setdefault(variable)
    return list(found)


def _value(data: Any) -> str:
    """Name the value of a constant: an array by its elements where they are few."""
    if not isinstance(data, np.ndarray | np.generic) or data.dtype == object:
        return token(data)
    array = np.ascontiguousarray(data)
    elements = array.tobytes().hex() if array.nbytes <= 64 else digest(array.tobytes())
    return f"{array.dtype.str}{array.shape}{elements}"


def token(value: Any) -> str:
    """Return a text that tells `value` from all others of its kind.

    Raises
    ------
    NoKey
        If there is none.
    """
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return repr(value)
        case tuple() | list():
            return f"({','.join(map(token, value))})"
        case slice():
            return f"slice({token(value.start)},{token(value.stop)},{token(value.step)})"
        case dict():
            return f"{{{','.join(f'{token(k)}:{token(v)}' for k, v in value.items())}}}"
        case np.dtype():
            return f"dtype({value.str})"
        case np.generic():
            return f"{value.dtype.str}({value!r})"
        case ScalarOp() if value.name is not None and ROWS.get(value.name) == value:
            return f"row({value.name},{token(getattr(value.dtype_rule, '__name__', None))})"
        case Op() | Type():
            return _named(value)
        case type():
            return f"{value.__module__}.{value.__qualname__}"
    raise NoKey(f"{value!r} has no name")


def _named(value: Op | Type) -> str:
    """Name an op or type by its class and properties; only the package's own classes are known."""
    kind = type(value)
    if not kind.__module__.startswith("pytensorlite."):
        raise NoKey(f"{kind} may change from session to session")
    properties = getattr(kind, "__props__", None)
    if properties is None:
        raise NoKey(f"{kind} has no __props__")
    values = ",".join(f"{name}={token(getattr(value, name))}" for name in properties)
    return f"{kind.__module__}.{kind.__qualname__}({values})"


@functools.cache
def package_stamp() -> int:
    """Return what the package's files and headers look like: other code, other programs."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    cgen = os.path.dirname(os.path.abspath(dispatch.__file__))
    others = (cgen, os.path.join(os.path.dirname(cgen), "include"))  # below `top` once installed
    return dispatch.stamp_files(top, *(each for each in others if not each.startswith(top)))
