"""Ops that are the identity, except to the gradient.

``zero_grad``, ``disconnected_grad``, ``undefined_grad``, ``grad_clip`` and ``grad_scale`` pass
their input on unchanged and leave the compiled graph altogether; they exist to steer what flows
backward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite import tensor as pt
from pytensorlite.gradient.values import cast_gradient, float_zeros_like, is_connected
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import disconnected_type, grad_undefined
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node, _vectorize_not_needed


class ViewOp(Op):
    """The identity: the output is the input, in the same memory.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> ViewOp()(x).eval({x: [1.0, 2.0]})
    array([1., 2.])
    """

    __props__: tuple[str, ...] = ()
    view_map = {0: [0]}  # noqa: RUF012 -- a constant of the class

    def make_node(self, x: Any) -> Apply:
        """Return a node whose output has the input's type."""
        if not isinstance(x, Variable):
            x = pt.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: list) -> list:
        """Return the shape of the input."""
        return input_shapes

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        """Hand the value through."""
        output_storage[0][0] = inputs[0]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Hand the cotangent through."""
        return list(cotangents)

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        """Hand the tangent through."""
        return list(tangents)


class ZeroGrad(ViewOp):
    """The identity whose derivative is zero; see `zero_grad`."""

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Return zeros."""
        return [float_zeros_like(inputs[0])]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        """Return zeros, unless the input does not move at all."""
        return [float_zeros_like(outputs[0]) if is_connected(t) else t for t in tangents]


class DisconnectedGrad(ViewOp):
    """The identity that the gradient does not see; see `disconnected_grad`."""

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Return a disconnected gradient."""
        return [disconnected_type()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        """Return a disconnected tangent."""
        return [disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Say that the output does not depend on the input."""
        return [[False]]


class UndefinedGrad(ViewOp):
    """The identity that has no derivative; see `undefined_grad`."""

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Return a null gradient."""
        return [grad_undefined(self, 0, inputs[0], "it was declared so by undefined_grad")]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        """Return a null tangent, unless the input does not move at all."""
        return [
            grad_undefined(self, 0, inputs[0], "it was declared so by undefined_grad")
            if is_connected(t)
            else t
            for t in tangents
        ]


class GradClip(ViewOp):
    """The identity that keeps cotangents within bounds; see `grad_clip`."""

    __props__ = ("clip_lower_bound", "clip_upper_bound")

    def __init__(self, clip_lower_bound: float, clip_upper_bound: float):
        if not clip_upper_bound >= clip_lower_bound:
            raise ValueError(
                f"grad_clip expects an upper bound that is not below the lower one, got "
                f"{clip_lower_bound} and {clip_upper_bound}"
            )
        self.clip_lower_bound = clip_lower_bound
        self.clip_upper_bound = clip_upper_bound

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Clip the cotangent."""
        return [
            _of_dtype(g, pt.clip(g, self.clip_lower_bound, self.clip_upper_bound))
            if is_connected(g)
            else g
            for g in cotangents
        ]


class GradScale(ViewOp):
    """The identity that multiplies cotangents; see `grad_scale`."""

    __props__ = ("multiplier",)

    def __init__(self, multiplier: float):
        self.multiplier = multiplier

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        """Multiply the cotangent."""
        return [self._scaled(g) for g in cotangents]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        """Multiply the tangent: the same linear map, forward."""
        return [self._scaled(t) for t in tangents]

    def _scaled(self, g: Any) -> Variable:
        return _of_dtype(g, self.multiplier * g) if is_connected(g) else g


def _of_dtype(g: Variable, changed: Variable) -> Variable:
    """Undo the upcasting of small floats by the parameters of an op."""
    return cast_gradient(changed, getattr(g.type, "dtype", ""))


_vectorize_node.register(ViewOp, _vectorize_not_needed)

zero_grad_ = ZeroGrad()
disconnected_grad_ = DisconnectedGrad()
undefined_grad_ = UndefinedGrad()


def zero_grad(x: Any) -> Any:
    """Return `x`, through which the gradient is zero (and `x` still counts as connected).

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> pt.grad(x * zero_grad(x), x).eval({x: 3.0}, on_unused_input="ignore")
    array(3.)
    """
    return zero_grad_(x)


def disconnected_grad(x: Any) -> Any:
    """Return `x` as if it were a constant: no gradient flows through it.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> pt.grad(x * disconnected_grad(x), x).eval({x: 3.0}, on_unused_input="ignore")
    array(3.)
    """
    return disconnected_grad_(x)


def undefined_grad(x: Any) -> Any:
    """Return `x` such that it is an error to differentiate through it.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> pt.grad(undefined_grad(x), x)
    Traceback (most recent call last):
    ...
    pytensorlite.gradient.errors.NullTypeGradError: The gradient with respect to x cannot ...
    """
    return undefined_grad_(x)


def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Any:
    """Return `x`; the gradient that flows back through it is clipped to the bounds.

    Parameters
    ----------
    x : Variable
        Any float variable.
    lower_bound, upper_bound : float
        The bounds, inclusive.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> pt.grad(10 * grad_clip(x, -1, 1), x).eval({x: 3.0}, on_unused_input="ignore")
    array(1.)
    """
    return GradClip(lower_bound, upper_bound)(x)


def grad_scale(x: Any, multiplier: float) -> Any:
    """Return `x`; the gradient that flows back through it is multiplied.

    Parameters
    ----------
    x : Variable
        Any float variable.
    multiplier : float
        The factor; -1 reverses the gradient.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> pt.grad(grad_scale(x, -1.0), x).eval({x: 3.0}, on_unused_input="ignore")
    array(-1.)
    """
    return GradScale(multiplier)(x)
