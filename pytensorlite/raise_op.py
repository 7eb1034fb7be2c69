"""Ops that raise: `Assert` and `CheckAndRaise`, which live in `pytensorlite.tensor.checking`."""

from pytensorlite.tensor.checking import Assert, CheckAndRaise, assert_op

__all__ = ["Assert", "CheckAndRaise", "assert_op"]
