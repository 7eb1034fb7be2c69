"""Ask one node for its derivative, and check the answer.

Ops are written by many hands.  Each mistake that a rule can make is found here, where the op and
the input can still be named, and not three modules further on as a wrong number.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from pytensorlite.gradient.values import (
    CONTINUOUS,
    cast_gradient,
    is_connected,
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
        reached if pattern is None else [o for o in reached if pattern[i][o]]
        for i in range(len(node.inputs))
    ]
    nulls = {o: cotangents[o] for o in reached if is_null(cotangents[o])}
    missing = [next((nulls[o] for o in own if o in nulls), None) for own in influences]
    if nulls and all(g is not None for own, g in zip(influences, missing, strict=True) if own):
        return [disconnected_type() if g is None else g for g in missing]

    # Inputs that a null gradient reaches are null whatever the rule says, and the others do not
    # depend on that output: so the rule need not know that such a thing as a null gradient exists.
    asked = [
        disconnected_type() if o in nulls else cast_gradient(g, getattr(output.type, "dtype", ""))
        for o, (output, g) in enumerate(zip(node.outputs, cotangents, strict=True))
    ]
    answer = _Answer(node, "inputs", ("pullback", "L_op", "grad"))
    terms = answer.check_length(node.op.pullback(node.inputs, node.outputs, asked))
    for position, own in enumerate(influences):
        null = missing[position]
        if null is not None:
            terms[position] = null
        else:
            answer.check_term(position, terms[position], own)
    return terms


def push_forward(node: Apply, tangents: list[Variable]) -> list[Variable]:
    """Return the tangents of a node's outputs, given those of its inputs."""
    answer = _Answer(node, "outputs", ("pushforward", "R_op"))
    terms = answer.check_length(node.op.pushforward(node.inputs, node.outputs, tangents))
    for position, (term, output) in enumerate(zip(terms, node.outputs, strict=True)):
        if term is None:
            terms[position] = disconnected_type()
            continue
        answer.check_value(position, term)
        if is_connected(term) and not is_null(term):
            terms[position] = cast_gradient(term, getattr(output.type, "dtype", ""))
    return terms


class _Answer:
    """What a rule returned: for the node's inputs or outputs, by a rule of one of these names."""

    def __init__(self, node: Apply, role: str, names: tuple[str, ...]):
        self.node = node
        self.role = role
        self.names = names
        self.variables: list[Variable] = getattr(node, role)

    @property
    def method(self) -> str:
        """The method to blame: the first of its names that the op's class defines itself."""
        op = self.node.op
        own = (n for n in self.names if getattr(type(op), n, None) is not getattr(Op, n))
        return f"{op}.{next(own, self.names[0])}"

    def where(self, position: int) -> str:
        """Name one of the variables."""
        return f"{self.role[:-1]} {position} ({self.variables[position]})"

    def check_length(self, answer: Any) -> list:
        """Return the answer as a list of the right length."""
        wanted = f"one variable for each of the node's {len(self.variables)} {self.role}"
        if answer is None:
            raise TypeError(f"{self.method} returned None, expected a list with {wanted}")
        if isinstance(answer, Variable) or not hasattr(answer, "__iter__"):
            raise TypeError(
                f"{self.method} returned {answer!r} of type {type(answer).__name__}, expected a "
                f"list with {wanted}; wrap a single one in [ ]"
            )
        terms = list(answer)
        if len(terms) != len(self.variables):
            raise ValueError(
                f"{self.method} returned {len(terms)} terms, expected {wanted}: {self.node}"
            )
        return terms

    def check_value(self, position: int, term: Any) -> None:
        """Check that a term is a continuous variable of the right rank, null or disconnected."""
        if not isinstance(term, Variable):
            raise TypeError(
                f"{self.method} returned {term!r} of type {type(term).__name__} for "
                f"{self.where(position)}, expected a symbolic variable; convert numbers by "
                "as_tensor_variable"
            )
        dtype = getattr(term.type, "dtype", None)
        if dtype is not None and dtype not in CONTINUOUS:
            raise TypeError(
                f"{self.method} returned a term of dtype {dtype} for {self.where(position)}; a "
                "derivative is never an integer or a bool, not even that of an integer variable: "
                "cast it to a float"
            )
        rank = getattr(self.variables[position].type, "ndim", None)
        given = getattr(term.type, "ndim", rank)
        if rank is not None and given != rank:
            raise ValueError(
                f"{self.method} returned a term with {given} dimensions for "
                f"{self.where(position)}, which has {rank}; sum over the dimensions that were "
                "broadcast"
            )

    def check_term(self, position: int, term: Any, own: Sequence[int]) -> None:
        """Check one term of ``pullback``; `own` are the outputs that matter to this input."""
        if term is None:
            raise TypeError(
                f"{self.method} returned None for {self.where(position)}; instead return zeros "
                "like the input if the derivative is zero, disconnected_type() if the output does "
                "not depend on it, grad_undefined(...) or grad_not_implemented(...) if there is no "
                "derivative"
            )
        self.check_value(position, term)
        if is_disconnected(term) and own:
            contradiction = (
                f"{self.method} returned a disconnected gradient for {self.where(position)}, but "
                "the output depends on it according to its connection_pattern"
            )
            if _has_own_pattern(self.node.op):
                raise TypeError(contradiction)
            warnings.warn(
                f"{contradiction}; that is the default pattern (all inputs influence all outputs): "
                f"{type(self.node.op).__name__} should define its own",
                stacklevel=2,
            )
        elif not own and is_connected(term):
            raise TypeError(
                f"{self.method} returned {term} for {self.where(position)}, but by its "
                "connection_pattern this input influences no output that matters; return "
                "disconnected_type() for it"
            )
        elif own and self._is_cut(own) and is_nonzero_constant(term):
            raise ValueError(
                f"{self.method} returned the constant {term} for {self.where(position)}, which "
                "influences only discrete outputs: a derivative there is zero"
            )

    def _is_cut(self, own: Sequence[int]) -> bool:
        """Whether all these outputs are discrete: what influences only them has a zero gradient."""
        dtypes = [getattr(self.node.outputs[o].type, "dtype", None) for o in own]
        return all(dtype is not None and dtype not in CONTINUOUS for dtype in dtypes)
