"""What may be asked of a derivative, and in which form the answer comes back.

Each function checks one argument of the public functions, or fills in one part of their answers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pytensorlite import tensor as pt
from pytensorlite._frames import outside_package
from pytensorlite.gradient.errors import DisconnectedInputError, NullTypeGradError
from pytensorlite.gradient.values import (
    COMPLEX,
    CONTINUOUS,
    cast_gradient,
    fill_up,
    float_zeros_like,
    gradient_dtype,
    is_connected,
    is_disconnected,
    is_null,
    one,
)
from pytensorlite.gradient.walk import Seeds
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.null_type import DisconnectedType, NullType
from pytensorlite.graph.utils import get_variable_trace_string

OnDisconnected = Literal["ignore", "warn", "raise"]
DisconnectedAs = Literal["zero", "none", "disconnected"]


def as_seeds(cost: Variable | None, known_grads: Mapping[Variable, Variable] | None) -> Seeds:
    if cost is None and known_grads is None:
        raise ValueError("grad needs a `cost` or `known_grads` (or both), got neither")
    known = dict(known_grads or {})
    seeds: Seeds = []
    if cost is not None:
        _check_cost(cost)
        if cost not in known:
            dtype = getattr(cost.type, "dtype", "")
            if dtype in COMPLEX:
                raise TypeError(
                    f"The derivative of a complex cost is not a single number: {cost} has dtype "
                    f"{dtype}; differentiate its real part, imaginary part or absolute value"
                )
            seeds.append((cost, one(cost)))
        else:
            seeds.append((cost, checked_seed(cost, known.pop(cost))))
    return seeds + [(variable, checked_seed(variable, g)) for variable, g in known.items()]


def _check_cost(cost: Any) -> None:
    if not isinstance(cost, Variable):
        raise TypeError(f"The cost must be a symbolic variable, got {cost!r}")
    if isinstance(cost.type, NullType):
        raise ValueError(f"The cost has no value to differentiate: {cost.type.why_null}")
    if isinstance(cost.type, DisconnectedType):
        raise ValueError(
            "The cost is a disconnected gradient, a zero without a graph: there is nothing to "
            "differentiate"
        )
    rank = getattr(cost.type, "ndim", None)
    if rank is None:
        raise TypeError(f"The cost must be a scalar number, got {cost} of type {cost.type}")
    if rank != 0:
        raise TypeError(
            f"The cost must be a scalar, got {cost} with {rank} dimensions; sum or average it, or "
            "use jacobian(...) for a derivative of each element"
        )


def checked_seed(variable: Any, gradient: Any) -> Variable:
    if not isinstance(variable, Variable) or not isinstance(gradient, Variable):
        raise TypeError(
            "known_grads must map variables to variables, got "
            f"{variable!r} of type {type(variable).__name__}: "
            f"{gradient!r} of type {type(gradient).__name__}"
        )
    if is_disconnected(gradient) or is_null(gradient):
        return gradient
    dtype = getattr(gradient.type, "dtype", "")
    if dtype not in CONTINUOUS:
        raise TypeError(
            f"A known gradient must be of a floating point type (or null, or disconnected), got "
            f"{gradient} of type {gradient.type} for {variable}"
        )
    return cast_gradient(fill_up(variable, gradient), getattr(variable.type, "dtype", ""))


def as_constants(consider_constant: Iterable[Variable] | None) -> set[Variable]:
    if consider_constant is None:
        return set()
    if isinstance(consider_constant, Variable) or not hasattr(consider_constant, "__iter__"):
        raise TypeError(
            "consider_constant must be an iterable of variables, got "
            f"{consider_constant!r} of type {type(consider_constant).__name__}"
        )
    constants = list(consider_constant)
    for element in constants:
        if not isinstance(element, Variable):
            raise TypeError(
                "Elements of consider_constant must be variables, got "
                f"{element!r} of type {type(element).__name__}"
            )
    return set(constants)


def as_variables(name: str, given: Any) -> list[Variable]:
    variables = list(given) if isinstance(given, list | tuple) else [given]
    for element in variables:
        if not isinstance(element, Variable):
            raise TypeError(
                f"`{name}` must be a variable, or a list or tuple of variables, got "
                f"{element!r} of type {type(element).__name__}"
            )
    return variables


def as_values(given: Any) -> list[Variable]:
    """Return evaluation points as a list of variables; arrays and numbers are converted."""
    values = list(given) if isinstance(given, list | tuple) else [given]
    return [v if isinstance(v, Variable) else pt.as_tensor_variable(v) for v in values]


def checked_tangents(wrt: Sequence[Variable], tangents: Sequence[Variable]) -> list[Variable]:
    """Check that there is one tangent for each of `wrt`, of its rank, and cast it to its dtype."""
    if len(wrt) != len(tangents):
        raise ValueError(
            "`wrt` and the evaluation points must have the same length, got "
            f"{len(wrt)} and {len(tangents)}"
        )
    checked = []
    for position, (variable, tangent) in enumerate(zip(wrt, tangents, strict=True)):
        rank = getattr(variable.type, "ndim", None)
        given = getattr(tangent.type, "ndim", rank)
        if given != rank:
            raise ValueError(
                f"Element {position} of `wrt` ({variable}) has {rank} dimensions, but its "
                f"evaluation point ({tangent}) has {given}: they must be of the same shape"
            )
        dtype = getattr(tangent.type, "dtype", "")
        if not is_disconnected(tangent) and dtype not in CONTINUOUS:
            tangent = pt.cast(tangent, gradient_dtype(variable))
        checked.append(cast_gradient(tangent, getattr(variable.type, "dtype", "")))
    return checked


def check_not_null(wrt: Sequence[Variable], gradients: Sequence[Variable]) -> None:
    """Raise `NullTypeGradError` with the op's own reason if a gradient cannot be computed."""
    for variable, gradient in zip(wrt, gradients, strict=True):
        if isinstance(gradient.type, NullType):
            raise NullTypeGradError(
                f"The gradient with respect to {variable} cannot be computed. "
                f"{gradient.type.why_null}"
            )


