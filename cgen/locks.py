"""One lock per key, held by the kernel on behalf of a process.

`flock` is let go by the operating system when its holder dies, however it dies, so no lock is ever
stale.  (The filelock package does the same and takes 17 ms to import, half of a compilation.)
The file of a lock is removed by whoever held it last, so none are left in an idle cache.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator

__all__ = ["hold", "is_held"]

_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextlib.contextmanager
def hold(path: str, patience: float, until: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Hold the lock at `path` for the duration of the block; False when it could not be had.

    Waits at most `patience` seconds, and no longer than until `until()` is true.  A file system
    without locks gives False at once: whoever uses this must be right without it, too.
    """
    descriptor = _acquire(path, time.monotonic() + patience, until)
    try:
        yield descriptor >= 0
    finally:
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.unlink(path)  # first: whoever waits on this file will see that it is gone
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for children forked in the meantime
            os.close(descriptor)


def is_held(path: str) -> bool:
    """Whether some living process holds the lock at `path`."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _acquire(path: str, deadline: float, until: Callable[[], bool]) -> int:
    pause = 0.001
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            locked = _try(descriptor)
            if locked and _is_at(path, descriptor):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in _UNSUPPORTED:
                return -1
            raise
        os.close(descriptor)
        if locked:  # its last holder removed the file between our open and our lock
            continue
        if time.monotonic() >= deadline or until():
            return -1
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
