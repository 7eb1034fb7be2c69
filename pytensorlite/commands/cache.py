"""`pytensorlite-cache`: look at the compiled programs on disk, and keep them in order.

Only the cache's own modules are at work, never graphs.  The words that PyTensor's command knows
(`help`, `list`, `clear`, `unlock`, `cleanup`, `purge`, `basecompiledir`) mean here what they mean
there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.cgen.units import parse_age, parse_bytes
from pytensorlite.commands import changing, looking
from pytensorlite.commands.text import run_command

__all__ = ["main", "make_parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the given words, by default those of the process; return its exit code.

    Examples
    --------
    >>> main(["dir", "--directory", "/somewhere/else"])
    /somewhere/else
    0
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.action is None:
        parser.print_help()
        return 0
    return run_command(lambda: options.action(options))


def make_parser() -> argparse.ArgumentParser:
    """The grammar of the command."""
    parser = argparse.ArgumentParser(
        prog="pytensorlite-cache", description="Compiled programs on disk.", parents=[_common()]
    )
    parser.set_defaults(action=looking.info)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for name, action, text, *arguments in _COMMANDS:
        command = commands.add_parser(name, parents=[_common()], help=text, description=text)
        command.set_defaults(action=action)
        for flag, options in arguments:
            command.add_argument(flag, **options)
    return parser


def _common() -> argparse.ArgumentParser:
    # No defaults: a word before the command must survive the parser of the command.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--directory", help="another cache than config.cache_dir")
    common.add_argument("--json", action="store_true", help="print for programs")
    return common


def _argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse show what `parse` says about a wrong word."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


_KEY = {"help": "its key, or as much of the beginning as is unique"}
_PART = {"dest": "part", "action": "store_const"}

# fmt: off
# name, what runs, what it does, its arguments
_COMMANDS: tuple[tuple[Any, ...], ...] = (
    ("info", looking.info, "where the cache is and what it holds (the default)"),
    ("dir", looking.directory, "print the directory"),
    ("list", looking.list_entries, "one line for each program",
     ("--sort", {"choices": ["used", "created", "size", "label"], "default": "used"})),
    ("show", looking.show, "all that is known about one program",
     ("key", _KEY),
     ("--source", {**_PART, "const": "source", "help": "its C"}),
     ("--graph", {**_PART, "const": "graph", "help": "the graph that it computes"}),
     ("--log", {**_PART, "const": "log", "help": "what the compiler printed"})),
    ("stats", looking.stats, "sizes, ages and compile times"),
    ("remove", changing.remove, "remove single programs", ("key", {**_KEY, "nargs": "+"})),
    ("clear", changing.clear, "remove all programs"),
    ("prune", changing.prune, "remove programs by size, age or staleness",
     ("--max-size", {"type": _argument(parse_bytes), "metavar": "SIZE",
                     "help": "keep at most this much, e.g. 500MB (default: config.cache_size)"}),
     ("--older-than", {"type": _argument(parse_age), "metavar": "AGE",
                       "help": "remove what was not used for so long, e.g. 30d"}),
     ("--stale", {"action": "store_true",
                  "help": "remove what no build on this machine can use any more"}),
     ("--dry-run", {"action": "store_true", "help": "only say what would go"})),
    ("verify", looking.verify, "compare every program with its checksums",
     ("--fix", {"action": "store_true", "help": "remove the damaged ones"})),
    ("export", changing.export, "write programs to an archive for another machine",
     ("file", {}), ("key", {"nargs": "*", "help": "only these programs"})),
    ("import", changing.import_archive, "take programs from an archive made by someone you trust",
     ("file", {})),
    ("unlock", changing.unlock, "remove the files of locks that no living process holds"),
    ("cleanup", changing.cleanup, "remove stale programs and what killed builds left behind"),
    ("purge", changing.purge, "remove the whole directory"),
    ("basecompiledir", changing.base_directory, "print the directory above those of all platforms",
     ("what", {"nargs": "?", "choices": ["list", "purge"], "help": "or list it, or remove it"})),
    ("help", None, "print this help"),
)
# fmt: on


if __name__ == "__main__":
    sys.exit(main())
