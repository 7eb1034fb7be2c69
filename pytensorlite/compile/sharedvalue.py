"""Shared variables: values that live between calls and belong to no single function."""

from __future__ import annotations

import copy
from functools import singledispatch
from typing import Any

from pytensorlite.graph.basic import Variable
from pytensorlite.graph.type import Type
from pytensorlite.graph.utils import add_tag_trace
from pytensorlite.link.basic import Container
from pytensorlite.link.native import settled


class Generic(Type):
    """The type of any Python object: nothing is checked and nothing converted."""

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        return data

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "Generic()"


generic = Generic()


class SharedVariable(Variable):
    """A variable with a value. Made by `shared`; functions read the value, updates replace it.

    Parameters
    ----------
    type : Type
        The type of the values.
    value : any
        The first value. It is kept as it is: constructors copy.
    strict : bool
        Refuse values that are not of the right type already.
    allow_downcast : bool, optional
        Whether a new value may lose precision.
    container : Container, optional
        A cell to share instead of a new one; then ``value`` must be None.
    name : str, optional
        The name in graphs and errors.
    """

    def __init__(
        self,
        type: Type,
        value: Any,
        strict: bool,
        allow_downcast: bool | None = None,
        container: Container | None = None,
        name: str | None = None,
    ):
        super().__init__(type=type, owner=None, index=None, name=name)
        self._default_update: Variable | None = None
        if container is not None:
            if value is not None:
                raise TypeError("a shared variable takes a container or a value, not both")
            self.container = container
            return
        self.container = Container(
            self,
            storage=[type.filter(value, strict=strict, allow_downcast=allow_downcast)],
            strict=strict,
            allow_downcast=allow_downcast,
            name=name,
        )

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """Return the value: a copy, or with ``borrow`` the very object that functions read.

        Changing a borrowed array in place changes the shared variable.
        """
        value = settled(self.container.value)
        return value if borrow else copy.deepcopy(value)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Replace the value: by a copy of ``new_value``, or with ``borrow`` by itself.

        A value of the wrong type raises, and leaves the old one in place.
        """
        self.container.fill(new_value if borrow else copy.deepcopy(new_value))

    def get_test_value(self) -> Any:
        """Return the value itself, as what a shared variable is tested with."""
        return self.get_value(borrow=True, return_internal_type=True)

    def clone(self, **kwargs: Any) -> SharedVariable:
        """Return another variable on the same container."""
        name = kwargs.get("name", self.name)
        twin = self.__class__(self.type, None, False, container=self.container, name=name)
        twin.tag = copy.copy(self.tag)
        return twin

    @property
    def default_update(self) -> Variable | None:
        """What each function that reads the variable makes of it, unless it is told otherwise."""
        return self._default_update

    @default_update.setter
    def default_update(self, value: Any) -> None:
        self._default_update = None if value is None else self.type.filter_variable(value)


def shared(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Return a variable that carries a value from call to call.

    Parameters
    ----------
    value : array, number or any Python object
        The first value, copied unless ``borrow=True`` is among the keywords. Arrays and numbers
        become tensors of their own dtype, other objects variables of a generic type.
    name : str, optional
        The name in graphs and errors.
    strict, allow_downcast : bool
        How later values are taken, as in `In`.
    **kwargs
        For the constructor: ``borrow``; for tensors ``shape``.

    Examples
    --------
    >>> import numpy as np
    >>> from pytensorlite import function, shared
    >>> count = shared(np.zeros(2), name="count")
    >>> step = function([], count, updates={count: count + 1})
    >>> step(), count.get_value()
    (array([0., 0.]), array([1., 1.]))
    """
    if isinstance(value, Variable):
        raise TypeError(
            f"a shared variable needs a value, got the symbolic variable {value};"
            " evaluate it first, or use it directly in the graph"
        )
    variable = shared_constructor(
        value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs
    )
    # The dispatch on the value's type lies between here and where the variable was made.
    return add_tag_trace(variable)


@singledispatch
def shared_constructor(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    **kwargs: Any,
) -> SharedVariable:
    """Make the shared variable for a value; Python types register their own way with it."""
    if kwargs:
        raise TypeError(
            f"shared() of a {type(value).__name__} does not take {', '.join(sorted(kwargs))}"
        )
    return SharedVariable(
        type=generic,
        value=value if borrow else copy.deepcopy(value),
        name=name,
        strict=strict,
        allow_downcast=allow_downcast,
    )
