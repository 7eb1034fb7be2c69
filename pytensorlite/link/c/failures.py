"""How a native program says that it failed: a number, and the words for it here."""

from __future__ import annotations

from collections.abc import Sequence

from pytensorlite._immutable import immutable
from pytensorlite.graph.basic import Apply
from pytensorlite.link.utils import note_failed_node


@immutable
class Failure:
    """A way in which the program can fail: an exception, its text over `{0}`…, and who asked."""

    exception: type[Exception]
    text: str
    node: Apply | None


def describe_row(rows: Sequence[Failure], where: int, detail: Sequence[int]) -> BaseException:
    """Return the exception for failure number `where` of a table."""
    return describe_failure(rows[where], detail)


def describe_failure(failure: Failure, detail: Sequence[int]) -> BaseException:
    """Return the exception that a row of the table of failures stands for."""
    error = failure.exception(failure.text.format(*detail))
    if failure.node is not None:
        note_failed_node(error, failure.node, None)
    return error
