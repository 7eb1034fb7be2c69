"""Why two nodes of a fused graph are not one loop nest."""

from __future__ import annotations

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.rewriting.axis_labels import AxisLabels, kind
from pytensorlite.tensor.rewriting.fusion import (
    LARGEST_REGION,
    Fused,
    find_size_arithmetic,
)


def why_apart(fgraph: FunctionGraph, first: Apply, second: Apply) -> str:
    """Return the reason why two nodes of `fgraph`, the earlier one first, were not merged.

    Parameters
    ----------
    fgraph
        A graph that `fuse_loops` has rewritten.
    first, second
        Nodes of it, `Fused` ones or others.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function
    >>> x = pt.dmatrix("x")
    >>> f = function([x], pt.exp(x) + pt.exp(x).T)
    >>> first, _, second = f.maker.fgraph.toposort()
    >>> why_apart(f.maker.fgraph, first, second)
    'Add would make one array run over a loop twice'
    """
    for node in (first, second):
        outsider = _outsider(fgraph, node)
        if outsider:
            return outsider
    between = _between(fgraph.toposort(), first, second)
    if between is not None:
        return f"{between.op} stands between them, which is no loop over elements"
    members = [member for node in (first, second) for member in _members(node)]
    if not _share_array(first, second):
        return "they have no array in common"
    if len(members) > LARGEST_REGION:
        return f"one nest of {len(members)} members would take long to compile"
    refused = _refused(first, second)
    if refused is not None:
        return f"{refused.op} would make one array run over a loop twice"
    return "another value that one of them needs is ready only between them"


def _members(node: Apply) -> list[Apply]:
    return node.op.fgraph.toposort() if isinstance(node.op, Fused) else [node]


def _outsider(fgraph: FunctionGraph, node: Apply) -> str:
    """Tell why `node` is no loop nest at all, or nothing."""
    if isinstance(node.op, Fused):
        return ""
    if kind(node) is None:
        return f"{node.op} is no loop over elements that others could share"
    if node in find_size_arithmetic(fgraph, fgraph.toposort()):
        return f"{node.op} computes a length, which is known before the loops begin"
    if isinstance(node.op, DimShuffle):
        return f"{node.op} only looks at memory in another way"
    return ""


def _between(order: list[Apply], first: Apply, second: Apply) -> Apply | None:
    """Return a node on a way from `first` to `second` that can be no member of a nest."""
    after = {first}
    for node in order:
        if any(x.owner in after for x in node.inputs):
            after.add(node)
    before = {second}
    for node in reversed(order):
        if node not in before or node is first:
            continue
        outsider = not isinstance(node.op, Fused) and kind(node) is None
        if outsider and node in after and node is not second:
            return node
        before.update(x.owner for x in node.inputs if x.owner is not None)
    return None


def _array(x: Variable) -> Variable:
    while x.owner is not None and isinstance(x.owner.op, DimShuffle):
        x = x.owner.inputs[0]
    return x


def _share_array(first: Apply, second: Apply) -> bool:
    made = {*first.outputs, *(_array(x) for x in first.inputs if x.type.ndim)}
    return any(_array(x) in made for x in second.inputs if not isinstance(x, Constant))


def _refused(first: Apply, second: Apply) -> Apply | None:
    """Return the first member whose axes do not go with those of the members before it."""
    labels = AxisLabels()
    outer: dict[Variable, Variable] = {}  # what stands for a variable of the outer graph
    for node in (first, second):
        names: dict[Variable, Variable] = {}  # of variables inside `node`, in the joint region
        if isinstance(node.op, Fused):
            names = dict(zip(node.op.fgraph.inputs, node.inputs, strict=True))
        for member in _members(node):
            inputs = [_joint(names.get(x, x), outer, labels) for x in member.inputs]
            copy = member.clone_with_new_inputs(inputs)
            if not labels.add(copy):
                return member
            names.update(zip(member.outputs, copy.outputs, strict=True))
        results = node.op.fgraph.outputs if isinstance(node.op, Fused) else node.outputs
        outer.update((out, names[x]) for out, x in zip(node.outputs, results, strict=True))
    return None


def _joint(x: Variable, outer: dict[Variable, Variable], labels: AxisLabels) -> Variable:
    """Return what stands for `x` where both nodes are one region, transposes made members."""
    if x in outer:
        return outer[x]
    node = x.owner
    if node is None or kind(node) != "dimshuffle" or _array(x) not in outer:
        return x
    copy = node.clone_with_new_inputs([_joint(node.inputs[0], outer, labels)])
    labels.add(copy)
    return copy.outputs[0]
