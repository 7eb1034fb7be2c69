"""Rewrites of shapes, reshapes and fills: shape computations that nobody needs disappear.

``Shape(x)`` becomes a vector of ``Shape_i``, and each ``Shape_i`` is asked of the `ShapeFeature`,
which derives it from the inputs of the graph: the array whose shape was asked need not be computed.
A filled array (``fill``, ``alloc``) becomes a broadcast wherever another operand already has its
shape; only what remains at the end is materialised.
"""

from __future__ import annotations

from typing import Any

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensorlite.tensor.basic import (
    Alloc,
    AllocEmpty,
    MakeVector,
    alloc,
    as_tensor_variable,
    cast,
    second,
)
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.rewriting.basic import (
    constant_value,
    expand_to,
    match_type,
    register_canonicalize,
    register_infer_shape,
    register_specialize,
    register_stabilize,
    register_useless,
    scalar_op_of,
)
from pytensorlite.tensor.rewriting.shape_feature import ShapeFeature, shapes_of
from pytensorlite.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape, reshape, specify_shape
from pytensorlite.tensor.type import TensorType

__all__ = ["ShapeFeature", "shapes_of"]


# -- the shape of a thing --------------------------------------------------------------------------


@register_infer_shape
@node_rewriter([Shape])
def local_shape_to_shape_i(fgraph: Any, node: Apply) -> list[Variable]:
    """``shape(x) -> [shape_i(x, 0), shape_i(x, 1), ...]``."""
    lengths = shapes_of(fgraph).shape(node.inputs[0])
    return [MakeVector("int64")(*lengths)]


