"""Products of matrices by C of ours, compiled once for a machine and not into each program.

Of small matrices, since to call BLAS takes as long as a few hundred multiplications, and its
kernels begin to pay where the work is ten times that; but for AVX-512 OpenBLAS has kernels for
small matrices itself.  Of large ones, where the vectors that our compiler knows are longer than
those that BLAS has kernels for.  The routines stand in ``include/ptl_gemm.h``; they take a
compiler longer than most programs, so they are a library in the cache, whose addresses programs
get.
"""

from __future__ import annotations

import ctypes
import functools
import warnings

from pytensorlite.cgen.build import BuildError, Library, build, open_cache
from pytensorlite.cgen.dispatch import crew_address
from pytensorlite.cgen.toolchain import find_toolchain
from pytensorlite.configdefaults import config
from pytensorlite.link.c.recorded import compile_flags
from pytensorlite.link.c.routines import blas_library, borrowed

TYPES = {"s": "float", "d": "double"}

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

SOURCE = """#define PTL_SCALAR {type}
#include "ptl_gemm.h"
"""


def own_routine(name: str) -> int:
    """Return the address of ``small_dgemm``, ``dgemm`` or their like, 0 where BLAS is to be called.

    That is where it is as fast, or where the routines cannot be compiled.
    """
    theirs = blas_vector_bytes()
    if theirs == 64:
        return 0
    letter = name[-len("sgemm")]
    library = library_of(letter)
    if library is None:
        return 0
    if name.startswith("small_"):
        return library.address("ptl_multiply_small")
    is_gain = theirs is not None and theirs < vector_bytes(library)
    return library.address("ptl_multiply") if is_gain else 0


def vector_bytes(library: Library) -> int:
    """Return how long the vectors are that the routines were compiled for."""
    return ctypes.c_int.in_dll(library.handle, "ptl_vector_bytes").value


@functools.cache
def library_of(letter: str) -> Library | None:
    """Return the library for one type, None if it cannot be compiled."""
    try:
        return compiled(letter)
    except BuildError as error:
        warnings.warn(f"products of matrices are left to BLAS: {error}", stacklevel=2)
        return None


def compiled(letter: str) -> Library:
    """Return the library for ``s`` or ``d``, which is compiled if it is not in the cache."""
    library = build(
        SOURCE.format(type=TYPES[letter]),
        flags=flags(),
        label=f"own_{letter}gemm",
        compiler=config.compiler,
        cache_dir=config.cache_dir,
        cache_size=config.cache_size,
        timeout=config.compile_timeout,
    )
    connect(library, borrowed(f"{letter}gemm"), crew_address())
    return library


def connect(library: Library, blas: int, crew: int) -> None:
    """Tell the routines where BLAS's is, and who runs parts of products, if anybody does."""
    for name, address in (("ptl_blas_gemm", blas), ("ptl_gemm_crew", crew)):
        ctypes.c_void_p.in_dll(library.handle, name).value = address


def flags() -> tuple[str, ...]:
    """Return the compiler's flags for the routines."""
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
