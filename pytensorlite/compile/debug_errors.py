"""What DebugMode finds: one error for each way in which an op or a rewrite can be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.utils import get_variable_trace_string


class DebugModeError(Exception):
    """Base of what DebugMode raises."""


class BadOptimization(DebugModeError):
    """A rewrite replaced a variable by one that has another value.

    Attributes
    ----------
    old_r, new_r : Variable
        The variable and its replacement.
    old_r_val, new_r_val : array
        Their values.
    reason : str
        The name of the rewrite.
    """

    def __init__(
        self, old_r: Variable, new_r: Variable, old_r_val: Any, new_r_val: Any, reason: str
    ):
        self.old_r, self.new_r = old_r, new_r
        self.old_r_val, self.new_r_val = old_r_val, new_r_val
        self.reason = reason
        super().__init__(
            f"the rewrite {reason} replaced {_show(old_r)} by {_show(new_r)},"
            " which has another value:"
            f"\n{describe_difference(old_r_val, new_r_val)}{get_variable_trace_string(old_r)}"
        )


class BadThunkOutput(DebugModeError):
    """Two ways of computing a variable give different values."""

    def __init__(
        self,
        r: Variable,
        thunk1: str,
        val1: Any,
        thunk2: str,
        val2: Any,
        inputs_val: Sequence[Any] = (),
    ):
        self.r, self.thunk1, self.val1, self.thunk2, self.val2 = r, thunk1, val1, thunk2, val2
        self.inputs_val = inputs_val
        super().__init__(
            f"{thunk1} and {thunk2} disagree about {_show(r)}:"
            f"\n{describe_difference(val1, val2)}{get_variable_trace_string(r)}"
        )


class BadDestroyMap(DebugModeError):
    """An op changed an input that its ``destroy_map`` does not name."""

    def __init__(self, node: Apply, idx: int, old_val: Any, new_val: Any):
        self.node, self.idx, self.old_val, self.new_val = node, idx, old_val, new_val
        super().__init__(
            f"{node.op} changed its input {idx}, but its destroy_map {node.op.destroy_map}"
            " does not say so:"
            f"\n{describe_difference(old_val, new_val)}{get_variable_trace_string(node.outputs[0])}"
        )


class BadViewMap(DebugModeError):
    """An op returned memory of an input that its ``view_map`` does not name."""

    def __init__(self, node: Apply, output_idx: int, out_storage: Any, in_alias_idx: int):
        self.node, self.output_idx, self.in_alias_idx = node, output_idx, in_alias_idx
        super().__init__(
            f"output {output_idx} of {node.op} shares memory with input {in_alias_idx}, but its"
            f" view_map {node.op.view_map} does not say so"
            f"{get_variable_trace_string(node.outputs[output_idx])}"
        )


class InvalidValueError(DebugModeError):
    """An op gave, or a function was given, a value that its type does not allow."""

    def __init__(self, r: Variable, v: Any = None, hint: str | None = None):
        self.r, self.v = r, v
        kind = (
            f"{type(v).__name__} of dtype {v.dtype} and shape {v.shape}"
            if _is_array(v)
            else repr(v)
        )
        super().__init__(
            f"{_show(r)} of type {r.type} has the invalid value {kind}"
            f"{': ' + hint if hint else ''}{get_variable_trace_string(r)}"
        )


class StochasticOrder(DebugModeError):
    """The same graph was rewritten into different ones."""


def describe_difference(expected: Any, got: Any) -> str:
    """Return lines that tell where two values differ, and by how much."""
    if not _is_array(expected) or not _is_array(got):
        return f"  expected {expected!r}, got {got!r}"
    if expected.shape != got.shape or expected.dtype != got.dtype:
        return (
            f"  expected shape {expected.shape} and dtype {expected.dtype},"
            f" got shape {got.shape} and dtype {got.dtype}"
        )
    with np.errstate(all="ignore"):
        difference = np.abs(np.asarray(expected - got, dtype=complex)).reshape(-1)
    worst = int(np.nanargmax(np.where(np.isnan(difference), np.inf, difference))) if got.size else 0
    place = tuple(int(i) for i in np.unravel_index(worst, got.shape)) if got.size else ()
    return (
        f"  shape {expected.shape}, dtype {expected.dtype};"
        f" at {place} expected {expected[place]!r}, got {got[place]!r}"
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _show(variable: Variable) -> str:
    return f"{variable} ({variable.owner})" if variable.owner is not None else str(variable)
