"""How the tests of tensor ops compare graphs with NumPy, and derivatives with differences."""

import numpy as np

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite.gradient import Rop, grad, verify_grad

ORACLE = "NUMPY"


def variable_like(array, name=None, static=False):
    """Return a variable of an array's dtype and rank; its lengths are free, except for 1."""
    array = np.asarray(array)
    shape = tuple(n if static or n == 1 else None for n in array.shape)
    return pt.tensor(name, dtype=array.dtype.name, shape=shape)


def evaluate(outputs, inputs, values, mode=ORACLE):
    """Compile and call."""
    compiled = pytensor.function(list(inputs), outputs, mode=mode, on_unused_input="ignore")
    return compiled(*values)


def assert_agrees(build, arrays, expected, rtol=1e-12, exact_dtype=True, mode=ORACLE):
    """Build a graph on variables like the arrays and compare its value with what is expected.

    Static shapes must not promise what is not so, and `infer_shape` must tell the truth.
    """
    arrays = [np.asarray(a) for a in arrays]
    for static in (False, True):
        variables = [variable_like(a, f"x{k}", static) for k, a in enumerate(arrays)]
        built = build(*variables)
        outputs = list(built) if isinstance(built, list | tuple) else [built]
        expecteds = list(expected) if isinstance(expected, list | tuple) else [expected]
        values = evaluate(outputs, variables, [a.copy() for a in arrays], mode)
        assert len(values) == len(expecteds)
        for value, wanted, output in zip(values, expecteds, outputs, strict=True):
            wanted = np.asarray(wanted)
            assert value.dtype.name == output.type.dtype
            if exact_dtype:
                assert value.dtype == wanted.dtype
            assert value.shape == wanted.shape
            np.testing.assert_allclose(value, wanted, rtol=rtol, atol=1e-12)
            for promised, length in zip(output.type.shape, value.shape, strict=True):
                assert promised in (None, length)
        assert_shapes_inferred(outputs, variables, arrays, [v.shape for v in values])


def assert_shapes_inferred(outputs, variables, arrays, shapes):
    """Check `infer_shape` of the nodes that make the outputs."""
    for node in {output.owner for output in outputs if output.owner is not None}:
        infer = getattr(node.op, "infer_shape", None)
        if infer is None:
            continue
        tensors = [x for x in node.inputs if hasattr(x.type, "ndim")]
        known = iter(evaluate([pt.as_tensor(x.shape) for x in tensors], variables, arrays))
        input_shapes = [
            tuple(pt.constant(int(n), dtype="int64") for n in next(known))
            if hasattr(x.type, "ndim")
            else ()
            for x in node.inputs
        ]
        inferred = infer(None, node, input_shapes)
        for output, shape in zip(outputs, shapes, strict=True):
            if output.owner is not node:
                continue
            lengths = [pt.as_tensor(n) for n in inferred[output.index]]
            assert len(lengths) == len(shape)
            found = evaluate(lengths, variables, arrays)
            assert tuple(int(n) for n in found) == shape


def assert_differentiable(build, arrays, second_order=True, forward=True, rtol=None):
    """Compare first and second derivatives with differences, and forward with reverse mode."""
    arrays = [np.asarray(a) for a in arrays]
    verify_grad(build, arrays, mode=ORACLE, rel_tol=rtol, n_tests=1)
    if second_order:
        verify_grad(_gradient_of(build, arrays), arrays, mode=ORACLE, rel_tol=rtol, n_tests=1)
    if forward:
        _assert_forward_is_reverse(build, arrays)


def _gradient_of(build, arrays):
    """Return the function that computes all gradients of a random projection, as one vector."""

    def gradient(*variables):
        output = build(*variables)
        shape = evaluate(output, variables, arrays).shape
        weights = np.random.default_rng(7).uniform(0.5, 1.5, size=shape)
        cost = (output * weights.astype(output.type.dtype)).sum()
        gradients = grad(cost, list(variables), disconnected_inputs="ignore")
        return pt.concatenate([g.flatten() for g in gradients])

    return gradient


def _assert_forward_is_reverse(build, arrays):
    variables = [variable_like(a, f"x{k}") for k, a in enumerate(arrays)]
    output = build(*variables)
    rng = np.random.default_rng(3)
    directions = [rng.normal(size=a.shape).astype(a.dtype) for a in arrays]
    shape = evaluate(output, variables, arrays).shape
    weights = rng.normal(size=shape).astype(output.type.dtype)
    pushed = Rop(
        output, variables, [pt.as_tensor(d) for d in directions], use_op_rop_implementation=True
    )
    gradients = grad((output * weights).sum(), variables, disconnected_inputs="ignore")
    forward = (pushed * weights).sum()
    backward = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    found = evaluate([forward, backward], variables, arrays)
    tolerance = 1e-3 if output.type.dtype == "float32" else 1e-8
    np.testing.assert_allclose(*found, rtol=tolerance, atol=tolerance)
