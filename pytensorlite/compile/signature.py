"""What a user asked of `function`, read once and checked: the first stage of compiling.

`read_signature` turns inputs, outputs, updates and givens in all their spellings into a
`Signature`: a list of `In` (the arguments, then the shared variables that the graph needs), a list
of `Out`, how the results are handed back, and a private copy of the graph in which the givens are
replaced.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytensorlite.compile.io import In, Out, SymbolicInput
from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.cloning import clone_get_equiv
from pytensorlite.graph.features import PreserveVariableAttributes
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.null_type import DisconnectedType, NullType
from pytensorlite.graph.traversal import variable_ancestors
from pytensorlite.graph.utils import MissingInputError


class UnusedInputError(Exception):
    """An input of a function that none of its outputs or updates needs.

    ``function([x, y], x + 1)`` raises it for ``y``. Remedy: leave the input out, or say
    ``on_unused_input="ignore"``.
    """


@dataclass
class Signature:
    """Inputs, outputs and the way results are handed back.

    Attributes
    ----------
    inputs : list of In
        The explicit inputs in order, then one for each shared variable. Their variables and updates
        are the user's own.
    outputs : list of Out
        What is returned, as the user gave it.
    keys : list of str or None
        The keys, if the results are returned as a dictionary.
    single, nothing : bool
        Whether the one result is returned by itself; whether None is returned.
    graph_inputs, graph_outputs : list of Variable
        The private copy of the graph. Its outputs are those asked for, then the updates.
    update_mapping : dict
        For each update, its position in ``graph_outputs`` and that of the input it replaces.
    unused : list of int
        The positions of explicit inputs that nothing needs.
    """

    inputs: list[In]
    outputs: list[Out]
    keys: list[str] | None
    single: bool
    nothing: bool
    graph_inputs: list[Variable]
    graph_outputs: list[Variable]
    update_mapping: dict[int, int]
    unused: list[int]

    def to_fgraph(self) -> FunctionGraph:
        """Return the private copy as a graph that rewrites may change."""
        return FunctionGraph(
            self.graph_inputs,
            self.graph_outputs,
            features=[PreserveVariableAttributes()],
            clone=False,
            update_mapping=self.update_mapping,
        )


def read_signature(
    inputs: Iterable[Any],
    outputs: Any = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: bool | Sequence[Variable] = False,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
) -> Signature:
    """Return the `Signature` of a call of `function` with these arguments."""
    arguments = _read_inputs(inputs, allow_input_downcast)
    results, keys, single, nothing = _read_outputs(outputs)
    replaced = _read_givens(givens, arguments)
    wanted_updates = _read_updates(updates)

    memo: dict[Any, Any] = {entry.variable: _input_copy(entry.variable) for entry in arguments}
    _copy_givens(replaced, memo, rebuild_strict)
    roots = [result.variable for result in results]
    roots += [entry.update for entry in arguments if entry.update is not None]
    shared = _copy_graph(roots, memo, replaced, wanted_updates, no_default_updates, rebuild_strict)

    entries = [*arguments, *(_implicit_input(each, wanted_updates.get(each)) for each in shared)]
    graph_inputs = [memo[entry.variable] for entry in arguments] + list(shared.values())
    graph_outputs = [memo[result.variable] for result in results]
    update_mapping = {}
    for position, entry in enumerate(entries):
        if entry.update is not None:
            update_mapping[len(graph_outputs)] = position
            graph_outputs.append(_as_update(entry.variable, memo[entry.update]))
    used = _check_complete(graph_inputs, graph_outputs)
    unused = [
        position
        for position, entry in enumerate(arguments)
        if graph_inputs[position] not in used and entry.update is None
    ]
    return Signature(
        entries, results, keys, single, nothing, graph_inputs, graph_outputs, update_mapping, unused
    )


def check_unused_inputs(signature: Signature, on_unused_input: str) -> None:
    """Raise, warn or stay silent about explicit inputs that the graph does not need."""
    if on_unused_input not in ("raise", "warn", "ignore"):
        raise ValueError(
            f"expected 'raise', 'warn' or 'ignore' for on_unused_input, got {on_unused_input!r}"
        )
    if on_unused_input == "ignore":
        return
    for position in signature.unused:
        message = (
            f"function() was given input {position} ({signature.inputs[position].variable}), which"
            " none of the outputs and updates needs;"
            " leave it out, or pass on_unused_input='warn' or 'ignore'"
        )
        if on_unused_input == "raise":
            raise UnusedInputError(message)
        warnings.warn(message, stacklevel=3)


# -- reading -------------------------------------------------------------------------------------


def _read_inputs(inputs: Iterable[Any], allow_input_downcast: bool | None) -> list[In]:
    """Return the explicit inputs as `In`, each variable at most once."""
    if not isinstance(inputs, list | tuple):
        raise TypeError(
            "the inputs of a function must be a list or a tuple, even when there is only one:"
            f" function([x], ...), got {inputs!r}"
        )
    arguments = [_as_in(entry, allow_input_downcast) for entry in inputs]
    seen: dict[Variable, int] = {}
    for position, argument in enumerate(arguments):
        variable = argument.variable
        if variable in seen:
            raise UnusedInputError(
                f"Variable {variable} is used twice in inputs to function, at indices"
                f" {seen[variable]} and {position}: one of the two values would be ignored."
            )
        seen[variable] = position
    return arguments


def _as_in(entry: Any, allow_downcast: bool | None) -> In:
    """Read one input: a variable, an In, or a pair of variable and default."""
    if isinstance(entry, In):
        argument = entry
    elif isinstance(entry, SymbolicInput):
        argument = In(
            entry.variable,
            name=entry.name,
            update=entry.update,
            mutable=entry.mutable,
            strict=entry.strict,
            allow_downcast=entry.allow_downcast,
            autoname=False,
            implicit=entry.implicit,
        )
    elif isinstance(entry, Variable):
        argument = In(entry, allow_downcast=allow_downcast)
    elif isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], Variable):
        if isinstance(entry[1], Variable | SymbolicInput):
            raise TypeError(f"the default of input {entry[0]} must be a value, got {entry[1]}")
        argument = In(entry[0], value=entry[1], allow_downcast=allow_downcast)
    else:
        raise TypeError(f"expected a variable or an In as an input of a function, got {entry!r}")
    variable = argument.variable
    if isinstance(variable, Constant):
        raise TypeError(f"the constant {variable} cannot be an input of a function")
    if isinstance(variable, SharedVariable) and not argument.shared:
        raise TypeError(
            f"Cannot use a shared variable ({variable}) as explicit input: its value comes from its"
            " container. Replace it by an ordinary variable through `givens`, or leave it out."
        )
    return argument


def _read_outputs(outputs: Any) -> tuple[list[Out], list[str] | None, bool, bool]:
    """Return the outputs, their keys if any, and whether one or nothing is returned."""
    if outputs is None:
        return [], None, False, True
    if isinstance(outputs, dict):
        for key in outputs:
            if not isinstance(key, str):
                raise TypeError(f"expected strings as the keys of the outputs, got {key!r}")
        keys = sorted(outputs)
        return [_as_out(outputs[key]) for key in keys], keys, False, False
    if isinstance(outputs, list | tuple):
        return [_as_out(output) for output in outputs], None, False, False
    return [_as_out(outputs)], None, True, False


def _as_out(output: Any) -> Out:
    if isinstance(output, Out):
        result = output
    elif isinstance(output, Variable):
        result = Out(output)
    else:
        raise TypeError(
            "Outputs must be variables or Out instances."
            f" Received {output!r} of type {type(output)}"
        )
    if isinstance(result.variable.type, NullType):
        raise TypeError(
            f"the output {result.variable} cannot be computed: {result.variable.type.why_null}"
        )
    return result


def _pairs(mapping: Any, what: str) -> list[tuple[Any, Any]]:
    """Return the pairs of a dictionary, or of an iterable of pairs."""
    if not mapping:
        return []
    if isinstance(mapping, dict):
        return list(mapping.items())
    pairs = list(mapping)
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"expected pairs of variables in {what}, got {pair!r}")
    return [(old, new) for old, new in pairs]


def _read_updates(updates: Any) -> dict[SharedVariable, Variable]:
    """Return what each shared variable is updated to, converted to its type."""
    wanted: dict[SharedVariable, Variable] = {}
    for target, value in _pairs(updates, "updates"):
        if not isinstance(target, SharedVariable):
            raise TypeError(f"update target must be a SharedVariable, got {target!r}")
        if target in wanted:
            raise ValueError(
                f"the shared variable {target} has two updates: {wanted[target]}, {value}"
            )
        wanted[target] = _as_update(target, value)
    return wanted


def _as_update(target: Variable, value: Any) -> Variable:
    """Return ``value`` as a variable of the target's type."""
    try:
        return target.type.filter_variable(value, allow_convert=True)
    except TypeError as error:
        kind = getattr(value, "type", type(value))
        raise TypeError(
            "An update must have the same type as the original shared variable:"
            f" expected {target.type} for {target}, got {kind} for {value}."
            " Cast or reshape the update, or give the shared variable that type."
        ) from error


