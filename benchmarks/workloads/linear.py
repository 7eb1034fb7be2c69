"""Linear algebra: products, distances, a Gaussian process's likelihood."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class MatrixVector(Workload):
    name = "gemv"
    about = "a matrix times a vector"
    sizes = {"1000": {"n": 1000}}

    def inputs(rng, n):
        return rng.normal(size=(n, n)), rng.normal(size=n)

    def numpy(a, x):
        return a @ x

    def graph(api, a, x):
        return a @ x

    def jax(jax):
        return lambda a, x: a @ x

    def torch(torch):
        return lambda a, x: a @ x

    def moved(n):
        return 8.0 * n * n, 2.0 * n * n


class BatchedProduct(MatrixVector):
    name = "bmm"
    about = "many products of 4 × 4 matrices"
    sizes = {"1000x4": {"n": 1000, "k": 4}}
    shapes = ((None, 4, 4), (None, 4, 4))
    kernel = "bmm4.c"
    limit = "triad"

    def inputs(rng, n, k):
        return tuple(rng.normal(size=(2, n, k, k)))

    def moved(n, k):
        return 24.0 * n * k * k, 2.0 * n * k**3


class SquaredDistances(Workload):
    name = "sqdist"
    about = "squared distances of all pairs of points in space, summed for each point"
    sizes = {"50": {"n": 50}, "1000": {"n": 1000}}
    shapes = ((None, 3),)
    kernel = "sqdist.c"

    def inputs(rng, n):
        return (rng.normal(size=(n, 3)),)

    def numpy(x):
        return ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=(1, 2))

    def graph(api, x):
        return SquaredDistances.numpy(x)

    def jax(jax):
        return SquaredDistances.numpy

    def torch(torch):
        return lambda x: ((x[:, None, :] - x[None, :, :]) ** 2).sum(dim=(1, 2))

    def numba(numba):
        @numba.njit(fastmath=True)
        def loop(x):
            y = np.zeros(x.shape[0])
            for i in range(x.shape[0]):
                for j in range(x.shape[0]):
                    for k in range(x.shape[1]):
                        y[i] += (x[i, k] - x[j, k]) ** 2
            return y

        return loop

    def moved(n):
        return 32.0 * n, 9.0 * n * n


class GaussianProcess(Workload):
    name = "gp_mll"
    about = "marginal likelihood of a Gaussian process by Cholesky, value and gradient"
    sizes = {"50": {"n": 50}, "500": {"n": 500}}
    tolerance = 1e-7
    kernel = "gp_lapack.c"
    partial = True
    limit = "gemm"

    def inputs(rng, n):
        x = np.sort(rng.uniform(0, 10, n))
        y = np.sin(x) + 0.3 * rng.normal(size=n)
        return x, y, *(np.array(v) for v in (0.1, 0.2, -1.0))

    def numpy(x, y, log_length, log_scale, log_noise):
        import scipy.linalg as sl

        d2 = (x[:, None] - x[None, :]) ** 2 * np.exp(-2 * log_length)
        signal = np.exp(2 * log_scale - 0.5 * d2)
        K = signal.copy()
        K.flat[:: x.size + 1] += np.exp(2 * log_noise)
        L = sl.cholesky(K, lower=True)
        a = sl.cho_solve((L, True), y)
        value = 0.5 * (y @ a) + np.log(np.diag(L)).sum()
        B = sl.cho_solve((L, True), np.eye(x.size)) - np.outer(a, a)
        weighted = B * signal
        noise = np.exp(2 * log_noise) * np.trace(B)
        return value, 0.5 * (weighted * d2).sum(), weighted.sum(), noise

    def formula(xp, cholesky, solve, eye, x, y, log_length, log_scale, log_noise):
        d2 = (x[:, None] - x[None, :]) ** 2 * xp.exp(-2 * log_length)
        K = xp.exp(2 * log_scale - 0.5 * d2) + xp.exp(2 * log_noise) * eye(x.shape[0])
        L = cholesky(K)
        z = solve(L, y)
        return 0.5 * (z**2).sum() + xp.log(xp.diagonal(L)).sum()

    def graph(api, *variables):
        la = api.pt.linalg

        def solve(L, y):
            return la.solve_triangular(L, y, lower=True)

        value = GaussianProcess.formula(api.pt, la.cholesky, solve, api.pt.eye, *variables)
        return [value, *api.grad(value, variables[2:])]

    def jax(jax):
        xp = jax.numpy

        def solve(L, y):
            return jax.scipy.linalg.solve_triangular(L, y, lower=True)

        def value(*given):
            return GaussianProcess.formula(xp, xp.linalg.cholesky, solve, xp.eye, *given)

        def run(*given):
            found, gradient = jax.value_and_grad(value, argnums=(2, 3, 4))(*given)
            return (found, *gradient)

        return run

    def torch(torch):
        def solve(L, y):
            return torch.linalg.solve_triangular(L, y[:, None], upper=False)

        def eye(n):
            return torch.eye(n, dtype=torch.float64)

        def value(*given):
            return GaussianProcess.formula(torch, torch.linalg.cholesky, solve, eye, *given)

        both = torch.func.grad_and_value(value, argnums=(2, 3, 4))

        def run(*given):
            gradient, found = both(*given)
            return (found, *gradient)

        return run

    def moved(n):
        return 8.0 * n * n, 1.0 * n**3  # a third for the factor, two for the inverse
