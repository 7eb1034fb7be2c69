"""Lowerings that make, move and index data: all of them small nests.

Each builds the values of a nest by hand (`Nester`), with one label a dimension of the result.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytensorlite import scalar as ps
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Const,
    Expr,
    If,
    Integer,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
)
from pytensorlite.cgen.nest import Map, Reduce, Source, Value
from pytensorlite.cgen.storage import Memory
from pytensorlite.graph.basic import Apply, Constant
from pytensorlite.link.c.integers import integer, integers, range_length, refuse_negative
from pytensorlite.link.c.kernels import add_kernel, add_nest, copy
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.link.c.scalars import apply_scalar, convert, reduction_identity
from pytensorlite.link.c.views import subview


class Nester:
    """Values of one nest, with one label for each dimension of a result."""

    def __init__(self, plan: Plan, shape: Sequence[Index]):
        self.plan = plan
        self.shape = [plan.canonical(n) for n in shape]
        self.values: list[Value] = []
        self.extents = {f"a{axis}": n for axis, n in enumerate(self.shape) if n != 1}

    def labels(self) -> tuple[str, ...]:
        """Return the labels of the result."""
        return tuple(f"a{axis}" for axis, n in enumerate(self.shape) if n != 1)

    def name(self) -> str:
        """Return a fresh name."""
        return f"t{len(self.values)}"

    def source(self, view: View, axes: Sequence[int | None]) -> Var:
        """Add an array whose dimensions are those `axes` of the result (None: of length 1)."""
        labels, strides = [], []
        for axis, length, stride in zip(axes, view.shape, view.strides, strict=True):
            if axis is not None and length != 1 and f"a{axis}" in self.extents:
                labels.append(f"a{axis}")
                strides.append(stride)
        name = self.name()
        self.values.append(
            Source(name, view.dtype, tuple(labels), view.buffer, tuple(strides), view.offset)
        )
        return Var(name, view.dtype)

    def broadcast(self, view: View, text: str, last: int | None = None) -> Var:
        """Add an array that broadcasts against the last `last` axes of the result."""
        rank = len(self.shape) if last is None else last
        axes: list[int | None] = []
        for position, length in enumerate(view.shape):
            axis = rank - len(view.shape) + position
            if length.constant != 1:
                self.plan.require_equal(length, self.shape[axis], text)
            axes.append(axis if length.constant != 1 else None)
        return self.source(view, axes)

    def map(self, dtype: str, expr: Expr, labels: Sequence[str] | None = None) -> str:
        """Add a mapped value and return its name."""
        name = self.name()
        own = self.labels() if labels is None else tuple(labels)
        self.values.append(Map(name, dtype, own, expr))
        return name

    def position(self, axis: int) -> Expr:
        """Return the position along an axis of the result."""
        return Var(f"@a{axis}", "int64") if f"a{axis}" in self.extents else Const(0, "int64")

    def memory(self, view: View) -> Memory:
        """Return a view of the result's shape as a destination."""
        strides = {
            f"a{axis}": stride
            for axis, stride in enumerate(view.strides)
            if f"a{axis}" in self.extents
        }
        return Memory(view.buffer, strides, view.offset)

    def write(self, name: str, view: View) -> None:
        """Append the kernel that stores the value `name` to `view`."""
        add_nest(self.plan, self.values, self.extents, {name: self.memory(view)})


# -- making ----------------------------------------------------------------------------------------


def lower_alloc(plan: Plan, node: Apply) -> None:
    """A value, broadcast."""
    shape = [integer(plan, n) for n in node.inputs[1:]]
    refuse_negative(plan, shape)
    nest = Nester(plan, shape)
    (out,) = node.outputs
    value = node.inputs[0]
    if isinstance(value, Constant) and value.data.size == 1:
        expr: Expr = Const(value.data.reshape(()).item(), value.type.dtype)
    else:
        expr = nest.broadcast(plan.view(value), "Alloc: a value of length {0} does not fit {1}")
    name = nest.map(out.type.dtype, expr)
    nest.write(name, plan.allocate(out, shape))


