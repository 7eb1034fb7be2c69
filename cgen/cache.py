"""Compiled programs on disk: found by what they were made from, trusted only when whole.

Layout of the directory (mode 0700, files 0600):

    entries/KEY/        kernel.so, source.c (or source_0.c ...), build.log, meta.json, graph.txt
    records/KEY.json    small JSON objects, such as "this graph is that entry"
    failed/KEY/         source and log of the last compilations that failed
    tmp/, locks/        what is being built, by whom
    toolchains.json     what is known about the compilers
    usage.json          what is known about the size of all this

KEY is the digest of all that decides the machine code.  An entry is built in ``tmp/`` and renamed
into place when it is complete, so one that is there was whole once; whether it still is, its own
key and checksums tell before every load.  A hit takes no lock and writes nothing but a time of
use.  Nothing read from here is ever unpickled or evaluated.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
import warnings
from collections.abc import Iterator
from typing import Any

from pytensorlite._frames import outside_package
from pytensorlite._immutable import immutable

from .directory import default_directory, make_private, private_temporary, refusal
from .errors import CacheWarning
from .sealed import read_sealed, sha256, write_sealed

__all__ = ["DEFAULT_SIZE", "LIBRARY", "Cache", "Entry", "remove_tree"]

DEFAULT_SIZE = 1_000_000_000  # bytes
LIBRARY = "kernel.so"
SCHEMA = 1

_FIELDS: dict[str, Any] = {
    "schema": int,  # of this description
    "key": str,
    "sha256": str,  # of the library
    "bytes": int,  # of the library
    "label": str,  # whose program it is, for people
    "created": float,  # seconds since 1970
    "seconds": float,  # that the compiler took
    "compiler": dict,  # command, family, version, target
    "flags": list,
    "headers": str,  # digest of include/*.h
}
_TOUCH_AFTER = 3600.0  # seconds; the order of last use needs no finer clock


@immutable
class Entry:
    """One compiled program: the directory that holds it and its description."""

    directory: str
    meta: dict[str, Any]

    @property
    def key(self) -> str:
        """The digest of all that decides the machine code."""
        return str(self.meta["key"])

    @property
    def library(self) -> str:
        """Path of the shared object."""
        return os.path.join(self.directory, LIBRARY)

    def sources(self) -> dict[str, str]:
        """File name → C text."""
        names = [name for name in _listed(self.directory) if name.endswith(".c")]
        return {name: self.text(name) for name in names}

    def text(self, name: str) -> str:
        """Content of one of the entry's text files, empty when there is none."""
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


