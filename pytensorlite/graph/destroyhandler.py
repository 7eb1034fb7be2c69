"""`DestroyHandler`: who may overwrite whom.

An op with a ``destroy_map`` writes its output into the memory of an input.  That is right only if
whoever else reads this memory does so before.  The handler turns it into orderings, which
``fgraph.toposort()`` respects, and objects (`InconsistencyError`) to what no order can satisfy: two
ops that overwrite the same value, an overwritten constant or output, a cycle.

The memory of a value is that of its *root*: what remains after following views (``view_map``)
upwards.  An overwriting op begins a new root with its output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.features import AlreadyThere, Bookkeeper
from pytensorlite.graph.traversal import toposort_with_orderings
from pytensorlite.graph.utils import InconsistencyError


class ProtocolError(Exception):
    """A ``view_map`` or ``destroy_map`` is malformed."""


class DestroyHandler(Bookkeeper):
    """Keep a graph with ops that work in place consistent.

    Parameters
    ----------
    do_imports_on_attach, algo
        Accepted for compatibility.
    """

    provides: ClassVar[Sequence[str]] = ("destroyers", "has_destroyers")

    def __init__(self, do_imports_on_attach: bool = True, algo: Any = None) -> None:
        self._destroyer_nodes: dict[Apply, None] = {}

    def clone(self) -> DestroyHandler:
        return type(self)()

    def on_attach(self, fgraph: Any) -> None:
        if any(isinstance(feature, DestroyHandler) for feature in fgraph._features):
            raise AlreadyThere("DestroyHandler")
        self._destroyer_nodes = {}
        super().on_attach(fgraph)

    def on_detach(self, fgraph: Any) -> None:
        self._destroyer_nodes = {}

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        destroy_map = node.op.destroy_map
        _check_map(node, destroy_map, "destroy_map")
        _check_map(node, node.op.view_map, "view_map")
        if any(destroy_map.values()):
            self._destroyer_nodes[node] = None

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        self._destroyer_nodes.pop(node, None)

    def destroyers(self, fgraph: Any, r: Variable) -> list[Apply]:
        """Return the nodes that overwrite the memory of `r` (none, or one)."""
        root = view_root(r)
        return [node for node in self._destroyer_nodes if root in _destroyed_roots(node)]

    def has_destroyers(self, fgraph: Any, protected_list: Iterable[Variable]) -> bool:
        """Whether the memory of one of these variables is overwritten."""
        destroyed = {root for node in self._destroyer_nodes for root in _destroyed_roots(node)}
        return any(view_root(variable) in destroyed for variable in protected_list)

    def on_validate(self, fgraph: Any) -> None:
        if not self._destroyer_nodes:
            return
        orderings = self.orderings(fgraph)
        try:
            for _ in toposort_with_orderings(fgraph.outputs, orderings=orderings):
                pass
        except ValueError as error:
            raise InconsistencyError(
                "Dependency graph contains cycles: a value would be read after it was overwritten"
            ) from error

    def orderings(self, fgraph: Any) -> dict[Apply, list[Apply]]:
        """Return, for each overwriting node, the nodes that read the same memory before.

        Raises
        ------
        InconsistencyError
            If there is no order in which that works.
        """
        destroyer_of: dict[Variable, Apply] = {}
        before: dict[Apply, list[Apply]] = {}
        for node in self._destroyer_nodes:
            readers: dict[Apply, None] = {}
            for root in _destroyed_roots(node):
                other = destroyer_of.setdefault(root, node)
                if other is not node:
                    raise InconsistencyError(f"{root} is overwritten twice: by {other} and {node}")
                if isinstance(root, Constant):
                    raise InconsistencyError(f"{node} would overwrite the constant {root}")
                self._collect_readers(fgraph, node, root, readers)
            before[node] = list(readers)
        return before

    def _collect_readers(
        self, fgraph: Any, destroyer: Apply, root: Variable, readers: dict[Apply, None]
    ) -> None:
        """Note who reads `root` or a view of it."""
        tolerated = _tolerated_positions(destroyer)
        overwritten = {i for positions in destroyer.op.destroy_map.values() for i in positions}
        for variable in _with_views(fgraph, root):
            for reader, position in fgraph.clients[variable]:
                if isinstance(reader.op, Output):
                    raise InconsistencyError(
                        f"Output {reader.op.idx} of the graph would be overwritten by {destroyer}"
                    )
                if reader is not destroyer:
                    readers[reader] = None
                elif position not in overwritten and position not in tolerated:
                    raise InconsistencyError(
                        f"{destroyer} overwrites what it reads as its input {position}"
                    )


def view_root(variable: Variable) -> Variable:
    """Return the variable whose memory `variable` is a view of (itself if it is none)."""
    while variable.owner is not None:
        positions = variable.owner.op.view_map.get(variable.index, ())
        if not positions:
            break
        variable = variable.owner.inputs[positions[0]]
    return variable


def _destroyed_roots(node: Apply) -> dict[Variable, None]:
    return {
        view_root(node.inputs[i]): None
        for positions in node.op.destroy_map.values()
        for i in positions
    }


def _with_views(fgraph: Any, root: Variable) -> list[Variable]:
    """Return `root` and all views of it in the graph."""
    found = {root: None}
    stack = [root]
    while stack:
        variable = stack.pop()
        for reader, position in fgraph.clients[variable]:
            for index, positions in reader.op.view_map.items():
                if position in positions and reader.outputs[index] not in found:
                    found[reader.outputs[index]] = None
                    stack.append(reader.outputs[index])
    return list(found)


def _tolerated_positions(node: Apply) -> set[int]:
    """Return the inputs that an op says may share memory with an overwritten one."""
    pairs = [
        *getattr(node.op, "destroyhandler_tolerate_same", ()),
        *getattr(node.op, "destroyhandler_tolerate_aliased", ()),
    ]
    return {position for pair in pairs for position in pair}


def _check_map(node: Apply, positions_by_output: Any, name: str) -> None:
    for index, positions in positions_by_output.items():
        legal = isinstance(positions, list | tuple) and all(
            isinstance(i, int) and 0 <= i < len(node.inputs) for i in positions
        )
        if not legal or not 0 <= index < len(node.outputs):
            raise ProtocolError(
                f"{node.op}.{name} must map positions of outputs to lists of positions of inputs, "
                f"got {positions_by_output!r} for {len(node.outputs)} outputs and "
                f"{len(node.inputs)} inputs"
            )


def inplace_candidates(
    fgraph: Any, inputs: Iterable[Variable], protected_inputs: Iterable[Variable] | None = None
) -> list[Variable]:
    """Return those of `inputs` that could be overwritten: no constant, not protected, not yet so.

    Parameters
    ----------
    fgraph : FunctionGraph
        A graph with a `DestroyHandler`.
    inputs : iterable of Variable
        Inputs of a node.
    protected_inputs : iterable of Variable, optional
        What must be kept; by default what features list as ``protected`` and the outputs.
    """
    if protected_inputs is None:
        protected_inputs = [
            variable
            for feature in fgraph._features
            for variable in getattr(feature, "protected", ())
        ]
    kept = {view_root(v) for v in [*protected_inputs, *fgraph.outputs]}
    return [
        variable
        for variable in inputs
        if not isinstance(view_root(variable), Constant)
        and view_root(variable) not in kept
        and not fgraph.has_destroyers([variable])
    ]


__all__ = ["DestroyHandler", "ProtocolError", "inplace_candidates", "view_root"]
