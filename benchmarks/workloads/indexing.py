"""Reading and adding through index arrays."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class Gather(Workload):
    name = "gather"
    about = "elements of a vector by an index array, some of them negative"
    sizes = {
        "1e4 of 1e3": {"n": 1_000, "count": 10_000},
        "1e6 of 1e5": {"n": 100_000, "count": 1_000_000},
    }
    kernel = "gather.c"
    limit = "copy"

    def inputs(rng, n, count):
        return rng.normal(size=n), rng.integers(-n, n, count)

    def numpy(x, index):
        return x[index]

    def graph(api, x, index):
        return x[index]

    def jax(jax):
        return lambda x, index: x[index]

    def torch(torch):
        return lambda x, index: x[index]

    def numba(numba):
        return numba.njit(lambda x, index: x[index])

    def moved(n, count):
        return 16.0 * count + 8.0 * n, 0.0


class TakeRows(Gather):
    name = "take_rows"
    about = "rows of a matrix by an index array"
    sizes = {
        "256 of 1000x64": {"n": 1_000, "d": 64, "count": 256},
        "1e5 of 1e4x64": {"n": 10_000, "d": 64, "count": 100_000},
    }
    kernel = "take_rows.c"

    def inputs(rng, n, d, count):
        return rng.normal(size=(n, d)), rng.integers(-n, n, count)

    def moved(n, d, count):
        return 16.0 * count * d + 8.0 * count, 0.0


class ScatterAdd(Workload):
    name = "scatter_add"
    about = "values added into a vector where an index array says"
    sizes = Gather.sizes
    kernel = "scatter_add.c"

    def inputs(rng, n, count):
        return rng.normal(size=n), rng.integers(-n, n, count), rng.normal(size=count)

    def numpy(x, index, values):
        y = x.copy()
        np.add.at(y, index, values)
        return y

    def graph(api, x, index, values):
        return api.pt.inc_subtensor(x[index], values)

    def jax(jax):
        return lambda x, index, values: x.at[index].add(values)

    def torch(torch):
        return lambda x, index, values: x.index_put((index,), values, accumulate=True)

    def numba(numba):
        @numba.njit
        def loop(x, index, values):
            y = x.copy()
            for i in range(index.size):
                y[index[i]] += values[i]
            return y

        return loop

    def moved(n, count):
        return 16.0 * count + 16.0 * n, 0.0
