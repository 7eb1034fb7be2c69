"""Rows that are read more than once: softmax cross-entropy and layer norm, with gradients."""

from __future__ import annotations

import numpy as np

from ..formula import single
from ..workload import Workload


class SoftmaxCrossEntropy(Workload):
    name = "softmax_xent"
    about = "mean cross-entropy of softmax rows with integer labels, and its gradient"
    sizes = {"32x10": {"n": 32, "k": 10}, "2048x1000": {"n": 2048, "k": 1000}}
    kernel = "softmax_xent.c"
    limit = "copy"

    def inputs(rng, n, k):
        return rng.normal(size=(n, k)) * 3, rng.integers(0, k, n)

    def numpy(x, labels):
        rows = np.arange(x.shape[0])
        m = x.max(axis=1, keepdims=True)
        e = np.exp(x - m)
        s = e.sum(axis=1, keepdims=True)
        value = (np.log(s[:, 0]) + m[:, 0] - x[rows, labels]).mean()
        e /= s
        e[rows, labels] -= 1
        return value, e / x.dtype.type(x.shape[0])

    def graph(api, x, labels):
        pt = api.pt
        rows = pt.arange(x.shape[0])
        value = -pt.special.log_softmax(x, axis=1)[rows, labels].mean()
        return [value, api.grad(value, x)]

    def jax(jax):
        def value(x, labels):
            return -jax.nn.log_softmax(x, axis=1)[jax.numpy.arange(x.shape[0]), labels].mean()

        return jax.value_and_grad(value)

    def torch(torch):
        both = torch.func.grad_and_value(torch.nn.functional.cross_entropy)
        return lambda x, labels: both(x, labels)[::-1]

    def moved(n, k):
        return 16.0 * n * k, 0.0


class LogSoftmax(SoftmaxCrossEntropy):
    name = "log_softmax"
    about = "logarithms of softmax rows"
    kernel = "log_softmax.c"
    limit = "copy"

    def inputs(rng, n, k):
        return (rng.normal(size=(n, k)) * 3,)

    def numpy(x):
        shifted = x - x.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def graph(api, x):
        return api.pt.special.log_softmax(x, axis=1)

    def jax(jax):
        return lambda x: jax.nn.log_softmax(x, axis=1)

    def torch(torch):
        return lambda x: torch.log_softmax(x, dim=1)


class LayerNorm(Workload):
    name = "layernorm"
    about = "layer norm forward, and the gradients of its input, scale and shift"
    sizes = {"16x64": {"n": 16, "d": 64}, "2048x1024": {"n": 2048, "d": 1024}}
    kernel = "layernorm.c"
    limit = "triad"

    def inputs(rng, n, d):
        x, dy = rng.normal(size=(2, n, d))
        return x, rng.normal(size=d), rng.normal(size=d), dy

    def numpy(x, scale, shift, dy):
        centred = x - x.mean(axis=1, keepdims=True)
        r = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + x.dtype.type(1e-5))
        h = centred * r
        dh = dy * scale
        dx = r * (dh - dh.mean(axis=1, keepdims=True) - h * (dh * h).mean(axis=1, keepdims=True))
        return h * scale + shift, dx, (dy * h).sum(axis=0), dy.sum(axis=0)

    def forward(x, scale, shift):
        m = x.mean(axis=1, keepdims=True)
        v = ((x - m) ** 2).mean(axis=1, keepdims=True)
        return (x - m) / (v + 1e-5) ** 0.5 * scale + shift

    def graph(api, x, scale, shift, dy):
        m = x.mean(axis=1, keepdims=True)
        v = ((x - m) ** 2).mean(axis=1, keepdims=True)
        epsilon = np.asarray(1e-5, x.dtype)
        y = (x - m) / api.pt.sqrt(v + epsilon) * scale + shift
        return [y, *api.grad((y * dy).sum(), [x, scale, shift])]

    def jax(jax):
        def run(x, scale, shift, dy):
            y, back = jax.vjp(LayerNorm.forward, x, scale, shift)
            return (y, *back(dy))

        return run

    def torch(torch):
        def run(x, scale, shift, dy):
            def forward(x, scale, shift):
                return torch.nn.functional.layer_norm(x, (x.shape[1],), scale, shift, 1e-5)

            y, back = torch.func.vjp(forward, x, scale, shift)
            return (y, *back(dy))

        return run

    def moved(n, d):
        return 32.0 * n * d, 21.0 * n * d


SoftmaxCrossEntropySingle = single(SoftmaxCrossEntropy)
LayerNormSingle = single(LayerNorm)
