"""Which nodes are needed only under a condition: those that only one branch of a choice reads.

An op such as `ifelse` says by `Op.branch` which inputs it reads for which value of its first one.
A program that asks here skips what the condition rules out: its work, its memory and its errors.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.op import Op

if TYPE_CHECKING:
    from pytensorlite.graph.fg import FunctionGraph

Conditions = frozenset[tuple[Variable, bool]]
ALWAYS: Conditions = frozenset()

__all__ = ["ALWAYS", "Conditions", "find_conditions", "order_by_conditions"]


def find_conditions(fgraph: FunctionGraph) -> dict[Apply, Conditions]:
    """Return the conditions under which each node is needed, without those that always are.

    A node has the conditions that all its readers share; what a branch reads has that of the branch
    besides.
    """
    if all(type(node.op).branch is Op.branch for node in fgraph.apply_nodes):
        return {}
    found: dict[Apply, Conditions] = {}
    for node in reversed(fgraph.toposort()):
        readers = [
            _conditions_of_input(client, position, found)
            for out in node.outputs
            for client, position in fgraph.clients[out]
        ]
        found[node] = frozenset.intersection(*readers) if readers else ALWAYS
    return {node: conditions for node, conditions in found.items() if conditions}


def _conditions_of_input(
    node: Apply, position: int, found: Mapping[Apply, Conditions]
) -> Conditions:
    own = found.get(node, ALWAYS)
    value = node.op.branch(position)
    if value is None or isinstance(node.inputs[0], Constant):
        return own
    return own | {(node.inputs[0], value)}


def order_by_conditions(
    fgraph: FunctionGraph, conditions: Mapping[Apply, Conditions]
) -> list[Apply]:
    """Return the nodes in an order in which what has equal conditions stands together.

    A node comes after those it needs, and after those that compute its conditions.
    """
    order = fgraph.toposort()
    if not conditions:
        return order
    position = {node: number for number, node in enumerate(order)}
    followers: dict[Apply, list[Apply]] = defaultdict(list)
    missing: dict[Apply, int] = {}
    for node in order:
        read = (*node.inputs, *(condition for condition, _ in conditions.get(node, ALWAYS)))
        before = {x.owner for x in read if x.owner in position}
        missing[node] = len(before)
        for each in before:
            followers[each].append(node)
    ready: dict[Conditions, deque[Apply]] = {}

    def note(node: Apply) -> None:
        ready.setdefault(conditions.get(node, ALWAYS), deque()).append(node)

    for node in order:
        if not missing[node]:
            note(node)
    result: list[Apply] = []
    current = ALWAYS
    while ready:
        if current not in ready:
            current = min(ready, key=lambda each: position[ready[each][0]])
        node = ready[current].popleft()
        if not ready[current]:
            del ready[current]
        result.append(node)
        for follower in followers[node]:
            missing[follower] -= 1
            if not missing[follower]:
                note(follower)
    return result
