"""Rewriting a graph by the tags of `optdb`, and comparing graphs after merging."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable, equal_computations
from pytensorlite.graph.clients import Output
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.db import RewriteDatabaseQuery


def rewrite_graph(
    graph: Any,
    include: Sequence[str] = ("canonicalize",),
    custom_rewrite: Any = None,
    clone: bool = False,
    **kwargs: Any,
) -> Any:
    """Return `graph` rewritten by the phases (or tags) `include`.

    Parameters
    ----------
    graph : Variable, sequence of Variable or FunctionGraph
        What to rewrite.  A function graph is changed in place.
    include : sequence of str
        Names of phases or tags of rewrites.
    custom_rewrite : Rewriter, optional
        One more rewriter, applied at the end.
    clone : bool
        Leave the variables of `graph` as they are and work on a copy.
    **kwargs
        Further arguments of `RewriteDatabaseQuery`, such as ``exclude``.

    Returns
    -------
    Variable, list of Variable or FunctionGraph
        As `graph` is.
    """
    from pytensorlite.compile import optdb

    is_graph = isinstance(graph, FunctionGraph)
    if is_graph:
        fgraph = graph
    else:
        outputs = [graph] if isinstance(graph, Variable) else list(graph)
        fgraph = FunctionGraph(outputs=outputs, clone=clone, copy_inputs=False)
    rewriter = optdb.query(RewriteDatabaseQuery(include=include, **kwargs))
    rewriter.rewrite(fgraph)
    if custom_rewrite is not None:
        custom_rewrite.rewrite(fgraph)
    if is_graph:
        return fgraph
    return fgraph.outputs[0] if isinstance(graph, Variable) else list(fgraph.outputs)


def is_same_graph(var1: Variable, var2: Variable, givens: Any = None) -> bool:
    """Return whether two variables are computed in the same way.

    Parameters
    ----------
    var1, var2 : Variable
        The two.
    givens : dict or sequence of pairs, optional
        Variables that count as the other of the pair.
    """
    pairs = list(dict(givens).items()) if givens else []
    return equal_computations(
        [var1], [var2], in_xs=[a for a, _ in pairs], in_ys=[b for _, b in pairs]
    ) or is_same_graph_with_merge(var1, var2, givens)


def is_same_graph_with_merge(var1: Variable, var2: Variable, givens: Any = None) -> bool:
    """Return whether two variables become one when equal nodes are merged."""
    from pytensorlite.graph.replace import clone_replace
    from pytensorlite.graph.rewriting.merge import MergeOptimizer

    copies = clone_replace([var1, var2], replace=dict(givens) if givens else None)
    fgraph = FunctionGraph(outputs=copies, clone=False)
    MergeOptimizer().rewrite(fgraph)
    first, second = fgraph.outputs
    return first is second


def get_clients_at_depth(
    fgraph: FunctionGraph, node: Apply, depth: int
) -> Generator[Apply, None, None]:
    """Yield the nodes `depth` steps of reading below `node`."""
    front = {node: None}
    for _ in range(depth):
        front = {
            reader: None
            for reached in front
            for output in reached.outputs
            for reader, _ in fgraph.clients[output]
            if not isinstance(reader.op, Output)
        }
    yield from front
