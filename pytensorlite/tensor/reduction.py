"""The reductions that have a name: ops with their derivatives, and the functions that apply them.

Means, variances and the like are graphs of these, in `pytensorlite.tensor.statistics`.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.careduce import CAReduce, FixedOpCAReduce
from pytensorlite.tensor.conversion import as_tensor_variable
from pytensorlite.tensor.elemwise import get_normalized_batch_axes
from pytensorlite.tensor.truth import All
from pytensorlite.tensor.truth import Any as AnyTrue
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes, tensor_type
from pytensorlite.tensor.utils import normalize_reduce_axis
from pytensorlite.tensor.variable import TensorVariable


class Sum(FixedOpCAReduce):
    """The sum of elements."""

    def __init__(self, axis: Any = None, dtype: Any = None, acc_dtype: Any = None):
        super().__init__(ps.add, axis, dtype, acc_dtype, upcast_discrete_output=True)

    def clone(self, **kwargs: Any) -> Sum:
        parameters = {"axis": self.axis, "dtype": self.dtype, "acc_dtype": self.acc_dtype}
        return type(self)(**{**parameters, **kwargs})

    def _gradient(self, x: Any, y: Any, g: Any) -> Any:
        return ps.second(x, self.expand(g, x))

    def _tangent(self, x: Any, y: Any, t: Any) -> Any:
        return self(t)


class Prod(FixedOpCAReduce):
    """The product of elements.

    Parameters
    ----------
    axis, dtype, acc_dtype
        As for every reduction.
    no_zeros_in_input : bool
        A promise that no element is zero, which makes the derivative a quotient.
    """

    __props__ = ("scalar_op", "axis", "dtype", "acc_dtype", "no_zeros_in_input")

    def __init__(
        self,
        axis: Any = None,
        dtype: Any = None,
        acc_dtype: Any = None,
        no_zeros_in_input: bool = False,
    ):
        super().__init__(ps.mul, axis, dtype, acc_dtype, upcast_discrete_output=True)
        self.no_zeros_in_input = no_zeros_in_input

    def clone(self, **kwargs: Any) -> Prod:
        names = ("axis", "dtype", "acc_dtype", "no_zeros_in_input")
        return type(self)(**{**{name: getattr(self, name) for name in names}, **kwargs})

    def _gradient(self, x: Any, y: Any, g: Any) -> Any:
        g = self.expand(g, x)
        if self.no_zeros_in_input:
            return g * self.expand(y, x) / x
        return g * self._product_of_others(x)

    def _product_of_others(self, x: Any) -> Any:
        """Return, for each element, the product of all others; right to the second derivative.

        The elements that are not zero can be divided out. What the zeros contribute is written with
        the zeros as variables, for their own derivatives are not zero: with one zero z, the product
        over the zeros is 1 for z itself and z for all others; with two, it is the other zero for
        either of them, and their product, of which even the slope is zero, for all others.
        """
        is_zero = ps.eq(x, 0)
        count = sum(is_zero, axis=self.axis, keepdims=True)
        others = ps.switch(is_zero, 1, x)
        product = prod(others, axis=self.axis, keepdims=True, no_zeros_in_input=True)
        total = sum(ps.switch(is_zero, x, 0), axis=self.axis, keepdims=True)
        for_one = ps.switch(is_zero, 1, total)
        for_two = ps.switch(is_zero, total - x, 0)
        zeros_part = ps.switch(
            ps.eq(count, 0),
            1,
            ps.switch(ps.eq(count, 1), for_one, ps.switch(ps.eq(count, 2), for_two, 0)),
        )
        return product / others * zeros_part


class NonZeroDimsCAReduce(FixedOpCAReduce):
    """A reduction of at least one element."""

    def _check_not_empty(self, x: Variable, lengths: list[int | None]) -> None:
        if 0 in lengths:
            raise ValueError(
                f"{type(self).__name__} of no elements has no value: {x} is of type {x.type}."
            )


class Max(NonZeroDimsCAReduce):
    """The largest element; NaN if there is one."""

    fixed_op = ps.maximum

    def __init__(self, axis: Any = None):
        super().__init__(self.fixed_op, axis)

    def clone(self, **kwargs: Any) -> Max:
        return type(self)(kwargs.get("axis", self.axis))

    def make_node(self, input: Any) -> Apply:
        x = as_tensor_variable(input)
        if x.type.dtype in complex_dtypes:
            raise TypeError(
                f"{type(self).__name__}: complex numbers have no order, got {x} of type {x.type}."
            )
        return super().make_node(x)

    def _gradient(self, x: Any, y: Any, g: Any) -> Any:
        # Each of several equal extremes gets the whole derivative.
        is_extreme = ps.eq(x, self.expand(y, x))
        return ps.switch(is_extreme, self.expand(g, x), 0)

    def _tangent(self, x: Any, y: Any, t: Any) -> Any:
        is_extreme = ps.eq(x, self.expand(y, x))
        return sum(ps.switch(is_extreme, t, 0), axis=self.axis)


class Min(Max):
    """The smallest element; NaN if there is one."""

    fixed_op = ps.minimum


class Argmax(Op):
    """The index of the first largest element, or of the first NaN.

    Parameters
    ----------
    axis : int or sequence of int, optional
        The axes to search; the index counts through them in C order. None for all.
    """

    __props__ = ("axis",)

    def __init__(self, axis: Any = None):
        if axis is not None:
            axis = (axis,) if isinstance(axis, int | np.integer) else axis
            axis = tuple(sorted(int(one) for one in axis))
        self.axis = axis

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        axis = normalize_reduce_axis(self.axis, x.type.ndim)
        op = self if axis == self.axis else type(self)(axis)
        reduced = range(x.type.ndim) if axis is None else axis
        shape = tuple(length for i, length in enumerate(x.type.shape) if i not in reduced)
        return Apply(op, [x], [tensor_type("int64", shape)("argmax")])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        (lengths,) = input_shapes
        if self.axis is None:
            return [()]
        return [tuple(length for i, length in enumerate(lengths) if i not in self.axis)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        (x,) = inputs
        axis = tuple(range(x.ndim)) if self.axis is None else self.axis
        if not axis:
            output_storage[0][0] = np.zeros(x.shape, dtype="int64")
            return
        kept = [i for i in range(x.ndim) if i not in axis]
        moved = x.transpose(*kept, *axis)
        flat = moved.reshape(
            *moved.shape[: len(kept)], int(np.prod(moved.shape[len(kept) :], dtype="int64"))
        )
        output_storage[0][0] = np.asarray(flat.argmax(axis=-1), dtype="int64")

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [float_zeros_like(inputs[0])]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        (t,) = tangents
        return [t if isinstance(t.type, DisconnectedType) else float_zeros_like(outputs[0])]

    def __str__(self) -> str:
        return f"Argmax{{axis={self.axis}}}"


# -- functions -------------------------------------------------------------------------------------


def _with_keepdims(x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    return makeKeepDims(x, y, axis) if keepdims else y


def makeKeepDims(x: Any, y: Any, axis: Any) -> TensorVariable:
    """Return the result of a reduction of ``x`` with the reduced axes back at length 1."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    axis = normalize_reduce_axis(axis, x.type.ndim)
    reduced = range(x.type.ndim) if axis is None else axis
    kept = iter(range(y.type.ndim))
    return y.dimshuffle(["x" if i in reduced else next(kept) for i in range(x.type.ndim)])


