"""Keeping the cache small, clean and portable.

Nothing here is on the way of a hit.  After a build the total size is compared with the limit and,
once in a process, what dead builds left behind is swept; all else is asked for by people, through
the command line.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from . import locks
from .cache import Cache, remove_tree
from .elf import is_whole
from .sealed import read_sealed, write_sealed
from .toolchain import Toolchain, headers_digest, present_toolchains

__all__ = ["Problem", "Row", "after_build", "as_json", "clear", "count_bytes", "is_stale", "listed",
           "prune", "read_size", "rows", "sweep", "unlock", "verify"]  # fmt: skip

_RECOUNT_AFTER = 600.0  # seconds for which the noted size is believed
_DEAD_AFTER = 86_400.0  # seconds after which even a file system without locks tells the dead
_FAILURES_KEPT = 20


class Row(NamedTuple):
    """One entry as people see it; `trouble` says what is wrong with its description, if anything.

    Times are seconds since 1970, `bytes` is what the whole entry takes.
    """

    key: str
    label: str
    bytes: int
    created: float
    used: float
    seconds: float
    compiler: str
    trouble: str = ""


class Problem(NamedTuple):
    """What `verify` found wrong with an entry or record, and whether it was removed."""

    kind: str
    key: str
    trouble: str
    fixed: bool


def rows(cache: Cache) -> list[Row]:
    """All entries, the one used last first; libraries are not read."""
    found = [_row(cache, key) for key in cache.entry_keys()]
    return sorted(found, key=lambda row: -row.used)


def _row(cache: Cache, key: str) -> Row:
    folder = cache.path("entries", key)
    description = os.path.join(folder, "meta.json")
    meta = read_sealed(description)
    used = 0.0
    with contextlib.suppress(OSError):
        used = os.stat(description).st_mtime
    size = tree_bytes(folder)
    try:
        assert meta is not None
        compiler = f"{meta['compiler']['family']} {meta['compiler']['version']}"
        return Row(key, meta["label"], size, meta["created"], used, meta["seconds"], compiler)
    except (AssertionError, KeyError, TypeError):
        return Row(key, "", size, 0.0, used, 0.0, "", "its description is missing or damaged")


def tree_bytes(folder: str) -> int:
    """Bytes of all files under `folder`."""
    total, folders = 0, [folder]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as listing:
            for item in listing:
                if item.is_dir(follow_symlinks=False):
                    folders.append(item.path)
                else:
                    total += item.stat(follow_symlinks=False).st_size
    return total


def is_stale(cache: Cache, key: str, present: Sequence[Toolchain]) -> bool:
    """Whether no build on this machine can lead to the entry any more.

    True when the headers, our own flags or the version of its compiler (if that is among the
    `present` ones) have changed since, and for an entry whose description cannot be read.  A
    compiler that is gone makes nothing stale: its entries still serve.
    """
    meta = read_sealed(cache.path("entries", key, "meta.json"))
    try:
        assert meta is not None
        about, flags, headers = meta["compiler"], list(meta["flags"]), meta["headers"]
        then = Toolchain(**{**about, "command": tuple(about["command"])})
        ours = list(then.compile_flags())
    except (AssertionError, KeyError, TypeError):
        return True
    if headers != headers_digest() or flags[: len(ours)] != ours:
        return True
    return any(now.command == then.command and now.identity != then.identity for now in present)


# -- removing ------------------------------------------------------------------------------------


def prune(
    cache: Cache,
    *,
    max_bytes: int | None = None,
    older_than: float | None = None,
    stale: bool = False,
    dry_run: bool = False,
    keep: Iterable[str] = (),
) -> list[Row]:
    """Remove entries by age, staleness, then size, the least recently used first.

    Parameters
    ----------
    max_bytes : int, optional
        What the entries may take together.
    older_than : float, optional
        Seconds since an entry's last use.
    stale : bool
        Also remove what no build on this machine can lead to.
    dry_run : bool
        Only say what would go.
    keep : iterable of str
        Keys that stay in any case.

    Returns
    -------
    list of Row
        What was removed, or would be.
    """
    kept: list[Row] = []
    leaving: list[Row] = []
    spared = set(keep)
    present = present_toolchains(cache.directory) if stale else []
    now = time.time()
    for row in rows(cache):
        too_old = older_than is not None and now - row.used > older_than
        goes = row.key not in spared and (too_old or (stale and is_stale(cache, row.key, present)))
        (leaving if goes else kept).append(row)
    if max_bytes is not None:
        total = sum(row.bytes for row in kept)
        for row in reversed(kept):
            if total <= max_bytes:
                break
            if row.key not in spared:
                leaving.append(row)
                total -= row.bytes
    if not dry_run:
        for row in leaving:
            cache.remove(row.key)
        _remove_orphaned_records(cache)
        _note_size(cache, count_bytes(cache))
    return leaving


def _remove_orphaned_records(cache: Cache) -> None:
    """Records that name entries leave with them."""
    present = set(cache.entry_keys())
    for key in cache.record_keys():
        if cache.inspect_record(key) is None or not present.issuperset(cache.leads_to(key)):
            cache.remove_record(key)


def clear(cache: Cache) -> int:
    """Remove all entries, records and failed builds; return how many entries there were."""
    keys = cache.entry_keys()
    for key in keys:
        cache.remove(key)
    for folder in ("records", "failed"):
        remove_tree(cache.path(folder))
    sweep(cache)
    _note_size(cache, 0)
    return len(keys)


def sweep(cache: Cache) -> int:
    """Remove what builds that were killed left behind; return how many things that were."""
    removed = 0
    temporary = cache.path("tmp")
    for name in listed(temporary):
        path = os.path.join(temporary, name)
        if name.endswith(".lock"):
            continue
        with locks.hold(path + ".lock", patience=0) as dead:
            if dead or _age(path) > _DEAD_AFTER:
                remove_tree(path)
                removed += 1
    removed += unlock(cache)
    for folder in (cache.directory, cache.path("records")):
        for name in listed(folder):
            path = os.path.join(folder, name)
            if name.endswith(".part") and _age(path) > 60.0:
                _unlink(path)
                removed += 1
    failures = sorted(listed(cache.path("failed")), key=lambda n: _age(cache.path("failed", n)))
    for name in failures[_FAILURES_KEPT:]:
        remove_tree(cache.path("failed", name))
        removed += 1
    return removed


def unlock(cache: Cache) -> int:
    """Remove the files of locks that no living process holds; return how many there were."""
    removed = 0
    for folder in (cache.path("locks"), cache.path("tmp")):
        for name in listed(folder):
            if name.endswith(".lock"):
                with locks.hold(os.path.join(folder, name), patience=0) as free:
                    removed += free
    return removed


# -- size ----------------------------------------------------------------------------------------

_swept: set[str] = set()


def after_build(cache: Cache, key: str) -> None:
    """Note the new entry's size; sweep once in a process; prune when the limit is passed."""
    with contextlib.suppress(OSError):
        if cache.directory not in _swept:
            _swept.add(cache.directory)
            sweep(cache)
        size = read_size(cache, extra=key)
        if size > cache.max_bytes:
            # to nine tenths, so that the next build does not come here again
            prune(cache, max_bytes=cache.max_bytes * 9 // 10, keep=(key,))
        else:
            _note_size(cache, size, counted=False)


def read_size(cache: Cache, extra: str = "") -> int:
    """Bytes of all entries, as noted not long ago (plus those of the entry `extra`), or counted."""
    noted = read_sealed(cache.path("usage.json"))
    try:
        assert noted is not None
        if abs(time.time() - noted["counted"]) < _RECOUNT_AFTER:
            return int(noted["bytes"]) + (tree_bytes(cache.path("entries", extra)) if extra else 0)
    except (AssertionError, KeyError, TypeError):
        pass
    size = count_bytes(cache)
    _note_size(cache, size)
    return size


def count_bytes(cache: Cache) -> int:
    """Bytes of all entries and records, counted."""
    return tree_bytes(cache.path("entries")) + tree_bytes(cache.path("records"))


def _note_size(cache: Cache, size: int, counted: bool = True) -> None:
    path = cache.path("usage.json")
    noted = None if counted else read_sealed(path)
    when = noted["counted"] if noted is not None else time.time()
    with contextlib.suppress(OSError):
        write_sealed(path, {"bytes": size, "counted": when})


# -- checking ------------------------------------------------------------------------------------


def verify(cache: Cache, fix: bool = False) -> list[Problem]:
    """Read every entry and record and compare it with its checksums; `fix` removes the bad ones."""
    problems = []
    for key in cache.entry_keys():
        entry, trouble = cache.inspect(key)
        if not trouble and entry is not None and not is_whole(entry.library):
            trouble = "its library is not a whole shared object"
        if trouble:
            problems.append(Problem("entry", key, trouble, fix and cache.remove(key)))
    for key in cache.record_keys():
        if cache.inspect_record(key) is None:
            if fix:
                cache.remove_record(key)
            problems.append(Problem("record", key, "it is damaged", fix))
    return problems


def as_json(items: Iterable[Row | Problem]) -> list[dict[str, Any]]:
    """Rows or problems as plain objects."""
    return [item._asdict() for item in items]


def listed(folder: str) -> list[str]:
    """Names in a folder, none if it is not there."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _age(path: str) -> float:
    try:
        return time.time() - os.lstat(path).st_mtime
    except OSError:
        return 0.0


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