def settle_disconnected(
    wrt: Sequence[Variable],
    gradients: Sequence[Variable],
    disconnected_inputs: OnDisconnected,
    return_disconnected: DisconnectedAs,
    message: str = (
        "The cost does not depend on {variable}, or only through operations without a derivative; "
        'if that is meant, pass disconnected_inputs="ignore"'
    ),
) -> list[Variable | None]:
    """Complain about disconnected gradients as asked, and replace them by what was asked."""
    answers: list[Variable | None] = []
    for variable, gradient in zip(wrt, gradients, strict=True):
        if is_connected(gradient):
            answers.append(gradient)
            continue
        text = message.format(variable=variable)
        if disconnected_inputs == "raise":
            raise DisconnectedInputError(f"{text}\n{get_variable_trace_string(variable)}")
        if disconnected_inputs == "warn":
            warnings.warn(text, stacklevel=outside_package())
        if return_disconnected == "zero":
            answers.append(float_zeros_like(variable))
        else:
            answers.append(None if return_disconnected == "none" else gradient)
    return answers


def like(given: Any, answers: list) -> Any:
    """Return the answers in the container that the question came in."""
    return as_list_or_tuple(isinstance(given, list), isinstance(given, tuple), answers)


def as_list_or_tuple(use_list: bool, use_tuple: bool, outputs: Any) -> Any:
    """Return `outputs` as a list, as a tuple, or, with neither, its only element.

    Examples
    --------
    >>> as_list_or_tuple(False, True, [1, 2]), as_list_or_tuple(False, False, [1])
    ((1, 2), 1)
    """
    if use_list and use_tuple:
        raise ValueError("as_list_or_tuple: use_list and use_tuple exclude each other")
    several = isinstance(outputs, list | tuple)
    if use_list or use_tuple:
        elements = outputs if several else [outputs]
        return list(elements) if use_list else tuple(elements)
    if not several:
        return outputs
    if len(outputs) != 1:
        raise ValueError(
            f"as_list_or_tuple: expected exactly one element to unwrap, got {len(outputs)}"
        )
    return outputs[0]


def check_word(argument: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{argument} must be one of {choices}, got {word!r}")
