"""Value and gradient of regressions: the data matrix is read once, or twice."""

from __future__ import annotations

import numpy as np

from ..formula import single
from ..workload import Workload


class LogisticRegression(Workload):
    name = "logreg"
    about = "value and gradient of logistic regression with a ridge term"
    sizes = {
        "100x5": {"n": 100, "d": 5},
        "10000x100": {"n": 10_000, "d": 100},
        "200000x200": {"n": 200_000, "d": 200},
    }
    kernel = "logreg.c"

    def inputs(rng, n, d):
        X = rng.normal(size=(n, d))
        w = rng.normal(size=d) / np.sqrt(d)
        return X, (rng.uniform(size=n) < 1 / (1 + np.exp(-(X @ w)))) * 1.0, w

    def numpy(X, y, w):
        z = X @ w
        e = np.exp(-np.abs(z))
        value = (np.maximum(z, 0) + np.log1p(e) - y * z).sum() + 0.5 * (w @ w)
        return value, X.T @ (np.where(z >= 0, 1, e) / (1 + e) - y) + w

    def graph(api, X, y, w):
        z = X @ w
        value = (api.pt.softplus(z) - y * z).sum() + 0.5 * (w**2).sum()
        return [value, api.grad(value, w)]

    def jax(jax):
        def value(X, y, w):
            z = X @ w
            return (jax.nn.softplus(z) - y * z).sum() + 0.5 * (w @ w)

        return jax.value_and_grad(value, argnums=2)

    def torch(torch):
        def value(w, X, y):
            z = X @ w
            return (torch.nn.functional.softplus(z) - y * z).sum() + 0.5 * (w @ w)

        def both(X, y, w):
            gradient, found = torch.func.grad_and_value(value)(w, X, y)
            return found, gradient

        return both

    def numba(numba):
        @numba.njit(fastmath=True)
        def loop(X, y, w):
            value, g = 0.5 * (w * w).sum(), w.copy()
            for i in range(X.shape[0]):
                z = 0.0
                for j in range(X.shape[1]):
                    z += X[i, j] * w[j]
                e = np.exp(-abs(z))
                value += max(z, 0.0) + np.log1p(e) - y[i] * z
                r = (1.0 if z >= 0 else e) / (1 + e) - y[i]
                for j in range(X.shape[1]):
                    g[j] += X[i, j] * r
            return value, g

        return loop

    def moved(n, d):
        return 8.0 * n * d, 4.0 * n * d


LogisticRegressionSingle = single(LogisticRegression)
