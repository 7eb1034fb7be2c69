"""Reductions of n × n matrices over either axis."""

from __future__ import annotations

import numpy as np

from ..formula import single
from ..workload import Workload


class Reduction(Workload):
    sizes = {"64": {"n": 64}, "512": {"n": 512}, "4096": {"n": 4096}}

    def inputs(rng, n):
        return (rng.normal(size=(n, n)),)

    operations = 1  # an element; 0 where functions make them uncountable

    @classmethod
    def moved(cls, n):
        return 8.0 * n * n, 1.0 * n * n * cls.operations


class SumRows(Reduction):
    name = "sum1"
    about = "sums of rows"
    axis = 1
    kernel = "sum_rows.c"

    @classmethod
    def numpy(cls, x):
        return x.sum(axis=cls.axis)

    @classmethod
    def graph(cls, api, x):
        return x.sum(axis=cls.axis)

    @classmethod
    def jax(cls, jax):
        return lambda x: x.sum(axis=cls.axis)

    @classmethod
    def torch(cls, torch):
        return lambda x: x.sum(dim=cls.axis)


class SumColumns(SumRows):
    name = "sum0"
    about = "sums of columns"
    axis = 0
    kernel = "sum_columns.c"


class SumOfSquares(Reduction):
    name = "sumsq"
    about = "the sum of all squares"
    kernel = "sumsq.c"
    operations = 2

    def numpy(x):
        return (x**2).sum()

    def graph(api, x):
        return (x**2).sum()

    def jax(jax):
        return lambda x: (x**2).sum()

    def torch(torch):
        return lambda x: (x**2).sum()

    def numba(numba):
        @numba.njit(fastmath=True)
        def loop(x):
            total = 0.0
            for value in x.ravel():
                total += value * value
            return total

        return loop


class MaxRows(Reduction):
    name = "max1"
    about = "maxima of rows"
    axis = 1
    kernel = "max_rows.c"

    @classmethod
    def numpy(cls, x):
        return x.max(axis=cls.axis)

    @classmethod
    def graph(cls, api, x):
        return x.max(axis=cls.axis)

    @classmethod
    def jax(cls, jax):
        return lambda x: x.max(axis=cls.axis)

    @classmethod
    def torch(cls, torch):
        return lambda x: x.amax(dim=cls.axis)


class MaxColumns(MaxRows):
    name = "max0"
    about = "maxima of columns"
    axis = 0
    kernel = "max_columns.c"


class MeanVarianceRows(Reduction):
    name = "meanvar1"
    about = "means and variances of rows"
    axis = 1
    kernel = "mean_variance_rows.c"
    operations = 4

    @classmethod
    def numpy(cls, x):
        return x.mean(axis=cls.axis), x.var(axis=cls.axis)

    @classmethod
    def graph(cls, api, x):
        return [x.mean(axis=cls.axis), x.var(axis=cls.axis)]

    @classmethod
    def jax(cls, jax):
        return lambda x: (x.mean(axis=cls.axis), x.var(axis=cls.axis))

    @classmethod
    def torch(cls, torch):
        def both(x):
            variance, mean = torch.var_mean(x, dim=cls.axis, correction=0)
            return mean, variance

        return both


class MeanVarianceColumns(MeanVarianceRows):
    name = "meanvar0"
    about = "means and variances of columns"
    axis = 0
    kernel = "mean_variance_columns.c"


class LogSumExp(Reduction):
    name = "logsumexp1"
    about = "stable log-sum-exp of rows"
    kernel = "logsumexp.c"
    operations = 0

    def numpy(x):
        m = x.max(axis=1, keepdims=True)
        return np.log(np.exp(x - m).sum(axis=1)) + m[:, 0]

    def graph(api, x):
        return api.pt.logsumexp(x, axis=1)

    def jax(jax):
        return lambda x: jax.nn.logsumexp(x, axis=1)

    def torch(torch):
        return lambda x: torch.logsumexp(x, dim=1)

    def numba(numba):
        @numba.njit(fastmath=True)
        def loop(x):
            y = np.empty(x.shape[0])
            for i in range(x.shape[0]):
                m = x[i, 0]
                for j in range(x.shape[1]):
                    m = max(m, x[i, j])
                total = 0.0
                for j in range(x.shape[1]):
                    total += np.exp(x[i, j] - m)
                y[i] = np.log(total) + m
            return y

        return loop


class RunningSumRows(Reduction):
    name = "cumsum1"
    about = "running sums of rows"
    axis = 1
    kernel = "cumsum_rows.c"
    limit = "copy"

    @classmethod
    def numpy(cls, x):
        return x.cumsum(axis=cls.axis)

    @classmethod
    def graph(cls, api, x):
        return api.pt.cumsum(x, axis=cls.axis)

    @classmethod
    def jax(cls, jax):
        return lambda x: jax.numpy.cumsum(x, axis=cls.axis)

    @classmethod
    def torch(cls, torch):
        return lambda x: torch.cumsum(x, dim=cls.axis)

    def moved(n):
        return 16.0 * n * n, 1.0 * n * n


class RunningSumColumns(RunningSumRows):
    name = "cumsum0"
    about = "running sums of columns"
    axis = 0
    kernel = ""


class Symmetrised(Reduction):
    name = "symmetrised"
    about = "half the sum of a matrix and its transpose"
    limit = "copy"

    def numpy(x):
        return 0.5 * (x + x.T)

    def graph(api, x):
        return 0.5 * (x + x.T)

    def jax(jax):
        return lambda x: 0.5 * (x + x.T)

    def torch(torch):
        return lambda x: 0.5 * (x + x.T)

    def moved(n):
        return 16.0 * n * n, 2.0 * n * n


class Masked(Reduction):
    name = "masked"
    about = "the sum of squares where a mask says, and the matrix with zeros elsewhere"

    def inputs(rng, n):
        return rng.normal(size=(n, n)), rng.uniform(size=(n, n)) < 0.5

    def numpy(x, mask):
        kept = np.where(mask, x, 0.0)
        return (kept**2).sum(), kept

    def graph(api, x, mask):
        kept = api.pt.where(mask, x, 0.0)
        return [(kept**2).sum(), kept]

    def jax(jax):
        def run(x, mask):
            kept = jax.numpy.where(mask, x, 0.0)
            return (kept**2).sum(), kept

        return run

    def torch(torch):
        def run(x, mask):
            kept = torch.where(mask, x, 0.0)
            return (kept**2).sum(), kept

        return run

    def moved(n):
        return 17.0 * n * n, 2.0 * n * n


SINGLES = [
    single(each)
    for each in (SumRows, SumColumns, SumOfSquares, MaxRows, MeanVarianceColumns, LogSumExp)
]
