"""Functions of probability: softmax along axes, and compositions of the gamma family.

`Softmax` and `LogSoftmax` are ops so that rewrites can recognise them; what they compute is written
once as a graph, in `softmax_graph` and `log_softmax_graph`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from pytensorlite.graph.basic import Apply
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.tensor.basic import as_tensor_variable, cast
from pytensorlite.tensor.math import exp, gamma, gammaln, log, reciprocal
from pytensorlite.tensor.math import max as pt_max
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.type import discrete_dtypes
from pytensorlite.tensor.variable import TensorVariable


class _AlongAxes(Op):
    """An op that keeps the shape of its input and works along some of its axes.

    Parameters
    ----------
    axis : tuple of int, optional
        Sorted axes, counted from the front; None is all.
    """

    __props__ = ("axis",)

    def __init__(self, *, axis: Sequence[int] | int | None):
        if isinstance(axis, int | np.integer):
            axis = (axis,)
        self.axis = None if axis is None else tuple(sorted(int(a) for a in axis))
        if self.axis is not None and self.axis and self.axis[0] < 0:
            raise ValueError(f"{type(self).__name__} counts axes from the front, got {axis}.")

    def make_node(self, x: Any) -> Apply:
        x = as_float_tensor(x)
        if self.axis is not None and self.axis and self.axis[-1] >= x.type.ndim:
            raise ValueError(f"{self}: axis {self.axis} does not exist in {x} of type {x.type}.")
        return Apply(self, [x], [x.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [input_shapes[0]]

    def __str__(self) -> str:
        return f"{type(self).__name__}{{axis={self.axis}}}"

    __repr__ = __str__


class Softmax(_AlongAxes):
    """``exp(x)`` divided by its sum along the axes, without overflow."""

    __props__ = ("axis",)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            e = np.exp(_shifted(x, self.axis))
            output_storage[0][0] = np.asarray(e / _sum(e, self.axis), dtype=x.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (y,), (g,) = outputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type()]
        weighted = g * y
        return [weighted - y * pt_sum(weighted, axis=self.axis, keepdims=True)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        # The Jacobian is symmetric.
        return self.pullback(inputs, outputs, tangents)


class LogSoftmax(_AlongAxes):
    """``log(softmax(x))`` along the axes, without underflow."""

    __props__ = ("axis",)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        (x,) = inputs
        with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
            shifted = _shifted(x, self.axis)
            result = shifted - np.log(_sum(np.exp(shifted), self.axis))
        output_storage[0][0] = np.asarray(result, dtype=x.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        (x,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type()]
        return [g - Softmax(axis=self.axis)(x) * pt_sum(g, axis=self.axis, keepdims=True)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        (x,), (t,) = inputs, tangents
        if isinstance(t.type, DisconnectedType):
            return [disconnected_type()]
        return [t - pt_sum(t * Softmax(axis=self.axis)(x), axis=self.axis, keepdims=True)]


def softmax(c: Any, axis: Any = None) -> TensorVariable:
    """Return ``exp(c) / exp(c).sum(axis)``.

    Parameters
    ----------
    c : tensor_like
        The logits.
    axis : int or tuple of int, optional
        Along which axes the results sum to 1; all by default.

    Examples
    --------
    >>> softmax([0.0, 0.0]).eval()
    array([0.5, 0.5])
    """
    c = as_float_tensor(c)
    return Softmax(axis=_normal_axes(axis, c.type.ndim))(c)


def log_softmax(c: Any, axis: Any = None) -> TensorVariable:
    """Return the logarithm of `softmax`, exact where the probabilities underflow.

    Parameters
    ----------
    c : tensor_like
        The logits.
    axis : int or tuple of int, optional
        Along which axes the probabilities sum to 1; all by default.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0]).eval()
    array([-1000.,     0.])
    """
    c = as_float_tensor(c)
    return LogSoftmax(axis=_normal_axes(axis, c.type.ndim))(c)


def softmax_graph(x: TensorVariable, axis: tuple[int, ...] | None) -> TensorVariable:
    """Return what `Softmax` computes as a graph of elementwise ops and reductions."""
    e = exp(x - pt_max(x, axis=axis, keepdims=True))
    total = pt_sum(e, axis=axis, keepdims=True)
    # One division for a row instead of one for each element.  The total, which is 1 or more, errs
    # by more than a factor does; but as a half float, its reciprocal has few digits.
    return e / total if e.type.dtype == "float16" else e * reciprocal(total)


def log_softmax_graph(x: TensorVariable, axis: tuple[int, ...] | None) -> TensorVariable:
    """Return what `LogSoftmax` computes as a graph of elementwise ops and reductions."""
    shifted = x - pt_max(x, axis=axis, keepdims=True)
    return shifted - log(pt_sum(exp(shifted), axis=axis, keepdims=True))


def as_float_tensor(x: Any) -> TensorVariable:
    """Return a tensor of a float dtype: integers become float64, as under NumPy's functions."""
    x = as_tensor_variable(x)
    return cast(x, "float64") if x.type.dtype in discrete_dtypes else x


