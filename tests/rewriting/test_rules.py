"""Every row of every table: both sides agree on ordinary and on nasty numbers."""

import itertools

import mpmath
import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.pattern import PatternNode, Wildcard, instantiate
from pytensorlite.tensor.elemwise import DimShuffle
from pytensorlite.tensor.rewriting import canonicalize, specialize, stabilize
from tests.rewriting.tools import HUGE, NASTY, evaluate

TABLES = [
    canonicalize.inverse_pairs,
    canonicalize.real_identities,
    canonicalize.finite_identities,
    specialize.cheaper,
]
STABILIZING = [
    *stabilize.near_one,
    *stabilize.logistic,
    *stabilize.error_function,
    *stabilize.logarithms,
]
ROWS = [*(row for table in TABLES for row in table), *STABILIZING]
SAFE = [row for row in ROWS if row.unsafe is None]


def names_in(pattern):
    """Return the names of the wildcards of a pattern, sorted."""
    found, pending = set(), [pattern]
    while pending:
        part = pending.pop()
        if isinstance(part, Wildcard):
            found.add(part.name)
        elif isinstance(part, PatternNode):
            pending.extend(part.inputs)
    return sorted(found)


def both_sides(row, dtype, values):
    """Return what the left side of a row gives, what the right side gives, and their variables."""
    names = names_in(row.before)
    variables = [pt.vector(name, dtype=dtype) for name in names]
    before = instantiate(row.before, dict(zip(names, variables, strict=True)))
    fgraph = FunctionGraph(variables, [before], clone=False)
    answer = row.transform(fgraph, before.owner)
    assert answer, f"{row} does not match its own left side"
    grid = np.array(list(itertools.product(values, repeat=len(names))), dtype=dtype).T
    known = dict(zip(variables, grid, strict=True))
    return evaluate(before, known), evaluate(answer[0], known), before, answer[0], grid


def dtype_for(row):
    return "bool" if row.name == "local_invert_invert" else "float64"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_type_is_kept(row):
    for dtype in ("bool",) if row.name == "local_invert_invert" else ("float32", "float64"):
        *_, before, after, _ = both_sides(row, dtype, [0.5, 2.0])
        assert before.type.is_super(after.type)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ordinary_numbers(row, rng):
    values = [0, 1] if row.name == "local_invert_invert" else rng.normal(size=40)
    left, right, *_ = both_sides(row, dtype_for(row), values)
    np.testing.assert_allclose(right, left, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row", SAFE, ids=lambda row: row.name)
def test_nasty_numbers(row):
    if row.name == "local_invert_invert":
        pytest.skip("booleans have no nasty values")
    left, right, before, _, grid = both_sides(row, "float64", [*NASTY, *HUGE])
    names = names_in(row.before)
    for position, values in enumerate(grid.T):
        old, new = left[position], right[position]
        if np.isclose(old, new, rtol=1e-6, atol=1e-14, equal_nan=True):
            continue
        where = f"{dict(zip(names, values, strict=True))}: {old} became {new}"
        assert not np.isnan(values).any(), where
        if np.isfinite(values).all() and abs(values).max() > 1e4:
            assert not np.isfinite(old) or row.name in AT_INFINITY, where
        elif np.isfinite(values).all():
            # One of the two lost its digits: it must not be the right one.
            truth = exactly(before, names, values)
            assert np.isclose(truth, new, rtol=1e-6, atol=1e-14, equal_nan=True), (where, truth)
        else:
            assert row.name in AT_INFINITY, where


# The value on the right is the limit; on the left infinity meets infinity, or pi / 2 is rounded.
AT_INFINITY = {
    "local_exp_over_1_plus_exp",
    "local_sigm_times_exp",
    "local_sigm_times_exp_neg",
    "local_logit_sigmoid",
    "logdiffexp_to_log1mexpdiff",
    "useless_Tan_of_Arctan",
}

# ruff: noqa: E501 - rows of functions
EXACT = {
    "add": mpmath.fadd, "sub": mpmath.fsub, "mul": mpmath.fmul, "true_div": mpmath.fdiv, "neg": lambda x: -x,
    "reciprocal": lambda x: 1 / x, "sqr": lambda x: x * x, "sqrt": mpmath.sqrt, "abs": abs, "exp": mpmath.exp,
    "log": mpmath.log, "log1p": lambda x: mpmath.log(1 + x), "expm1": lambda x: mpmath.exp(x) - 1,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "erf": mpmath.erf, "erfc": mpmath.erfc, "sinh": mpmath.sinh, "arcsinh": mpmath.asinh, "tanh": mpmath.tanh,
    "arctanh": mpmath.atanh, "cosh": mpmath.cosh, "tan": mpmath.tan, "arctan": mpmath.atan,
    "deg2rad": mpmath.radians, "rad2deg": mpmath.degrees,
}  # fmt: skip


def exactly(variable, names, values):
    """Compute a small graph with 1200 digits, as mathematics has it; NaN where it is not real."""
    known = dict(zip(names, map(mpmath.mpf, values), strict=True))

    def value_of(v):
        if v.owner is None:
            return known[v.name] if v.name in known else mpmath.mpf(float(v.data))
        if isinstance(v.owner.op, DimShuffle):
            return value_of(v.owner.inputs[0])
        return EXACT[v.owner.op.scalar_op.name](*map(value_of, v.owner.inputs))

    with mpmath.workdps(1200):
        try:
            result = value_of(variable)
        except (ZeroDivisionError, ValueError):
            return np.nan
        return float(result) if isinstance(result, mpmath.mpf) else np.nan


@pytest.mark.parametrize(
    "row", [row for row in SAFE if row not in STABILIZING], ids=lambda row: row.name
)
def test_sign_of_zero_is_kept_or_said(row):
    """A row that may change the sign of a zero says so by its tag."""
    if "zero_sign" in row.tags or row.name == "local_invert_invert":
        pytest.skip("says so")
    left, right, _, _, grid = both_sides(row, "float64", NASTY)
    both_zero = (left == 0) & (right == 0)
    differ = both_zero & (np.signbit(left) != np.signbit(right))
    assert not differ.any(), [(*grid[:, i], left[i], right[i]) for i in np.flatnonzero(differ)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_integers_are_left_alone_or_exact(row):
    """Integers wrap around; a row about real numbers must not touch them."""
    names = names_in(row.before)
    dtype = "bool" if row.name == "local_invert_invert" else "int8"
    variables = [pt.vector(name, dtype=dtype) for name in names]
    try:
        before = instantiate(row.before, dict(zip(names, variables, strict=True)))
    except TypeError:
        pytest.skip("not defined for integers")
    fgraph = FunctionGraph(variables, [before], clone=False)
    answer = row.transform(fgraph, before.owner)
    if answer:
        everything = [0, 1] if dtype == "bool" else range(-128, 128)
        grid = np.array(list(itertools.product(everything, repeat=len(names))), dtype=dtype).T
        known = dict(zip(variables, grid, strict=True))
        np.testing.assert_array_equal(evaluate(answer[0], known), evaluate(before, known))
