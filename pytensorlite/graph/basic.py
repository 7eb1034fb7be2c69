"""The nodes of a graph: `Variable`, `Constant` and the `Apply` that joins them.

An `Apply` is exactly the statement ``outputs = op(*inputs)``; a variable knows the node that
computes it (``owner``) or has none.  Graphs are plain objects linked by these two facts.  Walking,
cloning, comparing and replacing live in the modules beside this one and are re-exported here under
the names users know.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from pytensorlite.graph.flatten import Ancestors, copy_nodes, copy_variable, mark_pickled
from pytensorlite.graph.utils import (
    MetaObject,
    Scratchpad,
    add_tag_trace,
    data_signature,
)

OpType = TypeVar("OpType")
OptionalApplyType = TypeVar("OptionalApplyType", covariant=True)
_TypeType = TypeVar("_TypeType")


class Node(MetaObject):
    """Anything in a graph that has a name and parents."""

    name: str | None = None

    def get_parents(self) -> list:
        """Return the nodes this one is computed from."""
        raise NotImplementedError()

    def dprint(self, **kwargs: Any) -> Any:
        """Print the graph above this node, see `pytensorlite.printing.debugprint`."""
        from pytensorlite.printing import debugprint

        return debugprint(self, **kwargs)


class Apply(Node, Generic[OpType]):
    """The application of an op to inputs: the statement ``outputs = op(*inputs)``.

    Parameters
    ----------
    op : Op
        What is applied.
    inputs : sequence of Variable
        What it is applied to.
    outputs : sequence of Variable
        The results; variables without an owner, which this node becomes.
    """

    def __init__(self, op: OpType, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        if type(inputs) is not list and not isinstance(inputs, Sequence):
            raise TypeError(f"The inputs of an Apply must be a sequence, got {inputs!r} for {op}")
        if type(outputs) is not list and not isinstance(outputs, Sequence):
            raise TypeError(f"The outputs of an Apply must be a sequence, got {outputs!r} for {op}")
        self.op = op
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.tag = Scratchpad()
        for variable in self.inputs:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The 'inputs' argument to Apply must contain Variable instances, "
                    f"not {variable!r} ({op}); convert it, for example by as_tensor_variable"
                )
        for index, variable in enumerate(self.outputs):
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The 'outputs' argument to Apply must contain Variable instances, "
                    f"not {variable!r} ({op})"
                )
            if variable.owner is None:
                variable.owner = self
                variable.index = index
            elif variable.owner is not self or variable.index != index:
                raise ValueError(
                    f"All output variables passed to Apply must belong to it: output {index} of "
                    f"{op} is already computed by {variable.owner}"
                )

    @property
    def out(self) -> Variable:
        """The default output."""
        return self.default_output()

    @property
    def nin(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    @property
    def nout(self) -> int:
        """Number of outputs."""
        return len(self.outputs)

    def default_output(self) -> Variable:
        """Return the only output, or the one that ``op.default_output`` names."""
        position = getattr(self.op, "default_output", None)
        if position is None:
            if len(self.outputs) != 1:
                raise ValueError(
                    f"{self.op} has {len(self.outputs)} outputs and no default_output: "
                    "choose one of node.outputs"
                )
            position = 0
        elif not isinstance(position, int):
            raise TypeError(f"{self.op}.default_output should be an int, got {position!r}")
        elif not 0 <= position < len(self.outputs):
            raise ValueError(f"{self.op}.default_output is out of range: {position}")
        return self.outputs[position]

    def get_parents(self) -> list[Variable]:
        return list(self.inputs)

    def clone(self, clone_inner_graph: bool = False) -> Apply:
        """Return the same application with fresh outputs (and the same inputs)."""
        op = _clone_inner(self.op) if clone_inner_graph else self.op
        clone = type(self)(op, self.inputs, [output.clone() for output in self.outputs])
        clone.tag.__dict__.update(self.tag.__dict__)
        return clone

    def clone_with_new_inputs(
        self, inputs: Sequence[Variable], strict: bool = True, clone_inner_graph: bool = False
    ) -> Apply:
        """Return the application of the same op to other inputs.

        Parameters
        ----------
        inputs : sequence of Variable
            As many as this node has.
        strict : bool
            Inputs whose type is not the old one are converted (True) or taken as they are (False).
        clone_inner_graph : bool
            Whether an op with a graph inside is cloned too.
        """
        if not isinstance(inputs, Sequence) or isinstance(inputs, str):
            raise TypeError(f"inputs must be a sequence of variables, got {inputs!r}")
        if len(inputs) != len(self.inputs):
            raise ValueError(
                f"{self.op} takes {len(self.inputs)} inputs here, got {len(inputs)} new ones"
            )
        new_inputs = list(inputs)
        remake = False
        for position, (old, new) in enumerate(zip(self.inputs, new_inputs, strict=True)):
            if new is old or old.type == new.type:
                continue
            # A more specific type (static shape) may change the outputs' types: ask the op again.
            remake = True
            if strict and not old.type.is_super(new.type):
                new_inputs[position] = old.type.filter_variable(new)
        if not remake:
            clone = self.clone(clone_inner_graph=clone_inner_graph)
            clone.inputs = new_inputs
            return clone
        op: Any = _clone_inner(self.op) if clone_inner_graph else self.op
        node = op.make_node(*new_inputs)
        node.tag.__dict__.update(self.tag.__dict__)
        for new_output, old_output in zip(node.outputs, self.outputs, strict=True):
            if new_output.owner is node:
                new_output.name = old_output.name
                new_output.tag.__dict__.update(old_output.tag.__dict__)
        return node

    def __str__(self) -> str:
        return op_as_string(self.inputs, self)

    __repr__ = __str__

    def __getstate__(self) -> dict:
        mark_pickled(self)
        state = {"_ancestors": Ancestors([v.owner for v in self.inputs]), **self.__dict__}
        del state["_pickled_by"]
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        del self.__dict__["_ancestors"]

    def __deepcopy__(self, memo: dict) -> Apply:
        copy_nodes((self,), memo)
        return memo[id(self)]


def _clone_inner(op: Any) -> Any:
    """Return a clone of an op that has a graph inside, any other op itself."""
    return op.clone() if hasattr(op, "fgraph") and hasattr(op, "clone") else op


class Variable(Node, Generic[_TypeType, OptionalApplyType]):
    """A value of a graph: an input, a constant, or the output of an `Apply`.

    Parameters
    ----------
    type : Type
        Which values are possible.
    owner : Apply or None
        The node that computes it.
    index : int or None
        Its position among the owner's outputs.
    name : str or None
        What it is called in printed graphs.
    """

    def __init__(
        self, type: Any, owner: Any, index: int | None = None, name: str | None = None
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, got {name!r}")
        if index is not None and not isinstance(index, int):
            raise TypeError(f"index must be an int, got {index!r}")
        if owner is not None and index is None:
            raise ValueError("A variable with an owner needs its index among the owner's outputs")
        self.type = type
        self.owner = owner
        self.index = index
        self.name = name
        self.tag = Scratchpad()
        add_tag_trace(self)

    @property
    def owner_op(self) -> Any:
        """The op that computes this variable, or None."""
        owner = self.owner
        return None if owner is None else owner.op

    @property
    def owner_op_and_inputs(self) -> tuple:
        """``(op, *inputs)`` of the owner, or ``(None,)``: made for ``match`` statements."""
        owner = self.owner
        return (None,) if owner is None else (owner.op, *owner.inputs)

    def get_parents(self) -> list:
        return [] if self.owner is None else [self.owner]

    def clone(self, **kwargs: Any) -> Variable:
        """Return a variable of the same type and name without owner."""
        # Not through the constructor: a clone need not find out which line made it.
        clone = object.__new__(self.__class__)
        clone.__dict__.update(self.__dict__)
        clone.__dict__.update(owner=None, index=None, tag=Scratchpad(), **kwargs)
        clone.tag.__dict__.update(self.tag.__dict__)
        return clone

    def eval(self, inputs_to_values: dict | None = None, **kwargs: Any) -> Any:
        """Compile the graph of this variable (kept for the next time) and return its value.

        Parameters
        ----------
        inputs_to_values : dict
            Values by input variable, or by the input's name.
        **kwargs
            Passed to `pytensorlite.function` when the graph is compiled.
        """
        from pytensorlite.compile.evaluate import evaluate

        return evaluate(self, inputs_to_values or {}, **kwargs)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.owner is None:
            return f"<{self.type}>"
        if self.index == getattr(self.owner.op, "default_output", None):
            return f"{self.owner.op}.out"
        return f"{self.owner.op}.{self.index}"

    def __repr__(self) -> str:
        return str(self)

    def __getstate__(self) -> dict:
        if self.owner is None:
            return self.__dict__
        return {"_ancestors": Ancestors((self.owner,)), **self.__dict__}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.__dict__.pop("_ancestors", None)

    def __deepcopy__(self, memo: dict) -> Variable:
        return copy_variable(self, memo)


class AtomicVariable(Variable):
    """A variable that never has an owner and whose identity is its `signature`."""

    def __init__(self, type: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(type=type, owner=None, index=None, name=name, **kwargs)

    def signature(self) -> Any:
        """Return a hashable object; equal signatures mean interchangeable variables."""
        raise NotImplementedError()

    def merge_signature(self) -> Any:
        """Return the signature by which the merge rewrite recognises duplicates."""
        return self.signature()

    def equals(self, other: Any) -> bool:
        """Whether `other` is the same value."""
        return self is other or (
            isinstance(other, type(self)) and self.signature() == other.signature()
        )

    def clone(self, **kwargs: Any) -> AtomicVariable:
        """Return itself: there is nothing to tell a clone by."""
        return self


class NominalVariable(AtomicVariable):
    """The placeholder number `id` of a type: the inputs of graphs that live inside ops.

    There is one instance for each id and type.
    """

    _instances: ClassVar[dict[tuple[Any, Any], NominalVariable]] = {}
    _classes: ClassVar[dict[type, type]] = {}

    def __new__(cls, id: Any, typ: Any, name: str | None = None) -> NominalVariable:
        key = (typ, id)
        if key not in cls._instances:
            cls._instances[key] = super().__new__(cls._class_for(typ.variable_type))
        return cls._instances[key]

    @classmethod
    def _class_for(cls, variable_type: type) -> type:
        """Return the class that is both nominal and has the methods of `variable_type`."""
        if variable_type is Variable:
            return NominalVariable
        if variable_type not in cls._classes:
            name = f"Nominal{variable_type.__name__}"
            cls._classes[variable_type] = type(name, (NominalVariable, variable_type), {})
        return cls._classes[variable_type]

    def __init__(self, id: Any, typ: Any, name: str | None = None) -> None:
        if hasattr(self, "id"):
            return
        Variable.__init__(self, type=typ, owner=None, index=None, name=name)
        self.id = id

    def __reduce__(self) -> tuple:
        return NominalVariable, (self.id, self.type, self.name)

    def __deepcopy__(self, memo: dict) -> NominalVariable:
        return self

    def __copy__(self) -> NominalVariable:
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, {self.type!r})"

    def __str__(self) -> str:
        return self.name if self.name is not None else f"*{self.id}-<{self.type}>"

    def signature(self) -> tuple:
        return (self.type, self.id)


class Constant(AtomicVariable):
    """A variable whose value is known.

    Parameters
    ----------
    type : Type
        The type; ``type.filter(data)`` is what is stored.
    data : object
        The value.  It must not be changed afterwards.
    name : str or None
        What it is called in printed graphs.
    """

    def __init__(self, type: Any, data: Any, name: str | None = None) -> None:
        super().__init__(type=type, name=name)
        self.data = type.filter(data)

    @property
    def value(self) -> Any:
        """The value, as ``data``."""
        return self.data

    def get_test_value(self) -> Any:
        """Return the value."""
        return self.data

    def signature(self) -> tuple:
        """Return type and value so that 0.0 and -0.0 differ and NaN equals itself."""
        return (self.type, data_signature(self.data))

    def clone(self, **kwargs: Any) -> Constant:
        """Return itself, or with ``name=`` the same constant under another name."""
        if not kwargs or kwargs.get("name") == self.name:
            return self
        clone = self.__class__(type=self.type, data=self.data, **kwargs)
        clone.tag.__dict__.update(self.tag.__dict__)
        return clone

    def __str__(self) -> str:
        text = str(self.data).replace("\n", "")
        if len(text) > 20:
            text = f"{text[:10]} ... {text[-10:]}"
        return f"{self.name}{{{text}}}" if self.name is not None else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.type!r}, data={self.data!r})"


# Names that belong here for users; they stand last because their modules import the classes above.
from pytensorlite.graph.cloning import clone, clone_get_equiv, clone_node_and_cache  # noqa: E402
from pytensorlite.graph.equality import equal_computations  # noqa: E402
from pytensorlite.graph.text import as_string, default_node_formatter, op_as_string  # noqa: E402


def __getattr__(name: str) -> Any:
    """Find the walks under the module they lived in once, with a warning."""
    from pytensorlite.graph import traversal

    if name in traversal.__all__:
        text = f"{name} lives in pytensorlite.graph.traversal; import it from there"
        warnings.warn(text, FutureWarning, stacklevel=2)
        return getattr(traversal, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Apply",
    "AtomicVariable",
    "Constant",
    "MetaObject",
    "Node",
    "NominalVariable",
    "OpType",
    "OptionalApplyType",
    "Variable",
    "as_string",
    "clone",
    "clone_get_equiv",
    "clone_node_and_cache",
    "default_node_formatter",
    "equal_computations",
    "op_as_string",
]
