"""Symbolic arrays, and NumPy's functions for them: what users import as ``pt``.

The order of the imports is the order in which the files build on each other.
"""

from importlib import import_module
from typing import Any

from numpy import e, euler_gamma, inf, nan, newaxis, pi

from pytensorlite.tensor.type import *  # noqa: F403 -- this namespace is the sum of its modules
from pytensorlite.tensor.type_other import *  # noqa: F403
from pytensorlite.tensor.variable import TensorConstant, TensorVariable
from pytensorlite.tensor.basic import *  # noqa: F403
from pytensorlite.tensor.shape import *  # noqa: F403
from pytensorlite.tensor.math import *  # noqa: F403
from pytensorlite.tensor.subtensor import *  # noqa: F403
from pytensorlite.tensor import elemwise, subtensor
from pytensorlite.tensor.extra_ops import *  # noqa: F403

# Names of higher floors that users find here, and themes that are imported when they are named.
_HOMES = {
    "grad": "pytensorlite.gradient",
    "hessian": "pytensorlite.gradient",
    "jacobian": "pytensorlite.gradient",
    "argsort": "pytensorlite.tensor.sort",
    "sort": "pytensorlite.tensor.sort",
    "einsum": "pytensorlite.tensor.einsum",
    "vectorize": "pytensorlite.tensor.functional",
    "join_dims": "pytensorlite.tensor.reshape",
    "pack": "pytensorlite.tensor.reshape",
    "split_dims": "pytensorlite.tensor.reshape",
    "unpack": "pytensorlite.tensor.reshape",
}
_THEMES = ("blockwise", "linalg", "nlinalg", "rewriting", "sharedvar", "slinalg", "special")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _THEMES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
