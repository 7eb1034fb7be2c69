"""What the tests of ops ask of every op: values, dtypes, shapes and derivatives, in three calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import pytensorlite.tensor as pt
from pytensorlite.gradient import Rop, grad, verify_grad
from pytensorlite.graph.basic import Constant, Variable
from pytensorlite.graph.traversal import toposort
from pytensorlite.tensor.shape import Shape_i


def evaluate(outputs: Any, values: dict[Variable, Any]) -> Any:
    """Compute a graph node by node with each op's `perform`: no rewriting and no linker."""
    single = isinstance(outputs, Variable)
    outputs = [outputs] if single else list(outputs)
    known = dict(values)

    def value_of(variable: Variable) -> Any:
        return variable.data if isinstance(variable, Constant) else known[variable]

    for node in toposort(outputs):
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        inputs = [value_of(variable) for variable in node.inputs]
        before = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]
        node.op.perform(node, inputs, storage)
        for x, old in zip(inputs, before, strict=True):
            if isinstance(x, np.ndarray):
                np.testing.assert_array_equal(x, old, err_msg=f"{node.op} changed an input")
        for variable, (value,) in zip(node.outputs, storage, strict=True):
            if isinstance(variable.type, pt.TensorType):
                assert isinstance(value, np.ndarray), f"{node.op} gave {type(value)}"
                variable.type.filter(value, strict=True)
            known[variable] = value
    results = [value_of(variable) for variable in outputs]
    return results[0] if single else results


def symbolic(arrays: Sequence[Any], static: bool = False) -> list[Any]:
    """Return an input for each array, of its exact shape or with ones only as static lengths."""
    return [
        pt.tensor(
            f"x{i}",
            dtype=array.dtype,
            shape=tuple(n if static or n == 1 else None for n in array.shape),
        )
        for i, array in enumerate(map(np.asarray, arrays))
    ]


def inferred_shape(output: Variable) -> tuple:
    """Return the shape of a variable as the ops' `infer_shape` work it out from the inputs."""
    shapes: dict[Variable, Any] = {}

    def shape_of(variable: Variable) -> Any:
        if variable not in shapes:
            ndim = getattr(variable.type, "ndim", None)
            shapes[variable] = (
                None if ndim is None else tuple(Shape_i(i)(variable) for i in range(ndim))
            )
        return shapes[variable]

    for node in toposort([output]):
        infer = getattr(node.op, "infer_shape", None)
        if infer is not None:
            inferred = infer(None, node, [shape_of(x) for x in node.inputs])
            shapes.update(zip(node.outputs, inferred, strict=True))
    return shape_of(output)


def check(function: Callable[..., Any], arrays: Sequence[Any], expected: Any) -> None:
    """Assert value, dtype and shape of an op's result, with static shapes and without."""
    expected = np.asarray(expected)
    for static in (False, True):
        inputs = symbolic(arrays, static)
        values = dict(zip(inputs, map(np.asarray, arrays), strict=True))
        output = function(*inputs)
        result = evaluate(output, values)
        assert result.dtype == expected.dtype, (result.dtype, expected.dtype)
        assert output.type.dtype == expected.dtype.name
        assert result.shape == expected.shape
        rtol = {"float16": 2e-3, "float32": 1e-5, "complex64": 1e-5}.get(expected.dtype.name, 1e-12)
        np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol * 1e-2)
        lengths = inferred_shape(output)
        assert tuple(int(n) for n in evaluate(list(map(pt.as_tensor, lengths)), values)) == (
            expected.shape
        )


def check_gradient(
    function: Callable[..., Any], arrays: Sequence[Any], order: int = 2, forward: bool = True
) -> None:
    """Assert the derivatives of an op against finite differences, backward and forward."""
    arrays = [np.asarray(array) for array in arrays]
    verify_grad(function, list(arrays), mode="NUMPY")
    if order > 1:
        weights = np.random.default_rng(5)
        first = [weights.uniform(0.5, 1.5, array.shape) for array in arrays]

        def slope(*inputs: Any) -> Any:
            cost = pt.sum(pt.sqr(function(*inputs)))
            slopes = grad(cost, list(inputs), disconnected_inputs="ignore")
            terms = [pt.sum(s * w) for s, w in zip(slopes, first, strict=True)]
            return pt.add(*terms) if len(terms) > 1 else terms[0]

        verify_grad(slope, list(arrays), mode="NUMPY", abs_tol=1e-3, rel_tol=1e-3)
    if forward:
        _check_forward(function, arrays)


def _check_forward(function: Callable[..., Any], arrays: Sequence[Any]) -> None:
    """Assert that forward mode agrees with the difference quotient along a direction."""
    rng = np.random.default_rng(7)
    inputs = symbolic(arrays)
    tangents = [pt.tensor(dtype=x.type.dtype, shape=x.type.shape) for x in inputs]
    directions = [rng.normal(size=array.shape) for array in arrays]
    output = function(*inputs)
    moved = Rop(output, inputs, tangents, use_op_rop_implementation=True)
    values = dict(zip([*inputs, *tangents], [*arrays, *directions], strict=True))
    step = 1e-6
    ends = [
        evaluate(
            output,
            {
                x: array + sign * step * direction
                for x, array, direction in zip(inputs, arrays, directions, strict=True)
            },
        )
        for sign in (1, -1)
    ]
    quotient = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(evaluate(moved, values), quotient, rtol=1e-5, atol=1e-6)
