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
from typing import NamedTuple

from . import features
from .errors import BuildError
from .sealed import digest, read_sealed, write_sealed

__all__ = ["INCLUDE", "Toolchain", "describe_command", "environment", "find_toolchain",
           "headers_digest"]  # fmt: skip

INCLUDE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "include")

_MEMO = "toolchains.json"
_REMEDY = (
    "install a C compiler (Debian: apt install gcc; macOS: xcode-select --install; anywhere: "
    "pip install pytensorlite[compiler]), or name one in $CC or config.compiler"
)


class Toolchain(NamedTuple):
    """A compiler and what it makes files for.

    Attributes
    ----------
    command : tuple of str
        The words that start it, the first an absolute path.
    family : str
        ``gcc`` or ``clang`` (zig's C compiler is clang).
    version, target : str
        In the compiler's own words, e.g. ``12.2.0`` and ``x86_64-linux-gnu``.
    """

    command: tuple[str, ...]
    family: str
    version: str
    target: str

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
            "-std=gnu11", "-O3", "-fPIC",
            "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fopenmp-simd",
            *self._target_flags(),
        )  # fmt: skip

    def link_flags(self) -> tuple[str, ...]:
        """Flags after the objects: the vector library where the platform has one, and libm."""
        return (*(("-lmvec",) if self._has_vector_library() else ()), "-lm")

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

    def _knows_levels(self) -> bool:
        major = self.version.partition(".")[0]
        return major.isdigit() and int(major) >= {"gcc": 11, "clang": 12}.get(self.family, 0)

    def _has_vector_library(self) -> bool:
        if self.is_zig or "linux" not in self.target or "musl" in self.target:
            return False
        return _libc_version() >= {"x86_64": (2, 22), "aarch64": (2, 38)}.get(
            features.architecture(), (999,)
        )


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

    Raises
    ------
    BuildError
        When there is no compiler, now or in the memory of `memo_directory`.
    """
    wanted = request or os.environ.get("CC", "").strip()
    names = [wanted] if wanted else ["gcc", "clang", "zig"]
    memo = os.path.join(memo_directory, _MEMO) if memo_directory else ""
    for name in names:
        command = _resolve(name)
        if command:
            return _identify(command, wanted, memo)
    known = _read_memo(memo)["latest"].get(wanted)
    if known is not None:
        return _from_memo(known)
    what = f"the C compiler {wanted!r} was not found" if wanted else "no C compiler was found"
    raise BuildError(f"{what}\n  looked for: {', '.join(names)} on $PATH\n  remedy: {_REMEDY}")


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
    stamp = _stamp(command)
    known = _read_memo(memo)
    entry = known["compilers"].get("\n".join(command))
    if entry is not None and entry["stamp"] == stamp:
        toolchain = _from_memo(entry["toolchain"])
        if known["latest"].get(wanted) == entry["toolchain"]:
            return toolchain
    else:
        toolchain = describe_command(command)
    plain = {**toolchain._asdict(), "command": list(command)}
    known["compilers"]["\n".join(command)] = {"stamp": stamp, "toolchain": plain}
    known["latest"][wanted] = plain
    if memo:
        with contextlib.suppress(OSError):  # full or read-only: the next process asks again
            write_sealed(memo, known)
    return toolchain


def _stamp(command: Sequence[str]) -> list[list]:
    """Path, size and time of change of each program in the command (think of ``ccache gcc``)."""
    stamp = []
    for word in command:
        path = _which(word)
        if path:
            status = os.stat(path)
            stamp.append([os.path.realpath(path), status.st_size, status.st_mtime_ns])
    return stamp


def describe_command(command: tuple[str, ...]) -> Toolchain:
    """Who the compiler started by this command is, found by asking it."""
    import re

    from .process import run_all  # not on the way of a hit

    try:
        [answer] = run_all([(*command, "-v")], timeout=30, environment=environment())
    except OSError as error:
        raise BuildError(
            f"{command[0]} could not be started: {error.strerror}\n  remedy: {_REMEDY}",
            command=command,
        ) from error
    version = re.search(r"\b(gcc|clang)[- ]version[ -]([^\s()]+)", answer.output)
    target = re.search(r"^Target: *(\S+)", answer.output, re.MULTILINE)
    if answer.status != 0 or version is None or target is None:
        raise BuildError(
            f"{answer.describe()} when asked for its version; it must be gcc or clang\n"
            f"  command: {' '.join(answer.command)}\n"
            f"  it said: {answer.output.strip()[:300]}\n  remedy: {_REMEDY}",
            command=answer.command,
            log=answer.output,
        )
    return Toolchain(command, version[1], version[2], target[1])


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the compiler sees: our own environment, but messages in English."""
    return {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", **(extra or {})}


def _read_memo(memo: str) -> dict:
    body = read_sealed(memo) if memo else None
    if body is None or not body.keys() >= {"compilers", "latest"}:
        return {"compilers": {}, "latest": {}}
    return body


def _from_memo(plain: dict) -> Toolchain:
    return Toolchain(**{**plain, "command": tuple(plain["command"])})
