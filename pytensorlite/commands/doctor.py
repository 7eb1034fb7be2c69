"""`pytensorlite doctor`: is everything here that makes programs fast, and if not, what to do.

One function for each check.  A check does the real thing (compiles, loads, calls) rather than
looking for signs of it.  ``fail`` means that something people rely on does not work; ``warn`` means
that it works, more slowly or not as configured.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pytensorlite.cgen import dispatch, features, upkeep
from pytensorlite.cgen.build import BuildError, Library, build
from pytensorlite.cgen.cache import Cache
from pytensorlite.cgen.toolchain import find_toolchain
from pytensorlite.cgen.units import format_bytes, parse_bytes
from pytensorlite.commands.text import print_json
from pytensorlite.configdefaults import ENVIRONMENT_VARIABLE, OPTIONS, config

__all__ = ["CHECKS", "Finding", "examine", "run_doctor"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `remedy` is empty when there is nothing to do."""

    name: str
    status: str  # "ok", "warn" or "fail"
    message: str
    remedy: str = ""


def run_doctor(as_json: bool = False) -> int:
    """Run all checks and print a line for each; exit code 1 when one failed."""
    findings = []
    for check in CHECKS:
        finding = examine(check)
        findings.append(finding)
        if not as_json:
            print(f"{finding.status:4}  {finding.name:10}  {finding.message}")
            if finding.remedy:
                print(f"      {'':10}  -> {finding.remedy}")
    failed = any(finding.status == "fail" for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(finding) for finding in findings]})
    return 1 if failed else 0


def examine(check: Callable[[], Finding]) -> Finding:
    """What the check found; one that breaks has found something too."""
    name = check.__name__.removeprefix("check_")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return check()
    except Exception as error:
        message = f"the check itself failed: {type(error).__name__}: {error}"
        return Finding(name, "fail", message, "please report this, with the output of --json")


# -- the checks ----------------------------------------------------------------------------------


def check_python() -> Finding:
    """Which interpreter and libraries these are."""
    import numpy
    import scipy

    from pytensorlite._version import __version__

    where = f"{sys.platform} {features.architecture()} ({features.level()})"
    return Finding(
        "python", "ok", f"pytensorlite {__version__}, Python {platform.python_version()}, "
        f"NumPy {numpy.__version__}, SciPy {scipy.__version__}, {where}",
    )  # fmt: skip


def check_compiler() -> Finding:
    """Compile, load and call a small program."""
    source = "#include <stdint.h>\nint64_t twice(int64_t n) { return 2 * n; }\n"
    try:
        library, _, seconds = _build_fresh(source)
    except BuildError as error:
        first, *rest = str(error).splitlines()
        remedy = next((line for line in rest if "remedy" in line), "").partition("remedy: ")[2]
        return Finding("compiler", "fail", f"{first}; functions run through NumPy", remedy)
    twice = library.handle.twice
    twice.argtypes, twice.restype = [ctypes.c_int64], ctypes.c_int64
    if twice(21) != 42:
        return Finding("compiler", "fail", f"compiled code gives {twice(21)}, not 42",
                       "name another compiler in $CC or config.compiler")  # fmt: skip
    tools = find_toolchain(config.compiler)
    message = f"{' '.join(tools.command)} ({tools.family} {tools.version}, {tools.target}): "
    message += f"compiled, loaded and called in {1e3 * seconds:.0f} ms"
    if seconds > 1.0:
        remedy = "slow: zig compiles its libc at first use; else look what keeps the machine busy"
        return Finding("compiler", "warn", message, remedy)
    return Finding("compiler", "ok", message)


_VECTOR_SOURCE = """\
#include <math.h>
#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((simd("notinbranch"))) double log(double);
#endif
void logarithms(const double *restrict x, double *restrict y, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = log(x[i]);
}
"""


