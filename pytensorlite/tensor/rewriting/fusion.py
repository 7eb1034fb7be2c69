"""Gather what can share loop nests into `Fused` nodes.

Element-wise ops, their transposes, reductions, vector contractions, gathers and scatters become
members of one region per *depth*, where the depth counts the ops between that cannot join (a matrix
product, a decomposition).  Depths never decrease along an edge, so regions are convex.  Inside a
region every member has axis labels that agree (`axis_labels`); the order of the loops is no
business of this file.  A `Fused` node holds its members as an inner graph: it prints, and runs
through NumPy, as what it was made of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.conditions import ALWAYS, Conditions, find_conditions
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import HasInnerGraph, Op
from pytensorlite.graph.rewriting.basic import copy_stack_trace, graph_rewriter
from pytensorlite.tensor.creation import UnitVectors
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.rewriting.accumulate import accumulate_products
from pytensorlite.tensor.rewriting.axis_labels import AxisLabels, kind
from pytensorlite.tensor.rewriting.diagonals import write_diagonals
from pytensorlite.tensor.rewriting.gather_lift import lift_gathers
from pytensorlite.tensor.rewriting.generators import give_each_reader_its_own, open_eyes
from pytensorlite.tensor.rewriting.repeating import Repetition

LARGEST_REGION = 250  # members; compile time grows faster than linearly beyond


class Fused(Op, HasInnerGraph):
    """Several nodes that one loop nest computes; `fgraph` is the graph they were."""

    def __init__(self, fgraph: FunctionGraph):
        self.fgraph = fgraph

    @property
    def inner_inputs(self) -> list[Variable]:
        """Inputs of the inner graph."""
        return list(self.fgraph.inputs)

    @property
    def inner_outputs(self) -> list[Variable]:
        """Outputs of the inner graph."""
        return list(self.fgraph.outputs)

    def sizes(self) -> set[Variable]:
        """Return the inner inputs that are lengths of what members make."""
        found: set[Variable] = set()
        for member in self.fgraph.apply_nodes:
            match kind(member):
                case "alloc":
                    found.update(member.inputs[1:])
                case "range":
                    found.update(member.inputs)
                case "write":
                    found.update(member.inputs[2:])
        return found

    def clone(self) -> Fused:
        """Return the same op over a copy of the inner graph."""
        return Fused(self.fgraph.clone())

    def make_node(self, *inputs: Variable) -> Apply:
        """Return the node that computes the inner outputs from `inputs`."""
        return Apply(self, list(inputs), [out.type() for out in self.fgraph.outputs])

    def perform(self, node, inputs, output_storage):
        """Run the members one by one through NumPy."""
        values = dict(zip(self.fgraph.inputs, inputs, strict=True))
        for member in self.fgraph.toposort():
            arguments = [x.data if isinstance(x, Constant) else values[x] for x in member.inputs]
            storage = [[None] for _ in member.outputs]
            member.op.perform(member, arguments, storage)
            values.update(zip(member.outputs, (cell[0] for cell in storage), strict=True))
        for cell, out in zip(output_storage, self.fgraph.outputs, strict=True):
            cell[0] = values[out]

    def __str__(self) -> str:
        names = [str(member.op) for member in self.fgraph.toposort()]
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        return f"Fused{{{shown}}}"


@graph_rewriter
def fuse_loops(fgraph: FunctionGraph) -> None:
    """Nodes that can share a loop nest -> one `Fused` node."""
    lift_gathers.rewrite(fgraph)
    accumulate_products.rewrite(fgraph)
    if any(isinstance(node.op, UnitVectors) for node in fgraph.apply_nodes):
        write_diagonals.rewrite(fgraph)
    open_eyes(fgraph)
    sizes = find_size_arithmetic(fgraph, fgraph.toposort())
    own = give_each_reader_its_own(fgraph, sizes)
    regions = Regions(fgraph, sizes, own)
    if copies := Repetition(fgraph, regions.number, regions.labels, own).repeat():
        regions = Regions(fgraph, sizes, own | copies)
    for members in regions.groups():
        outputs, replacements = fuse(fgraph, members)
        for old, new in zip(outputs, replacements, strict=True):
            copy_stack_trace(old, new)
            new.name = old.name
        fgraph.replace_all(
            list(zip(outputs, replacements, strict=True)), reason="fuse_loops", import_missing=True
        )


def find_size_arithmetic(fgraph: FunctionGraph, order: Sequence[Apply]) -> set[Apply]:
    """Return the nodes that compute integers which an op takes as lengths or bounds.

    They must be known before the program computes, so they are no members of its kernels.
    """
    found: set[Apply] = set()
    for node in reversed(order):
        if not isinstance(node.op, Elemwise) or any(
            x.type.ndim or x.type.dtype not in ("int64", "bool")
            for x in (*node.inputs, *node.outputs)
        ):
            continue
        clients = [client for client, _ in fgraph.clients[node.outputs[0]]]
        if any(c in found or _takes_sizes(c) for c in clients):
            found.add(node)
    return found


def _takes_sizes(node: Apply) -> bool:
    return kind(node) in (None, "alloc", "range", "write") and not isinstance(node.op, Output)


class Regions:
    """The members of loop nests, dealt out by depth.

    Parameters
    ----------
    fgraph
        The graph.
    sizes
        Nodes that compute lengths and are no members.
    own
        Nodes that go wherever their only reader goes.

    Attributes
    ----------
    number : dict
        The region of each member.
    members, labels : dict
        Of each region, by number.
    """

    def __init__(
        self, fgraph: FunctionGraph, sizes: Collection[Apply], own: Collection[Apply]
    ) -> None:
        self.fgraph = fgraph
        self.labels: dict[int, AxisLabels] = {}
        self.members: dict[int, list[Apply]] = {}
        self.number: dict[Apply, int] = {}
        self._depth: dict[Apply, int] = {}
        self._conditions = find_conditions(fgraph)
        self._conditions_at: dict[int, Conditions] = {}
        for node in fgraph.toposort():
            if node not in own:
                self._deal([*_own_of(node, own), node], node not in sizes)

    def _deal(self, family: list[Apply], may_join: bool) -> None:
        """Find the region of a node, the last of `family`, and of those that only it reads."""
        node, depth = family[-1], self._depth
        producers = [x.owner for n in family for x in n.inputs if x.owner in depth]
        at = max((depth[p] for p in producers), default=0)
        joins = kind(node) is not None and may_join
        if joins and isinstance(node.op, DimShuffle) and len(family) == 1:
            # Of an array that the region reads, it is only another way to look at it.
            joins = self.number.get(producers[0]) == at if producers else False
        while joins and not self._finds_room(family, at):
            joins = at in self.members  # what does not even go alone stays outside
            at += 1
        if joins:
            self.members.setdefault(at, []).extend(family)
            self._conditions_at[at] = self._conditions.get(node, ALWAYS)
            self.number.update(dict.fromkeys(family, at))
        else:
            at = max((depth[p] + (p in self.number) for p in producers), default=0)
        depth.update(dict.fromkeys(family, at))

    def _finds_room(self, family: Sequence[Apply], at: int) -> bool:
        """Whether the region at depth `at` takes the nodes of `family` in."""
        conditions = self._conditions.get(family[-1], ALWAYS)
        members = self.members.get(at, ())
        if self._conditions_at.get(at, conditions) != conditions:
            return False
        if len(members) + len(family) > LARGEST_REGION:
            return False
        carried = self.labels.setdefault(at, AxisLabels())
        return all(carried.add(node) for node in family)

    def groups(self) -> list[list[Apply]]:
        """Return lists of nodes, each to become one `Fused` node, in the order of the graph."""
        found = []
        for at in sorted(self.members):
            kept = _without_last_views(self.fgraph, self.members[at])
            found += [group for group in _components(kept) if len(group) > 1]
        return found


def _own_of(node: Apply, own: Collection[Apply]) -> list[Apply]:
    """Return the nodes that only `node` reads, directly or through each other, in order."""
    found: list[Apply] = []
    for x in node.inputs:
        if x.owner in own:
            found += [*_own_of(x.owner, own), x.owner]
    return found


def _without_last_views(fgraph: FunctionGraph, nodes: Sequence[Apply]) -> list[Apply]:
    """Drop transposes that nothing inside the region reads: outside they cost nothing."""
    kept = set(nodes)
    for node in reversed(nodes):
        if isinstance(node.op, DimShuffle):
            clients = (client for client, _ in fgraph.clients[node.outputs[0]])
            if not any(client in kept for client in clients):
                kept.discard(node)
    return [node for node in nodes if node in kept]


def _components(nodes: Sequence[Apply]) -> list[list[Apply]]:
    """Split `nodes` into those that are connected by a value or by an array they both read."""
    parent: dict[object, object] = {}

    def find(x):
        while parent.setdefault(x, x) is not x:
            parent[x] = x = parent[parent[x]]
        return x

    for node in nodes:
        for x in node.inputs:
            if not isinstance(x, Constant) and (x.type.ndim or x.owner in parent):
                parent[find(_viewed(x))] = find(node)
        for out in node.outputs:
            parent[find(out)] = find(node)
    groups: dict[object, list[Apply]] = {}
    for node in nodes:
        groups.setdefault(find(node), []).append(node)
    return list(groups.values())


def _viewed(variable: Variable) -> Variable:
    """Return the array of which `variable` is a transpose."""
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return variable


def fuse(fgraph: FunctionGraph, members: Iterable[Apply]) -> tuple[list[Variable], list[Variable]]:
    """Return the variables that leave `members`, and those of one new node that replace them."""
    members = list(members)
    inside = {out for node in members for out in node.outputs}
    chosen = set(members)
    outputs = [
        out
        for node in members
        for out in node.outputs
        if any(client not in chosen for client, _ in fgraph.clients[out])
    ]
    inner: dict[Variable, Variable] = {}
    outer_inputs: list[Variable] = []

    def lookup(x: Variable) -> Variable:
        if x not in inner:
            assert x not in inside
            if isinstance(x, Constant) and x.type.ndim == 0:
                return x
            inner[x] = x.type(name=x.name)
            inner[x].tag.trace = getattr(x.tag, "trace", None)
            outer_inputs.append(x)
        return inner[x]

    for node in members:
        arguments = [lookup(x) for x in node.inputs]
        clones = [out.clone() for out in node.outputs]
        Apply(node.op, arguments, clones)
        inner.update(zip(node.outputs, clones, strict=True))
    inner_inputs = [inner[x] for x in outer_inputs]
    inner_graph = FunctionGraph(inner_inputs, [inner[out] for out in outputs], clone=False)
    replacements = Fused(inner_graph)(*outer_inputs, return_list=True)
    return outputs, replacements
