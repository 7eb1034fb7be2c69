"""What the processor can do, without running a compiler.

Compiled files are made for a named level of the x86-64 architecture, the highest that this
processor has, and the level's name is part of every file's key: a cache that travels to an older
machine misses instead of crashing.  The compiler's word for "this machine" is never used, because
it means something else on the next one.
"""

from __future__ import annotations

import functools
import os
import sys

__all__ = ["architecture", "level", "level_of"]

# What each level adds to the one before, in the kernel's spelling of the CPUID flags.
# (lahf_lm is LAHF in 64-bit mode, abm is LZCNT, pni is SSE3)
_LEVELS = {
    "x86-64-v2": "cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2",
    "x86-64-v3": "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
    "x86-64-v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}
# macOS reports by other names, and only what a level needs to be told apart by.
_MACOS_NAMES = {
    "sse3": "pni", "cx16": "cx16", "lahf": "lahf_lm", "popcnt": "popcnt", "ssse3": "ssse3",
    "sse4.1": "sse4_1", "sse4.2": "sse4_2", "avx1.0": "avx", "avx2": "avx2", "bmi1": "bmi1",
    "bmi2": "bmi2", "f16c": "f16c", "fma": "fma", "lzcnt": "abm", "movbe": "movbe",
    "xsave": "xsave", "avx512f": "avx512f", "avx512bw": "avx512bw", "avx512cd": "avx512cd",
    "avx512dq": "avx512dq", "avx512vl": "avx512vl",
}  # fmt: skip


def architecture() -> str:
    """``x86_64``, ``aarch64`` or whatever else the machine calls itself, in one spelling.

    Examples
    --------
    >>> architecture() in ("x86_64", "aarch64") or architecture().islower()
    True
    """
    machine = os.uname().machine.lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def level_of(flags: set[str]) -> str:
    """The highest level whose features are all in `flags`.

    Examples
    --------
    >>> level_of(set())
    'x86-64'
    >>> level_of({"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"})
    'x86-64-v2'
    """
    reached = "x86-64"
    for name, needed in _LEVELS.items():
        if not flags.issuperset(needed.split()):
            break
        reached = name
    return reached


@functools.cache
def level() -> str:
    """The level of this machine: ``x86-64-v2`` to ``-v4``, else the architecture's own name."""
    machine = architecture()
    return level_of(_x86_flags()) if machine == "x86_64" else machine


def _x86_flags() -> set[str]:
    if sys.platform == "darwin":
        return _macos_flags()
    try:
        # The kernel writes this file as it is read, processor by processor: read one page only.
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            text = file.read(8192).decode("ascii", "replace")
    except OSError:
        return set()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return set(value.split())
    return set()


def _macos_flags() -> set[str]:
    import ctypes

    library = ctypes.CDLL(None)
    words: set[str] = set()
    for name in (b"machdep.cpu.features", b"machdep.cpu.leaf7_features",
                 b"machdep.cpu.extfeatures"):  # fmt: skip
        buffer = ctypes.create_string_buffer(4096)
        size = ctypes.c_size_t(len(buffer))
        if library.sysctlbyname(name, buffer, ctypes.byref(size), None, 0) == 0:
            words.update(buffer.value.decode("ascii", "replace").lower().split())
    return {_MACOS_NAMES[word] for word in words if word in _MACOS_NAMES}
