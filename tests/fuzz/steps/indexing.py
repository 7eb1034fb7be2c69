"""Steps that read and write parts of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from tests.fuzz.graphs import LENGTHS, Entry, Graph, Level, pick
from tests.fuzz.steps.elementwise import fits

CLOSE, ROUNDED, EXACT, SIGNED = Level

INDEX_DTYPES = ("int64", "int64", "int32", "int8", "uint8")


def _whole(entry: Entry) -> bool:
    """Whether there are elements to be read."""
    return entry.ndim > 0 and 0 not in entry.shape


# -- integers and slices -------------------------------------------------------------------------


def _basic_index(draw: Any, graph: Graph, x: Entry) -> tuple[tuple, tuple]:
    """Draw an index of integers, slices and new axes; for the graph, and for NumPy."""
    symbolic: list[Any] = []
    numeric: list[Any] = []
    for axis in range(draw(st.integers(1, x.ndim))):
        length = x.shape[axis]
        which = draw(st.integers(0, 5))
        if which == 0 and length > 0:
            position = draw(st.integers(-length, length - 1))
            known = [e for e in graph.pool if e.kind == "i" and e.ndim == 0]
            known = [e for e in known if -length <= e.value < length]
            if known and draw(st.booleans()):
                entry = draw(st.sampled_from(known))
                symbolic.append(entry.variable)
                numeric.append(int(entry.value))
                continue
            symbolic.append(position)
            numeric.append(position)
        elif which == 1 and x.ndim < 3:
            symbolic += [None, slice(None)]
            numeric += [None, slice(None)]
        else:
            bound = st.one_of(st.none(), st.integers(-6, 6))
            part = slice(draw(bound), draw(bound), draw(st.sampled_from([None, 1, 2, -1, -2])))
            symbolic.append(_symbolic_slice(draw, x, axis, part))
            numeric.append(part)
    return tuple(symbolic), tuple(numeric)


def _symbolic_slice(draw: Any, x: Entry, axis: int, part: slice) -> slice:
    """Sometimes write a bound as the length of the axis less something."""
    if part.stop is None or part.step in (-1, -2) or not draw(st.booleans()):
        return part
    return slice(part.start, x.variable.shape[axis] + (part.stop - x.shape[axis]), part.step) if (
        part.stop >= 0
    ) else part  # fmt: skip


def slices(draw: Any, graph: Graph) -> Entry | None:
    """A basic index."""
    x = pick(draw, graph, lambda e: e.ndim > 0)
    if x is None:
        return None
    symbolic, numeric = _basic_index(draw, graph, x)
    return graph.add(x.variable[symbolic], x.value[numeric], x.level)


def write_slice(draw: Any, graph: Graph) -> Entry | None:
    """An array with a part replaced or added to."""
    x = pick(draw, graph, lambda e: e.ndim > 0)
    if x is None:
        return None
    symbolic, numeric = _basic_index(draw, graph, x)
    if None in numeric:
        return None
    part = Entry(x.variable[symbolic], x.value[numeric], x.level)
    y = pick(draw, graph, lambda e: e.value.dtype == x.value.dtype and fits(part, e))
    return _write(draw, graph, x, part, y, numeric)


def write_beside_view(draw: Any, graph: Graph) -> Entry | None:
    """A part of an array written to while another look at the array is still to be read."""
    x = pick(draw, graph, lambda e: e.ndim > 1 and e.kind == "f")
    if x is None:
        return None
    own = Entry(x.variable * 0.5, x.value * np.asarray(0.5, x.value.dtype), min(x.level, ROUNDED))
    written = write_slice(draw, Graph(graph.special, pool=[own], rng=graph.rng))
    if written is None:
        return None
    total = graph.add(written.variable.sum(), written.value.sum(), CLOSE)
    look = draw(st.sampled_from([lambda v: v.T, lambda v: v[::-1], *[lambda v: v.flatten()] * 3]))
    return graph.add(look(own.variable) * total.variable, look(own.value) * total.value, CLOSE)


def _add_at(result: np.ndarray, key: Any, value: Any) -> None:
    """Add in place; NumPy itself reads beyond a vector that matrices of positions broadcast."""
    np.add.at(result, key, np.broadcast_to(value, result[key].shape))


def _write(
    draw: Any, graph: Graph, x: Entry, part: Entry, y: Entry | None, numeric: Any
) -> Entry | None:
    """Write `y`, or a number, to a part of `x`."""
    if y is None:
        if x.kind not in "fc":
            return None
        y = Entry(pt.constant(np.asarray(2.0, x.value.dtype)), np.asarray(2.0), SIGNED)
    result = x.value.copy()
    if draw(st.booleans()) or x.kind == "b":
        result[numeric] = y.value
        return graph.add(part.variable.set(y.variable), result, min(x.level, y.level))
    _add_at(result, numeric, y.value)
    level = SIGNED if x.kind in "iu" else CLOSE
    return graph.add(part.variable.inc(y.variable), result, min(x.level, y.level, level))


# -- arrays of positions -------------------------------------------------------------------------


def _positions(draw: Any, graph: Graph, length: int, shape: tuple[int, ...]) -> Entry:
    """Draw positions along an axis: an input, a constant, or a value that is computed."""
    ready = [
        e
        for e in graph.pool
        if e.kind in "iu" and e.shape == shape and ((-length <= e.value) & (e.value < length)).all()
    ]
    which = draw(st.integers(0, 3))
    if which == 0 and ready:
        return draw(st.sampled_from(ready))
    narrow = [d for d in INDEX_DTYPES if length - 1 <= np.iinfo(d).max]
    dtype = draw(st.sampled_from(narrow))
    least = 0 if dtype.startswith("u") else -length
    value = graph.rng.integers(least, length, shape).astype(dtype)
    if which == 1:
        return Entry(pt.constant(value), value, SIGNED)
    entry = Entry(graph.input(value, [None] * value.ndim), value, SIGNED)
    if which == 2:
        shifted = np.minimum(value.astype("int64") + 1, length - 1)
        return Entry(pt.minimum(entry.variable.astype("int64") + 1, length - 1), shifted, SIGNED)
    return entry


def gather(draw: Any, graph: Graph) -> Entry | None:
    """``x[index]`` along some axis, or a write to it."""
    x = pick(draw, graph, _whole)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    count = draw(st.sampled_from(LENGTHS))
    shape = (count, 2) if draw(st.integers(0, 3)) == 0 and x.ndim < 3 else (count,)
    index = _positions(draw, graph, x.shape[axis], shape)
    before = (slice(None),) * axis
    part = Entry(
        x.variable[(*before, index.variable)],
        x.value[(*before, index.value.astype("int64"))],
        x.level,
    )
    if draw(st.booleans()):
        return graph.add(part.variable, part.value, x.level)
    numeric = (*before, index.value.astype("int64"))
    return _write_at(draw, graph, x, part, numeric, index.value % x.shape[axis])


def _write_at(
    draw: Any, graph: Graph, x: Entry, part: Entry, numeric: Any, targets: np.ndarray
) -> Entry | None:
    """Write to gathered places, by `inc` only where some place is met twice."""
    y = pick(draw, graph, lambda e: e.value.dtype == x.value.dtype and fits(part, e))
    if len(np.unique(targets)) == targets.size:
        return _write(draw, graph, x, part, y, numeric)
    if x.kind == "b" or y is None:
        return None
    result = x.value.copy()
    _add_at(result, numeric, y.value)
    level = SIGNED if x.kind in "iu" else CLOSE
    return graph.add(part.variable.inc(y.variable), result, min(x.level, y.level, level))


def gather_elements(draw: Any, graph: Graph) -> Entry | None:
    """``x[rows, columns]``; the rows are a range, an array or one number."""
    x = pick(draw, graph, lambda e: _whole(e) and e.ndim in (2, 3))
    if x is None:
        return None
    n, m = x.shape[:2]
    columns = _positions(draw, graph, m, (n,))
    which = draw(st.integers(0, 2))
    if which == 0:
        rows = Entry(pt.arange(x.variable.shape[0]), np.arange(n), SIGNED)
    elif which == 1:
        rows = _positions(draw, graph, n, (n,))
    else:
        rows = Entry(pt.constant(np.array([n - 1])), np.array([n - 1]), SIGNED)
    numeric = (rows.value.astype("int64"), columns.value.astype("int64"))
    part = Entry(x.variable[rows.variable, columns.variable], x.value[numeric], x.level)
    if draw(st.booleans()):
        return graph.add(part.variable, part.value, x.level)
    targets = (rows.value.astype("int64") % n) * m + columns.value.astype("int64") % m
    return _write_at(draw, graph, x, part, numeric, targets)


def along_axis(draw: Any, graph: Graph) -> Entry | None:
    """``take_along_axis`` and ``take``."""
    x = pick(draw, graph, lambda e: _whole(e) and e.ndim <= 2)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    if draw(st.booleans()):
        value = graph.rng.integers(0, x.shape[axis], x.shape)
        index = graph.input(value, [None] * value.ndim)
        variable = pt.take_along_axis(x.variable, index, axis)
        return graph.add(variable, np.take_along_axis(x.value, value, axis), x.level)
    index = _positions(draw, graph, x.shape[axis], (draw(st.sampled_from(LENGTHS)),))
    variable = pt.take(x.variable, index.variable, axis=axis)
    return graph.add(variable, np.take(x.value, index.value.astype("int64"), axis=axis), x.level)


def mask(draw: Any, graph: Graph) -> Entry | None:
    """The elements where something is true, and what is written there."""
    x = pick(draw, graph, lambda e: e.ndim in (1, 2))
    if x is None:
        return None
    shapes = (x.shape, x.shape[:1])
    condition = pick(draw, graph, lambda e: e.kind == "b" and e.shape in shapes)
    if condition is None:
        return None
    if draw(st.booleans()):
        return graph.add(x.variable[condition.variable], x.value[condition.value], x.level)
    y = pick(draw, graph, lambda e: e.value.dtype == x.value.dtype and e.ndim == 0)
    part = Entry(x.variable[condition.variable], x.value[condition.value], x.level)
    return _write(draw, graph, x, part, y, condition.value)
