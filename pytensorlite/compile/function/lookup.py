"""The inputs of a function by position, by variable and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytensorlite.link.basic import Container

if TYPE_CHECKING:
    from pytensorlite.compile.io import In


class InputLookup:
    """What stands behind ``f[x]``, ``f.value[x]`` and ``f.container[x]``."""

    def __init__(self, inputs: Sequence[In], containers: Sequence[Container]):
        self._found: dict[Any, Container] = {}
        self._ambiguous: set[str] = set()
        for position, (entry, container) in enumerate(zip(inputs, containers, strict=True)):
            self._found[position] = container
            self._found[entry.variable] = container
            if entry.name is None:
                continue
            if entry.name in self._found:
                self._ambiguous.add(entry.name)
            self._found[entry.name] = container

    def __contains__(self, item: Any) -> bool:
        return item in self._found

    def __getitem__(self, item: Any) -> Container:
        if isinstance(item, str) and item in self._ambiguous:
            raise TypeError(
                f"Ambiguous name: {item}: several inputs are called so; use the variable"
            )
        try:
            return self._found[item]
        except KeyError:
            raise TypeError(f"Unknown input or state: {item}") from None

    def containers(self) -> dict[Any, Container]:
        """Return the containers by all their keys."""
        return dict(self._found)

    def values(self) -> Values:
        """Return the same lookup for values."""
        return Values(self)


class Values(Mapping[Any, Any]):
    """The values in the containers of a function, indexed by position, variable or name."""

    def __init__(self, lookup: InputLookup):
        self._lookup = lookup

    def __getitem__(self, item: Any) -> Any:
        return self._lookup[item].value

    def __setitem__(self, item: Any, value: Any) -> None:
        self._lookup[item].value = value

    def __contains__(self, item: Any) -> bool:
        return item in self._lookup

    def __iter__(self) -> Iterator[Any]:
        return (key for key in self._lookup.containers() if isinstance(key, str))

    def __len__(self) -> int:
        return sum(1 for _ in self)
