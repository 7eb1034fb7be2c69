"""Rewrites of element-wise nodes of any function: useless ones leave, casts and moves merge."""

from __future__ import annotations

from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.graph.rewriting.unify import OpPattern
from pytensorlite.tensor.basic import (
    MakeVector,
    ScalarFromTensor,
    TensorFromScalar,
    cast,
    second,
    switch,
)
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.math import (
    add,
    and_,
    eq,
    ge,
    gt,
    invert,
    le,
    lt,
    maximum,
    minimum,
    mul,
    neq,
    or_,
    sub,
    xor,
)
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    filled,
    has_one_client,
    is_exact,
    is_same,
    match_type,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.shape import Shape_i


@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([OpPattern(Elemwise, scalar_op=lambda op: _computes_in_output_dtype(op))])
def local_upcast_elemwise_constant_inputs(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x * int8(2) -> x * 2.0``: a constant has the dtype in which it is used, if exact."""
    [out] = node.outputs[:1]
    dtype = out.type.dtype
    branches = node.op.scalar_op == ps.switch
    inputs = list(node.inputs)
    for i, x in enumerate(inputs):
        if branches and i == 0:
            continue
        if isinstance(x, Constant) and x.type.dtype != dtype:
            with np.errstate(all="ignore"):
                data = x.data.astype(dtype)
            if np.array_equal(data, x.data):
                inputs[i] = x.type.clone(dtype=dtype).make_constant(data)
    if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
        return None
    new = node.op.make_node(*inputs).outputs
    return list(new) if new[0].type.dtype == dtype else None


def _computes_in_output_dtype(op: Any) -> bool:
    """Whether a scalar op casts its inputs, a condition aside, to its output's dtype anyway."""
    return op == ps.switch or (op.computes_in == "output" and not isinstance(op, ps.Cast))


# -- moves of dimensions ---------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([DimShuffle])
def local_dimshuffle_lift(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x.T.T -> x``, one move for two, and ``f(x, y).T -> f(x.T, y.T)`` for a single reader.

    A single integer is computed for every reader: it may be a length, which is one as a scalar.
    """
    op, [x] = node.op, node.inputs
    if _changes_nothing(op, x):
        return [x]
    inner = x.owner
    if inner is None:
        return None
    if isinstance(inner.op, DimShuffle):
        return [_move(inner.inputs[0], [_through(inner.op, i) for i in op.new_order])]
    if type(inner.op) is not Elemwise or len(inner.outputs) != 1:
        return None
    out = node.outputs[0].type
    alone = has_one_client(fgraph, x) or (out.ndim == 0 and out.dtype == "int64")
    return _lift_through(node, inner) if alone else None


def _changes_nothing(op: DimShuffle, x: Variable) -> bool:
    """Whether every dimension stays, or is a length of 1 in the place of one that is dropped."""
    return len(op.new_order) == x.type.ndim and all(
        i == d or (i == "x" and d in op.drop and x.type.shape[d] == 1)
        for d, i in enumerate(op.new_order)
    )


def _through(op: DimShuffle, i: Any) -> Any:
    return "x" if i == "x" else op.new_order[i]


def _move(x: Variable, order: list) -> Variable:
    if order == list(range(x.type.ndim)):
        return x
    return DimShuffle(input_ndim=x.type.ndim, new_order=order)(x)


def _lift_through(node: Apply, inner: Apply) -> list[Variable] | None:
    """Move the operands instead of the result; not where a dropped dimension is broadcast."""
    op = node.op
    if op.drop and any(x.type.shape[d] != 1 for x in inner.inputs for d in op.drop):
        return None
    moved = []
    for x in inner.inputs:
        new = _move(x, list(op.new_order))
        copy_stack_trace(node.outputs[0], new)
        moved.append(new)
    new = inner.op(*moved)
    return [new] if node.outputs[0].type.is_super(new.type) else None


@register_canonicalize
@register_specialize
@node_rewriter([MakeVector])
def local_make_vector_of_one(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``[x] -> x[None]``: a vector of one element broadcasts as it is."""
    if len(node.inputs) != 1:
        return None
    element = cast(node.inputs[0], node.outputs[0].type.dtype)
    return [DimShuffle(input_ndim=0, new_order=("x",))(element)]


@register_canonicalize
@register_specialize
@node_rewriter([TensorFromScalar])
def local_tensor_scalar_tensor(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``tensor_from_scalar(scalar_from_tensor(x)) -> x``."""
    inner = node.inputs[0].owner
    return inner.inputs if inner and isinstance(inner.op, ScalarFromTensor) else None


@register_canonicalize
@register_specialize
@node_rewriter([ScalarFromTensor])
def local_scalar_tensor_scalar(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``scalar_from_tensor(tensor_from_scalar(s)) -> s``."""
    inner = node.inputs[0].owner
    return inner.inputs if inner and isinstance(inner.op, TensorFromScalar) else None


# -- useless functions -----------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([add, mul, maximum, minimum, and_, or_, xor])
def local_useless_elemwise_of_one(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``add(x) -> x`` for operations that take any number of operands."""
    if len(node.inputs) != 1 or node.inputs[0].type.dtype != node.outputs[0].type.dtype:
        return None
    return list(node.inputs)


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([maximum, minimum, and_, or_])
def local_useless_elemwise(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``maximum(x, x) -> x``, and so for ``minimum``, ``&``, ``|``."""
    first = node.inputs[0]
    if any(x is not first for x in node.inputs) or first.type.dtype != node.outputs[0].type.dtype:
        return None
    return [first]


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([and_, or_, xor])
def local_bitwise_constant(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x & False -> False``, ``x | False -> x``, ``x ^ False -> x``, ``x & True -> x`` (bool)."""
    if len(node.inputs) != 2:
        return None
    [out] = node.outputs
    for value, other in (tuple(node.inputs), tuple(reversed(node.inputs))):
        known = constant_value(value)
        if known is None:
            continue
        if node.op.scalar_op == ps.and_ and not known:
            return filled(fgraph, out, 0) if other.type.dtype == out.type.dtype else None
        all_bits = out.type.dtype == "bool" and bool(known)
        if node.op.scalar_op == ps.or_ and all_bits:
            return filled(fgraph, out, 1)
        keeps = all_bits if node.op.scalar_op == ps.and_ else not known
        new = match_type(out, other) if keeps else None
        if new is not None and other.type.dtype == out.type.dtype:
            return [new]
    return None


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([eq, neq, lt, gt, le, ge, sub, xor])
def local_useless_elemwise_comparison(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``x < x -> False``; ``x == x -> True``, ``x - x -> 0`` for integers; ``n < 0 -> False``."""
    a, b = node.inputs
    [out] = node.outputs
    op = node.op.scalar_op
    if a is b:
        # A NaN is not below itself either, but it is not equal to itself.
        if op in (ps.lt, ps.gt) or (is_exact(a) and op in (ps.neq, ps.sub, ps.xor)):
            return filled(fgraph, out, 0)
        if is_exact(a) and op in (ps.eq, ps.le, ps.ge):
            return filled(fgraph, out, 1)
        return None
    answer = _compare_length(op, a, b)
    return None if answer is None else filled(fgraph, out, answer)


_MIRRORED = {ps.lt: ps.gt, ps.gt: ps.lt, ps.le: ps.ge, ps.ge: ps.le, ps.eq: ps.eq, ps.neq: ps.neq}


def _compare_length(op: Any, a: Variable, b: Variable) -> bool | None:
    """Answer ``n < 0``, ``n >= 0``, ``n == -1`` ... for the length ``n`` of a dimension."""
    if op not in _MIRRORED:
        return None
    if constant_value(a) is not None:
        op, a, b = _MIRRORED[op], b, a
    bound = constant_value(b)
    if bound is None or not is_length(a):
        return None
    if bound < 0 and op in (ps.eq, ps.lt, ps.le):
        return False
    if bound < 0 and op in (ps.neq, ps.gt, ps.ge):
        return True
    if bound == 0 and op in (ps.lt, ps.ge):
        return op == ps.ge
    return None


def is_length(var: Variable) -> bool:
    """Whether ``var`` is known not to be negative because lengths of dimensions make it up."""
    pending, seen = [var], 0
    while pending:
        var = pending.pop()
        seen += 1
        value = constant_value(var)
        if value is not None:
            if value < 0:
                return False
            continue
        node = var.owner
        if node is None or seen > 32:
            return False
        op = scalar_op_of(var)
        if isinstance(node.op, Shape_i):
            continue
        transparent = isinstance(node.op, DimShuffle | ScalarFromTensor | TensorFromScalar)
        if transparent or op in (ps.add, ps.mul, ps.scalar_minimum):
            pending.extend(node.inputs)
        else:
            return False
    return True


@register_canonicalize
@register_specialize
@node_rewriter([maximum, minimum])
def local_useless_length_bound(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``maximum(n, 0) -> n`` and ``minimum(n, 0) -> 0`` for the length ``n`` of a dimension."""
    # Lengths as well are what a range, or a slice, makes of lengths.
    if len(node.inputs) != 2:
        return None
    [out] = node.outputs
    for bound, length in (tuple(node.inputs), tuple(reversed(node.inputs))):
        if constant_value(bound) == 0 and is_exact(bound) and is_length(length):
            kept = length if node.op.scalar_op == ps.scalar_maximum else bound
            new = match_type(out, kept)
            return None if new is None else [new]
    return None


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([switch])
def local_useless_switch(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``switch(True, x, y) -> x``, ``switch(c, x, x) -> x``, ``switch(~c, x, y)`` turned round."""
    condition, yes, no = node.inputs
    [out] = node.outputs
    known = constant_value(condition)
    if known is not None:
        return _broadcast_to(fgraph, out, yes if known else no)
    if is_same(yes, no):
        return _broadcast_to(fgraph, out, yes)
    if scalar_op_of(condition) == ps.invert and condition.type.dtype == "bool":
        return [switch(condition.owner.inputs[0], no, yes)]
    return None


@register_canonicalize
@node_rewriter([switch])
def local_merge_switch_same_cond(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``switch(c, switch(c, x, y), z) -> switch(c, x, z)``."""
    condition, yes, no = node.inputs
    if scalar_op_of(yes) == ps.switch and yes.owner.inputs[0] is condition:
        new = switch(condition, yes.owner.inputs[1], no)
    elif scalar_op_of(no) == ps.switch and no.owner.inputs[0] is condition:
        new = switch(condition, yes, no.owner.inputs[2])
    else:
        return None
    new = match_type(node.outputs[0], new)
    return None if new is None else [new]


def _broadcast_to(fgraph: Any, out: Variable, x: Variable) -> list[Variable] | None:
    """Return ``x`` in the dtype and shape of ``out``, which has ``x`` as an operand."""
    new = match_type(out, x)
    if new is not None and shapes_of(fgraph).same_shape(new, out):
        return [new]
    given = next((v for v in out.owner.inputs if v is not x and _gives_shape(fgraph, v, out)), None)
    if given is None:
        return None
    return (
        [second(given, x if x.type.dtype == out.type.dtype else new)] if new is not None else None
    )


def _gives_shape(fgraph: Any, x: Variable, out: Variable) -> bool:
    return x.type.broadcastable == out.type.broadcastable and shapes_of(fgraph).same_shape(x, out)


@register_canonicalize
@node_rewriter([invert])
def local_invert_comparison(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``~(x == y) -> x != y`` and back; order comparisons only where NaN cannot be."""
    inner = node.inputs[0]
    op = scalar_op_of(inner)
    exact = op is not None and all(is_exact(x) for x in inner.owner.inputs)
    opposite = {ps.eq: neq, ps.neq: eq}
    if exact:
        opposite |= {ps.lt: ge, ps.ge: lt, ps.gt: le, ps.le: gt}
    return [opposite[op](*inner.owner.inputs)] if op in opposite else None


# -- casts -----------------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([OpPattern(Elemwise, scalar_op=lambda op: isinstance(op, ps.Cast))])
def local_cast_cast(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``cast(x, dtype of x) -> x``; ``cast(cast(x, a), b) -> cast(x, b)`` if ``a`` is wider."""
    [x], [out] = node.inputs, node.outputs
    if x.type.dtype == out.type.dtype:
        return [x]
    if not isinstance(scalar_op_of(x), ps.Cast):
        return None
    [source] = x.owner.inputs
    lossless = np.can_cast(source.type.dtype, x.type.dtype, "safe")
    exact = not (
        source.type.dtype in ps.discrete_dtypes
        and x.type.dtype == "float64"
        and np.dtype(source.type.dtype).itemsize == 8
    )
    if not (lossless and exact):
        return None
    return [source] if source.type.dtype == out.type.dtype else [node.op(source)]
