"""Derivatives of Gauss's hypergeometric function 2F1 by its parameters, from its series.

Each term follows from the one before by the factor (a+n)(b+n)/((c+n)(n+1)) z; the derivatives of
the terms follow by the product rule, so that no division by a+n spoils a = 0, -1, -2, ... The
series converges for |z| < 1 only, and c may not be 0, -1, -2, ...: elsewhere the answer is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_MOST_TERMS = 20_000


def _derivative(position: int) -> Callable:
    """Return the function of (a, b, c, z) for one of the derivatives that `_series` sums."""

    def derivative(a: Any, b: Any, c: Any, z: Any) -> np.ndarray:
        arrays = [np.asarray(x, dtype="float64") for x in (a, b, c, z)]
        a, b, c, z = np.broadcast_arrays(*arrays)
        converges = (np.abs(z) < 1) & ~((c <= 0) & (c == np.floor(c)))
        sums = _series(a, b, c, np.where(converges, z, 0.0))
        return np.where(converges, sums[position], np.nan)

    return derivative


def _series(a: np.ndarray, b: np.ndarray, c: np.ndarray, z: np.ndarray) -> list[np.ndarray]:
    """Sum the derivatives of 2F1 by a, c, aa, ab, ac, cc."""
    term = np.ones_like(z)
    zero = np.zeros_like(z)
    d_a = d_b = d_c = d_aa = d_ab = d_ac = d_cc = zero
    sums = [zero] * 6
    for n in range(_MOST_TERMS):
        p, q, s = a + n, b + n, 1 / (c + n)
        f = z / (n + 1)
        # First the factor p q, then the factor s = 1/(c+n), whose derivatives are -s² and 2s³.
        d_aa, d_ab = (d_aa * p + 2 * d_a) * q, d_ab * p * q + d_b * q + d_a * p + term
        d_ac, d_cc = (d_ac * p + d_c) * q, d_cc * p * q
        d_a, d_b, d_c = (d_a * p + term) * q, (d_b * q + term) * p, d_c * p * q
        term = term * p * q
        d_cc, d_ac = d_cc * s - 2 * (d_c - term * s) * s * s, d_ac * s - d_a * s * s
        d_c = d_c * s - term * s * s
        d_a, d_b, d_aa, d_ab, term = d_a * s, d_b * s, d_aa * s, d_ab * s, term * s
        terms = [x * f for x in (d_a, d_c, d_aa, d_ab, d_ac, d_cc)]
        d_a, d_c, d_aa, d_ab, d_ac, d_cc = terms
        d_b, term = d_b * f, term * f
        sums = [total + x for total, x in zip(sums, terms, strict=True)]
        if n % 16 == 15 and all(
            np.all(np.abs(x) <= 1e-17 * np.abs(total) + 1e-300)
            for total, x in zip(sums, terms, strict=True)
        ):
            break
    return sums


hyp2f1_da = _derivative(0)
hyp2f1_dc = _derivative(1)
hyp2f1_daa = _derivative(2)
hyp2f1_dab = _derivative(3)
hyp2f1_dac = _derivative(4)
hyp2f1_dcc = _derivative(5)
