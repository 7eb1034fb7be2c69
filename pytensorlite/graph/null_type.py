"""The two types of a gradient that is not a tensor.

``DisconnectedType`` says *zero, because the cost does not depend on this input*; ``NullType``
says *there is no answer*, and keeps the reason.  They live on the floor of the graph so that every
op can return them from its ``pullback``; :mod:`pytensorlite.gradient` re-exports them to users.
"""

from __future__ import annotations

from typing import Any

from pytensorlite.graph.type import Type


class NullType(Type):
    """Type of a gradient that cannot be computed; ``why_null`` tells why.

    Parameters
    ----------
    why_null : str
        The reason, shown to the user when the variable would be needed.

    Notes
    -----
    All null types are equal, whatever their reasons: two of them stand for the same absence.

    Examples
    --------
    >>> NullType("the roof of a step has no slope") == NullType("another reason")
    True
    """

    def __init__(self, why_null: str = "(no explanation given)"):
        self.why_null = why_null

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Refuse every value: an absent gradient has none."""
        raise ValueError(f"A variable of NullType can hold no value: {self.why_null}")

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Any:
        """Refuse every variable as a replacement."""
        raise ValueError(f"A variable of NullType can be replaced by no other: {self.why_null}")

    def values_eq(  # type: ignore[override]
        self, a: Any, b: Any, force_same_dtype: bool = True
    ) -> bool:
        """Refuse to compare values that cannot exist."""
        raise ValueError("NullType has no values to compare.")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "NullType"

    __str__ = __repr__


class DisconnectedType(Type):
    """Type of a gradient that is zero because the cost does not depend on the variable.

    Ops return ``disconnected_type()`` for an input that does not influence their outputs, and
    receive one as the cotangent of an output that the cost does not use.

    Examples
    --------
    >>> isinstance(disconnected_type().type, DisconnectedType)
    True
    """

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Refuse every value."""
        raise AssertionError(_DISCONNECTED_HAS_NO_VALUE)

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Any:
        """Refuse every variable as a replacement."""
        raise AssertionError(_DISCONNECTED_HAS_NO_VALUE)

    def values_eq(  # type: ignore[override]
        self, a: Any, b: Any, force_same_dtype: bool = True
    ) -> bool:
        """Refuse to compare values that cannot exist."""
        raise AssertionError(_DISCONNECTED_HAS_NO_VALUE)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "DisconnectedType"

    __str__ = __repr__


_DISCONNECTED_HAS_NO_VALUE = (
    "A disconnected gradient is a symbolic zero without a value. Where an array is wanted, "
    "test `isinstance(variable.type, DisconnectedType)` first and use zeros instead."
)

null_type = NullType()
disconnected_type = DisconnectedType()


def grad_not_implemented(op: Any, x_pos: int, x: Any, comment: str = "") -> Any:
    """Return a null variable for a derivative that exists but that ``op`` does not provide.

    Parameters
    ----------
    op : Op
        The op whose ``pullback`` is speaking.
    x_pos : int
        Position of the input in the node.
    x : Variable
        The input itself.
    comment : str
        What a reader should know besides.

    Examples
    --------
    >>> from pytensorlite.graph.basic import Variable
    >>> x = Variable(disconnected_type, None, name="x")
    >>> print(grad_not_implemented("Wobble", 0, x, "ask for it").type.why_null)
    The derivative of Wobble with respect to its input 0 (x) is not implemented: ask for it
    """
    return NullType(_reason("is not implemented", op, x_pos, x, comment))()


def grad_undefined(op: Any, x_pos: int, x: Any, comment: str = "") -> Any:
    """Return a null variable for a derivative that mathematics does not define.

    Parameters
    ----------
    op : Op
        The op whose ``pullback`` is speaking.
    x_pos : int
        Position of the input in the node.
    x : Variable
        The input itself.
    comment : str
        Why there is no derivative.

    Examples
    --------
    >>> from pytensorlite.graph.basic import Variable
    >>> n = Variable(disconnected_type, None, name="n")
    >>> print(grad_undefined("Eye", 0, n, "lengths are whole numbers").type.why_null)
    The derivative of Eye with respect to its input 0 (n) is undefined: lengths are whole numbers
    """
    return NullType(_reason("is undefined", op, x_pos, x, comment))()


def _reason(verdict: str, op: Any, x_pos: int, x: Any, comment: str) -> str:
    reason = f"The derivative of {op} with respect to its input {x_pos} ({x}) {verdict}"
    return f"{reason}: {comment}" if comment else reason
