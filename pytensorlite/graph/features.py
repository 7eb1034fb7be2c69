"""Observers of a `FunctionGraph`: they are told of every change, and may add methods to the graph.

`Bookkeeper` is for those that keep a table of nodes; `History` undoes changes; `ReplaceValidate`
makes replacements that are undone if a validator objects.  A feature that lists method names in
``provides`` lends them to the graph: ``fgraph.checkpoint()`` calls ``feature.checkpoint(fgraph)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.utils import InconsistencyError

#: The methods of a feature that a graph calls.
CALLBACKS = ("on_import", "on_prune", "on_change_input", "on_validate", "orderings")


class AlreadyThere(Exception):
    """A feature refuses to be attached because one like it is attached."""


class ReplacementDidNotRemoveError(Exception):
    """A rewrite promised that a variable would leave the graph, and it did not."""


class BadOptimization(Exception):
    """A rewrite changed the value of a variable.

    Parameters
    ----------
    old_r, new_r : Variable
        What was replaced, and by what.
    old_r_val, new_r_val : object
        The two values, which should be equal.
    reason : object
        The rewrite.
    old_graph, new_graph : str
        The two graphs, printed.
    """

    def __init__(
        self,
        old_r: Any,
        new_r: Any = None,
        old_r_val: Any = None,
        new_r_val: Any = None,
        reason: Any = None,
        old_graph: str | None = None,
        new_graph: str | None = None,
    ) -> None:
        super().__init__()
        self.old_r = old_r
        self.new_r = new_r
        self.old_r_val = old_r_val
        self.new_r_val = new_r_val
        self.reason = reason
        self.old_graph = old_graph
        self.new_graph = new_graph

    def __str__(self) -> str:
        return self.str_diagnostic()

    def str_diagnostic(self) -> str:
        """Return what was replaced by what, the two values and the two graphs."""
        parts = [
            f"Rewrite {self.reason} changed a value.",
            f"old variable: {self.old_r} of type {getattr(self.old_r, 'type', None)}",
            f"new variable: {self.new_r} of type {getattr(self.new_r, 'type', None)}",
            f"old value: {self.old_r_val}",
            f"new value: {self.new_r_val}",
        ]
        if self.old_graph is not None:
            parts.append(f"old graph:\n{self.old_graph}")
        if self.new_graph is not None:
            parts.append(f"new graph:\n{self.new_graph}")
        return "\n".join(parts)


class Feature:
    """Base of observers; every method may be left as it is."""

    #: Names of methods that an attached feature adds to the graph.
    provides: ClassVar[Sequence[str]] = ()

    def on_attach(self, fgraph: Any) -> None:
        """Prepare for observing `fgraph`; raise `AlreadyThere` to refuse."""

    def on_detach(self, fgraph: Any) -> None:
        """Forget `fgraph`."""

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        """`node` has come into the graph."""

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        """``node.inputs[i]`` was `var` and now is `new_var`; `node` may be an `Output`."""

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        """`node` has left the graph."""

    def on_validate(self, fgraph: Any) -> None:
        """Raise `InconsistencyError` if the graph is not legal."""

    def orderings(self, fgraph: Any) -> dict:
        """Return, for nodes, the nodes that must be computed before them."""
        return {}

    def clone(self) -> Feature:
        """Return the feature for a clone of the graph (by default itself)."""
        return self

    def _refuse_if_provided(self, fgraph: Any) -> None:
        """Raise `AlreadyThere` if the graph has what this feature would provide."""
        for name in self.provides:
            if name in vars(fgraph) or name in fgraph._provided:
                raise AlreadyThere(f"{type(self).__name__}: {fgraph!r} has {name} already")


class Bookkeeper(Feature):
    """A feature that is shown the nodes present when it comes and goes, as imports and prunes."""

    def on_attach(self, fgraph: Any) -> None:
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "on_attach")

    def on_detach(self, fgraph: Any) -> None:
        for node in fgraph.toposort():
            self.on_prune(fgraph, node, "Bookkeeper.detach")


class HistoryEntry(NamedTuple):
    """One change: input `i` of `node` was `var`."""

    node: Any
    i: int
    var: Any
    reason: Any


class History(Feature):
    """Remember changes so that they can be undone: ``checkpoint()`` and ``revert(checkpoint)``.

    Examples
    --------
    ::

        before = fgraph.checkpoint()
        fgraph.replace(x, y)
        fgraph.revert(before)
    """

    provides: ClassVar[Sequence[str]] = ("checkpoint", "revert")

    def __init__(self) -> None:
        self._entries: list[HistoryEntry] = []
        self._reverting = False

    def on_attach(self, fgraph: Any) -> None:
        self._refuse_if_provided(fgraph)
        self._entries = []

    def on_detach(self, fgraph: Any) -> None:
        self._entries = []

    def clone(self) -> History:
        return type(self)()

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        if not self._reverting:
            self._entries.append(HistoryEntry(node, i, var, reason))

    def checkpoint(self, fgraph: Any) -> int:
        """Return a mark to which `revert` can go back."""
        return len(self._entries)

    def revert(self, fgraph: Any, checkpoint: int) -> None:
        """Undo every change made since `checkpoint`, the last one first."""
        self._reverting = True
        try:
            while len(self._entries) > checkpoint:
                node, i, var, reason = self._entries.pop()
                fgraph.change_node_input(node, i, var, reason=("Revert", reason), check=False)
        finally:
            self._reverting = False

    def __getstate__(self) -> dict:
        # Undone changes hold nodes that left the graph long ago.
        return {**self.__dict__, "_entries": []}


class FullHistory(Feature):
    """Record every change; step through them backwards and forwards.

    Parameters
    ----------
    callback : callable, optional
        Called without arguments after each change.
    """

    def __init__(self, callback: Callable[[], Any] | None = None) -> None:
        self.fgraph: Any = None
        self.callback = callback
        self._back: list[HistoryEntry] = []
        self._forward: list[HistoryEntry] = []
        self._position = 0
        self._moving = False

    def on_attach(self, fgraph: Any) -> None:
        if self.fgraph is not None:
            raise ValueError("A full history observes one graph; make another for this one")
        self.fgraph = fgraph

    def on_detach(self, fgraph: Any) -> None:
        self.fgraph = None

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        if self._moving:
            return
        del self._back[self._position :], self._forward[self._position :]
        self._back.append(HistoryEntry(node, i, var, reason))
        self._forward.append(HistoryEntry(node, i, new_var, reason))
        self._position += 1
        if self.callback is not None:
            self.callback()

    def goto(self, checkpoint: int) -> None:
        """Bring the graph to where it was after `checkpoint` changes."""
        checkpoint = max(0, min(checkpoint, len(self._back)))
        self._moving = True
        try:
            while self._position > checkpoint:
                self._position -= 1
                self._apply(self._back[self._position], "Revert")
            while self._position < checkpoint:
                self._apply(self._forward[self._position], "Redo")
                self._position += 1
        finally:
            self._moving = False

    def _apply(self, entry: HistoryEntry, direction: str) -> None:
        self.fgraph.change_node_input(
            entry.node, entry.i, entry.var, reason=(direction, entry.reason), check=False
        )

    def start(self) -> None:
        """Go to before the first change."""
        self.goto(0)

    def end(self) -> None:
        """Go to after the last change."""
        self.goto(len(self._back))

    def prev(self) -> None:
        """Go one change back."""
        self.goto(self._position - 1)

    def next(self) -> None:
        """Go one change forward."""
        self.goto(self._position + 1)


class Validator(Feature):
    """Ask every feature whether the graph is legal: ``validate()`` and ``consistent()``."""

    provides: ClassVar[Sequence[str]] = ("validate", "consistent")

    def on_attach(self, fgraph: Any) -> None:
        self._refuse_if_provided(fgraph)

    def validate(self, fgraph: Any) -> None:
        """Call ``on_validate`` of every feature; the first that objects raises."""
        fgraph.execute_callbacks("on_validate")

    def consistent(self, fgraph: Any) -> bool:
        """Whether no feature objects."""
        try:
            self.validate(fgraph)
        except InconsistencyError:
            return False
        return True


class ReplaceValidate(History, Validator):
    """Replace, and undo it if the graph is not legal afterwards."""

    provides: ClassVar[Sequence[str]] = (
        "checkpoint",
        "revert",
        "validate",
        "consistent",
        "replace_validate",
        "replace_all_validate",
        "replace_all_validate_remove",
    )

    def replace_validate(
        self, fgraph: Any, r: Variable, new_r: Variable, reason: Any = None, **kwargs: Any
    ) -> None:
        """Replace one variable."""
        self.replace_all_validate(fgraph, [(r, new_r)], reason=reason, **kwargs)

    def replace_all_validate(
        self,
        fgraph: Any,
        replacements: Iterable[tuple[Variable, Variable]],
        reason: Any = None,
        verbose: bool | None = None,
        **kwargs: Any,
    ) -> int:
        """Make all replacements or none; return the checkpoint before them.

        Raises
        ------
        InconsistencyError
            If a feature objects; the graph is then as it was.
        """
        before = self.checkpoint(fgraph)
        try:
            for variable, replacement in replacements:
                fgraph.replace(variable, replacement, reason=reason, verbose=verbose, **kwargs)
            self.validate(fgraph)
        except Exception as error:
            self.revert(fgraph, before)
            if config.optimizer_verbose:
                print(
                    f"rewriting: validate failed on node {replacements}. Reason: {reason}, {error}"
                )
            raise
        return before

    def replace_all_validate_remove(
        self,
        fgraph: Any,
        replacements: Iterable[tuple[Variable, Variable]],
        remove: Iterable[Any],
        reason: Any = None,
        warn: bool = True,
        **kwargs: Any,
    ) -> None:
        """Make all replacements if they free the graph of `remove` (variables or nodes).

        Raises
        ------
        ReplacementDidNotRemoveError
            If something of `remove` is still needed; the graph is then as it was.
        """
        before = self.replace_all_validate(fgraph, replacements, reason=reason, **kwargs)
        for item in remove:
            if item in fgraph:
                self.revert(fgraph, before)
                raise ReplacementDidNotRemoveError(
                    f"{reason} should have removed {item} from the graph, which still needs it; "
                    "the replacement was undone"
                )


class NoOutputFromInplace(Feature):
    """Forbid that protected outputs are computed in place.

    Parameters
    ----------
    protected_out_ids : iterable of int
        Positions of the outputs.
    """

    def __init__(self, protected_out_ids: Iterable[int]) -> None:
        self.protected_out_ids = tuple(protected_out_ids)

    def clone(self) -> NoOutputFromInplace:
        return type(self)(self.protected_out_ids)

    def on_validate(self, fgraph: Any) -> None:
        for position in self.protected_out_ids:
            variable = fgraph.outputs[position]
            node = variable.owner
            if node is not None and variable.index in node.op.destroy_map:
                raise InconsistencyError(
                    f"Output {position} of the graph must not be computed in place, as {node} does"
                )


class PreserveVariableAttributes(Feature):
    """Give the name (and test value) of a replaced variable to a replacement that has none."""

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, var: Any, new_var: Any, reason: Any = None
    ) -> None:
        if var.name is not None and new_var.name is None:
            new_var.name = var.name
        if hasattr(var.tag, "test_value") and not hasattr(new_var.tag, "test_value"):
            new_var.tag.test_value = var.tag.test_value


class GetCheckpoint:
    """A callable that returns the checkpoint of a history."""

    def __init__(self, history: History, fgraph: Any) -> None:
        self.history = history
        self.fgraph = fgraph

    def __call__(self) -> int:
        return self.history.checkpoint(self.fgraph)


class LambdaExtract:
    """A callable that undoes one change."""

    def __init__(self, fgraph: Any, node: Any, i: int, r: Any, reason: Any = None) -> None:
        self.fgraph = fgraph
        self.node = node
        self.i = i
        self.r = r
        self.reason = reason

    def __call__(self) -> None:
        self.fgraph.change_node_input(
            self.node, self.i, self.r, reason=("Revert", self.reason), check=False
        )