def _read_givens(givens: Any, arguments: list[In]) -> dict[Variable, Variable]:
    """Return the replacements; values become constants of the replaced variable's type."""
    replaced: dict[Variable, Variable] = {}
    explicit = {argument.variable for argument in arguments}
    for old, new in _pairs(givens, "givens"):
        if not isinstance(old, Variable):
            raise TypeError(f"expected a variable as the key of givens, got {old!r}")
        if old in explicit:
            raise RuntimeError(
                f"the variable {old} is an input of the function, so replacing it through `givens`"
                " would have no effect. Make another variable the input:"
                f" function([y], ..., givens={{{old}: g(y)}})"
            )
        if not isinstance(new, Variable):
            new = old.type.filter_variable(new)
        replaced[old] = new
    return replaced


# -- copying -------------------------------------------------------------------------------------


def _copy_givens(
    replaced: dict[Variable, Variable], memo: dict[Any, Any], rebuild_strict: bool
) -> None:
    """Enter into ``memo`` the copy of each replacement in place of what it replaces."""
    news = [
        old.type.filter_variable(new, allow_convert=True) if rebuild_strict else new
        for old, new in replaced.items()
    ]
    for ancestor in variable_ancestors(news):
        if ancestor in replaced:
            raise AssertionError(
                f"in givens, a new expression depends on {ancestor}, which is itself to be"
                " replaced; replace in two steps (pytensorlite.clone_replace), or combine them"
            )
    clone_get_equiv([], news, copy_inputs=True, copy_orphans=True, memo=memo)
    for old, new in zip(replaced, news, strict=True):
        memo[old] = memo[new]


