"""Steps that sum, search and multiply along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from tests.fuzz.graphs import MOST_ELEMENTS, Entry, Graph, Level, pick
from tests.fuzz.steps.names import NUMPY

CLOSE, ROUNDED, EXACT, SIGNED = Level

REDUCTIONS = {
    "sum": "biufc",
    "prod": "biuf",
    "max": "biuf",
    "min": "biuf",
    "mean": "fc",
    "var": "f",
    "std": "f",
    "all": "b",
    "any": "b",
    "logsumexp": "f",
}
OF_NOTHING = ("sum", "prod", "all", "any")  # which are defined for no elements at all
FINITE_ONLY = ("logsumexp", "var", "std")


def _axes(draw: Any, ndim: int) -> Any:
    """Draw None, an axis or several, some counted from the end."""
    axes = draw(st.sets(st.integers(0, ndim - 1), max_size=ndim)) if ndim else set()
    if not axes:
        return None
    chosen = tuple(axis - ndim if draw(st.booleans()) else axis for axis in axes)
    return chosen[0] if len(chosen) == 1 and draw(st.booleans()) else chosen


def _count(x: Entry, axis: Any) -> int:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    return int(np.prod([x.shape[a] for a in axes], dtype=int))


def reduce(draw: Any, graph: Graph) -> Entry | None:
    """A reduction over some axes or all."""
    x = pick(draw, graph, lambda entry: entry.ndim > 0)
    if x is None:
        return None
    axis = _axes(draw, x.ndim)
    names = [
        name
        for name, kinds in REDUCTIONS.items()
        if x.kind in kinds
        and (_count(x, axis) or name in OF_NOTHING)
        and not (graph.special and name in FINITE_ONLY)
    ]
    name = draw(st.sampled_from(names))
    keepdims = draw(st.booleans())
    variable = getattr(pt, name)(x.variable, axis=axis, keepdims=keepdims)
    values = x.value
    if variable.type.dtype == "float16":  # a sum of many is rounded once
        values = values.astype("float64")
    if x.kind in "biu" and name in ("sum", "prod"):
        value = getattr(np, name)(values, axis=axis, keepdims=keepdims, dtype=variable.dtype)
    else:
        value = getattr(NUMPY, name)(values, axis=axis, keepdims=keepdims)
    exact = x.kind in "biu"
    level = SIGNED if exact else min(EXACT, x.level) if name in ("max", "min") else CLOSE
    if name in ("std",) and not graph.is_apart(CLOSE, value):
        return None
    return graph.add(variable, value, level)


def of_view(draw: Any, graph: Graph) -> Entry | None:
    """A reduction of what is only another look at an array, or one value repeated."""
    from tests.fuzz.steps import moving

    x = pick(draw, graph, lambda entry: entry.ndim > 1 and entry.kind in "iuf")
    if x is None:
        return None
    seen = Graph(graph.special, pool=[x], rng=graph.rng)
    if draw(st.booleans()):
        moving.transpose(draw, seen)
        found = reduce(draw, Graph(graph.special, pool=seen.pool[-1:], rng=graph.rng))
    else:
        lengths = [x.variable.shape[axis] for axis in range(x.ndim)]
        total = pt.alloc(x.variable, 3, *lengths).sum(axis=0)
        level = SIGNED if x.kind in "iu" else CLOSE
        found = graph.add(total, 3 * x.value.astype(total.dtype), min(x.level, level))
    if found is not None and found not in graph.pool:
        graph.pool.append(found)
    return found


def argument(draw: Any, graph: Graph) -> Entry | None:
    """Where the largest or the smallest element is: the first of equal ones."""
    x = pick(draw, graph, lambda e: e.kind in "iuf" and e.ndim > 0 and 0 not in e.shape)
    if x is None:
        return None
    axis = draw(st.sampled_from([None, *range(x.ndim)]))
    name = draw(st.sampled_from(["argmax", "argmin"]))
    if x.level < EXACT:
        ordered = np.sort(x.value.astype("f8"), axis=axis)
        apart = np.diff(ordered, axis=-1 if axis is None else axis)
        if not np.isfinite(x.value).all() or not graph.is_apart(x.level, apart):
            return None
    if x.kind == "u" and name == "argmin":
        return None
    value = getattr(np, name)(x.value, axis=axis)
    return graph.add(getattr(pt, name)(x.variable, axis=axis), value, SIGNED)


def softmax(draw: Any, graph: Graph) -> Entry | None:
    """Softmax or its logarithm, also spelt out."""
    x = pick(draw, graph, lambda e: e.kind == "f" and e.ndim > 0 and 0 not in e.shape)
    if x is None or not np.isfinite(x.value).all() or np.abs(x.value).max() > 8:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    name = draw(st.sampled_from(["softmax", "log_softmax", "log of softmax", "quotient", "total"]))
    v = x.variable
    if name == "quotient":
        variable = pt.exp(v) / pt.exp(v).sum(axis=axis, keepdims=True)
    elif name == "log of softmax":
        variable = pt.log(pt.special.softmax(v, axis=axis))
    elif name == "total":
        variable = pt.log(pt.exp(v).sum(axis=axis, keepdims=True))
    else:
        variable = getattr(pt.special, name)(v, axis=axis)
    numpy_name = {"quotient": "softmax", "log of softmax": "log_softmax"}.get(name, name)
    if name == "total":
        value = NUMPY.logsumexp(x.value, axis=axis, keepdims=True)
    else:
        value = getattr(NUMPY, numpy_name)(x.value, axis=axis)
    return graph.add(variable, value, CLOSE)


def cumulative(draw: Any, graph: Graph) -> Entry | None:
    """Running sums and products."""
    x = pick(draw, graph, lambda e: e.kind in "iuf" and e.ndim > 0)
    if x is None:
        return None
    axis = draw(st.sampled_from([None, *range(x.ndim)]))
    name = draw(st.sampled_from(["cumsum", "cumprod"]))
    variable = getattr(pt, name)(x.variable, axis=axis)
    value = getattr(np, name)(x.value, axis=axis, dtype=variable.dtype)
    return graph.add(variable, value, SIGNED if x.kind in "iu" else CLOSE)


def centre(draw: Any, graph: Graph) -> Entry | None:
    """What normalisation layers do: subtract the mean, divide by the root of the variance."""
    x = pick(draw, graph, lambda e: e.kind == "f" and e.ndim > 0 and 0 not in e.shape)
    if x is None:
        return None
    axis = draw(st.integers(0, x.ndim - 1))
    v, value = x.variable, x.value
    centred = v - v.mean(axis=axis, keepdims=True)
    expected = value - value.mean(axis=axis, keepdims=True)
    if draw(st.booleans()):
        centred = centred / pt.sqrt(pt.sqr(centred).mean(axis=axis, keepdims=True) + 0.5)
        expected = expected / np.sqrt(np.square(expected).mean(axis=axis, keepdims=True) + 0.5)
    return graph.add(centred, expected, CLOSE)


# -- products ------------------------------------------------------------------------------------


def _multiplies(x: Entry, y: Entry) -> bool:
    return x.value.dtype == y.value.dtype and x.kind in "iufc"


def _product_level(x: Entry) -> Level:
    return SIGNED if x.kind in "iu" else CLOSE


def dot(draw: Any, graph: Graph) -> Entry | None:
    """A product of vectors and matrices."""
    x = pick(draw, graph, lambda e: e.ndim in (1, 2) and e.kind in "iufc")
    if x is None:
        return None
    if draw(st.booleans()):
        x = Entry(x.variable.T, x.value.T, x.level)
    gram = draw(st.booleans()) and Entry(x.variable.T, x.value.T, x.level)
    y = gram or pick(
        draw,
        graph,
        lambda e: e.ndim in (1, 2) and _multiplies(x, e) and e.shape[0] == x.shape[-1],
    )
    if y is None and x.ndim == 2:
        y = Entry(x.variable.T, x.value.T, x.level)
    if y is None:
        return None
    return graph.add(pt.dot(x.variable, y.variable), np.dot(x.value, y.value), _product_level(x))


def matmul(draw: Any, graph: Graph) -> Entry | None:
    """A product of stacks of matrices."""
    x = pick(draw, graph, lambda e: e.ndim in (2, 3) and e.kind in "iufc")
    if x is None:
        return None

    def matches(e: Entry) -> bool:
        if e.ndim not in (2, 3) or not _multiplies(x, e) or e.shape[-2] != x.shape[-1]:
            return False
        return e.ndim == 2 or x.ndim == 2 or e.shape[0] == x.shape[0]

    y = pick(draw, graph, matches)
    if y is None:
        y = Entry(pt.swapaxes(x.variable, -1, -2), np.swapaxes(x.value, -1, -2), x.level)
    return graph.add(
        pt.matmul(x.variable, y.variable), np.matmul(x.value, y.value), _product_level(x)
    )


def einsum(draw: Any, graph: Graph) -> Entry | None:
    """Any sum of products over letters."""
    x = pick(draw, graph, lambda e: e.ndim > 0 and e.kind in "fc")
    if x is None or graph.special:
        return None  # sums multiplied are infinite where sums of products may be NaN
    y = pick(draw, graph, lambda e: e.ndim > 0 and _multiplies(x, e))
    assert y is not None
    letters = "abcdefgh"[: x.ndim]
    free = iter("stuvwxyz")
    other = ""
    for length in y.shape:
        same = [c for c, n in zip(letters, x.shape, strict=True) if n == length and c not in other]
        other += draw(st.sampled_from(same)) if same and draw(st.booleans()) else next(free)
    everything = sorted(set(letters + other))
    kept = draw(st.lists(st.sampled_from(everything), unique=True, max_size=3))
    sizes = dict(zip(letters + other, x.shape + y.shape, strict=True))
    if np.prod([sizes[c] for c in kept], dtype=int) > MOST_ELEMENTS:
        return None
    text = f"{letters},{other}->{''.join(kept)}"
    return graph.add(
        pt.einsum(text, x.variable, y.variable), np.einsum(text, x.value, y.value), CLOSE
    )


def outer(draw: Any, graph: Graph) -> Entry | None:
    """Two vectors against each other, by new axes."""
    x = pick(draw, graph, lambda e: e.ndim == 1 and e.kind in "iuf")
    if x is None:
        return None
    y = pick(draw, graph, lambda e: e.ndim == 1 and e.kind in "iuf")
    assert y is not None
    op, numpy_op = draw(
        st.sampled_from([(pt.add, np.add), (pt.mul, np.multiply), (pt.sub, np.subtract)])
    )
    variable = op(x.variable[:, None], y.variable[None, :])
    columns, rows = (e.value.astype(variable.dtype) for e in (x, y))
    return graph.add(
        variable, numpy_op(columns[:, None], rows[None, :]), min(ROUNDED, x.level, y.level)
    )
