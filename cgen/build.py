"""C text in, loaded library out, at the price of the compiler and nothing more.

`build` looks into the cache and otherwise compiles, checks, stores and loads.  What it returns is
a handle to machine code that stays loaded for the life of the process.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from .cache import DEFAULT_SIZE, LIBRARY, Cache, Entry
from .elf import is_whole
from .errors import BuildError, CacheWarning, describe_failure
from .process import Finished, run_all
from .sealed import digest, write_private
from .toolchain import Toolchain, environment, find_toolchain, headers_digest

__all__ = ["ABI_VERSION", "BuildError", "CacheWarning", "Library", "build", "build_identity",
           "load", "open_cache"]  # fmt: skip

ABI_VERSION = 1  # PTL_ABI_VERSION of include/ptl_runtime.h


@dataclass(frozen=True, slots=True)
class Library:
    """A loaded shared object.

    Attributes
    ----------
    key : str
        Its key in the cache.
    path : str
        Where the shared object is.
    seconds : float
        What the compiler took when it was made.
    from_cache : bool
        Whether it was already there.
    """

    key: str
    path: str
    seconds: float
    from_cache: bool
    handle: ctypes.CDLL = field(repr=False, compare=False)

    def address(self, symbol: str) -> int:
        """The address of an exported function or array.

        Raises
        ------
        AttributeError
            When the library exports no such name.
        """
        try:
            return ctypes.addressof(ctypes.c_char.in_dll(self.handle, symbol))
        except ValueError:
            raise AttributeError(f"{self.path} exports no symbol {symbol!r}") from None

    def exports(self, symbol: str) -> bool:
        """Whether the library exports that name."""
        return hasattr(self.handle, symbol)

    @property
    def log(self) -> str:
        """All that the compiler printed."""
        return Entry(os.path.dirname(self.path), {}).text("build.log")


def build(
    source: str | Sequence[str],
    *,
    flags: Sequence[str] = (),
    label: str = "",
    graph: str = "",
    compiler: str = "",
    cache_dir: str = "",
    cache_size: int = DEFAULT_SIZE,
    timeout: float = 120.0,
) -> Library:
    """The library made from C source: out of the cache, or compiled now.

    Parameters
    ----------
    source : str or sequence of str
        C text.  Several texts are compiled side by side and linked into one library.
    flags : sequence of str
        Given to the compiler after its own; they are part of the key.
    label, graph : str
        For people who look into the cache: a name, and a text that says what the program computes.
    compiler : str
        A command; empty for `$CC`, gcc, clang or zig, whichever comes first.
    cache_dir, cache_size
        Where the cache is (empty: the platform's place) and how many bytes it may take.
    timeout : float
        Seconds that the compiler may take.

    Raises
    ------
    BuildError
        When there is no compiler, or it does not make a library that loads.

    Examples
    --------
    >>> library = build("int answer(void) { return 42; }", label="example")
    >>> library.handle.answer()
    42
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    cache = open_cache(cache_dir, cache_size)
    toolchain = find_toolchain(compiler, cache.directory)
    flags = _checked_flags(flags)
    key = digest(_identity(toolchain, flags), *sources)[:40]
    ready = _loaded.get((cache.directory, key)) or load(key, cache_dir, cache_size)
    if ready is not None:
        return ready
    job = _Job(sources, toolchain, flags, key, label, graph, timeout)
    try:
        return _build_in(cache, job)
    except OSError as error:
        reason = error.strerror or str(error)
    try:
        return _build_in(cache.fallback(reason), job)
    except OSError as error:
        raise BuildError(
            f"the program {label!r} could not be built: {error}\n"
            "  remedy: free some space, or set config.cache_dir and $TMPDIR to writable places"
        ) from error


def load(key: str, cache_dir: str = "", cache_size: int = DEFAULT_SIZE) -> Library | None:
    """The library of that key if the cache has it; needs neither the source nor a compiler."""
    cache = open_cache(cache_dir, cache_size)
    ready = _loaded.get((cache.directory, key))
    if ready is not None:
        return ready
    entry = cache.get(key)
    if entry is None:
        return None
    try:
        return _remember(cache, _open(entry, from_cache=True))
    except OSError:  # removed between the check and the load, or not loadable here
        return None


def build_identity(flags: Sequence[str] = (), compiler: str = "", cache_dir: str = "") -> str:
    """A digest of all that decides the machine code besides the source.

    It belongs in every key that leads to a compiled program by another way than its source.
    """
    toolchain = find_toolchain(compiler, open_cache(cache_dir).directory)
    return digest(_identity(toolchain, _checked_flags(flags)))


@functools.cache
def open_cache(directory: str = "", max_bytes: int = DEFAULT_SIZE) -> Cache:
    """The cache in that directory, one object for a process."""
    return Cache(directory, max_bytes=max_bytes)


# -- how -----------------------------------------------------------------------------------------

_loaded: dict[tuple[str, str], Library] = {}
_NATIVE = re.compile(r"-m(arch|cpu|tune)=native")


@dataclass(frozen=True, slots=True)
class _Job:
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


def _identity(toolchain: Toolchain, flags: Sequence[str]) -> str:
    parts = (
        f"abi {ABI_VERSION}", toolchain.identity, headers_digest(),
        *_portable(toolchain.compile_flags()), *toolchain.link_flags(), *flags,
    )  # fmt: skip
    return digest(*parts)


def _portable(flags: Sequence[str]) -> list[str]:
    """Flags without the place of the headers, whose content is in the key."""
    return [flag for flag in flags if not flag.startswith("-I")]


def _checked_flags(flags: Sequence[str]) -> tuple[str, ...]:
    for flag in flags:
        if _NATIVE.fullmatch(flag):
            raise BuildError(
                f"the flag {flag!r} means another processor on each machine, so what it makes "
                "cannot be cached\n  remedy: leave it out (the best level of this processor is "
                "chosen anyway) or name the architecture, e.g. -march=znver4"
            )
    return tuple(flags)


def _build_in(cache: Cache, job: _Job) -> Library:
    # One process compiles, the others wait for its entry; should it take for ever, they go on.
    from .upkeep import after_build  # not on the way of a hit

    with cache.lock(job.key, patience=job.timeout + 5.0):
        entry = cache.get(job.key)
        if entry is not None:
            return _remember(cache, _open(entry, from_cache=True))
        with cache.scratch(job.key) as folder:
            library = _compile(cache, job, folder)
    after_build(cache, job.key)
    return _remember(cache, library)


def _compile(cache: Cache, job: _Job, folder: str) -> Library:
    files = job.files()
    for name, text in files.items():
        write_private(os.path.join(folder, name), text.encode("utf-8", "surrogatepass"))
    if job.graph:
        write_private(os.path.join(folder, "graph.txt"), job.graph.encode("utf-8", "replace"))
    start = time.perf_counter()
    steps = _run_compiler(job, folder, tuple(files))
    seconds = time.perf_counter() - start
    write_private(os.path.join(folder, "build.log"), _log(steps).encode("utf-8", "replace"))
    handle = _check(cache, job, folder, steps)
    for name in os.listdir(folder):
        if name.endswith(".o"):
            os.unlink(os.path.join(folder, name))
    entry = cache.publish(
        job.key,
        folder,
        {
            "label": job.label,
            "created": time.time(),
            "seconds": seconds,
            "compiler": {**asdict(job.toolchain), "command": list(job.toolchain.command)},
            "flags": [*_portable(job.toolchain.compile_flags()), *job.flags],
            "headers": headers_digest(),
        },
    )
    return Library(job.key, entry.library, seconds, False, handle)


def _run_compiler(job: _Job, folder: str, names: Sequence[str]) -> list[Finished]:
    """Compile and link; with several sources, side by side and then together."""
    command = (*job.toolchain.command, *job.toolchain.compile_flags(), *job.flags)
    link = (*job.toolchain.link_flags(),)
    output = ("-o", os.path.join(folder, LIBRARY))
    place = environment({"TMPDIR": folder, **_zig_environment(job.toolchain, folder)})
    paths = [os.path.join(folder, name) for name in names]
    if len(paths) == 1:
        return run_all([(*command, "-shared", *paths, *output, *link)],
                       timeout=job.timeout, environment=place)  # fmt: skip
    start = time.monotonic()
    objects = [path[:-2] + ".o" for path in paths]
    commands = [(*command, "-c", a, "-o", b) for a, b in zip(paths, objects, strict=True)]
    steps = run_all(commands, timeout=job.timeout, environment=place, jobs=_processors())
    if len(steps) < len(commands) or any(step.status for step in steps):
        return steps
    left = max(job.timeout - (time.monotonic() - start), 1.0)
    return steps + run_all(
        [(*command, "-shared", *objects, *output, *link)], timeout=left, environment=place
    )


def _zig_environment(toolchain: Toolchain, folder: str) -> dict[str, str]:
    if not toolchain.is_zig:
        return {}
    # zig compiles its own libc once; that stays beside the entries, not in the user's home.
    shared = os.path.join(os.path.dirname(os.path.dirname(folder)), "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": shared, "ZIG_LOCAL_CACHE_DIR": shared}


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _log(steps: Sequence[Finished]) -> str:
    return "".join(f"$ {' '.join(step.command)}\n{step.output}" for step in steps)


def _check(cache: Cache, job: _Job, folder: str, steps: Sequence[Finished]) -> ctypes.CDLL:
    """The library, loaded; or the reason why there is none."""
    remedy = ""
    bad = next((step for step in steps if step.status or step.timed_out), None)
    if bad is not None:
        what = bad.describe()
        if bad.timed_out:
            what += f" of {job.timeout:g} s"
            remedy = "raise config.compile_timeout, or look at what the compiler waits for"
        if _is_full(folder):
            raise OSError(28, "no space left on the device", folder)
    else:
        bad = steps[-1]
        library = os.path.join(folder, LIBRARY)
        if is_whole(library):
            try:
                return ctypes.CDLL(library, mode=os.RTLD_NOW | os.RTLD_LOCAL)
            except OSError as error:
                what = f"the library does not load ({str(error).replace(library, LIBRARY)})"
                remedy = "where the cache is on a file system mounted noexec, set config.cache_dir"
        elif _is_full(folder):
            raise OSError(28, "no space left on the device", folder)
        else:
            what = (
                f"{os.path.basename(bad.command[0])} ended with status 0 but left no whole library"
            )
            remedy = "try another compiler with $CC or config.compiler"
    raise describe_failure(
        what, label=job.label, command=bad.command, log=_log(steps), sources=job.files(),
        kept=cache.keep_failed(job.key, folder), remedy=remedy,
    )  # fmt: skip


def _is_full(folder: str) -> bool:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize < 1 << 20


def _open(entry: Entry, from_cache: bool) -> Library:
    handle = ctypes.CDLL(entry.library, mode=os.RTLD_NOW | os.RTLD_LOCAL)
    return Library(entry.key, entry.library, entry.meta["seconds"], from_cache, handle)


def _remember(cache: Cache, library: Library) -> Library:
    _loaded[cache.directory, library.key] = library
    return library
