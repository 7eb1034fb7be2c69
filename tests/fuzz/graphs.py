"""Random graphs, valid by construction, that know their own values.

A graph grows from a few inputs: each step draws an op and operands whose shapes and dtypes it
accepts, and computes the result at once with plain NumPy.  So every variable comes with the value
that it must have, which depends on nothing of this package, and with how closely a correct program
has to meet it.  Values are kept small so that two correct programs agree closely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import shared
from pytensorlite.graph.basic import Variable

LENGTHS = (0, 1, 2, 3, 5)
LARGEST = 30.0  # floats beyond it are scaled down
MOST_ELEMENTS = 400
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1e-310, 1.0, -1.0)

# What two correct programs may differ by, absolutely and relatively, in a graph with that dtype.
TOLERANCE = {
    "float16": 5e-2,
    "float32": 1e-3,
    "complex64": 1e-3,
    "float64": 1e-10,
    "complex128": 1e-10,
}


class Level(IntEnum):
    """How closely correct programs agree on a value."""

    CLOSE = 0  # up to rounding
    ROUNDED = 1  # every rounding is the same in C and in NumPy, though not before rewriting
    EXACT = 2  # equal whatever is done, zeros perhaps of different sign
    SIGNED = 3  # equal whatever is done


@dataclass(frozen=True, eq=False)
class Entry:
    """A variable, the value that it has for the drawn inputs, and how exact that is."""

    variable: Variable
    value: np.ndarray
    level: Level

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"<{self.variable.type}>")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def kind(self) -> str:
        """One of b, i, u, f, c, as NumPy has it."""
        return self.value.dtype.kind

    @property
    def static(self) -> tuple[int | None, ...]:
        """The lengths that are known before anything runs."""
        return self.variable.type.shape


@dataclass(eq=False, repr=False)
class Graph:
    """Inputs with values for them, and everything made of them on the way."""

    special: bool = False  # whether NaN, infinity and the like are among the values
    inputs: list[Variable] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)  # shared variables
    pool: list[Entry] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Keep hypothesis from printing every value: `running.show` prints the graph."""
        printer.text(f"<graph of {len(self.pool)} values>")

    def add(self, variable: Variable, value: Any, level: Level) -> Entry:
        """Put a variable into the pool; its static type must not contradict its value."""
        with np.errstate(all="ignore"):
            value = np.asarray(value)
            assert variable.type.ndim == value.ndim, (variable.type, value.shape)
            for static, length in zip(variable.type.shape, value.shape, strict=True):
                assert static in (None, length), (variable.type, value.shape)
            value = value.astype(variable.type.dtype)
            size = _largest(value)
            if size > LARGEST:
                scale = np.asarray(2.0 ** -np.ceil(np.log2(size / 4)), value.dtype)
                variable, value = variable * pt.constant(scale), value * scale
                level = min(level, Level.ROUNDED)
        entry = Entry(variable, np.asarray(value), level)
        self.pool.append(entry)
        return entry

    def input(self, value: np.ndarray, static: Sequence[int | None], state: bool = False) -> Any:
        """Add an input, or a shared variable if it is to be a `state`, of that value."""
        if state:
            variable = shared(value, shape=tuple(static))
            self.states.append(variable)
        else:
            variable = pt.tensor(dtype=value.dtype.name, shape=tuple(static))
            self.inputs.append(variable)
            self.values.append(value)
        return variable

    @property
    def tolerance(self) -> float:
        """What correct programs may differ by: that of the least precise dtype there is."""
        dtypes = {entry.value.dtype.name for entry in self.pool}
        return max((TOLERANCE.get(dtype, 0.0) for dtype in dtypes), default=0.0) or 1e-10

    def is_apart(self, level: Level, distance: Any) -> bool:
        """Whether a jump is so far from the values that rounding cannot cross it."""
        distance = np.abs(distance)
        near = distance[np.isfinite(distance)] < 1000 * self.tolerance
        return level >= Level.EXACT or not near.any()


def _largest(value: np.ndarray) -> float:
    """Return the largest finite absolute value of a float array."""
    if value.dtype.kind not in "fc":
        return 0.0
    finite = np.abs(value)[np.isfinite(value)]
    return float(finite.max(initial=0.0))


def pick(draw: Any, graph: Graph, wanted: Callable[[Entry], bool] | None = None) -> Entry | None:
    """Draw an entry of which `wanted` holds, or None if there is none; later ones more often."""
    choices = [entry for entry in graph.pool if wanted is None or wanted(entry)]
    if not choices:
        return None
    return draw(st.sampled_from(choices + choices[-3:]))


def numbers(draw: Any, graph: Graph, dtype: str, shape: Sequence[int]) -> np.ndarray:
    """Draw an array: continuous values, or ones that repeat, or the special ones."""
    rng, kind = graph.rng, np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        info = np.iinfo(dtype)
        small = rng.integers(max(info.min, -6), 7, shape).astype(dtype)
        if draw(st.booleans()):
            return small
        edges = np.array([info.min, info.min + 1, info.max - 1, info.max, 0, 1], dtype)
        return np.where(rng.random(shape) < 0.5, rng.choice(edges, shape), small)
    value = rng.uniform(-1.5, 1.5, shape)
    if kind == "c":
        value = value + 1j * rng.uniform(-1.5, 1.5, shape)
    elif draw(st.booleans()):
        value = np.round(2 * value) / 2
    if graph.special and kind == "f":
        value = np.where(rng.random(shape) < 0.4, rng.choice(SPECIAL, shape), value)
    return np.asarray(value).astype(dtype)


def lengths(draw: Any, most: int = 3) -> tuple[int, ...]:
    """Draw a shape."""
    return tuple(draw(st.lists(st.sampled_from(LENGTHS), max_size=most)))


def static_lengths(draw: Any, shape: Sequence[int]) -> tuple[int | None, ...]:
    """Draw which lengths of a shape are known before anything runs."""
    return tuple(n if draw(st.booleans()) else None for n in shape)


@st.composite
def graphs(
    draw: Any,
    dtypes: Sequence[str] = ("float64",),
    max_steps: int = 10,
    steps: Sequence[Callable] | None = None,
    special: bool = False,
    states: bool = False,
) -> Graph:
    """Return a `Graph`.

    Parameters
    ----------
    dtypes
        Of the inputs; steps make others.
    max_steps
        How far it grows.
    steps
        What it grows by; all steps if None.
    special
        Put NaN, infinities, negative zeros and denormal numbers into the inputs.
    states
        Make some of the inputs shared variables.
    """
    from tests.fuzz.steps import STEPS, unary

    steps = STEPS if steps is None else steps
    graph = Graph(special, rng=np.random.default_rng(draw(st.integers(0, 2**32 - 1))))
    for number in range(draw(st.integers(1, 3))):
        repeated = number and draw(st.booleans())
        shape = graph.pool[0].shape if repeated else lengths(draw)
        value = numbers(draw, graph, draw(st.sampled_from(dtypes)), shape)
        is_state = states and (number == 0 or draw(st.booleans()))
        variable = graph.input(value, static_lengths(draw, shape), is_state)
        graph.pool.append(Entry(variable, value, Level.SIGNED))
    with np.errstate(all="ignore"):
        for _ in range(draw(st.integers(1, max_steps))):
            if draw(st.sampled_from(steps))(draw, graph) is None:
                unary(draw, graph)
    return graph
