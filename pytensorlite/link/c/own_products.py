"""Products of matrices by C of ours, compiled once for a machine and not into each program.

Of small matrices (``include/ptl_small_gemm.h``), since to call BLAS takes as long as a few hundred
multiplications, and its kernels begin to pay where the work is ten times that; but for AVX-512
OpenBLAS has kernels for small matrices itself.  Of large ones (``include/ptl_gemm.h``), where the
vectors that our compiler knows are longer than those that BLAS has kernels for, and of few rows
where they are as long.  The routines take a compiler longer than most programs do, so each is a
library in the cache, whose address programs get.
"""

from __future__ import annotations

import ctypes
import functools
import warnings

from pytensorlite.cgen.build import BuildError, Library, build, open_cache
from pytensorlite.cgen.dispatch import crew_address
from pytensorlite.cgen.features import level
from pytensorlite.cgen.toolchain import find_toolchain
from pytensorlite.configdefaults import config
from pytensorlite.link.c.recorded import compile_flags
from pytensorlite.link.c.routines import blas_library, borrowed

TYPES = {"s": "float", "d": "double"}
SOURCES = {
    "small": """#define PTL_SCALAR {type}
#define PTL_NAME ptl_multiply_small
#include "ptl_small_gemm.h"
""",
    "large": """#define PTL_SCALAR {type}
#include "ptl_gemm.h"
""",
}

# Like BLAS it adds products by multiply-adds.  gcc gets back the passes that programs do without to
# save its time; the vectors are written by hand.
FLAGS = {
    "gcc": (
        "-O3", "-ffp-contract=fast", "-fexpensive-optimizations", "-fgcse",
        "-ftree-dominator-opts", "-ftree-vrp", "-fno-tree-loop-vectorize",
    ),
    "clang": ("-O3", "-ffp-contract=fast"),
}  # fmt: skip

# The kernels of OpenBLAS, by the processors they are named after, and the bytes of their vectors:
# SSE, AVX, AVX2 with multiply-adds, AVX-512.
KERNELS = (
    (
        16,
        "katmai coppermine northwood prescott banias atom core2 penryn dunnington nehalem "
        "athlon opteron opteron_sse3 barcelona bobcat",
    ),
    (32, "sandybridge bulldozer piledriver steamroller"),
    (32, "excavator haswell zen"),
    (64, "skylakex cooperlake sapphirerapids"),
)
LONGEST = 64


# Ours, by the names of BLAS's without the letter for the type.
LARGE = {"gemm": "ptl_multiply", "syrk": "ptl_multiply_transposed"}


def own_routine(name: str) -> int:
    """Return the address of ``small_dgemm``, ``dgemm`` or their like, 0 where BLAS is to be called.

    That is where it is as fast, or where the routine cannot be compiled.
    """
    letter, routine = name[-5], name[-4:]
    theirs, ours = blas_vector_bytes(), vector_bytes()
    if name.startswith("small_"):
        library = None if theirs == LONGEST else library_of("small", letter)
        return library.address("ptl_multiply_small") if library else 0
    is_gain = theirs is not None and (theirs < ours or (theirs == ours and routine == "gemm"))
    library = library_of("large", letter) if is_gain else None
    return library.address(LARGE[routine]) if library else 0


@functools.cache
def library_of(size: str, letter: str) -> Library | None:
    """Return the library for matrices of one size and type, None if it cannot be compiled."""
    try:
        return compiled(size, letter)
    except BuildError as error:
        warnings.warn(f"products of {size} matrices are left to BLAS: {error}", stacklevel=2)
        return None


def compiled(size: str, letter: str) -> Library:
    """Return the library, which is compiled if it is not in the cache."""
    library = build(
        SOURCES[size].format(type=TYPES[letter]),
        flags=flags(),
        label=f"{size}_{letter}gemm",
        compiler=config.compiler,
        cache_dir=config.cache_dir,
        cache_size=config.cache_size,
        timeout=config.compile_timeout,
    )
    if size == "large":
        connect(library, letter, crew_address(), (blas_vector_bytes() or LONGEST) < vector_bytes())
    return library


def connect(library: Library, letter: str, crew: int, is_wider: bool) -> None:
    """Tell the routines where BLAS's are and which it is, and who runs parts, if anybody does."""
    addresses = {f"ptl_blas_{routine}": borrowed(letter + routine) for routine in LARGE}
    for name, address in (*addresses.items(), ("ptl_gemm_crew", crew)):
        ctypes.c_void_p.in_dll(library.handle, name).value = address
    ctypes.c_bool.in_dll(library.handle, "ptl_is_wider").value = is_wider


def flags() -> tuple[str, ...]:
    """Return the compiler's flags for the routines, besides those for programs."""
    toolchain = find_toolchain(config.compiler, open_cache(config.cache_dir).directory)
    return (*FLAGS[toolchain.family], *compile_flags())


def blas_kernels() -> str:
    """Return for which processor the BLAS in use has its kernels, "" if it does not tell."""
    library = blas_library()
    for name in ("scipy_openblas_get_corename", "openblas_get_corename"):
        tell = getattr(library, name, None)
        if tell is not None:
            tell.restype = ctypes.c_char_p
            return tell().decode()
    return ""


def blas_vector_bytes() -> int | None:
    """Return how long the vectors of BLAS's kernels are, None if that is not known."""
    name = blas_kernels().lower()
    return next((size for size, names in KERNELS if name in names.split()), None)


def vector_bytes() -> int:
    """Return how long the vectors are that our compiler is told of."""
    return {"x86-64-v3": 32, "x86-64-v4": LONGEST}.get(level(), 16)
