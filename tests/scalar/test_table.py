"""For every row of the op table: C agrees with NumPy, the dtypes and the derivatives are right.

A new row is tested by existing; without an entry in `domains` it fails here.
"""

from __future__ import annotations

import itertools
import re
import zlib
from functools import cache

import numpy as np
import pytest

from pytensorlite.scalar import math as special_rows  # noqa: F401 - fills the table
from pytensorlite.scalar.dtypes import kind
from pytensorlite.scalar.table import ROWS
from tests.scalar.compiled_rows import Case, CompiledRows, arity, cases
from tests.scalar.domains import DOMAINS

UNCAST = [name for name in ROWS if not name.startswith("convert_to_")]

# fmt: off
EDGES = {
    "b": [0, 1],
    "f": [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.0, 3.0, -2.5, 1e-3, 99],
    "c": [0, 1, 1j, -1, -1j, 0.5 + 2j, -3 + 0.25j, 2 - 1e-3j, 1e-8 + 1e-8j, -2.5 - 1.5j, 40 + 3j],
}

#: ULPs that a vector loop may be away from NumPy, both within their own bounds of the true value.
ULPS = {
    "gamma": 16, "gammaln": 32, "psi": 32, "gammaln_positive": 32, "psi_positive": 32,
    "tri_gamma": 32, "i0": 16, "i1": 16, "erfcx": 12,
    "erfinv": 16, "erfcinv": 16, "j0": 64, "j1": 64, "log1mexp": 12, "logaddexp": 24,
    "logaddexp2": 12, "polygamma": 64, "abs": 1, "xlogx": 10, "spacing": 0, "mod": 0, "fmod": 0,
    "int_div": 0,
}
EXACT = {
    "add", "sub", "mul", "true_div", "sqrt", "neg", "sqr", "reciprocal", "floor", "ceil", "trunc",
    "rint", "maximum", "minimum", "fmax", "fmin", "clip", "switch", "copysign", "nextafter",
    "sign", "heaviside", "identity", "second", "round_half_to_even", "ldexp", "real", "imag",
    "round_half_away_from_zero", "deg2rad", "rad2deg", "positive",
}
# fmt: on

#: Measured in ULP of max(|value|, 0.25).
WITH_ZEROS = {"gammaln", "gammaln_positive", "psi", "psi_positive", "j0", "j1"}

BY_PARAMETER = {name for name in ROWS if re.match("(gammainc|betainc|hyp2f1)_d", name)}

#: Where SciPy's answer is an accident, with ours, which is what the limit says.
BETTER = {
    "gammaln": {-np.finfo("float64").smallest_subnormal: 744.4400719213812},
    "erfinv": {-0.0: -0.0},
    "erfcinv": {1.0: 0.0},
    "i0": {np.inf: np.inf, -np.inf: np.inf},
    "i1": {np.inf: np.inf, -np.inf: -np.inf, -0.0: -0.0},
    "j0": {np.inf: 0.0, -np.inf: 0.0},
    "j1": {np.inf: 0.0, -np.inf: -0.0},
}


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Every row as C."""
    return CompiledRows(tmp_path_factory.mktemp("rows"))


@cache
def edge_values(dtype: str) -> np.ndarray:
    """The values at which things go wrong, in `dtype`."""
    family = kind(dtype)
    if family in "iu":
        info = np.iinfo(dtype)
        values = {info.min, info.min + 1, info.max - 1, info.max, 0, 1, 2, 3, 7, 8, 31, 63, 100}
        values |= {-1, -2, -3, -7} if family == "i" else set()
        return np.array(sorted(values), dtype)
    values = EDGES[family]
    if family == "f":
        info = np.finfo(dtype)
        values = [*values, info.tiny, -info.smallest_subnormal, info.max, -info.max, info.eps]
    return np.array(values, dtype)


def samples(case: Case, rng: np.random.Generator, count: int = 37) -> list[np.ndarray]:
    """Return every combination of edge values, then `count` draws from the row's domain."""
    edges = [edge_values(dtype) for dtype in case.dtypes]
    if len(edges) > 2:
        edges = [values[::3] for values in edges]
    grid = np.array(list(itertools.product(*map(range, map(len, edges))))).T
    return [
        np.concatenate([values[i], draw(dtype, interval, rng, count)])
        for values, i, dtype, interval in zip(
            edges, grid, case.dtypes, domain(case.name), strict=True
        )
    ]


def domain(name: str) -> tuple:
    """Return the sample intervals of a row."""
    return ((-100.0, 100.0),) if name.startswith("convert_to_") else DOMAINS[name]


