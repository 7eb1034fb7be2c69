"""Symbolic arrays, and NumPy's functions for them: what users import as ``pt``.

The namespace is the sum of its modules' public names. Where a module and a function share a name
(``shape``, ``sort``), the function has it here; the module is still imported by its path.
"""

from importlib import import_module
from typing import Any

from numpy import e, euler_gamma, inf, nan, newaxis, pi

from pytensorlite.tensor import elemwise, vectorization
from pytensorlite.tensor.basic import *
from pytensorlite.tensor.einsum import *
from pytensorlite.tensor.extra_ops import *
from pytensorlite.tensor.functional import *
from pytensorlite.tensor.math import *
from pytensorlite.tensor.reshape import *
from pytensorlite.tensor.shape import *
from pytensorlite.tensor.sort import *
from pytensorlite.tensor.subtensor import *
from pytensorlite.tensor.type import *
from pytensorlite.tensor.type_other import *
from pytensorlite.tensor.variable import TensorConstant, TensorVariable

# Derivatives are on a higher floor, but users find them here too.
_DERIVATIVES = ("Lop", "Rop", "grad", "hessian", "jacobian")
# Themes that cost nothing until somebody names them.
_THEMES = ("blockwise", "linalg", "nlinalg", "rewriting", "sharedvar", "slinalg", "special")


def __getattr__(name: str) -> Any:
    if name in _DERIVATIVES:
        return getattr(import_module("pytensorlite.gradient"), name)
    if name in _THEMES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
