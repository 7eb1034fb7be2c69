"""Which cache a command works on, and how it names programs and answers."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Sequence

from pytensorlite.cgen.cache import Cache
from pytensorlite.cgen.directory import default_directory
from pytensorlite.cgen.errors import CacheWarning
from pytensorlite.cgen.units import parse_bytes
from pytensorlite.commands.text import print_json
from pytensorlite.configdefaults import config

__all__ = ["find_key", "open_cache", "cache_place", "report", "short", "wants_json"]


def cache_place(options: argparse.Namespace) -> str:
    """The directory of the cache: by option, by config, or the platform's."""
    path = getattr(options, "directory", "") or config.cache_dir or default_directory()
    return os.path.abspath(os.path.expanduser(path))


def open_cache(options: argparse.Namespace) -> Cache:
    """The cache, in its own directory or not at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        cache = Cache(cache_place(options), max_bytes=parse_bytes(config.cache_size))
    if cache.trouble:
        raise RuntimeError(f"the cache directory {cache.requested} is not used: {cache.trouble}")
    return cache


def find_key(cache: Cache, beginning: str) -> str:
    """The key of the one entry that begins so."""
    keys = [key for key in cache.entry_keys() if key.startswith(beginning)]
    if len(keys) == 1 or beginning in keys:
        return beginning if beginning in keys else keys[0]
    found = "none does" if not keys else f"{len(keys)} do"
    raise ValueError(f"expected the beginning of one program's key, got {beginning!r}: {found}; "
                     "`pytensorlite-cache list` prints the keys")  # fmt: skip


def wants_json(options: argparse.Namespace) -> bool:
    """Whether a program reads what is printed."""
    return getattr(options, "json", False)


def short(key: str) -> str:
    """As much of a key as people need."""
    return key[:12]


def report(options: argparse.Namespace, verb: str, keys: Sequence[str]) -> None:
    """Say what was done to which programs."""
    print_json({verb: list(keys)}) if wants_json(options) else print(f"{verb} {len(keys)} programs")
