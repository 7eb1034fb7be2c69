"""Applying many rewriters until nothing changes any more.

The first walk asks about every node.  The walks that follow ask only near what has changed: the
nodes that came or got another input, those below them within `REACH` steps, and those whose
readers changed.  When such walks find nothing, one more over everything confirms it, because a
rewriter may look further than that.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.clients import Output
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.rewriter import GraphRewriter, NodeRewriter, Rewriter
from pytensorlite.graph.rewriting.tracking import OpToRewriterTracker
from pytensorlite.graph.rewriting.walking import NodeProcessingGraphRewriter

#: How many steps below a change the next walk looks again: the depth of the patterns in use.
REACH = 3

#: A smaller graph counts as one of so many nodes when a rewriter is suspected of never ending.
FEW_NODES = 5


class ChangeTracker(Feature):
    """Notes whether a graph changed, and at which nodes."""

    def __init__(self) -> None:
        self.changed = False
        self.nb_imported = 0
        self.touched: dict[Apply, None] = {}
        self.lonelier: dict[Apply, None] = {}

    def clone(self) -> ChangeTracker:
        return type(self)()

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        self.nb_imported += 1
        self.changed = True
        self.touched[node] = None

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        self.changed = True
        self.touched[node] = None
        if var.owner is not None:
            self.lonelier[var.owner] = None

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        for variable in node.inputs:
            if variable.owner is not None:
                self.lonelier[variable.owner] = None

    def reset(self) -> None:
        """Forget what was noted."""
        self.changed = False
        self.touched = {}
        self.lonelier = {}


class _Watcher(ChangeTracker):
    """Also gives new nodes a line, and puts nodes on the list of a walk that wants them."""

    def __init__(self, rewriter: EquilibriumGraphRewriter) -> None:
        super().__init__()
        self.rewriter = rewriter
        self.pending: list[Apply] = []
        self.waiting: set[Apply] = set()

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        super().on_import(fgraph, node, reason)
        self.rewriter.inherit_trace(node)
        if not self.rewriter.ignore_newtrees:
            self.ask_again(node)

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        super().on_change_input(fgraph, node, i, var, new_var, reason)
        if self.rewriter.tracks_on_change_inputs and not isinstance(node.op, Output):
            self.ask_again(node)

    def ask_again(self, node: Apply) -> None:
        if node not in self.waiting:
            self.waiting.add(node)
            self.pending.append(node)


class EquilibriumGraphRewriter(NodeProcessingGraphRewriter):
    """Apply node and graph rewriters until none changes the graph.

    Parameters
    ----------
    rewriters : sequence of Rewriter
        Node rewriters are asked node by node; graph rewriters run before each walk.
    failure_callback : callable, optional
        See `NodeProcessingGraphRewriter`.
    ignore_newtrees : bool
        Whether nodes that come in are left to the next walk.
    tracks_on_change_inputs : bool
        Whether a node whose input changed is asked again in the same walk.
    max_use_ratio : float, optional
        A rewriter that applies more often than this times the number of nodes is stopped, and the
        whole with it; by default ``config.optdb__max_use_ratio``.
    final_rewriters : sequence of GraphRewriter
        Run after each walk.
    cleanup_rewriters : sequence of GraphRewriter
        Run after whatever changed the graph.
    """

    def __init__(
        self,
        rewriters: Sequence[Rewriter],
        failure_callback: Callable | None = None,
        ignore_newtrees: bool = True,
        tracks_on_change_inputs: bool = False,
        max_use_ratio: float | None = None,
        final_rewriters: Sequence[GraphRewriter] | None = None,
        cleanup_rewriters: Sequence[GraphRewriter] | None = None,
    ) -> None:
        super().__init__(None, ignore_newtrees, failure_callback)
        self.tracks_on_change_inputs = tracks_on_change_inputs
        self.max_use_ratio = max_use_ratio
        self.global_rewriters: list[Any] = []
        self.node_tracker = OpToRewriterTracker()
        for rewriter in rewriters:
            if isinstance(rewriter, NodeRewriter):
                self.node_tracker.add_tracker(rewriter)
            else:
                self.global_rewriters.append(rewriter)
        self.final_rewriters = list(final_rewriters or ())
        self.cleanup_rewriters = list(cleanup_rewriters or ())
        #: After `apply`: how often each rewriter changed the graph, and the number of walks.
        self.uses: dict[Any, int] = {}
        #: How many nodes each rewriter added, less those it removed.
        self.growth: dict[Any, int] = {}
        self.walks = 0

    def get_node_rewriters(self) -> Any:
        """Yield the node rewriters."""
        yield from self.node_tracker.get_rewriters()

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        super().add_requirements(fgraph)
        for rewriter in [
            *self.get_node_rewriters(),
            *self.global_rewriters,
            *self.final_rewriters,
            *self.cleanup_rewriters,
        ]:
            rewriter.add_requirements(fgraph)

    def apply(self, fgraph: FunctionGraph, start_from: Any = None) -> dict[Any, int]:
        """Rewrite until nothing changes; return how often each rewriter applied."""
        ratio = self.max_use_ratio
        if ratio is None:
            ratio = config.optdb__max_use_ratio
        self.uses, self.growth, self.walks = {}, {}, 0
        tracker = _Watcher(self)
        fgraph.attach_feature(tracker)
        most_nodes = len(fgraph._nodes)
        everything = True
        try:
            while True:
                tracker.changed = False
                self._run_all(fgraph, self.global_rewriters, tracker)
                if everything:
                    queue = fgraph.toposort()
                else:
                    queue = _near(fgraph, tracker.touched, tracker.lonelier)
                tracker.touched, tracker.lonelier = {}, {}
                self._walk(fgraph, queue, tracker)
                self._run_all(fgraph, self.final_rewriters, tracker)
                if tracker.changed:
                    self._run_all(fgraph, self.cleanup_rewriters, tracker, again=False)
                most_nodes = max(most_nodes, len(fgraph._nodes))
                if self._overused(ratio, most_nodes):
                    break
                if not tracker.changed and everything:
                    break
                everything = not tracker.changed
        finally:
            fgraph.remove_feature(tracker)
        return self.uses

    def _walk(self, fgraph: FunctionGraph, queue: list[Apply], tracker: _Watcher) -> None:
        """Ask the rewriters about every node in `queue`; a node that changed is asked once."""
        self.walks += 1
        nodes, get_functions, ask = fgraph._nodes, self.node_tracker.get_functions, self.ask
        pending = list(reversed(queue))
        tracker.pending = pending
        tracker.waiting = waiting = set(queue)
        while pending:
            node = pending.pop()
            waiting.discard(node)
            for rewriter, function in get_functions(node.op):
                if node not in nodes:
                    break
                size = len(nodes)
                if ask(fgraph, node, rewriter, function):
                    self.uses[rewriter] = self.uses.get(rewriter, 0) + 1
                    self.growth[rewriter] = self.growth.get(rewriter, 0) + len(nodes) - size

    def _run_all(
        self,
        fgraph: FunctionGraph,
        rewriters: Sequence[GraphRewriter],
        tracker: ChangeTracker,
        again: bool = True,
    ) -> None:
        """Apply graph rewriters; with `again` false their changes ask for no further walk."""
        for rewriter in rewriters:
            changed_before = tracker.changed
            tracker.changed = False
            rewriter.apply(fgraph)
            if tracker.changed:
                self.uses[rewriter] = self.uses.get(rewriter, 0) + 1
            tracker.changed = changed_before or (again and tracker.changed)

    def _overused(self, ratio: float, most_nodes: int) -> bool:
        """Warn and return True if a rewriter applied too often for a graph of this size.

        Nodes that it added itself do not count: a rewriter whose result it rewrites again makes
        the graph larger and larger.
        """
        names = [
            str(rewriter)
            for rewriter, count in self.uses.items()
            if count > ratio * max(most_nodes - max(self.growth.get(rewriter, 0), 0), FEW_NODES)
        ]
        if names:
            warnings.warn(
                f"Rewriting stopped without reaching a fixed point: {', '.join(names)} applied "
                f"more than {ratio:g} times per node. The graph is correct, but not finished.",
                RuntimeWarning,
                stacklevel=2,
            )
        return bool(names)

    def __str__(self) -> str:
        return self.name or f"EquilibriumGraphRewriter({len(list(self.get_node_rewriters()))})"

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        super().print_summary(stream, level, 0)
        if depth != 0:
            for rewriter in [*self.global_rewriters, *self.get_node_rewriters()]:
                rewriter.print_summary(stream, level + 2, depth - 1)


def _near(fgraph: FunctionGraph, touched: Any, lonelier: Any) -> list[Apply]:
    """Return the nodes near a change, inputs before readers.

    Parameters
    ----------
    fgraph : FunctionGraph
        The graph.
    touched : iterable of Apply
        Nodes that came in, or that read something else than before.
    lonelier : iterable of Apply
        Nodes that lost a reader: what remains may now be their only one.
    """
    present, clients = fgraph._nodes, fgraph.clients
    front = {node for node in touched if node in present}
    near = set(front)
    for node in front:
        near.update(v.owner for v in node.inputs if v.owner is not None)
    for _ in range(REACH):
        front = {r for node in front for r in _readers(node, clients) if r in present} - near
        near |= front
    for node in lonelier:
        if node in present:
            readers = _readers(node, clients)
            if len(readers) <= 2:
                near.update(reader for reader in readers if reader in present)
    return _sorted(near)


def _readers(node: Apply, clients: Any) -> list[Apply]:
    return [reader for output in node.outputs for reader, _ in clients.get(output, ())]


def _sorted(nodes: set[Apply]) -> list[Apply]:
    """Return `nodes`, those that compute inputs of others first; paths outside do not count."""
    order: dict[Apply, None] = {}
    for root in nodes:
        stack = [root]
        while stack:
            node = stack[-1]
            above = [v.owner for v in node.inputs if v.owner in nodes and v.owner not in order]
            if above and node not in order:
                stack.extend(above)
            else:
                order[stack.pop()] = None
    return list(order)
