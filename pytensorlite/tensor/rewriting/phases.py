"""The phases of rewriting, in the order in which they run: the table of contents of the optimiser.

Each phase is one entry of `optdb`, selected by tags: a mode includes ``fast_run`` or ``fast_compile`` and
may include or exclude any phase or single rewrite by its name. Rewrites enter a phase through the
decorators of ``basic.py``; users add their own with ``optdb.register(...)`` or
``optdb["canonicalize"].register(...)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytensorlite.graph.rewriting.basic import MergeOptimizer, graph_rewriter
from pytensorlite.graph.rewriting.db import EquilibriumDB, SequenceDB

# The files that fill the databases of ``basic``.
from pytensorlite.tensor.rewriting import (  # noqa: F401
    arithmetic,
    basic,
    cancel,
    canonicalize,
    choices,
    dot,
    elemwise,
    linalg,
    reduce,
    shape,
    signs,
    specialize,
    stabilize,
    subtensor,
    subtensor_write,
    views,
)
from pytensorlite.tensor.rewriting.fusion import fuse_loops
from pytensorlite.tensor.rewriting.input_lengths import note_input_lengths
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.rewriting.softmax import inline_shared_sigmoid
from pytensorlite.tensor.rewriting.terms import mark_terms

# Two rules that meet the same number may each write a sigmoid of it; whether one cancels against the
# other is seen only when the two are one variable.
basic.stabilize.register("merge_stable", MergeOptimizer(), "fast_run", "merge", final_rewriter=True)


@graph_rewriter
def attach_shape_feature(fgraph: Any) -> None:
    """Let the graph answer questions about shapes."""
    shapes_of(fgraph)


@dataclass(frozen=True)
class Phase:
    """One step of rewriting.

    Attributes
    ----------
    name : str
        How modes call it.
    position : float
        Where it runs; the numbers are those that users of PyTensor put their own rewrites between.
    rewriter : object
        A database of node rewriters, or a rewriter of whole graphs.
    purpose : str
        What it is for.
    tags : tuple of str
        What includes it, besides its name.
    """

    name: str
    position: float
    rewriter: Any
    purpose: str
    tags: tuple[str, ...] = ("fast_run", "fast_compile")


FAST_RUN = ("fast_run",)

# fmt: off
# ruff: noqa: E501 - the columns of a table should align
PHASES = [
    Phase("merge1",         0.0,  MergeOptimizer(),       "one variable per value", ("fast_run", "fast_compile", "merge")),
    Phase("ShapeOpt",       0.1,  attach_shape_feature,   "symbolic shapes, worked out when asked for"),
    Phase("input_lengths",  0.2,  note_input_lengths,     "lengths of inputs that must agree, before what would check it is gone"),
    Phase("useless",        0.6,  basic.useless,          "nodes that do nothing leave"),
    Phase("canonicalize",   1.0,  basic.canonicalize,     "one spelling per expression"),
    Phase("merge1.2",       1.2,  MergeOptimizer(),       "expressions spelled alike are one", ("fast_run", "fast_compile", "merge")),
    Phase("stabilize",      1.5,  basic.stabilize,        "same mathematics, better floating point", FAST_RUN),
    Phase("specialize",     2.0,  basic.specialize,       "cheaper spelling", FAST_RUN),
    Phase("uncanonicalize", 3.0,  basic.uncanonicalize,   "what only made matching easier is undone", FAST_RUN),
    Phase("inline",         48.0, basic.inline,           "composite operations open into element-wise ones and reductions", ("fast_run", "fusion")),
    Phase("inline_sigmoid", 48.5, inline_shared_sigmoid,  "sigmoid and softplus of one number share their exponential", ("fast_run", "fusion")),
    Phase("merge2",         48.9, MergeOptimizer(),       "what was opened twice is one", ("fast_run", "merge")),
    Phase("terms",          48.95, mark_terms,            "exponentials that are only added to exp(0) may be rounder", ("fast_run", "fusion")),
    Phase("elemwise_fusion", 49.0, fuse_loops,            "element-wise operations and reductions into one loop nest", ("fast_run", "fusion")),
    Phase("inplace",        75.0, EquilibriumDB(),        "reuse memory that nobody reads again (empty: the C linker plans memory)", ("fast_run", "inplace")),
]
# fmt: on


def _build() -> SequenceDB:
    database = SequenceDB()
    for phase in PHASES:
        database.register(phase.name, phase.rewriter, *phase.tags, position=phase.position)
    return database


optdb = _build()
