"""`Variable.eval`: compile the graph above a variable, once, and compute its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytensorlite.graph.basic import Variable
from pytensorlite.graph.traversal import graph_inputs


def evaluate(variable: Variable, inputs_to_values: Mapping[Any, Any], **kwargs: Any) -> Any:
    """Return the value of ``variable`` for these values of its inputs.

    Parameters
    ----------
    variable : Variable
        What to compute.
    inputs_to_values : dict
        Values by variable, or by the name of one.
    **kwargs
        Passed to `function`. The function is kept on the variable and used again for the same
        inputs and keywords.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> (2 * x).eval({"x": [1, 2]})
    array([2., 4.])
    """
    if not isinstance(inputs_to_values, Mapping):
        raise TypeError(
            "expected a dictionary from inputs to values, as in eval({x: 1.0}),"
            f" got {inputs_to_values!r}"
        )
    names: dict[str, Variable] = {}
    if any(isinstance(key, str) for key in inputs_to_values):
        names = {each.name: each for each in graph_inputs([variable]) if each.name is not None}
    values = {}
    for key, value in inputs_to_values.items():
        if isinstance(key, str) and key not in names:
            raise ValueError(
                f"{key} not found in graph: its inputs are {', '.join(names) or 'unnamed'}"
            )
        values[names[key] if isinstance(key, str) else key] = value

    cache = variable.tag.__dict__.setdefault("compiled_eval", {})
    try:
        key = (frozenset(values), tuple(sorted(kwargs.items())))
        compiled = cache.get(key)
    except TypeError:  # an unhashable keyword, or ones that cannot be ordered
        key = compiled = None
    if compiled is None:
        from pytensorlite.compile.function import function

        order = list(values)
        compiled = order, function(order, variable, **kwargs)
        if key is not None:
            cache[key] = compiled
    order, made = compiled
    return made(*(values[each] for each in order))
