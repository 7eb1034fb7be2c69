"""`CLinker`: the whole graph as one C program, built, cached, loaded and bound.

What cannot be compiled is seen, never hidden: nodes without a lowering run through NumPy and stand
in ``fallbacks``; a compiler that fails leaves the NumPy program and one warning.
"""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pytensorlite.cgen.build import BuildError, Library, build, build_identity, load, open_cache
from pytensorlite.cgen.cache import Cache
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import Linker, NativeEntry, NumpyLinker, Program
from pytensorlite.link.c.graph_key import graph_key
from pytensorlite.link.c.plan import Failure
from pytensorlite.link.c.program import Rendered
from pytensorlite.link.c.record import Recorded, UserGraph, to_record
from pytensorlite.link.c.routines import fill_imports
from pytensorlite.link.c.segments import Segment, cut
from pytensorlite.link.native import NativeProgram, make_kernel
from pytensorlite.link.utils import note_failed_node
from pytensorlite.printing import debugprint


class CLinker(Linker):
    """Compile a graph to C.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function
    >>> x = pt.dvector("x")
    >>> f = function([x], x + 1, mode="C")
    >>> f([1, 2])
    array([2., 3.])
    >>> "for (int64_t i = 0; i < n0; i++)" in f.c_source
    True
    """

    name = "c"
    required_rewrites = ("minimum_compile", "cxx_only", "inline", "fusion")
    incompatible_rewrites = ("py_only",)

    def __init__(self) -> None:
        self._asked: tuple[str, UserGraph] | None = None

    def lookup(self, fgraph: FunctionGraph, key_extra: str) -> Program | None:
        """Return the program that an earlier session made of the same graph, or None."""
        self._asked = None
        key = graph_key(fgraph, key_extra)
        if key is None:
            return None
        try:
            identity = build_identity(compile_flags(), config.compiler, config.cache_dir)
        except BuildError:
            return None
        key = f"{key}-{identity[:16]}"
        self._asked = (key, UserGraph(fgraph))
        record = cache().get_record(key)
        if record is None:
            return None
        try:
            recorded = Recorded(record, fgraph)
        except (KeyError, ValueError, IndexError, TypeError):
            return None
        library = load(recorded.library_key, config.cache_dir, config.cache_size)
        if library is None:
            return None
        return RecordedProgram(recorded, library)

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> Program:
        """Return the program that computes `fgraph`; the NumPy program if no compiler works."""
        asked, self._asked = self._asked, None
        segments, rendered = cut(fgraph, "program", timed=profile is not None)
        complain_of_fallbacks(segments)
        if not rendered:
            return NumpyLinker().link(fgraph, name=name, profile=profile)
        try:
            library = compile_sources(
                [program.source for program in rendered],
                name or "",
                lambda: debugprint(fgraph, file="str"),
            )
        except BuildError as error:
            if config.on_compile_error == "raise":
                raise
            warn_once(error)
            return NumpyLinker().link(fgraph, name=name, profile=profile)
        names = program_names(segments)
        natives = [bind(library, r, n) for r, n in zip(rendered, names, strict=True)]
        if asked is not None and len(segments) == 1 and profile is None:
            key, user_graph = asked
            record = to_record(user_graph, rendered[0], library.key)
            if record is not None:
                cache().put_record(key, record)
        clocks = [Clocks(library, r.steps, n) for r, n in zip(rendered, names, strict=True)]
        return CProgram(fgraph, segments, natives, rendered, clocks)


# -- building --------------------------------------------------------------------------------------


def cache() -> Cache:
    """Return the cache that the configuration names."""
    return open_cache(config.cache_dir, config.cache_size)


def compile_flags() -> list[str]:
    """Return the flags that the configuration adds."""
    flags = config.compile_flags.split()
    if config.sanitize:
        flags += [f"-fsanitize={config.sanitize.replace('+', ',')}", "-g"]
    return flags


def compile_sources(
    sources: Sequence[str], label: str, graph: Callable[[], str] | str = ""
) -> Library:
    """Build translation units, side by side, as the configuration says.

    `label` and `graph` are for people who look into the cache.
    """
    return build(
        sources,
        graph=graph,
        flags=compile_flags(),
        label=label,
        compiler=config.compiler,
        cache_dir=config.cache_dir,
        cache_size=config.cache_size,
        timeout=config.compile_timeout,
    )


def program_names(segments: Sequence[Segment]) -> list[str]:
    """Return the names of the native programs of a graph."""
    count = sum(segment.is_native for segment in segments)
    return ["program"] if len(segments) == 1 else [f"program{i}" for i in range(count)]


_warned: set[str] = set()


