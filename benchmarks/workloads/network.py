"""A training step of a network with one hidden layer."""

from __future__ import annotations

import numpy as np

from ..formula import single
from ..workload import Workload

RATE = 0.01


class TrainingStep(Workload):
    name = "mlp_sgd"
    about = "loss and gradient-descent update of shared parameters, two layers, squared error"
    sizes = {
        "tiny": {"n": 16, "d": 8, "hidden": 16, "k": 1},
        "mnist": {"n": 128, "d": 784, "hidden": 512, "k": 10},
    }
    kernel = "mlp_blas.c"
    partial = True
    limit = "gemm"
    calls = 2  # the second shows that the parameters have moved

    def inputs(rng, n, d, hidden, k):
        return rng.normal(size=(n, d)), rng.normal(size=(n, k)), np.zeros(hidden)

    def parameters(x, t, b1):
        rng = np.random.default_rng(1)
        d, hidden, k = x.shape[1], b1.size, t.shape[1]
        W1, W2 = rng.normal(size=(d, hidden)) / d**0.5, rng.normal(size=(hidden, k)) / hidden**0.5
        return [p.astype(x.dtype) for p in (W1, b1, W2, np.zeros(k))]

    def loss(xp, x, t, W1, b1, W2, b2):
        return ((xp.tanh(x @ W1 + b1) @ W2 + b2 - t) ** 2).mean()

    def make_numpy(arrays):
        W1, b1, W2, b2 = state = [p.copy() for p in TrainingStep.parameters(*arrays)]

        def step(x, t, _):
            h = np.tanh(x @ W1 + b1)
            e = h @ W2 + b2 - t
            d = e * (2 / e.size)
            dh = (d @ W2.T) * (1 - h * h)
            gradients = [x.T @ dh, dh.sum(axis=0), h.T @ d, d.sum(axis=0)]
            for parameter, gradient in zip(state, gradients, strict=True):
                parameter -= RATE * gradient
            return (e * e).mean()

        return step

    def make_function(api, arrays, mode):
        x, t = api.variables(arrays[:2])
        state = [api.module.shared(p) for p in TrainingStep.parameters(*arrays)]
        loss = TrainingStep.loss(api.pt, x, t, *state)
        rate = np.asarray(RATE, x.dtype)
        updates = [(p, p - rate * g) for p, g in zip(state, api.grad(loss, state), strict=True)]
        function = api.module.function([x, t], loss, updates=updates, mode=mode)
        return lambda x, t, _: function(x, t)

    def make_jax(jax, arrays):
        state = TrainingStep.parameters(*arrays)

        @jax.jit
        def step(x, t, state):
            value, gradient = jax.value_and_grad(
                lambda state: TrainingStep.loss(jax.numpy, x, t, *state)
            )(state)
            return value, [p - RATE * g for p, g in zip(state, gradient, strict=True)]

        def run(x, t, _):
            nonlocal state
            value, state = step(x, t, state)
            return np.asarray(value)

        return run

    def make_torch(torch, arrays):
        state = [torch.from_numpy(p) for p in TrainingStep.parameters(*arrays)]
        both = torch.func.grad_and_value(
            lambda state, x, t: TrainingStep.loss(torch, x, t, *state), argnums=0
        )

        @torch.compile
        def step(x, t, state):
            gradient, value = both(state, x, t)
            return value, [p - RATE * g for p, g in zip(state, gradient, strict=True)]

        def run(x, t, _):
            nonlocal state
            value, state = step(x, t, state)
            return value

        return run

    def moved(n, d, hidden, k):
        moved = 16.0 * hidden * (d + k) + 8.0 * n * (d + k)  # parameters read and written, data
        return moved, 4.0 * n * d * hidden + 6.0 * n * hidden * k


TrainingStepSingle = single(TrainingStep)
