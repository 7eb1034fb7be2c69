"""Applying a node rewriter to every node of a graph, in one walk.

A node is looked at once; nodes that a rewrite makes are looked at too, unless told otherwise.  For
many rewriters until nothing changes see `pytensorlite.graph.rewriting.equilibrium`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TextIO

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.rewriter import (
    GraphRewriter,
    NodeRewriter,
    attach_replace_validate,
    report_failure,
)
from pytensorlite.graph.rewriting.tracking import SequentialNodeRewriter
from pytensorlite.graph.utils import InconsistencyError


class DispatchingFeature(Feature):
    """A feature that hands its callbacks to three functions.

    Parameters
    ----------
    importer, pruner : callable or None
        Called with the node.
    chin : callable or None
        Called with ``(node, i, old, new, reason)`` when an input changes.
    """

    def __init__(
        self,
        importer: Callable | None,
        pruner: Callable | None,
        chin: Callable | None,
        name: str | None = None,
    ) -> None:
        self.importer = importer
        self.pruner = pruner
        self.chin = chin
        self.name = name

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.name}}}"

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        if self.importer is not None:
            self.importer(node)

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        if self.pruner is not None:
            self.pruner(node)

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        if self.chin is not None:
            self.chin(node, i, var, new_var, reason)


class NodeProcessingGraphRewriter(GraphRewriter):
    """Base of the graph rewriters that apply node rewriters.

    Parameters
    ----------
    node_rewriter : NodeRewriter or None
        What is applied.
    ignore_newtrees : bool
        Whether nodes that come in by a replacement are left alone in the same walk.
    failure_callback : callable, optional
        Called as ``failure_callback(exception, self, pairs, node_rewriter, node)`` when a rewriter
        raises; by default the exception goes on.
    """

    @classmethod
    def warn(cls, exc: Any, nav: Any, repl_pairs: Any, node_rewriter: Any, node: Any) -> None:
        """Treat a failure as ``config.on_opt_error`` says."""
        report_failure(exc, f"rewrite {node_rewriter} at {node}")

    @classmethod
    def warn_inplace(
        cls, exc: Any, nav: Any, repl_pairs: Any, node_rewriter: Any, node: Any
    ) -> None:
        """Like `warn`, but silent about replacements that a validator refused."""
        if not isinstance(exc, InconsistencyError):
            cls.warn(exc, nav, repl_pairs, node_rewriter, node)

    @classmethod
    def warn_ignore(
        cls, exc: Any, nav: Any, repl_pairs: Any, node_rewriter: Any, node: Any
    ) -> None:
        """Ignore failures."""

    def __init__(
        self,
        node_rewriter: NodeRewriter | None,
        ignore_newtrees: Any = False,
        failure_callback: Callable | None = None,
    ) -> None:
        self.node_rewriter = node_rewriter
        self.ignore_newtrees = ignore_newtrees
        self.failure_callback = failure_callback
        self._trace: list = []

    def attach_updater(
        self,
        fgraph: FunctionGraph,
        importer: Callable | None,
        pruner: Callable | None,
        chin: Callable | None = None,
        name: str | None = None,
    ) -> DispatchingFeature:
        """Be told of changes through functions, until `detach_updater`.

        Nodes that come in get the user's line of the node that is being replaced.
        """

        def on_import(node: Apply) -> None:
            self.inherit_trace(node)
            if importer is not None and not self.ignore_newtrees:
                importer(node)

        updater = DispatchingFeature(on_import, pruner, chin, name=name)
        fgraph.attach_feature(updater)
        return updater

    def inherit_trace(self, node: Apply) -> None:
        """Give a new node the user's line of the node that is being replaced."""
        for output in node.outputs:
            if not output.tag.__dict__.get("trace"):
                output.tag.trace = self._trace

    def detach_updater(self, fgraph: FunctionGraph, updater: DispatchingFeature | None) -> None:
        """Stop being told."""
        if updater is not None:
            fgraph.remove_feature(updater)

    def process_node(
        self,
        fgraph: FunctionGraph,
        node: Apply,
        node_rewriter: NodeRewriter | None = None,
        enforce_tracks: bool = True,
    ) -> bool:
        """Apply a rewriter to `node` and make the replacement it returns.

        Returns
        -------
        bool
            Whether the graph changed.
        """
        rewriter = node_rewriter or self.node_rewriter
        if rewriter is None:
            raise ValueError("process_node needs a node rewriter")
        return self.ask(
            fgraph, node, rewriter, partial(rewriter.transform, enforce_tracks=enforce_tracks)
        )

    def ask(
        self, fgraph: FunctionGraph, node: Apply, rewriter: NodeRewriter, function: Callable
    ) -> bool:
        """Call ``function(fgraph, node)``, what `rewriter` does, and make the replacement."""
        try:
            replacements = function(fgraph, node)
        except Exception as error:
            if self.failure_callback is None:
                raise
            nothing = [(output, None) for output in node.outputs]
            self.failure_callback(error, self, nothing, rewriter, node)
            return False
        if replacements is False or replacements is None:
            return False
        pairs, remove = _read_replacements(fgraph, node, replacements, rewriter)
        if not pairs and not remove:
            return False
        self._trace = node.outputs[0].tag.__dict__.get("trace") or [] if node.outputs else []
        try:
            fgraph.replace_all_validate_remove(pairs, reason=rewriter, remove=remove)
        except Exception as error:
            # A replacement that does not fit (or is refused) has been undone.
            if self.failure_callback is None:
                raise
            self.failure_callback(error, self, pairs, rewriter, node)
            return False
        return True

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        attach_replace_validate(fgraph)
        if self.node_rewriter is not None:
            self.node_rewriter.add_requirements(fgraph)

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        super().print_summary(stream, level)
        if depth != 0 and self.node_rewriter is not None:
            self.node_rewriter.print_summary(stream, level + 2, depth - 1)


