"""Programs found in the cache: a record, a library, one native call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.cgen.build import Library, open_cache
from pytensorlite.cgen.cache import Cache
from pytensorlite.configdefaults import config
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import NativeEntry
from pytensorlite.link.c.failures import describe_failure
from pytensorlite.link.c.record import Recorded
from pytensorlite.link.c.routines import fill_imports
from pytensorlite.link.explanation import Explanation, MemoryUse
from pytensorlite.link.native import NativeProgram


class RecordedProgram(NativeProgram):
    """A program found in the cache: one native call."""

    def __init__(self, recorded: Recorded, library: Library):
        self.recorded = recorded
        self.library = library
        fill_imports(library, "program")
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
        return describe_failure(self.recorded.failure(where), detail)


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
