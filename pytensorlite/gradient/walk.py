"""The walk of reverse mode: cotangents go down, each node is asked once.

Linear in the nodes between the seeds and the variables asked for, and never recursive.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from pytensorlite.gradient.rules import Pattern, connection_pattern, pull_back
from pytensorlite.gradient.values import COMPLEX, cast_gradient, is_connected, total
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.utils import without_collection

Seeds = list[tuple[Variable, Variable]]


@without_collection
def pull_back_through(
    seeds: Seeds,
    wrt: Sequence[Variable],
    *,
    constant: Container[Variable] = (),
    fixed: Container[Variable] = (),
    cost_name: str | None = None,
) -> list[Variable]:
    """Carry cotangents from the seeds down to `wrt`: reverse mode in one walk.

    Parameters
    ----------
    seeds : list of pairs of Variable
        Variables and the gradients they start with, in the order in which they are added.
    wrt : sequence of Variable
        Where gradients are wanted.
    constant : container of Variable
        Nothing flows below these.
    fixed : container of Variable
        The seeds of these are their whole gradient: nothing is added from above.
    cost_name : str or None
        If given, gradients of named variables are named after it.

    Returns
    -------
    list of Variable
        One for each of `wrt`; disconnected where nothing arrived.
    """
    nodes = nodes_between([variable for variable, _ in seeds], wrt, constant)
    terms: dict[Variable, list[Variable]] = {}
    for variable, cotangent in seeds:
        if is_connected(cotangent):
            terms.setdefault(variable, []).append(cotangent)

    name = _Namer(cost_name, seeds, nodes)
    gradients: dict[Variable, Variable] = {}

    def gradient_of(variable: Variable) -> Variable:
        if variable not in gradients:
            arrived = terms.pop(variable, None)
            gradient = total(arrived) if arrived else disconnected_type()
            gradients[variable] = name(variable, gradient) if cost_name else gradient
        return gradients[variable]

    # When a node's turn comes all users of its outputs had theirs.
    for node, pattern, wanted in reversed(nodes):
        open_outputs = [
            position
            for position, output in enumerate(node.outputs)
            if output not in constant and (output in terms or output in gradients)
        ]
        wanted = [
            position
            for position in wanted
            if node.inputs[position] not in fixed
            and any(pattern is None or pattern[position][o] for o in open_outputs)
        ]
        if not wanted:
            continue
        cotangents = [
            gradient_of(output) if position in open_outputs else disconnected_type()
            for position, output in enumerate(node.outputs)
        ]
        answer = pull_back(node, pattern, cotangents)
        for position in wanted:
            term = answer[position]
            if is_connected(term):
                variable = node.inputs[position]
                terms.setdefault(variable, []).append(_real_for_real(variable, term))
    return [gradient_of(variable) for variable in wrt]


def nodes_between(
    outputs: Iterable[Variable], wrt: Iterable[Variable], constant: Container[Variable] = ()
) -> list[tuple[Apply, Pattern | None, list[int]]]:
    """Return the nodes on differentiable paths from `wrt` to `outputs`, inputs first.

    Each comes with its connection pattern and with the positions of its inputs on such a path.
    """
    patterns: dict[Apply, Pattern | None] = {}
    finished: set[Apply] = set()
    ordered: list[Apply] = []
    stack = [v.owner for v in outputs if v.owner is not None and v not in constant]
    while stack:
        node = stack[-1]
        if node in patterns:
            stack.pop()
            if node not in finished:
                finished.add(node)
                ordered.append(node)
            continue
        pattern = patterns[node] = connection_pattern(node)
        for position, variable in enumerate(node.inputs):
            owner = variable.owner
            if (
                owner is not None
                and owner not in patterns
                and (pattern is None or any(pattern[position]))
                and variable not in constant
            ):
                stack.append(owner)

    dependent = set(wrt)
    nodes = []
    for node in ordered:
        pattern = patterns[node]
        wanted = [position for position, v in enumerate(node.inputs) if v in dependent]
        if not wanted:
            continue
        nodes.append((node, pattern, wanted))
        for o, output in enumerate(node.outputs):
            if output not in constant and any(
                pattern is None or pattern[position][o] for position in wanted
            ):
                dependent.add(output)
    return nodes


def _real_for_real(variable: Variable, term: Variable) -> Variable:
    """Drop the imaginary part of what arrives at a real variable; nothing of it can move."""
    given = getattr(term.type, "dtype", "")
    if given in COMPLEX and variable.type.dtype not in COMPLEX:
        return cast_gradient(term, f"float{int(given.removeprefix('complex')) // 2}")
    return term


class _Namer:
    """Name gradients after the cost, leaving alone every variable that was there before."""

    def __init__(self, cost_name: str | None, seeds: Seeds, nodes: Sequence[tuple]):
        self.cost_name = cost_name
        self.known: set[Variable] = set()
        if cost_name is not None:
            self.known.update(variable for variable, _ in seeds)
            self.known.update(g for _, g in seeds if not isinstance(g, Constant))
            for node, _, _ in nodes:
                self.known.update(node.inputs)
                self.known.update(node.outputs)

    def __call__(self, variable: Variable, gradient: Variable) -> Variable:
        if variable.name is not None and gradient.name is None and gradient not in self.known:
            gradient.name = f"(d{self.cost_name}/d{variable.name})"
        return gradient
