"""The databases of rewrites on tensor graphs, how rewrites enter them, and questions they all ask.

A rewrite is written once, as a row of a table or as a function, and *registered* in one or more
phases. The phases themselves, in the order in which they run, are listed in ``phases.py``.

Tags decide what a mode switches on: ``fast_run`` and ``fast_compile`` are what the modes of these
names ask for. A rewrite that could turn a NaN or an infinity into an ordinary number (or the other
way round), or make a -0.0 of an ordinary 0.0, is registered with ``nan_unsafe`` instead: no mode
has it unless it asks, ``mode.including("nan_unsafe")``. A rewrite that may keep a -0.0 where the
computation as written has 0.0, as ``x + 0 -> x`` does, carries the tag ``zero_sign``: it is on by
default and a mode can exclude it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.rewriting.basic import copy_stack_trace, in2out, node_rewriter
from pytensorlite.graph.rewriting.db import EquilibriumDB
from pytensorlite.graph.rewriting.pattern import (
    Bindings,
    Rule,
    Rules,
    fit,
    look_through,
    register_operators,
)
from pytensorlite.tensor.basic import (
    Alloc,
    ARange,
    ScalarFromTensor,
    TensorFromScalar,
    alloc,
    cast,
    constant,
)
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise, elemwise_of
from pytensorlite.tensor.rewriting.shape_feature import shapes_of
from pytensorlite.tensor.shape import specify_shape
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
)
from pytensorlite.tensor.type import TensorType, complex_dtypes, discrete_dtypes, float_dtypes
from pytensorlite.tensor.variable import TensorConstant


def _database(name: str) -> EquilibriumDB:
    database = EquilibriumDB()
    # The name is a tag of every rewrite in it, so that ``include=["canonicalize"]`` selects them.
    database.name = name
    return database


useless = _database("useless")
canonicalize = _database("canonicalize")
stabilize = _database("stabilize")
specialize = _database("specialize")
uncanonicalize = _database("uncanonicalize")
inline = _database("inline")


def register_in(*databases: EquilibriumDB) -> Callable:
    """Return what registers a rewrite, or a table of rules, in ``databases``.

    It is used as a decorator, bare or with tags, or called on a table::

        @register_canonicalize
        @node_rewriter([Reshape])
        def local_useless_reshape(fgraph, node): ...

        @register_specialize("nan_unsafe")
        @node_rewriter([Elemwise])
        def local_mul_zero(fgraph, node): ...

        register_stabilize(Rules(rule("local_log1p", log(1 + x), log1p(x))))
    """

    def register(rewrite: Any, *tags: str, name: str | None = None, **kwargs: Any) -> Any:
        if isinstance(rewrite, str):
            return lambda later: register(later, rewrite, *tags, name=name, **kwargs)
        for row in rewrite if isinstance(rewrite, Rules) else [rewrite]:
            own = (*tags, *getattr(row, "tags", ()))
            key = name or getattr(row, "name", None) or row.__name__
            for database in databases:
                _register(database, key, row, own, **kwargs)
        return rewrite

    return register


def _register(database: EquilibriumDB, key: str, rewrite: Any, tags: tuple, **kwargs: Any) -> None:
    safe = not {"nan_unsafe", "unsafe"} & set(tags)
    tags = ("fast_run", "fast_compile", *tags) if safe else tags
    database.register(key, rewrite, *tags, use_db_name_as_tag=safe, **kwargs)


register_useless = register_in(useless)
register_canonicalize = register_in(canonicalize)
register_stabilize = register_in(stabilize)
register_specialize = register_in(specialize)
register_uncanonicalize = register_in(uncanonicalize)
register_inline = register_in(inline)
# What follows from shapes is wanted as early as possible and again whenever it shows up.
register_infer_shape = register_in(canonicalize, specialize)


# -- rules -----------------------------------------------------------------------------------------


class RealRule(Rule):
    """A rule about real numbers: every name in it stands for floats of the result's dtype.

    Integers wrap around and a narrower float rounds on the way, so what is an identity of real
    numbers holds in floating point only where one dtype goes through. Constants may be of any
    dtype.
    """

    def _replacement(self, surroundings: Mapping[str, Any], bound: Bindings) -> Any:
        dtype = surroundings["node"].outputs[0].type.dtype
        if dtype not in float_dtypes:
            return None
        for value in bound.values():
            if (
                isinstance(value, Variable)
                and value.type.dtype != dtype
                and not isinstance(value, Constant)
            ):
                return None
        return super()._replacement(surroundings, bound)


def real_rule(name: str, before: Any, after: Any, **options: Any) -> RealRule:
    """Return a rule that applies to real floats only (see `graph.rewriting.pattern.rule`)."""
    return RealRule(name, before, after, **options)


register_operators(
    **{name: elemwise_of(op) for name, op in {
        "add": ps.add, "sub": ps.sub, "mul": ps.mul, "truediv": ps.true_div, "pow": ps.pow,
        "neg": ps.neg, "abs": ps.abs, "lt": ps.lt, "le": ps.le, "gt": ps.gt, "ge": ps.ge,
        "and": ps.and_, "or": ps.or_, "xor": ps.xor, "invert": ps.invert,
    }.items()}
)  # fmt: skip
look_through(DimShuffle)
look_through(Alloc)


# -- questions -------------------------------------------------------------------------------------


def constant_value(var: Variable) -> Any:
    """Return the number that every element of ``var`` is known to be, or None.

    Looks through what only repeats or moves a number: broadcasts, ``alloc``, ``fill``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> constant_value(pt.alloc(pt.constant(2.0), 3, 4)).item()
    2.0
    >>> constant_value(pt.vector()) is None
    True
    """
    while True:
        if isinstance(var, TensorConstant):
            return var.unique_value
        if isinstance(var, Constant):
            return var.data if isinstance(var.data, np.number | np.bool_) else None
        node = var.owner
        if node is None:
            return None
        op = node.op
        if isinstance(op, DimShuffle | Alloc | TensorFromScalar | ScalarFromTensor):
            var = node.inputs[0]
        elif isinstance(op, Elemwise) and op.scalar_op == ps.second:
            var = node.inputs[1]
        else:
            return None


def is_zero(var: Variable) -> bool:
    """Whether every element of ``var`` is known to be a zero, of either sign."""
    value = constant_value(var)
    return value is not None and bool(value == 0)


def is_one(var: Variable) -> bool:
    """Whether every element of ``var`` is known to be one."""
    value = constant_value(var)
    return value is not None and bool(value == 1)


def is_exact(var: Variable) -> bool:
    """Whether ``var`` is of a dtype without NaN, infinity and rounding."""
    return var.type.dtype in discrete_dtypes


def is_complex(var: Variable) -> bool:
    """Whether ``var`` is of a complex dtype."""
    return var.type.dtype in complex_dtypes


def has_one_client(fgraph: Any, var: Variable) -> bool:
    """Whether a single input of a single node reads ``var``, so that nothing else needs it."""
    return len(fgraph.clients[var]) == 1


def scalar_op_of(var: Variable) -> Any:
    """Return the scalar op of the `Elemwise` that computes ``var``, or None."""
    node = var.owner
    return node.op.scalar_op if node is not None and type(node.op) is Elemwise else None


# -- building --------------------------------------------------------------------------------------


def expand_to(var: Variable, ndim: int) -> Variable:
    """Return ``var`` with length-1 dimensions on the left until it has ``ndim``."""
    missing = ndim - var.type.ndim
    if missing <= 0:
        return var
    order = ["x"] * missing + list(range(var.type.ndim))
    return DimShuffle(input_ndim=var.type.ndim, new_order=order)(var)


def is_same(a: Any, b: Any) -> bool:
    """Whether two variables are one, or constants of one value."""
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.equals(b))


def match_type(old: Variable, new: Variable) -> Variable | None:
    """Return ``new`` as what may stand for ``old``: in its dtype and its rank.

    None where only a broadcast could make the shapes agree.
    """
    if new.type.dtype != old.type.dtype:
        new = cast(new, old.type.dtype)
    new = expand_to(new, old.type.ndim)
    if new.type.ndim != old.type.ndim:
        return None
    for was, now in zip(old.type.shape, new.type.shape, strict=True):
        if now == 1 and was != 1:
            return None
    # What the old variable's type promised must hold for its stand-in too.
    return new if old.type.is_super(new.type) else specify_shape(new, old.type.shape)


def filled(fgraph: Any, out: Variable, value: Any) -> list[Variable] | None:
    """Return ``value`` in the dtype and shape of ``out``, without computing ``out``."""
    number = constant(value, dtype=out.type.dtype)
    if out.type.ndim == 0:
        return [number]
    lengths = shapes_of(fgraph).shape(out)
    # A length that can only be read off the variable itself would keep it.
    if any(n.owner is not None and out in n.owner.inputs for n in lengths):
        return None
    new = alloc(number, *lengths)
    return [new] if out.type.is_super(new.type) else None


@fit.register(TensorType)
def _fit_tensor(kind: TensorType, old: Variable, new: Variable) -> Variable | None:
    """Cast and expand the replacement that a rule made; None where the shapes do not agree."""
    if not isinstance(new.type, TensorType):
        return None
    matched = match_type(old, new)
    return matched if matched is not None and kind.is_super(matched.type) else None


# -- constants -------------------------------------------------------------------------------------

# A constant larger than this (and than what it is computed from) stays a computation: a graph that
# says "ones of length 10**6" must not carry eight megabytes about.
LARGEST_FOLDED = 1024
INDEXING = (AdvancedSubtensor, AdvancedSubtensor1, AdvancedIncSubtensor, AdvancedIncSubtensor1)


@register_useless("topo_constant_folding")
@register_canonicalize("topo_constant_folding")
@register_stabilize("topo_constant_folding")
@register_specialize("topo_constant_folding")
@node_rewriter(None)
def constant_folding(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``f(constants) -> constant``, unless the op refuses or the constant would be large."""
    inputs: list[Any] = node.inputs
    if not inputs or not all(isinstance(x, Constant) for x in inputs):
        return None
    if not node.op.do_constant_folding(fgraph, node) or _is_index(fgraph, node):
        return None
    budget = max(LARGEST_FOLDED, *(np.size(x.data) for x in inputs))
    if any(_certain_size(out) > budget for out in node.outputs):
        return None
    folded = _folded(node)
    if folded is None or any(np.size(x.data) > budget for x in folded):
        return None
    return folded


