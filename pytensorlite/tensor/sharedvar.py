"""Shared variables that hold arrays and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.compile.sharedvalue import SharedVariable, shared, shared_constructor
from pytensorlite.tensor.type import TensorType
from pytensorlite.tensor.variable import TensorVariable
from pytensorlite.utils import is_masked

__all__ = [
    "SharedVariable",
    "TensorSharedVariable",
    "load_shared_variable",
    "scalar_constructor",
    "shared",
    "tensor_constructor",
]


class TensorSharedVariable(SharedVariable, TensorVariable):
    """A shared variable whose value is an array."""

    def zero(self, borrow: bool = False) -> None:
        """Set every element to zero; with ``borrow`` in the very array that functions read."""
        if borrow:
            self.container.value[...] = 0
        else:
            self.container.value = np.zeros_like(self.container.value)


@shared_constructor.register(np.ndarray)
def tensor_constructor(
    value: np.ndarray,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    shape: Sequence[int | None] | None = None,
    broadcastable: Sequence[bool] | None = None,
) -> TensorSharedVariable:
    """Make a shared tensor. Lengths are free to change later, but for those given in ``shape``."""
    if is_masked(value):
        raise NotImplementedError("masked arrays have no tensor type; fill or index them first")
    if broadcastable is not None:
        shape = [1 if one else None for one in broadcastable]
    kind = TensorType(value.dtype, shape=(None,) * value.ndim if shape is None else tuple(shape))
    return TensorSharedVariable(
        type=kind,
        value=np.asarray(value) if borrow else np.array(value),
        strict=strict,
        allow_downcast=allow_downcast,
        name=name,
    )


@shared_constructor.register(bool)
@shared_constructor.register(int)
@shared_constructor.register(float)
@shared_constructor.register(complex)
@shared_constructor.register(np.generic)
def scalar_constructor(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
) -> TensorSharedVariable:
    """Make a shared tensor of rank 0 with the dtype that NumPy gives the number."""
    array = np.asarray(value)
    return TensorSharedVariable(
        type=TensorType(array.dtype, shape=()),
        value=array,
        strict=strict,
        allow_downcast=allow_downcast,
        name=name,
    )


def load_shared_variable(val: Any) -> SharedVariable:
    """Return a shared variable of ``val``: what old pickles of shared variables call."""
    return tensor_constructor(val)
