"""Arithmetic bound by memory, and the special functions."""

from __future__ import annotations

from ..formula import Formula, single


class Polynomial(Formula):
    name = "poly"
    about = "2x³ + 3x² − 4x + 5"
    expression = "2 * x**3 + 3 * x**2 - 4 * x + 5"
    operations = 6
    kernel = "poly.c"


class Triad(Formula):
    name = "triad"
    about = "3x + y"
    arguments = "x, y"
    limit = "triad"
    expression = "3 * x + y"
    operations = 2
    kernel = "triad.c"


class Spine(Formula):
    name = "spine"
    about = "exp(−v²) tanh v + log1p v² + sin v"
    arguments = "v"
    expression = "exp(-(v**2)) * tanh(v) + log1p(v**2) + sin(v)"
    kernel = "spine.c"
    sizes = {"1e3": {"n": 1_000}, "1e5": {"n": 100_000}}


class Transcendental(Formula):
    name = "transc"
    about = "exp(−x²) + log1p|x| tanh x + sigmoid(x) sin x"
    expression = "exp(-(x**2)) + log1p(abs(x)) * tanh(x) + sin(x) / (1 + exp(-x))"
    kernel = "transc.c"


def _erf(module):
    if module.__name__ == "numpy":
        import scipy.special

        return scipy.special.erf
    if module.__name__ == "jax.numpy":
        import jax

        return jax.scipy.special.erf
    return module.erf


def _gammaln(module):
    if module.__name__ == "numpy":
        import scipy.special

        return scipy.special.gammaln
    if module.__name__ == "jax.numpy":
        import jax

        return jax.scipy.special.gammaln
    return module.lgamma if module.__name__ == "torch" else module.gammaln


class Special(Formula):
    name = "special"
    about = "erf x + gammaln(x² + 1)"
    expression = "erf(x) + gammaln(x**2 + 1)"
    kernel = "special.c"
    names = {"erf": _erf, "gammaln": _gammaln}
    sizes = {"1e3": {"n": 1_000}, "1e5": {"n": 100_000}, "1e6": {"n": 1_000_000}}
    numexpr = None

    def numba(numba):
        import math

        import numpy as np

        @numba.njit(fastmath=True)
        def loop(x):
            y = np.empty_like(x)
            for i in range(x.size):
                y[i] = math.erf(x[i]) + math.lgamma(x[i] * x[i] + 1)
            return y

        return loop


PolynomialSingle = single(Polynomial)
TriadSingle = single(Triad)
TranscendentalSingle = single(Transcendental)
SpecialSingle = single(Special)
