"""New graphs from old ones with some variables replaced; the old ones stay as they are.

`clone_replace` copies every node, `graph_replace` only those below a replacement, and
`vectorize_graph` lets the replacements have more dimensions than what they replace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.traversal import ancestors, toposort, truncated_graph_inputs
from pytensorlite.graph.utils import without_collection

ReplaceTypes = Iterable[tuple[Variable, Variable]] | Mapping[Variable, Variable]


@without_collection
def clone_replace(
    output: Any,
    replace: ReplaceTypes | None = None,
    copy_inputs_over: bool = True,
    rebuild_strict: bool = True,
) -> Any:
    """Return a copy of the graph of `output` in which variables are replaced.

    Parameters
    ----------
    output : Variable or sequence of Variable
        What the copy computes.
    replace : dict or iterable of pairs
        Replacement by variable.  Replacements themselves are not searched for variables to replace.
    copy_inputs_over : bool
        Use the inputs of the old graph (the default), or fresh ones.
    rebuild_strict : bool
        Convert a replacement to the type of what it replaces, or raise; otherwise the nodes are
        made anew for the type that comes.

    Returns
    -------
    Variable or list of Variable
        As `output` is.
    """
    memo = {
        old: old.type.filter_variable(new) if rebuild_strict else new
        for old, new in _format_replace(replace).items()
    }
    single = isinstance(output, Variable)
    outputs = [output] if single else list(output)
    for node in toposort(outputs, blockers=memo):
        new_inputs = [_copied_leaf(v, memo, copy_inputs_over) for v in node.inputs]
        copy = node.clone_with_new_inputs(new_inputs, strict=rebuild_strict)
        for old, new in zip(node.outputs, copy.outputs, strict=True):
            memo.setdefault(old, new)
    results = [_copied_leaf(v, memo, copy_inputs_over) for v in outputs]
    return results[0] if single else results


def _copied_leaf(variable: Variable, memo: dict, copy_inputs_over: bool) -> Variable:
    """Return what stands for `variable` in the copy; what is not in `memo` is an input."""
    if variable not in memo:
        memo[variable] = variable if copy_inputs_over else variable.clone()
    return memo[variable]


@without_collection
def graph_replace(outputs: Any, replace: ReplaceTypes | None = None, *, strict: bool = True) -> Any:
    """Return `outputs` with variables replaced; what does not depend on them is shared, not copied.

    Parameters
    ----------
    outputs : Variable or sequence of Variable
        What to compute.
    replace : dict or iterable of pairs
        Replacement by variable.
    strict : bool
        Whether a variable that `outputs` do not depend on is an error.

    Returns
    -------
    Variable or list of Variable
        As `outputs` is.

    Raises
    ------
    ValueError
        If `strict` and a replacement is not used.
    """
    memo: dict[Variable, Variable] = {}
    replacements = _format_replace(replace)
    used: set[Variable] = set()
    single = isinstance(outputs, Variable)
    wanted = [outputs] if single else list(outputs)

    def new(variable: Variable) -> Variable:
        if variable in replacements:
            used.add(variable)
            return replacements[variable]
        return memo.get(variable, variable)

    # Replaced variables block the walk: what computes them is of no interest any more.
    for node in toposort(wanted, blockers=replacements):
        new_inputs = [new(v) for v in node.inputs]
        if all(a is b for a, b in zip(new_inputs, node.inputs, strict=True)):
            continue
        copy = node.clone_with_new_inputs(new_inputs)
        memo.update(zip(node.outputs, copy.outputs, strict=True))
    results = [new(v) for v in wanted]

    unused = {variable for variable in replacements if variable not in used}
    if strict and unused:
        # One that stands above another replaced variable had its chance.
        unused.difference_update(ancestors(wanted))
    if strict and unused:
        raise ValueError(
            "Some replacements were not used: the outputs do not depend on "
            f"{sorted(map(str, unused))}. Leave them out, or pass strict=False"
        )
    return results[0] if single else results


def _format_replace(replace: ReplaceTypes | None) -> dict[Variable, Variable]:
    if replace is None:
        return {}
    if not isinstance(replace, Iterable):
        raise ValueError(
            f"replace must be a dictionary or an iterable of pairs of variables, got {replace!r}"
        )
    pairs = dict(replace)
    for old, new in pairs.items():
        if not isinstance(old, Variable) or not isinstance(new, Variable):
            raise TypeError(
                f"replace must map variables to variables, got {old!r} -> {new!r}; wrap values "
                "into constants first"
            )
    return pairs


@singledispatch
def _vectorize_node(op: Op, node: Apply, *batched_inputs: Variable) -> Any:
    """Return `node` (or its outputs) for inputs with further dimensions in front."""
    raise NotImplementedError(f"{type(op).__name__} cannot be vectorized: register a rule for it")


def _vectorize_not_needed(op: Op, node: Apply, *batched_inputs: Variable) -> Apply:
    """Vectorize an op that already treats leading dimensions as a batch."""
    return op.make_node(*batched_inputs)


def vectorize_node(node: Apply, *batched_inputs: Variable) -> Any:
    """Return the application of ``node.op`` to inputs with further dimensions in front."""
    return _vectorize_node(node.op, node, *batched_inputs)


@without_collection
def vectorize_graph(outputs: Any, replace: Mapping[Variable, Variable]) -> Any:
    """Return `outputs` for replacements that have further dimensions in front.

    Parameters
    ----------
    outputs : Variable or sequence of Variable
        What to compute.
    replace : dict
        For a variable, the batch of it.

    Returns
    -------
    Variable or list of Variable
        As `outputs` is; what depends on a batch is a batch.

    Examples
    --------
    ::

        x = pt.vector("x")
        xs = pt.matrix("xs")
        vectorize_graph(x.sum(), {x: xs})  # one sum a row
    """
    single = isinstance(outputs, Variable)
    wanted = [outputs] if single else list(outputs)
    memo: dict[Variable, Variable] = dict(replace)
    for node in toposort(wanted, blockers=memo):
        new_inputs = [memo.get(v, v) for v in node.inputs]
        if all(a is b for a, b in zip(new_inputs, node.inputs, strict=True)):
            continue
        result = vectorize_node(node, *new_inputs)
        new_outputs = result.outputs if isinstance(result, Apply) else result
        if isinstance(new_outputs, Variable):
            new_outputs = [new_outputs]
        for old, new in zip(node.outputs, new_outputs, strict=True):
            memo.setdefault(old, new)
    results = [memo.get(v, v) for v in wanted]
    return results[0] if single else results


def vectorize(*args: Any, **kwargs: Any) -> Any:
    """Point to the place of `vectorize`.

    Raises
    ------
    AttributeError
        Always: functions are vectorized by `pytensorlite.tensor.vectorize`.
    """
    raise AttributeError("vectorize lives in pytensorlite.tensor.functional: pt.vectorize")


__all__ = [
    "Apply",
    "Constant",
    "FunctionGraph",
    "Op",
    "Variable",
    "clone_replace",
    "graph_replace",
    "truncated_graph_inputs",
    "vectorize",
    "vectorize_graph",
    "vectorize_node",
]