def _normal_axes(axis: Any, ndim: int) -> tuple[int, ...] | None:
    if axis is None:
        return None
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def _shifted(x: np.ndarray, axis: tuple[int, ...] | None) -> np.ndarray:
    return x - np.max(x, axis=axis, keepdims=True)


def _sum(x: np.ndarray, axis: tuple[int, ...] | None) -> np.ndarray:
    # Half precision accumulates in single; its sums would stall at 2048.
    dtype = np.float32 if x.dtype == np.float16 else None
    return np.sum(x, axis=axis, keepdims=True, dtype=dtype).astype(x.dtype)


@_vectorize_node.register(Softmax)
@_vectorize_node.register(LogSoftmax)
def vectorize_softmax_node(op: Any, node: Apply, batch_x: TensorVariable) -> Apply:
    """Move the axes behind the batch."""
    batch_ndim = batch_x.type.ndim - node.inputs[0].type.ndim
    axes = range(node.inputs[0].type.ndim) if op.axis is None else op.axis
    return type(op)(axis=tuple(axis + batch_ndim for axis in axes)).make_node(batch_x)


# -- the gamma family ------------------------------------------------------------------------------


def logit(x: Any) -> TensorVariable:
    """Return ``log(x / (1 - x))``, the inverse of `sigmoid`.

    Examples
    --------
    >>> float(logit(0.5).eval())
    0.0
    """
    x = as_float_tensor(x)
    return log(x / (1 - x))


def beta(a: Any, b: Any) -> TensorVariable:
    """Return the beta function ``gamma(a) gamma(b) / gamma(a + b)``.

    Examples
    --------
    >>> float(beta(1.0, 2.0).eval())
    0.5
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    return gamma(a) * gamma(b) / gamma(a + b)


def betaln(a: Any, b: Any) -> TensorVariable:
    """Return the logarithm of `beta`.

    Examples
    --------
    >>> float(betaln(1.0, 1.0).eval())
    0.0
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def poch(z: Any, m: Any) -> TensorVariable:
    """Return the rising factorial ``gamma(z + m) / gamma(z)``.

    Examples
    --------
    >>> float(poch(3.0, 2.0).eval())
    12.0
    """
    z, m = as_tensor_variable(z), as_tensor_variable(m)
    return gamma(z + m) / gamma(z)


def factorial(n: Any) -> TensorVariable:
    """Return ``gamma(n + 1)``, the factorial of whole numbers.

    Examples
    --------
    >>> float(factorial(5).eval())
    120.0
    """
    return gamma(as_tensor_variable(n) + 1)


__all__ = [
    "beta",
    "betaln",
    "factorial",
    "log_softmax",
    "logit",
    "poch",
    "softmax",
]
