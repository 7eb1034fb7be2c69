"""Graphs as one-line text: ``add(x, mul(y, z))``.

A value used more than once is written out where it is met first, as ``*1 -> mul(y, z)``, and as
``*1`` after that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable


def default_node_formatter(op: Any, argstrings: Sequence[str]) -> str:
    """Return ``name(arguments)``."""
    return f"{op.op}({', '.join(argstrings)})"


def op_as_string(
    i: Sequence[Variable],
    op: Apply,
    leaf_formatter: Callable[[Variable], str] = str,
    node_formatter: Callable[[Apply, Sequence[str]], str] = default_node_formatter,
) -> str:
    """Return the text of one node applied to the inputs `i`."""
    texts = as_string(i, op.inputs, leaf_formatter, node_formatter)
    return node_formatter(op, texts)


def as_string(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    leaf_formatter: Callable[[Variable], str] = str,
    node_formatter: Callable[[Apply, Sequence[str]], str] = default_node_formatter,
) -> list[str]:
    """Return the text of each output as an expression of the inputs.

    Parameters
    ----------
    inputs, outputs : sequence of Variable
        The ends of the graph.
    leaf_formatter : callable
        Text of an input or constant.
    node_formatter : callable
        Text of a node from the texts of its arguments.
    """
    numbers = _number_repeated(inputs, outputs)
    texts: dict[Any, str] = {}
    return [
        _text_of(v, frozenset(inputs), numbers, texts, leaf_formatter, node_formatter)
        for v in outputs
    ]


def _number_repeated(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> dict[Apply, int]:
    """Number the nodes that are used more than once, or by several of their outputs."""
    blocked = frozenset(inputs)
    uses: dict[Apply, int] = {}
    stack = list(outputs)[::-1]
    while stack:
        variable = stack.pop()
        owner = variable.owner
        if owner is None or variable in blocked:
            continue
        uses[owner] = uses.get(owner, 0) + 1
        if uses[owner] == 1:
            stack.extend(reversed(owner.inputs))
    repeated = [node for node, count in uses.items() if count > 1]
    return {node: number for number, node in enumerate(repeated, start=1)}


def _text_of(
    root: Variable,
    blocked: frozenset,
    numbers: dict[Apply, int],
    written: dict[Any, str],
    leaf_formatter: Callable,
    node_formatter: Callable,
) -> str:
    """Write `root` bottom-up; nodes in `written` appear by their number."""
    arguments: list[str] = []
    stack: list[tuple[Variable, int | None]] = [(root, None)]
    while stack:
        variable, base = stack.pop()
        owner = variable.owner
        if owner is None or variable in blocked:
            arguments.append(leaf_formatter(variable))
        elif base is None:
            if owner in written:
                arguments.append(f"{written[owner]}{_output_mark(variable)}")
                continue
            if owner in numbers:
                written[owner] = f"*{numbers[owner]}"
            stack.append((variable, len(arguments)))
            stack.extend((v, None) for v in reversed(owner.inputs))
        else:
            text = node_formatter(owner, arguments[base:])
            del arguments[base:]
            if owner in numbers:
                text = f"*{numbers[owner]}{_output_mark(variable)} -> {text}"
            elif len(owner.outputs) > 1:
                text = f"{text}{_output_mark(variable)}"
            arguments.append(text)
    return arguments[0]


def _output_mark(variable: Variable) -> str:
    return f"::{variable.index}" if len(variable.owner.outputs) > 1 else ""
