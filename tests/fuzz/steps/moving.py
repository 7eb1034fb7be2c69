"""Steps that move elements and compute nothing: their results are as exact as their operands."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from tests.fuzz.graphs import MOST_ELEMENTS, Entry, Graph, Level, pick

CLOSE, ROUNDED, EXACT, SIGNED = Level


def _with_axes(entry: Entry) -> bool:
    return entry.ndim > 0


def transpose(draw: Any, graph: Graph) -> Entry | None:
    """Axes in another order, with new ones of length one between them."""
    x = pick(draw, graph)
    assert x is not None
    order: list[Any] = list(draw(st.permutations(range(x.ndim))))
    if x.ndim < 4 and draw(st.booleans()):
        order.insert(draw(st.integers(0, len(order))), "x")
    value = x.value.transpose([axis for axis in order if axis != "x"])
    if "x" in order:
        value = np.expand_dims(value, order.index("x"))
    return graph.add(x.variable.dimshuffle(*order), value, x.level)


def squeeze(draw: Any, graph: Graph) -> Entry | None:
    """Without an axis of length one."""
    x = pick(draw, graph, lambda e: 1 in e.shape)
    if x is None:
        return None
    axis = draw(st.sampled_from([a for a, n in enumerate(x.shape) if n == 1]))
    return graph.add(pt.squeeze(x.variable, axis=axis), np.squeeze(x.value, axis=axis), x.level)


def reshape(draw: Any, graph: Graph) -> Entry | None:
    """The same elements under other lengths: constants, -1, or products of known lengths."""
    x = pick(draw, graph)
    assert x is not None
    size, lengths, which = x.value.size, x.shape, draw(st.integers(0, 4))
    if which == 0 or x.ndim == 0:
        return graph.add(x.variable.flatten(), x.value.reshape(-1), x.level)
    symbolic = [x.variable.shape[axis] for axis in range(x.ndim)]
    if which == 1:  # the first two axes become one
        product = symbolic[0] * symbolic[1] if x.ndim > 1 else symbolic[0]
        known = 0 in lengths[2:] or draw(st.booleans())
        shape = [product if known else -1, *symbolic[2:]]
        target = (int(np.prod(lengths[:2])), *lengths[2:])
    elif which == 2:  # all lengths in reverse order
        shape, target = symbolic[::-1], lengths[::-1]
    elif which == 3:  # an axis of one at the end
        shape, target = [*symbolic, 1], (*lengths, 1)
    else:
        rows = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0] or [1]))
        shape, target = [rows, -1], (rows, size // rows)
    if len(target) > 4:
        return None
    return graph.add(x.variable.reshape(tuple(shape)), x.value.reshape(target), x.level)


def flip_or_roll(draw: Any, graph: Graph) -> Entry | None:
    """Backwards, or around."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    if draw(st.booleans()):
        return graph.add(pt.flip(x.variable, axis), np.flip(x.value, axis), x.level)
    by = draw(st.integers(-4, 4))
    return graph.add(pt.roll(x.variable, by, axis), np.roll(x.value, by, axis), x.level)


