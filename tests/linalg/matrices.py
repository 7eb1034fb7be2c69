"""Matrices for tests: well-conditioned ones of each kind, and sizes to draw them in."""

import numpy as np

import pytensorlite.tensor as pt

SIDES = [0, 1, 2, 4]
BATCHES = [(), (2,), (2, 1)]


def general(rng, *shape):
    return rng.normal(size=shape) + 3 * np.eye(*shape[-2:])


def positive(rng, *shape):
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


def symmetric(rng, *shape):
    x = rng.normal(size=shape)
    return x + np.swapaxes(x, -1, -2) + 5 * np.diag(np.arange(shape[-1]))


def triangle(x, lower=True):
    return np.tril(x) if lower else np.triu(x)


def symmetrised(x, lower=True):
    return pt.tril(x) + pt.tril(x, -1).mT if lower else pt.triu(x) + pt.triu(x, 1).mT


def solved(a, b, b_ndim):
    b_ndim = b_ndim or (1 if b.ndim == 1 else 2)
    if b_ndim == 2:
        return np.linalg.solve(a, b)
    shape = np.broadcast_shapes(a.shape[:-1], b.shape)
    return np.linalg.solve(a, np.broadcast_to(b, shape)[..., None])[..., 0]
