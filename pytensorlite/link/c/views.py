"""Lowerings that move no data: another look at memory that exists, and integers about it."""

from __future__ import annotations

from pytensorlite.cgen.index import Index, contiguous_strides, product
from pytensorlite.cgen.ir import Integer, Op
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.integers import integer, integers
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.link.c.slices import select
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
    for part, stride in zip(select(plan, entries, view.shape), view.strides, strict=True):
        offset = offset + part.start * stride
        if part.count is not None:
            shape.append(part.count)
            strides.append(stride * part.step)
    return View(view.buffer, view.dtype, tuple(shape), tuple(strides), offset)