class Cache:
    """The cache in one directory.

    Parameters
    ----------
    directory : str
        Empty for the platform's place for caches.  A directory that is a symbolic link, belongs
        to someone else or is open to others is replaced by a private temporary one, with a
        warning.
    max_bytes : int
        Above this size the entries used longest ago leave.

    Attributes
    ----------
    directory, requested : str
        The directory in use, and the one that was asked for.
    trouble : str
        Why they differ; empty when they do not.

    Examples
    --------
    >>> import tempfile
    >>> cache = Cache(tempfile.mkdtemp())
    >>> cache.put_record("f00d", {"answer": 42})
    True
    >>> cache.get_record("f00d")
    {'answer': 42}
    """

    def __init__(self, directory: str = "", *, max_bytes: int = DEFAULT_SIZE) -> None:
        path = directory or default_directory()
        self.requested = os.path.abspath(os.path.expanduser(path))
        self.max_bytes = max_bytes
        self.directory = self.requested
        self.trouble = self._open()
        if self.trouble:
            self.warn(f"the cache directory {self.requested} is not used: {self.trouble}")
            self.directory = private_temporary()

    def _open(self) -> str:
        try:
            if not os.path.lexists(self.directory):
                make_private(self.directory)
            return refusal(self.directory)
        except OSError as error:
            return f"it cannot be made ({error.strerror})"

    def path(self, *names: str) -> str:
        """A path inside the cache."""
        return os.path.join(self.directory, *names)

    def fallback(self, reason: str) -> Cache:
        """A private temporary cache for what cannot be stored here."""
        self.warn(
            f"nothing can be stored in the cache directory {self.directory} ({reason}); programs "
            "are compiled for this process only"
        )
        return Cache(private_temporary(), max_bytes=self.max_bytes)

    # -- entries ---------------------------------------------------------------------------------

    def get(self, key: str) -> Entry | None:
        """The entry of that key if it is there and whole; one that is not whole is removed."""
        folder = self.path("entries", _checked(key))
        if not os.path.isdir(folder):
            return None
        entry, trouble = self.inspect(key)
        if trouble:
            if os.path.isdir(folder):  # else someone removed it while we were reading
                self.warn(f"the cache entry {folder} is rebuilt: {trouble}")
                self.remove(key)
            return None
        assert entry is not None
        _touch(os.path.join(folder, "meta.json"))
        return entry

    def inspect(self, key: str, folder: str = "") -> tuple[Entry | None, str]:
        """The entry of that key (or in `folder`) and what is wrong with it, without a trace."""
        folder = folder or self.path("entries", _checked(key))
        meta = read_sealed(os.path.join(folder, "meta.json"))
        if meta is None:
            return None, "its description is missing or damaged"
        entry = Entry(folder, meta)
        return entry, _trouble(entry, key)

    def __contains__(self, key: str) -> bool:
        return os.path.isdir(self.path("entries", _checked(key)))

    def entry_keys(self) -> list[str]:
        """Keys of all entries, whole or not."""
        return [name for name in _listed(self.path("entries")) if _is_key(name)]

    @contextlib.contextmanager
    def scratch(self, key: str) -> Iterator[str]:
        """A directory in which to build the entry; removed unless it was published or kept."""
        from . import locks  # a hit takes none

        name = f"{_checked(key)[:16]}-{os.urandom(6).hex()}"
        make_private(self.path("tmp"))
        folder = self.path("tmp", name)
        with locks.hold(folder + ".lock", patience=1.0):  # tells the living from the dead
            make_private(folder)
            try:
                yield folder
            finally:
                remove_tree(folder)

    def publish(self, key: str, folder: str, meta: dict[str, Any]) -> Entry:
        """Describe what `folder` holds and make it the entry of that key, in one step."""
        size, sha256 = _fingerprint(os.path.join(folder, LIBRARY))
        whole = {**meta, "schema": SCHEMA, "key": key, "sha256": sha256, "bytes": size}
        for name in os.listdir(folder):
            os.chmod(os.path.join(folder, name), 0o600)
        write_sealed(os.path.join(folder, "meta.json"), whole)
        return self.install(key, folder)

    def install(self, key: str, folder: str) -> Entry:
        """Move a directory with a complete entry into place, unless a whole one is there."""
        make_private(self.path("entries"))
        target = self.path("entries", _checked(key))
        for _ in range(5):
            try:
                os.rename(folder, target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            there = self.get(key)  # removes it when it is not whole
            if there is not None:
                return there
        raise OSError(errno.EEXIST, "a damaged entry cannot be replaced", target)

    def lock(self, key: str, patience: float) -> contextlib.AbstractContextManager[bool]:
        """The lock under which the entry of that key is built."""
        from . import locks

        make_private(self.path("locks"))
        path = self.path("locks", _checked(key) + ".lock")
        return locks.hold(path, patience, until=lambda: key in self)

    def keep_failed(self, key: str, folder: str) -> str:
        """Keep the sources and the log of a failed build; return where, or an empty string."""
        target = self.path("failed", _checked(key))
        try:
            make_private(self.path("failed"))
            remove_tree(target)
            os.rename(folder, target)
        except OSError:
            return ""
        return target

    def remove(self, key: str) -> bool:
        """Remove the entry, in one step for whoever is looking."""
        folder = self.path("entries", _checked(key))
        trash = self.path("tmp", f"removed-{os.urandom(6).hex()}")
        try:
            make_private(self.path("tmp"))
            os.rename(folder, trash)
        except OSError:
            return False
        remove_tree(trash)
        return True

    # -- records ---------------------------------------------------------------------------------

    def get_record(self, key: str) -> dict[str, Any] | None:
        """The record stored under `key`, or None; a damaged one counts as absent."""
        path = self.path("records", _checked(key) + ".json")
        record = self.inspect_record(key)
        if record is not None:
            _touch(path)
        elif os.path.exists(path):
            self.warn(f"the cache record {path} is damaged and made anew")
            self.remove_record(key)
        return record

    def inspect_record(self, key: str) -> dict[str, Any] | None:
        """The record stored under `key` if it is whole, without a trace."""
        body = read_sealed(self.path("records", _checked(key) + ".json"))
        if body is None or body.keys() != {"key", "record"} or body["key"] != key:
            return None
        return body["record"] if isinstance(body["record"], dict) else None

    def leads_to(self, key: str) -> list[str]:
        """The keys of the entries that the record names."""
        named = (self.inspect_record(key) or {}).get("library", [])
        return [named] if isinstance(named, str) else named if isinstance(named, list) else []

    def remove_record(self, key: str) -> None:
        """Remove the record stored under `key`, where there is one."""
        with contextlib.suppress(OSError):
            os.unlink(self.path("records", _checked(key) + ".json"))

    def record_keys(self) -> list[str]:
        """Keys of all records, whole or not."""
        names = [name.removesuffix(".json") for name in _listed(self.path("records"))]
        return [name for name in names if _is_key(name)]

    def put_record(self, key: str, record: dict[str, Any]) -> bool:
        """Store a JSON object under `key`; False when the directory cannot be written to.

        A record with a field ``library`` (a key, or a list of keys) leaves the cache together
        with the entries that it names.
        """
        path = self.path("records", _checked(key) + ".json")
        try:
            make_private(self.path("records"))
            write_sealed(path, {"key": key, "record": record})
        except OSError:
            return False
        return True

    # --------------------------------------------------------------------------------------------

    def warn(self, message: str) -> None:
        """Warn once in a process about one thing."""
        if message not in _warned:
            _warned.add(message)
            warnings.warn(message, CacheWarning, stacklevel=outside_package())


_warned: set[str] = set()


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _is_key(text: str) -> bool:
    plain = text.replace("-", "").replace("_", "")
    return len(text) <= 128 and plain.isascii() and plain.isalnum()


def _checked(key: str) -> str:
    if not _is_key(key):
        raise ValueError(f"a cache key has 1 to 128 letters, digits, - or _; got {key!r}")
    return key


def _trouble(entry: Entry, key: str) -> str:
    """What is wrong with the entry; empty when it may be loaded."""
    meta = entry.meta
    for name, kind in _FIELDS.items():
        if not isinstance(meta.get(name), kind):
            return f"its description lacks {name!r}"
    if meta["schema"] != SCHEMA:
        return f"its description has schema {meta['schema']}, not {SCHEMA}"
    if meta["key"] != key:
        return "it is the entry of another key"
    try:
        size, sha256 = _fingerprint(entry.library)
    except OSError as error:
        return f"its library cannot be read ({error.strerror})"
    if size != meta["bytes"]:
        return f"its library has {size} bytes, not {meta['bytes']}"
    return "" if sha256 == meta["sha256"] else "its library was altered"


def _fingerprint(path: str) -> tuple[int, str]:
    with open(path, "rb") as file:
        data = file.read()
    return len(data), sha256(data).hexdigest()


def _touch(path: str) -> None:
    """Note the time of use, where that is possible."""
    with contextlib.suppress(OSError):
        if time.time() - os.stat(path).st_mtime > _TOUCH_AFTER:
            os.utime(path)


def remove_tree(path: str) -> None:
    """Remove a directory of the cache as far as possible; it need not exist."""
    with contextlib.suppress(OSError):
        for name in os.listdir(path):
            inner = os.path.join(path, name)
            if os.path.isdir(inner) and not os.path.islink(inner):
                remove_tree(inner)
            else:
                os.unlink(inner)
    with contextlib.suppress(OSError):
        os.rmdir(path)