def join(draw: Any, graph: Graph) -> Entry | None:
    """Some arrays one after the other, perhaps of different dtypes."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))

    def matches(e: Entry) -> bool:
        return e.ndim == x.ndim and all(
            n == m for a, (n, m) in enumerate(zip(e.shape, x.shape, strict=True)) if a != axis
        )

    others = [e for e in graph.pool if matches(e) and (e.kind == "c") == (x.kind == "c")]
    parts = [x, *draw(st.lists(st.sampled_from(others), min_size=1, max_size=2))]
    if sum(part.value.size for part in parts) > MOST_ELEMENTS:
        return None
    variable = pt.concatenate(
        [part.variable for part in parts], axis=axis - draw(st.sampled_from([0, x.ndim]))
    )
    value = np.concatenate([part.value.astype(variable.dtype) for part in parts], axis=axis)
    return graph.add(variable, value, min(part.level for part in parts))


def stack(draw: Any, graph: Graph) -> Entry | None:
    """Arrays of one shape along a new axis."""
    x = pick(draw, graph, lambda e: e.ndim < 3)
    if x is None:
        return None
    y = pick(draw, graph, lambda e: e.shape == x.shape and e.value.dtype == x.value.dtype)
    assert y is not None
    axis = draw(st.integers(0, x.ndim))
    variable = pt.stack([x.variable, y.variable], axis=axis)
    return graph.add(variable, np.stack([x.value, y.value], axis=axis), min(x.level, y.level))


def split(draw: Any, graph: Graph) -> Entry | None:
    """An array cut in two or three, of which some are used."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    length = x.shape[axis]
    cuts = sorted(draw(st.lists(st.integers(0, length), min_size=1, max_size=2)))
    sizes = np.diff([0, *cuts, length])
    variables = pt.split(x.variable, sizes, n_splits=len(sizes), axis=axis)
    values = np.split(x.value, cuts, axis=axis)
    pairs = list(zip(variables, values, strict=True))
    chosen = draw(st.sampled_from(pairs))
    for variable, value in pairs:
        if variable is not chosen[0] and draw(st.booleans()):
            graph.add(variable, value, x.level)
    return graph.add(*chosen, x.level)


def repeat(draw: Any, graph: Graph) -> Entry | None:
    """Elements, or the whole, several times."""
    x = pick(draw, graph, lambda e: e.ndim > 0 and e.value.size * 3 <= MOST_ELEMENTS)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    times = draw(st.integers(0, 3))
    if draw(st.booleans()):
        reps = tuple(times if a == axis else 1 for a in range(x.ndim))
        return graph.add(pt.tile(x.variable, reps), np.tile(x.value, reps), x.level)
    if draw(st.booleans()):
        counts = graph.rng.integers(0, 3, x.shape[axis])
        variable = pt.repeat(x.variable, counts, axis=axis)
        return graph.add(variable, np.repeat(x.value, counts, axis=axis), x.level)
    variable = pt.repeat(x.variable, times, axis=axis)
    return graph.add(variable, np.repeat(x.value, times, axis=axis), x.level)


def diagonal(draw: Any, graph: Graph) -> Entry | None:
    """A diagonal taken out, put in, or a triangle."""
    x = pick(draw, graph, lambda e: e.ndim in (1, 2, 3))
    if x is None:
        return None
    offset = draw(st.integers(-2, 2))
    if x.ndim == 1:
        return graph.add(pt.diag(x.variable, offset), np.diag(x.value, offset), x.level)
    which = draw(st.sampled_from(["diagonal", "tril", "triu", "trace"]))
    if which == "diagonal" or x.ndim == 3:
        axes = draw(st.permutations(range(x.ndim)))[:2]
        variable = pt.diagonal(x.variable, offset, *axes)
        return graph.add(variable, np.diagonal(x.value, offset, *axes), x.level)
    if which == "trace":
        if x.kind not in "iufc":
            return None
        variable = pt.trace(x.variable)
        value = np.diagonal(x.value).sum(dtype=variable.dtype)
        return graph.add(variable, value, SIGNED if x.kind in "iu" else CLOSE)
    if x.kind == "b" or (graph.special and x.kind == "f"):
        return None  # a triangle is a product with zeros and ones
    function, numpy_function = getattr(pt, which), getattr(np, which)
    return graph.add(
        function(x.variable, offset), numpy_function(x.value, offset), min(x.level, EXACT)
    )


