"""`CLinker`: the whole graph as one C program, built, cached, loaded and bound.

What cannot be compiled is seen, never hidden: nodes without a lowering run through NumPy and stand
in ``fallbacks``; a compiler that fails leaves the NumPy program and one warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytensorlite.cgen.build import BuildError, build_identity, load
from pytensorlite.configdefaults import config
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import Layout, Linker, Program
from pytensorlite.link.c.graph_key import graph_key
from pytensorlite.link.c.recorded import Recorded, RecordedProgram, cache, compile_flags

if TYPE_CHECKING:
    from pytensorlite.link.c.record import UserGraph


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
    >>> "for (int64_t i = i_from; i < i_to; i++)" in f.c_source
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
        found = find_program(key, fgraph)
        if found is None:
            from pytensorlite.link.c.record import UserGraph

            self._asked = (key, UserGraph(fgraph))  # noted now: the graph will be rewritten
        return found

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> Program:
        """Return the program that computes `fgraph`; the NumPy program if no compiler works."""
        # A program found in the cache needs nothing of what makes one, and starts without it.
        from pytensorlite.link.c.compiled import link_graph

        asked, self._asked = self._asked, None
        return link_graph(fgraph, name, profile, asked)

    def link_layouts(
        self, fgraph: FunctionGraph, name: str | None, layouts: Mapping[int, Layout]
    ) -> Any:
        """Return a kernel that takes inputs in these layouts as they lie."""
        from pytensorlite.link.c.compiled import link_layouts

        return link_layouts(fgraph, name, layouts)


def find_program(key: str, fgraph: FunctionGraph) -> RecordedProgram | None:
    """Return the program that the record of that key leads to, if both are there and whole."""
    record = cache().get_record(key)
    if record is None:
        return None
    try:
        recorded = Recorded(record, fgraph)
    except (KeyError, ValueError, IndexError, TypeError):
        return None
    library = load(recorded.library_key, config.cache_dir, config.cache_size)
    return None if library is None else RecordedProgram(recorded, library)
