"""Whole derivatives: `jacobian`, `hessian` and `hessian_vector_product`.

A Jacobian is the pull-back of every unit cotangent.  The pull-back is built once, for one
cotangent, and then vectorised over the rows of an identity matrix: no loop, no graph that grows
with the number of rows, and nothing special about zero rows or one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from pytensorlite import tensor as pt
from pytensorlite.gradient.arguments import (
    OnDisconnected,
    as_constants,
    as_values,
    as_variables,
    check_not_null,
    check_word,
    checked_tangents,
    like,
    settle_disconnected,
)
from pytensorlite.gradient.reverse import grad
from pytensorlite.gradient.values import (
    float_zeros_like,
    gradient_dtype,
    is_connected,
)
from pytensorlite.gradient.walk import pull_back_through
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.graph.traversal import ancestors
from pytensorlite.tensor.creation import UnitVectors


def jacobian(
    expression: Any,
    wrt: Variable | Sequence[Variable],
    consider_constant: Iterable[Variable] | None = None,
    disconnected_inputs: OnDisconnected = "raise",
    vectorize: bool = False,
) -> Any:
    """Return the derivative of each element of `expression` by each element of `wrt`.

    Parameters
    ----------
    expression : Variable
        What is differentiated; of any rank.
    wrt : Variable, or list or tuple of them
        With respect to what; of any rank.
    consider_constant, disconnected_inputs
        As in `grad`; the Jacobian of a disconnected variable is all zeros.
    vectorize : bool
        Accepted for the sake of programs that pass it.  The rows are always computed at once, which
        takes memory for as many copies of the intermediate results as `expression` has elements.

    Returns
    -------
    Variable, list or tuple
        As `wrt` was given; each of the shape ``expression.shape + wrt.shape``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> jacobian(x**2, x).eval({x: [1.0, 2.0]})
    array([[2., 0.],
           [0., 4.]])
    """
    if not isinstance(expression, Variable):
        raise TypeError(
            "jacobian expects a symbolic variable as `expression`, got "
            f"{expression!r} of type {type(expression).__name__}"
        )
    check_word("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    if getattr(expression.type, "ndim", None) == 0:
        return grad(expression, wrt, consider_constant, disconnected_inputs)

    wrt_list = as_variables("wrt", wrt)
    constant = as_constants(consider_constant)
    cotangent = expression.type.clone(dtype=gradient_dtype(expression))("cotangent")
    pulled: list[Any] = pull_back_through([(expression, cotangent)], wrt_list, constant=constant)
    check_not_null(wrt_list, pulled)
    settle_disconnected(wrt_list, pulled, disconnected_inputs, "none")

    depends = set(ancestors([gradient for gradient in pulled if is_connected(gradient)]))
    connected = [gradient for gradient in pulled if gradient in depends]
    if cotangent in depends:
        units = _unit_cotangents(expression, cotangent)
        rows = vectorize_graph(connected, {cotangent: units})
        by_row: dict[Any, Any] = dict(zip(connected, rows, strict=True))
    else:
        by_row = {}

    answers = []
    for variable, gradient in zip(wrt_list, pulled, strict=True):
        shape = _shape(expression, variable)
        if gradient not in by_row or by_row[gradient].ndim == gradient.ndim:
            # Linear in the cotangent and independent of it: zero.
            answers.append(pt.zeros(shape, dtype=gradient_dtype(variable)))
        elif expression.type.ndim == 1:
            answers.append(by_row[gradient])
        else:
            answers.append(by_row[gradient].reshape(shape, ndim=len(shape)))
    return like(wrt, answers)


def _shape(expression: Any, variable: Any) -> tuple:
    """Return the shape of a Jacobian."""
    return (*expression.shape, *variable.shape)


def _unit_cotangents(expression: Any, cotangent: Variable) -> Variable:
    """Return all unit cotangents of `expression`, one behind the other along the first axis."""
    lengths = expression.type.shape
    size = expression.size if None in lengths else prod(lengths)
    identity = UnitVectors(cotangent.type.dtype)(size, size, 0)
    if expression.type.ndim == 1:
        return identity
    return identity.reshape((size, *expression.shape), ndim=expression.type.ndim + 1)


def hessian(
    cost: Variable,
    wrt: Variable | Sequence[Variable],
    consider_constant: Iterable[Variable] | None = None,
    disconnected_inputs: OnDisconnected = "raise",
) -> Any:
    """Return the matrix of second derivatives of a scalar, for each vector in `wrt`.

    Parameters
    ----------
    cost : Variable of rank 0
        What is differentiated.
    wrt : Variable of rank 1, or list or tuple of them
        With respect to what.  Several give one square matrix each, without cross terms.
    consider_constant, disconnected_inputs
        As in `grad`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> hessian((x**3).sum(), x).eval({x: [1.0, 2.0]})
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    if not isinstance(cost, Variable):
        raise TypeError(
            f"hessian expects a symbolic variable as `cost`, got {cost!r} of type "
            f"{type(cost).__name__}"
        )
    if cost.type.ndim != 0:
        raise ValueError(
            f"hessian expects a scalar as `cost`, got {cost} with {cost.type.ndim} dimensions"
        )
    wrt_list = as_variables("wrt", wrt)
    for variable in wrt_list:
        if variable.type.ndim != 1:
            raise ValueError(
                "hessian expects vectors in `wrt`, got "
                f"{variable} with {variable.type.ndim} dimensions; flatten it first"
            )
    gradients = grad(cost, wrt_list, consider_constant, disconnected_inputs)
    return like(
        wrt,
        [
            jacobian(gradient, variable, consider_constant, disconnected_inputs="ignore")
            for gradient, variable in zip(gradients, wrt_list, strict=True)
        ],
    )


def hessian_vector_product(
    cost: Variable,
    wrt: Variable | Sequence[Variable],
    p: Variable | Sequence[Variable],
    **grad_kwargs: Any,
) -> Any:
    """Return the Hessian of a scalar times a vector, without building the Hessian.

    Parameters
    ----------
    cost : Variable of rank 0
        What is differentiated.
    wrt : Variable, or list or tuple of them
        With respect to what; of any rank.
    p : Variable or array, or list or tuple of them
        One for each element of `wrt`, of its shape.
    **grad_kwargs
        Passed to `grad`.

    Returns
    -------
    Variable, list or tuple
        As `wrt` was given.  Several variables give the product with the whole Hessian, cross terms
        included.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, p = pt.dvectors("x", "p")
    >>> hessian_vector_product((x**3).sum(), x, p).eval({x: [1.0, 2.0], p: [10.0, 100.0]})
    array([  60., 1200.])
    """
    wrt_list = as_variables("wrt", wrt)
    vectors = checked_tangents(wrt_list, as_values(p))
    gradients = grad(cost, wrt_list, **grad_kwargs)
    # The Hessian is symmetric: H p is the pull-back of p through the gradient.
    seeds = [
        (gradient, vector)
        for gradient, vector in zip(gradients, vectors, strict=True)
        if gradient is not None
    ]
    constant = as_constants(grad_kwargs.get("consider_constant"))
    products = pull_back_through(seeds, wrt_list, constant=constant)
    check_not_null(wrt_list, products)
    return like(
        wrt,
        [
            product if is_connected(product) else float_zeros_like(variable)
            for variable, product in zip(wrt_list, products, strict=True)
        ],
    )
