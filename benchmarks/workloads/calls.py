"""What a call costs: x + 1 on next to nothing."""

from __future__ import annotations

import numpy as np

from ..workload import Workload


class CallScalar(Workload):
    name = "call_scalar"
    about = "x + 1 on a 0-d array: the price of a call"
    sizes = {"0-d": {}}
    kernel = "add_one.c"

    def inputs(rng):
        return (np.array(1.5),)

    def numpy(x):
        return x + 1

    def graph(api, x):
        return x + 1

    def jax(jax):
        return lambda x: x + 1

    def torch(torch):
        return lambda x: x + 1

    def numba(numba):
        return numba.njit(lambda x: x + 1)


class CallVector(CallScalar):
    name = "call_vec8"
    about = "x + 1 on 8 doubles"
    sizes = {"8": {}}

    def inputs(rng):
        return (rng.normal(size=8),)


class CallVectorTrusting(CallVector):
    name = "call_vec8_trust"
    about = "x + 1 on 8 doubles, PyTensor with trust_input"
    trust = True


class CallThree(Workload):
    name = "call_3in_3out"
    about = "three vectors of 8 in, three out"
    sizes = {"8": {}}
    kernel = "add_three.c"

    def inputs(rng):
        return tuple(rng.normal(size=(3, 8)))

    def numpy(a, b, c):
        return a + 1, b + 1, c + 1

    def graph(api, a, b, c):
        return [a + 1, b + 1, c + 1]

    def jax(jax):
        return lambda a, b, c: (a + 1, b + 1, c + 1)

    def torch(torch):
        return lambda a, b, c: (a + 1, b + 1, c + 1)

    def numba(numba):
        return numba.njit(lambda a, b, c: (a + 1, b + 1, c + 1))


class CallUpdate(Workload):
    name = "call_shared_update"
    about = "one step of a shared vector of 8, its old sum returned"
    sizes = {"8": {}}
    calls = 2

    def inputs(rng):
        return (rng.normal(size=8),)

    def make_numpy(arrays):
        state = np.zeros(8)

        def step(x):
            nonlocal state
            total, state = state.sum(), state + x
            return total

        return step

    def make_function(api, arrays, mode):
        (x,) = api.variables(arrays)
        state = api.module.shared(np.zeros(8))
        return api.module.function([x], state.sum(), updates=[(state, state + x)], mode=mode)
