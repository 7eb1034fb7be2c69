"""Rewriting rules as rows: ``rule("local_log1p", log(1 + x), log1p(x))``.

A rule is written with the same ops and operators as a user's program, applied to `wildcards`.  What
every rewrite has to do is done here, once: matching commutative ops in any order and part of a
longer sum or product, converting the replacement to the type it must have (`fit`), refusing it if
that is impossible, keeping the user's line.

Rules are node rewriters that track the op at their root, so that a hundred of them cost a node
no more than the two or three that are about its op.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op, Placeholder
from pytensorlite.graph.rewriting.rewriter import NodeRewriter, copy_stack_trace
from pytensorlite.graph.rewriting.unify import OpPattern

Bindings = dict[str, Any]

#: The key under which bindings keep the variables that inner nodes of a pattern have matched.
INNER = ""


class PatternType:
    """The ``type`` of patterns, by which functions that dispatch on types recognise them."""


class Pattern(Placeholder):
    """A wildcard, or an op applied to patterns.  Operators mean the ops in `OPERATORS`."""

    type = PatternType()

    def apply(self, op: Any, inputs: Sequence[Any]) -> PatternNode:
        return PatternNode(op, inputs)


#: Which op an operator on patterns means, filled by `register_operators`.
OPERATORS: dict[str, Callable] = {}


def register_operators(**ops: Callable) -> None:
    """Say which ops the operators on patterns mean.

    Parameters
    ----------
    **ops
        Op by the operator's name: ``add``, ``sub``, ``mul``, ``truediv``, ``floordiv``, ``mod``,
        ``pow``, ``matmul``, ``neg``, ``abs``, ``invert``, ``lt``, ``le``, ``gt``, ``ge``, ``and``,
        ``or``, ``xor``.
    """
    OPERATORS.update(ops)


def _operator(name: str, swapped: bool = False) -> Callable:
    def method(*operands: Any) -> Any:
        if name not in OPERATORS:
            raise TypeError(f"No op is registered for {name!r} on patterns: register_operators")
        return OPERATORS[name](*(reversed(operands) if swapped else operands))

    return method


for _name in ("neg", "abs", "invert", "lt", "le", "gt", "ge"):
    setattr(Pattern, f"__{_name}__", _operator(_name))
for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
):
    setattr(Pattern, f"__{_name}__", _operator(_name))
    setattr(Pattern, f"__r{_name}__", _operator(_name, swapped=True))


class Wildcard(Pattern):
    """A name that matches any variable (the same one wherever it stands in a rule).

    Parameters
    ----------
    name : str
        The name.
    constant : bool
        Match constants only.
    constraint : callable, optional
        A function of the variable that tells whether it fits.
    """

    def __init__(
        self,
        name: str,
        constant: bool = False,
        constraint: Callable[[Variable], bool] | None = None,
    ) -> None:
        self.name = name
        self.constant = constant
        self.constraint = constraint

    def __repr__(self) -> str:
        return self.name


class PatternNode(Pattern):
    """An op applied to patterns, numbers and constants."""

    def __init__(self, op: Any, inputs: Sequence[Any]) -> None:
        self.op = op
        self.inputs = tuple(inputs)
        facts = getattr(op, "scalar_op", op)
        self.commutative = bool(getattr(facts, "commutative", False))
        self.associative = bool(getattr(facts, "associative", False))

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.inputs))})"


def _call_op_pattern(self: OpPattern, *inputs: Any) -> PatternNode:
    """Return the pattern of such an op applied to `inputs`."""
    return PatternNode(self, inputs)


OpPattern.__call__ = _call_op_pattern  # type: ignore[method-assign]


def wildcards(names: str) -> Any:
    """Return wildcards: one for a single name, else a tuple.

    Examples
    --------
    >>> x, y = wildcards("x y")
    >>> x
    x
    """
    made = tuple(Wildcard(name) for name in names.replace(",", " ").split())
    return made[0] if len(made) == 1 else made


def constants(names: str) -> Any:
    """Return wildcards that match constants only: one for a single name, else a tuple."""
    made = tuple(Wildcard(name, constant=True) for name in names.replace(",", " ").split())
    return made[0] if len(made) == 1 else made


# -- what the floors above teach this one --------------------------------------------------------


@singledispatch
def fit(type: Any, old: Variable, new: Variable) -> Variable | None:
    """Return `new` as what may replace `old`, or None; dispatched on the type of `old`.

    A floor registers what its types need: casts, dimensions.
    """
    return new if type.is_super(new.type) else None


#: For ops whose output repeats one number: the position of the input that holds it.
_REPEATS: dict[type, int] = {}


def look_through(op_type: type, position: int = 0) -> None:
    """Let numbers in patterns match the output of `op_type` if input `position` is that number."""
    _REPEATS[op_type] = position


def scalar_value(variable: Variable) -> Any:
    """Return the number that every element of `variable` is known to be, else None."""
    while variable.owner is not None:
        position = _REPEATS.get(type(variable.owner.op))
        if position is None:
            return None
        variable = variable.owner.inputs[position]
    if not isinstance(variable, Constant):
        return None
    data = variable.data
    if isinstance(data, np.ndarray):
        if data.size == 0 or data.dtype.hasobject:
            return None
        first = data.reshape(-1)[:1]
        same = data.size == 1 or data.tobytes() == first.tobytes() * data.size
        return first[0] if same else None
    return data if isinstance(data, int | float | complex | np.generic) else None


# -- matching ------------------------------------------------------------------------------------


def match(pattern: Any, variable: Variable, bound: Bindings | None = None) -> Iterator[Bindings]:
    """Yield every way in which `pattern` fits `variable`, as bindings by name.

    Parameters
    ----------
    pattern : Pattern, number or Constant
        What to look for.
    variable : Variable
        Where.
    bound : dict
        Names that have their variable already.
    """
    bound = bound or {}
    if isinstance(pattern, Wildcard):
        yield from _match_wildcard(pattern, variable, bound)
    elif isinstance(pattern, PatternNode):
        node = variable.owner
        if node is not None and (len(node.outputs) == 1 or variable.index == 0):
            met = {**bound, INNER: (*bound.get(INNER, ()), variable)}
            for found, _ in match_node(pattern, node, met, partial=False):
                yield found
    elif isinstance(pattern, Constant):
        if isinstance(variable, Constant) and pattern.equals(variable):
            yield bound
    else:
        value = scalar_value(variable)
        if value is not None and (value == pattern or _both_nan(value, pattern)):
            yield bound


def _match_wildcard(pattern: Wildcard, variable: Variable, bound: Bindings) -> Iterator[Bindings]:
    name = pattern.name
    if name in bound:
        if _is_same(bound[name], variable):
            yield bound
        return
    if pattern.constant and scalar_value(variable) is None and not isinstance(variable, Constant):
        return
    if pattern.constraint is None or pattern.constraint(variable):
        yield {**bound, name: variable}


def _is_same(first: Any, second: Any) -> bool:
    return first is second or (isinstance(first, Constant) and first.equals(second))


def _both_nan(value: Any, pattern: Any) -> bool:
    return isinstance(pattern, float) and math.isnan(pattern) and bool(value != value)


def match_node(
    pattern: PatternNode, node: Apply, bound: Bindings, partial: bool
) -> Iterator[tuple[Bindings, list[int]]]:
    """Yield bindings, and the positions of the inputs of `node` that the pattern leaves over.

    With `partial`, a commutative and associative pattern may match some of the inputs.
    """
    started = _match_op(pattern.op, node.op, bound)
    wanted, given = len(pattern.inputs), len(node.inputs)
    if started is None or given < wanted:
        return
    if given > wanted and not (partial and pattern.commutative and pattern.associative):
        return
    if pattern.commutative and given > 1:
        # What is hardest to match first: it fails early and binds the names.
        patterns = sorted(pattern.inputs, key=_looseness)
        for found, used in _assign(patterns, node.inputs, started, ()):
            yield found, [i for i in range(given) if i not in used]
    else:
        for found in _match_in_order(pattern.inputs, node.inputs, started):
            yield found, []


def _match_op(pattern_op: Any, op: Op, bound: Bindings) -> Bindings | None:
    """Match an op; parameters of an `OpPattern` given as wildcards are bound to their values."""
    if not isinstance(pattern_op, OpPattern):
        return bound if pattern_op == op else None
    if not isinstance(op, pattern_op.op_types):
        return None
    fixed = {}
    for name, expected in pattern_op.parameters.items():
        if isinstance(expected, Wildcard):
            value = getattr(op, name)
            if bound.setdefault(expected.name, value) != value:
                return None
            bound = {**bound, expected.name: value}
        else:
            fixed[name] = expected
    return bound if OpPattern(pattern_op.op_type, fixed).match_op(op) else None


def _looseness(pattern: Any) -> int:
    if isinstance(pattern, PatternNode):
        return 0
    if isinstance(pattern, Wildcard):
        return 2 if pattern.constant else 3
    return 1


def _assign(
    patterns: Sequence[Any], variables: Sequence[Variable], bound: Bindings, used: tuple[int, ...]
) -> Iterator[tuple[Bindings, tuple[int, ...]]]:
    """Yield the ways to give each pattern a variable of its own."""
    if not patterns:
        yield bound, used
        return
    for position, variable in enumerate(variables):
        if position not in used:
            for found in match(patterns[0], variable, bound):
                yield from _assign(patterns[1:], variables, found, (*used, position))


def _match_in_order(
    patterns: Sequence[Any], variables: Sequence[Variable], bound: Bindings
) -> Iterator[Bindings]:
    if not patterns:
        yield bound
        return
    for found in match(patterns[0], variables[0], bound):
        yield from _match_in_order(patterns[1:], variables[1:], found)


def instantiate(pattern: Any, bound: Bindings) -> Any:
    """Return the variable (or number) that a pattern means with its names bound."""
    if isinstance(pattern, Wildcard):
        return bound[pattern.name]
    if not isinstance(pattern, PatternNode):
        return pattern
    inputs = [instantiate(part, bound) for part in pattern.inputs]
    op = pattern.op
    if isinstance(op, OpPattern):
        op = op.op_type(**{k: instantiate(v, bound) for k, v in op.parameters.items()})
    return op(*inputs)


# -- rules ---------------------------------------------------------------------------------------


class Rule(NodeRewriter):
    """One row: see `rule`."""

    def __init__(
        self,
        name: str | None,
        before: PatternNode,
        after: Any,
        when: Callable[..., bool] | None = None,
        unsafe: str | None = None,
        tags: Iterable[str] = (),
        single_client: bool = False,
    ) -> None:
        if not isinstance(before, PatternNode):
            raise TypeError(
                f"Rule {name}: expected an op applied to wildcards before the arrow, got {before!r}"
            )
        self.name = name
        self.before = before
        self.after = after
        self.when = when
        self.unsafe = unsafe
        self.tags = (*tags, f"{unsafe}_unsafe") if unsafe else tuple(tags)
        self.single_client = single_client
        self._after_needs = None if isinstance(after, Pattern) else _parameters(after)
        self._when_needs = _parameters(when)
        inner = [part.op for part in before.inputs if isinstance(part, PatternNode)]
        self._inner_ops = [op for op in inner if not isinstance(op, OpPattern)]

    def tracks(self) -> Sequence[Any]:
        return [self.before.op]

    def transform(self, fgraph: FunctionGraph, node: Apply, enforce_tracks: bool = True) -> Any:
        """Return the replacement for the first way to match that leads to one."""
        if not node.outputs or not self._may_match(node):
            return False
        for bound, rest in match_node(self.before, node, {}, partial=True):
            if self.single_client and any(len(fgraph.clients[v]) > 1 for v in bound.get(INNER, ())):
                continue
            surroundings = {"fgraph": fgraph, "node": node, **bound}
            if self.when is not None and not _call(self.when, self._when_needs, surroundings):
                continue
            replacement = self._replacement(surroundings, bound)
            if replacement is None or replacement is False:
                continue
            fitted = self._fitted(node, rest, replacement)
            if fitted is not None:
                return fitted
        return False

    def _may_match(self, node: Apply) -> bool:
        """Whether each op that the pattern has below its root is there: most often one is not."""
        for wanted in self._inner_ops:
            for variable in node.inputs:
                owner = variable.owner
                if owner is not None and (owner.op is wanted or owner.op == wanted):
                    break
            else:
                return False
        return True

    def _replacement(self, surroundings: Mapping[str, Any], bound: Bindings) -> Any:
        if callable(self.after) and not isinstance(self.after, Variable):
            return _call(self.after, self._after_needs, surroundings)
        return instantiate(self.after, bound)

    def _fitted(self, node: Apply, rest: list[int], replacement: Any) -> list[Variable] | None:
        """Put back the inputs left over, convert to the old type, keep the user's line."""
        if isinstance(replacement, list | tuple):
            replacements = list(replacement)
        else:
            replacements = [replacement]
        if rest:
            first = next(i for i in range(len(node.inputs)) if i not in rest)
            inputs = [node.inputs[i] for i in rest]
            inputs.insert(sum(i < first for i in rest), replacements[0])
            replacements = [node.op(*inputs)]
        fitted = []
        for old, new in zip(node.outputs, replacements, strict=False):
            if not isinstance(new, Variable):
                new = _as_constant(old, new)
            answer = None if new is None else fit(old.type, old, new)
            if answer is None or answer is old:
                return None
            copy_stack_trace(old, answer)
            fitted.append(answer)
        return fitted if len(fitted) == len(node.outputs) else None

    def __str__(self) -> str:
        return self.name or f"{self.before} -> {self.after}"

    def __repr__(self) -> str:
        return f"rule({self.name!r}, {self.before} -> {self.after})"


