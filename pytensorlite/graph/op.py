"""`Op`: what a node does.

An op says how its outputs are typed (`make_node`), how they are computed by NumPy (`perform`) and
how derivatives pass through it (`pullback`, `pushforward`).  How it becomes C is nothing an op
knows.  The derivative of an op may be written under any of the names that PyTensor gave it over
time (``grad``, ``L_op``, ``R_op``): each of the five methods falls back to another that is defined.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.testvalue import (
    compute_test_value,
    get_test_value,
    get_test_values,
    missing_test_message,
)
from pytensorlite.graph.utils import MetaObject, add_tag_trace

C = TypeVar("C", bound=Callable)


class Placeholder:
    """What may stand in for a variable when an op is applied, to build something else than a node.

    Wildcards of rewriting rules are placeholders: an op applied to one makes a pattern.
    """

    __slots__ = ()

    def apply(self, op: Op, inputs: Sequence[Any]) -> Any:
        """Return what `op` applied to `inputs`, of which this is one, means."""
        raise NotImplementedError()


@runtime_checkable
class ThunkType(Protocol):
    """A computation without arguments that reads and writes cells."""

    inputs: list[list[Any]]
    outputs: list[list[Any]]
    lazy: bool

    def __call__(self) -> None: ...


def is_thunk_type(thunk: Any) -> ThunkType:
    """Return `thunk` itself: a hint for type checkers."""
    return thunk


class Op(MetaObject):
    """An operation; applied to variables it makes an `Apply` node and returns its outputs.

    Attributes
    ----------
    __props__ : tuple of str
        Names of the parameters: ops of one class are equal if these are.
    itypes, otypes : sequence of Type
        Types of inputs and outputs where they are fixed; else define `make_node`.
    default_output : int or None
        Which output ``op(...)`` returns if not all.
    view_map, destroy_map : dict
        For an output, the positions of the inputs whose memory it shares or overwrites.

    Examples
    --------
    ::

        class Double(Op):
            __props__ = ()

            def make_node(self, x):
                x = as_tensor_variable(x)
                return Apply(self, [x], [x.type()])

            def perform(self, node, inputs, output_storage):
                output_storage[0][0] = 2 * inputs[0]

            def pullback(self, inputs, outputs, cotangents):
                return [2 * cotangents[0]]
    """

    default_output: ClassVar[int | None] = None
    view_map: Any = {}  # noqa: RUF012 - overridden by instances, typed so in PyTensor's API
    destroy_map: Any = {}  # noqa: RUF012
    itypes: Any = None
    otypes: Any = None
    _output_type_depends_on_input_value: ClassVar[bool] = False

    def make_node(self, *inputs: Any, **options: Any) -> Apply:
        """Return the node that applies this op to `inputs`, its outputs typed."""
        if self.itypes is None or self.otypes is None:
            raise NotImplementedError(
                f"{type(self).__name__}: you can either define itypes and otypes, or implement "
                "make_node"
            )
        if len(inputs) != len(self.itypes):
            raise ValueError(
                f"{self} expects {len(self.itypes)} inputs: {self.itypes}; got {len(inputs)}"
            )
        variables = [
            expected.filter_variable(given)
            for expected, given in zip(self.itypes, inputs, strict=True)
        ]
        return Apply(self, variables, [output_type() for output_type in self.otypes])

    def __call__(
        self, *inputs: Any, name: str | None = None, return_list: bool = False, **kwargs: Any
    ) -> Any:
        """Apply this op.

        Parameters
        ----------
        *inputs : Variable or data
            What to apply it to.
        name : str
            Name of the (default) output.
        return_list : bool
            Return a list also of a single output.
        **kwargs
            Passed to `make_node`.
        """
        for given in inputs:
            if isinstance(given, Placeholder):
                return given.apply(self, inputs)
        node = self.make_node(*inputs, **kwargs)
        if not type(self).__module__.startswith("pytensorlite."):
            # Of an op that a user wrote, what counts is where it is applied, not its make_node.
            for output in node.outputs:
                add_tag_trace(output)
        if name is not None:
            if len(node.outputs) == 1:
                node.outputs[0].name = name
            else:
                for position, output in enumerate(node.outputs):
                    output.name = f"{name}_{position}"
        if config.compute_test_value != "off":
            compute_test_value(node)
        outputs = node.outputs
        if self.default_output is not None:
            chosen = outputs[self.default_output]
            return [chosen] if return_list else chosen
        return list(outputs) if return_list or len(outputs) != 1 else outputs[0]

    add_tag_trace = staticmethod(add_tag_trace)

    @abstractmethod
    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        """Compute the outputs from the values `inputs`; put each into ``output_storage[i][0]``.

        The cell may hold an array left by an earlier call, which may be reused.
        """

    def do_constant_folding(self, fgraph: Any, node: Apply) -> bool:
        """Whether a node with constant inputs may be replaced by its value."""
        return True

    def branch(self, position: int) -> bool | None:
        """Return for which truth value of its first input the op reads input `position`.

        None, as by default, means for both.
        """
        return None

    def inplace_on_inputs(self, allowed_inplace_inputs: list[int]) -> Op:
        """Return a version of this op that may overwrite the given inputs (by default itself)."""
        return self

    # -- derivatives: every name leads to one that the class defines ---------------------------
    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> list[Variable]:
        """Return, for each input, cotangents times the derivative of the outputs by it."""
        if self._defines("L_op"):
            return self.L_op(inputs, outputs, cotangents)
        if self._defines("grad"):
            return self.grad(inputs, cotangents)
        raise NotImplementedError(
            f"{self} has no derivative: its class {type(self).__name__} defines neither pullback "
            "nor L_op nor grad"
        )

    def L_op(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        output_grads: Sequence[Variable],
    ) -> list[Variable]:
        """Do what `pullback` does, under PyTensor's older name."""
        if self._defines("pullback"):
            return self.pullback(inputs, outputs, output_grads)
        return self.grad(inputs, output_grads)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> list[Variable]:
        """Do what `pullback` does when the outputs are not at hand."""
        if self._defines("pullback") or self._defines("L_op"):
            return self.pullback(inputs, self(*inputs, return_list=True), output_grads)
        raise NotImplementedError(f"{self} has no derivative")

    def pushforward(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        tangents: Sequence[Variable],
    ) -> list[Variable]:
        """Return, for each output, its derivative along the `tangents` of the inputs."""
        if not self._defines("R_op"):
            raise NotImplementedError(
                f"{self} has no forward derivative: its class {type(self).__name__} defines "
                "neither pushforward nor R_op"
            )
        eval_points = [None if isinstance(t.type, DisconnectedType) else t for t in tangents]
        results = self.R_op(inputs, eval_points)
        return [disconnected_type() if result is None else result for result in results]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Any]:
        """Do what `pushforward` does, with None for inputs that do not move."""
        if not self._defines("pushforward"):
            raise NotImplementedError(f"{self} has no forward derivative")
        tangents = [disconnected_type() if point is None else point for point in eval_points]
        results = self.pushforward(inputs, self(*inputs, return_list=True), tangents)
        return [None if isinstance(r.type, DisconnectedType) else r for r in results]

    def _defines(self, method: str) -> bool:
        return getattr(type(self), method) is not getattr(Op, method)

    # -- running a node on cells, as PyTensor's linkers do -------------------------------------
    def prepare_node(
        self, node: Apply, storage_map: Any, compute_map: Any, impl: str | None
    ) -> None:
        """Prepare for `make_thunk`; nothing by default."""

    def make_py_thunk(
        self,
        node: Apply,
        storage_map: dict[Variable, list[Any]],
        compute_map: dict[Variable, list[bool]] | None,
        no_recycling: Sequence[Variable] = (),
        debug: bool = False,
    ) -> Any:
        """Return a function without arguments that runs `perform` on the cells of `storage_map`."""
        input_cells = [storage_map[variable] for variable in node.inputs]
        output_cells = [storage_map[variable] for variable in node.outputs]
        done_cells = [] if compute_map is None else [compute_map[v] for v in node.outputs]

        def run() -> None:
            self.perform(node, [cell[0] for cell in input_cells], output_cells)
            for cell in done_cells:
                cell[0] = True

        run.inputs = input_cells  # type: ignore[attr-defined]
        run.outputs = output_cells  # type: ignore[attr-defined]
        run.lazy = False  # type: ignore[attr-defined]
        return run

    def make_thunk(
        self,
        node: Apply,
        storage_map: dict[Variable, list[Any]],
        compute_map: dict[Variable, list[bool]] | None,
        no_recycling: Sequence[Variable] = (),
        impl: str | None = None,
    ) -> Any:
        """Return a function without arguments that computes `node` on the cells given."""
        self.prepare_node(node, storage_map=storage_map, compute_map=compute_map, impl="py")
        return self.make_py_thunk(node, storage_map, compute_map, no_recycling)

    def __str__(self) -> str:
        return type(self).__name__

    __str__._is_default = True  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        get_properties = getattr(self, "_props_dict", None)
        if get_properties is None:
            return str(self)
        listed = ", ".join(f"{key}={value!r}" for key, value in get_properties().items())
        return f"{type(self).__name__}({listed})"


