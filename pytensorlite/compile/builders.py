"""`OpFromGraph`: a graph used as an op.

The op holds its graph on numbered placeholders (`NominalVariable`), so that equal graphs look
equal. In every mode but the plainest the node is replaced by its graph before anything else is
rewritten: it structures what people read, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pytensorlite.compile.inner_graph import construct_nominal_fgraph, infer_shape
from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.gradient import Lop, Rop
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.null_type import DisconnectedType, NullType, disconnected_type
from pytensorlite.graph.op import HasInnerGraph, Op, io_connection_pattern
from pytensorlite.graph.replace import clone_replace
from pytensorlite.graph.rewriting.basic import in2out, node_rewriter
from pytensorlite.graph.utils import MissingInputError
from pytensorlite.tensor.rewriting.phases import optdb

__all__ = ["OpFromGraph", "construct_nominal_fgraph", "infer_shape"]

Overrides = Callable[..., Any] | Sequence[Any] | None


class OpFromGraph(Op, HasInnerGraph):
    """An op made of the graph from ``inputs`` to ``outputs``.

    Parameters
    ----------
    inputs, outputs : list of Variable
        The ends of the graph. Shared variables in it become further inputs by themselves.
    inline : bool
        Accepted for compatibility: all modes that rewrite replace the node by its graph.
    lop_overrides, grad_overrides : callable, OpFromGraph or list, optional
        Instead of the graph's own derivative, a function of ``inputs, outputs, cotangents``
        (``inputs, cotangents`` for ``grad_overrides``) that returns one cotangent for each input;
        or a list of such functions, one for each input, where None means the graph's own
        derivative.
    rop_overrides : callable, OpFromGraph or list, optional
        The same for tangents, a function of ``inputs, tangents``.
    connection_pattern : list of list of bool, optional
        Which outputs are differentiable in which inputs, if not as the graph says.
    strict : bool
        Refuse shared variables that are not among ``inputs``.
    name : str, optional
        How the op is printed.
    destroy_map : dict, optional
        Which outputs overwrite which inputs.
    **kwargs
        Passed to `function` when the op is run by itself.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, y = pt.dscalars("x", "y")
    >>> average = OpFromGraph([x, y], [(x + y) / 2], name="Average")
    >>> float(average(x, 3 * y).eval({x: 1, y: 1}))
    2.0
    """

    def __init__(
        self,
        inputs: list[Variable],
        outputs: list[Variable],
        *,
        inline: bool = False,
        lop_overrides: Overrides = None,
        grad_overrides: Overrides = None,
        rop_overrides: Overrides = None,
        connection_pattern: list[list[bool]] | None = None,
        strict: bool = False,
        name: str | None = None,
        destroy_map: dict[int, tuple[int, ...]] | None = None,
        **kwargs: Any,
    ):
        _check_ends(inputs, outputs)
        if lop_overrides is not None and grad_overrides is not None:
            raise ValueError("lop_overrides and grad_overrides are mutually exclusive: pass one")
        self.fgraph, self.shared_inputs = _inner_graph(inputs, outputs)
        if strict and self.shared_inputs:
            raise ValueError(
                "All variables needed to compute inner-graph must be provided as inputs under"
                f" strict=True, but it depends on the shared variables {self.shared_inputs}"
            )
        self.is_inline = inline
        self.lop_overrides = _ignoring_outputs(grad_overrides) or lop_overrides
        self.rop_overrides = rop_overrides
        self.name = name
        self.destroy_map = destroy_map or {}
        self.input_types = [variable.type for variable in inputs]
        self.output_types = [variable.type for variable in outputs]
        self.kwargs = kwargs
        self._connection_pattern = connection_pattern
        self._compiled: Any = None

    # -- the graph --------------------------------------------------------------------------------

    @property
    def inner_inputs(self) -> list[Variable]:
        return self.fgraph.inputs

    @property
    def inner_outputs(self) -> list[Variable]:
        return self.fgraph.outputs

    @property
    def fn(self) -> Any:
        """The graph as a function of its own, in NumPy."""
        if self._compiled is None:
            from pytensorlite.compile.function import function

            options = {"mode": "NUMPY", "on_unused_input": "ignore", **self.kwargs}
            self._compiled = function(self.inner_inputs, self.inner_outputs, **options)
        return self._compiled

    def clone(self) -> OpFromGraph:
        """Return an op of the same kind with a graph of its own."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.fgraph = FunctionGraph(self.inner_inputs, self.inner_outputs, clone=True)
        twin._compiled = None
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_compiled": None}

    def __str__(self) -> str:
        return f"{self.name or type(self).__name__}{{inline={self.is_inline}}}"

    def expanded(self, inputs: Sequence[Variable]) -> list[Variable]:
        """Return the outputs as a graph of ``inputs``: the op written out."""
        return self._substituted(self.inner_outputs, inputs)

    def _substituted(
        self, variables: Sequence[Variable], inputs: Sequence[Variable], more: Any = ()
    ) -> list[Variable]:
        """Return inner ``variables`` as graphs of the outer ``inputs``."""
        replaced = dict(zip(self.inner_inputs, inputs, strict=True))
        return clone_replace(list(variables), {**replaced, **dict(more)}, rebuild_strict=False)

    # -- the op -----------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """Apply the op; shared variables of the graph need not be given."""
        explicit = len(self.input_types)
        if len(inputs) == explicit:
            inputs = (*inputs, *self.shared_inputs)
        return super().__call__(*inputs, **kwargs)

    def make_node(self, *inputs: Any) -> Apply:
        if len(inputs) == len(self.input_types):
            inputs = (*inputs, *self.shared_inputs)
        if len(inputs) != len(self.inner_inputs):
            raise ValueError(
                f"{self} expects {len(self.input_types)} inputs: {self.input_types};"
                f" got {len(inputs)}"
            )
        variables = [
            inner.type.filter_variable(given)
            for inner, given in zip(self.inner_inputs, inputs, strict=True)
        ]
        return Apply(self, variables, [kind() for kind in self.output_types])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        """Return the shapes of the outputs as graphs of the shapes of the inputs."""
        return infer_shape(
            self.inner_outputs, self.inner_inputs, input_shapes, outer_inputs=node.inputs
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        for cell, result in zip(output_storage, self.fn(*inputs), strict=True):
            cell[0] = result

    def connection_pattern(self, node: Apply | None) -> list[list[bool]]:
        """Return, for each input, which outputs are differentiable in it."""
        if self._connection_pattern is None:
            pattern = io_connection_pattern(self.inner_inputs, self.inner_outputs)
            if isinstance(self.lop_overrides, list | tuple):
                for position, override in enumerate(self.lop_overrides):
                    if isinstance(getattr(override, "type", None), DisconnectedType):
                        pattern[position] = [False] * len(self.inner_outputs)
            self._connection_pattern = pattern
        return self._connection_pattern

    # -- derivatives ------------------------------------------------------------------------------

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> list[Variable]:
        explicit = len(self.input_types)
        arguments = (list(inputs[:explicit]), list(outputs), list(cotangents))
        if callable(self.lop_overrides):
            chosen = _as_terms(_call_override(self.lop_overrides, arguments), explicit)
            if explicit == len(inputs):
                return chosen
            return chosen + self._own_pullback(inputs, outputs, cotangents)[explicit:]
        own = self._own_pullback(inputs, outputs, cotangents)
        return _overridden(own, self.lop_overrides, arguments)

    def _own_pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> list[Variable]:
        """Return what the graph's own derivative says."""
        known = [
            (inner, outer, cotangent)
            for inner, outer, cotangent in zip(self.inner_outputs, outputs, cotangents, strict=True)
            if not isinstance(cotangent.type, DisconnectedType)
        ]
        seeds = [inner.type.clone(dtype=cotangent.type.dtype)() for inner, _, cotangent in known]
        terms = Lop(
            [inner for inner, _, _ in known],
            self.inner_inputs,
            seeds,
            disconnected_inputs="ignore",
            return_disconnected="disconnected",
        )
        cotangent_of = {seed: each[2] for seed, each in zip(seeds, known, strict=True)}
        return self._outside(terms, inputs, cotangent_of)

    def pushforward(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], tangents: Sequence[Variable]
    ) -> list[Variable]:
        explicit = len(self.input_types)
        if callable(self.rop_overrides):
            still = _none_for_still(tangents[:explicit])
            answer = _call_override(self.rop_overrides, (list(inputs[:explicit]), still))
            return _as_terms(answer, len(outputs))
        moving = [
            (inner, tangent)
            for inner, tangent in zip(self.inner_inputs, tangents, strict=True)
            if not isinstance(tangent.type, DisconnectedType)
        ]
        seeds = [inner.type.clone(dtype=tangent.type.dtype)() for inner, tangent in moving]
        terms = Rop(
            self.inner_outputs,
            [inner for inner, _ in moving],
            seeds,
            disconnected_outputs="ignore",
            return_disconnected="disconnected",
            use_op_rop_implementation=True,
        )
        tangent_of = {seed: tangent for seed, (_, tangent) in zip(seeds, moving, strict=True)}
        own = self._outside(terms, inputs, tangent_of)
        arguments = (list(inputs[:explicit]), _none_for_still(tangents[:explicit]))
        return _overridden(own, self.rop_overrides, arguments)

    def _outside(
        self, terms: Sequence[Variable], inputs: Sequence[Variable], seeds: dict[Variable, Variable]
    ) -> list[Variable]:
        """Return inner derivatives as graphs of the outer inputs and seeds."""
        connected = [
            term for term in terms if not isinstance(term.type, DisconnectedType | NullType)
        ]
        moved = iter(self._substituted(connected, inputs, seeds))
        return [
            term if isinstance(term.type, DisconnectedType | NullType) else next(moved)
            for term in terms
        ]