def check_vectors() -> Finding:
    """Whether a loop over `log` calls the platform's vector library, and what an element costs."""
    try:
        library, image, _ = _build_fresh(_VECTOR_SOURCE)
    except BuildError:
        return Finding("vectors", "warn", "not tried, because nothing compiles", "see compiler")
    n = 4096
    x, y = (ctypes.c_double * n)(*(2 + i / n for i in range(n))), (ctypes.c_double * n)()
    run = library.handle.logarithms
    run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    best = math.inf
    for _ in range(20):
        start = time.perf_counter()
        run(x, y, n)
        best = min(best, time.perf_counter() - start)
    worst = max(abs(y[i] / math.log(x[i]) - 1) for i in range(n))
    if worst > 4 * sys.float_info.epsilon:
        return Finding("vectors", "fail", f"log in a loop is off by {worst:.1e}",
                       "name another compiler in $CC or config.compiler")  # fmt: skip
    message = f"log costs {1e9 * best / n:.1f} ns an element"
    if b"_ZGV" in image:  # how the names of vector variants begin
        return Finding("vectors", "ok", f"{message}, through the vector library")
    return Finding(
        "vectors", "warn", f"{message}, one at a time: there is no vector library here",
        "gcc with glibc 2.22 (x86-64) or 2.38 (aarch64) has one",
    )  # fmt: skip


def check_blas() -> Finding:
    """Call BLAS and find LAPACK through the pointers that SciPy exports."""
    from pytensorlite.link.c.routines import address, blas_threads

    ddot = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_void_p] * 5)(address("ddot"))
    n, one = ctypes.c_int(3), ctypes.c_int(1)
    x = (ctypes.c_double * 3)(1.0, 2.0, 3.0)
    value = ddot(ctypes.byref(n), x, ctypes.byref(one), x, ctypes.byref(one))
    if value != 14.0:
        return Finding("blas", "fail", f"ddot gives {value}, not 14", "install SciPy again")
    for name in ("dgemm", "sgemm", "dpotrf", "dgesv", "dsyevd", "dtrtrs"):
        address(name)
    threads = "has threads of its own" if blas_threads() is None else "follows config.threads"
    message = f"SciPy's BLAS called, its LAPACK found; it {threads}"
    forced = _forced_kernels()
    if forced is not None:
        used, usual = forced
        message = f"{CORE_TYPE} has it run kernels for {used}; by itself it would run {usual}'s"
        return Finding("blas", "warn", message, f"unset {CORE_TYPE}: LAPACK takes less time then")
    return Finding("blas", "ok", message)


CORE_TYPE = "OPENBLAS_CORETYPE"


def _forced_kernels() -> tuple[str, str] | None:
    """Return for which processor BLAS runs its kernels, and for which it would if it were free to
    choose; None unless it is told to run what needs less than this processor has."""
    if not os.environ.get(CORE_TYPE):
        return None
    from pytensorlite.link.c.own_products import KERNELS, blas_kernels

    tell = f"from {blas_kernels.__module__} import blas_kernels; print(blas_kernels())"
    free = {name: value for name, value in os.environ.items() if name != CORE_TYPE}
    # OpenBLAS chooses once, when it is loaded.
    child = subprocess.run(
        [sys.executable, "-c", tell], env=free, capture_output=True, text=True, timeout=60
    )
    used, usual = blas_kernels(), child.stdout.strip()
    ranks = {name: rank for rank, (_, names) in enumerate(KERNELS) for name in names.split()}
    known = ranks.keys() >= {used.lower(), usual.lower()}
    return (used, usual) if known and ranks[used.lower()] < ranks[usual.lower()] else None


def check_products() -> Finding:
    """Tell who multiplies matrices: C of ours, or BLAS."""
    from pytensorlite.link.c.own_products import blas_kernels, own_routine

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small, few_rows, large = map(own_routine, ("small_dgemm", "dgemm", "dsyrk"))
    if caught:
        return Finding("products", "warn", str(caught[0].message), "mend the compiler")
    blas = f"BLAS with kernels for {blas_kernels() or 'an unknown processor'}"
    ours = {"small": small, "large": large, "with few rows": few_rows}
    whose = (f"{which} by {'C of ours' if own else blas}" for which, own in ours.items())
    return Finding("products", "ok", ", ".join(whose))


