"""The name of a graph as the user wrote it, by which a finished program is found again.

Two graphs have the same key exactly when they have the same ops with the same properties, types,
connections and constants.  A graph with an op whose properties cannot be written down has no key
and is simply compiled through the ordinary pipeline.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from pytensorlite._version import __version__
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
    digest = hashlib.sha256()

    def name(shared: Op | Type) -> str:
        if id(shared) not in names:
            names[id(shared)] = token(shared)
        return names[id(shared)]

    def write(*parts: object) -> None:
        digest.update("\x1f".join(map(str, parts)).encode() + b"\x1e")

    write("pytensorlite", __version__, package_fingerprint(), extra, *settings())
    try:
        for variable in fgraph.inputs:
            numbers[variable] = len(numbers)
            write("input", name(variable.type))
        for node in fgraph.toposort():
            for x in node.inputs:
                if x not in numbers:
                    _write_constant(digest, x)
                    numbers[x] = len(numbers)
            write("node", name(node.op), *(numbers[x] for x in node.inputs))
            for out in node.outputs:
                numbers[out] = len(numbers)
                write("output", name(out.type))
        for variable in fgraph.outputs:
            if variable not in numbers:
                _write_constant(digest, variable)
                numbers[variable] = len(numbers)
            write("result", numbers[variable])
        write("updates", sorted((fgraph.update_mapping or {}).items()))
    except NoKey:
        return None
    return "graph-" + digest.hexdigest()[:40]


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


def _write_constant(digest: Any, variable: Variable) -> None:
    if not isinstance(variable, Constant):
        raise NoKey("a variable that is neither input nor constant")
    digest.update(b"constant" + token(variable.type).encode())
    data = variable.data
    if isinstance(data, np.ndarray | np.generic) and data.dtype != object:
        array = np.ascontiguousarray(data)
        digest.update(str(array.dtype).encode() + str(array.shape).encode() + array.tobytes())
    else:
        digest.update(token(data).encode())


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
def package_fingerprint() -> str:
    """Return a digest of the sizes and times of the package's files: other code, other programs."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    digest = hashlib.sha256()
    folders = [top, _cgen_folder()]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    digest.update(f"{entry.name}{status.st_size}{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _cgen_folder() -> str:
    from pytensorlite import cgen

    return os.path.dirname(os.path.abspath(cgen.__file__))