# -- arguments of the constructor ----------------------------------------------------------------


def _check_ends(inputs: Any, outputs: Any) -> None:
    if not isinstance(inputs, list | tuple) or not isinstance(outputs, list | tuple):
        raise TypeError(f"Inputs and outputs must be lists, got {inputs!r} and {outputs!r}")
    for variable in (*inputs, *outputs):
        if not isinstance(variable, Variable):
            raise TypeError(f"Inputs and outputs must be Variable instances, got {variable!r}")
    if len(set(inputs)) != len(inputs):
        raise ValueError(f"There are duplications in the inputs: {inputs}")


def _inner_graph(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> tuple[FunctionGraph, list[SharedVariable]]:
    """Return the graph on placeholders and the shared variables that are inputs of it besides."""
    try:
        fgraph, shared, _, _ = construct_nominal_fgraph(inputs, outputs)
    except MissingInputError as error:
        raise MissingInputError(
            f"NominalGraph is missing an input: {error}; add it to the inputs of the OpFromGraph"
        ) from None
    return fgraph, shared


def _ignoring_outputs(overrides: Overrides) -> Overrides:
    """Return overrides that do not take the outputs as ones that do."""
    if overrides is None:
        return None
    if callable(overrides):
        return partial(_without_outputs, overrides)
    return [_ignoring_outputs(each) if callable(each) else each for each in overrides]


def _without_outputs(override: Any, inputs: Any, outputs: Any, cotangents: Any) -> Any:
    return _call_override(override, (inputs, cotangents))


def _call_override(override: Callable[..., Any], arguments: Sequence[Sequence[Any]]) -> Any:
    """Return what an override says; one that is an op takes its arguments one by one."""
    if isinstance(override, OpFromGraph):
        return override(*(each for group in arguments for each in group), return_list=True)
    return override(*arguments)


def _as_terms(answer: Any, count: int) -> list[Variable]:
    """Return what a callable override gave as a list with one variable for each place."""
    terms = [answer] if isinstance(answer, Variable) else list(answer)
    if len(terms) != count:
        raise ValueError(f"expected {count} derivatives from the override, got {len(terms)}")
    return [disconnected_type() if term is None else term for term in terms]


def _overridden(own: list[Variable], overrides: Any, arguments: tuple[Any, ...]) -> list[Variable]:
    """Return the graph's own terms, those replaced for which ``overrides`` has something else."""
    if overrides is None or overrides == "default":
        return own
    if len(overrides) > len(own):
        raise ValueError(f"expected at most {len(own)} overrides, got {len(overrides)}")
    terms = list(own)
    for position, override in enumerate(overrides):
        if callable(override):
            terms[position] = _call_override(override, arguments)
        elif isinstance(override, Variable):
            terms[position] = override
        elif override is not None and override != "default":
            raise TypeError(
                f"expected a function, a variable or None as an override, got {override!r}"
            )
    return terms


def _none_for_still(tangents: Sequence[Variable]) -> list[Variable | None]:
    """Return the tangents with None for inputs that do not move."""
    return [None if isinstance(each.type, DisconnectedType) else each for each in tangents]


# -- rewriting -----------------------------------------------------------------------------------


@node_rewriter([OpFromGraph])
def inline_ofg_node_expansion(fgraph: FunctionGraph, node: Apply) -> Any:
    """OpFromGraph(inputs) -> its graph on the inputs."""
    if node.op.destroy_map:
        return False
    return node.op.expanded(node.inputs)


optdb.register(
    "inline_ofg_expansion",
    in2out(inline_ofg_node_expansion),
    "fast_compile",
    "fast_run",
    position=-0.01,
)
