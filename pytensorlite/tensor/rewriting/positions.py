"""The positions that a slice selects of an axis: the one thing besides data that loops read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.op import Op
from pytensorlite.tensor.type import TensorType


class Positions(Op):
    """``arange(n)[start:stop:step]``.

    Parameters
    ----------
    given : tuple of three bool
        Which of start, stop and step there are: they follow `n` as inputs.
    length : int, optional
        How many positions there are, if that is known.
    """

    __props__ = ("given", "length")

    def __init__(
        self, given: tuple[bool, bool, bool] = (False, False, False), length: int | None = None
    ):
        self.given = given
        self.length = length

    def make_node(self, n: Variable, *bounds: Variable) -> Apply:
        """Return the node that selects from the first `n` integers."""
        return Apply(self, [n, *bounds], [TensorType("int64", (self.length,))()])

    def entry(self, bounds: Iterable[Any]) -> slice:
        """Return the slice, of the inputs after the first or what stands for them."""
        left = iter(bounds)
        return slice(*(next(left) if there else None for there in self.given))

    def perform(self, node, inputs, output_storage):
        """Select through NumPy."""
        n, *bounds = inputs
        output_storage[0][0] = np.arange(int(n), dtype="int64")[self.entry(bounds)]
