"""Observers of a `FunctionGraph`: they are told of every change, and may add methods to the graph.

`Bookkeeper` is for those that keep a table of nodes; `History` undoes changes; `ReplaceValidate`
makes replacements that are undone if a validator objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


#: The methods of a feature that a graph calls.
CALLBACKS = ("on_import", "on_prune", "on_change_input", "on_validate", "orderings")


class AlreadyThere(Exception):
    """A feature refuses to be attached because one like it is attached."""


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
