"""`PatternNodeRewriter`: rules written as nested tuples, PyTensor's older spelling.

``PatternNodeRewriter((log, (exp, "x")), "x")`` is the rule ``log(exp(x)) -> x`` of
`pytensorlite.graph.rewriting.pattern`, by which it is matched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.pattern import PatternNode, Rule, Wildcard


class PatternNodeRewriter(Rule):
    """Replace what matches one pattern by another.

    Parameters
    ----------
    in_pattern : tuple
        ``(op, *arguments)``; an argument is a tuple of the same form, a name (str) that matches any
        variable, a number, a constant, or ``{"pattern": ..., "constraint": function}``.
    out_pattern : tuple, str or callable
        What replaces it; a callable gets the variables by name.
    allow_multiple_clients : bool
        Whether inner nodes of the pattern may be read by other nodes too.
    name : str, optional
        Name of the rewriter.
    tracks : sequence, optional
        Ops to be called for, by default the one at the root.
    get_nodes : callable, optional
        With `tracks`: ``(fgraph, node)`` -> nodes to match instead of the tracked one.
    values_eq_approx : callable, optional
        How values of the new variable are compared by checking modes.
    allow_cast : bool
        Whether the result may be converted to the old type.

    Examples
    --------
    ::

        PatternNodeRewriter((add, "x", "x"), (mul, 2, "x"))
    """

    def __init__(
        self,
        in_pattern: tuple,
        out_pattern: Any,
        allow_multiple_clients: bool = False,
        name: str | None = None,
        tracks: Sequence[Any] = (),
        get_nodes: Callable | None = None,
        values_eq_approx: Callable | None = None,
        allow_cast: bool = True,
    ) -> None:
        if not isinstance(in_pattern, tuple | list) or len(in_pattern) < 1:
            raise TypeError(
                f"The pattern to search for must be a tuple (op, *arguments), got {in_pattern!r}"
            )
        if bool(tracks) != bool(get_nodes):
            raise ValueError("PatternNodeRewriter: tracks and get_nodes need each other")
        self.in_pattern = in_pattern
        self.out_pattern = out_pattern
        after = out_pattern if callable(out_pattern) else _as_pattern(out_pattern)
        super().__init__(
            name, _as_pattern(in_pattern), after, single_client=not allow_multiple_clients
        )
        self.allow_multiple_clients = allow_multiple_clients
        self._tracks = list(tracks)
        self.get_nodes = get_nodes
        self.values_eq_approx = values_eq_approx
        self.allow_cast = allow_cast

    def tracks(self) -> Sequence[Any]:
        return self._tracks or super().tracks()

    def transform(
        self,
        fgraph: FunctionGraph,
        node: Apply,
        enforce_tracks: bool = False,
        get_nodes: bool = True,
    ) -> Any:
        if get_nodes and self.get_nodes is not None:
            for real_node in self.get_nodes(fgraph, node):
                if real_node is None:
                    continue
                found = self.transform(fgraph, real_node, get_nodes=False)
                if found:
                    return dict(zip(real_node.outputs, found, strict=True))
            return False
        found = super().transform(fgraph, node)
        if not found:
            return False
        for old, new in zip(node.outputs, found, strict=True):
            if not self.allow_cast and new.type.dtype != old.type.dtype:
                return False
            if self.values_eq_approx is not None:
                new.tag.values_eq_approx = self.values_eq_approx
        return found

    def __str__(self) -> str:
        return self.name or f"{_text(self.in_pattern)} -> {_text(self.out_pattern)}"

    __repr__ = __str__


def _as_pattern(spec: Any, constraint: Callable | None = None) -> Any:
    """Return the pattern that nested tuples mean."""
    if isinstance(spec, dict):
        return _as_pattern(spec["pattern"], spec.get("constraint"))
    if isinstance(spec, str):
        return Wildcard(spec, constraint=constraint)
    if isinstance(spec, tuple | list):
        op, *arguments = spec
        return PatternNode(op, [_as_pattern(argument) for argument in arguments])
    return spec


def _text(spec: Any) -> str:
    if isinstance(spec, tuple | list):
        op, *arguments = spec
        return f"{op}({', '.join(map(_text, arguments))})"
    return str(spec)
