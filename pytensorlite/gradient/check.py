"""Checking derivatives against finite differences: `numeric_grad` and `verify_grad`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from pytensorlite import tensor as pt
from pytensorlite.gradient.errors import GradientError, SeveralOutputsError
from pytensorlite.gradient.reverse import Lop
from pytensorlite.gradient.values import cast_gradient

#: What two derivatives of a dtype may differ by, absolutely and relatively.
TOLERANCE = {"float16": 5e-2, "float32": 1e-2, "float64": 1e-4}


class numeric_grad:
    """The derivative of a scalar function of arrays, by one-sided finite differences.

    Parameters
    ----------
    f : callable
        Takes as many arrays as `pt` has and returns a number.
    pt : array, or list or tuple of them
        Where to differentiate.
    eps : float
        The step; by default 1e-7 for float64, 3e-4 for float32, 1e-1 for float16, and the largest
        of them where dtypes are mixed.
    out_type : str
        dtype of the function's value if it is complex.

    Attributes
    ----------
    gf : array, or list of them
        The derivatives, shaped as the arguments are.

    Examples
    --------
    >>> import numpy as np
    >>> numeric_grad(lambda x: (x**2).sum(), np.array([1.0, 2.0])).gf.round(3)
    array([2., 4.])
    """

    type_eps: ClassVar[dict[Any, float]] = {"float64": 1e-7, "float32": 3e-4, "float16": 1e-1}
    type_eps.update({np.dtype(name): step for name, step in list(type_eps.items())})

    def __init__(
        self,
        f: Callable[..., Any],
        pt: Any,
        eps: float | None = None,
        out_type: str | None = None,
    ):
        several = isinstance(pt, list | tuple)
        points = [np.array(point) for point in (pt if several else [pt])]
        for position, point in enumerate(points):
            if point.dtype not in self.type_eps:
                raise TypeError(
                    "numeric_grad can move only real floating point numbers, but argument "
                    f"{position} has dtype {point.dtype}"
                )
        coarsest = max((point.dtype for point in points), key=self.type_eps.__getitem__)
        if eps is None:
            eps = self.type_eps[coarsest]
        is_complex = out_type is not None and out_type.startswith("complex")
        self.gf: Any = [
            np.zeros(point.shape, dtype=out_type if is_complex else coarsest) for point in points
        ]
        value = np.array(f(*points))
        for point, gradient in zip(points, self.gf, strict=True):
            for index in np.ndindex(point.shape):
                original = point[index]
                point[index] = original + point.dtype.type(eps)
                # What was really added: the sum is rounded to the dtype.
                step = float(point[index]) - float(original) or eps
                gradient[index] = (np.asarray(f(*points)) - value) / step
                point[index] = original
        if not several:
            (self.gf,) = self.gf

    @staticmethod
    def abs_rel_err(a: Any, b: Any) -> tuple[Any, Any]:
        """Return the absolute and the relative difference, element by element."""
        absolute = abs(a - b)
        return absolute, absolute / np.maximum(abs(a) + abs(b), 1e-8)

    def abs_rel_errors(self, g_pt: Any) -> list[tuple[Any, Any]]:
        """Return `abs_rel_err` of each argument's gradient against `g_pt`.

        Parameters
        ----------
        g_pt : array, or list or tuple of them
            The gradients to compare with, as many and of the same shapes as ``gf``.
        """
        own, others = _as_list(self.gf), _as_list(g_pt)
        if len(own) != len(others):
            raise ValueError(f"Expected {len(own)} gradients to compare with, got {len(others)}")
        errors = []
        for position, (a, b) in enumerate(zip(own, others, strict=True)):
            if a.shape != np.shape(b):
                raise ValueError(
                    f"The gradient of argument {position} has shape {np.shape(b)}, "
                    f"expected {a.shape}"
                )
            errors.append(self.abs_rel_err(a, np.asarray(b)))
        return errors

    def max_err(self, g_pt: Any, abs_tol: float, rel_tol: float) -> tuple[int, int, float, float]:
        """Return where the disagreement is worst, measured by the tolerances.

        Parameters
        ----------
        g_pt : array, or list or tuple of them
            The gradients to compare with.
        abs_tol, rel_tol : float
            The tolerances; the worst element has the largest of
            ``min(absolute / abs_tol, relative / rel_tol)``.

        Returns
        -------
        tuple
            Argument, position in it when flattened, absolute and relative error there.
        """
        worst = (0, 0, 0.0, 0.0)
        excess = -1.0
        for argument, (absolute, relative) in enumerate(self.abs_rel_errors(g_pt)):
            if not (np.all(np.isfinite(absolute)) and np.all(np.isfinite(relative))):
                raise ValueError(
                    f"The error of the gradient of argument {argument} is not finite: "
                    f"absolute {absolute}, relative {relative}"
                )
            if absolute.size == 0:
                continue
            scaled = np.minimum(absolute / abs_tol, relative / rel_tol).ravel()
            position = int(scaled.argmax())
            if scaled[position] > excess:
                excess = float(scaled[position])
                worst = (
                    argument,
                    position,
                    float(absolute.ravel()[position]),
                    float(relative.ravel()[position]),
                )
        return worst


def _as_list(arrays: Any) -> list:
    return list(arrays) if isinstance(arrays, list | tuple) else [arrays]


def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: str | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: Any = None,
    cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:
    """Check the symbolic gradient of a function against finite differences.

    Parameters
    ----------
    fun : callable
        Takes symbolic variables and returns one.
    pt : list or tuple of array
        Where to check; of floating point dtypes.
    n_tests : int
        How many random projections of the output are differentiated.
    rng : numpy.random.Generator or RandomState
        Draws the projections; a fixed one by default.
    eps : float
        The step of the finite difference, see `numeric_grad`.
    out_type : str
        dtype of the output if it is complex.
    abs_tol, rel_tol : float
        The tolerances, by default 5e-2 for float16, 1e-2 for float32 and 1e-4 for float64, the
        largest among the arguments' dtypes.  Both must be exceeded to fail.
    mode : Mode or str
        How to compile.
    cast_to_output_type : bool
        Cast the weights of the projection to the output's dtype (they are float64 otherwise).
    no_debug_ref : bool
        Compute the reference in a fast mode even if `mode` is a slow one.

    Raises
    ------
    GradientError
        If they differ; it says where, by how much, and what was allowed.

    Examples
    --------
    >>> import numpy as np, pytensorlite.tensor as pt
    >>> verify_grad(pt.sin, [np.array([0.1, 0.2, 0.3])])
    """
    points = _checked_points(pt)
    tolerance = max(TOLERANCE[str(point.dtype)] for point in points)
    abs_tol = tolerance if abs_tol is None else abs_tol
    rel_tol = tolerance if rel_tol is None else rel_tol
    rng = np.random.default_rng(0) if rng is None else rng

    value, gradient = _compile_both(fun, points, mode, no_debug_ref)
    example = np.asarray(value(*points))
    for _ in range(n_tests):
        weights = rng.random(example.shape) + 0.5
        if example.dtype.kind == "c":
            weights = weights + 1j * (rng.random(example.shape) + 0.5)
        if cast_to_output_type:
            weights = np.asarray(weights, dtype=example.dtype)

        def projected(*arrays: Any, weights: Any = weights) -> Any:
            # The real part of a complex projection is the cost whose gradient is the pull-back.
            wide = np.result_type(weights, np.float64)
            return np.sum(np.conj(weights) * np.asarray(value(*arrays), dtype=wide)).real

        numeric = numeric_grad(projected, points, eps)
        symbolic = gradient(*points, weights)
        _compare(numeric, symbolic, points, abs_tol, rel_tol)


def _checked_points(pt: Any) -> list[np.ndarray]:
    if not isinstance(pt, list | tuple):
        raise TypeError(f"verify_grad expects `pt` to be a list or tuple, got {type(pt).__name__}")
    points = [np.array(point) for point in pt]
    for position, point in enumerate(points):
        if str(point.dtype) not in TOLERANCE:
            raise TypeError(
                "verify_grad can work only with floating point inputs, but input "
                f"{position} has dtype {point.dtype}"
            )
    return points


def _compile_both(
    fun: Callable[..., Any], points: list[np.ndarray], mode: Any, no_debug_ref: bool
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile the function, and the pull-back of weights through it."""
    from pytensorlite.compile.function import function

    inputs = [
        pt.tensor(f"input {position}", dtype=str(point.dtype), shape=point.shape)
        for position, point in enumerate(points)
    ]
    output = fun(*inputs)
    if isinstance(output, list | tuple):
        raise SeveralOutputsError(
            f"verify_grad checks functions with one output, got a {type(output).__name__} of "
            f"{len(output)}; choose one of them"
        )
    weights = pt.tensor(
        "weights",
        dtype="complex128" if output.type.dtype.startswith("complex") else "float64",
        shape=output.type.shape,
    )
    cotangent = cast_gradient(weights, output.type.dtype)
    pulled = Lop(output, inputs, cotangent, disconnected_inputs="ignore")
    options: dict[str, Any] = {"allow_input_downcast": True, "on_unused_input": "ignore"}
    reference_mode = mode_not_slow(mode) if no_debug_ref else mode
    return (
        function(inputs, output, mode=reference_mode, **options),
        function([*inputs, weights], pulled, mode=mode, **options),
    )


def _compare(
    numeric: numeric_grad,
    symbolic: Sequence[Any],
    points: list[np.ndarray],
    abs_tol: float,
    rel_tol: float,
) -> None:
    argument, position, absolute, relative = numeric.max_err(symbolic, abs_tol, rel_tol)
    if absolute > abs_tol and relative > rel_tol:
        error = GradientError(
            argument,
            position,
            points[argument].shape,
            np.asarray(symbolic[argument]).ravel()[position],
            numeric.gf[argument].ravel()[position],
            absolute,
            relative,
            abs_tol,
            rel_tol,
        )
        error.add_note(f"This happened at the point {points}")
        raise error


def mode_not_slow(mode: Any) -> Any:
    """Return the mode itself, or FAST_RUN in place of FAST_COMPILE and DebugMode."""
    from pytensorlite.compile.debugmode import DebugMode
    from pytensorlite.compile.mode import get_mode

    asked = get_mode(mode)
    is_slow = isinstance(asked, DebugMode) or asked == get_mode("FAST_COMPILE")
    return get_mode("FAST_RUN") if is_slow else mode
