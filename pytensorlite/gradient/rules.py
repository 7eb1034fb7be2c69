"""Ask one node for its derivative, and check the answer.

Ops are written by many hands.  Each mistake that a rule can make is found here, where the op and
the input can still be named, and not three modules further on as a wrong number.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from pytensorlite.gradient.values import (
    cast_gradient,
    is_connected,
    is_continuous,
    is_disconnected,
    is_nonzero_constant,
    is_null,
)
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op

Pattern = list[list[bool]]


def connection_pattern(node: Apply) -> Pattern | None:
    """Return which inputs (rows) influence which outputs (columns); None when all influence all."""
    if not _has_own_pattern(node.op):
        return None
    pattern = node.op.connection_pattern(node)
    _check_pattern(node, pattern)
    return None if all(all(row) for row in pattern) else pattern


def _has_own_pattern(op: Any) -> bool:
    method = getattr(type(op), "connection_pattern", None)
    inherited = getattr(Op, "connection_pattern", None)
    return (method is not None and method is not inherited) or "connection_pattern" in vars(op)


def _check_pattern(node: Apply, pattern: Any) -> None:
    said = f"{node.op}.connection_pattern(node) should return one list of bool per input"
    if not isinstance(pattern, list):
        raise TypeError(f"{said}, got {type(pattern).__name__}: {pattern!r}")
    if len(pattern) != len(node.inputs):
        raise ValueError(f"{said}; the node has {len(node.inputs)} inputs, got {len(pattern)} rows")
    for position, row in enumerate(pattern):
        if not isinstance(row, list):
            raise TypeError(f"{said}, but row {position} is a {type(row).__name__}: {row!r}")
        if len(row) != len(node.outputs):
            raise ValueError(
                f"{said}, of the length of its outputs; row {position} has {len(row)} entries, "
                f"the node {len(node.outputs)} outputs"
            )
        for entry in row:
            if entry is not True and entry is not False:
                raise TypeError(f"{said}, but row {position} contains {entry!r}")


def pull_back(node: Apply, pattern: Pattern | None, cotangents: list[Variable]) -> list[Variable]:
    """Return the gradient terms of a node's inputs, given those of its outputs.

    Parameters
    ----------
    node : Apply
        The node to differentiate.
    pattern : list of list of bool, or None
        Its `connection_pattern`.
    cotangents : list of Variable
        One an output: its gradient, disconnected where the output does not matter.

    Returns
    -------
    list of Variable
        One an input; disconnected where the input does not matter, null where a null gradient
        reaches it.
    """
    reached = [position for position, g in enumerate(cotangents) if is_connected(g)]
    influences = [
        [o for o in reached if pattern is None or pattern[i][o]] for i in range(len(node.inputs))
    ]
    null = [
        next((cotangents[o] for o in own if is_null(cotangents[o])), None) for own in influences
    ]
    if all(missing is not None for own, missing in zip(influences, null, strict=True) if own):
        return [disconnected_type() if missing is None else missing for missing in null]

    # Inputs that a null gradient reaches are null whatever the rule says, and the others do not
    # depend on that output: so the rule need not know that such a thing as a null gradient exists.
    asked = [
        disconnected_type() if is_null(g) else cast_gradient(g, getattr(output.type, "dtype", ""))
        for output, g in zip(node.outputs, cotangents, strict=True)
    ]
    answer = node.op.pullback(node.inputs, node.outputs, asked)
    method = _written(node.op, "pullback", "L_op", "grad")
    terms = _check_length(node, answer, len(node.inputs), method, "inputs")
    for position, (term, own) in enumerate(zip(terms, influences, strict=True)):
        missing = null[position]
        if missing is not None:
            terms[position] = missing
        else:
            _check_term(node, method, position, term, own)
    return terms


def push_forward(node: Apply, tangents: list[Variable]) -> list[Variable]:
    """Return the tangents of a node's outputs, given those of its inputs."""
    answer = node.op.pushforward(node.inputs, node.outputs, tangents)
    method = _written(node.op, "pushforward", "R_op")
    terms = _check_length(node, answer, len(node.outputs), method, "outputs")
    for position, (term, output) in enumerate(zip(terms, node.outputs, strict=True)):
        if term is None:
            terms[position] = disconnected_type()
            continue
        _check_value(method, f"output {position} ({output})", output, term)
        if is_connected(term) and not is_null(term):
            terms[position] = cast_gradient(term, getattr(output.type, "dtype", ""))
    return terms


