"""Walks over graphs.  All are iterative and linear in the nodes they visit.

`walk` is the general one; the others name a question: which variables lead here (`ancestors`),
which of them are inputs (`graph_inputs`), in which order must nodes be computed (`toposort`,
`io_toposort`), what lies between these inputs and those outputs (`vars_between`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Reversible, Sequence
from typing import Any, TypeVar

from pytensorlite.graph.basic import Apply, Constant, Node, Variable

T = TypeVar("T", bound=Any)


def walk(
    nodes: Iterable[T],
    expand: Callable[[T], Iterable[T] | None],
    bfs: bool = True,
    return_children: bool = False,
    hash_fn: Callable[[T], Any] = id,
) -> Generator[Any, None, None]:
    """Yield `nodes` and everything `expand` leads to, each once.

    Parameters
    ----------
    nodes : iterable
        Where to begin.
    expand : callable
        Returns what follows a node, or None.
    bfs : bool
        Breadth first if true, depth first otherwise.
    return_children : bool
        Yield pairs ``(node, children)``.
    hash_fn : callable
        What tells two nodes apart.

    Examples
    --------
    >>> list(walk([12], lambda n: [n // 2, n // 3] if n > 1 else [], hash_fn=hash))
    [12, 6, 4, 3, 2, 1, 0]
    """
    queue = deque(nodes)
    seen: set = set()
    take = queue.popleft if bfs else queue.pop
    while queue:
        node = take()
        key = hash_fn(node)
        if key in seen:
            continue
        seen.add(key)
        children = expand(node)
        yield (node, children) if return_children else node
        if children:
            queue.extend(children)


def variable_ancestors(
    graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> Generator[Variable, None, None]:
    """Yield `graphs` and all variables they depend on, depth first, left to right.

    Nothing is looked at beyond a variable in `blockers`, which is itself yielded.
    """
    seen = set(blockers or ())
    blocked = frozenset(seen)
    seen = set()
    stack = list(graphs)[::-1]
    while stack:
        variable = stack.pop()
        if variable in seen:
            continue
        seen.add(variable)
        yield variable
        owner = variable.owner
        if owner is not None and variable not in blocked:
            stack.extend(reversed(owner.inputs))


ancestors = variable_ancestors


def apply_ancestors(
    graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> Generator[Apply, None, None]:
    """Yield the nodes that `graphs` depend on, each once, outputs first."""
    blocked = frozenset(blockers or ())
    seen: set[Apply] = set()
    stack = [v.owner for v in graphs if v.owner is not None and v not in blocked][::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        stack.extend(
            v.owner for v in reversed(node.inputs) if v.owner is not None and v not in blocked
        )


def graph_inputs(
    graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> Generator[Variable, None, None]:
    """Yield the variables without owner (constants included) that `graphs` depend on."""
    return (v for v in variable_ancestors(graphs, blockers) if v.owner is None)


def explicit_graph_inputs(
    graph: Variable | Iterable[Variable],
) -> Generator[Variable, None, None]:
    """Yield the inputs of a graph that need a value from outside: no constants, no shared ones."""
    graphs = [graph] if isinstance(graph, Variable) else graph
    # Shared variables live on a higher floor; what they have and others have not is a container.
    return (
        v
        for v in graph_inputs(graphs)
        if not isinstance(v, Constant) and not hasattr(v, "container")
    )


def vars_between(
    ins: Iterable[Variable], outs: Iterable[Variable]
) -> Generator[Variable, None, None]:
    """Yield the variables from `outs` up to `ins`, both included, and siblings of computed ones."""
    blocked = frozenset(ins)
    seen: set[Variable] = set()
    stack = list(outs)[::-1]
    while stack:
        variable = stack.pop()
        if variable in seen:
            continue
        seen.add(variable)
        yield variable
        if variable.owner is not None and variable not in blocked:
            stack.extend(reversed(variable.owner.inputs))
            stack.extend(v for v in reversed(variable.owner.outputs) if v is not variable)


def orphans_between(
    ins: Iterable[Variable], outs: Iterable[Variable]
) -> Generator[Variable, None, None]:
    """Yield the variables without owner that `outs` need and that are not among `ins`."""
    blocked = frozenset(ins)
    return (v for v in vars_between(blocked, outs) if v.owner is None and v not in blocked)


def applys_between(
    ins: Iterable[Variable], outs: Iterable[Variable]
) -> Generator[Apply, None, None]:
    """Yield the nodes needed to compute `outs` from `ins`, each once."""
    return apply_ancestors(outs, blockers=ins)


def variable_depends_on(variable: Variable, depends_on: Variable | Iterable[Variable]) -> bool:
    """Whether `variable` is computed from (or is) one of `depends_on`."""
    wanted = {depends_on} if isinstance(depends_on, Variable) else frozenset(depends_on)
    return any(v in wanted for v in variable_ancestors([variable]))


def apply_depends_on(apply: Apply, depends_on: Apply | Iterable[Apply]) -> bool:
    """Whether node `apply` needs (or is) one of the nodes `depends_on`."""
    wanted = {depends_on} if isinstance(depends_on, Apply) else frozenset(depends_on)
    return apply in wanted or any(node in wanted for node in apply_ancestors(apply.inputs))


def truncated_graph_inputs(
    outputs: Sequence[Variable], ancestors_to_include: Iterable[Variable] | None = None
) -> list[Variable]:
    """Return variables from which `outputs` can be computed, as few steps up as possible.

    Every path from an output upwards ends at one of `ancestors_to_include`, or at the first
    variable that depends on none of them.  Where one of these is computed from another of them,
    both are returned, and what else is needed to get from one to the other.

    Examples
    --------
    With ``c = exp(a * y)`` and ``a = x + 1``, what `c` needs besides `a` is `y`:
    ``truncated_graph_inputs([c], [a])`` is ``[a, y]``.
    """
    included = frozenset(ancestors_to_include or ())
    below: set[Variable] = set()
    for node in toposort(outputs):
        if any(v in included or v in below for v in node.inputs):
            below.update(node.outputs)
    blockers = [v for v in variable_ancestors(outputs) if v not in below]
    return [v for v in variable_ancestors(outputs, blockers) if v in included or v not in below]


def walk_toposort(
    graphs: Iterable[T], deps: Callable[[T], Iterable[T] | None]
) -> Generator[T, None, None]:
    """Yield everything that `graphs` depend on by `deps`, dependencies first.

    Raises
    ------
    ValueError
        If the dependencies contain a cycle.
    """
    done: set = set()
    open_: set = set()
    stack: list[tuple[Any, bool]] = [(g, False) for g in graphs][::-1]
    while stack:
        item, deps_done = stack.pop()
        if deps_done:
            open_.discard(item)
            done.add(item)
            yield item
        elif item not in done:
            if item in open_:
                raise ValueError("graph contains cycles")
            open_.add(item)
            stack.append((item, True))
            wanted = deps(item) or ()
            for dependency in reversed(list(wanted)):
                if dependency in open_:
                    raise ValueError("graph contains cycles")
                if dependency not in done:
                    stack.append((dependency, False))


def general_toposort(
    outputs: Iterable[T],
    deps: Callable[[T], Iterable[T] | None],
    compute_deps_cache: Any = None,
    deps_cache: dict | None = None,
    clients: dict | None = None,
) -> list[T]:
    """Return what `outputs` depend on, dependencies first; fill `clients` if given.

    The two cache arguments are accepted for compatibility: `deps` is asked once per item anyway.
    """

    def recorded(item: Any) -> Any:
        found = deps(item) or ()
        if deps_cache is not None:
            deps_cache[item] = list(found)
        if clients is not None:
            for dependency in found:
                clients.setdefault(dependency, []).append(item)
        return found

    return list(walk_toposort(outputs, recorded))


def toposort(
    graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> Generator[Apply, None, None]:
    """Yield the nodes that `graphs` need, each after the nodes that compute its inputs.

    Raises
    ------
    ValueError
        If the graph contains a cycle.
    """
    blocked = frozenset(blockers or ())
    done: set[Apply] = set()
    open_: set[Apply] = set()
    stack: list[Apply] = [v.owner for v in graphs if v.owner is not None and v not in blocked]
    stack.reverse()
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        waiting = [
            v.owner
            for v in reversed(node.inputs)
            if v.owner is not None and v.owner not in done and v not in blocked
        ]
        if not waiting:
            stack.pop()
            open_.discard(node)
            done.add(node)
            yield node
            continue
        if node in open_:
            raise ValueError("graph contains cycles")
        open_.add(node)
        stack.extend(waiting)


def toposort_with_orderings(
    graphs: Iterable[Variable],
    *,
    blockers: Iterable[Variable] | None = None,
    orderings: dict[Apply, list[Apply]] | None = None,
) -> Generator[Apply, None, None]:
    """Yield nodes as `toposort` does, each also after the nodes that `orderings` lists for it."""
    if not orderings:
        return toposort(graphs, blockers)
    blocked = frozenset(blockers or ())

    def dependencies(node: Apply) -> list[Apply]:
        owners = [v.owner for v in node.inputs if v.owner is not None and v not in blocked]
        return owners + list(orderings.get(node, ()))

    roots = [v.owner for v in graphs if v.owner is not None and v not in blocked]
    return walk_toposort(dict.fromkeys(roots), dependencies)


def io_toposort(
    inputs: Iterable[Variable],
    outputs: Reversible[Variable],
    orderings: dict[Apply, list[Apply]] | None = None,
    clients: dict[Variable, list[Variable]] | None = None,
) -> list[Apply]:
    """Return the nodes from `inputs` to `outputs`, each after those it needs.

    Parameters
    ----------
    inputs : iterable of Variable
        Nothing above these is looked at.
    outputs : sequence of Variable
        What is to be computed.
    orderings : dict
        For a node, further nodes that must come before it.
    clients : dict
        Filled with the variables computed from each variable.
    """
    order = list(toposort_with_orderings(outputs, blockers=inputs, orderings=orderings))
    if clients is not None:
        for node in order:
            for variable in node.inputs:
                clients.setdefault(variable, []).extend(node.outputs)
    return order


def get_var_by_name(graphs: Iterable[Variable], target_var_id: str) -> tuple[Variable, ...]:
    """Return the variables in `graphs` (and in graphs inside ops) that are called `target_var_id`.

    Examples
    --------
    ``(mu,) = get_var_by_name([logp], "mu")``
    """
    found: dict[Variable, None] = {}
    pending = [list(graphs)]
    seen_graphs: set[int] = set()
    while pending:
        for variable in variable_ancestors(pending.pop()):
            if variable.name == target_var_id:
                found[variable] = None
            inner = getattr(variable.owner_op, "fgraph", None)
            if inner is not None and id(inner) not in seen_graphs:
                seen_graphs.add(id(inner))
                pending.append(list(inner.outputs))
    return tuple(found)


__all__ = [
    "Apply",
    "Constant",
    "Node",
    "Variable",
    "ancestors",
    "apply_ancestors",
    "apply_depends_on",
    "applys_between",
    "explicit_graph_inputs",
    "general_toposort",
    "get_var_by_name",
    "graph_inputs",
    "io_toposort",
    "orphans_between",
    "toposort",
    "toposort_with_orderings",
    "truncated_graph_inputs",
    "variable_ancestors",
    "variable_depends_on",
    "vars_between",
    "walk",
    "walk_toposort",
]
