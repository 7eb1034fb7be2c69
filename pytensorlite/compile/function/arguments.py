"""From the arguments of a call to a value for every input of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import TYPE_CHECKING, Any

from pytensorlite.compile.memory import own_memory
from pytensorlite.graph.utils import get_variable_trace_string
from pytensorlite.link.basic import Container
from pytensorlite.link.native import settled

if TYPE_CHECKING:
    from pytensorlite.compile.io import In

Assignment = tuple[list[Any], Any]


class Arguments:
    """The rules by which a function takes its arguments.

    Parameters
    ----------
    name : str
        The function's name, for errors.
    inputs : list of In
        Explicit inputs first.
    containers : list of Container
        Where defaults and shared values stand.
    """

    def __init__(self, name: str, inputs: Sequence[In], containers: Sequence[Container]):
        self.name = name
        self.inputs = list(inputs)
        self.containers = list(containers)
        self.positional = [i for i, entry in enumerate(self.inputs) if not entry.implicit]
        self.positional_count = len(self.positional)
        self.required = [not entry.implicit and entry.value is None for entry in self.inputs]
        self._names = self._unique_names()
        self._mutable = [i for i in self.positional if self.inputs[i].mutable]

    def bind(
        self, args: Sequence[Any], kwargs: dict[str, Any], trusted: bool = False
    ) -> tuple[list[Any], list[Assignment]]:
        """Return a value for every input, and what to store in states once the call has succeeded.

        A keyword that names a state (an input with an update, or a shared variable) assigns it.
        """
        if len(args) > self.positional_count:
            raise TypeError(
                f"Too many arguments: {self._describe()} takes {self.positional_count}"
                f" ({self.listed()}), got {len(args)}"
            )
        given: dict[int, Any] = dict(zip(self.positional, args, strict=False))
        for key, value in kwargs.items():
            position = self._position_of(key)
            if position in given:
                raise TypeError(
                    f"Too many arguments: {self._describe()} got the input {key}"
                    " by position and by name"
                )
            given[position] = value

        values = []
        assigned = []
        for position, container in enumerate(self.containers):
            if position not in given:
                if self.required[position]:
                    self._raise_missing(given)
                values.append(settled(container.storage[0]))
                continue
            value = given[position] if trusted else self._filter(position, given[position])
            values.append(value)
            if self.inputs[position].implicit:
                assigned.append((container.storage, value))
        if self._mutable:
            self._separate_mutable(values)
        return values, assigned

    def defaults(self) -> list[tuple[bool, bool, Any]]:
        """Return for each input: is it required, is its default restored, the default."""
        return [
            (required, not entry.implicit and not required and entry.update is None, entry.value)
            if not entry.implicit
            else (False, False, None)
            for required, entry in zip(self.required, self.inputs, strict=True)
        ]

    def keywords(self) -> tuple[str | None, ...]:
        """Return the keyword of each argument, interned; None where it has none of its own."""
        names = (self.inputs[position].name for position in self.positional)
        return tuple(
            intern(name) if name is not None and len(self._names[name]) == 1 else None
            for name in names
        )

    def listed(self) -> str:
        """Return the arguments in order, as they stand between the parentheses of a call."""
        return ", ".join(str(self.inputs[position].variable) for position in self.positional)

    # -- what can go wrong ------------------------------------------------------------------------

    def _filter(self, position: int, value: Any) -> Any:
        """Return ``value`` as the input's type has it, or raise naming the input."""
        container = self.containers[position]
        try:
            return container.type.filter(
                value, strict=container.strict, allow_downcast=container.allow_downcast
            )
        except (TypeError, ValueError) as error:
            variable = self.inputs[position].variable
            named = f' (input "{variable.name}")' if variable.name else ""
            error.args = (
                f"Bad input argument to {self._describe()} at index {position} (0-based){named}:"
                f" {error}{get_variable_trace_string(variable)}",
            )
            raise

    def _separate_mutable(self, values: list[Any]) -> None:
        """Copy arguments that may be overwritten where they share memory with another value."""
        for position in self._mutable:
            others = [value for i, value in enumerate(values) if i != position]
            values[position] = own_memory([values[position]], others)[0]

    def _position_of(self, key: str) -> int:
        """Return the position of the input named ``key``."""
        positions = self._names.get(key)
        if positions is None:
            raise TypeError(f"Unknown input or state: {key}. {self._describe_names()}")
        if len(positions) > 1:
            raise TypeError(
                f"Ambiguous name: {key} - please check the names of the inputs of your function for"
                f" duplicates (inputs {', '.join(map(str, positions))} are all called so)."
            )
        return positions[0]

    def _unique_names(self) -> dict[str, list[int]]:
        names: dict[str, list[int]] = {}
        for position, entry in enumerate(self.inputs):
            if entry.name is not None:
                names.setdefault(entry.name, []).append(position)
        return names

    def _raise_missing(self, given: dict[int, Any]) -> None:
        missing = [
            self._label(position)
            for position in self.positional
            if self.required[position] and position not in given
        ]
        plural = "s" if len(missing) > 1 else ""
        raise TypeError(
            f"Missing required input{plural}: {', '.join(missing)} of {self._describe()},"
            f" which takes ({self.listed()})"
        )

    def _label(self, position: int) -> str:
        return self.inputs[position].name or f"the input at index {position}"

    def _describe(self) -> str:
        return f'the function with name "{self.name}"' if self.name else "the function"

    def _describe_names(self) -> str:
        named = [entry.name for entry in self.inputs if entry.name is not None]
        unnamed = len(self.inputs) - len(named)
        if not named:
            return (
                "The function has no named inputs; name them by pt.vector('x') or In(x, name='x')."
            )
        rest = f", and {unnamed} unnamed ones which cannot be given by keyword" if unnamed else ""
        return f"The function has these named inputs: {', '.join(named)}{rest}."
