"""`CAReduce`: reduction by any commutative and associative scalar op.

The accumulator may be of a wider dtype than the result (``acc_dtype``): half precision is summed in
single, single in double. The reductions that users name (sum, max, ...) are subclasses with fixed
ops and derivatives, in `pytensorlite.tensor.reduction`.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.type import TensorType, discrete_dtypes, tensor_type
from pytensorlite.tensor.utils import normalize_reduce_axis

# What NumPy reduces by; any other scalar op is folded slice by slice.
_UFUNCS = {
    "add": np.add,
    "mul": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "and_": np.bitwise_and,
    "or_": np.bitwise_or,
    "xor": np.bitwise_xor,
}

_WIDER_ACCUMULATOR = {"float16": "float32", "float32": "float64", "complex64": "complex128"}


class CAReduce(Op):
    """Reduce an array over axes by a commutative and associative scalar op.

    Parameters
    ----------
    scalar_op : ScalarOp
        A binary op.
    axis : int or sequence of int, optional
        The axes to reduce; None for all.
    dtype, acc_dtype : str, optional
        Dtypes of the result and of the accumulator. None leaves the choice to the input's dtype,
        and the node's own op then holds what was chosen.
    upcast_discrete_output : bool
        Whether integers are widened to 64 bits, as sums and products need.

    Examples
    --------
    >>> import pytensorlite.scalar as ps
    >>> import pytensorlite.tensor as pt
    >>> CAReduce(ps.add, axis=0)(pt.dmatrix("x")).type
    TensorType(float64, shape=(None,))
    """

    __props__ = ("scalar_op", "axis", "dtype", "acc_dtype", "upcast_discrete_output")
    # Whether an empty selection of elements has a value.
    has_identity = True

    def __init__(
        self,
        scalar_op: Any,
        axis: Any = None,
        dtype: Any = None,
        acc_dtype: Any = None,
        upcast_discrete_output: bool = False,
    ):
        if scalar_op.nin not in (2, -1) or scalar_op.nout != 1:
            raise NotImplementedError(
                f"CAReduce needs a scalar op of two inputs and one output, got {scalar_op}."
            )
        self.scalar_op = scalar_op
        self.axis = _axis_tuple(axis)
        self.dtype = None if dtype is None else TensorType(dtype, ()).dtype
        self.acc_dtype = None if acc_dtype is None else TensorType(acc_dtype, ()).dtype
        self.upcast_discrete_output = upcast_discrete_output

    def clone(self, **kwargs: Any) -> CAReduce:
        """Return the same reduction with other parameters."""
        parameters = {name: getattr(self, name) for name in CAReduce.__props__}
        return type(self)(**{**parameters, **kwargs})

    def _output_dtype(self, input_dtype: str) -> str:
        if self.dtype is not None:
            return self.dtype
        if self.upcast_discrete_output and input_dtype in discrete_dtypes:
            return "uint64" if input_dtype.startswith("uint") else "int64"
        return input_dtype

    def _accumulator_dtype(self, input_dtype: str, output_dtype: str) -> str | None:
        if self.acc_dtype is not None:
            if (
                input_dtype not in discrete_dtypes
                and upcast(input_dtype, self.acc_dtype) != self.acc_dtype
            ):
                raise TypeError(
                    f"{self} of {input_dtype} cannot accumulate in {self.acc_dtype}: precision "
                    "would be lost. "
                    "Leave acc_dtype out, choose a wider one, or cast the input."
                )
            return self.acc_dtype
        if not self.upcast_discrete_output:
            return None
        if self.dtype is not None and input_dtype not in discrete_dtypes:
            wide = _WIDER_ACCUMULATOR.get(input_dtype, input_dtype)
            return upcast(wide, output_dtype)
        if input_dtype in discrete_dtypes:
            # The sum of integers is exact in integers, whatever it becomes in the end.
            return "uint64" if input_dtype.startswith("uint") else "int64"
        return _WIDER_ACCUMULATOR.get(output_dtype, output_dtype)

    def make_node(self, input: Any) -> Apply:
        x = as_tensor_variable(input)
        axis = normalize_reduce_axis(self.axis, x.type.ndim)
        output_dtype = self._output_dtype(x.type.dtype)
        acc_dtype = self._accumulator_dtype(x.type.dtype, output_dtype)
        dtype = self.dtype if acc_dtype is None else output_dtype
        op = self
        if (axis, dtype, acc_dtype) != (self.axis, self.dtype, self.acc_dtype):
            op = self.clone(axis=axis, dtype=dtype, acc_dtype=acc_dtype)
        reduced = range(x.type.ndim) if axis is None else axis
        shape = tuple(length for i, length in enumerate(x.type.shape) if i not in reduced)
        self._check_not_empty(x, [x.type.shape[i] for i in reduced])
        return Apply(op, [x], [tensor_type(output_dtype, shape)()])

    def _check_not_empty(self, x: Variable, lengths: list[int | None]) -> None:
        """Nothing to check here: what has no identity is found out by NumPy at run time."""

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        (lengths,) = input_shapes
        if self.axis is None:
            return [()]
        return [tuple(length for i, length in enumerate(lengths) if i not in self.axis)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        (x,) = inputs
        output_dtype = node.outputs[0].type.dtype
        axis = tuple(range(x.ndim)) if self.axis is None else self.axis
        ufunc = _UFUNCS.get(self.scalar_op.name)
        with np.errstate(all="ignore"):
            if ufunc is not None:
                result = ufunc.reduce(x, axis=axis, dtype=self.acc_dtype or output_dtype)
            else:
                result = _fold(self.scalar_op, x.astype(self.acc_dtype or output_dtype), axis)
            output_storage[0][0] = _cast(np.asarray(result), output_dtype)

    def expand(self, y: Any, x: Any) -> Any:
        """Return ``y``, of the output's shape, with the reduced axes back at length 1."""
        reduced = range(x.type.ndim) if self.axis is None else self.axis
        kept = iter(range(y.type.ndim))
        return y.dimshuffle(["x" if axis in reduced else next(kept) for axis in range(x.type.ndim)])

    def __str__(self) -> str:
        name = type(self).__name__
        parts = [str(self.scalar_op)] if name == "CAReduce" else []
        return f"{name}{{{', '.join([*parts, self._axis_text(), *self._accumulator_text()])}}}"

    def _axis_text(self) -> str:
        if self.axis is None:
            return "axes=None"
        return f"axis={self.axis[0]}" if len(self.axis) == 1 else f"axes={list(self.axis)}"

    def _accumulator_text(self) -> list[str]:
        return [f"acc={self.acc_dtype}"] if self.acc_dtype not in (None, self.dtype) else []


