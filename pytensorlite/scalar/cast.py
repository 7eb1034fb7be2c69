"""`Cast`, the op that changes a dtype: one instance for each target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.scalar.dtypes import all_dtypes, kind
from pytensorlite.scalar.op import UnaryScalarOp
from pytensorlite.scalar.rules import specific_out
from pytensorlite.scalar.table import ROWS
from pytensorlite.scalar.type import ScalarType, as_scalar, get_scalar_type


class Cast(UnaryScalarOp):
    """Convert a number to another dtype, with NumPy's result wherever C leaves it undefined.

    Parameters
    ----------
    o_type : ScalarType
        The target.
    name : str, optional
        How the op is called.

    Examples
    --------
    >>> cast(get_scalar_type("float64")("x"), "int8").owner.op
    Cast{int8}
    """

    computes_in = "as_is"
    cost = 0.4
    c = "{0}"

    def __init__(self, o_type: ScalarType, name: str | None = None) -> None:
        self.o_type = o_type
        super().__init__(specific_out(o_type))
        self.name = name or f"convert_to_{o_type.dtype}"

    @staticmethod
    def derivative(g: Any, y: Any, x: Any) -> list:
        """The cotangent passes; casting to an integer has been cut off before."""
        return [g]

    def compute_types(self, input_dtypes: Sequence[str], output_dtype: str) -> tuple[str, ...]:
        """Float16 is widened first; everything else is converted from what it is."""
        (dtype,) = input_dtypes
        return ("float32" if dtype == "float16" else dtype,)

    def compute_type(self, input_dtypes: Sequence[str], output_dtype: str) -> str:
        """Return the only one of `compute_types`."""
        return self.compute_types(input_dtypes, output_dtype)[0]

    def c_for(self, input_dtypes: Sequence[str], output_dtype: str | None = None) -> str:
        """Return the conversion; what C converts like NumPy is left to the final cast."""
        source, target = kind(input_dtypes[0]), self.o_type.dtype
        if source == "c" and target == "bool":
            return "(creal({0}) != 0) | (cimag({0}) != 0)"
        if target == "bool":
            return "{0} != 0"
        real_part = "creal({0})" if source == "c" else "{0}"
        if kind(target) == "c":
            return "{0}"
        if source in "fc" and kind(target) in "iu":
            return f"ptl_to_{target}({real_part})"
        if target == "float16" and (source in "iu" or input_dtypes[0] in ("float64", "complex128")):
            # Few processors go there in one step, and rounding twice may go the wrong way.
            return f"ptl_round_to_odd({real_part})"
        return real_part

    def numpy(self, x: Any) -> Any:
        """Convert as ``astype`` does; complex numbers lose their imaginary part."""
        target = self.o_type.dtype
        if x.dtype.kind == "c" and kind(target) not in "cb":
            x = x.real
        if target == "uint32" and x.dtype.kind == "f":
            # What does not fit depends on the loop NumPy picks; by way of int64 it does not.
            x = x.astype("int64")
        return x.astype(target)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.o_type == other.o_type  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.o_type))

    def __str__(self) -> str:
        return f"Cast{{{self.o_type.dtype}}}"


casts = {dtype: Cast(get_scalar_type(dtype)) for dtype in all_dtypes}
ROWS.update({f"convert_to_{dtype}": row for dtype, row in casts.items()})


def cast(x: Any, dtype: str) -> Any:
    """Return `x` in `dtype`; itself if it already is.

    >>> x = get_scalar_type("float64")("x")
    >>> cast(x, "float64") is x
    True
    """
    dtype = config.floatX if dtype == "floatX" else str(np.dtype(dtype))
    x = x if hasattr(x, "type") else as_scalar(x)
    if getattr(x.type, "dtype", None) == dtype:
        return x
    return casts[dtype](x)
