"""C text in, loaded library out, at the price of the compiler and nothing more.

`build` finds the library in the cache or has it compiled (`compiling.py`), and loads it.  What it
returns is a handle to machine code that stays loaded for the life of the process.  All that is
imported here is on the way of a hit, which must cost no more than reading two files.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Sequence

from pytensorlite._immutable import immutable, replace

from .cache import DEFAULT_SIZE, Cache, Entry
from .errors import BuildError, CacheWarning
from .sealed import digest
from .toolchain import Toolchain, find_toolchain, headers_digest
from .units import parse_bytes

__all__ = ["ABI_VERSION", "BuildError", "CacheWarning", "Library", "build", "build_identity",
           "load", "open_cache"]  # fmt: skip

ABI_VERSION = 4  # PTL_ABI_VERSION of include/ptl_runtime.h


@immutable
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
    handle : ctypes.CDLL
        The library as ctypes sees it.
    """

    key: str
    path: str
    seconds: float
    from_cache: bool
    handle: ctypes.CDLL

    def address(self, symbol: str) -> int:
        """The address of an exported function or variable.

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
    def source(self) -> str:
        """The C text that it was made from."""
        return "\n".join(Entry(os.path.dirname(self.path), {}).sources().values())

    @property
    def log(self) -> str:
        """The compiler's commands and all that it printed."""
        return Entry(os.path.dirname(self.path), {}).text("build.log")


def build(
    source: str | Sequence[str],
    *,
    flags: Sequence[str] = (),
    label: str = "",
    graph: str | Callable[[], str] = "",
    compiler: str = "",
    cache_dir: str = "",
    cache_size: int | str = DEFAULT_SIZE,
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
        For people who look into the cache: a name, and a text that says what the program computes
        (or a function that returns it, called only when the program is compiled).
    compiler : str
        A command; empty for `$CC`, gcc, clang or zig, whichever comes first.
    cache_dir, cache_size
        Where the cache is (empty: the platform's place) and what it may take: bytes, or ``"1GB"``.
    timeout : float
        Seconds that the compiler may take.

    Raises
    ------
    BuildError
        When there is no compiler, or it does not make a library that loads.

    Examples
    --------
    >>> import tempfile
    >>> source = "int answer(void) { return 42; }"
    >>> library = build(source, label="example", cache_dir=tempfile.mkdtemp())
    >>> library.handle.answer()
    42
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    cache = open_cache(cache_dir, cache_size)
    toolchain = find_toolchain(compiler, cache.directory)
    key = digest(_identity(toolchain, flags), headers_digest(), *sources)[:40]
    ready = load(key, cache_dir, cache_size)
    if ready is not None:
        return ready

    from .compiling import Job, compile_job  # a hit does without

    text = graph if isinstance(graph, str) else graph()
    job = Job(sources, toolchain, tuple(flags), key, label, text, timeout)
    entry, handle, fresh = compile_job(cache, job)
    library = Library(key, entry.library, entry.meta["seconds"], not fresh, handle)
    _loaded[cache.directory, key] = library
    return library


def load(key: str, cache_dir: str = "", cache_size: int | str = DEFAULT_SIZE) -> Library | None:
    """The library of that key if the cache has it; needs neither the source nor a compiler."""
    cache = open_cache(cache_dir, cache_size)
    ready = _loaded.get((cache.directory, key))
    if ready is not None:
        return replace(ready, from_cache=True)
    entry = cache.get(key)
    if entry is None:
        return None
    try:
        handle = ctypes.CDLL(entry.library, mode=os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError:  # removed since it was checked, or not loadable here: as if it were not there
        return None
    library = Library(key, entry.library, entry.meta["seconds"], True, handle)
    _loaded[cache.directory, key] = library
    return library


def build_identity(flags: Sequence[str] = (), compiler: str = "", cache_dir: str = "") -> str:
    """A digest of all that decides the machine code besides the source and our headers.

    It belongs in every key that leads to a compiled program by another way than its source.
    """
    return _identity(find_toolchain(compiler, open_cache(cache_dir).directory), flags)


@functools.cache
def open_cache(directory: str = "", size: int | str = DEFAULT_SIZE) -> Cache:
    """The cache in that directory, one object for a process; `size` in bytes, or as ``"1GB"``."""
    return Cache(directory, max_bytes=size if isinstance(size, int) else parse_bytes(size))


# Machine code is never unloaded: someone may hold an address into it.
_loaded: dict[tuple[str, str], Library] = {}


def _identity(toolchain: Toolchain, flags: Sequence[str]) -> str:
    for flag in (*toolchain.command[1:], *flags):
        if flag in ("-march=native", "-mcpu=native", "-mtune=native"):
            raise BuildError(
                f"the flag {flag} means another processor on each machine, so what it makes "
                "cannot be cached\n  remedy: leave it out (the best level of this processor is "
                "chosen anyway) or name the architecture, e.g. -march=znver4"
            )
    return digest(
        f"abi {ABI_VERSION}", toolchain.identity, *toolchain.compile_flags(),
        "link", *toolchain.link_flags(flags), "flags", *flags,
    )  # fmt: skip
