"""Reverse mode: `grad`, `Lop` (also called `pullback`) and `subgraph_grad`.

What may be asked is checked in `arguments`, the walk itself is in `walk`; here the two meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pytensorlite.gradient.arguments import (
    DisconnectedAs,
    OnDisconnected,
    as_constants,
    as_seeds,
    as_values,
    as_variables,
    check_not_null,
    check_word,
    checked_seed,
    like,
    settle_disconnected,
)
from pytensorlite.gradient.values import float_zeros_like, is_connected, total
from pytensorlite.gradient.walk import pull_back_through
from pytensorlite.graph.basic import Variable


def grad(
    cost: Variable | None,
    wrt: Variable | Sequence[Variable],
    consider_constant: Iterable[Variable] | None = None,
    disconnected_inputs: OnDisconnected = "raise",
    add_names: bool = True,
    known_grads: Mapping[Variable, Variable] | None = None,
    return_disconnected: DisconnectedAs = "zero",
    null_gradients: Literal["raise", "return"] = "raise",
) -> Any:
    """Return the derivatives of a scalar with respect to variables, as a graph.

    Parameters
    ----------
    cost : Variable of rank 0, or None
        What is differentiated; None if `known_grads` says where to start.
    wrt : Variable, or list or tuple of them
        With respect to what.
    consider_constant : iterable of Variable
        Variables through which no gradient flows any further down.
    disconnected_inputs : {"raise", "warn", "ignore"}
        What to do about an element of `wrt` on which the cost does not depend.
    add_names : bool
        Name gradients ``(d<cost>/d<variable>)`` where both have names.
    known_grads : mapping of Variable to Variable
        Gradients that are known already.  They replace what would flow to these variables.
    return_disconnected : {"zero", "none", "disconnected"}
        What comes back for such an element: zeros of its shape, None, or a variable of
        `DisconnectedType`.
    null_gradients : {"raise", "return"}
        Whether a derivative that cannot be computed is an error or comes back as a variable of
        `NullType`.

    Returns
    -------
    Variable, list or tuple
        As `wrt` was given.  A gradient is never of integer dtype.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> grad((x**2).sum(), x).eval({x: [1.0, 2.0]})
    array([2., 4.])
    """
    check_word("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    check_word("return_disconnected", return_disconnected, ("zero", "none", "disconnected"))
    check_word("null_gradients", null_gradients, ("raise", "return"))
    wrt_list = as_variables("wrt", wrt)
    seeds = as_seeds(cost, known_grads)
    gradients = pull_back_through(
        seeds,
        wrt_list,
        constant=as_constants(consider_constant),
        fixed={variable for variable, _ in seeds},
        cost_name=cost.name if cost is not None and add_names else None,
    )
    if null_gradients == "raise":
        check_not_null(wrt_list, gradients)
    answers = settle_disconnected(wrt_list, gradients, disconnected_inputs, return_disconnected)
    return like(wrt, answers)


def Lop(
    f: Variable | Sequence[Variable],
    wrt: Variable | Sequence[Variable],
    eval_points: Variable | Sequence[Variable],
    consider_constant: Iterable[Variable] | None = None,
    disconnected_inputs: OnDisconnected = "raise",
    return_disconnected: DisconnectedAs = "zero",
) -> Any:
    """Return the row vector(s) `eval_points` times the Jacobian of `f` with respect to `wrt`.

    Parameters
    ----------
    f : Variable, or list or tuple of them
        The outputs; of any rank.
    wrt : Variable, or list or tuple of them
        With respect to what.
    eval_points : Variable or array, or list or tuple of them
        One for each output, of its shape.
    consider_constant, disconnected_inputs, return_disconnected
        As in `grad`.

    Returns
    -------
    Variable, list or tuple
        As `wrt` was given.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, v = pt.dvectors("x", "v")
    >>> Lop(x**2, x, v).eval({x: [1.0, 2.0], v: [10.0, 100.0]})
    array([ 20., 400.])
    """
    check_word("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    check_word("return_disconnected", return_disconnected, ("zero", "none", "disconnected"))
    outputs, wrt_list = as_variables("f", f), as_variables("wrt", wrt)
    cotangents = as_values(eval_points)
    if len(outputs) != len(cotangents):
        raise ValueError(
            f"Lop expects one evaluation point for each of the {len(outputs)} outputs in `f`, "
            f"got {len(cotangents)}"
        )
    # Unlike known gradients these add up: an output may well be computed from another one.
    seeds = [(f_i, checked_seed(f_i, v)) for f_i, v in zip(outputs, cotangents, strict=True)]
    gradients = pull_back_through(seeds, wrt_list, constant=as_constants(consider_constant))
    check_not_null(wrt_list, gradients)
    answers = settle_disconnected(wrt_list, gradients, disconnected_inputs, return_disconnected)
    return like(wrt, answers)


def pullback(
    f: Variable | Sequence[Variable],
    wrt: Variable | Sequence[Variable],
    cotangents: Variable | Sequence[Variable],
    consider_constant: Iterable[Variable] | None = None,
    disconnected_inputs: OnDisconnected = "raise",
    return_disconnected: DisconnectedAs = "zero",
) -> Any:
    """Return cotangents of `wrt`, given those of `f`: the newer name of `Lop`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x, v = pt.dvectors("x", "v")
    >>> pullback(x**2, x, v).eval({x: [1.0, 2.0], v: [10.0, 100.0]})
    array([ 20., 400.])
    """
    return Lop(f, wrt, cotangents, consider_constant, disconnected_inputs, return_disconnected)


def subgraph_grad(
    wrt: list[Variable],
    end: list[Variable],
    start: dict[Variable, Variable] | None = None,
    cost: Variable | None = None,
    details: bool = False,
) -> tuple:
    """Return gradients of one stretch of a graph, not going below the variables in `end`.

    What it returns for `end` may be the `start` of the next stretch further down, so that a graph
    can be differentiated piece by piece, with something else in between where that is wanted (a
    layer that draws random numbers, say).

    Parameters
    ----------
    wrt : list of Variable
        Gradients are returned with respect to these.
    end : list of Variable
        Nothing flows further down than these; gradients with respect to them are returned too.
    start : dict of Variable to Variable
        Known gradients to start from.
    cost : Variable of rank 0
        A cost to start from; with `start`, the two contributions are added.
    details : bool
        Return the contributions of `start` and of `cost` too.

    Returns
    -------
    tuple
        ``(wrt_grads, end_grads)``; with `details`, ``(wrt_grads, end_grads, start_grads,
        cost_grads)``, the last two for `wrt` then `end`, None where there is no such start.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> w1, w2, x = pt.dscalars("w1", "w2", "x")
    >>> hidden = w1 * x
    >>> (g2,), (g_hidden,) = subgraph_grad([w2], [hidden], cost=(w2 * hidden) ** 2)
    >>> (g1,), _ = subgraph_grad([w1], [x], start={hidden: g_hidden})
    >>> g1.eval({w1: 2.0, w2: 3.0, x: 1.0}), g2.eval({w1: 2.0, w2: 3.0, x: 1.0})
    (array(36.), array(24.))
    """
    if cost is None and start is None:
        raise ValueError("subgraph_grad needs a `cost` or a `start` (or both), got neither")
    for name, value, kind in (("wrt", wrt, list), ("end", end, list), ("start", start, dict)):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"`{name}` must be a {kind.__name__}, got {type(value).__name__}")

    targets = list(dict.fromkeys(wrt + end))
    parts = [
        None
        if one_cost is None and known is None
        else grad(
            one_cost,
            targets,
            consider_constant=end,
            known_grads=known,
            disconnected_inputs="ignore",
            return_disconnected="disconnected",
        )
        for one_cost, known in ((None, start), (cost, None))
    ]
    summed: dict[Variable, Variable] = {}
    for position, variable in enumerate(targets):
        terms = [part[position] for part in parts if part is not None]
        terms = [term for term in terms if is_connected(term)]
        summed[variable] = total(terms) if terms else float_zeros_like(variable)
    answer = [summed[variable] for variable in wrt], [summed[variable] for variable in end]
    if not details:
        return answer
    by_start, by_cost = (_with_zeros(targets, part, wrt + end) for part in parts)
    return (*answer, by_start, by_cost)


def _with_zeros(
    targets: list[Variable], part: list[Variable] | None, order: list[Variable]
) -> list[Variable] | None:
    if part is None:
        return None
    values = {
        variable: gradient if is_connected(gradient) else float_zeros_like(variable)
        for variable, gradient in zip(targets, part, strict=True)
    }
    return [values[variable] for variable in order]
