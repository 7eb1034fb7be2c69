"""Make a program of a rewritten graph: cut, plan, print, build, load, bind.

Nothing here is imported where a program is found in the cache.
"""

from __future__ import annotations

import ctypes
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pytensorlite._frames import outside_package
from pytensorlite.cgen.build import BuildError, Library, build
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import InputLengths, Layout, NativeEntry, NumpyLinker, Program
from pytensorlite.link.c.failures import describe_row
from pytensorlite.link.c.measuring import memory_of_call
from pytensorlite.link.c.plan import NoLowering, SizeUnknown
from pytensorlite.link.c.program import Rendered
from pytensorlite.link.c.record import UserGraph, to_record
from pytensorlite.link.c.recorded import as_native, cache, compile_flags, connect
from pytensorlite.link.c.segments import Segment, cut, plan_segment
from pytensorlite.link.explanation import Explanation, MemoryUse
from pytensorlite.link.native import make_kernel
from pytensorlite.link.utils import note_failed_node, require_outputs
from pytensorlite.printing import debugprint


def link_graph(
    fgraph: FunctionGraph, name: str | None, profile: Any, asked: tuple[str, UserGraph] | None
) -> Program:
    """Return the program that computes `fgraph`; the NumPy program if no compiler works.

    `asked` are the key and the graph under which the program is to be found again.
    """
    segments, rendered = cut(fgraph, "program", timed=profile is not None)
    complain_of_fallbacks(segments)
    if not rendered:
        return through_numpy(fgraph, name, profile)
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
        return through_numpy(fgraph, name, profile)
    names = program_names(segments)
    natives = [bind(library, r, n) for r, n in zip(rendered, names, strict=True)]
    if asked is not None and len(segments) == 1 and profile is None:
        key, user_graph = asked
        record = to_record(user_graph, rendered[0], library.key)
        if record is not None:
            cache().put_record(key, record)
    clocks = [Clocks(library, r.steps, n) for r, n in zip(rendered, names, strict=True)]
    return CProgram(fgraph, segments, natives, rendered, clocks)


def link_layouts(fgraph: FunctionGraph, name: str | None, layouts: Mapping[int, Layout]) -> Any:
    """Return a kernel for inputs that lie in these layouts; None if there is no single one."""
    whole = Segment(fgraph.toposort(), inputs=list(fgraph.inputs), outputs=list(fgraph.outputs))
    try:
        rendered = plan_segment(whole, "program", requirements_of=fgraph, layouts=layouts)
        library = compile_sources([rendered.source], name or "")
    except (NoLowering, SizeUnknown, BuildError):
        return None
    inputs = [
        f"{variable}.transpose{layouts[position].axes}" if position in layouts else str(variable)
        for position, variable in enumerate(fgraph.inputs)
    ]
    entry = bind(library, rendered, "program")
    return make_kernel(entry, partial(describe_row, rendered.failures), inputs)


def through_numpy(fgraph: FunctionGraph, name: str | None, profile: Any) -> Program:
    """Return the program that runs every node through NumPy, and says so."""
    program = NumpyLinker().link(fgraph, name=name, profile=profile)
    program.fallbacks = fgraph.toposort()
    return program


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
    connect(library, name)
    return NativeEntry(
        sizes=library.address(f"{name}_sizes"),
        run=library.address(f"{name}_run"),
        n_sizes=rendered.n_sizes,
        inputs=list(rendered.inputs),
        constants=[as_native(constant.data) for constant in rendered.constants],
        outputs=list(rendered.outputs),
        keepalive=library,
    )


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
            make_kernel(entry, partial(describe_row, rows), [str(x) for x in segment.inputs])
            for entry, rows, segment in zip(
                self.natives, self.failures, (s for s in segments if s.is_native), strict=True
            )
        ]
        self.c_source = "\n".join(program.source for program in rendered)
        self.fallbacks = [s.nodes[0] for s in segments if not s.is_native]
        self.native = self.natives[0] if len(segments) == 1 else None
        # One program checks the lengths of its inputs itself.
        self._lengths = None if self.native is not None else InputLengths(fgraph)
        count = itertools.count()
        self._numbers = [next(count) if s.is_native else None for s in segments]

    @property
    def input_names(self) -> list[str]:
        """What the user calls the inputs."""
        return [str(variable) for variable in self.inputs]

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """Run the segments in order, but for those whose conditions do not hold."""
        return self._run(arrays, {})

    def _run(self, arrays: Sequence[Any], calls: dict[int, list[Any]]) -> list[Any]:
        """Run the segments; note in `calls` what each native program was given, by its number."""
        values: dict[Variable, Any] = dict(zip(self.inputs, arrays, strict=True))
        if self._lengths is not None:
            self._lengths.check(arrays)
        for segment, number in zip(self.segments, self._numbers, strict=True):
            # A condition that was not needed itself has no value: another one fails then.
            if any(bool(values.get(x)) != wanted for x, wanted in segment.conditions):
                continue
            if number is not None:
                calls[number] = [values[x] for x in segment.inputs]
                results = self.kernels[number](calls[number])
                values.update(zip(segment.outputs, results, strict=True))
            else:
                (node,) = segment.nodes
                values.update(zip(node.outputs, perform(node, values), strict=True))
        return [x.data if isinstance(x, Constant) else values[x] for x in self.outputs]

    def _calls(self, arrays: Sequence[Any]) -> list[Sequence[Any] | None]:
        """Return what each native program is given in a call with `arrays`, None if nothing."""
        if self.native is not None:
            return [arrays]
        calls: dict[int, list[Any]] = {}
        self._run(arrays, calls)
        return [calls.get(number) for number in range(len(self.natives))]

    def explain(self, fgraph: FunctionGraph, arrays: Sequence[Any] | None = None) -> Explanation:
        """Return what the programs do, and why some nodes run through NumPy."""
        from pytensorlite.link.c.explaining import explain_graph

        return explain_graph(fgraph, self.natives, [] if arrays is None else self._calls(arrays))

    def memory(self, arrays: Sequence[Any]) -> MemoryUse:
        """Return the bytes that a call takes; what passes from program to program is an output."""
        calls = zip(self.natives, self._calls(arrays), strict=True)
        uses = [memory_of_call(entry, given) for entry, given in calls if given is not None]
        return MemoryUse(
            outputs=sum(use.outputs for use in uses),
            workspace=max((use.workspace for use in uses), default=0),
            constants=sum(use.constants for use in uses),
        )

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception for failure `where` of the one native program."""
        return describe_row(self.failures[0], where, detail)

    def report(self, profile: Any) -> None:
        """Add what each step has taken since the last report."""
        for clocks in self.clocks:
            clocks.report(profile)


class Clocks:
    """The seconds that the steps of a profiled program have taken, which it counts itself."""

    def __init__(self, library: Library, steps: Sequence[str], program: str):
        self.steps = steps
        kind = ctypes.c_double * len(steps)
        self.seconds = kind()
        if steps:
            self.seconds = kind.from_address(library.address(f"{program}_seconds"))

    def report(self, profile: Any) -> None:
        """Hand the seconds to the profile and begin again from zero."""
        for number, step in enumerate(self.steps):
            profile.add_node(step, self.seconds[number])
            self.seconds[number] = 0.0


def perform(node: Apply, values: dict[Variable, Any]) -> list[Any]:
    """Run one node through NumPy."""
    inputs = [x.data if isinstance(x, Constant) else values.get(x) for x in node.inputs]
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        node.op.perform(node, inputs, storage)
        require_outputs(node, storage)
    except Exception as error:
        note_failed_node(error, node, inputs)
        raise
    return [cell[0] for cell in storage]
