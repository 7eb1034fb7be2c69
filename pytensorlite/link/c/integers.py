"""Integers that a program knows before it computes: lengths, and arithmetic on them.

``x.shape[0] * 2`` needs no array: it is a polynomial in the sizes of the inputs.  Quotients, minima
and choices become named sizes, computed with the op's own C template.  An integer that comes from
data which only the program computes is not known in time: `SizeUnknown`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pytensorlite import scalar as ps
from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import Cast, Expr, Integer, Op, Var
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.link.c.plan import Plan, SizeUnknown
from pytensorlite.tensor.basic import Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensorlite.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensorlite.tensor.indexing import indices_from_subtensor
from pytensorlite.tensor.shape import Shape, Shape_i
from pytensorlite.tensor.subtensor import Subtensor


def integer(plan: Plan, variable: Variable) -> Index:
    """Return the value of a 0-d (or one-element) integer variable as an index.

    Raises
    ------
    SizeUnknown
        If it depends on what the program computes.
    """
    if variable not in plan.integers:
        plan.integers[variable] = _integer(plan, variable)
    return plan.canonical(plan.integers[variable])


def _integer(plan: Plan, variable: Variable) -> Index:
    if isinstance(variable, Constant):
        return Index.of(int(np.asarray(variable.data).item()))
    if variable in plan.inputs:
        return _element(plan, variable, Index.of(0))
    node = variable.owner
    if node is None:
        raise SizeUnknown(variable)
    match node.op:
        case Shape_i():
            return plan.view(node.inputs[0]).shape[node.op.i]
        case Elemwise() if _dtypes_are_integers(node):
            return _arithmetic(plan, node)
        case ScalarFromTensor() | TensorFromScalar() | DimShuffle():
            return integer(plan, node.inputs[0])
        case Subtensor():
            return _item(plan, node)
        case CAReduce() if node.inputs[0].type.ndim == 1:
            return _fold(plan, node)
    if isinstance(node.op, ps.ScalarOp):
        return _arithmetic(plan, node)
    raise SizeUnknown(variable)


def _dtypes_are_integers(node: Apply) -> bool:
    return all(not x.type.dtype.startswith(("float", "complex")) for x in node.inputs)


def integers(plan: Plan, variable: Variable) -> tuple[Index, ...]:
    """Return the elements of an integer vector of known length, such as a shape."""
    if isinstance(variable, Constant):
        return tuple(Index.of(int(n)) for n in variable.data)
    node = variable.owner
    length = variable.type.shape[0]
    if variable in plan.inputs and length is not None:
        return tuple(_element(plan, variable, Index.of(i)) for i in range(length))
    if node is None:
        raise SizeUnknown(variable)
    match node.op:
        case MakeVector():
            return tuple(integer(plan, x) for x in node.inputs)
        case DimShuffle() if node.inputs[0].type.ndim == 0:
            return (integer(plan, node.inputs[0]),)
        case Shape():
            return plan.view(node.inputs[0]).shape
        case Join():
            return tuple(n for part in node.inputs[1:] for n in integers(plan, part))
        case Elemwise() if node.op.scalar_op == ps.identity or isinstance(
            node.op.scalar_op, ps.Cast
        ):
            return integers(plan, node.inputs[0])
        case Subtensor():
            (entry,) = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
            if isinstance(entry, slice) and all(
                bound is None or isinstance(bound, Constant | int)
                for bound in (entry.start, entry.stop, entry.step)
            ):
                bounds = slice(*(_number(b) for b in (entry.start, entry.stop, entry.step)))
                return integers(plan, node.inputs[0])[bounds]
    raise SizeUnknown(variable)


def _number(bound: Constant | int | None) -> int | None:
    return int(bound.data) if isinstance(bound, Constant) else bound


def _element(plan: Plan, variable: Variable, position: Index) -> Index:
    """Read an element of an input before the program starts."""
    number = plan.inputs.index(variable)
    load = Var(
        f"((const {_C_INTEGERS[variable.type.dtype]} *)in[{number}].data)[{position}]", "int64"
    )
    return plan.define(load)


_C_INTEGERS = {
    "bool": "bool",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def _item(plan: Plan, node: Apply) -> Index:
    """``vector[position]``."""
    entries = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
    vector = node.inputs[0]
    if len(entries) != 1 or isinstance(entries[0], slice) or vector.type.ndim != 1:
        raise SizeUnknown(node.outputs[0])
    position = entries[0]
    where = Index.of(position) if isinstance(position, int) else integer(plan, position)
    try:
        elements = integers(plan, vector)
    except SizeUnknown:
        if vector not in plan.inputs or where.constant is None:
            raise
        length = plan.view(vector).shape[0]
        number = where.constant if where.constant >= 0 else where + length
        inside = f"{length} >= {abs(where.constant + (where.constant >= 0))}"
        plan.require(inside, IndexError, "index {0} is out of bounds for axis 0 with size {1}",
                     (where, length))  # fmt: skip
        return _element(plan, vector, Index.of(number))
    if where.constant is None or not -len(elements) <= where.constant < len(elements):
        raise SizeUnknown(node.outputs[0])
    return elements[where.constant]


def _fold(plan: Plan, node: Apply) -> Index:
    """Sum or product of a shape."""
    elements = integers(plan, node.inputs[0])
    if node.op.scalar_op == ps.mul:
        return product(elements)
    if node.op.scalar_op == ps.add:
        return sum(elements, Index.of(0))
    raise SizeUnknown(node.outputs[0])


def refuse_negative(plan: Plan, lengths: Iterable[Index]) -> None:
    """Have the program refuse lengths that are numbers from the user and may be negative."""
    for n in lengths:
        if n.constant is None and not is_non_negative(n):
            text = "negative dimensions are not allowed, got {0}"
            plan.require(f"{n} >= 0", ValueError, text, (n,))


def range_length(plan: Plan, start: Index, stop: Index, step: Index) -> Index:
    """Return how many integers there are from start to stop: none where it would be negative."""
    if start == 0 and step == 1 and is_non_negative(stop):
        return stop
    ends = (Integer(start), Integer(stop), Integer(step))
    return plan.define(Op("ptl_slice_length({0}, {1}, {2})", ends, "int64"))


def is_non_negative(length: Index) -> bool:
    """Whether a polynomial is surely not negative: no minus sign, and only lengths in it."""
    return all(c > 0 for c in length.terms.values()) and all(
        name.startswith("n") for name in length.names
    )


_POLYNOMIAL: dict[str, Callable[..., Index]] = {
    "add": lambda *xs: sum(xs, Index.of(0)),
    "mul": lambda *xs: product(xs),
    "sub": lambda a, b: a - b,
    "neg": lambda a: -a,
    "identity": lambda a: a,
}


def _simplified(name: str, arguments: Sequence[Index]) -> Index | None:
    """Return the result where it is one of the arguments, or a number, for all lengths."""
    first = arguments[0]
    constants = [x.constant for x in arguments]
    match name:
        case "int_div" if constants[1] == 1:
            return first
        case "maximum" | "minimum" if len(arguments) == 2:
            if (difference := first - arguments[1]) == 0:
                return first
            if is_non_negative(difference) or is_non_negative(-difference):
                larger = is_non_negative(difference)
                return arguments[larger != (name == "maximum")]
        case "switch" if arguments[1] == arguments[2]:
            return arguments[1]
        case "switch" if constants[0] is not None:
            return arguments[1] if constants[0] else arguments[2]
        case "abs" if is_non_negative(first):
            return first
    return None


def _arithmetic(plan: Plan, node: Apply) -> Index:
    """Integer arithmetic on known integers, by polynomial or by the op's C template."""
    op = getattr(node.op, "scalar_op", node.op)
    arguments = [integer(plan, x) for x in node.inputs]
    dtype = node.outputs[0].type.dtype
    dtypes = [x.type.dtype for x in node.inputs]
    if dtype == "int64" and "uint64" not in dtypes:
        if op.name in _POLYNOMIAL:
            return _POLYNOMIAL[op.name](*arguments)
        if isinstance(op, ps.Cast):
            return arguments[0]
        if (simple := _simplified(op.name, arguments)) is not None:
            return simple
    template = op.c_for(dtypes, dtype) if dtype.startswith(("int", "bool")) else None
    if template is None:
        raise SizeUnknown(node.outputs[0])
    types = op.compute_types(dtypes, dtype)
    operands: tuple[Expr, ...] = tuple(
        Integer(n) if t == "int64" else Cast(Integer(n), t)
        for n, t in zip(arguments, types, strict=True)
    )
    if op.nin == -1:
        return plan.define(functools.reduce(lambda a, b: Op(template, (a, b), "int64"), operands))
    return plan.define(Op(template, operands, "int64"))
