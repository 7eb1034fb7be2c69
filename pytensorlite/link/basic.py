"""Linkers and the programs they make; the NumPy linker is the reference that C is judged by.

A `Linker` turns a rewritten `FunctionGraph` into a `Program`: a callable from the values of the
graph's inputs to the values of its outputs, and nothing more. Names of arguments, defaults, shared
variables and updates are the business of `pytensorlite.compile`. A program that is one native call
says so in `Program.native`, and the dispatcher then calls it without passing through Python.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pytensorlite._immutable import immutable
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.conditions import (
    ALWAYS,
    Conditions,
    find_conditions,
    order_by_conditions,
)
from pytensorlite.graph.type import Type
from pytensorlite.link.explanation import Explanation, MemoryUse, numpy_part
from pytensorlite.link.utils import note_failed_node, require_outputs

if TYPE_CHECKING:
    from pytensorlite.graph.basic import Apply
    from pytensorlite.graph.fg import FunctionGraph


class Container:
    """One cell that holds the value of an input or of a shared variable, and filters what enters
    it.

    Parameters
    ----------
    r : Variable or Type
        Whose values the cell holds; a constant makes the cell read-only.
    storage : list
        A list of one element, which may be shared with other containers.
    readonly : bool
        Refuse every new value.
    strict, allow_downcast : bool
        Passed on to the type's ``filter``.
    name : str, optional
        Named in errors; by default the variable's own name.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> cell = Container(pt.dvector("x"), [None])
    >>> cell.value = [1, 2]
    >>> cell.storage
    [array([1., 2.])]
    """

    def __init__(
        self,
        r: Variable | Type,
        storage: list[Any],
        *,
        readonly: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        name: str | None = None,
    ):
        if not isinstance(storage, list) or len(storage) < 1:
            raise TypeError(f"expected a list of one element as storage, got {storage!r}")
        self.type: Any = r.type if isinstance(r, Variable) else r
        self.name = getattr(r, "name", None) if name is None else name
        self.storage = storage
        self.readonly = readonly or isinstance(r, Constant)
        self.strict = strict
        self.allow_downcast = allow_downcast

    @property
    def value(self) -> Any:
        """What the cell holds."""
        return self.storage[0]

    @value.setter
    def value(self, value: Any) -> None:
        if self.readonly:
            raise TypeError(f"cannot set {self.name or 'a constant'}: its value is read-only")
        if value is None:
            self.storage[0] = None
        else:
            self.fill(value)

    def fill(self, value: Any) -> None:
        """Put ``value`` into the cell as the type has it; if that refuses it, nothing changes."""
        try:
            self.storage[0] = self.type.filter(
                value, strict=self.strict, allow_downcast=self.allow_downcast
            )
        except (TypeError, ValueError) as error:
            if self.name:
                error.args = (f'{error} (the value of "{self.name}")',)
            raise

    data = value

    def __repr__(self) -> str:
        return f"<{self.storage[0]!r}>"

    def __copy__(self) -> Container:
        return self._with_storage(self.storage)

    def __deepcopy__(self, memo: dict[int, Any]) -> Container:
        """Copy the cell and its value, once for each storage."""
        storage = memo.get(id(self.storage))
        if storage is None:
            storage = memo[id(self.storage)] = [copy.deepcopy(self.storage[0], memo)]
        return self._with_storage(storage)

    def _with_storage(self, storage: list[Any]) -> Container:
        return Container(
            self.type,
            storage,
            readonly=self.readonly,
            strict=self.strict,
            allow_downcast=self.allow_downcast,
            name=self.name,
        )


# -- programs ------------------------------------------------------------------------------------


@immutable
class ArraySpec:
    """What the native road demands of an input; ``shape`` has None where any length will do.

    Elements follow each other in the order of the axes; ``in_rows`` only along the last one.
    """

    dtype: str
    ndim: int
    shape: tuple[int | None, ...]
    in_rows: bool = False


@immutable
class Layout:
    """How the elements of an array lie: the axes from the outermost to the innermost in memory.

    If ``in_rows``, only elements along the innermost one follow each other.
    """

    axes: tuple[int, ...]
    in_rows: bool


@immutable
class OutputSpec:
    """What the dispatcher allocates for an output.

    ``dims`` are positions in the array of sizes. If it is the new value of an input whose memory it
    may take, ``into`` is that input's position, else -1.
    """

    dtype: str
    ndim: int
    dims: tuple[int, ...]
    into: int = -1


@dataclass
class NativeEntry:
    """The addresses and the signature of a graph that became one native call.

    ``sizes`` and ``run`` are addresses of C functions with the prototypes of ``ptl_runtime.h``. The
    array of sizes has ``n_sizes`` elements, the first of which is the bytes of workspace. The
    inputs are the graph's inputs in order, followed by the ``constants``.
    """

    sizes: int
    run: int
    n_sizes: int
    inputs: list[ArraySpec]
    constants: list[np.ndarray]
    outputs: list[OutputSpec]
    keepalive: object = field(default=None, repr=False)


class Program:
    """What a linker returns: values of the graph's inputs in, values of its outputs out.

    Unless ``native`` is set, outputs may share memory with inputs, constants or each other; the
    caller copies where the user must not see it.
    """

    c_source: str = ""
    fallbacks: Sequence[Apply] = ()
    native: NativeEntry | None = None

    @property
    def input_names(self) -> Sequence[str]:
        """What the user calls the inputs, for messages."""
        return ()

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        raise NotImplementedError

    def explain(self, fgraph: FunctionGraph, arrays: Sequence[Any] | None = None) -> Explanation:
        """Return what was made of the rewritten graph, with figures for a call with `arrays`."""
        return Explanation(tuple(map(numpy_part, fgraph.toposort())))

    def memory(self, arrays: Sequence[Any]) -> MemoryUse:
        """Return the bytes that a call with `arrays` takes."""
        raise NotImplementedError(f"{type(self).__name__} does not count its memory")

    def report(self, profile: Any) -> None:
        """Tell a profile what the program counted itself, rather than step by step."""

    def describe_error(self, where: int, detail: Sequence[int]) -> BaseException:
        """Return the exception that stands for failure ``where`` of the native code."""
        return RuntimeError(
            f"the compiled program failed at point {where} (details {tuple(detail)})"
        )


class Linker:
    """Base of linkers. A subclass writes `link`, and `lookup` if it keeps programs."""

    name = ""
    #: rewrites that the linker needs, and those that it has no use for (as tags of ``optdb``)
    required_rewrites: tuple[str, ...] = ("minimum_compile",)
    incompatible_rewrites: tuple[str, ...] = ()

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> Program:
        """Return the program that computes ``fgraph``."""
        raise NotImplementedError

    def lookup(self, fgraph: FunctionGraph, key_extra: str) -> Program | None:
        """Return a program kept from an earlier session for the unrewritten graph, or None."""
        return None

    def link_layouts(
        self, fgraph: FunctionGraph, name: str | None, layouts: Mapping[int, Layout]
    ) -> Any:
        """Return what computes ``fgraph`` from a list of arrays some of which lie in layouts.

        It takes these with the axes in the order of the layout. None where there is no such thing.
        """
        return None

    def clone(self, **kwargs: Any) -> Linker:
        """Return a linker with the same settings."""
        return type(self)(**kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


# -- NumPy ---------------------------------------------------------------------------------------


class NumpyLinker(Linker):
    """Run every node's ``perform`` in order: slow, obvious, what C is compared with."""

    name = "numpy"
    required_rewrites = ("minimum_compile", "py_only")
    # Nodes run as the user wrote them: loops are fused and memory is reused only in C.
    incompatible_rewrites = ("cxx_only", "fusion", "inplace")

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> NumpyProgram:
        return NumpyProgram(fgraph, profile=profile)


