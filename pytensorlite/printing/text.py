"""Texts of graphs that identify them: short, and the same from run to run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.printing.debug import char_from_number


def _tags() -> Iterator[str]:
    return map(char_from_number, count())


def min_informative_str(
    obj: Any, indent_level: int = 0, _prev_obs: dict | None = None, _tag_generator: Any = None
) -> str:
    """Return a graph as indented lines, one a variable, with letters for what is met again.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, y = pt.dscalars("x", "y")
    >>> print(min_informative_str(x + y * x))
    A. Add
     B. x
     C. Mul
      D. y
      <B>
    """
    seen: dict[Any, str] = {} if _prev_obs is None else _prev_obs
    tags = _tags() if _tag_generator is None else _tag_generator
    lines: list[str] = []
    stack = [(obj, indent_level)]
    while stack:
        thing, level = stack.pop()
        indent = " " * level
        if thing in seen:
            lines.append(f"{indent}<{seen[thing]}>")
            continue
        seen[thing] = next(tags)
        lines.append(f"{indent}{seen[thing]}. {_name(thing)}")
        node = thing if isinstance(thing, Apply) else getattr(thing, "owner", None)
        if node is not None and getattr(thing, "name", None) is None:
            stack.extend((variable, level + 1) for variable in reversed(node.inputs))
    return "\n".join(lines)


def _name(thing: Any) -> str:
    """Return what a variable is called where it stands alone."""
    if isinstance(thing, Apply):
        return str(thing.op)
    name = getattr(thing, "name", None)
    if name is not None:
        return name
    return str(thing.owner.op) if getattr(thing, "owner", None) is not None else str(thing)


def var_descriptor(obj: Any, _prev_obs: dict | None = None, _tag_generator: Any = None) -> str:
    """Return a graph on one line with letters for what is met again: ``A=Add(B=x,<B>)``."""
    seen: dict[Any, str] = {} if _prev_obs is None else _prev_obs
    tags = _tags() if _tag_generator is None else _tag_generator
    text: list[str] = []
    stack: list[Any] = [obj]
    while stack:
        thing = stack.pop()
        if isinstance(thing, str):
            text.append(thing)
            continue
        key = id(thing) if isinstance(thing, np.ndarray) else thing
        if key in seen:
            text.append(f"<{seen[key]}>")
            continue
        seen[key] = next(tags)
        text.append(f"{seen[key]}=")
        node = getattr(thing, "owner", None)
        if isinstance(thing, np.ndarray):
            text.append(f"<ndarray:{hex_digest(thing)}>")
        elif node is None:
            text.append(position_independent_str(thing) if _is_unnamed(thing) else _name(thing))
        else:
            text.append(f"{node.op}(")
            arguments: list[Any] = []
            for variable in node.inputs:
                arguments += [",", variable]
            stack.extend(reversed([*arguments[1:], ")"]))
    return "".join(text)


def _is_unnamed(thing: Any) -> bool:
    return isinstance(thing, Variable) and thing.name is None and not hasattr(thing, "data")


def position_independent_str(obj: Any) -> str:
    """Return a text of a variable that does not depend on where in memory it is."""
    if isinstance(obj, Variable):
        return f"pytensor_var{{type={obj.type}}}"
    raise NotImplementedError(f"There is no position-independent text of {type(obj).__name__}")


def hex_digest(x: np.ndarray) -> str:
    """Return a text by which arrays are told apart: digest of the bytes, strides and shape."""
    digest = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
    strides = ",".join(str(stride) for stride in x.strides)
    shape = ",".join(str(length) for length in x.shape)
    return f"{digest}|strides=[{strides}]|shape=[{shape}]"