def fill(draw: Any, graph: Graph) -> Entry | None:
    """A value spread over a shape that another variable has."""
    x = pick(draw, graph)
    assert x is not None
    like = pick(draw, graph, lambda e: e.ndim <= 2 and e.value.size * x.value.size <= MOST_ELEMENTS)
    which = draw(st.integers(0, 3))
    if which == 0 or like is None:
        name = draw(st.sampled_from(["zeros_like", "ones_like"]))
        return graph.add(getattr(pt, name)(x.variable), getattr(np, name)(x.value), SIGNED)
    if which == 1 and x.ndim + like.ndim <= 4:
        shape = [*(like.variable.shape[a] for a in range(like.ndim)), *x.shape]
        variable = pt.alloc(x.variable, *shape)
        return graph.add(variable, np.broadcast_to(x.value, (*like.shape, *x.shape)), x.level)
    if which == 2 and x.ndim == 0:
        return graph.add(
            pt.full_like(like.variable, x.variable),
            np.full_like(like.value, x.value, dtype=x.value.dtype),
            x.level,
        ) if like.kind == x.kind == "f" else None  # fmt: skip
    if like.ndim == 1 and x.ndim <= 1 and (x.ndim == 0 or 1 in x.static):
        variable = pt.broadcast_to(x.variable, (3, like.variable.shape[0]))
        return graph.add(variable, np.broadcast_to(x.value, (3, *like.shape)), x.level)
    return None


def lengths(draw: Any, graph: Graph) -> Entry | None:
    """Integers that say how long something is, and ranges of that length."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    which, n = draw(st.integers(0, 3)), x.shape[axis]
    symbolic = x.variable.shape[axis]
    if which == 0:
        return graph.add(symbolic, np.asarray(n), SIGNED)
    if which == 1:
        return graph.add(x.variable.shape, np.asarray(x.shape), SIGNED)
    if which == 2:
        return graph.add(x.variable.size, np.asarray(x.value.size), SIGNED)
    offset = draw(st.integers(-1, 2))
    return graph.add(pt.eye(symbolic, 3, offset), np.eye(n, 3, offset), SIGNED)


def ranges(draw: Any, graph: Graph) -> Entry | None:
    """Numbers that count up or down to a length, or what a slice leaves of them."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    start = draw(st.sampled_from([0, 0, 0, 1, 3, -2]))
    step = draw(st.sampled_from([1, 1, 1, 2, -1, -2]))
    variable = pt.arange(start, x.variable.shape[axis], step)
    value = np.arange(start, x.shape[axis], step)
    part = draw(
        st.sampled_from([slice(None), slice(None, None, -1), slice(1, None), slice(3, 0, -1)])
    )
    other = x.variable.shape[axis] if draw(st.booleans()) else 2
    factor = 2 if isinstance(other, int) else x.shape[axis]
    return graph.add(variable[part] * other, value[part] * factor, SIGNED)


def order(draw: Any, graph: Graph) -> Entry | None:
    """Sorted, or how to sort, or where to insert; of what rounding cannot reorder."""
    x = pick(draw, graph, lambda e: e.ndim > 0 and e.kind in "iuf" and e.level >= EXACT)
    if x is None or (x.kind == "f" and np.isnan(x.value).any()):
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    which = draw(st.sampled_from(["sort", "argsort", "unique", "searchsorted"]))
    if which == "sort":
        return graph.add(pt.sort(x.variable, axis), np.sort(x.value, axis), EXACT)
    if which == "argsort":
        variable = pt.argsort(x.variable, axis, kind="stable")
        return graph.add(variable, np.argsort(x.value, axis, kind="stable"), SIGNED)
    if which == "unique":
        return graph.add(pt.unique(x.variable), np.unique(x.value), EXACT)
    if x.ndim > 1:
        return None
    ordered = Entry(pt.sort(x.variable), np.sort(x.value), EXACT)
    variable = pt.searchsorted(ordered.variable, x.variable)
    return graph.add(variable, np.searchsorted(ordered.value, x.value), SIGNED)


def difference(draw: Any, graph: Graph) -> Entry | None:
    """Each element less the one before it."""
    x = pick(draw, graph, lambda e: e.ndim > 0 and e.kind in "iuf")
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    variable = pt.diff(x.variable, axis=axis)
    return graph.add(variable, np.diff(x.value, axis=axis), min(x.level, ROUNDED))


def specify(draw: Any, graph: Graph) -> Entry | None:
    """The same, with a shape that is said to be known."""
    x = pick(draw, graph, _with_axes)
    if x is None:
        return None
    return graph.add(pt.specify_shape(x.variable, x.shape), x.value, x.level)
