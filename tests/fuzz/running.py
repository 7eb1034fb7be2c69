"""Run a random graph in several ways and compare what comes back with what must come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import note
from hypothesis import strategies as st

from pytensorlite import Mode, config, dprint, function
from tests.fuzz.graphs import Entry, Graph, Level

RAW = Mode("numpy", None)
REWRITTEN = Mode("numpy", "fast_run")
NATIVE = Mode("c", "fast_run")

LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "backwards": lambda a: np.flip(np.flip(a).copy()),
    "every other": lambda a: _spread(a),
    "big endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "misaligned": lambda a: _misaligned(a),
}


def _spread(a: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
    part = wide[(slice(None, None, 2),) * a.ndim]
    part[...] = a
    return part


def _misaligned(a: np.ndarray) -> np.ndarray:
    view = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def chosen(draw: Any, graph: Graph) -> list[Entry]:
    """Draw the outputs of a graph: its end, and perhaps others, among them inputs."""
    more = draw(st.lists(st.sampled_from(graph.pool), max_size=4))
    return [graph.pool[-1], *more]


def arguments(draw: Any, graph: Graph) -> list[np.ndarray]:
    """Return the values of the inputs in drawn layouts; equal shapes may share one array."""
    names = [draw(st.sampled_from(sorted(LAYOUTS))) for _ in graph.values]
    given = [
        LAYOUTS[name](value) if value.ndim else value.copy()
        for name, value in zip(names, graph.values, strict=True)
    ]
    for i, value in enumerate(graph.values):
        for j in range(i):
            if same_kind(value, graph.values[j]) and same_bits(value, graph.values[j]):
                given[i] = given[j]
    return given


def same_kind(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have the same dtype and shape."""
    return a.dtype == b.dtype and a.shape == b.shape


def program(graph: Graph, outputs: Sequence[Any], mode: Mode, **options: Any) -> Any:
    """Compile; a compiler that refuses what it is given is a failure."""
    with config.change_flags(on_compile_error="raise", on_opt_error="raise"):
        return function(graph.inputs, outputs, mode=mode, on_unused_input="ignore", **options)


def show(graph: Graph, entries: Sequence[Entry]) -> None:
    """Have hypothesis print the graph if the example fails."""
    text = dprint([entry.variable for entry in entries], file="str", print_type=True)
    for variable, value in zip(graph.inputs, graph.values, strict=True):
        text += f"\n{variable.type} = {value!r}"
    note(text)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether values are equal, NaN being NaN and zeros of the same sign."""
    if not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
        return False
    if a.dtype.kind != "f":
        return True
    return bool((np.signbit(a) == np.signbit(b))[~np.isnan(a)].all())


def agree(graph: Graph, entry: Entry, found: Any, expected: np.ndarray, level: Level) -> None:
    """Assert that a result is right to the digit or the bit that it has to be."""
    assert isinstance(found, np.ndarray)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if level == Level.SIGNED:
        assert same_bits(found, expected), f"expected {expected!r}, got {found!r}"
    elif level == Level.EXACT:
        np.testing.assert_array_equal(found, expected)
    else:
        allowed = graph.tolerance
        with np.errstate(all="ignore"):
            close = np.isclose(found, expected, rtol=allowed, atol=allowed, equal_nan=True)
        if not close.all() and not is_shaky(graph, entry, found):
            np.testing.assert_allclose(found, expected, rtol=allowed, atol=allowed)


def is_shaky(graph: Graph, entry: Entry, found: np.ndarray) -> bool:
    """Whether rounding alone explains a difference: it does if inputs a little off do as much."""
    plain = program(graph, [entry.variable], RAW)
    rng = np.random.default_rng(0)
    spread = np.zeros(found.shape)
    with np.errstate(all="ignore"):
        for _ in range(8):
            moved = []
            for value in graph.values:
                noise = np.ones(value.shape)
                if value.dtype.kind in "fc":
                    noise = 1 + 4 * np.finfo(value.dtype).eps * rng.uniform(-1, 1, value.shape)
                moved.append((value * noise).astype(value.dtype))
            spread = np.fmax(spread, np.abs(plain(*moved)[0] - entry.value))
        gap = np.abs(found - entry.value)
        scale = graph.tolerance * (1 + np.abs(entry.value))
    return bool((gap <= scale + 1000 * spread).all())
