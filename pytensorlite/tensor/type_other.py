"""Types of things in tensor graphs that are not arrays: ``None`` and slices.

They appear as inputs of ops: an axis that may be absent, the parts of an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.type import Type
from pytensorlite.scalar.basic import ScalarType
from pytensorlite.tensor.type import TensorType, integer_dtypes, tensor_type


class NoneTypeT(Type):
    """The type of ``None``; `none_type_t` is the one instance that is needed.

    Examples
    --------
    >>> NoneConst.data is None
    True
    """

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> None:
        """Take None and nothing else."""
        if data is not None:
            raise TypeError(f"Expected None, got {data!r}.")

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """None has no memory to share."""
        return False

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "NoneTypeT"

    __str__ = __repr__


none_type_t = NoneTypeT()
NoneConst = Constant(none_type_t, None, name="NoneConst")


class SliceType(Type):
    """The type of Python slices; `slicetype` is the one instance that is needed.

    Examples
    --------
    >>> slicetype.filter(slice(1, 3))
    slice(1, 3, None)
    """

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> slice:
        """Take a slice and nothing else."""
        if not isinstance(data, slice):
            raise TypeError(f"Expected a slice, got {data!r}.")
        return data

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Slices have no memory to share."""
        return False

    def clone(self, **kwargs: Any) -> SliceType:
        """Return the type itself."""
        return self

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "slice"

    __str__ = __repr__


class SliceConstant(Constant):
    """A slice whose bounds are known."""

    def __init__(self, type: SliceType, data: slice, name: str | None = None):
        for bound in (data.start, data.stop, data.step):
            if bound is not None and not isinstance(bound, int | np.integer):
                raise TypeError(
                    f"The bounds of a constant slice must be integers or None, got {data}."
                )
        super().__init__(type, data, name)

    def signature(self) -> tuple:
        """Return the bounds, hashable (slices are not, before Python 3.12)."""
        return SliceConstant, self.data.start, self.data.stop, self.data.step


slicetype = SliceType()
SliceType.constant_type = SliceConstant
NoneSliceConst = SliceConstant(slicetype, slice(None))


def as_int_none_variable(x: Any) -> Variable:
    """Return an integer (or None) as a scalar variable, for the bounds of a slice.

    Examples
    --------
    >>> as_int_none_variable(None).data is None
    True
    """
    if x is None:
        return NoneConst
    if isinstance(x, Variable):
        if x.type == none_type_t:
            return x
        is_integer = getattr(x.type, "dtype", None) in integer_dtypes
        if is_integer and isinstance(x.type, ScalarType):
            return x
        if is_integer and isinstance(x.type, TensorType) and x.type.ndim == 0:
            return x
        raise TypeError(
            f"A bound of a slice must be an integer scalar or None, got {x} of type {x.type}."
        )
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        return tensor_type("int64", ()).make_constant(np.asarray(x, dtype="int64"))
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "iu":
        return tensor_type("int64", ()).make_constant(x.astype("int64"))
    raise TypeError(f"A bound of a slice must be an integer or None, got {x!r}.")


class MakeSlice(Op):
    """Build a slice from its three bounds: the symbolic ``slice(start, stop, step)``."""

    __props__ = ()

    def make_node(self, slc: Any, stop: Any = None, step: Any = None) -> Apply:
        """Take either a slice or its three bounds."""
        if isinstance(slc, slice):
            if stop is not None or step is not None:
                raise TypeError("MakeSlice takes a slice, or three bounds, not both.")
            slc, stop, step = slc.start, slc.stop, slc.step
        return Apply(
            self, [as_int_none_variable(bound) for bound in (slc, stop, step)], [slicetype()]
        )

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = slice(*(None if bound is None else int(bound) for bound in inputs))

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False] for _ in node.inputs]


make_slice = MakeSlice()

__all__ = ["NoneConst", "NoneSliceConst", "make_slice", "none_type_t", "slicetype"]
