"""Steps that work element by element: rows of one expression, for the graph and for NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.elemwise import Elemwise
from tests.fuzz.graphs import FLOATS, INTEGERS, Entry, Graph, Level, pick
from tests.fuzz.steps.names import NUMPY

CLOSE, ROUNDED, EXACT, SIGNED = Level


class Row(NamedTuple):
    """An expression of a namespace `m` and operands, and for which kinds of dtype it is."""

    expression: Callable
    kinds: str
    level: Level = CLOSE
    below: float = np.inf  # operands must not exceed it


def _by_name(m: Any, name: str, *operands: Any) -> Any:
    """An op that has no name among the functions of tensors."""
    return getattr(m if m is NUMPY else _Scalar, name)(*operands)


class _Scalar:
    """The ops of the scalar table, for arrays."""

    signbit = Elemwise(ps.signbit)
    copysign = Elemwise(ps.copysign)
    left_shift = Elemwise(ps.left_shift)
    right_shift = Elemwise(ps.right_shift)


def _without_zeros(m: Any, x: Any) -> Any:
    """Return `x`, and 1 for a zero, whose sign depends on how a sum of zeros is written."""
    return m.where(abs(x) > 0, x, np.asarray(1, x.dtype))


# fmt: off
UNARY = [
    Row(lambda m, x: -x, "iufc", SIGNED),
    Row(lambda m, x: abs(x), "iuf", SIGNED),
    Row(lambda m, x: abs(x), "c"),
    Row(lambda m, x: m.sqr(x), "biuf", ROUNDED),
    Row(lambda m, x: m.sign(x), "iuf", EXACT),
    Row(lambda m, x: m.sin(x), "iufc"),
    Row(lambda m, x: m.cos(x), "f"),
    Row(lambda m, x: m.tanh(x), "iuf"),
    Row(lambda m, x: m.arctan(x), "f"),
    Row(lambda m, x: m.sigmoid(x), "f"),
    Row(lambda m, x: m.softplus(x), "f"),
    Row(lambda m, x: m.erf(x), "f"),
    Row(lambda m, x: m.arcsinh(x), "f"),
    Row(lambda m, x: m.exp(x), "fc", CLOSE, 3.0),
    Row(lambda m, x: m.expm1(x), "f", CLOSE, 3.0),
    Row(lambda m, x: m.exp2(x), "f", CLOSE, 4.0),
    Row(lambda m, x: m.cosh(x), "f", CLOSE, 3.0),
    Row(lambda m, x: m.log(abs(x) + 0.5), "f"),
    Row(lambda m, x: m.log1p(m.sqr(x)), "f"),
    Row(lambda m, x: m.sqrt(abs(x) + 0.25), "f"),
    Row(lambda m, x: m.sqrt(x), "c"),
    Row(lambda m, x: m.gammaln(abs(x) + 0.5), "f"),
    Row(lambda m, x: m.conj(x), "c", SIGNED),
    Row(lambda m, x: m.real(x), "c", SIGNED),
    Row(lambda m, x: m.imag(x), "c", SIGNED),
    Row(lambda m, x: ~x, "biu", SIGNED),
    Row(lambda m, x: m.logical_not(x), "biu", SIGNED),
    Row(lambda m, x: m.isnan(x), "f", SIGNED),
    Row(lambda m, x: m.isfinite(x), "f", SIGNED),
    Row(lambda m, x: _by_name(m, "signbit", _without_zeros(m, x)), "f", SIGNED),
    Row(lambda m, x: _by_name(m, "copysign", x, np.asarray(-0.0, x.dtype)), "f", SIGNED),
    # what rewrites look for
    Row(lambda m, x: m.log(1 + m.exp(x)), "f", CLOSE, 20.0),
    Row(lambda m, x: 1 / (1 + m.exp(-x)), "f", CLOSE, 20.0),
    Row(lambda m, x: 1 - m.sigmoid(x), "f"),
    Row(lambda m, x: m.exp(x) - 1, "f", CLOSE, 3.0),
    Row(lambda m, x: m.log(m.exp(x)), "f", CLOSE, 3.0),
    Row(lambda m, x: m.log(m.sigmoid(x)), "f", CLOSE, 8.0),
    Row(lambda m, x: m.log(m.softplus(x) + 0.5), "f"),
    Row(lambda m, x: 1 - m.erf(x), "f"),
    Row(lambda m, x: m.sqr(m.sqrt(abs(x))), "f"),
    Row(lambda m, x: m.sqrt(m.sqr(x)), "f"),
    Row(lambda m, x: x * 2 * 3, "f", ROUNDED),
    Row(lambda m, x: x / 4 / 2, "f", ROUNDED),
    Row(lambda m, x: 2 * x + 3 * x, "f", ROUNDED),
    Row(lambda m, x: x * 0, "iuf", ROUNDED),
    Row(lambda m, x: 0 - x, "f", ROUNDED),
    Row(lambda m, x: x + 0, "iufc", ROUNDED),
    Row(lambda m, x: x * 1, "iufc", ROUNDED),
    Row(lambda m, x: x - x, "iuf", ROUNDED),
    Row(lambda m, x: x**2, "if", ROUNDED),  # of unsigned integers it is int16, in NumPy not
    Row(lambda m, x: x**3, "f"),
    Row(lambda m, x: x**0, "f", ROUNDED),
    Row(lambda m, x: (abs(x) + 0.5) ** -1, "f", ROUNDED),
    Row(lambda m, x: (abs(x) + 0.5) ** 0.5, "f"),
    Row(lambda m, x: m.exp(m.log(abs(x) + 0.5)), "f"),
    Row(lambda m, x: -(-x), "iuf", SIGNED),
    Row(lambda m, x: x / x, "f", ROUNDED),
    Row(lambda m, x: m.maximum(x, 0), "f", EXACT),
    Row(lambda m, x: m.clip(x, -0.5, 0.75), "f", EXACT),
    Row(lambda m, x: m.cast(m.cast(x, "float64"), "float32"), "f", SIGNED),
]

BINARY = [
    Row(lambda m, x, y: x + y, "biufc", ROUNDED),
    Row(lambda m, x, y: x - y, "iufc", ROUNDED),
    Row(lambda m, x, y: x * y, "biuf", ROUNDED),
    Row(lambda m, x, y: x * y, "c"),
    Row(lambda m, x, y: x / (abs(y) + 0.5), "fc"),
    Row(lambda m, x, y: x / y, "iu", ROUNDED),
    Row(lambda m, x, y: m.maximum(x, y), "biuf", EXACT),
    Row(lambda m, x, y: m.minimum(x, y), "biuf", EXACT),
    Row(lambda m, x, y: m.second(x, y), "biufc", SIGNED),
    Row(lambda m, x, y: m.arctan2(x, abs(y) + 0.5), "f"),  # jumps where zeros differ in sign
    Row(lambda m, x, y: m.hypot(x, y), "f"),
    Row(lambda m, x, y: m.logaddexp(x, y), "f"),
    Row(lambda m, x, y: (abs(x) + 0.5) ** y, "f", CLOSE, 3.0),
    Row(lambda m, x, y: x * m.exp(y) - x, "f", CLOSE, 3.0),
    Row(lambda m, x, y: m.log(m.exp(x) + m.exp(y)), "f", CLOSE, 8.0),
    Row(lambda m, x, y: x - (y - x), "f", ROUNDED),
    Row(lambda m, x, y: (x * y) / (abs(y) + 1), "f", ROUNDED),
    Row(lambda m, x, y: -(x - y), "iuf", ROUNDED),
    Row(lambda m, x, y: x - (-y), "f", ROUNDED),  # narrow integers negate before they are widened
    Row(lambda m, x, y: x & y, "biu", SIGNED),
    Row(lambda m, x, y: x | y, "biu", SIGNED),
    Row(lambda m, x, y: x ^ y, "biu", SIGNED),
    Row(lambda m, x, y: m.logical_and(x, y), "biu", SIGNED),
    Row(lambda m, x, y: m.logical_or(x, y), "biu", SIGNED),
    Row(lambda m, x, y: x // y, "iu", SIGNED),
    Row(lambda m, x, y: x % y, "iu", SIGNED),
    Row(lambda m, x, y: m.fmod(x, y), "iu", SIGNED),
    Row(lambda m, x, y: x**(y % 4), "iu", SIGNED),
    Row(lambda m, x, y: _by_name(m, "left_shift", x, y), "iu", SIGNED),
    Row(lambda m, x, y: _by_name(m, "right_shift", x, y), "iu", SIGNED),
]

COMPARISONS = ["lt", "le", "gt", "ge", "eq", "neq"]
# fmt: on


def _apply(row: Row, graph: Graph, *operands: Entry) -> Entry:
    """Add what a row makes of operands: NumPy computes in the dtype that the graph has."""
    variable = row.expression(pt, *(entry.variable for entry in operands))
    values = [entry.value for entry in operands]
    dtype = variable.type.dtype
    if dtype in FLOATS or (dtype in INTEGERS and len(operands) > 1):
        values = [value.astype(_at_least(value.dtype, dtype)) for value in values]
    value = row.expression(NUMPY, *values)
    return graph.add(variable, value, min(row.level, *(e.level for e in operands), SIGNED))


def _at_least(own: np.dtype, dtype: str) -> Any:
    """Return the dtype to compute in: real numbers in the result's, complex ones as they are."""
    return own if own.kind == "c" else np.dtype(dtype)


