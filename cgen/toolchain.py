"""Which C compiler, who it is, and which flags it gets.

The compiler is `$CC`, gcc, clang or the ziglang wheel, in this order, or the one asked for.  Who
it is (path, version, target) is part of the key of every compiled file.  Finding that out runs
the compiler once; the answer is kept beside the cache under the compiler's path, size and time of
change, so later processes only look at the file, and when the compiler has been removed the last
answer still leads to the files that it made.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pytensorlite._immutable import immutable

from . import features
from .errors import BuildError
from .sealed import digest, read_sealed, write_sealed

__all__ = ["INCLUDE", "MEMO", "Toolchain", "describe_command", "environment", "find_toolchain",
           "headers_digest", "not_found", "present_toolchains"]  # fmt: skip

INCLUDE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "include")

MEMO = "toolchains.json"
_MEMO_SCHEMA = 1
CHOICES = ("gcc", "clang", "zig")

# Passes of gcc's that take an eighth of its time and gain nothing in loop nests.
LEFT_OUT = (
    "expensive-optimizations", "gcse", "schedule-insns2", "thread-jumps",
    "tree-dominator-opts", "tree-vrp", "dse", "ree", "tree-tail-merge",
    "rerun-cse-after-loop", "ipa-pure-const", "ipa-reference",
)  # fmt: skip


@immutable
class Toolchain:
    """A compiler and what it makes files for.

    Attributes
    ----------
    command : tuple of str
        The words that start it, the first an absolute path.
    family : str
        ``gcc`` or ``clang`` (zig's C compiler is clang).
    version, target : str
        In the compiler's own words, e.g. ``12.2.0`` and ``x86_64-linux-gnu``.
    present : bool
        False for one that is only remembered: its files can be used, it must not be run.
    """

    command: tuple[str, ...]
    family: str
    version: str
    target: str
    present: bool = True

    @property
    def identity(self) -> str:
        """Who the compiler is, as it enters every key."""
        return "\n".join((*self.command, self.family, self.version, self.target))

    @property
    def is_zig(self) -> bool:
        """Whether this is the C compiler inside the ziglang wheel."""
        return self.command[1:2] == ("cc",)

    def compile_flags(self) -> tuple[str, ...]:
        """Flags of every translation unit; floating point stays IEEE, loops may use SIMD."""
        return (
            "-std=gnu11", *self._optimization(), "-fPIC",
            "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fopenmp-simd",
            *self._family_flags(), *self._target_flags(),
        )  # fmt: skip

    def link_flags(self, asked: Sequence[str] = ()) -> tuple[str, ...]:
        """Flags after the objects: the vector library where the platform has one, and libm.

        `asked` are the flags that somebody added to our own; they may stand for a library.
        """
        libraries = (*(("-lmvec",) if self._has_vector_library() else ()), "-lm")
        # The C library is in every process anyway.  That the linker need not read it, nor what
        # starts and ends a program, saves 9 ms of 15.
        spared = self.family == "gcc" and "linux" in self.target and not asked
        return ("-nostdlib", *libraries, "-lgcc") if spared else libraries

    def own_environment(self, folder: str) -> dict[str, str]:
        """Variables for a compiler that keeps things of its own, to be kept in `folder`."""
        # zig compiles its own libc once; that stays beside our entries, not in the user's home
        names = ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR") if self.is_zig else ()
        return dict.fromkeys(names, folder)

    def _target_flags(self) -> tuple[str, ...]:
        level = features.level()
        if not level.startswith("x86-64"):
            return ()  # the default of the compiler suits every processor of the architecture
        if self.is_zig:  # zig spells -mcpu, and would otherwise take this very processor
            flags: tuple[str, ...] = (f"-mcpu={level.replace('-', '_')}",)
        elif self._knows_levels():
            flags = (f"-march={level}",)
        else:
            flags = _OLD_SPELLING[level]
        # Measured on Zen 4: exp, tanh, log1p, sin in one loop 605 us with full vectors, 940 with
        # the 256 bits that newer compilers prefer for this level.
        return (*flags, "-mprefer-vector-width=512") if level == "x86-64-v4" else flags

    def _optimization(self) -> tuple[str, ...]:
        return _GCC_PASSES if self.family == "gcc" else ("-O3",)

    def _family_flags(self) -> tuple[str, ...]:
        if self.family != "clang":
            return ()  # gcc takes the vector library's functions from their prototypes
        quiet = "-Wno-pass-failed"  # a loop that stays scalar is worth no warning to the user
        if features.architecture() == "x86_64" and self._has_vector_library():
            return (quiet, "-fveclib=libmvec")
        return (quiet,)

    def _knows_levels(self) -> bool:
        major = self.version.partition(".")[0]
        return major.isdigit() and int(major) >= {"gcc": 11, "clang": 12}.get(self.family, 0)

    def _has_vector_library(self) -> bool:
        if self.is_zig or "linux" not in self.target or "musl" in self.target:
            return False
        return _libc_version() >= {"x86_64": (2, 22), "aarch64": (2, 38)}.get(
            features.architecture(), (999,)
        )


# What -O3 has and loop nests gain by, without what -O2 has and they do not.
_GCC_PASSES = (
    "-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic",
    "-funswitch-loops", "-fno-tree-sink", *(f"-fno-{name}" for name in LEFT_OUT),
    "--param=max-combine-insns=2",  # of more it makes no better loops
    "-falign-loops=32",  # a short loop across two lines of code takes up to a fifth longer
)  # fmt: skip

_OLD_SPELLING = {
    "x86-64": (),
    "x86-64-v2": ("-msse4.2", "-mpopcnt", "-mcx16"),
    "x86-64-v3": ("-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mf16c", "-mlzcnt", "-mmovbe"),
}
_OLD_SPELLING["x86-64-v4"] = (
    *_OLD_SPELLING["x86-64-v3"],
    "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl",
)  # fmt: skip


@functools.cache
def _libc_version() -> tuple[int, ...]:
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError, AttributeError):
        return (0,)
    numbers = text.rpartition(" ")[2].split(".")  # "glibc 2.36"
    return tuple(int(number) for number in numbers if number.isdigit()) or (0,)


@functools.cache
def headers_digest() -> str:
    """The digest of every header that a program may include."""
    pieces: list[str | bytes] = []
    for name in sorted(os.listdir(INCLUDE)):
        if name.endswith(".h"):
            with open(os.path.join(INCLUDE, name), "rb") as file:
                pieces += [name, file.read()]
    return digest(*pieces)


# -- finding it ----------------------------------------------------------------------------------


def find_toolchain(request: str = "", memo_directory: str = "") -> Toolchain:
    """The compiler asked for, else the first of `$CC`, gcc, clang and zig that is there.

    Parameters
    ----------
    request : str
        A command such as ``"clang"`` or ``"ccache gcc"``; ``"zig"`` is the ziglang wheel; empty
        chooses.
    memo_directory : str
        Where answers are kept between processes; empty keeps none.

    Returns
    -------
    Toolchain
        One that can be run, or a remembered one whose `present` is False.

    Raises
    ------
    BuildError
        When there is no compiler, now or in the memory of `memo_directory`.
    """
    wanted = request or os.environ.get("CC", "").strip()
    memo = os.path.join(memo_directory, MEMO) if memo_directory else ""
    for name in [wanted] if wanted else CHOICES:
        command = _resolve(name)
        if command:
            return _identify(command, wanted, memo)
    known = _read_memo(memo)["latest"].get(wanted)
    if isinstance(known, dict) and known.keys() == set(Toolchain.__match_args__) - {"present"}:
        return Toolchain(**{**known, "command": tuple(known["command"])}, present=False)
    raise not_found(wanted)


def not_found(wanted: str = "") -> BuildError:
    """The error for a compiler that is not there."""
    what = f"the C compiler {wanted!r} was not found" if wanted else "no C compiler was found"
    return BuildError(
        f"{what}\n  looked for: {wanted or ', '.join(CHOICES)}\n"
        "  remedy: install a C compiler (Debian: apt install gcc; macOS: xcode-select --install; "
        "anywhere: pip install pytensorlite[compiler]), or name one in $CC or config.compiler"
    )


def present_toolchains(memo_directory: str = "") -> list[Toolchain]:
    """All compilers that a build might choose on this machine now."""
    names = [*([os.environ["CC"]] if os.environ.get("CC", "").strip() else []), *CHOICES]
    found = []
    for name in names:
        with contextlib.suppress(BuildError):
            toolchain = find_toolchain(name, memo_directory)
            if toolchain.present:
                found.append(toolchain)
    return found


def _resolve(name: str) -> tuple[str, ...]:
    """The words of the command with the program's absolute path first, or () when not there."""
    if name == "zig":
        return _ziglang()
    if " " in name:
        import shlex

        words = [name] if _which(name) else shlex.split(name)
    else:
        words = [name]
    path = _which(words[0]) if words else ""
    return (path, *words[1:]) if path else ()


def _which(name: str) -> str:
    name = os.path.expanduser(name)
    folders = [""] if os.sep in name else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.abspath(os.path.join(folder, name))
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""


def _ziglang() -> tuple[str, ...]:
    path = _which("zig")
    if path:
        return (path, "cc")
    for folder in sys.path:  # what importlib would find, without importing it
        path = os.path.join(folder or ".", "ziglang", "zig")
        if os.access(path, os.X_OK):
            return (os.path.abspath(path), "cc")
    return ()


@functools.cache
def _identify(command: tuple[str, ...], wanted: str, memo: str) -> Toolchain:
    known = _read_memo(memo)
    name, stamp = "\n".join(command), _stamp(command)
    entry = known["compilers"].get(name, {})
    if entry.get("stamp") == stamp:
        # only the words that describe it: what is run never comes from a file
        toolchain = Toolchain(command, entry["family"], entry["version"], entry["target"])
        if known["latest"].get(wanted, {}).get("command") == list(command):
            return toolchain
    else:
        toolchain = describe_command(command)
    about = {
        "family": toolchain.family, "version": toolchain.version, "target": toolchain.target
    }  # fmt: skip
    known["compilers"][name] = {"stamp": stamp, **about}
    known["latest"][wanted] = {"command": list(command), **about}
    if memo:
        with contextlib.suppress(OSError):  # full or read-only: the next process asks again
            write_sealed(memo, known)
    return toolchain


def _stamp(command: Sequence[str]) -> list[list[str | int]]:
    """Path, size and time of change of each program in the command (think of ``ccache gcc``)."""
    stamp: list[list[str | int]] = []
    for word in command:
        path = _which(word)
        if path:
            status = os.stat(path)
            stamp.append([os.path.realpath(path), status.st_size, status.st_mtime_ns])
    return stamp


def describe_command(command: tuple[str, ...]) -> Toolchain:
    """Who the compiler started by this command is, by its own account."""
    import re

    from .process import run_all  # not on the way of a hit

    try:
        [answer] = run_all([(*command, "-v")], timeout=30, environment=environment())
    except OSError as error:
        raise BuildError(
            f"{command[0]} could not be started: {error.strerror}\n"
            "  remedy: name another compiler in $CC or config.compiler",
            command=command,
        ) from error
    version = re.search(r"\b(gcc|clang)[- ]version[ -]([^\s()]+)", answer.output)
    target = re.search(r"^Target: *(\S+)", answer.output, re.MULTILINE)
    if answer.status != 0 or version is None or target is None:
        raise BuildError(
            f"{answer.describe()} when asked for its version; it must be gcc or clang\n"
            f"  command: {' '.join(answer.command)}\n"
            f"  it said: {answer.output.strip()[:300]}\n"
            "  remedy: name another compiler in $CC or config.compiler",
            command=answer.command,
            log=answer.output,
        )
    return Toolchain(command, version[1], version[2], target[1])


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the compiler sees: our own environment, but messages in English."""
    return {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", **(extra or {})}


def _read_memo(memo: str) -> dict[str, Any]:
    body = read_sealed(memo) if memo else None
    if body is None or body.get("schema") != _MEMO_SCHEMA:
        return {"schema": _MEMO_SCHEMA, "compilers": {}, "latest": {}}
    return body