class FixedOpCAReduce(CAReduce):
    """A reduction by an op that its class fixes."""

    fixed_op: Any = None

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (x,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [g]
        if outputs[0].type.dtype in discrete_dtypes:
            return [float_zeros_like(x)]
        return [self._gradient(x, outputs[0], g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        (x,), (t,) = inputs, tangents
        if isinstance(t.type, DisconnectedType):
            return [t]
        if outputs[0].type.dtype in discrete_dtypes:
            return [float_zeros_like(outputs[0])]
        return [self._tangent(x, outputs[0], t)]

    def _gradient(self, x: Any, y: Any, g: Any) -> Any:
        """Return the derivative of the input from that of the output."""
        return float_zeros_like(x)

    def _tangent(self, x: Any, y: Any, t: Any) -> Any:
        """Return the derivative of the output along ``t``."""
        return (self._gradient(x, y, y.ones_like()) * t).sum(axis=self.axis)


def _axis_tuple(axis: Any) -> tuple[int, ...] | None:
    if axis is None:
        return None
    if isinstance(axis, Constant):
        axis = axis.data
    axes = np.atleast_1d(axis).tolist() if isinstance(axis, np.ndarray) else axis
    axes = (axes,) if isinstance(axes, int | np.integer) else tuple(axes)
    for one in axes:
        if isinstance(one, bool) or not isinstance(one, int | np.integer):
            raise TypeError(f"Each axis must be an integer, got {one!r} in axis={axis!r}.")
    return tuple(sorted(map(int, axes)))


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    if array.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        array = array.real
    return array.astype(dtype, copy=False)


def _fold(scalar_op: Any, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Reduce by an op for which NumPy has no ufunc."""
    moved = np.moveaxis(x, axes, range(len(axes)))
    slices = moved.reshape(-1, *moved.shape[len(axes) :])
    if len(slices):
        return reduce(scalar_op.evaluate, slices)
    if scalar_op.identity is None:
        raise ValueError(f"The reduction of no elements by {scalar_op} has no value.")
    return np.full(slices.shape[1:], scalar_op.identity, x.dtype)
