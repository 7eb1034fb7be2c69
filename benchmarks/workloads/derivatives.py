"""Dense Hessians and Jacobians, and Jacobian-vector products."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class RosenbrockHessian(Workload):
    name = "rosen_hess"
    about = "dense Hessian of Rosenbrock's function"
    sizes = {"10": {"n": 10}, "50": {"n": 50}}
    kernel = "rosen_hess.c"

    def inputs(rng, n):
        return (rng.normal(size=n),)

    def numpy(x):
        off = -400 * x[:-1]
        hessian = np.diag(off, -1) + np.diag(off, 1)
        hessian.flat[:: x.size + 1] += np.concatenate(
            [1200 * x[:-1] ** 2 - 400 * x[1:] + 2, [0.0]]
        ) + np.concatenate([[0.0], np.full(x.size - 1, 200.0)])
        return hessian

    def formula(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    def graph(api, x):
        return api.module.gradient.hessian(RosenbrockHessian.formula(x), x)

    def jax(jax):
        return jax.hessian(RosenbrockHessian.formula)

    def torch(torch):
        return torch.func.hessian(RosenbrockHessian.formula)


class HessianVector(Workload):
    name = "hvp"
    about = "Hessian of Rosenbrock's function times a vector"
    sizes = {"50": {"n": 50}, "1000": {"n": 1000}, "100000": {"n": 100_000}}
    kernel = "rosen_hvp.c"
    limit = "triad"

    def inputs(rng, n):
        return tuple(rng.normal(size=(2, n)))

    def numpy(x, v):
        y = -400 * np.append(x[:-1] * v[1:], 0.0)
        y[1:] += 200 * v[1:] - 400 * x[:-1] * v[:-1]
        y[:-1] += (1200 * x[:-1] ** 2 - 400 * x[1:] + 2) * v[:-1]
        return y

    def graph(api, x, v):
        gradient = api.grad(RosenbrockHessian.formula(x), x)
        return api.grad((gradient * v).sum(), x)

    def jax(jax):
        slope = jax.grad(RosenbrockHessian.formula)
        return lambda x, v: jax.jvp(slope, (x,), (v,))[1]

    def torch(torch):
        slope = torch.func.grad(RosenbrockHessian.formula)
        return lambda x, v: torch.func.jvp(slope, (x,), (v,))[1]

    def moved(n):
        return 24.0 * n, 12.0 * n


class Jacobian(Workload):
    name = "jacobian"
    about = "dense Jacobian of tanh(A x)"
    sizes = {"10": {"n": 10}, "50": {"n": 50}}

    def inputs(rng, n):
        return rng.normal(size=n), rng.normal(size=(n, n)) / np.sqrt(n)

    def numpy(x, a):
        return (1 - np.tanh(a @ x) ** 2)[:, None] * a

    def graph(api, x, a):
        return api.module.gradient.jacobian(api.pt.tanh(a @ x), x)

    def jax(jax):
        return jax.jacrev(lambda x, a: jax.numpy.tanh(a @ x))

    def torch(torch):
        return torch.func.jacrev(lambda x, a: torch.tanh(a @ x))


class JacobianVector(Workload):
    name = "rop"
    about = "Jacobian-vector product of tanh(A x)"
    sizes = {"50": {"n": 50}, "1000": {"n": 1000}}

    def inputs(rng, n):
        return *rng.normal(size=(2, n)), rng.normal(size=(n, n)) / np.sqrt(n)

    def numpy(x, v, a):
        return (1 - np.tanh(a @ x) ** 2) * (a @ v)

    def graph(api, x, v, a):
        gradient = api.module.gradient
        forward = getattr(gradient, "pushforward", None) or gradient.Rop
        return forward(api.pt.tanh(a @ x), x, v)

    def jax(jax):
        return lambda x, v, a: jax.jvp(lambda x: jax.numpy.tanh(a @ x), (x,), (v,))[1]

    def torch(torch):
        return lambda x, v, a: torch.func.jvp(lambda x: torch.tanh(a @ x), (x,), (v,))[1]

    def moved(n):
        return 8.0 * n * n, 4.0 * n * n
