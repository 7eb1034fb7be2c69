"""Element-wise loops whose time goes into exp, log, tanh, sin."""

from __future__ import annotations

from ..workload import Workload


class Spine(Workload):
    name = "spine"
    about = "exp(-v²) tanh v + log1p v² + sin v"
    sizes = {"1e3": {"n": 1_000}, "1e5": {"n": 100_000}}
    kernel = "spine.c"

    def inputs(rng, n):
        return (rng.normal(size=n),)

    def formula(xp, v):
        return xp.exp(-(v**2)) * xp.tanh(v) + xp.log1p(v**2) + xp.sin(v)

    def numpy(v):
        import numpy as np

        return Spine.formula(np, v)

    def graph(api, v):
        return Spine.formula(api.pt, v)

    def jax(jax):
        return lambda v: Spine.formula(jax.numpy, v)

    def torch(torch):
        return lambda v: Spine.formula(torch, v)

    def numba(numba):
        import math

        import numpy as np

        @numba.njit(fastmath=True)
        def loop(v):
            y = np.empty_like(v)
            for i in range(v.size):
                s = v[i] * v[i]
                y[i] = math.exp(-s) * math.tanh(v[i]) + math.log1p(s) + math.sin(v[i])
            return y

        return loop

    def numexpr(numexpr):
        text = "exp(-v**2) * tanh(v) + log1p(v**2) + sin(v)"
        return lambda v: numexpr.evaluate(text, {"v": v})

    def moved(n):
        return 16.0 * n, 0.0
