"""DebugMode: compute everything twice and believe nothing.

While a graph is rewritten, a `RewriteHistory` keeps every node that is ever in it, and every claim
"this variable may stand for that one". A call then computes those nodes in NumPy, except what only
the branch that a choice does not take would need; it checks each op against what it says of itself,
each claim by the values of its two sides, and finally the C program against NumPy, output by output
and node by node. Very slow, and the first thing to reach for when a result is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.compile.debug_errors import (
    BadDestroyMap,
    BadOptimization,
    BadThunkOutput,
    BadViewMap,
    DebugModeError,
    InvalidValueError,
    StochasticOrder,
)
from pytensorlite.compile.mode import Mode
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import Linker, NumpyLinker, Program
from pytensorlite.link.utils import note_failed_node
from pytensorlite.scalar.type import ScalarType

__all__ = [
    "BadDestroyMap",
    "BadOptimization",
    "BadThunkOutput",
    "BadViewMap",
    "DebugMode",
    "DebugModeError",
    "InvalidValueError",
    "StochasticOrder",
]


class DebugMode(Mode):
    """A mode whose functions check themselves at every call.

    Parameters
    ----------
    optimizer : str or RewriteDatabaseQuery
        The rewrites to check.
    check_c_code : bool
        Compare the C program with NumPy.
    check_py_code : bool
        Accepted for compatibility: NumPy is always the reference.
    check_isfinite : bool, optional
        Refuse NaN and infinity; by default what ``config.DebugMode__check_finite`` says.
    stability_patience, check_preallocated_output, require_matching_strides
        Accepted for compatibility.
    linker : str or Linker, optional
        What to check, by default ``config.linker``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function
    >>> x = pt.dvector("x")
    >>> f = function([x], pt.exp(pt.log(x)), mode=DebugMode(linker="numpy"))
    >>> f([1.0, 2.0])
    array([1., 2.])
    """

    def __init__(
        self,
        optimizer: Any = "fast_run",
        stability_patience: int | None = None,
        check_c_code: bool | None = None,
        check_py_code: bool | None = None,
        check_isfinite: bool | None = None,
        check_preallocated_output: Any = None,
        require_matching_strides: Any = None,
        linker: str | Linker | None = None,
        db: Any = None,
    ):
        super().__init__(linker=linker, optimizer=optimizer, db=db)
        self.check_c_code = check_c_code is not False
        self.check_isfinite = (
            config.DebugMode__check_finite if check_isfinite is None else check_isfinite
        )

    @property
    def linker(self) -> Linker:
        """A linker around the one to be checked."""
        return DebugLinker(self, super().linker)

    def rewrite(self, fgraph: FunctionGraph) -> None:
        """Apply the rewrites and keep their history."""
        fgraph.attach_feature(RewriteHistory())
        super().rewrite(fgraph)

    def clone(self, link_kwargs: Any = None, optimizer: Any = "", **kwargs: Any) -> DebugMode:
        """Return a copy, with another optimizer if one is given."""
        twin = DebugMode(
            self.provided_optimizer if optimizer == "" else optimizer,
            check_c_code=self.check_c_code,
            check_isfinite=self.check_isfinite,
            linker=self.provided_linker,
            db=self.optdb,
        )
        if optimizer == "":
            twin._optimizer = self._optimizer
        return twin

    def key(self) -> None:
        """Return None: nothing is looked up, everything is checked."""


class RewriteHistory(Feature):
    """Every node that was ever in a graph, and which variables were replaced by which.

    Attributes
    ----------
    nodes : dict
        Each node and its inputs as they were when it came.
    claims : dict
        Pairs of a variable and its replacement, and the rewrite that said so.
    written : set
        The nodes that were there before any rewrite.
    asked : list
        The outputs as they were before any rewrite.
    """

    def __init__(self) -> None:
        self.written: set[Apply] = set()
        self.asked: list[Variable] = []
        self.nodes: dict[Apply, tuple[Variable, ...]] = {}
        self.claims: dict[tuple[Variable, Variable], str] = {}

    def clone(self) -> RewriteHistory:
        return type(self)()

    def on_attach(self, fgraph: FunctionGraph) -> None:
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "the graph as it was written")
        self.written.update(self.nodes)
        self.asked += fgraph.outputs

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        if not isinstance(node.op, Output):
            self.nodes.setdefault(node, tuple(node.inputs))

    def on_change_input(
        self,
        fgraph: FunctionGraph,
        node: Apply,
        i: Any,
        var: Variable,
        new_var: Variable,
        reason: Any = None,
    ) -> None:
        self.claims.setdefault((var, new_var), str(reason))


class DebugLinker(Linker):
    """Links a graph for another linker, and a program that checks the result around it."""

    def __init__(self, mode: DebugMode, linker: Linker):
        self.mode = mode
        self.checked = linker
        self.required_rewrites = linker.required_rewrites
        self.incompatible_rewrites = linker.incompatible_rewrites

    def link(
        self, fgraph: FunctionGraph, *, name: str | None = None, profile: Any = None
    ) -> Program:
        """Return a program that computes ``fgraph`` and checks itself."""
        history = next(f for f in fgraph._features if isinstance(f, RewriteHistory))
        for node in fgraph.toposort():
            history.on_import(fgraph, node, "the graph as it was rewritten")
        native = None
        if self.mode.check_c_code and not isinstance(self.checked, NumpyLinker):
            native = NativeCheck(fgraph, self.checked, name)
        return DebugProgram(fgraph, history, native, self.mode.check_isfinite)


class DebugProgram(Program):
    """Computes a graph in NumPy with all its history, and compares whatever can be compared."""

    def __init__(
        self,
        fgraph: FunctionGraph,
        history: RewriteHistory,
        native: NativeCheck | None,
        check_isfinite: bool,
    ):
        self.fgraph = fgraph
        self.history = history
        self.check_isfinite = check_isfinite
        self._native = native
        self.c_source = "" if native is None else native.program.c_source
        self.fallbacks = () if native is None else native.program.fallbacks

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        values: dict[Variable, Any] = dict(zip(self.fgraph.inputs, arrays, strict=True))
        for variable, value in values.items():
            self._check_value(variable, value)
            self._check_finite(variable, value)
        self._compute_all([*self.history.asked, *self.fgraph.outputs], values)
        self._check_claims(values)
        if self._native is not None:
            self._native.check(arrays, values)
        return [_value(variable, values) for variable in self.fgraph.outputs]

    def _check_claims(self, values: dict[Variable, Any]) -> None:
        """Compute what is said to stand for anything that was computed, and compare the two."""
        claims = dict(self.history.claims)
        while due := [pair for pair in claims if _is_known(pair[0], values)]:
            for old, new in due:
                reason = claims.pop((old, new))
                self._compute_all([new], values)
                expected, got = _value(old, values), _value(new, values)
                if not _agree(old, expected, got):
                    raise BadOptimization(old, new, expected, got, reason)

    def _compute_all(self, wanted: Sequence[Variable], values: dict[Variable, Any]) -> None:
        """Compute variables and what they need, a choice and its condition before its branch."""
        pending = list(reversed(wanted))
        while pending:
            variable = pending[-1]
            if _is_known(variable, values):
                pending.pop()
                continue
            inputs = self.history.nodes[variable.owner]
            missing = [x for x in _read(variable.owner, inputs, values) if not _is_known(x, values)]
            if missing:
                pending += reversed(missing)
            else:
                self._compute(variable.owner, inputs, values)

    def _compute(
        self, node: Apply, inputs: tuple[Variable, ...], values: dict[Variable, Any]
    ) -> None:
        """Run one node on copies, and check that it did what it says."""
        given = [_value(x, values) if _is_known(x, values) else None for x in inputs]
        copies = [_copy(value) for value in given]
        storage = [[None] for _ in node.outputs]
        try:
            node.op.perform(node, copies, storage)
        except Exception as error:
            note_failed_node(error, node, given)
            raise
        destroyed = {i for positions in node.op.destroy_map.values() for i in positions}
        for position, (before, after) in enumerate(zip(given, copies, strict=True)):
            if position not in destroyed and not _identical(inputs[position], before, after):
                raise BadDestroyMap(node, position, before, after)
        for position, (variable, cell) in enumerate(zip(node.outputs, storage, strict=True)):
            self._check_value(variable, cell[0])
            if node in self.history.written:
                self._check_finite(variable, cell[0])
            self._check_views(node, position, cell[0], copies)
            values[variable] = cell[0]

    def _check_views(self, node: Apply, position: int, result: Any, inputs: list[Any]) -> None:
        declared = {*node.op.view_map.get(position, ()), *node.op.destroy_map.get(position, ())}
        for i, value in enumerate(inputs):
            if i not in declared and _share_memory(result, value):
                raise BadViewMap(node, position, result, i)

    def _check_value(self, variable: Variable, value: Any) -> None:
        if not variable.type.is_valid_value(value):
            raise InvalidValueError(variable, value)

    def _check_finite(self, variable: Variable, value: Any) -> None:
        """Refuse NaN and infinity in what the user wrote: rewrites may put them in switches."""
        is_inexact = isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.inexact)
        if self.check_isfinite and is_inexact and not np.isfinite(value).all():
            raise InvalidValueError(
                variable,
                value,
                hint="it is not finite; DebugMode(check_isfinite=False) lets NaN and infinity pass",
            )


class NativeCheck:
    """The program under test, and others that show every intermediate value.

    There is one for each combination of branches that was ever taken.
    """

    def __init__(self, fgraph: FunctionGraph, linker: Linker, name: str | None):
        self.variables = [v for node in fgraph.toposort() for v in node.outputs]
        self.inputs, self.outputs = list(fgraph.inputs), list(fgraph.outputs)
        self.linker, self.name = linker, name
        self.program = linker.link(fgraph.clone(), name=name)
        self.showing: dict[tuple[Variable, ...], Program] = {}

    def check(self, arrays: Sequence[Any], values: dict[Variable, Any]) -> None:
        """Raise `BadThunkOutput` for the first value on which C and NumPy disagree."""
        shown = tuple(variable for variable in self.variables if variable in values)
        if shown not in self.showing:
            graph = FunctionGraph(self.inputs, shown, clone=True)
            self.showing[shown] = self.linker.link(graph, name=self.name)
        for variables, program in ((shown, self.showing[shown]), (self.outputs, self.program)):
            for variable, got in zip(variables, program(arrays), strict=True):
                expected = _value(variable, values)
                if not _agree(variable, expected, got):
                    raise BadThunkOutput(variable, "NumPy", expected, "C", got, arrays)


# -- values --------------------------------------------------------------------------------------


def _is_known(variable: Variable, values: dict[Variable, Any]) -> bool:
    return isinstance(variable, Constant) or variable in values


def _value(variable: Variable, values: dict[Variable, Any]) -> Any:
    return variable.data if isinstance(variable, Constant) else values[variable]


def _read(
    node: Apply, inputs: Sequence[Variable], values: dict[Variable, Any]
) -> Sequence[Variable]:
    """Return the inputs that a node reads: of a choice the condition, then what that chooses."""
    branches = [node.op.branch(position) for position in range(len(inputs))]
    if all(branch is None for branch in branches):
        return inputs
    if not _is_known(inputs[0], values):
        return inputs[:1]
    taken = bool(_value(inputs[0], values))
    return [x for x, branch in zip(inputs, branches, strict=True) if branch in (None, taken)]


def _copy(value: Any) -> Any:
    """Return what an op may write to without harm."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, np.random.Generator):
        from copy import deepcopy

        return deepcopy(value)
    return value


def _agree(variable: Variable, a: Any, b: Any) -> bool:
    """Whether two values of a variable are equal up to rounding."""
    if isinstance(variable.type, ScalarType):
        a, b = np.asarray(a)[()], np.asarray(b)[()]  # C has it as an array of rank 0
    if isinstance(a, np.ndarray) != isinstance(b, np.ndarray):
        return False
    return bool(variable.type.values_eq_approx(a, b))


def _identical(variable: Variable, a: Any, b: Any) -> bool:
    """Whether a value is unchanged."""
    if isinstance(a, np.ndarray):
        return a is b or (
            a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        )
    return True


def _share_memory(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)