class HasInnerGraph(ABC):
    """Mixin of ops that hold a graph: ``fgraph`` is what they compute.

    Graphs inside ops are printed by `debugprint` and reached by rewrites that descend.
    """

    fgraph: Any

    @property
    def fn(self) -> Any:
        """The compiled inner graph, where the op has one."""
        raise NotImplementedError()

    @property
    @abstractmethod
    def inner_inputs(self) -> list[Variable]:
        """The inputs of the inner graph."""

    @property
    @abstractmethod
    def inner_outputs(self) -> list[Variable]:
        """The outputs of the inner graph."""

    @abstractmethod
    def clone(self) -> Op:
        """Return this op with a clone of its inner graph."""


def io_connection_pattern(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> list[list[bool]]:
    """Return, for each input, by which outputs' gradients it is reached.

    An op that does not define ``connection_pattern`` connects every input with every output.
    """
    from pytensorlite.graph.traversal import io_toposort

    n_inputs = len(inputs)
    reached: dict[Variable, np.ndarray] = {}
    for position, variable in enumerate(inputs):
        reached[variable] = np.arange(n_inputs) == position
    nothing = np.zeros(n_inputs, dtype=bool)
    for node in io_toposort(inputs, outputs):
        above = [reached.get(variable, nothing) for variable in node.inputs]
        pattern = getattr(node.op, "connection_pattern", None)
        connected = None if pattern is None else pattern(node)
        for j, output in enumerate(node.outputs):
            parts = [a for i, a in enumerate(above) if connected is None or connected[i][j]]
            reached.setdefault(output, np.logical_or.reduce([nothing, *parts]))
    columns = [reached.get(variable, nothing) for variable in outputs]
    return [[bool(column[i]) for column in columns] for i in range(n_inputs)]


__all__ = [
    "Apply",
    "C",
    "HasInnerGraph",
    "MetaObject",
    "Op",
    "ThunkType",
    "Variable",
    "compute_test_value",
    "get_test_value",
    "get_test_values",
    "io_connection_pattern",
    "is_thunk_type",
    "missing_test_message",
]
