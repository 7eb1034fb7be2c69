"""Symbolic shapes of the variables of a graph, worked out when they are asked for.

`ShapeFeature` answers three questions: what is the shape of this variable (without computing the
variable), do these two variables have the same shape, and is this length known. Nothing is done
when nodes enter a graph: the shape of a variable is derived from its ancestors by
``op.infer_shape`` at the first question and remembered.

Element-wise operations teach more than shapes: dimensions that meet in one operation and are not
broadcast must be equal, so they are joined in a union-find of lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.features import AlreadyThere, Feature
from pytensorlite.tensor.basic import (
    ScalarFromTensor,
    TensorFromScalar,
    constant,
    tensor_from_scalar,
)
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.shape import Shape_i
from pytensorlite.tensor.type import TensorType

Dims = tuple[Variable, ...]


class ShapeError(Exception):
    """An op's ``infer_shape`` returned something that is not a shape for each output."""


class ShapeFeature(Feature):
    """Symbolic shapes of a graph's variables.

    Attributes
    ----------
    shape_of : Mapping
        The lengths of a variable's dimensions, as a tuple of int64 scalars; None for a variable
        that has no shape.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite.graph.fg import FunctionGraph
    >>> x = pt.matrix("x", shape=(None, 3))
    >>> y = pt.exp(x).sum(axis=0)
    >>> fgraph = FunctionGraph([x], [y], clone=False)
    >>> shapes = ShapeFeature()
    >>> fgraph.attach_feature(shapes)
    >>> [length.data.item() for length in shapes.shape_of[y]]
    [3]
    >>> shapes.same_shape(x, x.owner.inputs[0] if x.owner else x)
    True
    """

    def __init__(self) -> None:
        self.fgraph: Any = None
        self.shape_of = _ShapeMapping(self)
        self.lscalar_one = constant(1, dtype="int64")
        self._known: dict[Variable, Dims | None] = {}
        self._leaders: dict[Variable, Variable] = {}
        self._constants: dict[int, Variable] = {1: self.lscalar_one}
        self._lengths: dict[tuple[Variable, int], Variable] = {}
        self._grounded: set[Variable] = set()

    # -- the life of a feature ---------------------------------------------------------------------

    def on_attach(self, fgraph: Any) -> None:
        if getattr(fgraph, "shape_feature", None) is not None:
            raise AlreadyThere("This FunctionGraph already has a ShapeFeature")
        fgraph.shape_feature = self
        self.fgraph = fgraph

    def on_detach(self, fgraph: Any) -> None:
        del fgraph.shape_feature
        self.fgraph = None

    def clone(self) -> ShapeFeature:
        return type(self)()

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        for output in node.outputs:
            self._known.pop(output, None)

    def on_change_input(
        self, fgraph: Any, node: Any, i: Any, var: Variable, new_var: Variable, reason: Any = None
    ) -> None:
        # Shapes are still right after a replacement, but those that read the length off the
        # replaced variable itself would bring it back into the graph.
        if var in self._grounded:
            self._grounded.discard(var)
            self._known.clear()

    # -- questions ---------------------------------------------------------------------------------

    def get_shape(self, var: Variable, idx: int) -> Variable:
        """Return the length of dimension ``idx`` of ``var`` as an int64 scalar."""
        dims = self.shape(var)
        if dims is None:
            raise TypeError(f"Expected a variable with a shape, got {var} of type {var.type}")
        return dims[idx]

    def shape_tuple(self, var: Variable) -> Dims | None:
        """Return the lengths read off ``var`` itself: constants where static, else ``Shape_i``."""
        if not isinstance(var.type, TensorType):
            return None
        return tuple(self.shape_ir(i, var) for i in range(var.type.ndim))

    def shape_ir(self, i: int, var: Variable) -> Variable:
        """Return the length of dimension ``i`` read off ``var`` itself."""
        length = var.type.shape[i]
        if length is not None:
            return self._constant(length)
        key = (var, i)
        if key not in self._lengths:
            if var.owner is not None:
                self._grounded.add(var)
            self._lengths[key] = Shape_i(i)(var)
        return self._lengths[key]

    def same_shape(
        self, x: Variable, y: Variable, dim_x: int | None = None, dim_y: int | None = None
    ) -> bool:
        """Whether ``x`` and ``y`` (or one dimension of each) are known to have the same length."""
        if x is y and dim_x == dim_y:
            return True
        shape_x, shape_y = self.shape(x), self.shape(y)
        if shape_x is None or shape_y is None:
            return False
        if dim_x is not None and dim_y is not None:
            return self.same_length(shape_x[dim_x], shape_y[dim_y])
        if len(shape_x) != len(shape_y):
            return False
        return all(map(self.same_length, shape_x, shape_y))

    def same_length(self, a: Variable, b: Variable) -> bool:
        """Whether two lengths are known to be equal."""
        a, b = self._resolve(a), self._resolve(b)
        if a is b:
            return True
        return isinstance(a, Constant) and isinstance(b, Constant) and int(a.data) == int(b.data)

    def shape(self, var: Variable) -> Any:
        """Return the dimensions of ``var``, working out those of its ancestors on the way."""
        known = self._known
        if var in known:
            return known[var]
        stack = [var]
        while stack:
            current = stack[-1]
            if current in known:
                stack.pop()
                continue
            waiting = [v for v in self._sources(current) if v not in known]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            self._derive(current)
        return known[var]

    # -- deriving ----------------------------------------------------------------------------------

    def _sources(self, var: Variable) -> list[Variable]:
        """Return the variables whose shape must be known before that of ``var``."""
        node = var.owner
        if node is None or not isinstance(var.type, TensorType) or None not in var.type.shape:
            return []
        return node.inputs if hasattr(node.op, "infer_shape") else []

    def _derive(self, var: Variable) -> None:
        node, known = var.owner, self._known
        if not isinstance(var.type, TensorType):
            known[var] = None
        elif node is None or None not in var.type.shape or not hasattr(node.op, "infer_shape"):
            known[var] = self.shape_tuple(var)
        elif type(node.op) is Elemwise:
            known[var] = self._elemwise_shape(node)
        elif type(node.op) is DimShuffle:
            known[var] = self._dimshuffle_shape(node)
        else:
            self._ask_op(node)

    def _elemwise_shape(self, node: Apply) -> Dims:
        """Join the lengths that meet in each dimension: only a static 1 broadcasts."""
        dims = []
        inputs = [(v.type.shape, self._known[v]) for v in node.inputs]
        # ``fill(x, v)`` may be all that says that the lengths agree: what it becomes must check.
        joins = node.op.scalar_op != ps.second
        for d, static in enumerate(node.outputs[0].type.shape):
            lengths = [known[d] for shape, known in inputs if known is not None and shape[d] != 1]
            for other in lengths[1:] if joins else ():
                self._join(lengths[0], other)
            if static is not None:
                dims.append(self._constant(static))
            else:
                dims.append(lengths[0] if lengths else self.lscalar_one)
        return tuple(dims)

    def _dimshuffle_shape(self, node: Apply) -> Dims:
        known = self._known[node.inputs[0]] or ()
        return tuple(self.lscalar_one if i == "x" else known[i] for i in node.op.new_order)

    def _ask_op(self, node: Apply) -> None:
        from pytensorlite.tensor.exceptions import ShapeError as NoShape

        inputs = [self._known[v] for v in node.inputs]
        try:
            shapes = node.op.infer_shape(self.fgraph, node, inputs)
        except (NoShape, NotImplementedError):
            shapes = [None] * len(node.outputs)
        if len(shapes) != len(node.outputs):
            raise ShapeError(
                f"{node.op}.infer_shape must return one shape for each of the "
                f"{len(node.outputs)} outputs, got {len(shapes)}"
            )
        for output, shape in zip(node.outputs, shapes, strict=True):
            if output not in self._known:
                self._known[output] = self._unpack_all(output, shape)

    def _unpack_all(self, var: Variable, shape: Any) -> Dims | None:
        if shape is None or not isinstance(var.type, TensorType):
            return self.shape_tuple(var)
        if len(shape) != var.type.ndim:
            raise ShapeError(
                f"infer_shape gave {len(shape)} lengths for {var} of rank {var.type.ndim} "
                f"computed by {var.owner.op}"
            )
        return tuple(
            self._constant(static) if static is not None else self.unpack(length, var)
            for static, length in zip(var.type.shape, shape, strict=True)
        )

    def unpack(self, length: Any, var: Variable | None = None) -> Variable:
        """Return a length given as a number or a variable as an int64 scalar variable."""
        if not isinstance(length, Variable):
            return self._constant(int(length))
        if isinstance(length, Constant):
            return self._constant(int(length.data))
        while length.owner is not None and isinstance(
            length.owner.op, ScalarFromTensor | TensorFromScalar
        ):
            length = length.owner.inputs[0]
        node = length.owner
        if node is not None and isinstance(node.op, Shape_i) and node.inputs[0].owner is not None:
            self._grounded.add(node.inputs[0])
        if not isinstance(length.type, TensorType):
            length = tensor_from_scalar(length)
        return length if length.type.dtype == "int64" else length.astype("int64")

    # -- equal lengths ---------------------------------------------------------------------------

    def _constant(self, length: int) -> Variable:
        if length not in self._constants:
            self._constants[length] = constant(length, dtype="int64")
        return self._constants[length]

    def _leader(self, length: Variable) -> Variable:
        leaders = self._leaders
        while (above := leaders.get(length)) is not None:
            length = above
        return length

    def _resolve(self, length: Variable) -> Variable:
        """Return the one variable that stands for this length and all those known to equal it."""
        node = length.owner
        if node is not None and isinstance(node.op, Shape_i):
            dims = self.shape(node.inputs[0])
            if dims is not None:
                length = dims[node.op.i]
        return self._leader(length)

    def _join(self, a: Variable, b: Variable) -> None:
        a, b = self._leader(a), self._leader(b)
        if a is b:
            return
        if isinstance(a, Constant):
            a, b = b, a
        if not isinstance(a, Constant):
            self._leaders[a] = b


class _ShapeMapping(Mapping):
    """``shape_of[variable]``: every variable is a key, its value is derived when it is read."""

    def __init__(self, feature: ShapeFeature) -> None:
        self._feature = feature

    def __getitem__(self, var: Variable) -> Dims | None:
        return self._feature.shape(var)

    def __contains__(self, var: object) -> bool:
        return isinstance(var, Variable)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._feature._known)

    def __len__(self) -> int:
        return len(self._feature._known)


def shapes_of(fgraph: Any) -> ShapeFeature:
    """Return the graph's `ShapeFeature`, attaching one (it costs nothing) where there is none."""
    feature = getattr(fgraph, "shape_feature", None)
    if feature is None:
        feature = ShapeFeature()
        fgraph.attach_feature(feature)
    return feature
