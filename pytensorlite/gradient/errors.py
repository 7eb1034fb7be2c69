"""The exceptions of differentiation, each with its cause and its remedy."""

from __future__ import annotations

from typing import Any


class DisconnectedInputError(ValueError):
    """A derivative was asked for that is zero because nothing connects the two variables.

    Usually a slip (the wrong variable, or a cast to integers on the way), hence an error.  Where
    the zero is meant, pass ``disconnected_inputs="ignore"``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, y = pt.dvectors("x", "y")
    >>> pt.grad(x.sum(), y)
    Traceback (most recent call last):
    ...
    pytensorlite.gradient.errors.DisconnectedInputError: ...
    """


class NullTypeGradError(TypeError):
    """A derivative was asked for that does not exist or that no op can provide.

    The message is the reason the op gave.  With ``null_gradients="return"`` such a derivative comes
    back as a variable of `NullType` instead.
    """


class GradientError(Exception):
    """A symbolic derivative differs from the finite difference by more than both tolerances.

    Attributes
    ----------
    arg, err_pos, shape : int, int, tuple
        Argument, position in it when flattened, and its shape.
    val1, val2 : float
        The symbolic and the numeric derivative there.
    abs_err, rel_err, abs_tol, rel_tol : float
        The two errors, and what was allowed.
    """

    def __init__(
        self,
        arg: int,
        err_pos: int,
        shape: tuple[int, ...],
        val1: Any,
        val2: Any,
        abs_err: float,
        rel_err: float,
        abs_tol: float,
        rel_tol: float,
    ):
        super().__init__()
        self.arg = arg
        self.err_pos = err_pos
        self.shape = shape
        self.val1 = val1
        self.val2 = val2
        self.abs_err = abs_err
        self.rel_err = rel_err
        self.abs_tol = abs_tol
        self.rel_tol = rel_tol

    def __str__(self) -> str:
        notes = "".join(f"\n    {note}" for note in self.args)
        return (
            f"The symbolic gradient differs from the numeric one beyond both tolerances, worst at "
            f"position {self.err_pos} of argument {self.arg} with shape {self.shape}:\n"
            f"    symbolic {self.val1!s:>22}    numeric   {self.val2!s:>22}\n"
            f"    absolute error {self.abs_err:>16.8g}    tolerance {self.abs_tol:>22.8g}\n"
            f"    relative error {self.rel_err:>16.8g}    tolerance {self.rel_tol:>22.8g}{notes}"
        )


class SeveralOutputsError(NotImplementedError, TypeError):
    """`verify_grad` was given a function that returns several variables instead of one."""
