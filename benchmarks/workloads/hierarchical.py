"""A varying-intercept model: gathers, scatter-adds, and sums over observations and groups."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class Radon(Workload):
    name = "radon"
    about = "hierarchical normal log-posterior with varying intercepts, value and gradient"
    sizes = {
        "50/5": {"n": 50, "groups": 5},
        "919/85": {"n": 919, "groups": 85},
        "100000/1000": {"n": 100_000, "groups": 1000},
    }
    kernel = "radon.c"

    def inputs(rng, n, groups):
        group, floor = rng.integers(0, groups, n), rng.integers(0, 2, n) * 1.0
        alpha = rng.normal(1.4, 0.4, size=groups)
        y = alpha[group] - 0.7 * floor + rng.normal(scale=0.7, size=n)
        numbers = (np.array(v) for v in (1.4, -0.9, -0.6, -0.35))
        mean, log_tau, beta, log_sigma = numbers
        return mean, log_tau, beta, log_sigma, alpha, group, floor, y

    def numpy(mean, log_tau, beta, log_sigma, alpha, group, floor, y):
        tau2, sigma2 = np.exp(-2 * log_tau), np.exp(-2 * log_sigma)
        r, a = y - alpha[group] - beta * floor, alpha - mean
        squares, spread = sigma2 * (r @ r), tau2 * (a @ a)
        value = -0.5 * (squares + spread + mean**2 + beta**2)
        value -= y.size * log_sigma + alpha.size * log_tau
        d_alpha = np.bincount(group, r, alpha.size) * sigma2 - tau2 * a
        return (
            value, tau2 * a.sum() - mean, spread - alpha.size,
            sigma2 * (r @ floor) - beta, squares - y.size, d_alpha,
        )  # fmt: skip

    def formula(xp, mean, log_tau, beta, log_sigma, alpha, group, floor, y):
        mu = alpha[group] + beta * floor
        value = -0.5 * (((y - mu) / xp.exp(log_sigma)) ** 2).sum() - y.shape[0] * log_sigma
        value = value - 0.5 * (((alpha - mean) / xp.exp(log_tau)) ** 2).sum()
        return value - alpha.shape[0] * log_tau - 0.5 * mean**2 - 0.5 * beta**2

    def graph(api, *variables):
        value = Radon.formula(api.pt, *variables)
        return [value, *api.grad(value, variables[:5])]

    def jax(jax):
        def run(*given):
            value, gradient = jax.value_and_grad(
                lambda *g: Radon.formula(jax.numpy, *g), argnums=tuple(range(5))
            )(*given)
            return (value, *gradient)

        return run

    def torch(torch):
        both = torch.func.grad_and_value(
            lambda *g: Radon.formula(torch, *g), argnums=tuple(range(5))
        )

        def run(*given):
            gradient, value = both(*given)
            return (value, *gradient)

        return run

    def moved(n, groups):
        return 24.0 * n, 10.0 * n