def unary(draw: Any, graph: Graph) -> Entry | None:
    """An op of one operand; there always is one."""
    x = pick(draw, graph)
    assert x is not None
    return _apply(draw(st.sampled_from(_fitting(UNARY, graph, x))), graph, x)


def _fitting(rows: list[Row], graph: Graph, *operands: Entry) -> list[Row]:
    kinds = {entry.kind for entry in operands}
    if np.result_type(*(entry.value.dtype for entry in operands)).kind == "f" and "f" not in kinds:
        return []  # no integer holds both int64 and uint64
    largest = max(
        float(np.abs(e.value.astype("c16"))[np.isfinite(e.value)].max(initial=0)) for e in operands
    )
    return [row for row in rows if kinds <= set(row.kinds) and largest <= row.below]


def fits(x: Entry, y: Entry) -> bool:
    """Whether `y` broadcasts to the shape of `x` by the lengths that are known to be one."""
    if y.ndim > x.ndim:
        return False
    ends = zip(x.shape[::-1], y.shape[::-1], y.static[::-1], strict=False)
    return all(n == m or static == 1 for n, m, static in ends)


def _pair(draw: Any, graph: Graph, kinds: str = "biufc") -> tuple[Entry, Entry] | None:
    x = pick(draw, graph, lambda entry: entry.kind in kinds)
    if x is None:
        return None
    y = pick(draw, graph, lambda entry: entry.kind in kinds and fits(x, entry))
    assert y is not None
    return (x, y) if draw(st.booleans()) else (y, x)


