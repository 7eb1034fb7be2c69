"""Updates of shared variables as a dictionary that keeps order and refuses contradictions."""

from __future__ import annotations

from typing import Any

from pytensorlite.compile.sharedvalue import SharedVariable


class OrderedUpdates(dict):
    """A dictionary from shared variables to the expressions of their next values.

    Examples
    --------
    >>> from pytensorlite import shared
    >>> count = shared(0, name="count")
    >>> updates = OrderedUpdates([(count, count + 1)])
    >>> list(updates)
    [count]
    """

    def __init__(self, *entries: Any, **kwargs: Any):
        super().__init__()
        self.update(dict(*entries, **kwargs))

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, SharedVariable):
            raise TypeError(f"expected a shared variable as the target of an update, got {key!r}")
        super().__setitem__(key, value)

    def update(self, other: Any = None) -> None:  # type: ignore[override]
        """Take over the updates of ``other``; two different ones for a variable are an error."""
        for key, value in dict(other or {}).items():
            if key in self and self[key] is not value:
                raise KeyError("two different updates", key)
            self[key] = value

    def __add__(self, other: Any) -> OrderedUpdates:
        joined = OrderedUpdates(self)
        joined.update(other)
        return joined

    def __radd__(self, other: Any) -> OrderedUpdates:
        joined = OrderedUpdates(other)
        joined.update(self)
        return joined
