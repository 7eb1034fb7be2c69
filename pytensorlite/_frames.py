"""Where in the stack of calls the package ends and the user's code begins."""

from __future__ import annotations

import sys

__all__ = ["outside_package"]


def outside_package() -> int:
    """Return how many frames up, seen from the caller, the user's code begins.

    As the ``stacklevel`` of a warning it makes the warning point there.
    """
    package = __name__.partition(".")[0]
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        depth, frame = depth + 1, frame.f_back
    return depth