def _read_replacements(
    fgraph: FunctionGraph, node: Apply, replacements: Any, rewriter: NodeRewriter
) -> tuple[list[tuple[Variable, Variable]], list]:
    """Return what a rewriter answered as pairs (old, new) and a list of what must disappear."""
    if isinstance(replacements, dict):
        pairs = dict(replacements)
        remove = list(pairs.pop("remove", ()))  # type: ignore[call-overload]
        return [(old, new) for old, new in pairs.items() if old is not new], remove
    if not isinstance(replacements, list | tuple):
        raise TypeError(
            f"Node rewriter {rewriter} must return a list, a tuple, a dict, False or None for "
            f"{node}; got {replacements!r}"
        )
    if len(replacements) != len(node.outputs):
        raise ValueError(
            f"Node rewriter {rewriter} returned {len(replacements)} variables for the "
            f"{len(node.outputs)} outputs of {node}"
        )
    for old, new in zip(node.outputs, replacements, strict=True):
        if new is None and fgraph.clients.get(old):
            raise ValueError(
                f"Node rewriter {rewriter} returned None for output {old.index} of {node}, which "
                "is in use"
            )
    return [
        (old, new)
        for old, new in zip(node.outputs, replacements, strict=True)
        if new is not None and new is not old
    ], []


class WalkingGraphRewriter(NodeProcessingGraphRewriter):
    """Apply a node rewriter to each node of a graph once.

    Parameters
    ----------
    node_rewriter : NodeRewriter
        What is applied.
    order : {"in_to_out", "out_to_in", "dfs"}
        From the inputs to the outputs or the other way round; ``"dfs"`` goes from the inputs and
        looks at what a replacement brought at once.
    ignore_newtrees, failure_callback
        See `NodeProcessingGraphRewriter`.
    """

    def __init__(
        self,
        node_rewriter: NodeRewriter,
        order: Literal["out_to_in", "in_to_out", "dfs"] = "in_to_out",
        ignore_newtrees: bool = False,
        failure_callback: Callable | None = None,
    ) -> None:
        if order not in ("out_to_in", "in_to_out", "dfs"):
            raise ValueError(f"order must be 'out_to_in', 'in_to_out' or 'dfs', got {order!r}")
        super().__init__(node_rewriter, ignore_newtrees, failure_callback)
        self.order = order

    def apply(self, fgraph: FunctionGraph, start_from: Any = None) -> int:
        """Walk once; return the number of changes."""
        from pytensorlite.graph.traversal import toposort

        queue: deque[Apply] = deque(
            fgraph.toposort() if start_from is None else toposort(start_from)
        )
        take = queue.pop if self.order == "out_to_in" else queue.popleft
        put = queue.appendleft if self.order == "dfs" else queue.append
        updater = self.attach_updater(fgraph, put, None, name=getattr(self, "name", None))
        changes = 0
        try:
            while queue:
                node = take()
                if node in fgraph._nodes:
                    changes += self.process_node(fgraph, node)
        finally:
            self.detach_updater(fgraph, updater)
        return changes

    def __str__(self) -> str:
        return self.name or f"WalkingGraphRewriter({self.node_rewriter}, {self.order})"


def walking_rewriter(
    order: Any,
    *node_rewriters: NodeRewriter,
    name: str | None = None,
    failure_callback: Callable | None = NodeProcessingGraphRewriter.warn_inplace,
    **kwargs: Any,
) -> WalkingGraphRewriter:
    """Return a `WalkingGraphRewriter` that applies several node rewriters.

    Examples
    --------
    ``in2out(local_a, local_b)`` is ``walking_rewriter("in_to_out", local_a, local_b)``.
    """
    if len(node_rewriters) > 1:
        rewriter: NodeRewriter = SequentialNodeRewriter(*node_rewriters)
        rewriter.name = name
    else:
        (rewriter,) = node_rewriters
        name = name or rewriter.name
    walker = WalkingGraphRewriter(rewriter, order, failure_callback=failure_callback, **kwargs)
    walker.name = name
    return walker


in2out = partial(walking_rewriter, "in_to_out")
out2in = partial(walking_rewriter, "out_to_in")
dfs_rewriter = partial(walking_rewriter, "dfs")

__all__ = [
    "DispatchingFeature",
    "NodeProcessingGraphRewriter",
    "Output",
    "WalkingGraphRewriter",
    "dfs_rewriter",
    "in2out",
    "out2in",
    "walking_rewriter",
]
