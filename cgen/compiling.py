"""Run the compiler on one job, and let nothing into the cache that was not seen to load.

The job is compiled in a scratch directory of the cache, checked, loaded, and only then renamed
into place.  A file written in part, by a full disk or a compiler that was killed, never gets so
far; one that a power cut shortens later is found by its checksum, so nothing waits for `fsync`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from collections.abc import Sequence
from typing import Any

from pytensorlite._immutable import immutable, replace

from .cache import LIBRARY, Cache, Entry
from .elf import is_whole
from .errors import BuildError, describe_failure
from .process import Finished, run_all
from .sealed import write_private
from .toolchain import INCLUDE, Toolchain, environment, headers_digest, not_found
from .upkeep import after_build

__all__ = ["Job", "compile_job"]

# What a compiler says that breaks down over correct C: gcc 12 does over some loops that gather, and
# compiles them without vectors.
BREAKDOWN = "internal compiler error"
SIMPLER = ("-fno-tree-vectorize",)


@immutable
class Job:
    """What is to be compiled, by whom, under which key."""

    sources: tuple[str, ...]
    toolchain: Toolchain
    flags: tuple[str, ...]
    key: str
    label: str
    graph: str
    timeout: float

    def files(self) -> dict[str, str]:
        """File name → C text."""
        if len(self.sources) == 1:
            return {"source.c": self.sources[0]}
        width = len(str(len(self.sources) - 1))
        return {f"source_{i:0{width}d}.c": text for i, text in enumerate(self.sources)}


def compile_job(cache: Cache, job: Job) -> tuple[Entry, ctypes.CDLL, bool]:
    """The new entry, its library loaded, and whether this process is the one that compiled it.

    What cannot be stored in `cache` is compiled in a private temporary directory.
    """
    if not job.toolchain.present:
        raise not_found(job.toolchain.command[0])
    try:
        return _compile_in(cache, job)
    except OSError as error:
        reason = error.strerror or str(error)
    try:
        return _compile_in(cache.fallback(reason), job)
    except OSError as error:
        raise BuildError(
            f"the program {job.label!r} could not be built: {error}\n"
            "  remedy: free some space, or set config.cache_dir and $TMPDIR to writable places"
        ) from error


def _compile_in(cache: Cache, job: Job) -> tuple[Entry, ctypes.CDLL, bool]:
    # One process compiles, the others wait for its entry; should it take for ever, they go on.
    with cache.lock(job.key, patience=job.timeout + 5.0):
        entry = cache.get(job.key)
        if entry is not None:
            return entry, ctypes.CDLL(entry.library, mode=os.RTLD_NOW | os.RTLD_LOCAL), False
        with cache.scratch(job.key) as folder:
            start = time.perf_counter()
            steps = _write_and_compile(job, folder)
            seconds = time.perf_counter() - start
            handle = _check(cache, job, folder, steps)
            entry = cache.publish(job.key, folder, _describe(job, seconds))
    after_build(cache, job.key)
    return entry, handle, True


def _describe(job: Job, seconds: float) -> dict[str, Any]:
    toolchain = job.toolchain
    return {
        "label": job.label,
        "created": time.time(),
        "seconds": seconds,
        "compiler": {
            "command": list(toolchain.command), "family": toolchain.family,
            "version": toolchain.version, "target": toolchain.target,
        },
        "flags": [*toolchain.compile_flags(), *job.flags],
        "headers": headers_digest(),
    }  # fmt: skip


def _write_and_compile(job: Job, folder: str) -> list[Finished]:
    files = job.files()
    for name, text in files.items():
        write_private(os.path.join(folder, name), text.encode("utf-8", "surrogatepass"))
    if job.graph:
        write_private(os.path.join(folder, "graph.txt"), job.graph.encode("utf-8", "replace"))
    try:
        tried = steps = _run_compiler(job, folder, tuple(files))
        if any(BREAKDOWN in step.output for step in steps if not step.fine):
            simpler = replace(job, flags=(*job.flags, *SIMPLER))
            steps = _run_compiler(simpler, folder, tuple(files))
            tried = tried + steps
    except OSError as error:
        raise BuildError(
            f"{job.toolchain.command[0]} could not be started: {error.strerror}\n"
            "  remedy: install it again, or name another compiler in $CC or config.compiler",
            command=job.toolchain.command,
        ) from error
    write_private(os.path.join(folder, "build.log"), _log(tried).encode("utf-8", "replace"))
    for name in os.listdir(folder):
        if name.endswith(".o"):
            os.unlink(os.path.join(folder, name))
    return steps


def _run_compiler(job: Job, folder: str, names: Sequence[str]) -> list[Finished]:
    """Compile and link: one source in one step; several side by side, and then together."""
    tools = job.toolchain
    command = (*tools.command, *tools.compile_flags(), f"-I{INCLUDE}", *job.flags)
    output = ("-o", os.path.join(folder, LIBRARY), *tools.link_flags(job.flags))
    # what the compiler's own temporary files are called is known only to it: they go with ours
    place = environment({"TMPDIR": folder, **tools.own_environment(_zig_folder(folder))})
    paths = [os.path.join(folder, name) for name in names]
    deadline = time.monotonic() + job.timeout
    steps: list[Finished] = []
    if len(paths) > 1:
        objects = [path[:-2] + ".o" for path in paths]
        commands = [(*command, "-c", a, "-o", b) for a, b in zip(paths, objects, strict=True)]
        steps = run_all(commands, timeout=job.timeout, environment=place, jobs=_processors())
        if any(not step.fine for step in steps):
            return steps
        paths = objects
    left = deadline - time.monotonic()
    return steps + run_all(
        [(*command, "-shared", *paths, *output)], timeout=left, environment=place
    )


def _zig_folder(folder: str) -> str:
    return os.path.join(os.path.dirname(os.path.dirname(folder)), "zig")


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _log(steps: Sequence[Finished]) -> str:
    return "".join(f"$ {' '.join(step.command)}\n{step.output}" for step in steps)


def _check(cache: Cache, job: Job, folder: str, steps: Sequence[Finished]) -> ctypes.CDLL:
    """The library, loaded; or the error that says why there is none."""
    library = os.path.join(folder, LIBRARY)
    last = next((step for step in steps if not step.fine), steps[-1])
    remedy = ""
    if last.fine and is_whole(library):
        try:
            return ctypes.CDLL(library, mode=os.RTLD_NOW | os.RTLD_LOCAL)
        except OSError as error:
            what = f"the library does not load ({str(error).replace(library, LIBRARY)})"
            remedy = "where the cache is on a file system mounted noexec, set config.cache_dir"
    elif _is_full(folder, last.output):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
    elif last.fine:
        what = f"{os.path.basename(last.command[0])} reported success but left no whole library"
        remedy = "try another compiler, with $CC or config.compiler"
    else:
        what = last.describe()
        if last.timed_out:
            what += f" of {job.timeout:g} s"
            remedy = "raise config.compile_timeout, or find out what the compiler waits for"
    raise describe_failure(
        what, label=job.label, command=last.command, log=_log(steps), sources=job.files(),
        kept=cache.keep_failed(job.key, folder), remedy=remedy,
    )  # fmt: skip


def _is_full(folder: str, output: str) -> bool:
    """Whether the compiler may have failed because the disk is full, or our share of it."""
    status = os.statvfs(folder)
    few_blocks = status.f_bavail * status.f_frsize < 1 << 20
    few_inodes = status.f_files > 0 and status.f_favail == 0
    said_so = any(os.strerror(code) in output for code in (errno.ENOSPC, errno.EDQUOT))
    return few_blocks or few_inodes or said_so