def lower_alloc_empty(plan: Plan, node: Apply) -> None:
    """Memory whose contents do not matter."""
    shape = [integer(plan, n) for n in node.inputs]
    refuse_negative(plan, shape)
    plan.allocate(node.outputs[0], shape)


def lower_arange(plan: Plan, node: Apply) -> None:
    """Integers from start to stop; of floats, those whose ends are constants."""
    start, stop, step = node.inputs
    (out,) = node.outputs
    if any(x.type.dtype.startswith(("float", "complex", "uint64")) for x in node.inputs):
        known = [float(x.data) for x in node.inputs if isinstance(x, Constant)]
        if len(known) < 3:
            raise NoLowering("the length of a range of floats is known only when it is made")
        first, last, by = known
        count = Index.of(max(0, -int((first - last) // by)) if by else 0)
        ends: list[Expr] = [Const(first, "float64"), Const(by, "float64")]
    else:
        first_, last_, by_ = (integer(plan, x) for x in (start, stop, step))
        if by_.constant is None:
            plan.require(f"{by_} != 0", ValueError, "Maximum allowed size exceeded: step is zero")
        count = range_length(plan, first_, last_, by_)
        ends = [Integer(first_), Integer(by_)]
    nest = Nester(plan, [count])
    position: Expr = nest.position(0)
    dtype = ends[0].dtype
    scaled = Op("{0} * {1}", (convert(position, dtype), ends[1]), dtype)
    expr = convert(Op("{0} + {1}", (ends[0], scaled), dtype), out.type.dtype)
    nest.write(nest.map(out.type.dtype, expr), plan.allocate(out, [count]))


def lower_eye(plan: Plan, node: Apply) -> None:
    """Ones on a diagonal."""
    rows, columns, k = (integer(plan, x) for x in node.inputs)
    refuse_negative(plan, (rows, columns))
    nest = Nester(plan, [rows, columns])
    (out,) = node.outputs
    diagonal = Op("{0} + {1}", (nest.position(0), Integer(k)), "int64")
    expr = convert(Op("{0} == {1}", (diagonal, nest.position(1)), "bool"), out.type.dtype)
    nest.write(nest.map(out.type.dtype, expr), plan.allocate(out, [rows, columns]))


def lower_make_vector(plan: Plan, node: Apply) -> None:
    """Scalars side by side."""
    (out,) = node.outputs
    view = plan.allocate(out, [Index.of(len(node.inputs))])
    values: list[Value] = []
    outputs: dict[str, Memory] = {}
    for position, x in enumerate(node.inputs):
        if isinstance(x, Constant):
            expr: Expr = Const(x.data.item(), x.type.dtype)
        elif x in plan.pure:
            expr = Integer(plan.pure[x][0])
        else:
            source = plan.view(x)
            values.append(
                Source(f"x{position}", source.dtype, (), source.buffer, (), source.offset)
            )
            expr = Var(f"x{position}", source.dtype)
        name = f"t{position}"
        values.append(Map(name, view.dtype, (), convert(expr, view.dtype)))
        outputs[name] = Memory(view.buffer, {}, Index.of(position))
    add_nest(plan, values, {}, outputs)


# -- joining ---------------------------------------------------------------------------------------


def lower_join(plan: Plan, node: Apply) -> None:
    """Arrays one after the other along an axis."""
    axis_input, *parts = node.inputs
    if not isinstance(axis_input, Constant):
        raise NoLowering("the axis of a join is known only when the program runs")
    (out,) = node.outputs
    axis = int(axis_input.data) % out.type.ndim
    views = [plan.view(x) for x in parts]
    for view in views[1:]:
        for i, (a, b) in enumerate(zip(views[0].shape, view.shape, strict=True)):
            if i != axis:
                text = f"all the input array dimensions except for the concatenation axis must match exactly, but along dimension {i} there are {{0}} and {{1}}"  # noqa: E501
                plan.require_equal(a, b, text)
    shape = list(views[0].shape)
    shape[axis] = sum((view.shape[axis] for view in views), Index.of(0))
    target = plan.allocate(out, shape)
    start = Index.of(0)
    for view in views:
        part = list(target.shape)
        part[axis] = view.shape[axis]
        offset = target.offset + start * target.strides[axis]
        copy(plan, view, View(target.buffer, target.dtype, tuple(part), target.strides, offset))
        start = start + view.shape[axis]


def lower_split(plan: Plan, node: Apply) -> None:
    """Views of consecutive parts."""
    x, axis_input, sizes_input = node.inputs
    if not isinstance(axis_input, Constant):
        raise NoLowering("the axis of a split is known only when the program runs")
    view = plan.view(x)
    axis = int(axis_input.data) % len(view.shape)
    sizes = integers(plan, sizes_input)
    refuse_negative(plan, sizes)
    total = sum(sizes, Index.of(0))
    plan.require_equal(total, view.shape[axis], "Split sizes sum to {0}; expected {1}")
    start = Index.of(0)
    for out, size in zip(node.outputs, sizes, strict=True):
        shape = [*view.shape]
        shape[axis] = size
        offset = view.offset + start * view.strides[axis]
        plan.alias(out, View(view.buffer, view.dtype, tuple(shape), view.strides, offset))
        start = start + size


# -- writing parts ---------------------------------------------------------------------------------


def lower_inc_subtensor(plan: Plan, node: Apply) -> None:
    """The array with one part replaced or added to: a copy, unless nobody needs the old one."""
    x, y, *indices = node.inputs
    (out,) = node.outputs
    source, value = plan.view(x), plan.view(y)
    if plan.may_overwrite(x) and out not in plan.homes and value.buffer != source.buffer:
        plan.alias(out, source)
    else:
        copy(plan, source, plan.allocate(out, source.shape))
    part = subview(plan, node, out, indices)
    if len(value.shape) > len(part.shape):
        raise NoLowering("the value has more dimensions than the part it goes to")
    nest = Nester(plan, part.shape)
    text = "cannot write a value of length {0} to a part of length {1}"
    expr: Expr = convert(nest.broadcast(value, text), out.type.dtype)
    if not node.op.set_instead_of_inc:
        there = nest.source(part, range(len(part.shape)))
        expr = apply_scalar(ps.add, [there, expr], out.type.dtype)
    nest.write(nest.map(out.type.dtype, expr), part)


# -- along an axis ---------------------------------------------------------------------------------


def lower_argmax(plan: Plan, node: Apply) -> None:
    """The first position of the largest element, or of the first NaN."""
    (x,), (out,) = node.inputs, node.outputs
    view = plan.view(x)
    axes = tuple(range(len(view.shape))) if node.op.axis is None else tuple(node.op.axis)
    nest = Nester(plan, view.shape)
    for axis in axes:
        if view.shape[axis].constant in (None, 0):
            text = "attempt to get argmax of an empty sequence"
            plan.require(f"{view.shape[axis]} > 0", ValueError, text)
    # Half precision has no reductions in C; its numbers keep their order as wider ones.
    dtype = "float32" if view.dtype == "float16" else view.dtype
    source = convert(nest.source(view, range(len(view.shape))), dtype)
    kept = tuple(a for a in nest.labels() if int(a[1:]) not in axes)
    over = tuple(a for a in nest.labels() if int(a[1:]) in axes)
    target = plan.allocate(out, [n for i, n in enumerate(view.shape) if i not in axes])
    flat = nest.position(axes[0]) if axes else Const(0, "int64")
    for axis in axes[1:]:
        scaled = Op("{0} * {1}", (flat, Integer(view.shape[axis])), "int64")
        flat = Op("{0} + {1}", (scaled, nest.position(axis)), "int64")
    if over:
        largest = nest.name()
        identity = reduction_identity(ps.maximum, dtype)
        template = ps.maximum.c_for([dtype] * 2, dtype)
        if template is None or identity is None:
            raise NoLowering(f"no order among {dtype}")
        nest.values.append(Reduce(largest, dtype, kept, source, over, template, identity))
        is_it = "{0} == {1}" if not dtype.startswith("float") else "({0} == {1}) | ({0} != {0})"
        found = Op(is_it, (source, Var(largest, dtype)), "bool")
        place = Op("{0} ? {1} : INT64_MAX", (found, flat), "int64")
        first = nest.name()
        least = Const(2**63 - 1, "int64")
        nest.values.append(Reduce(first, "int64", kept, place, over, "ptl_min({0}, {1})", least))
    else:
        first = nest.map("int64", flat, kept)
    strides = {}
    remaining = [i for i in range(len(view.shape)) if i not in axes]
    for axis, stride in zip(remaining, target.strides, strict=True):
        if f"a{axis}" in nest.extents:
            strides[f"a{axis}"] = stride
    memory = Memory(target.buffer, strides, target.offset)
    add_nest(plan, nest.values, nest.extents, {first: memory})


def lower_cumulative(plan: Plan, node: Apply) -> None:
    """Running sums or products, which begin with the first element.

    Along the last axis the loop carries what runs.  Along another one the next row is added to the
    one before, so that memory is walked in its own order.
    """
    (x,), (out,) = node.inputs, node.outputs
    view = plan.view(x)
    target = plan.allocate(out, view.shape)
    op = ps.add if node.op.mode == "add" else ps.mul
    dtype = out.type.dtype
    if dtype == "float16":
        raise NoLowering("half precision rounds at every step")
    template = op.c_for([dtype, dtype], dtype)
    axis = node.op.axis
    walked = [i for i, n in enumerate(view.shape) if n != 1 or i == axis]
    place = [Index.name(f"i{i}") if i in walked else Index.of(0) for i in range(len(view.shape))]
    before = [p - (i == axis) for i, p in enumerate(place)]
    element = convert(Load(view.buffer, _address(view, place), view.dtype), dtype)
    here = _address(target, place)
    around, rows = [i for i in walked if i < axis], [i for i in walked if i > axis]
    if not rows:
        running = Var("running", dtype)
        # Nothing at all is -0.0, which a zero of either sign may be added to.
        nothing = Const(-0.0, dtype) if op is ps.add and dtype.startswith("float") else None
        begin = Let(running, nothing or reduction_identity(op, dtype), mutable=True)
        step = (Update(running, template, element), Store(target.buffer, here, running))
        body: tuple[Stmt, ...] = (begin, Loop(f"i{axis}", view.shape[axis], step))
    else:
        total = Op(template, (Load(target.buffer, _address(target, before), dtype), element), dtype)
        first = _over(rows, view, (Store(target.buffer, here, element),), dtype)
        later = _over(rows, view, (Store(target.buffer, here, total),), dtype)
        body = (Loop(f"i{axis}", view.shape[axis], (If(f"i{axis} == 0", first, later),)),)
    body = _over(around, view, body)
    add_kernel(plan, body, (f"running {'sum' if node.op.mode == 'add' else 'product'}",))


def _address(view: View, place: Sequence[Index]) -> Index:
    pairs = zip(place, view.strides, strict=True)
    return sum((position * stride for position, stride in pairs), view.offset)


def _over(
    axes: Sequence[int], view: View, body: tuple[Stmt, ...], vector: str = ""
) -> tuple[Stmt, ...]:
    """Return `body` inside loops over `axes`; the last is one of vectors of the dtype `vector`."""
    kind = "simd" if vector and not vector.startswith("complex") else "serial"
    for axis in reversed(axes):
        parallel = not vector and axis == axes[0]
        body = (Loop(f"i{axis}", view.shape[axis], body, kind=kind, parallel=parallel),)
        kind = "serial"
    return body
