"""Ops that pass a value through if conditions hold, and raise if not.

Users import them from `pytensorlite.raise_op`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.math import all as pt_all


class CheckAndRaise(Op):
    """Return a value unchanged if all conditions are true, else raise.

    Parameters
    ----------
    exc_type : type of Exception
        What is raised.
    msg : str
        Its text.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> positive = CheckAndRaise(ValueError, "x must be positive")(x, x > 0)
    >>> float(positive.eval({x: 2.0}))
    2.0
    """

    __props__ = ("msg", "exc_type")
    view_map = {0: [0]}  # noqa: RUF012 -- read-only by convention, as on every op
    check_input = False

    def __init__(self, exc_type: type[Exception], msg: str = ""):
        if not (isinstance(exc_type, type) and issubclass(exc_type, Exception)):
            raise ValueError(f"`exc_type` must be a class of exceptions, got {exc_type!r}.")
        self.exc_type = exc_type
        self.msg = msg

    def make_node(self, value: Any, *conds: Any) -> Apply:
        if not isinstance(value, Variable):
            value = as_tensor_variable(value)
        conditions = [_as_condition(condition) for condition in conds]
        return Apply(self, [value, *conditions], [value.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        value, *conditions = inputs
        if not all(bool(condition) for condition in conditions):
            raise self.exc_type(self.msg)
        output_storage[0][0] = value

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *([False] for _ in node.inputs[1:])]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        return [cotangents[0], *(disconnected_type() for _ in inputs[1:])]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        if isinstance(tangents[0].type, DisconnectedType):
            return [disconnected_type()]
        return [self(tangents[0], *inputs[1:])]

    def do_constant_folding(self, fgraph: Any, node: Apply) -> bool:
        """Fold a check that holds; one that fails is for the run, not for the compilation."""
        conditions: list[Any] = node.inputs[1:]
        return all(bool(condition.data) for condition in conditions)

    def __str__(self) -> str:
        name, raises = type(self).__name__, f"raises={self.exc_type.__name__}, "
        text = self.msg if len(self.msg) <= 30 else f"{self.msg[:27]}..."
        return f"{name}{{{'' if isinstance(self, Assert) else raises}msg={text!r}}}"

    __repr__ = __str__


class Assert(CheckAndRaise):
    """Return a value unchanged if all conditions are true, else raise ``AssertionError``.

    Parameters
    ----------
    msg : str
        The text of the exception.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> n = pt.lscalar("n")
    >>> even = Assert("n must be even")(n, pt.eq(n % 2, 0))
    >>> int(even.eval({n: 4}))
    4
    """

    __props__ = ("msg", "exc_type")

    def __init__(self, msg: str = "Assertion failed: a condition of the graph does not hold."):
        super().__init__(AssertionError, msg)


assert_op = Assert()


def _as_condition(condition: Any) -> Any:
    # Plain booleans are welcome here although they are no tensors elsewhere.
    if isinstance(condition, bool):
        condition = np.asarray(condition)
    condition = as_tensor_variable(condition)
    return condition if condition.type.ndim == 0 else pt_all(condition)
