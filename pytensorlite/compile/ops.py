"""Ops about values as such: copies, views, and ordinary Python functions made into ops."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytensorlite.gradient.views import ViewOp
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.op import Op
from pytensorlite.graph.type import Type

view_op = ViewOp()


class DeepCopyOp(Op):
    """Return a value in memory of its own.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> deep_copy_op(x).eval({x: [1, 2]})
    array([1., 2.])
    """

    __props__ = ()

    def make_node(self, *inputs: Variable) -> Apply:
        (x,) = inputs
        return Apply(self, [x], [x.type()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> Sequence[Any]:
        """Return the shape of the input."""
        return input_shapes

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        value = inputs[0]
        is_array = isinstance(value, np.ndarray)
        output_storage[0][0] = value.copy() if is_array else copy.deepcopy(value)

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> list[Variable]:
        return list(cotangents)

    def pushforward(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], tangents: Sequence[Variable]
    ) -> list[Variable]:
        return list(tangents)


deep_copy_op = DeepCopyOp()


class FromFunctionOp(Op):
    """An op that calls a Python function on the values of its inputs.

    Two are equal if their functions and types are. Made by `wrap_py`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        itypes: Sequence[Type],
        otypes: Sequence[Type],
        infer_shape: Callable[..., Any] | None,
    ):
        self._fn = fn
        self.itypes = itypes
        self.otypes = otypes
        self._infer_shape_of = infer_shape
        if infer_shape is not None:
            self.infer_shape = self._infer_shape

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and self._fn == other._fn  # type: ignore[attr-defined]
            and self.itypes == other.itypes  # type: ignore[attr-defined]
            and self.otypes == other.otypes  # type: ignore[attr-defined]
        )

    def __hash__(self) -> int:
        return hash((type(self), self._fn))

    def __str__(self) -> str:
        return f"FromFunctionOp{{{self._fn.__name__}}}"

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        results = self._fn(*inputs)
        if not isinstance(results, list | tuple):
            results = (results,)
        if len(results) != len(output_storage):
            raise ValueError(
                f"{self._fn.__name__} returned {len(results)} results,"
                f" but its otypes promise {len(output_storage)}"
            )
        for cell, result, output in zip(output_storage, results, node.outputs, strict=True):
            cell[0] = output.type.filter(result)

    def _infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> Any:
        return self._infer_shape_of(fgraph, node, input_shapes)  # type: ignore[misc]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the name of the function, whose module applies `wrap_py` again."""
        module, name = self._fn.__module__, self._fn.__name__
        if module == "__main__":
            raise TypeError(f"cannot pickle the op made from {name}: define it in a module")
        return load_back, (module, name)


def load_back(mod: str, name: str) -> Any:
    """Return what the module ``mod`` calls ``name``."""
    from importlib import import_module

    return getattr(import_module(mod), name)


def wrap_py(
    itypes: Type | Sequence[Type],
    otypes: Type | Sequence[Type],
    infer_shape: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], FromFunctionOp]:
    """Return a decorator that makes an op of a function from arrays to arrays.

    Parameters
    ----------
    itypes, otypes : Type or list of Type
        The types of the arguments and of the results.
    infer_shape : callable, optional
        From ``fgraph, node, input_shapes`` to the shapes of the results.

    Examples
    --------
    >>> import numpy as np, pytensorlite.tensor as pt
    >>> @wrap_py(itypes=[pt.dvector], otypes=[pt.dvector])
    ... def backwards(x):
    ...     return np.flip(x)
    >>> backwards(pt.as_tensor([1.0, 2.0])).eval()
    array([2., 1.])
    """
    inputs = [itypes] if isinstance(itypes, Type) else list(itypes)
    outputs = [otypes] if isinstance(otypes, Type) else list(otypes)
    for kind in (*inputs, *outputs):
        if not isinstance(kind, Type):
            raise TypeError(f"expected types in itypes and otypes, got {kind!r}")

    def make_op(fn: Callable[..., Any]) -> FromFunctionOp:
        return FromFunctionOp(fn, inputs, outputs, infer_shape)

    return make_op


as_op = wrap_py
