"""Forward mode: `Rop`, also called `pushforward`.

Two ways lead to the Jacobian times a vector.  The default applies reverse mode twice: the
pull-back is linear in its cotangents, so pulling back once more, with respect to them, is the
push-forward; it needs nothing but ``pullback`` of every op.  The other way asks every op for its
own ``pushforward``, in the order of computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite import scalar as ps
from pytensorlite import tensor as pt
from pytensorlite.gradient.arguments import (
    DisconnectedAs,
    OnDisconnected,
    as_values,
    as_variables,
    check_not_null,
    check_word,
    checked_tangents,
    like,
    settle_disconnected,
)
from pytensorlite.gradient.rules import push_forward
from pytensorlite.gradient.values import (
    cast_gradient,
    gradient_dtype,
    is_connected,
    is_disconnected,
    is_null,
    total,
)
from pytensorlite.gradient.walk import nodes_between, pull_back_through
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.null_type import disconnected_type
from pytensorlite.graph.utils import without_collection


def Rop(
    f: Variable | Sequence[Variable],
    wrt: Variable | Sequence[Variable],
    eval_points: Variable | Sequence[Variable],
    disconnected_outputs: OnDisconnected = "raise",
    return_disconnected: DisconnectedAs = "zero",
    use_op_rop_implementation: bool = False,
) -> Any:
    """Return the Jacobian of `f` with respect to `wrt`, times the vector `eval_points`.

    Parameters
    ----------
    f : Variable, or list or tuple of them
        The outputs; of any rank.
    wrt : Variable, or list or tuple of them
        With respect to what.
    eval_points : Variable or array, or list or tuple of them
        One for each element of `wrt`, of its shape.
    disconnected_outputs : {"raise", "warn", "ignore"}
        What to do about an element of `wrt` on which no output depends; with
        `use_op_rop_implementation`, about an output that depends on no element of `wrt`.
    return_disconnected : {"zero", "none", "disconnected"}
        What comes back for an output that depends on no element of `wrt`.
    use_op_rop_implementation : bool
        Ask each op for its own ``pushforward`` instead of differentiating backward twice.

    Returns
    -------
    Variable, list or tuple
        As `f` was given.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, v = pt.dvectors("x", "v")
    >>> Rop(x**2, x, v).eval({x: [1.0, 2.0], v: [10.0, 100.0]})
    array([ 20., 400.])
    """
    outputs, wrt_list = as_variables("f", f), as_variables("wrt", wrt)
    tangents = as_values(eval_points)
    push = _through_ops if use_op_rop_implementation else pushforward_through_pullback
    return like(f, push(outputs, wrt_list, tangents, disconnected_outputs, return_disconnected))


def pushforward(
    f: Variable | Sequence[Variable],
    wrt: Variable | Sequence[Variable],
    tangents: Variable | Sequence[Variable],
    disconnected_outputs: OnDisconnected = "raise",
    return_disconnected: DisconnectedAs = "zero",
    use_op_pushforward: bool = False,
) -> Any:
    """Return tangents of `f`, given those of `wrt`: the newer name of `Rop`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, v = pt.dvectors("x", "v")
    >>> pushforward(x**2, x, v, use_op_pushforward=True).eval({x: [1.0, 2.0], v: [10.0, 100.0]})
    array([ 20., 400.])
    """
    return Rop(f, wrt, tangents, disconnected_outputs, return_disconnected, use_op_pushforward)


def pushforward_through_pullback(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable],
    tangents: Sequence[Variable],
    disconnected_outputs: OnDisconnected = "raise",
    return_disconnected: DisconnectedAs = "zero",
) -> list[Variable | None]:
    """Return the Jacobian times `tangents` by differentiating backward twice.

    Parameters
    ----------
    outputs, inputs, tangents : sequence of Variable
        What, with respect to what, and the vectors, one an input.
    disconnected_outputs : {"raise", "warn", "ignore"}
        What to do about an input on which no output depends.
    return_disconnected : {"zero", "none", "disconnected"}
        What comes back for an output that depends on no input.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, v = pt.dvectors("x", "v")
    >>> (product,) = pushforward_through_pullback([x**2], [x], [v])
    >>> product.eval({x: [1.0, 2.0], v: [10.0, 100.0]})
    array([ 20., 400.])
    """
    _check_words(disconnected_outputs, return_disconnected)
    tangents = checked_tangents(inputs, tangents)
    # The pull-back is linear in its cotangents, so its derivative with respect to them is the same
    # wherever it is taken.  Zeros computed from the outputs, instead of free variables, leave
    # nothing undefined behind: at most a shape, which is the right one.
    cotangents = [_fresh_zeros(output) for output in outputs]
    pulled = pull_back_through(list(zip(outputs, cotangents, strict=True)), inputs)
    check_not_null(inputs, pulled)
    settle_disconnected(inputs, pulled, disconnected_outputs, "none", _NO_OUTPUT_DEPENDS)

    seeds = [
        (gradient, cast_gradient(tangent, getattr(gradient.type, "dtype", "")))
        for gradient, tangent in zip(pulled, tangents, strict=True)
        if is_connected(gradient) and is_connected(tangent)
    ]
    pushed = pull_back_through(seeds, cotangents)
    check_not_null(outputs, pushed)
    pushed = [
        cast_gradient(tangent, getattr(output.type, "dtype", ""))
        for output, tangent in zip(outputs, pushed, strict=True)
    ]
    return settle_disconnected(outputs, pushed, "ignore", return_disconnected)


def _through_ops(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable],
    tangents: Sequence[Variable],
    disconnected_outputs: OnDisconnected,
    return_disconnected: DisconnectedAs,
) -> list[Variable | None]:
    """Return the Jacobian times `tangents` by the ops' own forward rules."""
    _check_words(disconnected_outputs, return_disconnected)
    known = _push_through(outputs, inputs, checked_tangents(inputs, tangents))
    pushed = [known[output] if output in known else disconnected_type() for output in outputs]
    check_not_null(outputs, pushed)
    return settle_disconnected(
        outputs, pushed, disconnected_outputs, return_disconnected, _DEPENDS_ON_NO_INPUT
    )


