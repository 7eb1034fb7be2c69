"""`OpPattern`: ops of a class with some parameters given."""

from __future__ import annotations

from typing import Any


class OpPattern:
    """All ops of a class (or one of several) whose named parameters have the given values.

    Parameters
    ----------
    op_type : type or tuple of types
        The class of the op.
    parameters : dict, optional
        Value by parameter; a value may itself be an `OpPattern` or a function of one argument that
        tells whether it fits.
    **kwargs
        More parameters.

    Examples
    --------
    >>> from pytensorlite.graph.clients import Output
    >>> OpPattern(Output, idx=1).match_op(Output(1)), OpPattern(Output, idx=1).match_op(Output(0))
    (True, False)
    """

    def __init__(self, op_type: Any, parameters: Any = (), **kwargs: Any) -> None:
        self.op_types: tuple[type, ...] = op_type if isinstance(op_type, tuple) else (op_type,)
        self.op_type = op_type
        self.parameters = {**dict(parameters), **kwargs}

    def match_op(self, op: Any) -> bool:
        """Whether `op` is such an op."""
        return isinstance(op, self.op_types) and all(
            _fits(expected, getattr(op, name, None)) for name, expected in self.parameters.items()
        )

    def __str__(self) -> str:
        names = "|".join(op_type.__name__ for op_type in self.op_types)
        listed = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"OpPattern({names}, {listed})" if listed else f"OpPattern({names})"

    __repr__ = __str__


def _fits(expected: Any, value: Any) -> bool:
    if isinstance(expected, OpPattern):
        return expected.match_op(value)
    if callable(expected) and not hasattr(expected, "make_node"):
        return bool(expected(value))
    return bool(expected == value)
