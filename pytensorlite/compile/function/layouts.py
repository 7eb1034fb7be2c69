"""Large inputs in other layouts: programs that take them as they lie, made when first asked for.

A program takes arrays whose elements follow each other in the order of their axes. Others are
copied before it runs, which for a large array costs more than computing with it. So a function has
a further program for each way its large inputs come: with the axes in another order, as in Fortran,
or with rows that stand apart, as in a part of a larger matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

import numpy as np

from pytensorlite.compile.maker import FunctionMaker
from pytensorlite.link.basic import Layout

LARGE = 1 << 20  # bytes; WORTH_A_PROGRAM of cgen/dispatch.c
MOST = 8  # programs of one function


class Layouts:
    """The programs of one function for other layouts.

    Parameters
    ----------
    maker : FunctionMaker
        Has the graph.
    kernel
        The program for the usual layout, which copies what lies otherwise.
    """

    def __init__(self, maker: FunctionMaker, kernel: Any):
        self._maker = maker
        self._kernel = kernel
        self._lock = Lock()  # the graph may have to be rewritten first
        self._kernels: dict[tuple[tuple[int, Layout], ...], Any] = {}
        self._positions = [
            position
            for position, entry in enumerate(maker.inputs)
            if getattr(entry.variable.type, "ndim", 0) > 1
        ]

    def run(self, values: list[Any]) -> list[Any]:
        """Return the results of the program that suits the values."""
        found = tuple(self._unusual(values))
        kernel = self._kernel_for(found) if found else None
        if kernel is None:
            return self._kernel(values)
        turned = list(values)
        for position, layout in found:
            turned[position] = values[position].transpose(layout.axes)
        return kernel(turned)

    def _unusual(self, values: Sequence[Any]) -> Iterator[tuple[int, Layout]]:
        for position in self._positions:
            value = values[position]
            if type(value) is not np.ndarray or value.nbytes < LARGE or value.flags.c_contiguous:
                continue
            layout = layout_of(value)
            if layout is not None:
                yield position, layout

    def _kernel_for(self, found: tuple[tuple[int, Layout], ...]) -> Any:
        with self._lock:
            if found not in self._kernels and len(self._kernels) < MOST:
                maker = self._maker
                kernel = maker.linker.link_layouts(maker.fgraph, maker.name, dict(found))
                self._kernels[found] = kernel
            return self._kernels.get(found)


def layout_of(array: np.ndarray) -> Layout | None:
    """Return how the elements of an array lie; None if no program would take it as it lies.

    Examples
    --------
    >>> layout_of(np.zeros((3, 4)).T), layout_of(np.zeros((3, 4))[:, :2])
    (Layout(axes=(1, 0), in_rows=False), Layout(axes=(0, 1), in_rows=True))
    >>> layout_of(np.zeros((3, 4))[:, ::2]) is layout_of(np.zeros((3, 4))[::-1]) is None
    True
    """
    if not array.flags.aligned or not array.dtype.isnative or array.size == 0:
        return None
    axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    span, in_rows = array.itemsize, False
    for axis in reversed(axes):
        stride = array.strides[axis]
        if stride < span or stride % array.itemsize or (axis == axes[-1] and stride != span):
            return None
        in_rows = in_rows or stride != span
        span = stride * array.shape[axis]
    return Layout(tuple(axes), in_rows)
