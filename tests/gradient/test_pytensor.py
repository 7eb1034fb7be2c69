"""The same graphs built with PyTensor, where it is installed, have the same derivatives.

Hypothesis draws small programs over vectors, matrices and scalars; each is built twice, and the
values of grad, Rop, Lop, jacobian and hessian are compared.
"""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pytensorlite
import pytensorlite.tensor as ours

with warnings.catch_warnings(action="ignore"):
    pytensor = pytest.importorskip("pytensor", reason="compares with PyTensor")
    theirs = pytest.importorskip("pytensor.tensor")

pytestmark = pytest.mark.filterwarnings("ignore")


# A value is known by its rank; every vector has length 3, every matrix is 3 by 3.
VECTOR, MATRIX, SCALAR = 1, 2, 0

ANY_RANK = {
    "sin": lambda pt, x: pt.sin(x),
    "tanh": lambda pt, x: pt.tanh(x),
    "sigmoid": lambda pt, x: pt.sigmoid(x),
    "softplus": lambda pt, x: pt.softplus(x),
    "square": lambda pt, x: x**2,
    "cube": lambda pt, x: x**3,
    "bounded exp": lambda pt, x: pt.exp(pt.tanh(x)),
    "safe log": lambda pt, x: pt.log(1.0 + x**2),
    "safe sqrt": lambda pt, x: pt.sqrt(1.0 + x**2),
    "erf": lambda pt, x: pt.erf(x),
    "abs": lambda pt, x: abs(x - 0.123),
    "branch": lambda pt, x: pt.switch(x > 0.1, x**2, 3.0 * x),
    "clip": lambda pt, x: pt.clip(x, -0.77, 0.77),
    "gammaln": lambda pt, x: pt.gammaln(1.5 + x**2),
    "scale": lambda pt, x: 1.7 * x - 0.3,
}
SAME_RANK_UNARY = {
    **ANY_RANK,
    "cumsum": lambda pt, x: pt.cumsum(x, axis=0),
    "reverse": lambda pt, x: x[::-1],
    "softmax": lambda pt, x: pt.special.softmax(x, axis=-1),
    "log softmax": lambda pt, x: pt.special.log_softmax(x, axis=-1),
    "set": lambda pt, x: pt.set_subtensor(x[1:], x[:-1] * 2.0),
    "increment": lambda pt, x: pt.inc_subtensor(x[[0, 0, 2]], x),
    "gather": lambda pt, x: x[[2, 0, 2]],
    "center": lambda pt, x: x - x.mean(axis=-1, keepdims=True),
}
BINARY = {
    "add": lambda pt, x, y: x + y,
    "sub": lambda pt, x, y: x - y,
    "mul": lambda pt, x, y: x * y,
    "div": lambda pt, x, y: x / (1.0 + y**2),
    "maximum": lambda pt, x, y: pt.maximum(x, y + 0.01),
    "hypot": lambda pt, x, y: pt.sqrt(x**2 + y**2 + 1.0),
}
CHANGING = {
    ("sum", MATRIX): (VECTOR, lambda pt, x: x.sum(axis=0)),
    ("max", MATRIX): (VECTOR, lambda pt, x: x.max(axis=1)),
    ("logsumexp", MATRIX): (VECTOR, lambda pt, x: pt.logsumexp(x, axis=1)),
    ("transpose", MATRIX): (MATRIX, lambda pt, x: x.T),
    ("row", MATRIX): (VECTOR, lambda pt, x: x[1]),
    ("diagonal", MATRIX): (VECTOR, lambda pt, x: pt.diagonal(x)),
    ("reshape", MATRIX): (MATRIX, lambda pt, x: x.reshape((9,)).reshape((3, 3))),
    ("outer", VECTOR): (MATRIX, lambda pt, x: pt.outer(x, x)),
    ("stack", VECTOR): (MATRIX, lambda pt, x: pt.stack([x, x**2, -x])),
    ("spread", VECTOR): (MATRIX, lambda pt, x: x[:, None] + x[None, :] ** 2),
    ("pick", VECTOR): (SCALAR, lambda pt, x: x[1]),
    ("total", VECTOR): (SCALAR, lambda pt, x: x.sum()),
    ("join", VECTOR): (VECTOR, lambda pt, x: pt.concatenate([x[1:], x[:1]])),
}


@st.composite
def programs(draw):
    """Draw a program: steps of (rank, function, positions of operands)."""
    ranks = [VECTOR, MATRIX, SCALAR]
    steps = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["unary", "binary", "changing", "dot"]))
        first = draw(st.integers(0, len(ranks) - 1))
        rank = ranks[first]
        if kind == "unary":
            table = SAME_RANK_UNARY if rank else ANY_RANK
            step = rank, table[draw(st.sampled_from(sorted(table)))], (first,)
        elif kind == "binary":
            second = draw(st.integers(0, len(ranks) - 1))
            name = draw(st.sampled_from(sorted(BINARY)))
            step = max(rank, ranks[second]), BINARY[name], (first, second)
        elif kind == "dot":
            matrices = [i for i, r in enumerate(ranks) if r == MATRIX]
            others = [i for i, r in enumerate(ranks) if r in (VECTOR, MATRIX)]
            left, right = draw(st.sampled_from(matrices)), draw(st.sampled_from(others))
            step = ranks[right], lambda pt, x, y: pt.dot(x, y) / 3.0, (left, right)
        else:
            choices = sorted(key for key in CHANGING if key[1] == rank)
            if not choices:
                continue
            new_rank, function = CHANGING[draw(st.sampled_from(choices))]
            step = new_rank, function, (first,)
        steps.append(step)
        ranks.append(step[0])
    return steps


def run(pt, steps, inputs):
    values = list(inputs)
    for _, function, operands in steps:
        values.append(function(pt, *(values[i] for i in operands)))
    return values[-1]


def derivatives(package, pt, gradient, steps, options, data):
    """Return the values of all derivatives of a program, built with one of the two packages."""
    vector, matrix, scalar, u = pt.dvector("v"), pt.dmatrix("m"), pt.dscalar("s"), pt.dvector("u")
    inputs = [vector, matrix, scalar]
    output = run(pt, steps, inputs)
    cost = pt.sin(output).sum() + (vector**2).sum()
    flat = output.flatten() + vector[0]
    ignoring = {"disconnected_inputs": "ignore"}
    outputs = [
        cost,
        *package.grad(cost, inputs, **ignoring),
        *package.Lop(flat, inputs, pt.cos(flat), **ignoring),
        package.Rop(flat, vector, u),
        gradient.jacobian(flat, vector),
        gradient.hessian(cost, vector),
        gradient.hessian_vector_product(cost, vector, u),
    ]
    compiled = package.function([*inputs, u], outputs, on_unused_input="ignore", **options)
    return compiled(*data)


# Making a failing program smaller takes minutes here and tells little: the programs are small.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(steps=programs(), seed=st.integers(0, 2**16))
def test_derivatives_agree(steps, seed):
    rng = np.random.default_rng(seed)
    data = [rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(), rng.normal(size=3)]
    plain = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    expected = derivatives(pytensor, theirs, pytensor.gradient, steps, {"mode": plain}, data)
    given_ = derivatives(pytensorlite, ours, pytensorlite.gradient, steps, {"mode": "NUMPY"}, data)
    for own, other in zip(given_, expected, strict=True):
        assert own.shape == other.shape
        assert own.dtype == other.dtype
        scale = max(1.0, np.max(np.abs(other)))
        np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-9 * scale)