@immutable
class Step:
    """One node: where its inputs stand, where outputs go, which values nobody reads again.

    It is run only where each of the `conditions`, a place and a truth value, holds.
    """

    node: Apply
    perform: Callable[..., None]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    dead: tuple[int, ...]
    conditions: tuple[tuple[int, bool], ...] = ()

    def is_needed(self, values: Sequence[Any]) -> bool:
        """Whether the conditions hold."""
        return all(bool(values[slot]) == wanted for slot, wanted in self.conditions)


class InputLengths:
    """What must hold of the inputs' lengths, as rewriting has noted it in the graph."""

    def __init__(self, fgraph: FunctionGraph):
        self.agreements, self.made = fgraph.agreements, fgraph.made_lengths

    def check(self, arrays: Sequence[Any]) -> None:
        """Raise ValueError for lengths that do not agree, or would be negative."""

        def number(place: Any) -> int:
            if isinstance(place, int):
                return place
            position, axis = place
            return int(arrays[position]) if axis is None else arrays[position].shape[axis]

        for first, second, text, node in self.agreements:
            if number(first) != number(second):
                self._refuse(text.format(number(first), number(second)), node)
        for made in self.made:
            if (length := made.value(number)) < 0:
                self._refuse(f"negative dimensions are not allowed, got {length}", made.node)

    def _refuse(self, text: str, node: Apply) -> None:
        error = ValueError(text)
        note_failed_node(error, node)
        raise error


