"""A directory that nobody else can write to.

What the cache brings is run, so the directory it comes from must be ours alone: a real directory,
owned by us, closed to everybody else.  One that is not is never read; a private temporary
directory takes its place for the rest of the process.
"""

from __future__ import annotations

import functools
import os
import stat
import sys

__all__ = ["default_directory", "make_private", "private_temporary", "refusal"]


def default_directory() -> str:
    """Where the cache is when nobody says otherwise, one directory for each kind of platform."""
    kind = f"{sys.platform}-{os.uname().machine.lower()}"
    if sys.platform == "linux":
        # What platformdirs answers, without the 7 ms that importing it takes.
        base = os.environ.get("XDG_CACHE_HOME", "").strip()
        base = base if os.path.isabs(base) else os.path.join(_home(), ".cache")
        return os.path.join(base, "pytensorlite", kind)
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("pytensorlite", False), kind)


def _home() -> str:
    home = os.environ.get("HOME", "")
    if os.path.isabs(home):
        return home
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:  # a user without a name, as in some containers
        return "/nonexistent"


def make_private(path: str) -> None:
    """Make the directory and its missing parents, mode 0700 whatever the umask."""
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        make_private(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    os.chmod(path, 0o700)


def refusal(path: str) -> str:
    """Why the directory at `path` must not be trusted; empty when it may be."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "it is not a directory"
    if status.st_uid != os.geteuid():
        return f"it belongs to another user (uid {status.st_uid})"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write to it (mode {stat.S_IMODE(status.st_mode):04o}; chmod 700 it)"
    return ""


@functools.cache
def private_temporary() -> str:
    """A new directory of this process, removed at its end."""
    import atexit
    import shutil
    import tempfile

    path = tempfile.mkdtemp(prefix="pytensorlite-")  # 0700 and not to be guessed
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child ends without taking it from its parent
            shutil.rmtree(path, ignore_errors=True)

    atexit.register(remove)
    return path