@without_collection
def _push_through(
    outputs: Sequence[Variable], inputs: Sequence[Variable], tangents: Sequence[Variable]
) -> dict[Variable, Variable]:
    """Carry tangents from the inputs up to the outputs; return those of all variables between."""
    known: dict[Variable, Variable] = {}
    for variable, tangent in zip(inputs, tangents, strict=True):
        _add_tangent(known, variable, tangent)

    for node, pattern, wanted in nodes_between(outputs, inputs):
        given = [disconnected_type() for _ in node.inputs]
        for position in wanted:
            given[position] = known.get(node.inputs[position], given[position])
        if all(is_disconnected(tangent) for tangent in given):
            continue
        missing = next((tangent for tangent in given if is_null(tangent)), None)
        if missing is None:
            pushed = push_forward(node, given)
        else:
            pushed = [missing] * len(node.outputs)
        for o, (output, tangent) in enumerate(zip(node.outputs, pushed, strict=True)):
            if pattern is None or any(pattern[position][o] for position in wanted):
                _add_tangent(known, output, tangent)
    return known


_NO_OUTPUT_DEPENDS = (
    "No output depends on {variable}, or only through operations without a derivative; if that is "
    'meant, pass disconnected_outputs="ignore"'
)
_DEPENDS_ON_NO_INPUT = (
    "The output {variable} depends on none of the variables in `wrt`, or only through operations "
    'without a derivative; if that is meant, pass disconnected_outputs="ignore"'
)


def _add_tangent(known: dict[Variable, Variable], variable: Variable, tangent: Variable) -> None:
    """Add to what is known: a variable may be asked for twice, or be computed from another one."""
    if is_connected(tangent):
        known[variable] = total([known[variable], tangent]) if variable in known else tangent


def _fresh_zeros(output: Variable) -> Variable:
    """Return zeros like `output` that are a variable of their own, never a shared constant."""
    dtype = gradient_dtype(output)
    if hasattr(output.type, "ndim") and hasattr(output.type, "shape"):
        return pt.second(output, pt.constant(0.0, dtype=dtype))
    return ps.second(output, ps.constant(0.0, dtype=dtype))


def _check_words(disconnected_outputs: str, return_disconnected: str) -> None:
    check_word("disconnected_outputs", disconnected_outputs, ("raise", "warn", "ignore"))
    check_word("return_disconnected", return_disconnected, ("zero", "none", "disconnected"))