def _copy_graph(
    roots: list[Variable],
    memo: dict[Any, Any],
    replaced: dict[Variable, Variable],
    updates: dict[SharedVariable, Variable],
    no_default_updates: bool | Sequence[Variable],
    rebuild_strict: bool,
) -> dict[SharedVariable, Variable]:
    """Copy the graph above ``roots`` into ``memo``; return its shared variables and their copies.

    The graphs of ``updates`` are copied too, and the default updates of the shared variables found
    join them.
    """
    kept = no_default_updates if isinstance(no_default_updates, list | tuple) else ()
    found: dict[SharedVariable, Variable] = {}
    copied: list[Variable] = []
    pending = [*roots, *updates.values()]
    while pending:
        clone_get_equiv([], pending, True, True, memo=memo, strict=rebuild_strict)
        copied += [memo[variable] for variable in pending]
        discovered = _shared_in(memo, replaced, copied)
        discovered.update({each: _own_copy(each, memo, replaced) for each in updates})
        pending = []
        for variable, copy in discovered.items():
            if variable in found:
                continue
            found[variable] = copy
            default = variable.default_update
            if (
                default is None
                or variable in updates
                or no_default_updates is True
                or variable in kept
            ):
                continue
            updates[variable] = default
            pending.append(default)
    return found


def _shared_in(
    memo: dict[Any, Any], replaced: dict[Variable, Variable], copied: list[Variable]
) -> dict[SharedVariable, Variable]:
    """Return the shared variables among the copied ones that the copies really need."""
    shared = {
        variable: copy
        for variable, copy in memo.items()
        if isinstance(variable, SharedVariable) and variable not in replaced
    }
    if not replaced or not shared:
        return shared
    # The replacements were copied whether or not anything they replace is in the graph.
    needed = set(variable_ancestors(copied))
    return {variable: copy for variable, copy in shared.items() if copy in needed}


def _own_copy(
    variable: Variable, memo: dict[Any, Any], replaced: dict[Variable, Variable]
) -> Variable:
    """Return the copy of an updated variable, which need not occur in the graph at all."""
    if variable in replaced:
        return _input_copy(variable)
    if variable not in memo:
        memo[variable] = _input_copy(variable)
    return memo[variable]


def _input_copy(variable: Variable) -> Variable:
    """Return what stands for an input in the private graph: a free variable even if computed."""
    copy = variable.clone()
    copy.tag.__dict__.update(variable.tag.__dict__)
    return copy


def _implicit_input(variable: SharedVariable, update: Variable | None) -> In:
    """Return the input that reads a shared variable's container."""
    return In(
        variable=variable,
        value=variable.container,
        update=update,
        mutable=False,
        borrow=True,
        shared=True,
        implicit=True,
    )


def _check_complete(inputs: list[Variable], outputs: list[Variable]) -> set[Variable]:
    """Return the inputs that are needed; raise for a variable that nobody gives a value."""
    given = set(inputs)
    used = set()
    for variable in variable_ancestors(outputs, blockers=inputs):
        if variable in given:
            used.add(variable)
        elif variable.owner is None and not isinstance(variable, Constant):
            _raise_missing(variable)
    return used


def _raise_missing(variable: Variable) -> None:
    if isinstance(variable.type, NullType):
        raise TypeError(f"{variable} cannot be computed: {variable.type.why_null}")
    reason = (
        "it stands for a gradient that is disconnected"
        if isinstance(variable.type, DisconnectedType)
        else "add it to the inputs, or give it a value through `givens`"
    )
    raise MissingInputError(
        f"the graph needs the variable {variable}, which is not an input of the function: {reason}",
        variable=variable,
    )
