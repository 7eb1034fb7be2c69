"""What is written down of a finished program, so that the next session calls it at once.

A record leads from the key of the user's graph to the library and says how to call it.  It is JSON
with a fixed schema; nothing in it is ever executed.  Exceptions are named by a word of a fixed list
and the lines they blame by the position of a variable in the user's graph.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytensorlite._immutable import as_dict
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import ArraySpec, OutputSpec
from pytensorlite.link.c.failures import Failure
from pytensorlite.link.c.graph_key import constants_of

if TYPE_CHECKING:
    from pytensorlite.link.c.program import Rendered

SCHEMA = 2
LARGEST_CONSTANT = 4096  # bytes of a constant made by rewriting that a record may hold

EXCEPTIONS: dict[str, type[Exception]] = {
    e.__name__: e
    for e in (
        AssertionError,
        IndexError,
        NotImplementedError,
        TypeError,
        ValueError,
        ZeroDivisionError,
        np.linalg.LinAlgError,
    )
}


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
        for number, variable in enumerate(_variables(fgraph)):
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
        text = binascii.hexlify(np.ascontiguousarray(array).tobytes()).decode()
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


def _variables(fgraph: FunctionGraph) -> list[Variable]:
    return [out for node in fgraph.toposort() for out in node.outputs]


class Recorded:
    """A program as a record describes it, for the graph it was found by."""

    def __init__(self, record: dict[str, Any], fgraph: FunctionGraph):
        if record.get("schema") != SCHEMA:
            raise ValueError("a record of another schema")
        self.library_key: str = record["library"]
        self.n_sizes: int = record["n_sizes"]
        self.inputs = [
            ArraySpec(spec["dtype"], spec["ndim"], tuple(spec["shape"]))
            for spec in record["inputs"]
        ]
        self.outputs = [
            OutputSpec(spec["dtype"], spec["ndim"], tuple(spec["dims"]), spec["into"])
            for spec in record["outputs"]
        ]
        wanted = record["constants"]
        data = [c.data for c in constants_of(fgraph)] if wanted else []
        self.constants = [_constant(entry, data) for entry in wanted]
        self._failures = record["failures"]
        self._fgraph = fgraph

    @property
    def input_names(self) -> list[str]:
        """What the user calls the inputs of this graph."""
        return [str(variable) for variable in self._fgraph.inputs]

    def failure(self, where: int) -> Failure:
        """Return a row of the table of failures; the line is looked up in this graph."""
        name, text, line = self._failures[where]
        node = None
        if line >= 0:
            node = _variables(self._fgraph)[line].owner
        return Failure(EXCEPTIONS[name], text, node)


def _constant(entry: dict[str, Any], data: Sequence[Any]) -> np.ndarray:
    if "number" in entry:
        return np.asarray(data[entry["number"]])
    raw = binascii.unhexlify(entry["hex"])
    return np.frombuffer(raw, entry["dtype"]).reshape(entry["shape"]).copy()
