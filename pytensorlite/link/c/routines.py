"""BLAS, LAPACK and special functions, borrowed from SciPy: addresses of its own, no linking.

Products of matrices may come from a library of ours (`own_products`).

``scipy.linalg.cython_blas``, ``cython_lapack`` and ``scipy.special.cython_special`` export each
routine as a capsule.  A program declares what it calls in ``NAME_import_names`` and finds the
addresses in ``NAME_imports``.

BLAS may have threads of its own; the dispatcher sets their number where that can be done.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Any

from pytensorlite.cgen.build import Library
from pytensorlite.cgen.dispatch import lead_blas
from pytensorlite.scalar.borrowed import capsule_of

# Of BLAS's routines, those for which there may be one of ours.
PRODUCTS = ("sgemm", "dgemm", "ssyrk", "dsyrk")


@functools.cache
def address(routine: str) -> int:
    """Return the address of a routine such as ``dgemm``, or of ``scipy_jv``, which is SciPy's jv.

    Raises
    ------
    KeyError
        If SciPy has no routine of that name.
    """
    if routine.startswith("scipy_"):
        return _special_function(routine.removeprefix("scipy_"))
    small = routine.startswith("small_")
    if small or routine in PRODUCTS:
        from pytensorlite.link.c.own_products import own_routine  # only who multiplies needs it

        own = own_routine(routine)
        if small or own:
            return own
    return borrowed(routine)


def borrowed(routine: str) -> int:
    """Return the address of a routine of SciPy's BLAS or LAPACK."""
    for name in ("cython_blas", "cython_lapack"):
        capsule = linalg_extension(name).__pyx_capi__.get(routine)
        if capsule is not None:
            return _pointer(capsule)
    raise KeyError(f"neither BLAS nor LAPACK has a routine {routine!r}")


def _special_function(name: str) -> int:
    """Return the address of one version of a function; it stands under one of several names."""
    from scipy.special import cython_special

    wanted, signature = capsule_of(name)
    for candidate in (wanted, f"__pyx_fuse_0{wanted}", f"__pyx_fuse_1{wanted}"):
        capsule = cython_special.__pyx_capi__.get(candidate)
        if capsule is not None and _name(capsule) == signature.encode():
            return _pointer(capsule)
    raise KeyError(f"scipy.special.cython_special has no {wanted!r} of type {signature!r}")


@functools.cache
def linalg_extension(name: str) -> Any:
    """Return a compiled module of `scipy.linalg` alone: the package around it takes 100 ms.

    Who imports that later gets the same module.
    """
    path = f"scipy.linalg.{name}"
    scipy = importlib.util.find_spec("scipy")
    if path not in sys.modules and scipy is not None:
        folders = [os.path.join(each, "linalg") for each in scipy.submodule_search_locations or ()]
        found = importlib.machinery.PathFinder.find_spec(path, folders)
        if found is not None and found.loader is not None:
            module = importlib.util.module_from_spec(found)
            found.loader.exec_module(module)
            sys.modules.pop(path, None)  # it would stand there without its package
            return module
    return importlib.import_module(path)


def _name(capsule: Any) -> bytes:
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return get_name(capsule)


def _pointer(capsule: Any) -> int:
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype = ctypes.c_void_p
    get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return get_pointer(capsule, _name(capsule))


def declarations(imports: Mapping[str, str], program: str) -> list[str]:
    """Return the C that declares the table of a program's routines, given with their types."""
    if not imports:
        return []
    names = ", ".join(f'"{name}"' for name in imports)
    return [
        f"void *{program}_imports[{len(imports)}];",
        f"const char *const {program}_import_names[] = {{{names}, NULL}};",
        *(
            f"#define {name} (({prototype}){program}_imports[{number}])"
            for number, (name, prototype) in enumerate(imports.items())
        ),
    ]


def blas_library() -> ctypes.CDLL:
    """Return what BLAS came in: names are looked up in what it is linked with, too."""
    return ctypes.CDLL(linalg_extension("cython_blas").__file__)


@functools.cache
def blas_threads() -> tuple[int, int] | None:
    """Return the address of the function that sets the number of BLAS's threads, and the number.

    None where BLAS has no such function, or none that is known.
    """
    library = blas_library()
    for name in ("scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
        set_threads = getattr(library, name.format("set"), None)
        get_threads = getattr(library, name.format("get"), None)
        if set_threads is not None and get_threads is not None:
            where = ctypes.cast(set_threads, ctypes.c_void_p).value
            return (where, get_threads()) if where else None
    return None


def fill_imports(library: Library, program: str) -> None:
    """Give a loaded program the routines that it names."""
    names = ctypes.cast(library.address(f"{program}_import_names"), ctypes.POINTER(ctypes.c_char_p))
    table = ctypes.cast(library.address(f"{program}_imports"), ctypes.POINTER(ctypes.c_void_p))
    position = 0
    while (name := names[position]) is not None:
        table[position] = address(name.decode())
        position += 1
        if not name.startswith((b"scipy_", b"small_")) and (threads := blas_threads()) is not None:
            lead_blas(*threads)