def matrices(draw: Any, graph: Graph, *shapes: tuple[int, int]) -> None:
    """Add inputs of these shapes, of every dtype that there is, so that every step finds some."""
    from tests.fuzz.graphs import numbers

    for dtype in dict.fromkeys(entry.value.dtype.name for entry in graph.pool):
        for shape in shapes:
            value = numbers(draw, graph, dtype, shape)
            graph.pool.append(Entry(graph.input(value, (None, None)), value, SIGNED))


def rows(draw: Any, graph: Graph) -> None:
    """Every row once, on operands that it accepts, of which some are longer than a vector."""
    matrices(draw, graph, (2, 9))
    start = list(graph.pool)
    pairs = [(x, y) for x in start for y in start if fits(x, y)]
    for row in UNARY:
        _try(row, graph, [(x,) for x in start])
    for row in BINARY:
        _try(row, graph, pairs)
    exact = [
        (x, y) for x, y in pairs if min(x.level, y.level) >= EXACT and "c" not in x.kind + y.kind
    ]
    for name in COMPARISONS if exact else ():
        x, y = exact[graph.rng.integers(len(exact))]
        value = getattr(NUMPY, name)(x.value, y.value)
        graph.add(getattr(pt, name)(x.variable, y.variable), value, SIGNED)


