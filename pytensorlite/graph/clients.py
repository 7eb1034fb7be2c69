"""Who reads a variable: the `Clients` of it, and the `Output` op that reads the outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.op import Op


class Output(Op):
    """The reader of output number `idx` of a `FunctionGraph`."""

    __props__ = ("idx",)

    def __init__(self, idx: int) -> None:
        self.idx = idx

    def make_node(self, inp: Variable) -> Apply:
        return Apply(self, [inp], [])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        raise RuntimeError("Output marks the end of a graph and is never computed")

    def __str__(self) -> str:
        return f"output[{self.idx}]"


class Clients(Sequence):
    """A sequence of pairs ``(node, position)`` from which any pair is removed in constant time."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Sequence[tuple[Apply, int]] = ()) -> None:
        self._pairs = dict.fromkeys(pairs)

    def append(self, pair: tuple[Apply, int]) -> None:
        """Add a pair; one that is there already is not added twice."""
        self._pairs[pair] = None

    def remove(self, pair: tuple[Apply, int]) -> None:
        """Remove a pair."""
        del self._pairs[pair]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[Apply, int]]:
        return iter(self._pairs)

    def __contains__(self, pair: object) -> bool:
        return pair in self._pairs

    def __getitem__(self, position: Any) -> Any:
        if position == 0 and self._pairs:
            return next(iter(self._pairs))
        return list(self._pairs)[position]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Clients | list | tuple):
            return list(self._pairs) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self._pairs))
