"""Exceptions that symbolic arrays raise.

They are few on purpose: most faults are NumPy's own ``TypeError``, ``ValueError`` and
``IndexError``, with a text that names the variable and the remedy.
"""


class ShapeError(Exception):
    """A shape cannot be worked out, for instance of a variable that has no fixed rank."""


class NotScalarConstantError(Exception):
    """A number was needed while the graph is built, but the variable is not a constant.

    Raised by `get_underlying_scalar_constant_value`, for example for the length of an input whose
    static shape is unknown. Give the type a static shape, or pass a Python number.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.get_underlying_scalar_constant_value(pt.scalar("x"))
    Traceback (most recent call last):
    pytensorlite.tensor.exceptions.NotScalarConstantError: x is not a constant
    """


class AdvancedIndexingError(TypeError):
    """An index needs the rules of advanced indexing where only basic indexing is possible."""
