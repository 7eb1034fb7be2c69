"""`FunctionMaker`: what is known of a function besides how to call it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytensorlite.compile.io import In, Out
from pytensorlite.compile.memory import memory_owner
from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.compile.signature import Signature
from pytensorlite.graph.basic import Constant
from pytensorlite.graph.destroyhandler import DestroyHandler
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.utils import InconsistencyError
from pytensorlite.link.basic import Container, Program

if TYPE_CHECKING:
    from pytensorlite.compile.mode import Mode


@dataclass(eq=False)
class FunctionMaker:
    """A signature, its graph, its mode, and the program that they became.

    Attributes
    ----------
    signature : Signature
        What was asked for.
    graph : FunctionGraph
        The private graph; rewritten, if ``is_rewritten``.
    program : Program
        What computes it.
    mode : Mode
        How it was compiled.
    function_builder : callable
        The class of the function.
    request : dict
        The arguments of `function`, which is what is pickled.
    copies : tuple of dict
        The arguments of the `Function.copy` calls that led here.
    """

    signature: Signature
    graph: FunctionGraph
    program: Program
    mode: Mode
    function_builder: Callable[..., Any]
    request: dict[str, Any] = field(repr=False)
    is_rewritten: bool = True
    name: str | None = None
    profile: Any = None
    trust_input: bool = False
    copies: tuple[dict[str, Any], ...] = ()
    _constant_memory: frozenset[int] | None = field(default=None, init=False, repr=False)

    def create(self, defaults: dict[Any, Any] | None = None) -> Any:
        """Return a function; ``defaults`` are the first values in its containers, by variable."""
        defaults = defaults or {}
        storage = [_container(entry, defaults.get(entry.variable)) for entry in self.inputs]
        return self.function_builder(self, storage)

    def copy(
        self,
        swap: dict[SharedVariable, SharedVariable],
        delete_updates: bool,
        name: str | None,
        profile: Any,
    ) -> FunctionMaker:
        """Return the maker of a copy; see `Function.copy`."""
        signature = _swapped(self.signature, swap)
        changes = {"swap": swap, "delete_updates": delete_updates, "name": name}
        twin = replace(
            self,
            signature=signature,
            name=self.name if name is None else name,
            profile=profile,
            copies=(*self.copies, changes),
        )
        if delete_updates and signature.update_mapping:
            twin._drop_updates()
        elif profile is not None:
            twin.program = self.mode.linker.link(twin.fgraph, name=twin.name, profile=profile)
        return twin

    def _drop_updates(self) -> None:
        """Link the part of the graph that computes the outputs."""
        wanted = len(self.outputs)
        entries = [
            _without_update(entry) if entry.update is not None else entry for entry in self.inputs
        ]
        fgraph = self.fgraph
        self.graph = FunctionGraph(fgraph.inputs, fgraph.outputs[:wanted], clone=True)
        self.signature = replace(self.signature, inputs=entries, update_mapping={})
        self.program = self.mode.linker.link(self.graph, name=self.name, profile=self.profile)

    def constant_memory(self) -> frozenset[int]:
        """Return the identities of the arrays that hold the graph's constants."""
        if self._constant_memory is None:
            self._constant_memory = frozenset(
                id(memory_owner(variable.data))
                for variable in self.fgraph.variables
                if isinstance(variable, Constant)
            )
        return self._constant_memory

    # -- PyTensor's names -------------------------------------------------------------------------

    @property
    def fgraph(self) -> FunctionGraph:
        """The graph after all rewrites of the mode.

        A program that was found in the cache needed no rewriting; that is then made up for here.
        """
        if not self.is_rewritten:
            self.graph = self.graph.clone()  # the program finds the user's lines in the other one
            self.mode.rewrite(self.graph)
            self.is_rewritten = True
        return self.graph

    @property
    def inputs(self) -> list[In]:
        """The inputs, shared variables included."""
        return self.signature.inputs

    expanded_inputs = inputs

    @property
    def outputs(self) -> list[Out]:
        """What is returned."""
        return self.signature.outputs

    @property
    def linker(self) -> Any:
        """The linker of the mode."""
        return self.mode.linker

    @property
    def output_keys(self) -> list[str] | None:
        """The keys of the results, if they are a dictionary."""
        return self.signature.keys

    @property
    def unpack_single(self) -> bool:
        """Whether the one result is returned by itself."""
        return self.signature.single

    @property
    def return_none(self) -> bool:
        """Whether None is returned."""
        return self.signature.nothing


