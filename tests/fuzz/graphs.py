"""Random graphs, valid by construction, with inputs to call them on.

A graph grows from a few inputs: each step draws an op and operands whose shapes and dtypes it
accepts.  Values are kept small and finite (through ``tanh`` and the like) so that two correct
programs agree closely.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

import pytensorlite.tensor as pt

LENGTHS = (0, 1, 2, 3, 5)


@dataclass
class Graph:
    """Variables with the shapes that they have for the drawn inputs."""

    inputs: list = field(default_factory=list)
    values: list = field(default_factory=list)
    pool: list = field(default_factory=list)  # (variable, shape)

    def add(self, variable, shape):
        self.pool.append((variable, tuple(shape)))
        return variable


def _unary(draw, graph):
    x, shape = draw(st.sampled_from(graph.pool))
    name = draw(
        st.sampled_from(
            ["tanh", "sin", "sigmoid", "neg", "abs", "sqr", "softplus", "exp", "arctan", "floor"]
        )
    )
    y = getattr(pt, name)(pt.tanh(x) if name == "exp" else x)
    graph.add(y, shape)


def _binary(draw, graph):
    x, shape = draw(st.sampled_from(graph.pool))
    same = [v for v in graph.pool if v[1] == shape or v[1] == ()]
    y, _ = draw(st.sampled_from(same))
    name = draw(st.sampled_from(["add", "sub", "mul", "maximum", "minimum", "second", "lt_switch"]))
    if name == "lt_switch":
        z = pt.switch(pt.lt(x, y), x, y * 2)
    elif name == "second":
        z = pt.second(x, y)
    else:
        z = getattr(pt, name)(x, y)
    graph.add(z, shape)


def _outer_broadcast(draw, graph):
    vectors = [v for v in graph.pool if len(v[1]) == 1]
    if not vectors:
        return _unary(draw, graph)
    x, (n,) = draw(st.sampled_from(vectors))
    y, (m,) = draw(st.sampled_from(vectors))
    op = draw(st.sampled_from([pt.add, pt.mul, pt.sub]))
    graph.add(op(x[:, None], y[None, :]), (n, m))


def _reduce(draw, graph):
    candidates = [v for v in graph.pool if len(v[1]) > 0]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    axis = draw(st.sampled_from([None, *range(len(shape))]))
    name = draw(st.sampled_from(["sum", "mean", "max", "min", "prod", "logsumexp"]))
    removed = shape if axis is None else (shape[axis],)
    if 0 in removed and name != "sum":
        name = "sum"
    y = getattr(pt, name)(x, axis=axis)
    graph.add(y, () if axis is None else shape[:axis] + shape[axis + 1 :])


def _dot(draw, graph):
    pairs = [
        (a, b)
        for a in graph.pool
        for b in graph.pool
        if a[1] and b[1] and len(a[1]) <= 2 and len(b[1]) <= 2 and a[1][-1] == b[1][0]
    ]
    if not pairs:
        return _unary(draw, graph)
    (x, s), (y, t) = draw(st.sampled_from(pairs))
    graph.add(pt.dot(x, y), s[:-1] + t[1:])


def _transpose(draw, graph):
    matrices = [v for v in graph.pool if len(v[1]) == 2]
    if not matrices:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(matrices))
    graph.add(x.T, shape[::-1])


def _gather(draw, graph):
    candidates = [v for v in graph.pool if v[1] and v[1][0] > 0]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    count = draw(st.sampled_from(LENGTHS))
    positions = draw(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=count, max_size=count))
    index = pt.lvector()
    graph.inputs.append(index)
    graph.values.append(np.array(positions, np.int64).reshape(count))
    if draw(st.booleans()):
        if draw(st.booleans()):
            index = pt.minimum(index + 1, shape[0] - 1)
        graph.add(x[index], (count, *shape[1:]))
    else:
        y = pt.tanh(x[index]) * 2
        part = x[index]
        updated = part.inc(y) if draw(st.booleans()) else part.set(y)
        if len(set(p % shape[0] for p in positions)) == count:
            graph.add(updated, shape)
        else:
            graph.add(part.inc(y), shape)


def _gather_elements(draw, graph):
    candidates = [v for v in graph.pool if len(v[1]) == 2 and 0 not in v[1]]
    if not candidates:
        return _unary(draw, graph)
    x, (n, m) = draw(st.sampled_from(candidates))
    columns = draw(st.lists(st.integers(-m, m - 1), min_size=n, max_size=n))
    index = pt.lvector()
    graph.inputs.append(index)
    graph.values.append(np.array(columns, np.int64).reshape(n))
    part = x[pt.arange(x.shape[0]), index]
    which = draw(st.integers(0, 2))
    if which == 0:
        graph.add(part, (n,))
    elif which == 1:
        graph.add(part.inc(pt.sin(part)), (n, m))
    else:
        graph.add(pt.zeros_like(x)[pt.arange(x.shape[0]), index].set(pt.sin(part)), (n, m))


def _alloc(draw, graph):
    vectors = [v for v in graph.pool if len(v[1]) == 1]
    if not vectors:
        return _unary(draw, graph)
    x, (n,) = draw(st.sampled_from(vectors))
    y, (m,) = draw(st.sampled_from(vectors))
    graph.add(pt.alloc(x, y.shape[0], x.shape[0]), (m, n))


def _slice(draw, graph):
    candidates = [v for v in graph.pool if v[1]]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    bounds = st.one_of(st.none(), st.integers(-6, 6))
    part = slice(draw(bounds), draw(bounds), draw(st.sampled_from([None, 1, 2, -1, -2])))
    length = len(range(*part.indices(shape[0])))
    if draw(st.booleans()):
        graph.add(x[part], (length, *shape[1:]))
    else:
        y, _ = draw(
            st.sampled_from([v for v in graph.pool if v[1] == ()] or [(pt.constant(2.0), ())])
        )
        z = pt.set_subtensor(x[part], y) if draw(st.booleans()) else pt.inc_subtensor(x[part], y)
        graph.add(z, shape)


def _join(draw, graph):
    candidates = [v for v in graph.pool if v[1]]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    same = [v for v in candidates if v[1][1:] == shape[1:] and len(v[1]) == len(shape)]
    y, other = draw(st.sampled_from(same))
    graph.add(pt.concatenate([x, y], axis=0), (shape[0] + other[0], *shape[1:]))


def _reshape(draw, graph):
    x, shape = draw(st.sampled_from(graph.pool))
    graph.add(x.flatten(), (int(np.prod(shape)),))


def _cumsum(draw, graph):
    candidates = [v for v in graph.pool if v[1]]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    axis = draw(st.integers(0, len(shape) - 1))
    graph.add(pt.cumsum(x, axis=axis), shape)


def _softmax(draw, graph):
    candidates = [v for v in graph.pool if v[1] and 0 not in v[1]]
    if not candidates:
        return _unary(draw, graph)
    x, shape = draw(st.sampled_from(candidates))
    name = draw(st.sampled_from(["softmax", "log_softmax"]))
    graph.add(getattr(pt.special, name)(x, axis=draw(st.integers(0, len(shape) - 1))), shape)


STEPS = [
    _unary, _unary, _binary, _binary, _binary, _outer_broadcast, _reduce, _reduce, _dot,
    _transpose, _gather, _gather_elements, _slice, _join, _reshape, _cumsum, _softmax, _alloc,
]  # fmt: skip


@st.composite
def graphs(draw, dtypes=("float64",), max_steps=10, steps=STEPS):
    """Return a `Graph`: inputs, values for them, and all variables made on the way."""
    graph = Graph()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.lists(st.sampled_from(LENGTHS), max_size=2).map(tuple))
        dtype = draw(st.sampled_from(dtypes))
        static = tuple(n if draw(st.booleans()) else None for n in shape)
        variable = pt.tensor(dtype=dtype, shape=static)
        graph.inputs.append(variable)
        graph.values.append(np.asarray(rng.uniform(-1.5, 1.5, shape)).astype(dtype))
        graph.add(variable, shape)
    for _ in range(draw(st.integers(1, max_steps))):
        draw(st.sampled_from(steps))(draw, graph)
    return graph