def warn_once(error: BuildError) -> None:
    """Say once per kind of failure that programs run through NumPy."""
    headline = str(error).splitlines()[0]
    if headline not in _warned:
        _warned.add(headline)
        text = f"{error}\nThe function runs through NumPy instead."
        warnings.warn(text, stacklevel=outside_package())


def outside_package() -> int:
    """Return how many frames up, seen from the caller, the user's code begins."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "pytensorlite"
    ):
        depth, frame = depth + 1, frame.f_back
    return depth


def complain_of_fallbacks(segments: Sequence[Segment]) -> None:
    """Act on nodes that run through NumPy as ``config.on_fallback`` says."""
    if config.on_fallback == "ignore":
        return
    for segment in segments:
        if segment.is_native:
            continue
        text = f"{segment.nodes[0]} runs through NumPy: {segment.reason}"
        if config.on_fallback == "raise":
            raise NotImplementedError(f"{text} (config.on_fallback is 'raise')")
        warnings.warn(text, stacklevel=outside_package())


def bind(library: Library, rendered: Rendered, name: str) -> NativeEntry:
    """Return how to call one program of a loaded library."""
    fill_imports(library, name)
    return NativeEntry(
        sizes=library.address(f"{name}_sizes"),
        run=library.address(f"{name}_run"),
        n_sizes=rendered.n_sizes,
        inputs=list(rendered.inputs),
        constants=[as_native(constant.data) for constant in rendered.constants],
        outputs=list(rendered.outputs),
        keepalive=library,
    )


def as_native(data: Any) -> np.ndarray:
    """Return a constant as C wants it."""
    array = np.asarray(data)
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


# -- programs --------------------------------------------------------------------------------------


class CProgram(Program):
    """One or more native programs, and the NumPy nodes between them."""

    def __init__(
        self,
        fgraph: FunctionGraph,
        segments: Sequence[Segment],
        natives: Sequence[NativeEntry],
        rendered: Sequence[Rendered],
        clocks: Sequence[Clocks] = (),
    ):
        self.inputs = list(fgraph.inputs)
        self.outputs = list(fgraph.outputs)
        self.segments = segments
        self.natives = list(natives)
        self.clocks = clocks
        self.failures = [program.failures for program in rendered]
        self.kernels = [
            make_kernel(entry, partial(describe_row, rows))
            for entry, rows in zip(self.natives, self.failures, strict=True)
        ]
        self.c_source = "\n".join(program.source for program in rendered)
        self.fallbacks = [s.nodes[0] for s in segments if not s.is_native]
        self.native = self.natives[0] if len(segments) == 1 else None

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """Run the segments in order."""
        values: dict[Variable, Any] = dict(zip(self.inputs, arrays, strict=True))
        number = 0
        for segment in self.segments:
            if segment.is_native:
                results = self.kernels[number]([values[x] for x in segment.inputs])
                values.update(zip(segment.outputs, results, strict=True))
                number += 1
            else:
                (node,) = segment.nodes
                values.update(zip(node.outputs, perform(node, values), strict=True))
        return [x.data if isinstance(x, Constant) else values[x] for x in self.outputs]

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception for failure `where` of the one native program."""
        return describe_row(self.failures[0], where, detail)

    def report(self, profile: Any) -> None:
        """Add what each step has taken since the last report."""
        for clocks in self.clocks:
            clocks.report(profile)


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

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception for failure `where`."""
        return describe_failure(self.recorded.failure(where), detail)


class Clocks:
    """The seconds that the steps of a profiled program have taken, which it counts itself."""

    def __init__(self, library: Library, steps: Sequence[str], program: str):
        self.steps = steps
        kind = ctypes.c_double * len(steps)
        self.seconds = kind.from_address(library.address(f"{program}_seconds")) if steps else ()

    def report(self, profile: Any) -> None:
        """Hand the seconds to the profile and begin again from zero."""
        for number, step in enumerate(self.steps):
            profile.add_node(step, self.seconds[number])
            self.seconds[number] = 0.0


def describe_row(rows: Sequence[Failure], where: int, detail: Sequence[int]) -> BaseException:
    """Return the exception for failure number `where` of a table."""
    return describe_failure(rows[where], detail)


def describe_failure(failure: Failure, detail: Sequence[int]) -> BaseException:
    """Return the exception that a row of the table of failures stands for."""
    error = failure.exception(failure.text.format(*detail))
    if failure.node is not None:
        note_failed_node(error, failure.node, None)
    return error


def perform(node: Apply, values: dict[Variable, Any]) -> list[Any]:
    """Run one node through NumPy."""
    inputs = [x.data if isinstance(x, Constant) else values[x] for x in node.inputs]
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        node.op.perform(node, inputs, storage)
    except Exception as error:
        note_failed_node(error, node, inputs)
        raise
    return [cell[0] for cell in storage]
