"""`ifelse`: a choice between two graphs of which only one is computed.

Unlike `pytensorlite.tensor.switch`, which picks element by element from two computed arrays, the
condition is one number, and what only the other branch needs is not computed: it takes no time and
raises no errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.basic import as_tensor_variable, switch, zeros_like
from pytensorlite.tensor.blockwise import left_padded
from pytensorlite.tensor.conversion import as_symbolic
from pytensorlite.tensor.math import neq
from pytensorlite.tensor.type import TensorType, discrete_dtypes


class IfElse(Op):
    """Return the values of the first branch if the condition is true, else those of the second.

    Parameters
    ----------
    n_outs : int
        How many values a branch has.
    name : str, optional
        How the op is printed.
    """

    __props__ = ("n_outs",)

    def __init__(self, n_outs: int, name: str | None = None):
        self.n_outs = int(n_outs)
        self.name = name

    def make_node(self, condition: Any, *branches: Any) -> Apply:
        if len(branches) != 2 * self.n_outs:
            raise ValueError(
                f"{self}: expected {self.n_outs} values in each branch, got {len(branches)} in all."
            )
        condition = _as_condition(condition)
        values = [as_symbolic(value) for value in branches]
        pairs = list(zip(values[: self.n_outs], values[self.n_outs :], strict=True))
        types = [_common_type(first, second) for first, second in pairs]
        return Apply(self, [condition, *values], [common() for common in types])

    def branch(self, position: int) -> bool | None:
        return None if position == 0 else position <= self.n_outs

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        condition = node.inputs[0]
        result: list[Any] = []
        for k, variable in enumerate(node.outputs):
            first, second = input_shapes[1 + k], input_shapes[1 + self.n_outs + k]
            if not isinstance(variable.type, TensorType):
                result.append(None)
                continue
            static = variable.type.shape
            result.append(
                tuple(
                    known if known is not None else switch(condition, a, b)
                    for known, a, b in zip(static, first, second, strict=True)
                )
            )
        return result

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        condition, *values = inputs
        chosen = values[: self.n_outs] if condition else values[self.n_outs :]
        for storage, value in zip(output_storage, chosen, strict=True):
            # A copy, because which input an output would share memory with is known too late.
            storage[0] = value.copy() if hasattr(value, "copy") else value

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        own = [[k == j for j in range(self.n_outs)] for k in range(self.n_outs)]
        return [[True] * self.n_outs, *own, *own]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        condition, *values = inputs
        first, second = values[: self.n_outs], values[self.n_outs :]
        to_first = [_part(condition, g, x, True) for g, x in zip(cotangents, first, strict=True)]
        to_second = [_part(condition, g, x, False) for g, x in zip(cotangents, second, strict=True)]
        # The outputs depend on the condition in steps.
        matters = any(not isinstance(g.type, DisconnectedType) for g in cotangents)
        by_condition = float_zeros_like(condition) if matters else disconnected_type()
        return [by_condition, *to_first, *to_second]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        condition, *values = inputs
        step, *seeds = tangents
        first, second = seeds[: self.n_outs], seeds[self.n_outs :]
        result = []
        for k, (a, b) in enumerate(zip(first, second, strict=True)):
            absent = [isinstance(t.type, DisconnectedType) for t in (a, b)]
            if all(absent):
                stands = isinstance(step.type, DisconnectedType)
                result.append(a if stands else float_zeros_like(outputs[k]))
                continue
            x, y = values[k], values[self.n_outs + k]
            a = zeros_like(x, dtype=b.type.dtype) if absent[0] else a
            b = zeros_like(y, dtype=a.type.dtype) if absent[1] else b
            result.append(ifelse(condition, a, b))
        return result

    def __str__(self) -> str:
        return self.name or "if{}"

    __repr__ = __str__


def _part(condition: Variable, g: Variable, x: Variable, if_true: bool) -> Variable:
    """Return the cotangent of one branch: zeros where the other is taken."""
    if isinstance(g.type, DisconnectedType):
        return disconnected_type()
    if x.type.dtype in discrete_dtypes:
        return float_zeros_like(x)
    nothing = zeros_like(x, dtype=g.type.dtype)
    return ifelse(condition, g, nothing) if if_true else ifelse(condition, nothing, g)


def _as_condition(condition: Any) -> Variable:
    condition = as_tensor_variable(condition)
    if condition.type.ndim != 0:
        raise TypeError(
            f"The condition argument must be a truthy scalar value, got {condition} of type "
            f"{condition.type}. To choose element by element use pytensorlite.tensor.switch."
        )
    return condition


def _common_type(first: Variable, second: Variable) -> Any:
    """Return the type of what is one of two values, or tell why there is none."""
    a, b = first.type, second.type
    if a == b:
        return a
    tensors = isinstance(a, TensorType) and isinstance(b, TensorType)
    if tensors and a.dtype == b.dtype and a.ndim == b.ndim:
        shape = tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True))
        return a.clone(shape=shape)
    raise TypeError(
        f"IfElse requires compatible types for true and false return values: got {first} of "
        f"type {a} "
        f"and {second} of type {b}. Cast or reshape one of them."
    )


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """Return one of two values, or of two lists of values, of which only that one is needed.

    Parameters
    ----------
    condition : tensor_like
        One number; anything but zero is true.
    then_branch, else_branch : tensor_like or sequence of tensor_like
        What to return if the condition is true, and if it is false; of equal types.
    name : str, optional
        How the op is printed.

    Returns
    -------
    Variable or list of Variable
        As the branches are.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dscalar("x")
    >>> float(ifelse(x > 0, pt.sqrt(x), 0.0 * x).eval({x: 4.0}))
    2.0
    """
    is_sequence = isinstance(then_branch, list | tuple)
    if is_sequence != isinstance(else_branch, list | tuple):
        raise ValueError("Both branches must be sequences of values, or both single values.")
    first = list(then_branch) if is_sequence else [then_branch]
    second = list(else_branch) if is_sequence else [else_branch]
    if len(first) != len(second):
        raise ValueError(
            "The number of values on the `then` branch should have the same number of variables as "
            f"the `else` branch: got {len(first)} and {len(second)}."
        )
    pairs = [_made_alike(a, b) for a, b in zip(first, second, strict=True)]
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    outputs = IfElse(len(first), name=name)(condition, *first, *second, return_list=True)
    return outputs if is_sequence else outputs[0]


def _made_alike(a: Any, b: Any) -> tuple[Variable, Variable]:
    """Make constants and a variable agree in dtype where one can become the other."""
    a, b = as_symbolic(a), as_symbolic(b)
    if not (isinstance(a.type, TensorType) and isinstance(b.type, TensorType)):
        return a, b
    if a.type.dtype != b.type.dtype:
        a, b = _converted(a, b.type.dtype), _converted(b, a.type.dtype)
    return a, b


def _converted(x: Any, dtype: str) -> Any:
    """Give a constant another dtype if it survives exactly."""
    data = getattr(x, "data", None)
    if data is None:
        return x
    converted = data.astype(dtype)
    return as_tensor_variable(converted) if (converted == data).all() else x


@_vectorize_node.register(IfElse)
def vectorize_ifelse(op: IfElse, node: Apply, condition: Any, *values: Any) -> Any:
    """Choose for the whole batch at once, or by `switch` if the conditions differ."""
    if condition.type.ndim == 0:
        return op.make_node(condition, *values)
    results = []
    for k in range(op.n_outs):
        core_ndim = node.outputs[k].type.ndim
        chosen = condition.dimshuffle([*range(condition.type.ndim), *["x"] * core_ndim])
        a, b = values[k], values[op.n_outs + k]
        ndim = max(chosen.type.ndim, a.type.ndim, b.type.ndim)
        parts = (left_padded(x, ndim - x.type.ndim) for x in (chosen, a, b))
        results.append(switch(neq(next(parts), 0), *parts))
    return results


__all__ = ["IfElse", "ifelse"]
