"""`FunctionGraph`: a graph between inputs and outputs that can be changed in place.

The one mutable structure of the floor.  It knows, for each variable, its clients: who reads it.  An
output is read by a node whose op is `Output`, so that being needed and having clients are the same.
Changing a reader's input costs constant time; replacing a variable costs its number of clients.
Features (see `pytensorlite.graph.features`) are told of every change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, AtomicVariable, Variable, as_string, clone_get_equiv
from pytensorlite.graph.clients import Clients, Output
from pytensorlite.graph.features import CALLBACKS, AlreadyThere, Feature, ReplaceValidate
from pytensorlite.graph.flatten import Ancestors
from pytensorlite.graph.op import Op
from pytensorlite.graph.traversal import graph_inputs, toposort, toposort_with_orderings
from pytensorlite.graph.utils import (
    MetaObject,
    MissingInputError,
    get_variable_trace_string,
    without_collection,
)


class FunctionGraph(MetaObject):
    """The graph that computes `outputs` from `inputs`.

    Parameters
    ----------
    inputs : sequence of Variable, optional
        Where the graph begins; by default the variables without owner that are no constants.
    outputs : sequence of Variable
        Where it ends.
    features : sequence of Feature, optional
        Observers to attach.
    clone : bool
        Work on a copy of the graph (the default) or on the given variables themselves.
    update_mapping : dict, optional
        Position of an output to the position of the input that it updates.
    **clone_kwds
        Passed to `clone_get_equiv`.

    Attributes
    ----------
    clients : dict
        For each variable its readers, pairs ``(node, position)``.
    apply_nodes, variables : set-like
        What is in the graph, in the order in which it came.
    agreements : sequence
        Which lengths of the inputs must agree, once a rewriter has noted them.
    made_lengths : sequence
        Which lengths, as polynomials in the inputs, may not be negative, likewise.
    """

    agreements: Sequence[Any] = ()
    made_lengths: Sequence[Any] = ()

    @without_collection
    def __init__(
        self,
        inputs: Sequence[Variable] | None = None,
        outputs: Sequence[Variable] | None = None,
        features: Sequence[Any] | None = None,
        clone: bool = True,
        update_mapping: dict | None = None,
        **clone_kwds: Any,
    ) -> None:
        if outputs is None:
            raise ValueError("No outputs specified: FunctionGraph(inputs, outputs)")
        if inputs is None:
            inputs = [v for v in graph_inputs(outputs) if not isinstance(v, AtomicVariable)]
        if clone:
            memo = clone_get_equiv(inputs, outputs, **clone_kwds)
            inputs = [memo[v] for v in inputs]
            outputs = [memo[v] for v in outputs]
        self.update_mapping = update_mapping
        self.profile: Any = None
        self._features: list[Any] = []
        self._clear()
        for variable in inputs:
            if variable.owner is not None:
                raise ValueError(
                    f"Input {variable} is computed by {variable.owner}: inputs must have no owner "
                    "(or let the graph be cloned: clone=True)"
                )
            self.add_input(variable, check=False)
        for variable in outputs:
            self.add_output(variable, reason="init")
        for feature in features or ():
            self.attach_feature(feature)

    def _clear(self) -> None:
        self.inputs: list[Variable] = []
        self.outputs: list[Variable] = []
        self.clients: dict[Variable, Clients] = {}
        self._input_set: set[Variable] = set()
        self._output_nodes: list[Apply] = []
        self._nodes: dict[Apply, None] = {}
        self._order: list[Apply] | None = None
        self._callbacks: dict[str, list[Any]] = {}
        self._provided: dict[str, Any] = {}

    @property
    def apply_nodes(self) -> Any:
        """The nodes of the graph (a view, set-like)."""
        return self._nodes.keys()

    @property
    def variables(self) -> Any:
        """The variables of the graph (a view, set-like)."""
        return self.clients.keys()

    # -- ends ----------------------------------------------------------------------------------
    def add_input(self, var: Variable, check: bool = True) -> None:
        """Append `var` to the inputs; with `check`, unless it is one."""
        if check and var in self._input_set:
            return
        self.inputs.append(var)
        self._input_set.add(var)
        self.clients.setdefault(var, Clients())

    def add_output(
        self, var: Variable, reason: str | None = None, import_missing: bool = False
    ) -> None:
        """Append `var` to the outputs."""
        self.import_var(var, reason, import_missing)
        node = Output(len(self.outputs)).make_node(var)
        self.outputs.append(var)
        self._output_nodes.append(node)
        self.clients[var].append((node, 0))
        self._order = None

    def remove_input(self, input_idx: int, reason: str | None = None) -> None:
        """Remove an input together with every node that needs it."""
        variable = self.inputs.pop(input_idx)
        if variable in self.inputs:
            return
        self._input_set.discard(variable)
        for node, _ in list(self.clients[variable]):
            if isinstance(node.op, Output):
                self.remove_output(self._position_of_output(node), reason=reason)
            else:
                self.remove_node(node, reason=reason)
        if variable in self.clients and not self.clients[variable]:
            del self.clients[variable]

    def remove_output(
        self, output_idx: int, reason: str | None = None, remove_client: bool = True
    ) -> None:
        """Remove an output and, with `remove_client`, what only it needed."""
        variable = self.outputs.pop(output_idx)
        node = self._output_nodes.pop(output_idx)
        if remove_client:
            self.remove_client(variable, (node, 0), reason=reason)
        for position in range(output_idx, len(self.outputs)):
            self._output_nodes[position].op = Output(position)
        self._order = None

    def get_output_client(self, i: int) -> tuple[Apply, int]:
        """Return the reader of output `i`."""
        return (self._output_nodes[i], 0)

    def _position_of_output(self, node: Apply) -> int:
        return next(i for i, n in enumerate(self._output_nodes) if n is node)

    # -- clients -------------------------------------------------------------------------------
    def get_clients(self, var: Variable) -> Clients:
        """Return the readers of `var`."""
        return self.clients[var]

    def add_client(self, var: Variable, new_client: tuple[Apply, int]) -> None:
        """Note that ``new_client = (node, position)`` reads `var`."""
        self.clients[var].append(new_client)

    def remove_client(
        self,
        var: Variable,
        client_to_remove: tuple[Apply, int],
        reason: str | None = None,
        remove_if_empty: bool = False,
    ) -> None:
        """Note that a client no longer reads `var`; drop what nobody reads any more."""
        pending = [(var, client_to_remove)]
        while pending:
            variable, client = pending.pop()
            clients = self.clients[variable]
            clients.remove(client)
            if clients:
                continue
            node = variable.owner
            if node is None:
                if variable not in self._input_set:
                    del self.clients[variable]
            elif not any(self.clients[output] for output in node.outputs):
                del self._nodes[node]
                self._order = None
                for output in node.outputs:
                    del self.clients[output]
                self.execute_callbacks("on_prune", node, reason)
                pending.extend((v, (node, i)) for i, v in enumerate(node.inputs))

    # -- import --------------------------------------------------------------------------------
    def import_var(
        self, var: Variable, reason: str | None = None, import_missing: bool = False
    ) -> None:
        """Bring `var`, and all that computes it, into the graph.

        Raises
        ------
        MissingInputError
            If it needs a variable that is no input (with `import_missing` it becomes one).
        """
        if var in self.clients:
            return
        if var.owner is not None:
            self.import_node(var.owner, reason=reason, import_missing=import_missing)
        else:
            self._import_leaf(var, None, import_missing)

    def _import_leaf(self, var: Variable, reader: Apply | None, import_missing: bool) -> None:
        if isinstance(var, AtomicVariable):
            self.clients[var] = Clients()
        elif import_missing:
            self.add_input(var)
        else:
            where = "" if reader is None else f", needed by {reader},"
            raise MissingInputError(
                f"Undeclared input: variable {var!r} of type {var.type}{where} is neither computed "
                "nor constant nor among the inputs. Add it to the inputs or replace it by a value.",
                variable=var,
            )

    def import_node(
        self,
        apply_node: Apply,
        check: bool = True,
        reason: str | None = None,
        import_missing: bool = False,
    ) -> None:
        """Bring `apply_node`, and all that computes its inputs, into the graph.

        Nothing is imported if an input is missing.
        """
        new_nodes = self._nodes_to_import(apply_node)
        clients = self.clients
        if check:
            # All leaves first, so that a missing one leaves the graph as it was.
            leaves = {v: n for n in new_nodes for v in n.inputs if v.owner is None}
            missing = [v for v in leaves if v not in clients and not isinstance(v, AtomicVariable)]
            for variable in missing:
                self._import_leaf(variable, leaves[variable], import_missing)
        self._order = None
        importers = self._callbacks.get("on_import", ())
        for node in new_nodes:
            self._nodes[node] = None
            for output in node.outputs:
                clients.setdefault(output, Clients())
            for position, variable in enumerate(node.inputs):
                readers = clients.get(variable)
                if readers is None:
                    readers = clients[variable] = Clients()
                readers._pairs[(node, position)] = None
            for importer in importers:
                importer(self, node, reason)

    def _nodes_to_import(self, apply_node: Apply) -> list[Apply]:
        """Return the nodes above (and with) `apply_node` that are not here yet, inputs first."""
        known = self._nodes
        order: dict[Apply, None] = {}
        stack = [apply_node]
        while stack:
            node = stack[-1]
            if node in order or node in known:
                stack.pop()
                continue
            above = [
                v.owner
                for v in reversed(node.inputs)
                if v.owner is not None and v.owner not in order and v.owner not in known
            ]
            if above:
                stack.extend(above)
            else:
                order[stack.pop()] = None
        return list(order)

    # -- change --------------------------------------------------------------------------------
    def change_node_input(
        self,
        node: Apply,
        i: int,
        new_var: Variable,
        reason: str | None = None,
        import_missing: bool = False,
        check: bool = True,
    ) -> None:
        """Let `node` read `new_var` as its input number `i`.

        Raises
        ------
        TypeError
            If `check` and the type of `new_var` does not fit the old input's.
        """
        old = node.inputs[i]
        if check and not old.type.is_super(new_var.type):
            raise TypeError(_wrong_type_text(old, new_var, node))
        if old is new_var:
            return
        self.import_var(new_var, reason, import_missing)
        node.inputs[i] = new_var
        if isinstance(node.op, Output):
            self.outputs[self._position_of(node)] = new_var
        self._order = None
        self.clients[new_var].append((node, i))
        self.remove_client(old, (node, i), reason=reason)
        for changed in self._callbacks.get("on_change_input", ()):
            changed(self, node, i, old, new_var, reason)

    def _position_of(self, output_node: Apply) -> int:
        position = output_node.op.idx  # type: ignore[attr-defined]
        if self._output_nodes[position] is not output_node:
            raise ValueError(f"{output_node} does not belong to this graph")
        return position

    def replace(
        self,
        var: Variable,
        new_var: Variable,
        reason: str | None = None,
        verbose: bool | None = None,
        import_missing: bool = False,
    ) -> None:
        """Let every reader of `var` read `new_var`.

        A variable that is not in the graph (any more) is not an error: nobody reads it.

        Raises
        ------
        TypeError
            If the type of `new_var` does not fit.
        MissingInputError
            If `new_var` needs what the graph has not.
        """
        if verbose is None:
            verbose = config.optimizer_verbose and str(reason) not in _silenced()
        if verbose:
            print(
                f"rewriting: rewrite {reason} replaces {var} of {var.owner} "
                f"with {new_var} of {new_var.owner}"
            )
        if new_var is var:
            return
        if not var.type.is_super(new_var.type):
            new_var = var.type.filter_variable(new_var, allow_convert=False)
        if var not in self.clients:
            return
        # Taken before the import: what the replacement itself reads stays.
        readers = list(self.clients[var])
        if not readers:
            return
        self.import_var(new_var, reason, import_missing)
        for node, i in readers:
            self.change_node_input(node, i, new_var, reason, check=False)

    def replace_all(self, pairs: Iterable[tuple[Variable, Variable]], **kwargs: Any) -> None:
        """Replace each first variable by the second, in order."""
        for variable, replacement in pairs:
            self.replace(variable, replacement, **kwargs)

    def remove_node(self, node: Apply, reason: str | None = None) -> None:
        """Remove `node` together with every node and output that needs it."""
        dependents: dict[Apply, None] = {}
        stack = [node]
        while stack:
            dependent = stack.pop()
            dependents.pop(dependent, None)
            dependents[dependent] = None
            for output in dependent.outputs:
                stack.extend(reader for reader, _ in self.clients.get(output, ()))
        # The last readers first: each removal then leaves its inputs unread, and they go with it.
        for dependent in reversed(dependents):
            if isinstance(dependent.op, Output):
                self.remove_output(self._position_of_output(dependent), reason=reason)
            elif dependent in self._nodes:
                self._drop_unread(dependent, reason)

    def _drop_unread(self, node: Apply, reason: str | None) -> None:
        del self._nodes[node]
        self._order = None
        for output in node.outputs:
            self.clients.pop(output, None)
        self.execute_callbacks("on_prune", node, reason)
        for position, variable in enumerate(node.inputs):
            self.remove_client(variable, (node, position), reason=reason)

    # -- features ------------------------------------------------------------------------------
    def attach_feature(self, feature: Any) -> None:
        """Let `feature` observe this graph; one that is there already is not attached again."""
        if feature in self._features:
            return
        attach = getattr(feature, "on_attach", None)
        if attach is not None:
            try:
                attach(self)
            except AlreadyThere:
                return
        self._features.append(feature)
        self._register_callbacks()

    def remove_feature(self, feature: Any) -> None:
        """Detach `feature`; one that is not there is not an error."""
        if feature not in self._features:
            return
        self._features.remove(feature)
        self._register_callbacks()
        detach = getattr(feature, "on_detach", None)
        if detach is not None:
            detach(self)

    def _register_callbacks(self) -> None:
        """Collect what has to be called, once, so that a change calls nothing in vain."""
        self._callbacks = {name: [] for name in CALLBACKS}
        self._provided = {}
        for feature in self._features:
            for name in _defined_callbacks(type(feature)):  # type: ignore[arg-type]
                self._callbacks[name].append(getattr(feature, name))
            for name in getattr(feature, "provides", ()):
                self._provided[name] = partial(getattr(feature, name), self)
        self._order = None

    def __getattr__(self, name: str) -> Any:
        # Reached for names that are no attribute: a method that an attached feature provides?
        provided = self.__dict__.get("_provided", {})
        if name in ReplaceValidate.provides and name not in provided and "inputs" in self.__dict__:
            # Every graph can be changed with validation; those that never are keep no history.
            self.attach_feature(ReplaceValidate())
            provided = self._provided
        if name in provided:
            return provided[name]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}, and no attached feature provides it"
        )

    def execute_callbacks(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Call method `name` of every feature that defines it."""
        for callback in self._callbacks.get(name, ()):
            callback(self, *args, **kwargs)

    def collect_callbacks(self, name: str, *args: Any) -> dict:
        """Call method `name` of every feature; return the results by feature."""
        return {
            feature: getattr(feature, name)(self, *args)
            for feature in self._features
            if hasattr(feature, name)
        }

    # -- order ---------------------------------------------------------------------------------
    def toposort(self) -> list[Apply]:
        """Return the nodes, each after those that compute its inputs.

        Computed once after a change.  What features demand by ``orderings`` is respected.
        """
        if self._callbacks.get("orderings"):
            return list(toposort_with_orderings(self.outputs, orderings=self.orderings()))
        if self._order is None:
            self._order = list(toposort(self.outputs))
        return list(self._order)

    def orderings(self) -> dict[Apply, list[Apply]]:
        """Return, for a node, the nodes that features want before it."""
        merged: dict[Apply, dict[Apply, None]] = {}
        for callback in self._callbacks.get("orderings", ()):
            for node, earlier in callback(self).items():
                merged.setdefault(node, {}).update(dict.fromkeys(earlier))
        return {node: list(earlier) for node, earlier in merged.items()}

    def check_integrity(self) -> None:
        """Check that nodes, clients and outputs agree.

        Raises
        ------
        ValueError
            If they do not.
        """
        wanted: dict[Variable, set] = {v: set() for v in self.inputs}
        nodes = list(toposort(self.outputs))
        if set(nodes) != set(self._nodes):
            raise ValueError("The nodes recorded are not those that compute the outputs")
        for node in [*nodes, *self._output_nodes]:
            for position, variable in enumerate(node.inputs):
                wanted.setdefault(variable, set()).add((node, position))
            for variable in node.outputs:
                wanted.setdefault(variable, set())
        for node, output in zip(self._output_nodes, self.outputs, strict=True):
            if node.inputs[0] is not output:
                raise ValueError(f"{node} does not read {output}")
        recorded = {variable: set(clients) for variable, clients in self.clients.items()}
        for variable in wanted.keys() | recorded.keys():
            if wanted.get(variable) != recorded.get(variable):
                raise ValueError(
                    f"The clients recorded for {variable} are {recorded.get(variable)}, "
                    f"the graph says {wanted.get(variable)}"
                )

    # -- copies --------------------------------------------------------------------------------
    def clone(self, check_integrity: bool = True, clone_inner_graphs: bool = False) -> Any:
        """Return a copy of the graph with copies of its features."""
        return self.clone_get_equiv(check_integrity, clone_inner_graphs=clone_inner_graphs)[0]

    @without_collection
    def clone_get_equiv(
        self, check_integrity: bool = True, attach_feature: bool = True, **kwargs: Any
    ) -> tuple[FunctionGraph, dict]:
        """Return a copy and a dictionary from variables and nodes to their copies."""
        memo = clone_get_equiv(self.inputs, self.outputs, **kwargs)
        copy = type(self)(
            [memo[v] for v in self.inputs],
            [memo[v] for v in self.outputs],
            clone=False,
            update_mapping=self.update_mapping,
        )
        if check_integrity:
            copy.check_integrity()
        if attach_feature:
            for feature in self._features:
                copy.attach_feature(feature.clone() if hasattr(feature, "clone") else feature)
        return copy, memo

    def __getstate__(self) -> dict:
        # What follows from inputs and outputs is left out and found again on loading.
        derived = {"clients", *_DERIVED}
        state = {key: value for key, value in self.__dict__.items() if key not in derived}
        return {"_ancestors": Ancestors([v.owner for v in self.outputs]), **state}

    @without_collection
    def __setstate__(self, state: dict) -> None:
        state = dict(state)
        del state["_ancestors"]
        inputs, outputs = state.pop("inputs"), state.pop("outputs")
        self._clear()
        self.__dict__.update(state)
        for variable in inputs:
            self.add_input(variable, check=False)
        for variable in outputs:
            self.add_output(variable)
        self._register_callbacks()

    def __contains__(self, item: Any) -> bool:
        return item in (self._nodes if isinstance(item, Apply) else self.clients)

    def __repr__(self) -> str:
        return f"FunctionGraph({', '.join(as_string(self.inputs, self.outputs))})"

    def dprint(self, **kwargs: Any) -> Any:
        """Print this graph, see `pytensorlite.printing.debugprint`."""
        from pytensorlite.printing import debugprint

        return debugprint(self, **kwargs)


@cache
def _defined_callbacks(feature_type: Any) -> list[str]:
    """Return which of the methods that a graph calls a class of features really has."""
    return [
        name
        for name in CALLBACKS
        if getattr(feature_type, name, None) not in (None, getattr(Feature, name))
    ]


_DERIVED = ("_input_set", "_output_nodes", "_nodes", "_order", "_callbacks", "_provided",
            "agreements", "made_lengths")  # fmt: skip


def _silenced() -> list[str]:
    return config.optimizer_verbose_ignore.split(",")


def _wrong_type_text(old: Variable, new: Variable, node: Apply) -> str:
    return (
        f"The type of the replacement ({new.type}) must be compatible with the type of the "
        f"original Variable ({old.type}): {new} cannot be read by {node} instead of {old}"
        f"{get_variable_trace_string(new)}"
    )


__all__ = ["Apply", "AtomicVariable", "FunctionGraph", "MetaObject", "Op", "Output", "Variable"]