def _container(entry: In, default: Any) -> Container:
    """Return where the value of an input stands between calls."""
    if isinstance(entry.value, Container):
        return entry.value
    if isinstance(entry.value, SharedVariable):
        return entry.value.container
    container = Container(
        entry.variable,
        [None],
        strict=entry.strict,
        allow_downcast=entry.allow_downcast,
        name=entry.name,
    )
    first = entry.value if default is None else default
    if first is not None:
        container.value = first if entry.borrow else copy.deepcopy(first)
    return container


def _swapped(signature: Signature, swap: dict[SharedVariable, SharedVariable]) -> Signature:
    """Return the signature in which shared variables are exchanged for others of their types."""
    positions = {entry.variable: i for i, entry in enumerate(signature.inputs) if entry.shared}
    entries = list(signature.inputs)
    for old, new in swap.items():
        if not isinstance(old, SharedVariable) or not isinstance(new, SharedVariable):
            raise TypeError(f"expected shared variables in swap, got {old!r} -> {new!r}")
        if old not in positions:
            raise ValueError(
                f"SharedVariable: {old} not found in the function, so it cannot be swapped"
            )
        if old.type != new.type:
            raise TypeError(f"cannot swap {old} of type {old.type} for {new} of type {new.type}")
        entry = entries[positions[old]]
        entries[positions[old]] = In(
            new,
            value=new.container,
            update=entry.update,
            mutable=entry.mutable,
            borrow=entry.borrow,
            shared=True,
            implicit=True,
        )
    return replace(signature, inputs=entries)


def _without_update(entry: In) -> In:
    """Return the input without its update."""
    return In(
        entry.variable,
        name=entry.name,
        value=entry.value,
        strict=entry.strict,
        allow_downcast=entry.allow_downcast,
        autoname=False,
        implicit=entry.implicit,
        borrow=entry.borrow,
        shared=entry.shared,
    )


# -- who may be overwritten ----------------------------------------------------------------------


class Supervisor(Feature):
    """Refuses changes of a graph after which a node would overwrite a protected input."""

    def __init__(self, protected: Any):
        self.protected = list(protected)

    def clone(self) -> Supervisor:
        return type(self)(self.protected)

    def on_attach(self, fgraph: FunctionGraph) -> None:
        if hasattr(fgraph, "_supervisor"):
            raise TypeError("the graph has a supervisor already")
        fgraph._supervisor = self  # type: ignore[attr-defined]

    def on_validate(self, fgraph: FunctionGraph) -> None:
        """Raise `InconsistencyError` if a protected input is destroyed."""
        if hasattr(fgraph, "destroyers"):
            for variable in self.protected:
                if fgraph.destroyers(variable):
                    raise InconsistencyError(f"Trying to destroy the protected input {variable}")


def protect_inputs(fgraph: FunctionGraph, entries: list[In], accept_inplace: bool) -> None:
    """See to it that only inputs declared mutable are ever overwritten.

    A graph that overwrites anything when it comes is refused unless ``accept_inplace``.
    """
    destroyer = next((node for node in fgraph.apply_nodes if node.op.destroy_map), None)
    if destroyer is not None:
        if not accept_inplace:
            raise TypeError(
                f"Graph must not contain inplace operations, got {destroyer};"
                " use the op that leaves its inputs alone, or pass accept_inplace=True"
            )
        handler = DestroyHandler()
        fgraph.attach_feature(handler)
    supervisor = Supervisor(
        variable
        for entry, variable in zip(entries, fgraph.inputs, strict=True)
        if not entry.mutable
    )
    fgraph.attach_feature(supervisor)
    if destroyer is not None:
        supervisor.on_validate(fgraph)
        handler.on_validate(fgraph)
