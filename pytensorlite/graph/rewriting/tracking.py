"""Which node rewriters are worth asking about a node, and rewriters that consist of others.

`OpToRewriterTracker` answers by the node's op in the time of one dictionary look-up, so that a
table of a hundred rules costs a node no more than the two or three that are about its op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TextIO

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.rewriting.rewriter import (
    FromFunctionNodeRewriter,
    NodeRewriter,
    Rewriter,
    copy_stack_trace,
)
from pytensorlite.graph.rewriting.unify import OpPattern


class OpToRewriterTracker:
    """The node rewriters that track an op, in the order in which they were added.

    Attributes
    ----------
    tracked_instances, tracked_types : dict
        Rewriters by op and by op class.
    untracked_rewrites : list
        Rewriters that want to see every node.
    """

    def __init__(self) -> None:
        self.tracked_instances: dict[Op, list[NodeRewriter]] = {}
        self.tracked_types: dict[type, list[NodeRewriter]] = {}
        self.tracked_patterns: dict[type, list[tuple[OpPattern, NodeRewriter]]] = {}
        self.untracked_rewrites: list[NodeRewriter] = []
        self._position: dict[NodeRewriter, int] = {}
        self._by_op: dict[Op, list[NodeRewriter]] = {}
        self._functions: dict[Op, list[tuple[NodeRewriter, Callable]]] = {}

    def add_tracker(self, rw: NodeRewriter) -> None:
        """Add a rewriter.

        Raises
        ------
        TypeError
            If what it tracks is neither an op, an op class nor an `OpPattern`.
        """
        self._position.setdefault(rw, len(self._position))
        self._by_op.clear()
        self._functions.clear()
        tracked = rw.tracks()
        if tracked is None:
            self.untracked_rewrites.append(rw)
            return
        for item in tracked:
            if isinstance(item, OpPattern):
                for op_type in item.op_types:
                    self.tracked_patterns.setdefault(op_type, []).append((item, rw))
            elif isinstance(item, type):
                self.tracked_types.setdefault(item, []).append(rw)
            elif isinstance(item, Op):
                self.tracked_instances.setdefault(item, []).append(rw)
            else:
                raise TypeError(
                    f"{rw} tracks {item!r}: expected ops, op classes or OpPatterns in tracks()"
                )

    def get_trackers(self, op: Op) -> list[NodeRewriter]:
        """Return the rewriters to ask about a node of `op`."""
        found = self._by_op.get(op)
        if found is None:
            found = self._by_op[op] = self._find(op)
        return found

    _get_trackers = get_trackers

    def get_functions(self, op: Op) -> list[tuple[NodeRewriter, Callable[[Any, Apply], Any]]]:
        """Return the rewriters with what to call: they are known to track the op."""
        found = self._functions.get(op)
        if found is None:
            found = [(rewriter, _function_of(rewriter)) for rewriter in self.get_trackers(op)]
            self._functions[op] = found
        return found

    def _find(self, op: Op) -> list[NodeRewriter]:
        rewriters = dict.fromkeys(self.untracked_rewrites)
        rewriters.update(dict.fromkeys(self.tracked_instances.get(op, ())))
        for op_type in type(op).__mro__:
            rewriters.update(dict.fromkeys(self.tracked_types.get(op_type, ())))
            for pattern, rewriter in self.tracked_patterns.get(op_type, ()):
                if pattern.match_op(op):
                    rewriters[rewriter] = None
        return sorted(rewriters, key=self._position.__getitem__)

    def get_rewriters(self) -> Iterable[NodeRewriter]:
        """Return every rewriter once."""
        return list(self._position)


def _function_of(rewriter: NodeRewriter) -> Callable[[Any, Apply], Any]:
    if type(rewriter) is FromFunctionNodeRewriter:
        return rewriter.fn
    return partial(rewriter.transform, enforce_tracks=False)


class SequentialNodeRewriter(NodeRewriter):
    """Node rewriters tried one after another on a node.

    Parameters
    ----------
    *rewriters : NodeRewriter
        In the order in which they are tried.
    apply_all_rewrites : bool
        Go on with the replacement when one applies, instead of stopping there.
    profile : bool
        Count how often each applies, in ``self.applied_true``.
    """

    def __init__(
        self, *rewriters: Rewriter, apply_all_rewrites: bool = False, profile: bool = False
    ) -> None:
        if len(rewriters) == 1 and isinstance(rewriters[0], list | tuple):
            rewriters = tuple(rewriters[0])
        self.opts = self.rewriters = [r for r in rewriters if isinstance(r, NodeRewriter)]
        self.apply_all_rewrites = apply_all_rewrites
        self.profile = profile
        self.applied_true: dict[NodeRewriter, int] = {}
        self.tracker = OpToRewriterTracker()
        for rewriter in self.rewriters:
            self.tracker.add_tracker(rewriter)

    def tracks(self) -> Sequence[Any] | None:
        tracked: dict[Any, None] = {}
        for rewriter in self.rewriters:
            items = rewriter.tracks()
            if items is None:
                return None
            tracked.update(dict.fromkeys(items))
        return list(tracked)

    def transform(self, fgraph: FunctionGraph, node: Apply, enforce_tracks: bool = False) -> Any:
        result: Any = False
        while True:
            replacements = self._first_that_applies(fgraph, node)
            if replacements is False:
                return result
            result = replacements
            if not self.apply_all_rewrites or not isinstance(result, list | tuple):
                return result
            # Only a single new node can be looked at again; several would need a graph.
            owners = {variable.owner for variable in result if variable is not None}
            if len(owners) != 1 or None in owners:
                return result
            (new_node,) = owners
            if new_node is node or list(new_node.outputs) != list(result):
                return result
            node = new_node

    def _first_that_applies(self, fgraph: FunctionGraph, node: Apply) -> Any:
        for rewriter, function in self.tracker.get_functions(node.op):
            replacements = function(fgraph, node)
            if replacements is not False and replacements is not None and len(replacements):
                self.applied_true[rewriter] = self.applied_true.get(rewriter, 0) + 1
                return replacements
        return False

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        for rewriter in self.rewriters:
            rewriter.add_requirements(fgraph)

    def __str__(self) -> str:
        return self.name or f"SequentialNodeRewriter({', '.join(map(str, self.rewriters))})"

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        super().print_summary(stream, level)
        if depth != 0:
            for rewriter in self.rewriters:
                rewriter.print_summary(stream, level + 2, depth - 1)


class SubstitutionNodeRewriter(NodeRewriter):
    """Replace one op by another that takes the same inputs.

    Parameters
    ----------
    op1, op2 : Op
        The old one and the new one.
    transfer_tags : bool
        Whether the new node gets the old node's ``tag``.
    """

    reentrant = False

    def __init__(self, op1: Op, op2: Op, transfer_tags: bool = True) -> None:
        self.op1 = op1
        self.op2 = op2
        self.transfer_tags = transfer_tags
        self.name = f"{op1} -> {op2}"

    def tracks(self) -> Sequence[Any]:
        return [self.op1]

    def transform(self, fgraph: FunctionGraph, node: Apply, enforce_tracks: bool = True) -> Any:
        if enforce_tracks and node.op != self.op1:
            return False
        new_node = self.op2.make_node(*node.inputs)
        if self.transfer_tags:
            new_node.tag.__dict__.update(node.tag.__dict__)
            copy_stack_trace(node.outputs, new_node.outputs)
        return new_node.outputs

    def __str__(self) -> str:
        return f"{self.op1} -> {self.op2}"


def pre_greedy_node_rewriter(
    fgraph: FunctionGraph, rewrites: Sequence[NodeRewriter], out: Variable
) -> Variable:
    """Return `out` with `rewrites` applied to the nodes above it, before it enters a graph.

    Nodes are looked at once, inputs first; nodes that `fgraph` has already are left alone.
    """
    from pytensorlite.graph.traversal import toposort

    tracker = OpToRewriterTracker()
    for rewrite in rewrites:
        tracker.add_tracker(rewrite)
    known = [v for v in fgraph.variables if v.owner is not None] if fgraph is not None else []
    new: dict[Variable, Variable] = {}
    for node in list(toposort([out], blockers=known)):
        inputs = [new.get(v, v) for v in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            copy = node.clone_with_new_inputs(inputs)
            new.update(zip(node.outputs, copy.outputs, strict=True))
            node = copy
        for rewrite in tracker.get_trackers(node.op):
            replacements = rewrite.transform(fgraph, node, enforce_tracks=False)
            if isinstance(replacements, list | tuple):
                by_old = dict(zip(node.outputs, replacements, strict=True))
                new.update({old: by_old.get(v, v) for old, v in new.items()})
                new.update(by_old)
                break
    return new.get(out, out)
