"""Another path to `pytensorlite.compile.function.types`, where functions are at home."""

from pytensorlite.compile.function.types import AliasedMemoryError, Function

__all__ = ["AliasedMemoryError", "Function"]