def _is_index(fgraph: Any, node: Apply) -> bool:
    """Whether a range indexes an array: loops know it as the axis, where it runs along one."""
    readers = (client.op for client, _ in fgraph.clients.get(node.outputs[0], ()))
    return isinstance(node.op, ARange) and any(isinstance(op, INDEXING) for op in readers)


@node_rewriter(None)
def unconditional_constant_folding(fgraph: Any, node: Apply) -> list[Variable] | None:
    """``f(constants) -> constant``, whatever the op and the size."""
    if not all(isinstance(x, Constant) for x in node.inputs):
        return None
    return _folded(node)


topo_constant_folding = in2out(constant_folding, name="topo_constant_folding")
topo_unconditional_constant_folding = in2out(
    unconditional_constant_folding, name="topo_unconditional_constant_folding"
)


def _certain_size(out: Variable) -> int:
    """Return how many elements ``out`` has at least, by its static shape."""
    size = 1
    for length in getattr(out.type, "shape", ()):
        size *= 1 if length is None else length
    return size


def _folded(node: Apply) -> list[Any] | None:
    """Return the outputs as constants; None if that is an error, which calls will raise."""
    inputs: list[Any] = node.inputs
    storage: list[list] = [[None] for _ in node.outputs]
    with np.errstate(all="ignore"):
        try:
            node.op.perform(node, [x.data for x in inputs], storage)
        except Exception:
            return None
    folded = []
    for out, [value] in zip(node.outputs, storage, strict=True):
        kind = out.type
        if isinstance(kind, TensorType):
            # The value tells the shape exactly.
            kind = kind.clone(shape=np.shape(value))
        folded.append(copy_stack_trace(out, kind.make_constant(value)))
    return folded
