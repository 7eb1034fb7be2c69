"""How commands speak: columns, JSON, exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["print_json", "print_table", "run_command"]


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> None:
    """Print rows in columns; those whose header is a word of `right` are aligned to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    to_right = [name in right.split() for name in header]
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if r else cell.ljust(width)
            for cell, width, r in zip(row, widths, to_right, strict=True)
        ]
        print("  ".join(cells).rstrip())


def print_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    print(json.dumps(value, indent=2))


def run_command(command: Callable[[], int]) -> int:
    """Run it; what a person can mend becomes one line on standard error and exit code 1."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