class NumpyProgram(Program):
    """The nodes of a graph in order, each with its ``perform``."""

    def __init__(self, fgraph: FunctionGraph, profile: Any = None):
        self.fgraph = fgraph
        self.profile = profile
        self._lengths = InputLengths(fgraph)
        conditions = find_conditions(fgraph)
        order = order_by_conditions(fgraph, conditions)
        slots = _number_variables(fgraph, order)
        self._initial: list[Any] = [None] * len(slots)
        for variable, slot in slots.items():
            if isinstance(variable, Constant):
                self._initial[slot] = variable.data
        self._results = [slots[variable] for variable in fgraph.outputs]
        self._output_types = [variable.type for variable in fgraph.outputs]
        kept = {*self._results, *range(len(fgraph.inputs))}
        self._steps = _make_steps(order, slots, kept, conditions)

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        values = self._initial.copy()
        values[: len(arrays)] = arrays
        for step in self._steps:
            if step.is_needed(values):
                self._perform(step, values)
        self._lengths.check(arrays)  # most of what is wrong a node has told of before
        results = [values[slot] for slot in self._results]
        return [
            _as_value(kind, result)
            for kind, result in zip(self._output_types, results, strict=True)
        ]

    def memory(self, arrays: Sequence[Any]) -> MemoryUse:
        """Run the nodes, and return the bytes of results and of what was kept between nodes."""
        values = self._initial.copy()
        values[: len(arrays)] = arrays
        kept = set(map(id, values)) - {id(None)}
        most = 0
        for step in self._steps:
            if step.is_needed(values):
                self._perform(step, values)
            most = max(most, _bytes(values, kept))
        results = _bytes([values[slot] for slot in self._results], kept)
        constants = _bytes(self._initial, set())
        return MemoryUse(outputs=results, workspace=max(0, most - results), constants=constants)

    def _perform(self, step: Step, values: list[Any]) -> None:
        """Run one node on ``values`` and write its outputs there."""
        inputs = [values[slot] for slot in step.reads]
        storage = [[None] for _ in step.writes]
        start = perf_counter()
        try:
            step.perform(step.node, inputs, storage)
            require_outputs(step.node, storage)
        except Exception as error:
            note_failed_node(error, step.node, inputs)
            raise
        if self.profile is not None:
            self.profile.add_node(step.node, perf_counter() - start)
        for slot, cell in zip(step.writes, storage, strict=True):
            values[slot] = cell[0]
        for slot in step.dead:
            values[slot] = None


def _bytes(values: Iterable[Any], others: set[int]) -> int:
    """Return the bytes of all arrays but those of `others`; views take none."""
    arrays = {id(x): x for x in values if isinstance(x, np.ndarray) and x.base is None}
    return sum(array.nbytes for key, array in arrays.items() if key not in others)


def _number_variables(fgraph: FunctionGraph, order: Iterable[Apply]) -> dict[Variable, int]:
    """Give each variable its position: the inputs first, then the others as they come."""
    slots: dict[Variable, int] = {}
    for variable in fgraph.inputs:
        slots[variable] = len(slots)
    for node in order:
        for variable in (*node.inputs, *node.outputs):
            slots.setdefault(variable, len(slots))
    for variable in fgraph.outputs:
        slots.setdefault(variable, len(slots))
    return slots


def _make_steps(
    order: Sequence[Apply],
    slots: dict[Variable, int],
    kept: set[int],
    conditions: Mapping[Apply, Conditions],
) -> list[Step]:
    """Return the steps in order; a value dies at its last reader unless it is in ``kept``."""
    steps: list[Step] = []
    alive_later = set(kept)
    for node in reversed(order):
        reads = tuple(slots[variable] for variable in node.inputs)
        writes = tuple(slots[variable] for variable in node.outputs)
        computed = (
            slots[variable]
            for variable in (*node.inputs, *node.outputs)
            if not isinstance(variable, Constant)
        )
        dead = tuple({slot for slot in computed if slot not in alive_later})
        alive_later.update(dead)
        needed = tuple((slots[x], wanted) for x, wanted in conditions.get(node, ALWAYS))
        steps.append(Step(node, node.op.perform, reads, writes, dead, needed))
    return steps[::-1]


def _as_value(kind: Type, value: Any) -> Any:
    """Return a NumPy scalar that some ``perform`` left behind as the array it should be."""
    if isinstance(value, np.generic) and hasattr(kind, "ndim"):
        return np.asarray(value)
    return value