def check_cache() -> Finding:
    """Whether the cache can be used and written to, and what is in it."""
    cache = Cache(config.cache_dir, max_bytes=parse_bytes(config.cache_size))
    if cache.trouble:
        message = f"{cache.requested} is not used: {cache.trouble}; each process compiles anew"
        return Finding("cache", "warn", message,
                       "mend that, or set config.cache_dir to a directory of your own")  # fmt: skip
    size = upkeep.count_bytes(cache)
    keys = cache.entry_keys()
    message = f"{cache.directory}: {len(keys)} programs, {format_bytes(size)} of "
    message += format_bytes(cache.max_bytes)
    if not os.access(cache.directory, os.W_OK):
        return Finding("cache", "warn", f"{message}; read-only, new programs are not kept",
                       "make it writable or set config.cache_dir")  # fmt: skip
    space = os.statvfs(cache.directory)
    if space.f_bavail * space.f_frsize < 50_000_000:
        return Finding("cache", "warn", f"{message}; the disk is nearly full",
                       "free some space or set config.cache_dir")  # fmt: skip
    damaged = [row for row in upkeep.rows(cache) if row.trouble]
    if damaged:
        return Finding("cache", "warn", f"{message}; {len(damaged)} damaged",
                       "pytensorlite-cache verify --fix")  # fmt: skip
    return Finding("cache", "ok", message)


def check_threads() -> Finding:
    """How many processors this process may use, and how many it is told to."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = os.cpu_count() or 1
    asked = config.threads or usable
    message = f"long loops run on {asked} of {usable} usable processors"
    if not dispatch.is_native and usable > 1:
        return Finding("threads", "warn", f"one of {usable} usable processors",
                       "see the dispatcher: the one in Python knows no threads")  # fmt: skip
    if asked > usable:
        return Finding("threads", "warn", f"{message}: they will wait for each other",
                       f"set config.threads to {usable} or 0")  # fmt: skip
    return Finding("threads", "ok", message)


def check_dispatcher() -> Finding:
    """Whether the part that makes calls cheap was compiled at installation."""
    if dispatch.is_native:
        return Finding("dispatcher", "ok", "native: a call costs about 100 ns")
    return Finding(
        "dispatcher", "warn", "in Python: a call costs some microseconds",
        "install a C compiler, then: pip install --force-reinstall --no-deps pytensorlite",
    )  # fmt: skip


def check_config() -> Finding:
    """Which options differ from their defaults."""
    changed = {
        option.name: getattr(config, option.name)
        for option in OPTIONS
        if getattr(config, option.name) != option.default
    }
    try:
        parse_bytes(config.cache_size)
    except ValueError as error:
        return Finding("config", "fail", f"cache_size: {error}", f"mend ${ENVIRONMENT_VARIABLE}")
    if config.linker in ("numpy", "py"):
        return Finding("config", "warn", f"linker={config.linker}: nothing is compiled",
                       f"remove it from ${ENVIRONMENT_VARIABLE}")  # fmt: skip
    text = ", ".join(f"{name}={value}" for name, value in changed.items())
    return Finding("config", "ok", text or "all options have their defaults")


CHECKS: Sequence[Callable[[], Finding]] = (
    check_python, check_compiler, check_vectors, check_blas, check_products, check_cache,
    check_threads, check_dispatcher, check_config,
)  # fmt: skip

# --------------------------------------------------------------------------------------------


def _build_fresh(source: str) -> tuple[Library, bytes, float]:
    """Build in a directory of its own, so that the compiler runs; also the file and the seconds."""
    with tempfile.TemporaryDirectory(prefix="pytensorlite-") as place:
        start = time.perf_counter()
        library = build(
            source, label="doctor", compiler=config.compiler, cache_dir=place,
            timeout=config.compile_timeout, flags=config.compile_flags.split(),
        )  # fmt: skip
        seconds = time.perf_counter() - start
        with open(library.path, "rb") as file:
            return library, file.read(), seconds
