"""Cheap arithmetic on arrays is done again in a later loop nest rather than kept in memory.

``1 - h**2`` of an `h` that a matrix product reads anyway, or ``x[:, None] - x``: to compute it once
more takes less than to write it and to read it.  Readers in later regions get copies of the nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.traversal import io_toposort
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.rewriting.axis_labels import AxisLabels

CHEAP = 1.0  # ns an element, of all that is done again
MOST_ARRAYS = 2  # that are read for it


class Repetition:
    """Copies cheap nodes for their readers in later regions.

    Parameters
    ----------
    fgraph
        The graph, changed by `repeat`.
    region_of
        The number of each member's region.
    labels
        The axis labels of each region, by number.
    copied
        Nodes that are copies already.
    """

    def __init__(
        self,
        fgraph: FunctionGraph,
        region_of: Mapping[Apply, int],
        labels: Mapping[int, AxisLabels],
        copied: Collection[Apply],
    ):
        self.fgraph = fgraph
        self.region_of = region_of
        self.labels = labels
        self.copied = copied

    def repeat(self) -> set[Apply]:
        """Give later readers copies of what is cheap, and return the copies."""
        copies: set[Apply] = set()
        for node, region in list(self.region_of.items()):
            for number, x in enumerate(node.inputs):
                chain = self._chain(x, region)
                if chain is None:
                    continue
                new: dict[Variable, Variable] = {}
                for each in chain:
                    copy = each.clone_with_new_inputs([new.get(i, i) for i in each.inputs])
                    new[each.outputs[0]] = copy.outputs[0]
                made = [copied.owner for copied in new.values()]
                if self._fits(made, x, self.labels[region]):
                    copies.update(made)
                    self.fgraph.change_node_input(node, number, new[x], reason="repeat")
        return copies

    def _chain(self, x: Variable, region: int) -> list[Apply] | None:
        """Return the nodes that compute `x` from arrays that are kept anyway, if it is cheap."""
        if not x.type.ndim or self._region(x) in (None, region) or self._is_kept(x):
            return None
        chain: set[Apply] = set()
        ends: set[Variable] = set()
        cost, pending = 0.0, [x]
        while pending:
            found = pending.pop()
            if self._region(found) is None or self._is_kept(found):
                ends.add(found)
                continue
            node = found.owner
            if node in chain:
                continue
            is_plain = isinstance(node.op, Elemwise) and node.op.scalar_op.vectorises
            if not is_plain or node in self.copied:
                return None
            cost += node.op.scalar_op.cost
            if cost > CHEAP:  # which also ends the walk of a long chain
                return None
            chain.add(node)
            pending.extend(node.inputs)
        arrays = [end for end in ends if any(n != 1 for n in end.type.shape)]
        return io_toposort(ends, [x]) if len(arrays) <= MOST_ARRAYS else None

    def _region(self, x: Variable) -> int | None:
        return None if x.owner is None else self.region_of.get(x.owner)

    def _is_kept(self, x: Variable) -> bool:
        """Whether an array that a member computes is stored in any case."""
        return any(client not in self.region_of for client, _ in self.fgraph.clients[x])

    @staticmethod
    def _fits(copies: list[Apply], x: Variable, labels: AxisLabels) -> bool:
        """Whether the axes of the later region go with those of the copies, the last for `x`."""
        if not all(labels.add(copy) for copy in copies):
            return False
        pairs = zip(labels[x], labels[copies[-1].outputs[0]], strict=True)
        return all(labels.unify(a, b) for a, b in pairs)
