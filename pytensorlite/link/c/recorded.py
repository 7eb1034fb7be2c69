"""Programs found in the cache: a record, a library, one native call.

A warm start comes here and imports as little as it can: what only failures, questions and
calls of BLAS need is imported by them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytensorlite.cgen.build import Library, open_cache
from pytensorlite.cgen.cache import Cache
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import ArraySpec, NativeEntry, OutputSpec
from pytensorlite.link.c.graph_key import constants_of
from pytensorlite.link.explanation import Explanation, MemoryUse
from pytensorlite.link.native import NativeProgram

if TYPE_CHECKING:
    from pytensorlite.link.c.failures import Failure

SCHEMA = 2

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
        from pytensorlite.link.c.failures import Failure

        name, text, line = self._failures[where]
        node = results_of_nodes(self._fgraph)[line].owner if line >= 0 else None
        return Failure(EXCEPTIONS[name], text, node)


def results_of_nodes(fgraph: FunctionGraph) -> list[Variable]:
    """Return the variables by which records number the lines of a user's graph."""
    return [out for node in fgraph.toposort() for out in node.outputs]


def _constant(entry: dict[str, Any], data: Sequence[Any]) -> np.ndarray:
    if "number" in entry:
        return np.asarray(data[entry["number"]])
    raw = bytes.fromhex(entry["hex"])
    return np.frombuffer(raw, entry["dtype"]).reshape(entry["shape"]).copy()


class RecordedProgram(NativeProgram):
    """A program found in the cache: one native call."""

    def __init__(self, recorded: Recorded, library: Library):
        self.recorded = recorded
        self.library = library
        connect(library, "program")
        self.native: NativeEntry = NativeEntry(
            sizes=library.address("program_sizes"),
            run=library.address("program_run"),
            n_sizes=recorded.n_sizes,
            inputs=recorded.inputs,
            constants=[as_native(data) for data in recorded.constants],
            outputs=recorded.outputs,
            keepalive=library,
        )

    @property
    def c_source(self) -> str:  # type: ignore[override]
        """The C text, kept beside the library."""
        return self.library.source

    @property
    def input_names(self) -> list[str]:
        """What the user calls the inputs."""
        return self.recorded.input_names

    def explain(self, fgraph: FunctionGraph, arrays: Sequence[Any] | None = None) -> Explanation:
        """Return what the program does; see `explain_graph`."""
        from pytensorlite.link.c.explaining import explain_graph

        return explain_graph(fgraph, [self.native], [] if arrays is None else [arrays])

    def memory(self, arrays: Sequence[Any]) -> MemoryUse:
        """Return the bytes that a call takes."""
        from pytensorlite.link.c.measuring import memory_of_call

        return memory_of_call(self.native, arrays)

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception for failure `where`."""
        from pytensorlite.link.c.failures import describe_failure

        return describe_failure(self.recorded.failure(where), detail)


def connect(library: Library, program: str) -> None:
    """Give a loaded program the routines of BLAS, LAPACK and SciPy that it names, if any."""
    if library.exports(f"{program}_import_names"):
        from pytensorlite.link.c.routines import fill_imports

        fill_imports(library, program)


def cache() -> Cache:
    """Return the cache that the configuration names."""
    return open_cache(config.cache_dir, config.cache_size)


def compile_flags() -> list[str]:
    """Return the flags that the configuration adds."""
    return [*config.compile_flags.split(), *sanitizer_flags(config.sanitize)]


def sanitizer_flags(names: str) -> list[str]:
    """Return what to compile with so that an error of memory or of arithmetic ends the process.

    `names` are separated by ``+``, as commas separate the options of the configuration.
    """
    if not names:
        return []
    # A library that needs the sanitizer kills a process that was started without it.
    if "address" in names and not hasattr(ctypes.CDLL(None), "__asan_init"):
        raise RuntimeError(
            f"config.sanitize={names} needs the sanitizer's own library from the start: run Python "
            "with LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0"
        )
    return [f"-fsanitize={names.replace('+', ',')}", "-fno-sanitize-recover=all", "-g"]


def as_native(data: Any) -> np.ndarray:
    """Return a constant as C wants it."""
    array = np.asarray(data)
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])
