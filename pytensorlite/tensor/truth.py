"""The reductions of truth values: `All` and `Any`.

In a file of their own, because one of them bears the name of Python's most used type hint.
"""

from __future__ import annotations

import typing

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply
from pytensorlite.tensor.careduce import FixedOpCAReduce
from pytensorlite.tensor.conversion import as_tensor_variable


class All(FixedOpCAReduce):
    """Whether all elements are true."""

    fixed_op = ps.and_

    def __init__(self, axis: typing.Any = None):
        super().__init__(self.fixed_op, axis)

    def clone(self, **kwargs: typing.Any) -> All:
        return type(self)(kwargs.get("axis", self.axis))

    def make_node(self, input: typing.Any) -> Apply:
        x = as_tensor_variable(input)
        if x.type.dtype != "bool":
            x = ps.neq(x, 0)
        return super().make_node(x)


class Any(All):
    """Whether any element is true."""

    fixed_op = ps.or_
