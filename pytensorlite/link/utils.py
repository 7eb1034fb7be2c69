"""What is told about a node that failed: the op, its inputs, and the user's line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytensorlite.configdefaults import config
from pytensorlite.graph.utils import get_variable_trace_string

if TYPE_CHECKING:
    from pytensorlite.graph.basic import Apply

_SHOWN_ELEMENTS = 6


def require_outputs(node: Apply, storage: Sequence[list[Any]]) -> None:
    """Raise TypeError if an op's `perform` has left an array out."""
    for position, (out, cell) in enumerate(zip(node.outputs, storage, strict=True)):
        if cell[0] is None and hasattr(out.type, "dtype"):
            raise TypeError(
                f"{node.op} computed nothing for its output {position}: `perform` puts the value "
                f"into output_storage[{position}][0]."
            )


def note_failed_node(
    error: BaseException, node: Apply, inputs: Sequence[Any] | None = None
) -> None:
    """Add to ``error`` which node failed, on what, and where the user wrote it.

    A second call does nothing, so that the innermost of nested programs tells its node.

    Parameters
    ----------
    error : BaseException
        The exception on its way to the user; it keeps its type and its message.
    node : Apply
        The node that was being computed.
    inputs : sequence, optional
        The values of the node's inputs, where they are known.
    """
    if any(note.startswith("Apply node that caused the error") for note in _notes(error)):
        return
    error.add_note(describe_node(node, inputs))


def describe_node(node: Apply, inputs: Sequence[Any] | None = None) -> str:
    """Return what to tell of a node: op, input types, shapes, strides, the user's line."""
    lines = [
        f"Apply node that caused the error: {node}",
        f"Inputs types: {[variable.type for variable in node.inputs]}",
    ]
    if inputs is not None:
        lines.append(f"Inputs shapes: {[_attribute(value, 'shape') for value in inputs]}")
        lines.append(f"Inputs dtypes: {[_attribute(value, 'dtype') for value in inputs]}")
        lines.append(f"Inputs strides: {[_attribute(value, 'strides') for value in inputs]}")
        if config.exception_verbosity == "high":
            lines.append(f"Inputs values: {[_short_value(value) for value in inputs]}")
    trace = get_variable_trace_string(node.outputs[0]).strip()
    if trace:
        lines.append(trace)
    return "\n".join(lines)


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def _attribute(value: Any, name: str) -> Any:
    """Return a shape, dtype or stride for print, or the kind of a value that has none."""
    found = getattr(value, name, None)
    if found is None:
        return f"no {name}: {type(value).__name__}"
    return str(found) if name == "dtype" else found


def _short_value(value: Any) -> str:
    if getattr(value, "size", 0) > _SHOWN_ELEMENTS:
        return "not shown"
    return repr(value)
