"""`Print`: an identity that prints its value when a compiled function comes by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.op import Op


def _print_fn(op: Print, value: Any) -> None:
    """Print the message and the attributes that `op` lists."""
    for attribute in op.attrs:
        found = getattr(value, attribute)
        if callable(found):
            print(op.message, attribute, "=", found())
        else:
            print(op.message, attribute, "=", found)


class Print(Op):
    """Print a value while a function runs, and pass it on.

    Parameters
    ----------
    message : str
        Printed before the value.
    attrs : sequence of str
        Attributes of the value to print; methods are called.
    global_fn : callable
        What is called with the op and the value; prints by default.

    Examples
    --------
    ::

        y = Print("y", attrs=("min", "max"))(pt.exp(x))
    """

    __props__ = ("message", "attrs", "global_fn")
    view_map = {0: [0]}  # noqa: RUF012 - the same for every instance

    def __init__(
        self,
        message: str = "",
        attrs: Sequence[str] = ("__str__",),
        global_fn: Callable[[Print, Any], None] = _print_fn,
    ) -> None:
        self.message = message
        self.attrs = tuple(attrs)
        self.global_fn = global_fn

    def make_node(self, xin: Variable) -> Apply:
        return Apply(self, [xin], [xin.type.make_variable()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence) -> Sequence:
        return input_shapes

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        (value,) = inputs
        output_storage[0][0] = value
        self.global_fn(self, value)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return list(cotangents)

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return list(tangents)

    def do_constant_folding(self, fgraph: Any, node: Apply) -> bool:
        """Return False: printing is the point."""
        return False
