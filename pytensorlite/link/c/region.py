"""Lower a region, a `Fused` node or a single member, to one kernel.

The members' axis labels become those of the nest's values, their lengths are checked against each
other, neighbouring labels that are always walked together become one, and the scheduler does the
rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from pytensorlite import scalar as ps
from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Cast,
    Const,
    Expr,
    Integer,
    Op,
    Var,
)
from pytensorlite.cgen.nest import (
    WRAPPED,
    Check,
    Gather,
    Map,
    Place,
    Reduce,
    Scatter,
    Source,
    Value,
    reads,
)
from pytensorlite.cgen.storage import Memory
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.link.c.axes import Axes
from pytensorlite.link.c.integers import integer
from pytensorlite.link.c.kernels import add_nest
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.link.c.scalars import (
    accumulator_dtype,
    apply_scalar,
    convert,
    reduction_identity,
)
from pytensorlite.tensor.rewriting.axis_labels import (
    Indexing,
    joined_axis,
    kind,
    reduced_axes,
    written_entries,
)


class Region(Axes):
    """The values of one nest, collected from graph nodes.

    Parameters
    ----------
    plan
        The program that the kernel becomes part of.
    nodes
        Members, in order.
    inputs
        ``(inner, outer)`` variables read, of which the plan knows the outer ones.
    outputs
        ``(inner, outer)`` variables written.
    """

    def __init__(
        self,
        plan: Plan,
        nodes: Sequence[Apply],
        inputs: Iterable[tuple[Variable, Variable]],
        outputs: Iterable[tuple[Variable, Variable]],
    ):
        super().__init__(plan, nodes, inputs)
        self.outputs = list(outputs)
        self.values: list[Value] = []
        self.expr: dict[Variable, Expr] = {}  # how a member's value is named in expressions
        self.checked: dict[tuple[str, Index], str] = {}
        self.positions: dict[tuple[str, Index], str] = {}  # where an index points
        self.sources: dict[tuple[object, ...], Expr] = {}
        self.count = 0

    def lower(self) -> None:
        """Append the kernel to the plan."""
        self.find_axes()
        for node in self.nodes:
            MEMBERS[kind(node) or ""](self, node)
        self._finish()

    def _named(self, variable: Variable) -> tuple[str, ...]:
        return tuple(f"a{label}" for label in self.labels[variable] if label is not None)

    def _fresh(self) -> str:
        self.count += 1
        return f"t{self.count - 1}"

    # -- operands ----------------------------------------------------------------------------------

    def operand(self, variable: Variable) -> Expr:
        """Return the expression that stands for one element of `variable`."""
        if variable not in self.expr:
            self.expr[variable] = self._source(variable)
        return self.expr[variable]

    def _source(self, variable: Variable) -> Expr:
        outer = self.outer.get(variable, variable)
        dtype = variable.type.dtype
        if isinstance(outer, Constant) and outer.data.size == 1:
            return Const(outer.data.reshape(()).item(), dtype)
        if self.is_size(outer):
            return Integer(integer(self.plan, outer), dtype)
        view = self.plan.view(outer)
        labels = self.labels[variable]
        # A transpose whose axes run with those of its array is that array.
        key = (view.buffer, frozenset(zip(labels, view.strides, strict=True)), view.offset)
        if key not in self.sources:
            name = self._fresh()
            strides = tuple(
                stride
                for label, stride in zip(labels, view.strides, strict=True)
                if label is not None
            )
            self.values.append(
                Source(name, dtype, self._named(variable), view.buffer, strides, view.offset)
            )
            self.sources[key] = Var(name, dtype)
        return self.sources[key]

    def value_name(self, variable: Variable) -> str:
        """Return the name of the nest value that holds `variable`, making one if need be."""
        expr = self.operand(variable)
        if not isinstance(expr, Var) or expr.name.startswith("@"):
            name = self._fresh()
            self.values.append(Map(name, variable.type.dtype, self._named(variable), expr))
            expr = self.expr[variable] = Var(name, variable.type.dtype)
        return expr.name

    # -- members -----------------------------------------------------------------------------------

    def elemwise(self, node: Apply) -> None:
        """One `Map`: operands cast to the op's type, its template, the result cast back."""
        (out,) = node.outputs
        expr = apply_scalar(
            node.op.scalar_op,
            [self.operand(x) for x in node.inputs],
            out.type.dtype,
        )
        name = self._fresh()
        cost = node.op.scalar_op.cost if node.op.scalar_op.vectorises else 0.0
        self.values.append(Map(name, out.type.dtype, self._named(out), expr, cost))
        self.expr[out] = Var(name, out.type.dtype)

    def dimshuffle(self, node: Apply) -> None:
        """Nothing: labels have no order."""
        self.expr[node.outputs[0]] = self.operand(node.inputs[0])

    def reduce(self, node: Apply) -> None:
        """One `Reduce` in the accumulator's dtype, cast to the result's."""
        (x,), (out,) = node.inputs, node.outputs
        op = node.op.scalar_op
        labels = self.labels[x]
        over = tuple(f"a{labels[i]}" for i in reduced_axes(node) if labels[i] is not None)
        dtype = accumulator_dtype(node)
        operand = convert(self.operand(x), dtype)
        name = self._fresh()
        if over:
            template = op.c_for([dtype, dtype], dtype)
            identity = reduction_identity(op, dtype)
            if identity is None:
                raise NoLowering(f"{op} has no neutral element to begin with")
            if op.name in ("maximum", "minimum", "fmax", "fmin"):
                self._refuse_empty(node, over)
            self.values.append(
                Reduce(name, dtype, self._named(out), operand, over, template, identity)
            )
        else:
            self.values.append(Map(name, dtype, self._named(out), operand))
        self._cast_result(name, dtype, out)

    def _refuse_empty(self, node: Apply, over: Iterable[str]) -> None:
        text = f"zero-size array to reduction operation {node.op.scalar_op} which has no identity"
        for label in over:
            length = self.extents[label]
            if length.constant is None or length.constant == 0:
                self.plan.require(f"{length} > 0", ValueError, text)

    def _cast_result(self, name: str, dtype: str, out: Variable) -> None:
        if dtype != out.type.dtype:
            cast = self._fresh()
            expr = Cast(Var(name, dtype), out.type.dtype)
            self.values.append(Map(cast, out.type.dtype, self._named(out), expr))
            name = cast
        self.expr[out] = Var(name, out.type.dtype)

    def dot(self, node: Apply) -> None:
        """A product and a sum over the label that both operands carry."""
        (x, y), (out,) = node.inputs, node.outputs
        dtype = "float32" if out.type.dtype == "float16" else out.type.dtype
        shared = self.labels[x][-1]
        factors = [convert(self.operand(v), dtype) for v in (x, y)]
        expr = apply_scalar(ps.mul, factors, dtype)
        name = self._fresh()
        if shared is None:
            other = self.labels[y][0]
            shared = other
        if shared is None:
            self.values.append(Map(name, dtype, self._named(out), expr))
        else:
            template = ps.add.c_for([dtype, dtype], dtype)
            zero = reduction_identity(ps.add, dtype)
            self.values.append(
                Reduce(name, dtype, self._named(out), expr, (f"a{shared}",), template, zero)
            )
        self._cast_result(name, dtype, out)

    def gather(self, node: Apply) -> None:
        """``array[entries]``."""
        index, (out,) = Indexing(node), node.outputs
        at, checks = self._positions(index)
        if at == tuple(f"@{label}" for label in self._named(index.array)):
            self.expr[out] = self.operand(index.array)  # every element, in order
            return
        name = self._fresh()
        array = self._full(index.array)
        self.values.append(Gather(name, out.type.dtype, self._named(out), array, at, checks))
        self.expr[out] = Var(name, out.type.dtype)

    def scatter(self, node: Apply) -> None:
        """``array[entries] += values`` or ``= values``, in a copy of the array."""
        index, (out,) = Indexing(node), node.outputs
        written = index.values
        assert written is not None
        at, checks = self._positions(index)
        dtype = out.type.dtype
        base = self.operand(index.array)
        places = self.labels._places(index) or []
        over = tuple(f"a{self.labels.find(label)}" for label in places if label is not None)
        if {f"@{label}" for label in over} == set(at):
            self._write_in_order(node, base, self.operand(written))
            return
        start = self._start(index.array)
        labels = self._named(out)
        template = None if node.op.set_instead_of_inc else ps.add.c_for([dtype, dtype], dtype)
        operand = convert(self.operand(written), dtype)
        name = self._fresh()
        self.values.append(Scatter(name, dtype, labels, operand, at, over, template, start, checks))
        self.expr[out] = Var(name, dtype)

    def _start(self, array: Variable) -> str | None:
        """Return the value that is written into, None for zeros."""
        base = self.operand(array)
        if isinstance(base, Const) and base.value == 0 and not str(base.value).startswith("-"):
            return None
        return self._full(array)

    def write(self, node: Apply) -> None:
        """``x[index] = values`` or ``+= values`` of integers and slices."""
        array, values = node.inputs[:2]
        (out,) = node.outputs
        entries = written_entries(node)
        if all(entry == slice(None) for entry in entries):
            self._write_in_order(node, self.operand(array), self.operand(values))
            return
        places = self.labels.written_places(node)
        moving = iter(places)
        at: list[str | Place] = []
        for label, entry, part in zip(self.labels[array], entries, self.written[node], strict=True):
            own = next(moving) if isinstance(entry, slice) else None
            if label is None:
                continue
            if entry == slice(None):
                at.append(f"@a{label}")
            else:
                start = self.plan.canonical(part.start)
                at.append(Place(None if own is None else f"a{own}", start, part.step))
        over = tuple(f"a{label}" for label in places if label is not None)
        dtype = out.type.dtype
        template = None if node.op.set_instead_of_inc else ps.add.c_for([dtype, dtype], dtype)
        start_value = self._start(array)
        self._scatter_into(out, values, tuple(at), over, template, start_value)

    def _scatter_into(
        self,
        out: Variable,
        values: Variable,
        at: tuple[str | Place, ...],
        over: tuple[str, ...],
        template: str | None,
        base: str | None,
        apart: bool = False,
    ) -> str:
        dtype = out.type.dtype
        name = self._fresh()
        operand = convert(self.operand(values), dtype)
        labels = self._named(out)
        value = Scatter(name, dtype, labels, operand, at, over, template, base)
        self.values.append(replace(value, in_place=base is None, apart=True) if apart else value)
        self.expr[out] = Var(name, dtype)
        return name

    def join(self, node: Apply) -> None:
        """Arrays one after the other: each is written to its part."""
        (out,), axis = node.outputs, joined_axis(node)
        start = Index.of(0)
        base: str | None = None
        for part in node.inputs[1:]:
            labels = self.labels[part]
            at: list[str | Place] = []
            for i, (whole, label) in enumerate(zip(self.labels[out], labels, strict=True)):
                if whole is None:
                    continue  # of length 1: whatever is written there has its one place
                if i == axis:
                    at.append(Place(None if label is None else f"a{label}", start))
                else:
                    at.append(f"@a{whole}")
            over = tuple(f"a{label}" for label in labels if label is not None)
            over += tuple(
                f"a{whole}"
                for i, (whole, label) in enumerate(zip(self.labels[out], labels, strict=True))
                if i != axis and label is None and whole is not None
            )
            base = self._scatter_into(out, part, tuple(at), over, None, base, apart=True)
            start = self.plan.canonical(start + self.lengths(part)[axis])

    def _write_in_order(self, node: Apply, base: Expr, values: Expr) -> None:
        """Every element is written once, in order: that is a map."""
        (out,) = node.outputs
        dtype = out.type.dtype
        expr = convert(values, dtype)
        if not node.op.set_instead_of_inc:
            expr = apply_scalar(ps.add, [base, expr], dtype)
        name = self._fresh()
        self.values.append(Map(name, dtype, self._named(out), expr))
        self.expr[out] = Var(name, dtype)

    def _full(self, variable: Variable) -> str:
        """Return the name of a value that has the labels of `variable`, all and in order."""
        name = self.value_name(variable)
        value = self._by_name(name)
        labels = self._named(variable)
        if value.labels == labels:
            return name
        copy = self._fresh()
        dtype = variable.type.dtype
        self.values.append(Map(copy, dtype, labels, Var(name, dtype)))
        return copy

    def _positions(self, index: Indexing) -> tuple[tuple[str | Place, ...], tuple[str, ...]]:
        """Return a position for each labelled axis of the array, and the checks they need."""
        at: list[str | Place] = []
        checks: list[str] = []
        for axis, (entry, label) in enumerate(
            zip(index.entries, self.labels[index.array], strict=True)
        ):
            if isinstance(entry, slice) or self._runs_along(entry, label):
                at += [f"@a{label}"] if label is not None else []
                continue
            extent = Index.of(1) if label is None else self.extents[f"a{label}"]
            part, length = self.selected.get(entry, (None, None))
            if part is not None and label is not None and length == extent:
                (own,) = self.labels[entry]
                place = None if own is None else f"a{own}"
                at.append(Place(place, self.plan.canonical(part.start), part.step))
                continue
            checks.append(self._check(entry, extent, axis))
            at += [self._position(entry, extent)] if label is not None else []
        return tuple(at), tuple(checks)

    def _position(self, index: Variable, extent: Index) -> str:
        """Return the value that counts from the front where `index` may count from the end."""
        name, dtype = self.value_name(index), index.type.dtype
        if (name, extent) not in self.positions:
            position = self._fresh()
            expr: Expr = Var(name, dtype)
            if dtype.startswith("uint"):
                expr = convert(expr, "int64")
            else:
                expr = Op(WRAPPED, (expr, Integer(extent)), "int64")
            self.values.append(Map(position, "int64", self._named(index), expr))
            self.positions[name, extent] = position
        return self.positions[name, extent]

    def _runs_along(self, entry: Variable, label: int | None) -> bool:
        """Whether `entry` is the range 0, 1, 2, ... over the very axis that it indexes."""
        return entry in self.ranges and label is not None and self.labels[entry] == (label,)

    def _check(self, index: Variable, extent: Index, axis: int) -> str:
        """Ask that every element of `index` be a position of an axis of length `extent`."""
        name = self.value_name(index)
        if (name, extent) not in self.checked:
            check = self._fresh()
            text = f"index {{0}} is out of bounds for axis {axis} with size {{1}}"
            where = self.plan.failure(IndexError, text)
            self.values.append(Check(check, name, self._named(index), extent, where))
            self.checked[name, extent] = check
        return self.checked[name, extent]

    def range(self, node: Apply) -> None:
        """The position along a label, or what a slice makes of it."""
        (out,) = node.outputs
        (label,) = self._named(out) or ("",)
        part, _ = self.selected[out]
        at: Expr = Var(f"@{label}", "int64") if label else Const(0, "int64")
        if part.step != 1:
            at = Op("{0} * {1}", (at, Const(part.step, "int64")), "int64")
        if part.start != 0:
            at = Op("{0} + {1}", (at, Integer(self.plan.canonical(part.start))), "int64")
        self.expr[out] = at

    def alloc(self, node: Apply) -> None:
        """The value, over labels whose lengths are given."""
        (out,) = node.outputs
        self.expr[out] = convert(self.operand(node.inputs[0]), out.type.dtype)

    # -- the kernel --------------------------------------------------------------------------------

    def _finish(self) -> None:
        destinations: dict[str, Memory] = {}
        for inner, outer in self.outputs:
            name = self._full(inner)
            if name in destinations or isinstance(self._by_name(name), Source):
                copy = self._fresh()
                dtype = inner.type.dtype
                self.values.append(Map(copy, dtype, self._named(inner), Var(name, dtype)))
                name = copy
            shape = self.lengths(inner)
            view = self._reused(inner, outer) or self.plan.allocate(outer, shape)
            strides = {
                f"a{label}": stride
                for label, stride in zip(self.labels[inner], view.strides, strict=True)
                if label is not None
            }
            destinations[name] = Memory(view.buffer, strides, view.offset)
        self.values = list(written_in_place(self.values, destinations))
        add_nest(self.plan, self.values, self.extents, destinations)

    def _reused(self, inner: Variable, outer: Variable) -> View | None:
        """Let a lone mapped result take the place of an operand that nobody needs any more.

        Each element is then written after all that is read at its position; nothing else is read.
        """
        labels = self._named(inner)
        if len(self.outputs) > 1 or outer in self.plan.homes or not labels:
            return None
        if not all(isinstance(v, Map | Source) and v.labels in (labels, ()) for v in self.values):
            return None
        for inside, outside in self.outer.items():
            if self.labels[inside] == self.labels[inner] and self.plan.may_overwrite(outside):
                view = self.plan.view(outside)
                whole = view.is_contiguous and len(labels) == len(view.shape)
                if whole and view.dtype == outer.type.dtype:
                    self.plan.alias(outer, view)
                    return view
        return None

    def _by_name(self, name: str) -> Value:
        return next(v for v in self.values if v.name == name)


