"""Calling compiled programs: the native dispatcher, and the same in Python where it was not built."""

from __future__ import annotations

from typing import Any

is_native = False


class Caller:
    """Base of callables that try a compiled program first and fall back on ``call_generally``."""

    def configure(self, **options: Any) -> None:
        """Say what the fast road needs to know; in Python there is no fast road."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call_generally(*args, **kwargs)  # type: ignore[attr-defined]


class Kernel:
    """A compiled program that is called with a list of arrays."""


def accelerate(cls: type) -> type:
    """Make calls of instances of ``cls`` fast where the interpreter needs to be told."""
    return cls
