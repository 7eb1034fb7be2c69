"""What is written down of a finished program, so that the next session calls it at once.

A record leads from the key of the user's graph to the library and says how to call it.  It is JSON
with a fixed schema; nothing in it is ever executed.  Exceptions are named by a word of a fixed list
and the lines they blame by the position of a variable in the user's graph.  It is read in
`recorded.py`, so that a start that finds one needs nothing of this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytensorlite._immutable import as_dict
from pytensorlite.graph.basic import Constant
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.c.graph_key import constants_of
from pytensorlite.link.c.recorded import EXCEPTIONS, SCHEMA, results_of_nodes

if TYPE_CHECKING:
    from pytensorlite.link.c.program import Rendered

LARGEST_CONSTANT = 4096  # bytes of a constant made by rewriting that a record may hold


def to_record(graph: UserGraph, rendered: Rendered, library_key: str) -> dict[str, Any] | None:
    """Return the record of a program of a user's graph, or None if it cannot be written down."""
    constants = [graph.find_constant(constant) for constant in rendered.constants]
    if any(found is None for found in constants):
        return None
    failures = []
    for failure in rendered.failures:
        name = failure.exception.__name__
        if EXCEPTIONS.get(name) is not failure.exception:
            return None
        failures.append([name, failure.text, graph.find_line(failure.node)])
    return {
        "schema": SCHEMA,
        "library": library_key,
        "n_sizes": rendered.n_sizes,
        "inputs": [as_dict(spec) for spec in rendered.inputs],
        "outputs": [as_dict(spec) for spec in rendered.outputs],
        "constants": constants,
        "failures": failures,
    }


class UserGraph:
    """The graph before rewriting: its constants, and the lines that its variables come from."""

    def __init__(self, fgraph: FunctionGraph):
        self.constants = [constant.data for constant in constants_of(fgraph)]
        self.lines: dict[Any, int] = {}
        for number, variable in enumerate(results_of_nodes(fgraph)):
            trace = getattr(variable.tag, "trace", None)
            if trace:
                self.lines.setdefault(_hashable(trace), number)

    def find_constant(self, constant: Constant) -> dict | None:
        """Return where the value of a constant can be found again, or its bytes if it is small."""
        array = np.asarray(constant.data)
        for number, data in enumerate(self.constants):
            if data is constant.data or _same(data, array):
                return {"number": number}
        if array.nbytes > LARGEST_CONSTANT:
            return None
        text = np.ascontiguousarray(array).tobytes().hex()
        return {"dtype": str(array.dtype), "shape": list(array.shape), "hex": text}

    def find_line(self, node: Any) -> int:
        """Return the number of a variable that was written on the line that made `node`, or -1."""
        trace = getattr(node.outputs[0].tag, "trace", None) if node is not None else None
        return self.lines.get(_hashable(trace), -1) if trace else -1


def _hashable(trace: Any) -> Any:
    return tuple(tuple(frame) if isinstance(frame, list) else frame for frame in trace)


def _same(data: Any, array: np.ndarray) -> bool:
    return (
        isinstance(data, np.ndarray)
        and data.dtype == array.dtype
        and data.shape == array.shape
        and data.tobytes() == array.tobytes()
    )
