"""Cut a graph into native programs with NumPy nodes between them.

Almost always the answer is one program for the whole graph.  A node without a lowering runs through
NumPy; a node that needs a length which the program itself would compute starts the next program,
where that length is an input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytensorlite._immutable import record
from pytensorlite.cgen.index import Index
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.conditions import (
    ALWAYS,
    Conditions,
    find_conditions,
    order_by_conditions,
)
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import Layout
from pytensorlite.link.c.integers import integer, integers, refuse_negative
from pytensorlite.link.c.lowerings import (
    PURE_SIZES,
    SIZE_ARITHMETIC,
    lowering_of,
    sizes_of,
)
from pytensorlite.link.c.plan import NoLowering, Plan, SizeUnknown
from pytensorlite.link.c.program import Rendered, render
from pytensorlite.tensor.basic import MakeVector
from pytensorlite.tensor.shape import Shape


@record
class Segment:
    """Nodes that are one native program, or one node for NumPy (`reason` says why).

    They are needed only where all `conditions` hold.
    """

    nodes: list[Apply]
    reason: str = ""
    conditions: Conditions = ALWAYS
    inputs: Sequence[Variable] = ()
    outputs: Sequence[Variable] = ()

    @property
    def is_native(self) -> bool:
        """Whether the segment is compiled."""
        return not self.reason


def plan_segment(
    segment: Segment,
    name: str,
    timed: bool = False,
    requirements_of: FunctionGraph | None = None,
    updates: Mapping[int, int] | None = None,
    layouts: Mapping[int, Layout] | None = None,
) -> Rendered:
    """Return the program of a native segment; `updates` and `layouts` are as in `Plan`.

    It checks what the graph `requirements_of` has noted of its inputs.

    Raises
    ------
    NoLowering, SizeUnknown
        If it cannot be one program.
    """
    plan = Plan(segment.inputs, segment.outputs, updates, layouts)
    if requirements_of is not None:
        require_lengths(plan, requirements_of)
    lower_nodes(plan, segment.nodes)
    return render(plan, name, timed=timed)


def require_lengths(plan: Plan, fgraph: FunctionGraph) -> None:
    """Have the program check what must hold of its inputs' lengths by the user's graph."""

    def length(place: Any) -> Index:
        if isinstance(place, int):
            return Index.of(place)
        position, axis = place
        variable = plan.inputs[position]
        return integer(plan, variable) if axis is None else plan.view(variable).shape[axis]

    for first, second, text, node in fgraph.agreements:
        plan.node = node
        plan.require_equal(length(first), length(second), text)
    for made in fgraph.made_lengths:
        plan.node = made.node
        refuse_negative(plan, [made.value(length)])
    plan.node = None


def lower_nodes(plan: Plan, nodes: Sequence[Apply]) -> None:
    """Lower `nodes` in order; those that only compute sizes wait until someone reads them."""
    wanted = _read_as_data(plan, nodes)
    plan.last_reader = {x: node for node in nodes for x in node.inputs}
    for node in nodes:
        plan.node = node
        plan.step += 1
        if _is_pure_size(plan, node):
            _note_sizes(plan, node)
        elif any(out in wanted for out in node.outputs):
            lowering_of(node)(plan, node)
    plan.node = None


def _note_sizes(plan: Plan, node: Apply) -> None:
    """Find the integers now, in order, so that no search is deep later."""
    (out,) = node.outputs
    is_vector = isinstance(node.op, Shape | MakeVector)
    plan.pure[out] = integers(plan, out) if is_vector else (integer(plan, out),)


def _is_pure_size(plan: Plan, node: Apply) -> bool:
    """Whether `node` computes integers from nothing but lengths and constants."""
    if isinstance(node.op, PURE_SIZES):
        return node.inputs[0] in plan.views or isinstance(node.inputs[0], Constant)
    if not isinstance(node.op, SIZE_ARITHMETIC):
        return False
    computed = [x for x in (*node.inputs, *node.outputs) if not isinstance(x, Constant)]
    if any(x.type.dtype not in ("int64", "bool") for x in computed):
        return False
    if any(n != 1 for x in node.inputs for n in getattr(x.type, "shape", ())):
        return False
    return bool(node.inputs) and all(x in plan.pure or isinstance(x, Constant) for x in node.inputs)


def _read_as_data(plan: Plan, nodes: Sequence[Apply]) -> set[Variable]:
    """Return the variables whose elements something reads, not only their value as a length."""
    wanted: set[Variable] = set(plan.outputs)
    for node in reversed(nodes):
        if any(out in wanted for out in node.outputs):
            sizes = set(sizes_of(node))
            wanted.update(x for x in node.inputs if x not in sizes)
    return wanted


def cut(
    fgraph: FunctionGraph, name: str, timed: bool = False
) -> tuple[list[Segment], list[Rendered]]:
    """Return the segments of `fgraph` and the programs of the native ones, in order."""
    conditions = find_conditions(fgraph)
    order = order_by_conditions(fgraph, conditions)
    whole = Segment(order, inputs=list(fgraph.inputs), outputs=list(fgraph.outputs))
    if not order:
        return [whole], [plan_segment(whole, name, timed, fgraph, fgraph.update_mapping)]
    try:
        return [whole], [plan_segment(whole, name, timed, fgraph, fgraph.update_mapping)]
    except (NoLowering, SizeUnknown):
        segments = _segments(fgraph, order, conditions)
    _connect(fgraph, segments)
    native = [segment for segment in segments if segment.is_native]
    programs = [plan_segment(segment, f"{name}{i}", timed) for i, segment in enumerate(native)]
    return segments, programs


def _segments(
    fgraph: FunctionGraph, order: Sequence[Apply], conditions: Mapping[Apply, Conditions]
) -> list[Segment]:
    """Deal nodes out, starting a new program where the current one cannot go on."""
    segments: list[Segment] = []
    current: list[Apply] = []
    available: list[Variable] = list(fgraph.inputs)
    plan = Plan(available, ())

    def close() -> None:
        nonlocal current, plan
        if current:
            segments.append(Segment(current, conditions=conditions.get(current[0], ALWAYS)))
            available.extend(out for node in current for out in node.outputs)
        current = []
        plan = Plan(available, ())

    for node in order:
        here = conditions.get(node, ALWAYS)
        if current and conditions.get(current[0], ALWAYS) != here:
            close()
        reason = _try(plan, node)
        if reason and current:
            close()
            reason = _try(plan, node)
        if reason:
            close()
            segments.append(Segment([node], reason, here))
            available.extend(node.outputs)
            plan = Plan(available, ())
        else:
            current.append(node)
    close()
    return segments


def _try(plan: Plan, node: Apply) -> str:
    """Lower `node` for trial; return why it cannot be, or nothing."""
    plan.node = node
    try:
        if any(not hasattr(x.type, "dtype") or not hasattr(x.type, "ndim") for x in node.outputs):
            return "its outputs are no arrays"
        if _is_pure_size(plan, node):
            _note_sizes(plan, node)
        else:
            lowering_of(node)(plan, node)
    except (NoLowering, SizeUnknown) as reason:
        return str(reason)
    return ""


def _connect(fgraph: FunctionGraph, segments: Sequence[Segment]) -> None:
    """Find what each segment takes from outside and what others need of it."""
    needed: set[Variable] = set(fgraph.outputs)
    for segment in reversed(segments):
        made = {out for node in segment.nodes for out in node.outputs}
        segment.outputs = [out for node in segment.nodes for out in node.outputs if out in needed]
        needed.update(condition for condition, _ in segment.conditions)
        inputs = dict.fromkeys(
            x
            for node in segment.nodes
            for x in node.inputs
            if x not in made and not isinstance(x, Constant)
        )
        segment.inputs = list(inputs)
        needed.update(inputs)
