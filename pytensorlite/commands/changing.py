"""The parts of `pytensorlite-cache` that remove programs or carry them about."""

from __future__ import annotations

import argparse
import os

from pytensorlite.cgen import upkeep
from pytensorlite.cgen.archive import export_entries, import_entries
from pytensorlite.cgen.cache import remove_tree
from pytensorlite.cgen.directory import default_directory, refusal
from pytensorlite.cgen.units import format_bytes
from pytensorlite.commands.opening import (
    cache_place,
    find_key,
    open_cache,
    report,
    short,
    wants_json,
)
from pytensorlite.commands.text import print_json

__all__ = ["base_directory", "cleanup", "clear", "export", "import_archive", "prune", "purge",
           "remove", "unlock"]  # fmt: skip


def remove(options: argparse.Namespace) -> int:
    """Remove single programs."""
    cache = open_cache(options)
    keys = [find_key(cache, beginning) for beginning in options.key]
    removed = [key for key in keys if cache.remove(key)]
    upkeep.prune(cache)  # records that led to them
    report(options, "removed", removed)
    return 0 if len(removed) == len(keys) else 1


def clear(options: argparse.Namespace) -> int:
    """Remove all programs."""
    cache = open_cache(options)
    count = upkeep.clear(cache)
    left = len(cache.entry_keys())
    if left:
        raise OSError(f"{left} of {count} programs in {cache.directory} could not be removed")
    print_json({"removed": count}) if wants_json(options) else print(f"removed {count} programs")
    return 0


def prune(options: argparse.Namespace) -> int:
    """Remove programs by size, age or staleness."""
    cache = open_cache(options)
    limit = options.max_size
    if limit is None and options.older_than is None and not options.stale:
        limit = cache.max_bytes
    gone = upkeep.prune(
        cache, max_bytes=limit, older_than=options.older_than, stale=options.stale,
        dry_run=options.dry_run,
    )  # fmt: skip
    size = sum(row.bytes for row in gone)
    if wants_json(options):
        print_json({"dry_run": options.dry_run, "bytes": size, "removed": upkeep.as_json(gone)})
        return 0
    for row in gone:
        print(f"{short(row.key)}  {format_bytes(row.bytes):>9}  {row.label}".rstrip())
    verb = "would remove" if options.dry_run else "removed"
    print(f"{verb} {len(gone)} programs, {format_bytes(size)}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write programs to an archive."""
    cache = open_cache(options)
    keys = [find_key(cache, beginning) for beginning in options.key]
    report(options, "exported", export_entries(cache, options.file, keys))
    return 0


def import_archive(options: argparse.Namespace) -> int:
    """Take programs from an archive."""
    done = import_entries(open_cache(options), options.file)
    if wants_json(options):
        print_json({"imported": done.entries, "records": done.records, "refused": done.refused})
    else:
        for key, trouble in done.refused.items():
            print(f"refused {short(key)}: {trouble}")
        print(f"imported {len(done.entries)} programs, {done.records} records")
    return 1 if done.refused else 0


def unlock(options: argparse.Namespace) -> int:
    """Remove the files of locks that nobody holds."""
    count = upkeep.unlock(open_cache(options))
    print_json({"removed": count}) if wants_json(options) else print(f"removed {count} locks")
    return 0


def cleanup(options: argparse.Namespace) -> int:
    """Remove stale programs and leftovers."""
    cache = open_cache(options)
    gone = upkeep.prune(cache, stale=True)
    leftovers = upkeep.sweep(cache)
    if wants_json(options):
        print_json({"removed": [row.key for row in gone], "leftovers": leftovers})
    else:
        print(f"removed {len(gone)} programs and {leftovers} leftovers")
    return 0


def purge(options: argparse.Namespace) -> int:
    """Remove the whole directory."""
    return _purge_tree(options, cache_place(options))


def base_directory(options: argparse.Namespace) -> int:
    """The directory above those of all platforms: print, list or purge it."""
    place = cache_place(options)
    # One directory up is ours only where the platform chose the place.
    base = os.path.dirname(place) if place == default_directory() else place
    if options.what == "purge":
        return _purge_tree(options, base)
    if options.what == "list":
        names = upkeep.listed(base)
        print_json(names) if wants_json(options) else print("\n".join(names))
        return 0
    print_json({"directory": base}) if wants_json(options) else print(base)
    return 0


def _purge_tree(options: argparse.Namespace, place: str) -> int:
    if os.path.lexists(place):
        reason = refusal(place)
        if reason:
            raise RuntimeError(f"{place} is left as it is: {reason}")
        if place != default_directory() and not _looks_like_cache(place):
            raise RuntimeError(f"{place} is left as it is: it does not look like a cache")
        remove_tree(place)
        if os.path.lexists(place):
            raise OSError(f"{place} could not be removed completely")
    print_json({"purged": place}) if wants_json(options) else print(f"removed {place}")
    return 0


def _looks_like_cache(place: str) -> bool:
    known = {"entries", "records", "failed", "tmp", "locks", "zig",
             "toolchains.json", "usage.json"}  # fmt: skip
    return known.issuperset(upkeep.listed(place)) or place == os.path.dirname(default_directory())
