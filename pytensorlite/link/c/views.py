"""Lowerings that move no data: another look at memory that exists, and integers about it."""

from __future__ import annotations

from pytensorlite.cgen.index import Index, contiguous_strides, product
from pytensorlite.cgen.ir import Integer, Op
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.integers import integer, integers, is_non_negative
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.link.c.region import copy
from pytensorlite.tensor.indexing import indices_from_subtensor


def lower_dimshuffle(plan: Plan, node: Apply) -> None:
    """Permute, drop and add axes."""
    view = plan.view(node.inputs[0])
    order = node.op.new_order
    for axis in node.op.drop:
        text = f"cannot drop axis {axis}, whose length is {{0}} and not 1"
        plan.require_equal(view.shape[axis], Index.of(1), text)
    plan.alias(
        node.outputs[0],
        View(
            view.buffer,
            view.dtype,
            tuple(Index.of(1) if i == "x" else view.shape[i] for i in order),
            tuple(Index.of(0) if i == "x" else view.strides[i] for i in order),
            view.offset,
        ),
    )


def lower_same(plan: Plan, node: Apply) -> None:
    """The output is the first input."""
    plan.alias(node.outputs[0], plan.view(node.inputs[0]))


def lower_reshape(plan: Plan, node: Apply) -> None:
    """Contiguous memory under new lengths; what is not contiguous is copied first."""
    x, shape = node.inputs
    view = plan.view(x)
    wanted = list(integers(plan, shape)) if node.op.ndim else []
    lengths = _reshaped(plan, view, wanted, node)
    if not view.is_contiguous:
        fresh = plan.scratch(view.dtype, view.shape)
        copy(plan, view, fresh)
        view = fresh
    strides = contiguous_strides(lengths)
    plan.alias(node.outputs[0], View(view.buffer, view.dtype, lengths, strides, view.offset))


def _reshaped(plan: Plan, view: View, wanted: list[Index], node: Apply) -> tuple[Index, ...]:
    """Return the new lengths, the one that is -1 found from the others."""
    size = plan.canonical(view.size)
    text = "cannot reshape array of size {0} into a shape of {1} elements"
    unknown = [i for i, n in enumerate(wanted) if n.constant is not None and n.constant < 0]
    if len(unknown) > 1:
        raise NoLowering("more than one length is -1")
    if not unknown:
        for axis, n in enumerate(wanted):
            if n.constant is None and plan.canonical(n) not in view.shape:
                wanted[axis] = _known_or_inferred(plan, wanted, axis, size)
        plan.require_equal(size, product(wanted), text)
        return tuple(plan.canonical(n) for n in wanted)
    (axis,) = unknown
    others = product(n for i, n in enumerate(wanted) if i != axis)
    if (quotient := _divide(size, others)) is not None:
        wanted[axis] = quotient
    else:
        plan.require(
            f"({others}) != 0 && ({size}) % ({others}) == 0",
            ValueError,
            "cannot reshape array of size {0} into rows of {1} elements",
            (size, others),
        )
        wanted[axis] = plan.define(Op("({0}) / ({1})", (Integer(size), Integer(others)), "int64"))
    return tuple(wanted)


def _known_or_inferred(plan: Plan, wanted: list[Index], axis: int, size: Index) -> Index:
    """A length that arrives as data may be -1: settle it before the program starts."""
    others = product(n for i, n in enumerate(wanted) if i != axis)
    name = wanted[axis]
    if not any(symbol.startswith("s") for symbol in name.names):
        return name
    quotient = Op(
        "{0} >= 0 || ({1}) == 0 ? {0} : ({2}) / ({1})",
        (Integer(name), Integer(others), Integer(size)),
        "int64",
    )
    return plan.define(quotient)


def _divide(size: Index, divisor: Index) -> Index | None:
    """Return size / divisor where that is a polynomial for all lengths, else None."""
    if len(divisor.terms) != 1:
        return None
    ((monomial, coefficient),) = divisor.terms.items()
    terms = {}
    for product_, count in size.terms.items():
        rest = list(product_)
        for name in monomial:
            if name not in rest:
                return None
            rest.remove(name)
        if coefficient == 0 or count % coefficient:
            return None
        terms[tuple(rest)] = count // coefficient
    # n*m / n is m only where n is not zero; a zero would make the result arbitrary in NumPy too.
    return Index(terms) if not monomial else None


def lower_specify_shape(plan: Plan, node: Apply) -> None:
    """The input, its lengths checked."""
    view = plan.view(node.inputs[0])
    for axis, wanted in enumerate(node.inputs[1:]):
        if getattr(wanted.type, "dtype", None) is None:
            continue
        text = f"SpecifyShape: dim {axis} of input has shape {{0}}, expected {{1}}."
        plan.require_equal(view.shape[axis], integer(plan, wanted), text, AssertionError)
    plan.alias(node.outputs[0], plan.view(node.inputs[0]))


