"""BLAS and LAPACK, borrowed from SciPy: addresses of its own routines, no linking.

``scipy.linalg.cython_blas`` and ``cython_lapack`` export each routine as a capsule.  A program
declares what it calls in ``NAME_import_names`` and finds the addresses in ``NAME_imports``.
"""

from __future__ import annotations

import ctypes
import functools

from pytensorlite.cgen.build import Library


@functools.cache
def address(routine: str) -> int:
    """Return the address of a BLAS or LAPACK routine such as ``dgemm``.

    Raises
    ------
    KeyError
        If SciPy has no routine of that name.
    """
    from scipy.linalg import cython_blas, cython_lapack

    for module in (cython_blas, cython_lapack):
        capsule = module.__pyx_capi__.get(routine)
        if capsule is not None:
            get_name = ctypes.pythonapi.PyCapsule_GetName
            get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
            get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
            get_pointer.restype = ctypes.c_void_p
            get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
            return get_pointer(capsule, get_name(capsule))
    raise KeyError(f"neither BLAS nor LAPACK has a routine {routine!r}")


def fill_imports(library: Library, program: str) -> None:
    """Give a loaded program the routines that it names."""
    if not library.exports(f"{program}_import_names"):
        return
    names = ctypes.cast(library.address(f"{program}_import_names"), ctypes.POINTER(ctypes.c_char_p))
    table = ctypes.cast(library.address(f"{program}_imports"), ctypes.POINTER(ctypes.c_void_p))
    position = 0
    while (name := names[position]) is not None:
        table[position] = address(name.decode())
        position += 1
