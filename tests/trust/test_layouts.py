"""Every op on inputs of twelve layouts: the results of contiguous ones, to the bit.

Two graphs hold every op that the random graphs know, all results at once.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.graphs import graphs
from tests.fuzz.running import NATIVE, program
from tests.fuzz.steps import ELEMENTWISE
from tests.fuzz.steps.elementwise import rows
from tests.fuzz.test_random_graphs import EACH

KINDS = {
    "floats": ("float64", "float32"),
    "integers": ("int64", "int8", "uint16", "bool"),
    "complex": ("complex128", "float64"),
}


def spread(a: np.ndarray, step: int = 2) -> np.ndarray:
    """Every other element of a larger array, along each axis."""
    wide = np.zeros(tuple(abs(step) * n for n in a.shape), a.dtype)
    part = wide[(slice(None, None, step),) * a.ndim]
    part[...] = a
    return part


def misaligned(a: np.ndarray) -> np.ndarray:
    """The same one byte off."""
    view = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def read_only(a: np.ndarray) -> np.ndarray:
    """The same, locked."""
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def turned(a: np.ndarray) -> np.ndarray:
    """The first axis is the fastest."""
    return np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0)


def inside(a: np.ndarray) -> np.ndarray:
    """A part of a larger array, away from its edges."""
    wide = np.zeros(tuple(n + 2 for n in a.shape), a.dtype)
    part = wide[(slice(1, -1),) * a.ndim]
    part[...] = a
    return part


LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "first axis last": turned,
    "backwards": lambda a: spread(a, -1),
    "every other": spread,
    "every third, backwards": lambda a: spread(a, -3),
    "part of a larger one": inside,
    "big endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "misaligned": misaligned,
    "read only": read_only,
    "subclass": lambda a: a.view(type("Sub", (np.ndarray,), {})),
    "zero stride": None,  # values that repeat are needed for it: see below
}


def zero_stride(a: np.ndarray) -> np.ndarray:
    """One element, seen everywhere."""
    return np.broadcast_to(a[(slice(0, 1),) * a.ndim], a.shape)


def every_row(draw, graph):
    """All element-wise ops."""
    rows(draw, graph)


def every_step(draw, graph):
    """All others."""
    for step in EACH:
        step(draw, graph)


@pytest.mark.parametrize("ops", [every_row, every_step], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_layouts(kind, ops):
    @settings(
        max_examples=1 if ops is every_row else 2,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.data())
    def run(data):
        graph = data.draw(graphs(KINDS[kind], steps=ELEMENTWISE, max_steps=2))
        with np.errstate(all="ignore"):
            ops(data.draw, graph)
            compare(graph)

    run()


def compare(graph):
    """Call one function with every layout."""
    f = program(graph, [entry.variable for entry in graph.pool[-60:]], NATIVE)
    expected = f(*graph.values)
    for name, layout in LAYOUTS.items():
        values, wanted = graph.values, expected
        if layout is None:
            # An index that repeats its first element stays in range; a mask keeps its length only
            # if it stays as it is, and so do arrays without elements.
            values = [v if v.dtype == bool or 0 in v.shape else zero_stride(v) for v in values]
            wanted = f(*(v.copy() for v in values))
            given_values = values
        else:
            given_values = [layout(v) if v.ndim else v.copy() for v in values]
        found = f(*given_values)
        for a, b in zip(found, wanted, strict=True):
            assert a.dtype == b.dtype, name
            assert a.shape == b.shape, name
            assert a.tobytes() == b.tobytes(), name
        for given_value, value in zip(given_values, values, strict=True):
            np.testing.assert_array_equal(given_value, value)