MEMBERS = {
    "elemwise": Region.elemwise,
    "dimshuffle": Region.dimshuffle,
    "reduce": Region.reduce,
    "dot": Region.dot,
    "gather": Region.gather,
    "scatter": Region.scatter,
    "write": Region.write,
    "join": Region.join,
    "range": Region.range,
    "alloc": Region.alloc,
}


def written_in_place(values: Sequence[Value], outputs: Collection[str]) -> Iterator[Value]:
    """Yield the values, those that write into what nobody else reads marked to do it in place."""
    readers = Counter(name for value in values for name in reads(value))
    kept = {value.name for value in values if isinstance(value, Source)} | set(outputs)
    for value in values:
        base = value.base if isinstance(value, Scatter) else None
        alone = base is not None and readers[base] == 1 and base not in kept
        yield replace(value, in_place=True) if alone else value


def lower_fused(plan: Plan, node: Apply) -> None:
    """Lower a `Fused` node."""
    graph = node.op.fgraph
    Region(
        plan,
        graph.toposort(),
        zip(graph.inputs, node.inputs, strict=True),
        zip(graph.outputs, node.outputs, strict=True),
    ).lower()


def lower_member(plan: Plan, node: Apply) -> None:
    """Lower a node that stands alone as a region of one."""
    if kind(node) is None:
        raise NoLowering(f"{node.op} has no C template for these types")
    inputs = [x for x in dict.fromkeys(node.inputs) if not _is_scalar_constant(x)]
    Region(
        plan, [node], zip(inputs, inputs, strict=True), [(out, out) for out in node.outputs]
    ).lower()


def _is_scalar_constant(x: Variable) -> bool:
    return isinstance(x, Constant) and x.type.ndim == 0