def _try(row: Row, graph: Graph, choices: list[tuple[Entry, ...]]) -> None:
    """Apply a row to one of the operands that it accepts, if it does any."""
    ready = [operands for operands in choices if row in _fitting([row], graph, *operands)]
    ready.sort(key=lambda operands: -operands[0].value.size)
    if ready:  # one with many elements meets more of the special ones
        _apply(row, graph, *ready[graph.rng.integers((len(ready) + 1) // 2)])


def binary(draw: Any, graph: Graph) -> Entry | None:
    """An op of two operands."""
    pair = _pair(draw, graph)
    assert pair is not None
    rows = _fitting(BINARY, graph, *pair)
    return _apply(draw(st.sampled_from(rows)), graph, *pair) if rows else None


def n_ary(draw: Any, graph: Graph) -> Entry | None:
    """A sum or a product of many."""
    x = pick(draw, graph, lambda entry: entry.kind in "iuf")
    if x is None:
        return None
    others = [e for e in graph.pool if e.kind == x.kind and fits(x, e)]
    chosen = [x, *draw(st.lists(st.sampled_from(others), min_size=2, max_size=4))]
    op, numpy_op = draw(st.sampled_from([(pt.add, np.add), (pt.mul, np.multiply)]))
    variable = op(*(entry.variable for entry in chosen))
    total = chosen[0].value.astype(variable.type.dtype)
    for entry in chosen[1:]:
        total = numpy_op(total, entry.value.astype(variable.type.dtype))
    return graph.add(variable, total, min(ROUNDED, *(entry.level for entry in chosen)))


def compare(draw: Any, graph: Graph) -> Entry | None:
    """A comparison; of values that rounding may change only if they are well apart."""
    pair = _pair(draw, graph, "biuf")
    if pair is None:
        return None
    x, y = pair
    name = draw(st.sampled_from(COMPARISONS))
    level = min(x.level, y.level)
    distance = np.subtract(x.value, y.value, dtype="f8")
    if x is not y and not graph.is_apart(level, distance):
        return None
    if x is y and level < EXACT and graph.special:
        return None
    value = getattr(NUMPY, name)(x.value, y.value)
    return graph.add(getattr(pt, name)(x.variable, y.variable), value, SIGNED)


def switch(draw: Any, graph: Graph) -> Entry | None:
    """One or the other."""
    x = pick(draw, graph)
    assert x is not None
    condition = pick(draw, graph, lambda e: e.kind in "biu" and fits(x, e))
    y = pick(draw, graph, lambda e: e.kind == x.kind and fits(x, e))
    if condition is None or y is None:
        return None
    variable = pt.switch(condition.variable, x.variable, y.variable)
    value = np.where(condition.value, x.value, y.value)
    return graph.add(variable, value, min(x.level, y.level))


def clip(draw: Any, graph: Graph) -> Entry | None:
    """A value between two others, which may be the wrong way round."""
    x = pick(draw, graph, lambda entry: entry.kind in "iuf")
    if x is None:
        return None
    same = [e for e in graph.pool if e.value.dtype == x.value.dtype and fits(x, e)]
    low, high = draw(st.sampled_from(same)), draw(st.sampled_from(same))
    variable = pt.clip(x.variable, low.variable, high.variable)
    level = min(EXACT, x.level, low.level, high.level)
    return graph.add(variable, np.minimum(np.maximum(x.value, low.value), high.value), level)


def round_off(draw: Any, graph: Graph) -> Entry | None:
    """Floor, ceil, round or trunc, of what is not close to where they jump."""
    x = pick(draw, graph, lambda entry: entry.kind == "f")
    if x is None:
        return None
    name = draw(st.sampled_from(["floor", "ceil", "round", "trunc"]))
    doubled = 2 * x.value.astype("f8")
    if not graph.is_apart(x.level, doubled - np.round(doubled)):
        return None
    return graph.add(getattr(pt, name)(x.variable), getattr(np, name)(x.value), x.level)


def cast(draw: Any, graph: Graph) -> Entry | None:
    """Another dtype; floats become integers only where those can hold them."""
    x = pick(draw, graph, lambda entry: entry.kind in "biuf")
    if x is None:
        return None
    dtype = draw(st.sampled_from([*INTEGERS, "bool", *FLOATS]))
    if dtype == "float16" and graph.special:
        return None  # what overflows on the way to it depends on rounding
    if x.kind == "f" and dtype not in FLOATS:
        if not np.isfinite(x.value).all():
            return None
        if not graph.is_apart(x.level, x.value - np.round(x.value)):
            return None
        if dtype != "bool":
            info, whole = np.iinfo(dtype), np.trunc(x.value.astype("f8"))
            if ((whole < info.min) | (whole > info.max)).any():
                return None
    level = x.level if x.level >= EXACT or dtype in FLOATS else SIGNED
    return graph.add(pt.cast(x.variable, dtype), x.value.astype(dtype), level)


def constant(draw: Any, graph: Graph) -> Entry | None:
    """A number or an array that is part of the graph."""
    from tests.fuzz.graphs import lengths, numbers

    x = pick(draw, graph)
    assert x is not None
    shape = draw(st.sampled_from([x.shape, (), lengths(draw, 1)]))
    value = numbers(draw, graph, x.value.dtype.name, shape)
    entry = Entry(pt.constant(value), value, SIGNED)
    graph.pool.append(entry)
    return entry
