"""The cache as one file, to be carried to another machine.

An archive holds machine code that will be run, so take one only from people whose programs you
would run.  What is checked is that every entry is whole and that nothing lands outside the cache:
names are matched against the few that the cache uses, and only plain files are read.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .cache import Cache
from .directory import make_private
from .elf import is_whole
from .sealed import read_sealed, unseal, write_private, write_sealed
from .toolchain import MEMO

__all__ = ["Imported", "export_entries", "import_entries"]

_ENTRY = re.compile(
    r"entries/(?P<key>[A-Za-z0-9_-]{1,128})/"
    r"(?P<name>kernel\.so|source(_\d+)?\.c|build\.log|graph\.txt|meta\.json)"
)
_RECORD = re.compile(r"records/(?P<key>[A-Za-z0-9_-]{1,128})\.json")
_LARGEST = 1 << 30  # bytes of one file


class Imported(NamedTuple):
    """What came in: keys of new entries, number of records, key → what was wrong with an entry."""

    entries: list[str]
    records: int
    refused: dict[str, str]


def export_entries(cache: Cache, path: str, keys: Sequence[str] = ()) -> list[str]:
    """Write entries (all, if `keys` is empty) and the records that lead to them to a tar file.

    Only whole entries are written; the result lists their keys.
    """
    chosen = [
        key for key in (keys or cache.entry_keys()) if key in cache and not cache.inspect(key)[1]
    ]
    temporary = f"{path}.{os.getpid()}.part"
    try:
        with tarfile.open(temporary, "w:gz", compresslevel=6) as archive:
            _add(archive, cache.path(MEMO), MEMO)
            for key in chosen:
                folder = cache.path("entries", key)
                for name in sorted(os.listdir(folder)):
                    _add(archive, os.path.join(folder, name), f"entries/{key}/{name}")
            for key in cache.record_keys():
                named = set(cache.leads_to(key))
                if named and named <= set(chosen):
                    _add(archive, cache.path("records", f"{key}.json"), f"records/{key}.json")
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    return chosen


def _add(archive: tarfile.TarFile, path: str, name: str) -> None:
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        data = file.read()
        member = tarfile.TarInfo(name)  # without the owner's name and other traces of this machine
        member.size, member.mode = len(data), 0o600
        member.mtime = int(os.fstat(file.fileno()).st_mtime)
        archive.addfile(member, io.BytesIO(data))


def import_entries(cache: Cache, path: str) -> Imported:
    """Take the entries and records of an archive into the cache, each only if it is whole.

    Raises
    ------
    ValueError
        When the file is not an archive of this kind.
    """
    result = Imported([], 0, {})
    records: dict[str, bytes] = {}
    make_private(cache.path("tmp"))
    with contextlib.ExitStack() as stack:
        scratches: dict[str, str] = {}
        for name, data in _members(path):
            if match := _ENTRY.fullmatch(name):
                key = match["key"]
                if key not in scratches:
                    scratches[key] = stack.enter_context(cache.scratch(key))
                target = os.path.join(scratches[key], match["name"])
                if not os.path.exists(target):
                    write_private(target, data)
            elif match := _RECORD.fullmatch(name):
                records[match["key"]] = data
            elif name == MEMO:
                _merge_memo(cache, data)
            else:
                raise ValueError(f"{path} holds {name!r}, which no export of a cache does")
        for key, folder in scratches.items():
            _, trouble = cache.inspect(key, folder)
            if not trouble and not is_whole(os.path.join(folder, "kernel.so")):
                trouble = "its library is not a whole shared object for this platform"
            if trouble:
                result.refused[key] = trouble
            elif key not in cache or cache.get(key) is None:
                cache.install(key, folder)
                result.entries.append(key)
    taken = sum(_take_record(cache, key, data) for key, data in records.items())
    return result._replace(records=taken)


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                if not member.isreg() or member.size > _LARGEST:
                    raise ValueError(f"{path} holds {member.name!r}, which is no plain file")
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()
    except tarfile.TarError as error:
        raise ValueError(f"{path} is not an exported cache: {error}") from error
    except (EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise ValueError(f"{path} is not whole: {error}") from error


def _take_record(cache: Cache, key: str, data: bytes) -> bool:
    if os.path.exists(cache.path("records", f"{key}.json")):
        return False
    body = unseal(data) or {}
    record = body.get("record")
    return body.get("key") == key and isinstance(record, dict) and cache.put_record(key, record)


def _merge_memo(cache: Cache, data: bytes) -> None:
    """Take over who the compilers were, so that a machine without one finds the entries."""
    theirs = unseal(data) or {}
    ours = read_sealed(cache.path(MEMO)) or {**theirs, "compilers": {}, "latest": {}}
    if isinstance(theirs.get("latest"), dict) and theirs.get("schema") == ours.get("schema"):
        write_sealed(cache.path(MEMO), {**ours, "latest": {**theirs["latest"], **ours["latest"]}})