def _as_constant(old: Variable, value: Any) -> Variable | None:
    """Return a number as a constant of the old variable's type, if its type takes it."""
    try:
        return old.type.make_constant(old.type.filter(value, allow_downcast=True))
    except (TypeError, ValueError):
        return None


def _parameters(function: Any) -> tuple[str, ...] | None:
    """Return the names of a function's parameters: what it wants to be called with."""
    if not callable(function) or isinstance(function, Variable):
        return None
    return tuple(inspect.signature(function).parameters)


def _call(function: Callable, needs: tuple[str, ...] | None, values: Mapping[str, Any]) -> Any:
    return function(*[values[name] for name in needs or ()])


def rule(
    name: str | None,
    before: PatternNode,
    after: Any,
    when: Callable[..., bool] | None = None,
    unsafe: str | None = None,
    tags: Iterable[str] = (),
    single_client: bool = False,
) -> Rule:
    """Return the rewriting rule ``before -> after``.

    Parameters
    ----------
    name : str
        What it is called, by which modes can exclude it.
    before : pattern
        An op applied to wildcards, numbers and further patterns.  Commutative ops match in any
        order; at the root, a sum or product also matches if it has more operands.
    after : pattern, number or callable
        What stands for it.  A callable gets what its parameters name (bindings, ``node``,
        ``fgraph``) and returns a variable, or None to leave the node alone.
    when : callable, optional
        A condition; gets what its parameters name.
    unsafe : str, optional
        ``"nan"`` if NaN or infinity may be lost: adds the tag ``nan_unsafe``.
    tags : iterable of str
        Further tags for registration.
    single_client : bool
        Apply only if nothing else reads what the inner nodes of `before` compute.

    Examples
    --------
    ::

        x, y = wildcards("x y")
        rule("local_log_exp", log(exp(x)), x)
        rule("local_pow_two", x ** 2, lambda x: sqr(x))
    """
    return Rule(name, before, after, when, unsafe, tags, single_client)


class Rules(Sequence):
    """A table of rules.

    Examples
    --------
    ::

        stabilize = Rules(
            rule("local_log1p", log(1 + x), log1p(x)),
            rule("local_expm1", exp(x) - 1, expm1(x)),
        )
    """

    def __init__(self, *rows: Rule) -> None:
        self.rows = rows
        names = [row.name for row in rows]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"Rules: names used more than once: {sorted(map(str, repeated))}")

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, str):
            return next(row for row in self.rows if row.name == position)
        return self.rows[position]

    def __add__(self, other: Rules) -> Rules:
        return Rules(*self.rows, *other.rows)

    def register(self, *databases: Any, tags: Iterable[str] = ()) -> Rules:
        """Register every rule in each of `databases` under its name, with `tags` and its own."""
        for database in databases:
            for row in self.rows:
                database.register(row.name, row, *tags, *row.tags)
        return self

    def __repr__(self) -> str:
        return "\n".join(f"{row.name:<32} {row.before} -> {row.after}" for row in self.rows)
