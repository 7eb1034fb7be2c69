"""Products of small matrices: C of ours, compiled once for a machine and not into each program.

To call BLAS takes as long as a few hundred multiplications, and its kernels begin to pay where the
work is ten times that; but for AVX-512 OpenBLAS has kernels for small matrices itself.  The routine
stands in ``include/ptl_small_gemm.h``; it takes a compiler three times as long as a loop nest, so
it is a library in the cache, whose address programs get.
"""

from __future__ import annotations

import ctypes
import warnings

from pytensorlite.cgen.build import BuildError, build, open_cache
from pytensorlite.cgen.toolchain import find_toolchain
from pytensorlite.configdefaults import config
from pytensorlite.link.c.recorded import compile_flags
from pytensorlite.link.c.routines import blas_library

TYPES = {"small_sgemm": "float", "small_dgemm": "double"}

# Like BLAS it adds products by multiply-adds.  gcc gets back the passes that programs do without to
# save its time; the vectors are written by hand.
FLAGS = {
    "gcc": (
        "-O3", "-ffp-contract=fast", "-fexpensive-optimizations", "-fgcse",
        "-ftree-dominator-opts", "-ftree-vrp", "-fno-tree-loop-vectorize",
    ),
    "clang": ("-O3", "-ffp-contract=fast"),
}  # fmt: skip

# The kernels of OpenBLAS, by the processors they are named after, that leave nothing to gain.
QUICK_FOR_SMALL = ("skylakex", "cooperlake", "sapphirerapids")

SOURCE = """#define PTL_SCALAR {type}
#define PTL_NAME ptl_{name}
#include "ptl_small_gemm.h"
"""


def small_routine(name: str) -> int:
    """Return the address of a routine such as ``small_dgemm``, 0 where BLAS is to be called.

    That is where it is as fast, or where the routine cannot be compiled.
    """
    if blas_kernels().lower() in QUICK_FOR_SMALL:
        return 0
    try:
        return compiled(name)
    except BuildError as error:
        warnings.warn(f"products of small matrices are left to BLAS: {error}", stacklevel=2)
        return 0


def compiled(name: str) -> int:
    """Return the address of the routine, which is compiled if it is not in the cache."""
    toolchain = find_toolchain(config.compiler, open_cache(config.cache_dir).directory)
    library = build(
        SOURCE.format(type=TYPES[name], name=name),
        flags=(*FLAGS[toolchain.family], *compile_flags()),
        label=name,
        compiler=config.compiler,
        cache_dir=config.cache_dir,
        cache_size=config.cache_size,
        timeout=config.compile_timeout,
    )
    return library.address(f"ptl_{name}")


def blas_kernels() -> str:
    """Return for which processor the BLAS in use has its kernels, "" if it does not tell."""
    library = blas_library()
    for name in ("scipy_openblas_get_corename", "openblas_get_corename"):
        tell = getattr(library, name, None)
        if tell is not None:
            tell.restype = ctypes.c_char_p
            return tell().decode()
    return ""
