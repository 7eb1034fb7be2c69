"""The checks that every derivative passes.

`check_derivatives` takes a function of variables and a point, and compares, up to the order asked
for: the pull-back with central differences, both ways of pushing forward with the pull-back
(⟨v, J u⟩ = ⟨Jᵀ v, u⟩), and with each other.
"""

from collections.abc import Callable, Sequence

import numpy as np

import pytensorlite.tensor as pt
from pytensorlite import Lop, Rop, function

from .evaluate import PLAIN, variables_like

OPTIONS = {"mode": PLAIN, "on_unused_input": "ignore"}


def check_derivatives(
    f: Callable,
    points: Sequence[np.ndarray],
    held: Sequence[int] = (),
    order: int = 2,
    tolerance: float = 2e-5,
    seed: int = 0,
) -> None:
    """Check pull-back and push-forward of ``f`` at `points` (float64), to `order`.

    Parameters
    ----------
    f : callable
        Takes variables, returns one.
    points : sequence of array
        One an argument.
    held : sequence of int
        Positions of arguments with respect to which nothing is differentiated.
    order : int
        How often.
    tolerance : float
        Relative, to the largest derivative.
    seed : int
        Of the random projections.
    """
    rng = np.random.default_rng(seed)
    inputs = variables_like(points)
    moved = [position for position in range(len(points)) if position not in held]
    output = f(*inputs)
    for _ in range(order):
        output = _check_once(output, inputs, moved, points, tolerance, rng)


def _check_once(output, inputs, moved, points, tolerance, rng):
    """Check one order; return the next function, the derivative along a random direction."""
    wrt = [inputs[position] for position in moved]
    at = [points[position] for position in moved]
    value = function(inputs, output, **OPTIONS)
    shape, dtype = np.shape(value(*points)), output.type.dtype
    v = rng.normal(size=shape)
    if dtype.startswith("complex"):
        v = v + 1j * rng.normal(size=shape)
    us = [rng.normal(size=array.shape) for array in at]

    quietly = {"return_disconnected": "zero"}
    pulled = Lop(output, wrt, pt.constant(v.astype(dtype)), disconnected_inputs="ignore", **quietly)
    tangents = [pt.constant(u) for u in us]
    backward = Rop(output, wrt, tangents, disconnected_outputs="ignore", **quietly)
    forward = Rop(
        output,
        wrt,
        tangents,
        disconnected_outputs="ignore",
        use_op_rop_implementation=True,
        **quietly,
    )
    *pulled_values, backward_value, forward_value = function(
        inputs, [*pulled, backward, forward], **OPTIONS
    )(*points)

    for gradient, array in zip(pulled_values, at, strict=True):
        assert gradient.shape == array.shape
    assert backward_value.shape == forward_value.shape == shape

    numeric = _differences(lambda *xs: np.sum(np.conj(v) * value(*xs)).real, points, moved)
    for gradient, expected in zip(pulled_values, numeric, strict=True):
        _assert_close(gradient, expected, tolerance, "pull-back and central differences")
    _assert_close(backward_value, forward_value, 1e-9, "push-forward backward twice and by rules")
    inner = np.sum(np.conj(v) * forward_value).real
    outer = sum(np.sum(gradient * u) for gradient, u in zip(pulled_values, us, strict=True))
    _assert_close(inner, outer, 1e-9, "⟨v, J u⟩ and ⟨Jᵀ v, u⟩")
    return sum(((g * u).sum() for g, u in zip(pulled, us, strict=True)), pt.constant(0.0))


def _differences(f, points, moved):
    """Return central differences of a scalar function by the moved points."""
    gradients = []
    points = [np.array(point) for point in points]
    for position in moved:
        point = points[position]
        gradient = np.zeros(point.shape)
        for index in np.ndindex(point.shape):
            original, step = point[index], 1e-5
            point[index] = original + step
            above = f(*points)
            point[index] = original - step
            below = f(*points)
            point[index] = original
            gradient[index] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients


def _assert_close(given, expected, tolerance, what):
    given, expected = np.asarray(given), np.asarray(expected)
    if expected.size == 0:
        return
    scale = max(1.0, float(np.max(np.abs(expected))))
    np.testing.assert_allclose(
        given, expected, rtol=0, atol=tolerance * scale, err_msg=f"{what} disagree"
    )
