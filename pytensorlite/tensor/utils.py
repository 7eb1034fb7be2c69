"""Small questions about shapes and axes, answered while a graph is built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from pytensorlite.graph.basic import Constant, Variable


def normalize_reduce_axis(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """Return the axes of a reduction as a sorted tuple of numbers from 0 on; None means all.

    Parameters
    ----------
    axis : int, sequence of int, integer constant, or None
        What the user wrote.
    ndim : int
        The rank of the array. Numbers may be reduced over axis 0 or -1, as in NumPy.

    Examples
    --------
    >>> normalize_reduce_axis((-1, 0), ndim=3)
    (0, 2)
    """
    if axis is None:
        return None
    if isinstance(axis, Constant):
        axis = axis.data
    if isinstance(axis, Variable):
        raise TypeError(
            f"The axes of a reduction must be known while the graph is built, got {axis}."
        )
    if isinstance(axis, np.ndarray):
        axis = axis.tolist()
    given = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    for one in given:
        if isinstance(one, bool) or not isinstance(one, int | np.integer):
            raise TypeError(f"Each axis must be an integer, got {one!r} in axis={axis!r}.")
    if ndim == 0 and all(one in (0, -1) for one in given) and len(given) <= 1:
        return ()
    return tuple(sorted(normalize_axis_tuple(given, ndim)))


def broadcast_static_dim_lengths(dim_lengths: Sequence[int | None]) -> int | None:
    """Return the static length of a dimension in which these lengths meet.

    Examples
    --------
    >>> broadcast_static_dim_lengths([1, None, 3])
    3
    """
    lengths = set(dim_lengths) - {1}
    if not lengths:
        return 1
    lengths.discard(None)
    if len(lengths) > 1:
        raise ValueError(f"Dimensions of lengths {sorted(lengths)} cannot be broadcast together.")  # type: ignore[type-var]
    return lengths.pop() if lengths else None


@cache
def broadcast_static_shapes(*shapes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the static shape of arrays of equal rank combined element by element.

    Examples
    --------
    >>> broadcast_static_shapes((None, 1), (1, 4))
    (None, 4)
    """
    return tuple(broadcast_static_dim_lengths(lengths) for lengths in zip(*shapes, strict=True))


def get_static_shape_from_size_variables(size_vars: Sequence[Variable]) -> tuple[int | None, ...]:
    """Return the lengths among these variables that are constants, None for the others.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> get_static_shape_from_size_variables([pt.constant(3), pt.lscalar("n")])
    (3, None)
    """
    return tuple(int(size.data) if isinstance(size, Constant) else None for size in size_vars)


def hash_from_ndarray(data: np.ndarray) -> str:
    """Return a digest of an array: equal for arrays of equal dtype, shape and bytes.

    Examples
    --------
    >>> hash_from_ndarray(np.zeros(2)) == hash_from_ndarray(-np.zeros(2))
    False
    """
    # Cryptography is slow to import, and hardly any program asks.
    from hashlib import sha256

    digest = sha256(repr((data.dtype.str, data.shape)).encode())
    digest.update(np.ascontiguousarray(data).data)
    return digest.hexdigest()


def shape_of_variables(fgraph: Any, input_shapes: dict[Any, Any]) -> dict[Any, tuple[int, ...]]:
    """Return the shape of every variable of a graph, given those of its inputs.

    Parameters
    ----------
    fgraph : FunctionGraph
        The graph.
    input_shapes : dict
        Variable to tuple of lengths, for each input.
    """
    from pytensorlite.compile.mode import Mode

    missing = [variable for variable in fgraph.inputs if variable not in input_shapes]
    if missing:
        raise ValueError(f"input_shapes lacks the shapes of {missing}.")
    values = {v: np.ones(input_shapes[v], v.type.dtype) for v in fgraph.inputs}
    variables = [v for v in fgraph.variables if hasattr(v.type, "ndim")]
    computed = [v for v in variables if v.owner is not None]
    mode = Mode(linker="numpy", optimizer=None)
    shapes = {v: tuple(shape) for v, shape in input_shapes.items()}
    shapes.update({v: v.data.shape for v in variables if isinstance(v, Constant)})
    for variable in computed:
        shapes[variable] = variable.shape.eval(values, mode=mode, on_unused_input="ignore")
    return {v: tuple(int(length) for length in shape) for v, shape in shapes.items()}


def safe_signature(core_inputs_ndim: Sequence[int], core_outputs_ndim: Sequence[int]) -> str:
    """Return a gufunc signature in which no two dimensions are called alike.

    Examples
    --------
    >>> safe_signature([2, 1], [0])
    '(i00,i01),(i10)->()'
    """

    def part(letter: str, ndims: Sequence[int]) -> str:
        groups = (",".join(f"{letter}{n}{d}" for d in range(ndim)) for n, ndim in enumerate(ndims))
        return ",".join(f"({group})" for group in groups)

    return f"{part('i', core_inputs_ndim)}->{part('o', core_outputs_ndim)}"


def faster_broadcast_to(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return `numpy.broadcast_to` of an array."""
    return np.broadcast_to(x, shape)


def faster_ndindex(shape: Sequence[int]) -> Any:
    """Iterate over all positions in an array of this shape, in C order.

    Examples
    --------
    >>> list(faster_ndindex((1, 2)))
    [(0, 0), (0, 1)]
    """
    return product(*(range(length) for length in shape))


def import_func_from_string(func_string: str) -> Any:
    """Return the object at a dotted path, or None if there is none.

    Examples
    --------
    >>> import_func_from_string("numpy.exp") is np.exp
    True
    """
    from importlib import import_module

    module_name, _, name = func_string.rpartition(".")
    try:
        return getattr(import_module(module_name), name, None)
    except (ImportError, ValueError):
        return None
