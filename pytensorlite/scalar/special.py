"""NumPy implementations of special functions.

SciPy is imported by the functions that need it, when they are first called. The derivatives by a
parameter that have no closed form are in `incomplete` and `hypergeometric`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def in_double(name: str) -> Callable:
    """Return a function of ``scipy.special`` that computes in double whatever comes in.

    Some of SciPy's versions for float32 have few digits and lose their way at large arguments.
    """

    def function(*arrays: Any) -> Any:
        from scipy import special as scipy_special

        wide = [np.asarray(x).astype(np.result_type(x, "float64")) for x in arrays]
        return getattr(scipy_special, name)(*wide)

    return function


def of_positive(name: str) -> Callable:
    """Return a function of ``scipy.special`` that is NaN for negative arguments."""

    def function(x: Any) -> Any:
        from scipy import special as scipy_special

        return np.where(np.asarray(x) < 0, np.nan, getattr(scipy_special, name)(x))

    return function


# -- logistic and its kin --------------------------------------------------------------------------


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log1mexp(x: Any) -> Any:
    """Return log(1 - exp(x)), by whichever form keeps the digits; NaN for positive x."""
    near_zero = x > -np.log(2.0)
    far = np.log1p(-np.exp(np.minimum(x, 0))) + 0.0  # not -0.0 for -inf
    return np.where(near_zero, np.log(-np.expm1(x)), far)


def xlogx(x: Any) -> Any:
    """Return x log x, 0 where x is 0."""
    return xlogy0(x, x)


def xlogy0(x: Any, y: Any) -> Any:
    """Return x log y, 0 where x is 0, whatever y is."""
    return np.where(x == 0, np.zeros_like(x), x * np.log(y))


def xlog1py0(x: Any, y: Any) -> Any:
    """Return x log1p y, 0 where x is 0, whatever y is."""
    return np.where(x == 0, np.zeros_like(x), x * np.log1p(y))


# -- gamma -----------------------------------------------------------------------------------------


def tri_gamma(x: Any) -> Any:
    """Return the second derivative of log gamma, for negative x by reflection."""
    from scipy.special import zeta

    return _reflected(x, lambda t: zeta(2, t), lambda t: np.square(np.pi / np.sin(np.pi * t)))


def _reflected(x: Any, right: Callable, reflection: Callable) -> Any:
    """Return right(x) for positive x, and reflection(x) - right(1 - x) for the rest."""
    x = np.asarray(x)
    if not np.any(x <= 0):
        return right(x)
    is_pole = np.isfinite(x) & (x == np.floor(x))
    negative = np.where(is_pole, np.inf, reflection(x) - right(1 - x))
    return np.where(x > 0, right(x), negative)


def polygamma(n: Any, x: Any) -> Any:
    """Return derivative n + 1 of log gamma for positive x and n >= 0."""
    from scipy import special as scipy_special

    return scipy_special.polygamma(n, x)


def gammal(k: Any, x: Any) -> Any:
    """Return the lower incomplete gamma function, not normalised."""
    from scipy import special as scipy_special

    return scipy_special.gammainc(k, x) * scipy_special.gamma(k)


def gammau(k: Any, x: Any) -> Any:
    """Return the upper incomplete gamma function, not normalised."""
    from scipy import special as scipy_special

    return scipy_special.gammaincc(k, x) * scipy_special.gamma(k)
