"""What a user may say of one input or one output of a function: `In` and `Out`."""

from __future__ import annotations

from typing import Any

from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.graph.basic import Variable
from pytensorlite.link.basic import Container


class SymbolicInput:
    """A variable as an input of a function, and how its values are taken.

    Parameters
    ----------
    variable : Variable
        The input.
    name : str, optional
        The keyword for it in calls. By default the variable's name, unless ``autoname`` is False.
    update : Variable, optional
        After each call the input's default becomes the value of this expression.
    mutable : bool, optional
        The function may overwrite the array that it is given. By default only if there is an
        update.
    strict : bool
        Refuse values that are not of the right type already.
    allow_downcast : bool, optional
        Whether values may lose precision: True always, False never, None only Python floats.
    implicit : bool
        The input is no argument of calls; its value comes from its container.
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        update: Variable | None = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool = False,
    ):
        if not isinstance(variable, Variable):
            raise TypeError(f"expected a symbolic variable as an input, got {variable!r}")
        if implicit is None:
            raise TypeError("implicit must be True or False")
        self.variable = variable
        self.name = variable.name if autoname and name is None else name
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"expected a string as the name of an input, got {self.name!r}")
        self.update = _checked_update(variable, update)
        self.mutable = update is not None if mutable is None else mutable
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.implicit = implicit

    def __repr__(self) -> str:
        if self.update is not None:
            return f"In({self.variable} -> {self.update})"
        return f"In({self.variable})"


class In(SymbolicInput):
    """An input with a default value.

    Parameters
    ----------
    variable, name, update, mutable, strict, allow_downcast, autoname
        As in `SymbolicInput`.
    value : any or Container or SharedVariable, optional
        The value to use where a call gives none. A container or a shared variable is read at each
        call, and makes the input implicit.
    implicit : bool, optional
        By default whether ``value`` is a container or a shared variable.
    borrow : bool, optional
        Whether the default may be kept without a copy, and results may share memory with the
        argument. Follows ``mutable`` by default.
    shared : bool
        Whether the input stands for a shared variable.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function
    >>> x, y = pt.dscalars("x", "y")
    >>> f = function([x, In(y, value=10)], x + y)
    >>> float(f(1)), float(f(1, y=2))
    (11.0, 3.0)
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Variable | None = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
        shared: bool = False,
    ):
        if implicit is None:
            implicit = isinstance(value, Container | SharedVariable)
        super().__init__(
            variable, name, update, mutable, strict, allow_downcast, autoname, implicit
        )
        if self.mutable and borrow is False:
            raise ValueError(
                f"the input {variable} is mutable=True and borrow=False: an argument that the"
                " function may overwrite is by that very fact shared with it; drop borrow=False"
            )
        if implicit and value is None:
            raise TypeError(f"the implicit input {variable} needs a value")
        self.value = value
        self.borrow = self.mutable if borrow is None else borrow
        self.shared = shared


class SymbolicOutput:
    """A variable as an output of a function.

    Parameters
    ----------
    variable : Variable
        What is computed.
    borrow : bool
        The result may share memory with an argument that was itself given with ``borrow=True``.
    """

    def __init__(self, variable: Variable, borrow: bool = False):
        self.variable = variable
        self.borrow = borrow

    def __repr__(self) -> str:
        return f"Out({self.variable},{self.borrow})"


Out = SymbolicOutput


def _checked_update(variable: Variable, update: Variable | None) -> Variable | None:
    """Return ``update`` if its values can become those of ``variable``."""
    if update is None:
        return None
    if not isinstance(update, Variable):
        raise TypeError(f"expected a variable as the update of {variable}, got {update!r}")
    if not variable.type.is_super(update.type):
        raise TypeError(
            f"Variable {variable.name!r} has type {variable.type} but an update of type"
            f" {update.type}."
            " The type of the update should be compatible with the type of the variable."
        )
    return update
