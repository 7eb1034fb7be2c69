"""Symbolic arrays: variables and constants.

What they can do, NumPy's operators and methods, stands in `pytensorlite.tensor.operators`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.tensor.operators import _tensor_py_operators
from pytensorlite.tensor.type import TensorType
from pytensorlite.tensor.type_other import NoneConst
from pytensorlite.tensor.values import values_eq


class TensorVariable(_tensor_py_operators, Variable):
    """A symbolic array.

    Made by ``pt.vector("x")`` and its sisters, by ops, and by `pt.as_tensor_variable`; hardly ever
    by calling this class.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.matrix("x")
    >>> (x.T + 1).type
    TensorType(float64, shape=(None, None))
    """

    def __init__(
        self, type: TensorType, owner: Any, index: int | None = None, name: str | None = None
    ):
        super().__init__(type, owner, index=index, name=name)
        if config.warn_float64 != "ignore" and type.dtype == "float64":
            _complain_of_float64(self)


def _complain_of_float64(variable: TensorVariable) -> None:
    text = f"A variable of float64 was made ({variable}), and config.warn_float64 watches for that."
    if config.warn_float64 == "raise":
        raise TypeError(text)
    if config.warn_float64 == "pdb":
        breakpoint()
    warnings.warn(text, stacklevel=4)


class TensorConstantSignature:
    """What makes two constants the same: their type, and every bit of their data.

    Bits rather than values, because 0.0 and -0.0 are equal and yet not the same constant.
    """

    __slots__ = ("_hash", "data", "type")

    def __init__(self, type_and_data: tuple[TensorType, np.ndarray]):
        self.type, self.data = type_and_data
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorConstantSignature):
            return NotImplemented
        if self.type != other.type or self.data.shape != other.data.shape:
            return False
        return self.data is other.data or self._bits() == other._bits()

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.type, self.data.shape, self._bits()))
        return self._hash

    def __repr__(self) -> str:
        return f"TensorConstantSignature(({self.type!r}, {self.data!r}))"

    def _bits(self) -> bytes:
        return self.data.tobytes()


class TensorConstant(TensorVariable, Constant):
    """A symbolic array whose value is fixed.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> pt.constant([1.5, 2.5]).data
    array([1.5, 2.5])
    """

    def __init__(self, type: TensorType, data: Any, name: str | None = None):
        array = type.filter(data)
        # A constant knows its whole shape, whatever its type was asked to say.
        if array.shape != type.shape:
            type = type.clone(shape=array.shape)
        Constant.__init__(self, type, array, name)

    def signature(self) -> Any:
        """Return a hashable stand-in: equal for constants that may replace each other."""
        return TensorConstantSignature((self.type, self.data))

    def equals(self, other: Any) -> bool:
        """Whether the other is a constant (or a value) of the same type and the same data."""
        if isinstance(other, TensorConstant):
            return self.type == other.type and values_eq(self.data, other.data)
        if isinstance(other, Variable):
            return False
        return values_eq(self.data, np.asarray(other), force_same_dtype=False)

    @property
    def unique_value(self) -> Any:
        """The value that all elements have, or None if they differ."""
        data = self.data
        if data.size == 0:
            return None
        first = data.reshape(-1)[0]
        if data.size == 1:
            return first
        # Bits again: an array of 0.0 and -0.0 has no single value.
        return first if data.tobytes() == first.tobytes() * data.size else None

    def __copy__(self) -> TensorConstant:
        return self

    def __deepcopy__(self, memo: dict) -> TensorConstant:
        return self


TensorType.variable_type = TensorVariable
TensorType.constant_type = TensorConstant

# The dense tensor is the only kind there is; PyTensor tells it from others by these names.
DenseTensorVariable = TensorVariable
DenseTensorConstant = TensorConstant
DenseVariableMeta = type(TensorVariable)
DenseConstantMeta = type(TensorConstant)


def get_unique_constant_value(x: Any) -> Any:
    """Return the value that all elements of a constant have, or None.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> int(get_unique_constant_value(pt.constant([7, 7, 7])))
    7
    """
    return x.unique_value if isinstance(x, TensorConstant) else None


__all__ = [
    "Constant",
    "DenseConstantMeta",
    "DenseTensorConstant",
    "DenseTensorVariable",
    "DenseVariableMeta",
    "NoneConst",
    "TensorConstant",
    "TensorConstantSignature",
    "TensorType",
    "TensorVariable",
    "Variable",
    "config",
    "get_unique_constant_value",
]
