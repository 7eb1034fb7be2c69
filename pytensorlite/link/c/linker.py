"""`CLinker`: the whole graph as one C program, built, cached, loaded and bound.

What cannot be compiled is seen, never hidden: nodes without a lowering run through NumPy and stand
in ``fallbacks``; a compiler that fails leaves the NumPy program and one warning.
"""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.cgen.build import BuildError, Library, build
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import Linker, NativeEntry, NumpyLinker, Program
from pytensorlite.link.c.plan import Failure
from pytensorlite.link.c.program import Rendered
from pytensorlite.link.c.routines import fill_imports
from pytensorlite.link.c.segments import Segment, cut
from pytensorlite.link.utils import note_failed_node


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

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> Program:
        """Return the program that computes `fgraph`; the NumPy program if no compiler works."""
        segments, rendered = cut(fgraph, "program")
        complain_of_fallbacks(segments)
        source = "\n".join(program.source for program in rendered)
        if not rendered:
            return NumpyLinker().link(fgraph, name=name, profile=profile)
        try:
            library = compile_source(source, name or "")
        except BuildError as error:
            if config.on_compile_error == "raise":
                raise
            warn_once(error)
            return NumpyLinker().link(fgraph, name=name, profile=profile)
        programs = [
            bind(library, program, name_)
            for program, name_ in zip(rendered, program_names(segments), strict=True)
        ]
        return CProgram(fgraph, segments, programs, source)


def program_names(segments: Sequence[Segment]) -> list[str]:
    """Return the names of the native programs of a graph."""
    count = sum(segment.is_native for segment in segments)
    return ["program"] if len(segments) == 1 else [f"program{i}" for i in range(count)]


def compile_source(source: str, label: str) -> Library:
    """Build `source` as the configuration says, and hand it the routines that it imports."""
    flags = config.compile_flags.split()
    if config.sanitize:
        flags += [f"-fsanitize={config.sanitize.replace('+', ',')}", "-g"]
    library = build(
        source,
        flags=flags,
        label=label,
        compiler=config.compiler,
        cache_dir=config.cache_dir,
        cache_size=config.cache_size,
        timeout=config.compile_timeout,
    )
    fill_imports(library)
    return library


_warned: set[str] = set()


def warn_once(error: BuildError) -> None:
    """Say once per kind of failure that programs run through NumPy."""
    headline = str(error).splitlines()[0]
    if headline not in _warned:
        _warned.add(headline)
        warnings.warn(f"{error}\nThe function runs through NumPy instead.", stacklevel=5)


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
        warnings.warn(text, stacklevel=5)


def bind(library: Library, rendered: Rendered, name: str) -> NativeEntry:
    """Return how to call one program of a loaded library."""
    return NativeEntry(
        sizes=library.address(f"{name}_sizes"),
        run=library.address(f"{name}_run"),
        n_sizes=rendered.n_sizes,
        inputs=list(rendered.inputs),
        constants=[as_native(constant.data) for constant in rendered.constants],
        outputs=list(rendered.outputs),
        keepalive=(library, rendered),
    )


def as_native(data: Any) -> np.ndarray:
    """Return a constant as C wants it."""
    array = np.asarray(data)
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


class CProgram(Program):
    """One or more native programs, and the NumPy nodes between them."""

    def __init__(
        self,
        fgraph: FunctionGraph,
        segments: Sequence[Segment],
        natives: Sequence[NativeEntry],
        source: str,
    ):
        self.fgraph = fgraph
        self.segments = segments
        self.natives = list(natives)
        self.c_source = source
        self.fallbacks = [s.nodes[0] for s in segments if not s.is_native]
        self.native = self.natives[0] if len(segments) == 1 else None

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """Run the segments in order."""
        values: dict[Variable, Any] = dict(zip(self.fgraph.inputs, arrays, strict=True))
        natives = iter(self.natives)
        for segment in self.segments:
            if segment.is_native:
                entry = next(natives)
                results = call_native(entry, [values[x] for x in segment.inputs])
            else:
                results = perform(segment.nodes[0], values)
            outputs = segment.outputs if segment.is_native else segment.nodes[0].outputs
            values.update(zip(outputs, results, strict=True))
        return [x.data if isinstance(x, Constant) else values[x] for x in self.fgraph.outputs]

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception for failure `where` of the one native program."""
        _, rendered = self.natives[0].keepalive  # type: ignore[misc]
        return describe_failure(rendered.failures[where], detail)


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


# -- a call without the dispatcher: programs that are only part of a graph ------------------------


class _Array(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    )


class _Error(ctypes.Structure):
    _fields_ = (("where", ctypes.c_int64), ("detail", ctypes.c_int64 * 6))


_SIZES = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_RUN = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 5)


def call_native(entry: NativeEntry, arrays: Sequence[Any]) -> list[np.ndarray]:
    """Call a native program on arrays of any layout and return its outputs."""
    inputs = [
        np.require(array, np.dtype(spec.dtype), ["C", "A"])
        for array, spec in zip(arrays, entry.inputs, strict=True)
    ] + entry.constants
    described = (_Array * max(1, len(inputs)))()
    for cell, array in zip(described, inputs, strict=False):
        cell.data = array.ctypes.data
        cell.shape = ctypes.cast(array.ctypes.shape_as(ctypes.c_int64), ctypes.c_void_p)
        cell.strides = ctypes.cast(array.ctypes.strides_as(ctypes.c_int64), ctypes.c_void_p)
    kept = [
        (a.ctypes.shape_as(ctypes.c_int64), a.ctypes.strides_as(ctypes.c_int64)) for a in inputs
    ]
    for cell, (shape, strides) in zip(described, kept, strict=False):
        cell.shape = ctypes.addressof(shape)
        cell.strides = ctypes.addressof(strides)
    sizes = np.zeros(entry.n_sizes, np.int64)
    error = _Error()
    if _SIZES(entry.sizes)(ctypes.addressof(described), sizes.ctypes.data, ctypes.addressof(error)):
        raise _failure(entry, error)
    outputs = [np.empty([sizes[d] for d in spec.dims], spec.dtype) for spec in entry.outputs]
    pointers = (ctypes.c_void_p * max(1, len(outputs)))(*[a.ctypes.data for a in outputs])
    workspace = np.empty(int(sizes[0]) + 64, np.uint8)
    start = workspace.ctypes.data
    start += -start % 64
    arguments = (
        ctypes.addressof(described),
        ctypes.addressof(pointers),
        sizes.ctypes.data,
        start,
        ctypes.addressof(error),
    )
    if _RUN(entry.run)(*arguments):
        raise _failure(entry, error)
    return outputs


def _failure(entry: NativeEntry, error: _Error) -> BaseException:
    _, rendered = entry.keepalive  # type: ignore[misc]
    return describe_failure(rendered.failures[error.where], list(error.detail))
