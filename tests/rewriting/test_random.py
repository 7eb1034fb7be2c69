"""Random graphs: what the rewritten graph computes is what the raw one does."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite.gradient import grad
from pytensorlite.graph.traversal import ancestors
from tests.rewriting.tools import evaluate, rewrite, show

# ruff: noqa: E501 - rows of steps
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

UNARY_EXACT = [
    lambda x: -x, abs, pt.sqr, lambda x: x + 0.0, lambda x: x * 1, lambda x: 1 * x, lambda x: x / 1, lambda x: x - 0.0,
    lambda x: x * 2.0, lambda x: x / 4.0, lambda x: 3.0 * x, lambda x: x + 2.0, lambda x: 1.5 + x, lambda x: 1.0 / x,
    lambda x: x**2, lambda x: x**1, lambda x: x**0, lambda x: x**3, lambda x: x**-1, lambda x: pt.zeros_like(x) + x, lambda x: x * pt.ones_like(x),
    lambda x: x - 3.0, lambda x: 2.0 - x, lambda x: x * -1.0, lambda x: x / -2.0, lambda x: x.copy(), lambda x: pt.fill(x, 2.5),
    lambda x: x.astype("float32").astype("float64"), lambda x: pt.switch(x > 0, x, -x), lambda x: pt.sign(x) * x,
    lambda x: pt.clip(x, -1.0, 1.0), lambda x: x.shape[0] * x if x.ndim else x, lambda x: pt.specify_shape(x, x.shape), lambda x: x * 0.0,
    lambda x: pt.eq(x, x) * x, lambda x: x - x, lambda x: x / x,
]  # fmt: skip
SHAPERS = [
    lambda x: x.T, lambda x: x.sum(axis=0, keepdims=True) + x if x.ndim else x, lambda x: x.sum() + x, lambda x: (2.0 * x).sum(axis=-1) if x.ndim else x,
    lambda x: (-x).sum(axis=0) if x.ndim else x, lambda x: x[::-1] if x.ndim else x, lambda x: x[1:] if x.ndim else x, lambda x: x[..., 0] if x.ndim else x,
    lambda x: x.dimshuffle("x", *range(x.ndim)), lambda x: x.max(axis=0) if x.ndim else x, lambda x: x.reshape((-1,)), lambda x: x.flatten(), lambda x: x.T.sum(axis=0) if x.ndim else x,
    lambda x: x[None].sum(axis=0), lambda x: pt.set_subtensor(x[:1], 1.0) if x.ndim else x, lambda x: x[:2].inc(1.0) if x.ndim else x, lambda x: x[-1] if x.ndim else x,
    lambda x: pt.concatenate([x, x])[: x.shape[0]] if x.ndim else x, lambda x: x.sum(axis=0).sum() if x.ndim else x, lambda x: x.mean(axis=0) if x.ndim else x,
    lambda x: pt.stack([x, -x])[1], lambda x: x.prod(axis=0) if x.ndim else x, lambda x: pt.zeros_like(x)[:1].set(x[:1]) if x.ndim else x,
]  # fmt: skip
SMOOTH = [
    pt.exp, pt.sigmoid, pt.softplus, pt.tanh, lambda x: pt.log(1 + pt.exp(x)), lambda x: pt.log1p(pt.exp(-x)), lambda x: 1 / (1 + pt.exp(-x)),
    lambda x: pt.log(pt.sigmoid(x)), lambda x: pt.log(1 - pt.sigmoid(x)), lambda x: 1 - pt.sigmoid(x), lambda x: pt.exp(x) / (1 + pt.exp(x)),
    lambda x: pt.log(pt.exp(x).sum(axis=0)) if x.ndim else x, lambda x: pt.special.softmax(x, axis=-1) if x.ndim else x,
    lambda x: pt.log(pt.special.softmax(x, axis=-1)) if x.ndim else x, lambda x: pt.special.log_softmax(x, axis=0) if x.ndim else x,
    lambda x: pt.erf(x), lambda x: 1 - pt.erf(x), lambda x: pt.log(pt.erfc(x)), lambda x: pt.exp(x) - 1, lambda x: pt.sin(x), lambda x: pt.sqrt(pt.sqr(x) + 1),
    lambda x: pt.log(pt.sqr(x) + 0.5), lambda x: pt.log(pt.exp(x) + pt.exp(2 * x)), lambda x: pt.logsumexp(x, axis=0) if x.ndim else x,
]  # fmt: skip
BINARY = [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, pt.maximum, pt.minimum, lambda x, y: pt.switch(x > y, x, y), lambda x, y: x + y + x,
    lambda x, y: -x - y, lambda x, y: x - (-y), lambda x, y: (-x) * y, lambda x, y: (x * y) * (x + y), lambda x, y: x + (y + (x + 2.0)), pt.fill,
]  # fmt: skip
DIVIDE = [
    lambda x, y: x / y,
    lambda x, y: -(x / y),
    lambda x, y: (-x) / (-y),
    lambda x, y: x * (1 / y),
]


@st.composite
def graphs(draw, unary, binary, numbers):
    """Return inputs with values, and an output made of them by random steps."""
    shapes = {"m": (3, 3), "v": (3,), "s": (), "r": (1, 3)}
    inputs = {
        pt.tensor(
            name, dtype="float64", shape=tuple(1 if n == 1 else None for n in shape)
        ): np.array(
            draw(st.lists(numbers, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        ).reshape(shape)
        for name, shape in shapes.items()
    }
    known = list(inputs)
    for _ in range(draw(st.integers(2, 7))):
        if draw(st.booleans()):
            new = draw(st.sampled_from(unary))(draw(st.sampled_from(known)))
        else:
            new = draw(st.sampled_from(binary))(
                draw(st.sampled_from(known)), draw(st.sampled_from(known))
            )
        if new.type.ndim <= 3:
            known.append(new)
    return inputs, known[-1]


def try_evaluate(output, values):
    """Return the value, or None where the raw graph has none (shapes that do not fit)."""
    try:
        return evaluate(output, values)
    except (ValueError, IndexError):
        return None


def largest(output, values):
    """Return the largest number on the way to a value, infinity if one is NaN."""
    steps = [v for v in ancestors([output]) if isinstance(v.type, pt.TensorType)]
    numbers = [abs(np.asarray(v, dtype="float64")).max(initial=0) for v in evaluate(steps, values)]
    return np.inf if np.isnan(numbers).any() else max(numbers)


NASTY = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, np.inf, -np.inf, np.nan, 1e-30])
ORDINARY = st.floats(-1.5, 1.5, allow_subnormal=False).filter(lambda v: abs(v) > 1e-3)


@SETTINGS
@given(graphs(UNARY_EXACT + SHAPERS, BINARY + DIVIDE, NASTY))
def test_special_values_survive(graph):
    values, output = graph
    raw = try_evaluate(output, values)
    if raw is None:
        return
    got = evaluate(rewrite(output, "inline", exclude=["stabilize", "zero_sign"]), values)
    np.testing.assert_allclose(got, raw, rtol=1e-9, atol=1e-300, err_msg=show(output))
    assert np.asarray(got).dtype == np.asarray(raw).dtype


@SETTINGS
@given(graphs(UNARY_EXACT, BINARY + DIVIDE, NASTY))
def test_signs_of_zeros_survive_without_zero_sign(graph):
    values, output = graph
    raw = try_evaluate(output, values)
    if raw is None:
        return
    got = evaluate(rewrite(output, "specialize", exclude=["stabilize", "zero_sign"]), values)
    zeros = (np.asarray(raw) == 0) & (np.asarray(got) == 0)
    assert (np.signbit(got) == np.signbit(raw))[zeros].all(), show(output)


@SETTINGS
@given(graphs(UNARY_EXACT[:-4] + SHAPERS + SMOOTH, BINARY, ORDINARY))
def test_values_and_gradients_survive(graph):
    values, output = graph
    raw = try_evaluate(output, values)
    if raw is None or largest(output, values) > 3:
        return  # far from zero, functions such as 1 - erf(x) lose the digits that a rewrite saves
    cost = pt.cos(output).sum()
    gradients = grad(cost, list(values), disconnected_inputs="ignore")
    outputs = [output, cost, *gradients]
    expected = evaluate(outputs, values)
    got = evaluate(rewrite(outputs, "inline"), values)
    for new, old in zip(got, expected, strict=True):
        assert np.shape(new) == np.shape(old)
        if np.isfinite(old).all():
            scale = max(1.0, abs(old).max(initial=0))
            np.testing.assert_allclose(new, old, rtol=1e-6, atol=1e-8 * scale, err_msg=show(output))


INTEGERS = st.integers(-128, 127)
INTEGER_STEPS = [
    lambda x: -x, abs, lambda x: x + 0, lambda x: x * 1, lambda x: x * 0, lambda x: x - x, lambda x: x * 3 * 5, lambda x: x + 100 + 50, lambda x: pt.sqr(x),
    lambda x: x**2, lambda x: x - (-x), lambda x: (-x) * x, lambda x: x.astype("int64").astype("int8"), lambda x: x / 2, lambda x: x // 3, lambda x: x % 5,
    lambda x: pt.eq(x, x), lambda x: pt.lt(x, x), lambda x: x ^ x, lambda x: x & x, lambda x: ~(~x), lambda x: x.sum(), lambda x: (-x).sum(), lambda x: x.prod(),
    lambda x: x.max(), lambda x: pt.switch(x > 3, x, 0), lambda x: x.astype("float64").astype("int16"),
]  # fmt: skip


@SETTINGS
@given(
    st.lists(INTEGERS, min_size=3, max_size=3),
    st.lists(st.sampled_from(INTEGER_STEPS), min_size=1, max_size=5),
)
def test_integers_are_exact(numbers, steps):
    x = pt.vector("x", dtype="int8")
    y = x
    for step in steps:
        try:
            y = step(y)
        except (TypeError, NotImplementedError):
            return
    raw = try_evaluate(y, {x: np.array(numbers, dtype="int8")})
    got = evaluate(rewrite(y, "specialize"), {x: np.array(numbers, dtype="int8")})
    assert np.asarray(got).dtype == np.asarray(raw).dtype
    np.testing.assert_array_equal(got, raw, err_msg=show(y))