@register_infer_shape
@node_rewriter([Shape_i])
def local_shape_i_lift(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``shape_i(f(x), i) ->`` what the shape of ``x`` says it is."""
    [x] = node.inputs
    if x.owner is None and x.type.shape[node.op.i] is None:
        return None
    length = shapes_of(fgraph).get_shape(x, node.op.i)
    if length.owner is not None and length.owner.op == node.op and length.owner.inputs[0] is x:
        return None
    return [length]


# -- reshape ---------------------------------------------------------------------------------------


@register_canonicalize
@register_specialize
@node_rewriter([Reshape])
def local_reshape_chain(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``reshape(reshape(x, s), t) -> reshape(x, t)``."""
    x, target = node.inputs
    if not (x.owner and isinstance(x.owner.op, Reshape)):
        return None
    return _with_static_shape(node, node.op(x.owner.inputs[0], target))


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([Reshape])
def local_useless_reshape(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``reshape(x, x.shape) -> x``; one length of the target may be -1 or unknown."""
    x, target = node.inputs
    [out] = node.outputs
    if x.type.ndim != out.type.ndim:
        return None
    if not out.type.is_super(x.type):
        return None
    lengths = _elements(target, out.type.ndim)
    return [x] if all(_keeps(fgraph, node, i, i, n) for i, n in enumerate(lengths)) else None


def _keeps(fgraph: Any, node: Apply, i: int, j: int, length: Variable | None) -> bool:
    """Whether axis ``i`` becomes axis ``j`` of ``length``; -1 is what the others leave for it."""
    [x, _], [out] = node.inputs, node.outputs
    if out.type.shape[j] is not None and out.type.shape[j] == x.type.shape[i]:
        return True
    if length is None:
        return False
    shapes = shapes_of(fgraph)
    return constant_value(length) == -1 or shapes.same_length(length, shapes.get_shape(x, i))


@register_canonicalize
@register_specialize
@node_rewriter([Reshape])
def local_reshape_to_dimshuffle(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``reshape(x, (1, n, 1)) -> x[None, :, None]`` where only lengths of 1 come and go."""
    x, target = node.inputs
    [out] = node.outputs
    if out.type.shape.count(1) == 0 and x.type.shape.count(1) == 0:
        return None
    kept_x = [i for i, length in enumerate(x.type.shape) if length != 1]
    kept_out = [i for i, length in enumerate(out.type.shape) if length != 1]
    if len(kept_x) != len(kept_out):
        return None
    lengths = _elements(target, out.type.ndim)
    if not all(
        _keeps(fgraph, node, i, j, lengths[j]) for i, j in zip(kept_x, kept_out, strict=True)
    ):
        return None
    source = iter(kept_x)
    order = ["x" if length == 1 else next(source) for length in out.type.shape]
    if order == list(range(x.type.ndim)):
        return None
    return _with_static_shape(node, DimShuffle(input_ndim=x.type.ndim, new_order=order)(x))


def _with_static_shape(node: Apply, new: Variable) -> list[Variable]:
    """Return ``new`` with what the old output's type knows of its shape."""
    [out] = node.outputs
    copy_stack_trace(out, new)
    return [new if out.type.is_super(new.type) else specify_shape(new, out.type.shape)]


def _elements(target: Variable, ndim: int) -> list[Variable | None]:
    """Return the elements of a shape vector, None where they cannot be told apart."""
    from pytensorlite.graph.basic import Constant
    from pytensorlite.tensor.basic import constant

    if isinstance(target, Constant):
        return [constant(int(n), dtype="int64") for n in target.data]
    if target.owner and isinstance(target.owner.op, MakeVector):
        return list(target.owner.inputs)
    if ndim == 1 and target.owner and isinstance(target.owner.op, DimShuffle):
        return list(target.owner.inputs)
    return [None] * ndim


# -- specify_shape ---------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([SpecifyShape])
def local_useless_specify_shape(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``specify_shape(x, s) -> x`` where the type of ``x``, or its known shape, says so already."""
    x, *lengths = node.inputs
    for i, length in enumerate(lengths):
        if not isinstance(length.type, TensorType) and not hasattr(length.type, "dtype"):
            continue  # None: nothing is asked of this dimension
        static = constant_value(length)
        if static is not None and static == x.type.shape[i]:
            continue
        if not shapes_of(fgraph).same_length(
            shapes_of(fgraph).unpack(length), shapes_of(fgraph).get_shape(x, i)
        ):
            return None
    return [x] if node.outputs[0].type.is_super(x.type) else None


@register_canonicalize
@register_specialize
@node_rewriter([SpecifyShape])
def local_merge_consecutive_specify_shape(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``specify_shape(specify_shape(x, s), t) -> specify_shape(x, t or s)``."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, SpecifyShape)):
        return None
    lengths = []
    for old, new in zip(inner.inputs[1:], node.inputs[1:], strict=True):
        old_is_free, new_is_free = not hasattr(old.type, "dtype"), not hasattr(new.type, "dtype")
        if not old_is_free and not new_is_free and old is not new:
            same = constant_value(old) is not None and constant_value(old) == constant_value(new)
            if not same:
                return None
        lengths.append(old if new_is_free else new)
    return [specify_shape(inner.inputs[0], lengths)]


@register_canonicalize
@register_specialize
@node_rewriter([Shape])
def local_Shape_of_SpecifyShape(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``shape(specify_shape(x, s)) -> s``."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, SpecifyShape)):
        return None
    x, *lengths = inner.inputs
    shapes = shapes_of(fgraph)
    dims = [
        shapes.unpack(length) if hasattr(length.type, "dtype") else shapes.get_shape(x, i)
        for i, length in enumerate(lengths)
    ]
    return [MakeVector("int64")(*dims)]


# -- fill and alloc --------------------------------------------------------------------------------


@register_useless
@register_canonicalize
@register_specialize
@node_rewriter([second])
def local_useless_fill(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``fill(x, v) -> v`` where ``v`` has the shape of the result already."""
    value = node.inputs[1]
    if not shapes_of(fgraph).same_shape(value, node.outputs[0]):
        return None
    new = match_type(node.outputs[0], value)
    return None if new is None else [new]


@register_useless
@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Alloc])
def local_useless_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``alloc(x, *x.shape) -> x``."""
    value, *lengths = node.inputs
    [out] = node.outputs
    if value.type.ndim != out.type.ndim or not out.type.is_super(value.type):
        return None
    if value.type.broadcastable != out.type.broadcastable:
        return None
    shapes = shapes_of(fgraph)
    dims = shapes.shape(value)
    if all(shapes.same_length(shapes.unpack(n), d) for n, d in zip(lengths, dims, strict=True)):
        return [value]
    return None


@register_canonicalize
@register_stabilize
@register_specialize
@node_rewriter([Alloc])
def local_merge_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``alloc(alloc(x, n), m, n) -> alloc(x, m, n)`` where the inner lengths stay or were 1."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, Alloc)):
        return None
    value, *inner_lengths = inner.inputs
    outer_lengths = node.inputs[1:]
    shapes = shapes_of(fgraph)
    for was, now in zip(inner_lengths, outer_lengths[-len(inner_lengths) :], strict=False):
        if constant_value(was) != 1 and not shapes.same_length(
            shapes.unpack(was), shapes.unpack(now)
        ):
            return None
    return [alloc(value, *outer_lengths)] if inner_lengths else None


@register_canonicalize
@register_specialize
@node_rewriter([DimShuffle])
def local_alloc_sink_dimshuffle(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``alloc(x, 1, n)[0] -> alloc(x, n)``: dimensions moved about in a filled array."""
    inner = node.inputs[0].owner
    if not (inner and isinstance(inner.op, Alloc)):
        return None
    value, *lengths = inner.inputs
    one = shapes_of(fgraph).lscalar_one
    new_lengths = [one if i == "x" else lengths[i] for i in node.op.new_order]
    if value.type.ndim:
        offset = len(lengths) - value.type.ndim
        if (any(i != "x" and i < offset for i in node.op.new_order) and offset) or offset:
            value = expand_to(value, len(lengths))
        value = DimShuffle(input_ndim=len(lengths), new_order=node.op.new_order)(value)
    return [alloc(value, *new_lengths)] if new_lengths else [value]


@register_stabilize
@register_specialize
@node_rewriter([second])
def local_second_to_alloc(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``fill(x, v) -> alloc(v, *x.shape)``: ``x`` itself need not be computed."""
    [out] = node.outputs
    value = node.inputs[1]
    lengths = shapes_of(fgraph).shape(out)
    if any(_reads(length, out) for length in lengths):
        return None
    value = cast(value, out.type.dtype)
    return _with_static_shape(node, alloc(value, *lengths)) if out.type.ndim else [value]


def _reads(length: Variable, var: Variable) -> bool:
    """Whether a length is read off ``var`` itself, which must then be computed anyway."""
    node = length.owner
    return node is not None and isinstance(node.op, Shape_i) and node.inputs[0] is var


@register_canonicalize
@register_specialize
@node_rewriter([Elemwise])
def local_fill_sink(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``f(fill(x, v), y) -> f(v, y)`` where ``y`` gives the shape, and so for ``alloc``."""
    if node.op.scalar_op == ps.second:
        return None
    shapes = shapes_of(fgraph)
    [out] = node.outputs[:1]
    filled = {i: v for i, x in enumerate(node.inputs) if (v := _filled_with(x)) is not None}
    if not filled:
        return None
    new_inputs = list(node.inputs)
    changed = False
    for i, value in filled.items():
        others = [x for j, x in enumerate(new_inputs) if j != i]
        if _dims_are_given(shapes, out, others, node.inputs[i]):
            new_inputs[i] = expand_to(value, out.type.ndim)
            changed = True
    if not changed:
        return _sink_below(shapes, node, filled)
    return _with_static_shape(node, node.op(*new_inputs))


def _filled_with(x: Variable) -> Any:
    """Return the value that ``x`` repeats, of fewer or shorter dimensions, or None."""
    node = x.owner
    if node is None:
        return None
    if isinstance(node.op, Alloc):
        return node.inputs[0]
    if scalar_op_of(x) == ps.second:
        value = node.inputs[1]
        return cast(value, x.type.dtype)
    return None


def _dims_are_given(
    shapes: ShapeFeature, out: Variable, others: list[Variable], filled: Variable
) -> bool:
    """Whether each dimension that ``filled`` broadcasts is given by another operand as well."""
    value = _filled_with(filled)
    offset = filled.type.ndim - value.type.ndim
    for d, length in enumerate(filled.type.shape):
        if length == 1 or (d >= offset and value.type.shape[d - offset] != 1):
            continue
        if not any(x.type.shape[d] != 1 and shapes.same_shape(x, filled, d, d) for x in others):
            return False
    return True


def _sink_below(shapes: ShapeFeature, node: Apply, filled: dict[int, Variable]) -> list | None:
    """``f(fill(x, v), c) -> fill(x, f(v, c))`` where only repeated values meet."""
    [out] = node.outputs
    smaller = [
        expand_to(filled[i], out.type.ndim) if i in filled else x for i, x in enumerate(node.inputs)
    ]
    if any(length != 1 for x in smaller for length in x.type.shape):
        return None
    value = node.op(*smaller)
    copy_stack_trace(out, value)
    giver = next(node.inputs[i] for i in filled).owner
    if isinstance(giver.op, Alloc):
        return _with_static_shape(node, alloc(value, *shapes.shape(out)))
    source = giver.inputs[0]
    if not shapes.same_shape(source, out):
        return None
    return [giver.op(source, value)]


@register_specialize
@node_rewriter([AllocEmpty])
def local_alloc_empty_shape(fgraph: Any, node: Apply) -> None:
    """Leave uninitialised memory alone: nothing may be concluded from its values."""
    return None


def shape_vector(shapes: ShapeFeature, var: Variable) -> Variable:
    """Return the shape of ``var`` as one int64 vector."""
    return as_tensor_variable(list(shapes.shape(var)), dtype="int64", ndim=1)


def reshape_like(x: Variable, like: Variable, shapes: ShapeFeature) -> Variable:
    """Return ``x`` in the shape of ``like``."""
    return reshape(x, shape_vector(shapes, like), ndim=like.type.ndim)