def lower_subtensor(plan: Plan, node: Apply) -> None:
    """``x[...]`` with integers and slices: offset, lengths and strides of a view."""
    plan.alias(node.outputs[0], subview(plan, node, node.inputs[0], node.inputs[1:]))


def subview(plan: Plan, node: Apply, array, index_inputs) -> View:
    """Return the part of `array` that the basic index of `node` selects."""
    view = plan.view(array)
    entries = indices_from_subtensor(index_inputs, node.op.idx_list)
    shape: list[Index] = []
    strides: list[Index] = []
    offset = view.offset
    for axis, (length, stride) in enumerate(zip(view.shape, view.strides, strict=True)):
        entry = entries[axis] if axis < len(entries) else slice(None)
        if isinstance(entry, slice):
            start, count, step = _slice(plan, entry, length)
            offset = offset + start * stride
            shape.append(count)
            strides.append(stride * step)
        else:
            position = _number(plan, entry)
            where = _checked_position(plan, position, length, axis)
            offset = offset + where * stride
    return View(view.buffer, view.dtype, tuple(shape), tuple(strides), offset)


def _number(plan: Plan, entry) -> Index:
    return Index.of(entry) if isinstance(entry, int) else integer(plan, entry)


def _checked_position(plan: Plan, position: Index, length: Index, axis: int) -> Index:
    text = f"index {{0}} is out of bounds for axis {axis} with size {{1}}"
    number = position.constant
    if number is not None:
        enough = number + 1 if number >= 0 else -number
        if length.constant is None or length.constant < enough:
            plan.require(f"{length} >= {enough}", IndexError, text, (position, length))
        return position if number >= 0 else position + length
    plan.require(f"!ptl_out_of_range({position}, {length})", IndexError, text, (position, length))
    wrapped = Op("ptl_wrap_index({0}, {1})", (Integer(position), Integer(length)), "int64")
    return plan.define(wrapped)


def _slice(plan: Plan, entry: slice, length: Index) -> tuple[Index, Index, int]:
    """Return first position, number of elements and step of a slice."""
    step = 1 if entry.step is None else _number(plan, entry.step).constant
    if step is None:
        raise NoLowering("the step of a slice is known only when the program runs")
    if step == 0:
        raise NoLowering("the step of a slice is zero")
    start = None if entry.start is None else _number(plan, entry.start)
    stop = None if entry.stop is None else _number(plan, entry.stop)
    if start is None and stop is None and step == 1:
        return Index.of(0), length, 1
    known = length.constant
    bounds = [None if b is None else b.constant for b in (start, stop)]
    if known is not None and all(
        b is None or c is not None for b, c in zip((start, stop), bounds, strict=True)
    ):
        found = range(*slice(bounds[0], bounds[1], step).indices(known))
        return Index.of(found.start), Index.of(len(found)), step
    if step == 1 and _cuts_ends(start, stop):
        return _without_ends(plan, start or Index.of(0), -(stop or Index.of(0)), length)
    down = step < 0
    first = _clamped(plan, start, length, length - 1 if down else Index.of(0), down)
    last = _clamped(plan, stop, length, Index.of(-1) if down else length, down)
    if start is None and not down and step == 1:
        return first, last, 1
    count = plan.define(
        Op(f"ptl_slice_length({{0}}, {{1}}, {step})", (Integer(first), Integer(last)), "int64")
    )
    return first, count, step


def _cuts_ends(start: Index | None, stop: Index | None) -> bool:
    """Whether a slice is ``[a:]``, ``[:-b]`` or ``[a:-b]`` with known a and b."""
    first = 0 if start is None else start.constant
    last = -1 if stop is None else stop.constant
    limit = 1 << 62  # beyond it sums of bounds and lengths might not fit
    return first is not None and last is not None and limit > first >= 0 > last > -limit


def _without_ends(
    plan: Plan, before: Index, after: Index, length: Index
) -> tuple[Index, Index, int]:
    """Return the slice without so many elements before and after: all such of a length agree.

    Where nothing is left the position of the first element is beyond the end, and never read.
    """
    rest = length - before - after
    if not is_non_negative(rest):
        rest = plan.define(
            Op("ptl_max_int64({0}, {1})", (Integer(rest), Integer(Index.of(0))), "int64")
        )
    return before, rest, 1


def _clamped(plan: Plan, bound: Index | None, length: Index, default: Index, down: bool) -> Index:
    """Return a slice's bound, cut to where the axis has elements."""
    if bound is None:
        return default
    name = "ptl_slice_bound_down" if down else "ptl_slice_bound"
    return plan.define(Op(f"{name}({{0}}, {{1}})", (Integer(bound), Integer(length)), "int64"))
