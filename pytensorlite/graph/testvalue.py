"""Test values: with ``config.compute_test_value`` on, every node is run once while it is built.

So a wrong shape is found on the line that makes the mistake.  The value of an input is its
``tag.test_value``; each computed variable gets one of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.utils import TestValueError, get_variable_trace_string


def get_test_value(v: Any) -> Any:
    """Return the test value of a variable, converted to its type.

    Raises
    ------
    TestValueError
        If it has none.
    """
    if isinstance(v, Constant):
        return v.data
    if hasattr(v, "get_value") and not hasattr(v.tag, "test_value"):
        return v.get_value(borrow=True)
    if not isinstance(v, Variable):
        return v
    if not hasattr(v.tag, "test_value"):
        raise TestValueError(
            f"{v} has no test value; set {v}.tag.test_value{get_variable_trace_string(v)}"
        )
    return v.type.filter(v.tag.test_value)


def get_test_values(*args: Any) -> Iterator[list[Any]] | list:
    """Return a list with the test values of all `args`, or an empty one if test values are off."""
    if config.compute_test_value == "off":
        return []
    values = []
    for argument in args:
        try:
            values.append(get_test_value(argument))
        except TestValueError:
            missing_test_message(f"Argument {argument} has no test value")
            return []
    return [values]


def missing_test_message(msg: str) -> None:
    """Raise, warn or stay silent about a missing test value, as ``compute_test_value`` says."""
    match config.compute_test_value:
        case "raise":
            raise TestValueError(msg)
        case "warn":
            warnings.warn(msg, stacklevel=2)
        case _:
            return


def compute_test_value(node: Apply) -> None:
    """Run `node` on its inputs' test values and keep the results as those of its outputs."""
    values = _input_values(node.inputs)
    if values is None:
        return
    cells: list[list[Any]] = [[None] for _ in node.outputs]
    node.op.perform(node, values, cells)
    for output, (value,) in zip(node.outputs, cells, strict=True):
        output.tag.test_value = value


def _input_values(inputs: Iterable[Variable]) -> list | None:
    values = []
    for variable in inputs:
        try:
            values.append(get_test_value(variable))
        except TestValueError as error:
            missing_test_message(str(error))
            return None
    return values
