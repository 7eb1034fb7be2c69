"""What can go wrong between C text and a loaded library, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BuildError", "CacheWarning", "describe_failure"]


class BuildError(RuntimeError):
    """The C compiler is missing, or did not turn the source into a library that loads.

    The message names the command, the compiler's first complaint with the lines of C around it,
    and the directory that keeps the source and the whole log.

    Attributes
    ----------
    command : tuple of str
        The command that failed, empty when no compiler was found.
    log : str
        All that the compiler printed.
    kept : str
        Directory with the source and the log, empty when nothing could be kept.
    """

    def __init__(
        self, message: str, *, command: Sequence[str] = (), log: str = "", kept: str = ""
    ) -> None:
        super().__init__(message)
        self.command = tuple(command)
        self.log = log
        self.kept = kept


class CacheWarning(UserWarning):
    """The cache on disk could not be used as asked; the result is right, only slower to get."""


_CONTEXT = 3  # lines of C shown on each side of the complaint


def describe_failure(
    what: str,
    *,
    label: str,
    command: Sequence[str],
    log: str,
    sources: dict[str, str],
    kept: str,
    remedy: str,
) -> BuildError:
    """The error that teaches: what failed, where in the C, by which command, and what to do.

    Examples
    --------
    >>> error = describe_failure("gcc ended with status 1", label="f", command=["gcc", "source.c"],
    ...     log="source.c:1:8: error: expected ';'", sources={"source.c": "int f()"},
    ...     kept="", remedy="")
    >>> print(error)
    gcc ended with status 1 while building 'f'
      source.c:1: error: expected ';'
        > 1 | int f()
      command: gcc source.c
    """
    lines = [f"{what} while building {label!r}" if label else what]
    lines += ["  " + line for line in _first_complaint(log, sources)]
    lines.append("  command: " + " ".join(_quoted(word) for word in command))
    if kept:
        lines.append(f"  kept: {kept} (source and log)")
    if remedy:
        lines.append(f"  remedy: {remedy}")
    return BuildError("\n".join(lines), command=command, log=log, kept=kept)


def _first_complaint(log: str, sources: dict[str, str]) -> list[str]:
    import re  # only failures come here

    match = re.search(
        r"^(?P<file>[^\n]*?):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: (?P<text>.*)$", log, re.M
    )
    if match is None:
        # Linkers and drivers name no line: "ld: cannot find -lfoo", "undefined reference to `f'".
        other = re.search(r"^.*(?:error|cannot|undefined reference|No space).*$", log, re.M)
        return [other.group().strip()] if other else log.strip().splitlines()[-3:]
    name, line = match["file"].rsplit("/", 1)[-1], int(match["line"])
    complaint = [f"{name}:{line}: error: {match['text']}"]
    text = sources.get(name, "").splitlines()
    first, last = max(line - _CONTEXT, 1), min(line + _CONTEXT, len(text))
    width = len(str(last))
    for number in range(first, last + 1):
        mark = ">" if number == line else " "
        complaint.append(f"  {mark} {number:{width}d} | {text[number - 1]}")
    return complaint


def _quoted(word: str) -> str:
    plain = word and all(c.isalnum() or c in "-_./=+,:@%" for c in word)
    return word if plain else "'" + word.replace("'", "'\"'\"'") + "'"