def sum(
    input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
) -> TensorVariable:
    """Return the sum of elements over axes.

    Parameters
    ----------
    input : array_like
        The array.
    axis : int or sequence of int, optional
        Over which axes; None for all.
    dtype : str, optional
        Dtype of the result: 64-bit integers for integers, and the input's own for others.
    keepdims : bool
        Leave the reduced axes in place with length 1.
    acc_dtype : str, optional
        Dtype of the running sum: float32 for float16, float64 for float32.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> sum(pt.imatrix("x"), axis=0).type
    TensorType(int64, shape=(None,))
    """
    x = as_tensor_variable(input)
    return _with_keepdims(x, Sum(axis, dtype, acc_dtype)(x), axis, keepdims)


def prod(
    input: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    acc_dtype: Any = None,
    no_zeros_in_input: bool = False,
) -> TensorVariable:
    """Return the product of elements over axes; the parameters are those of `sum`.

    ``no_zeros_in_input`` promises that no element is zero, for a cheaper derivative.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> prod(pt.fmatrix("x"), axis=0).type
    TensorType(float32, shape=(None,))
    """
    x = as_tensor_variable(input)
    return _with_keepdims(x, Prod(axis, dtype, acc_dtype, no_zeros_in_input)(x), axis, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return the largest elements over axes; NaN where there is one.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> max(pt.imatrix("x"), axis=1).type
    TensorType(int32, shape=(None,))
    """
    x = as_tensor_variable(x)
    return _with_keepdims(x, Max(axis)(x), axis, keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return the smallest elements over axes; NaN where there is one."""
    x = as_tensor_variable(x)
    return _with_keepdims(x, Min(axis)(x), axis, keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return whether all elements over axes are true."""
    x = as_tensor_variable(x)
    return _with_keepdims(x, All(axis)(x), axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return whether any element over axes is true."""
    x = as_tensor_variable(x)
    return _with_keepdims(x, AnyTrue(axis)(x), axis, keepdims)


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return the index of the first largest element over axes, in C order through them.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> argmax(pt.matrix("x"), axis=0).type
    TensorType(int64, shape=(None,))
    """
    x = as_tensor_variable(x)
    return _with_keepdims(x, Argmax(axis)(x), axis, keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> TensorVariable:
    """Return the index of the first smallest element over axes, in C order through them."""
    x = as_tensor_variable(x)
    # ~x turns the order of integers round without the overflow of -x.
    turned = ps.invert(x) if x.type.dtype in discrete_dtypes else ps.neg(x)
    return _with_keepdims(x, Argmax(axis)(turned), axis, keepdims)


def max_and_argmax(a: Any, axis: Any = None, keepdims: bool = False) -> list[TensorVariable]:
    """Return the largest elements over axes, and the indices of the first of them."""
    return [max(a, axis=axis, keepdims=keepdims), argmax(a, axis=axis, keepdims=keepdims)]


def smallest(*args: Any) -> TensorVariable:
    """Return the smallest of several arrays, element by element."""
    return reduce(ps.minimum, [as_tensor_variable(x) for x in args])


def largest(*args: Any) -> TensorVariable:
    """Return the largest of several arrays, element by element."""
    return reduce(ps.maximum, [as_tensor_variable(x) for x in args])


# -- batches ---------------------------------------------------------------------------------------


@_vectorize_node.register(CAReduce)
def vectorize_careduce(op: CAReduce, node: Apply, batch_x: Any) -> Apply:
    """Return the reduction of each core."""
    core_ndim = node.inputs[0].type.ndim
    axes = get_normalized_batch_axes(op.axis, core_ndim, batch_x.type.ndim)
    return op.clone(axis=axes).make_node(batch_x)


@_vectorize_node.register(Argmax)
def vectorize_argmax_node(op: Argmax, node: Apply, batch_x: Any) -> Apply:
    """Return the index of the largest element of each core."""
    core_ndim = node.inputs[0].type.ndim
    return Argmax(get_normalized_batch_axes(op.axis, core_ndim, batch_x.type.ndim)).make_node(
        batch_x
    )