def _written(op: Any, *names: str) -> str:
    """Return the method to blame: the first of `names` that the op's class defines itself."""
    own = (name for name in names if getattr(type(op), name, None) is not getattr(Op, name))
    return f"{op}.{next(own, names[0])}"


def _check_length(node: Apply, answer: Any, length: int, method: str, role: str) -> list:
    if answer is None:
        raise TypeError(
            f"{method} returned None, expected a list with one variable for each of its "
            f"{length} {role}"
        )
    if isinstance(answer, Variable) or not hasattr(answer, "__iter__"):
        raise TypeError(
            f"{method} returned {answer!r} of type {type(answer).__name__}, expected a "
            f"list with one variable for each of its {length} {role}; wrap a single one in [ ]"
        )
    terms = list(answer)
    if len(terms) != length:
        raise ValueError(
            f"{method} returned {len(terms)} terms, expected one for each of the node's "
            f"{length} {role}: {node}"
        )
    return terms


def _check_value(method: str, where: str, variable: Variable, term: Any) -> None:
    """Check that a term is a continuous variable of the right rank (or null, or disconnected)."""
    if not isinstance(term, Variable):
        raise TypeError(
            f"{method} returned {term!r} of type {type(term).__name__} for {where}, expected a "
            "symbolic variable; convert numbers by as_tensor_variable"
        )
    dtype = getattr(term.type, "dtype", None)
    if dtype is not None and not is_continuous(dtype):
        raise TypeError(
            f"{method} returned a term of dtype {dtype} for {where}; a derivative is never an "
            "integer or a bool, not even that of an integer variable: cast it to a float"
        )
    rank = getattr(variable.type, "ndim", None)
    given = getattr(term.type, "ndim", rank)
    if rank is not None and given != rank:
        raise ValueError(
            f"{method} returned a term with {given} dimensions for {where}, which has {rank}; "
            "sum over the dimensions that were broadcast"
        )


def _check_term(node: Apply, method: str, position: int, term: Any, own: Sequence[int]) -> None:
    """Check one element of what ``pullback`` returned; `own` are the outputs that matter to it."""
    variable = node.inputs[position]
    where = f"input {position} ({variable})"
    if term is None:
        raise TypeError(
            f"{method} returned None for {where}; instead return zeros like the input if the "
            "derivative is zero, disconnected_type() if the output does not depend on it, "
            "grad_undefined(...) or grad_not_implemented(...) if there is no derivative"
        )
    _check_value(method, where, variable, term)
    if is_disconnected(term) and own:
        contradiction = (
            f"{method} returned a disconnected gradient for {where}, but the output depends on it "
            "according to its connection_pattern"
        )
        if _has_own_pattern(node.op):
            raise TypeError(contradiction)
        warnings.warn(
            f"{contradiction}; that is the default pattern (all inputs influence all outputs): "
            f"{type(node.op).__name__} should define its own",
            stacklevel=2,
        )
    elif not own and is_connected(term):
        raise TypeError(
            f"{method} returned {term} for {where}, but by its connection_pattern this input "
            "influences no output that matters; return disconnected_type() for it"
        )
    elif own and all(_is_discrete(node.outputs[o]) for o in own) and is_nonzero_constant(term):
        raise ValueError(
            f"{method} returned the constant {term} for {where}, which influences only discrete "
            "outputs: a derivative there is zero"
        )


def _is_discrete(output: Variable) -> bool:
    dtype = getattr(output.type, "dtype", None)
    return dtype is not None and not is_continuous(dtype)
