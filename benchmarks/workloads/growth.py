"""A long chain of element-wise operations, for the growth of build time; `growth` runs it."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class Chain(Workload):
    name = "chain"
    about = "a chain of so many element-wise operations that no rewrite can shorten"
    sizes = {
        "100": {"nodes": 100},
        "1000": {"nodes": 1000},
        "3000": {"nodes": 3000},
        "10000": {"nodes": 10_000},
    }
    listed = False

    def inputs(rng, nodes):
        return rng.uniform(size=64), np.zeros(nodes // 5)

    def formula(xp, v, steps):
        x = v
        for _ in range(steps):  # five operations that leave numbers near one
            x = xp.sqrt(xp.maximum(x + v, v) * v) - v
        return x

    def numpy(v, like):
        return Chain.formula(np, v, like.size)

    def make_function(api, arrays, mode):
        (v,) = api.variables(arrays[:1])
        function = api.module.function([v], Chain.formula(api.pt, v, arrays[1].size), mode=mode)
        return lambda given, like: function(given)

    def jax(jax):
        return lambda v, like: Chain.formula(jax.numpy, v, like.shape[0])
