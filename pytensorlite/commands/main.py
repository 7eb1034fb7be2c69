"""`pytensorlite`: the one command that leads to the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytensorlite.commands.text import run_command

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the given words, by default those of the process; return its exit code.

    Examples
    --------
    >>> main(["cache", "dir", "--directory", "/somewhere/else"])
    /somewhere/else
    0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["cache"]:  # its words are its own
        from pytensorlite.commands import cache

        return cache.main(words[1:])
    options = _parser().parse_args(words)
    if options.command == "doctor":
        from pytensorlite.commands.doctor import run_doctor

        return run_command(lambda: run_doctor(as_json=options.json))
    _parser().print_help()
    return 0


def _parser() -> argparse.ArgumentParser:
    from pytensorlite._version import __version__

    parser = argparse.ArgumentParser(
        prog="pytensorlite", description="A graph compiler for NumPy-like mathematics."
    )
    parser.add_argument("--version", action="version", version=f"pytensorlite {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    text = "check the compiler, vector mathematics, BLAS, cache, threads and configuration"
    doctor = commands.add_parser("doctor", help=text, description=text)
    doctor.set_defaults(command="doctor")
    doctor.add_argument("--json", action="store_true", help="print for programs")
    commands.add_parser("cache", help="the same as pytensorlite-cache", add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