def draw(dtype, interval, rng, count):
    """Draw from an interval, cut to what `dtype` can be."""
    values = rng.uniform(*interval, count)
    if kind(dtype) == "c":
        values = values + 1j * rng.uniform(*interval, count)
    if kind(dtype) in "biu":
        values = np.trunc(values).astype("int64")
    return values.astype(dtype)


def seeded(name: str) -> np.random.Generator:
    """Return a generator of its own for each row, so that failures do not depend on order."""
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.mark.parametrize("name", UNCAST)
def test_every_row_has_a_domain(name):
    assert len(DOMAINS[name]) == arity(ROWS[name])


@pytest.mark.parametrize("case", cases(), ids=str)
def test_c_agrees_with_numpy(case, compiled):
    if case.touches_half and not compiled.has_half:
        pytest.skip("this compiler has no _Float16")
    inputs = samples(case, seeded(case.name))
    if case.name in ("gcd", "lcm") and kind(case.dtypes[0]) == "i":
        # NumPy takes abs of the lowest integer, which has none.
        lowest = np.iinfo(case.dtypes[0]).min
        keep = (inputs[0] != lowest) & (inputs[1] != lowest)
        inputs = [x[keep] for x in inputs]
    if case.name in ("j0", "j1"):
        # Neither library has the digits of pi that huge arguments need.
        inputs = [inputs[0][~(np.abs(inputs[0].astype("float64")) > 1e5)]]
    if case.name == "polygamma":
        # SciPy adds one to the order in its own width, and has few digits for high orders.
        inputs = [x[np.abs(inputs[0].astype("float64")) < 20] for x in inputs]
    expected = case.row.evaluate(*inputs)
    got = compiled(case, *inputs)
    assert got.dtype == expected.dtype
    assert_same(got, expected, inputs, case)


def assert_same(got, expected, inputs, case):
    """Special values bit for bit, numbers within the row's ULPs."""
    if kind(str(got.dtype)) in "biu":
        wrong = got != expected
    elif kind(str(got.dtype)) == "c":
        wrong = ~complex_close(got, expected)
    elif case.name in BY_PARAMETER:
        wrong = ~by_parameter_close(got, expected, inputs)
    else:
        expected = improved(expected, inputs, case.name)
        wrong = ~float_close(got, expected, case)
    listing = [
        (*(x[i] for x in inputs), "C", got[i], "NumPy", expected[i])
        for i in np.flatnonzero(wrong)[:8]
    ]
    assert not listing, f"{case}: {wrong.sum()} of {got.size} differ: {listing}"


def improved(expected, inputs, name):
    """Replace SciPy's accidents."""
    expected = expected.copy()
    for value, better in BETTER.get(name, {}).items():
        where = (inputs[0] == value) & (np.signbit(inputs[0]) == np.signbit(value))
        expected[where] = better
    return expected


def by_parameter_close(got, expected, inputs):
    """Derivatives by a parameter come from quadrature: nine digits, of parameters not too small."""
    precision = 1e-9 if got.dtype == "float64" else 1e-5
    with np.errstate(all="ignore"):
        small = np.any([np.abs(x.astype("float64")) < 0.01 for x in inputs[:-1]], axis=0)
        near = np.abs(got - expected) <= precision * (np.abs(expected) + 1e-3)
    return near | (got == expected) | (np.isnan(got) & np.isnan(expected)) | small


def float_close(got, expected, case):
    allowed = 0 if case.name in EXACT else ULPS.get(case.name, 8)
    floor = 0.25 if case.name in WITH_ZEROS else 0.0
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.maximum(np.abs(expected), np.asarray(floor, expected.dtype)))
        distance = np.abs(got.astype("float64") - expected.astype("float64"))
        near = distance <= allowed * spacing.astype("float64")
    special = ~np.isfinite(expected) | (expected == 0)
    if case.name in ("maximum", "minimum", "fmax", "fmin"):
        # Of two zeros NumPy returns the one or the other, as its instructions happen to do.
        got, expected = got + 0.0, expected + 0.0
    same_zero = (got == expected) & (np.signbit(got) == np.signbit(expected))
    # A denormal result may be rounded to zero or back, within its ULPs.
    tiny = np.abs(got) <= allowed * np.finfo(expected.dtype).smallest_subnormal
    near |= got == expected
    same = same_zero | (np.isnan(got) & np.isnan(expected)) | ((expected == 0) & (got != 0) & tiny)
    return np.where(special, same, near)


def complex_close(got, expected):
    precision = 2e-5 if got.dtype == "complex64" else 1e-13
    with np.errstate(all="ignore"):
        near = np.abs(got - expected) <= precision * np.abs(expected)
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return near | same | (np.isinf(got) & np.isinf(expected))
