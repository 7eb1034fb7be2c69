"""How far the functions of the op table are from the truth, and how long they take.

``python -m benchmarks.accuracy`` draws 10 000 points a function, compares loops compiled as in
programs with mpmath, and writes the table of ``docs/accuracy.md``. The tests run the same
comparison on fewer points and hold it against the bounds below.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

from benchmarks.ops import DOMAINS
from benchmarks.special_coefficients import erfc_inverse
from pytensorlite.cgen.build import build
from pytensorlite.cgen.emit import C_TYPES, statements
from pytensorlite.cgen.features import level
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, Let, Load, Loop, Op, Stmt, Store, Var
from pytensorlite.cgen.vectors import in_vectors
from pytensorlite.scalar import math as special_rows  # noqa: F401 - fills the table
from pytensorlite.scalar.headers import headers_of
from pytensorlite.scalar.table import ROWS

Draw = Callable[[np.random.Generator, int], np.ndarray]

#: Bounds in ULP for loops of doubles, floats, and for one double at a time.
ELEMENTARY, FAMILY = (
    (4, 4, 2),
    {"erf": (4, 4, 4), "gamma": (10, 4, 10), "log gamma": (16, 16, 16), "positive": (6, 6, 6)},
)


def uniform(low: float, high: float) -> Draw:
    """Draw evenly."""
    return lambda rng, n: rng.uniform(low, high, n)


def decades(low: float, high: float, *, signed: bool = False) -> Draw:
    """Draw evenly on the logarithmic scale from 10**low to 10**high."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        sign = rng.choice([-1.0, 1.0], n) if signed else 1.0
        return sign * 10 ** rng.uniform(low, high, n)

    return draw


def near_one(low: float) -> Draw:
    """Draw 1 - 10**-k for k between 0 and -low."""
    return lambda rng, n: 1 - 10 ** rng.uniform(low, 0, n)


def near_poles(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw about -1, -2, ..., -7: the zeros of log gamma lie close to its poles there."""
    return -rng.integers(1, 8, n) + rng.choice([-1.0, 1.0], n) * 10 ** rng.uniform(-6, -0.3, n)


def pairs(first: Draw, second: Draw) -> Draw:
    """Draw two numbers, for functions of two."""
    return lambda rng, n: np.stack([first(rng, n), second(rng, n)])


@dataclass(frozen=True)
class Function:
    """A row, the truth, where it is measured, and the bounds."""

    name: str
    truth: Callable[..., Any]
    draws: tuple[Draw, ...]
    bounds: tuple[float, float, float] = ELEMENTARY
    domain: str = ""
    floor: float = 0.0


def _erfcx(x: Any) -> Any:
    if x > 1000:
        return (1 - 1 / (2 * x**2) + 3 / (4 * x**4) - 15 / (8 * x**6)) / (x * mp.sqrt(mp.pi))
    return mp.exp(x * x) * mp.erfc(x)


def _erfcinv(c: Any) -> Any:
    return erfc_inverse(c) if c <= 1 else -erfc_inverse(2 - c)


def _erfinv(x: Any) -> Any:
    return mp.erfinv(x) if abs(x) < 1e-3 else mp.sign(x) * erfc_inverse(1 - abs(x))


def _log1mexp(x: Any) -> Any:
    return mp.log(-mp.expm1(x)) if x > -1 else mp.log1p(-mp.exp(x))


def _gammaln(x: Any) -> Any:
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.loggamma(x)


# fmt: off
# ruff: noqa: E501 - a table
FUNCTIONS = [
    Function("exp",      mp.exp,      (uniform(-708, 709), decades(-5, 1, signed=True)), domain="where it is normal"),
    Function("exp2",     lambda x: mp.power(2, x), (uniform(-1022, 1023),), domain="where it is normal"),
    Function("expm1",    mp.expm1,    (uniform(-40, 700), decades(-10, 1, signed=True)), domain="-40 to 700"),
    Function("log",      mp.log,      (uniform(0.5, 2), decades(-300, 300)), domain="all positive"),
    Function("log2",     lambda x: mp.log(x) / mp.log(2), (uniform(0.5, 2), decades(-300, 300)), domain="all positive"),
    Function("log10",    mp.log10,    (uniform(0.5, 2), decades(-300, 300)), domain="all positive"),
    Function("log1p",    mp.log1p,    (uniform(-0.999, 1), decades(-18, 18)), domain="above -1"),
    Function("sqrt",     mp.sqrt,     (decades(-300, 300),), (0.5, 0.5, 0.5), domain="all positive"),
    Function("cbrt",     mp.cbrt,     (decades(-300, 300),), (4, 4, 4), domain="all"),
    Function("sin",      mp.sin,      (uniform(-10, 10), decades(-8, 12, signed=True)), domain="up to 1e12"),
    Function("cos",      mp.cos,      (uniform(-10, 10), decades(-8, 12, signed=True)), domain="up to 1e12"),
    Function("tan",      mp.tan,      (uniform(-10, 10), decades(-8, 8, signed=True)), domain="up to 1e8"),
    Function("arcsin",   mp.asin,     (uniform(-1, 1), decades(-10, 0, signed=True)), domain="all"),
    Function("arccos",   mp.acos,     (uniform(-1, 1),), domain="all"),
    Function("arctan",   mp.atan,     (decades(-10, 10, signed=True),), domain="all"),
    Function("arctan2",  mp.atan2,    (pairs(uniform(-5, 5), uniform(-5, 5)), pairs(decades(-9, 9, signed=True), decades(-9, 9, signed=True))), domain="all"),
    Function("hypot",    mp.hypot,    (pairs(uniform(-5, 5), uniform(-5, 5)), pairs(decades(-9, 9), decades(-9, 9))), domain="all"),
    Function("pow",      mp.power,    (pairs(uniform(0, 5), uniform(-5, 5)), pairs(decades(-9, 9), uniform(-9, 9)), pairs(uniform(0.7, 1.4), uniform(-2000, 2000)), pairs(decades(-300, 300), uniform(-1, 1))), domain="positive base"),
    Function("sinh",     mp.sinh,     (uniform(-700, 700), decades(-10, 1, signed=True)), domain="-700 to 700"),
    Function("cosh",     mp.cosh,     (uniform(-700, 700), decades(-10, 1, signed=True)), domain="-700 to 700"),
    Function("tanh",     mp.tanh,     (uniform(-20, 20), decades(-10, 0, signed=True)), (4, 4, 3), domain="all"),
    Function("arcsinh",  mp.asinh,    (decades(-10, 100, signed=True),), domain="all"),
    Function("arccosh",  mp.acosh,    (lambda rng, n: 1 + 10 ** rng.uniform(-10, 100, n),), (4, 4, 3), domain="all"),
    Function("arctanh",  mp.atanh,    (uniform(-1, 1), decades(-10, 0, signed=True)), domain="all"),
    Function("sigmoid",  lambda x: 1 / (1 + mp.exp(-x)), (uniform(-708, 40), uniform(-5, 5)), (4, 4, 3), domain="where it is normal"),
    Function("softplus", lambda x: mp.log1p(mp.exp(x)), (uniform(-700, 700), uniform(-5, 5)), (4, 4, 3), domain="-700 to 700"),
    Function("log1mexp", _log1mexp,   (lambda rng, n: -(10 ** rng.uniform(-15, 2.8, n)), uniform(-3, 0)), (4, 6, 3), domain="all negative"),
    Function("erf",      mp.erf,      (uniform(-6, 6), decades(-10, 0, signed=True)), FAMILY["erf"], domain="all"),
    Function("erfc",     mp.erfc,     (uniform(-6, 26),), FAMILY["erf"], domain="-6 to 26"),
    Function("erfcx",    _erfcx,      (uniform(-26, 5), decades(-5, 10)), FAMILY["erf"], domain="above -26"),
    Function("erfinv",   _erfinv,     (uniform(-1, 1), near_one(-16), decades(-10, 0, signed=True)), (8, 4, 8), domain="all"),
    Function("erfcinv",  _erfcinv,    (uniform(0, 2), decades(-300, 0)), (8, 4, 8), domain="all"),
    Function("gamma",    mp.gamma,    (uniform(0, 170), uniform(-50, 0)), FAMILY["gamma"], domain="-50 to 170"),
    Function("gammaln",  _gammaln,    (uniform(0, 20), decades(-5, 6), uniform(-8, 0), near_poles), FAMILY["log gamma"], domain="above -8", floor=0.25),
    Function("gammaln_positive", _gammaln, (uniform(0, 20), decades(-5, 6)), FAMILY["positive"], domain="all", floor=0.25),
    Function("psi",      lambda x: mp.psi(0, x), (uniform(0, 20), decades(-5, 6), uniform(-4, 0)), FAMILY["log gamma"], domain="above -4", floor=0.25),
    Function("psi_positive", lambda x: mp.psi(0, x), (uniform(0, 20), decades(-5, 6)), FAMILY["positive"], domain="all", floor=0.25),
    Function("tri_gamma", lambda x: mp.psi(1, x), (uniform(0, 20), decades(-5, 6), uniform(-8, 0)), FAMILY["log gamma"], domain="above -8"),
    Function("i0",       lambda x: mp.besseli(0, x), (uniform(0, 20), decades(-3, 2.85)), (8, 4, 8), domain="up to 700"),
    Function("i1",       lambda x: mp.besseli(1, x), (uniform(0, 20), decades(-3, 2.85)), (8, 4, 8), domain="up to 700"),
]
# fmt: on


def loops(functions: list[Function]) -> dict[str, Any]:
    """Compile each function as a loop of doubles, of floats, and of one double at a time."""
    code = "\n".join(text for f in functions for text in _loop_texts(f.name))
    headers = ["stddef.h", "ptl_loops.h", "ptl_math.h", *headers_of(code)]
    includes = "\n".join(f'#include "{h}"' for h in headers)
    library = build(f"{includes}\n{code}{REPEAT}", label="accuracy")
    prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_size_t)
    names = [f"{kind}_{f.name}" for f in functions for kind in ("double", "float", "single")]
    functions_by_name = {name: (library, prototype(library.address(name))) for name in names}
    timed = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_size_t, ctypes.c_size_t)
    return {**functions_by_name, "repeat": (library, timed(library.address("repeat")))}


#: Calls a loop again and again, so that what it takes to come from Python does not count.
REPEAT = """
typedef void loop(const void *, const void *, void *, size_t);
void repeat(loop *f, const void *a, const void *b, void *y, size_t n, size_t times) {
    for (size_t k = 0; k < times; k++) f(a, b, y, n);
}
"""


def _loop_texts(name: str) -> Iterator[str]:
    template = ROWS[name].c or ""
    for kind, dtype in (("double", "float64"), ("float", "float32"), ("single", "float64")):
        c_type, i = C_TYPES[dtype], Index.name("i")
        x, z = Var("x", dtype), Var("z", dtype)
        body = (
            Let(x, Load("a", i, dtype)),
            Let(z, Load("b", i, dtype)),
            Store("y", i, Op(template, (x, z)[: ROWS[name].nin], dtype)),
        )
        loop: tuple[Stmt, ...] = (Loop("i", Index.name("n"), body, kind="simd"),)
        if kind == "single":  # and so that it stays one
            barrier = Call('__asm__ volatile("" ::: "memory")')
            loop = (Loop("i", Index.name("n"), (*body, barrier)),)
        text = "\n".join(statements(in_vectors(loop)))
        yield (
            f"void {kind}_{name}(const {c_type} *restrict a, const {c_type} *restrict b, "
            f"{c_type} *restrict y, int64_t n) {{\n{text}\n}}\n"
        )


def apply(compiled: dict[str, Any], kind: str, name: str, points: np.ndarray) -> np.ndarray:
    """Run a compiled loop on the rows of `points`, one row an argument."""
    first, last = np.ascontiguousarray(points[0]), np.ascontiguousarray(points[-1])
    y = np.empty_like(first)
    compiled[f"{kind}_{name}"][1](first.ctypes.data, last.ctypes.data, y.ctypes.data, y.size)
    return y


def nanoseconds(compiled: dict[str, Any], kind: str, function: Function) -> float:
    """Return what an element takes in a loop over 1024 ordinary numbers, least of 30 rounds."""
    rng, dtype = np.random.default_rng(8), "float32" if kind == "float" else "float64"
    low, high = DOMAINS.get(function.name, (-3, 3))
    first, last = (rng.uniform(low, high, 1024).astype(dtype) for _ in range(2))
    y, times, least = np.empty_like(first), 50, np.inf
    loop = ctypes.cast(compiled[f"{kind}_{function.name}"][1], ctypes.c_void_p)
    arguments = (loop, first.ctypes.data, last.ctypes.data, y.ctypes.data, y.size, times)
    for _ in range(30):
        start = time.perf_counter_ns()
        compiled["repeat"][1](*arguments)
        least = min(least, (time.perf_counter_ns() - start) / (times * y.size))
    return least


def errors(values: np.ndarray, truth: list, floor: float) -> np.ndarray:
    """Return the distance of each value from the truth in ULP of max(|truth|, floor)."""
    result = np.zeros(len(values))
    for i, (value, exact) in enumerate(zip(values, truth, strict=True)):
        nearest = values.dtype.type(exact)
        if not np.isfinite(nearest) or not np.isfinite(value):
            result[i] = 0.0 if value == nearest else np.inf
            continue
        unit = np.spacing(np.maximum(np.abs(nearest), values.dtype.type(floor)))
        result[i] = float(abs(mp.mpf(float(value)) - exact) / mp.mpf(float(unit)))
    return result


def drawn(function: Function, count: int) -> np.ndarray:
    """Return `count` points, one row an argument."""
    rng = np.random.default_rng(7)
    share = max(1, count // len(function.draws))
    return np.concatenate([np.atleast_2d(draw(rng, share)) for draw in function.draws], axis=1)


def measure(function: Function, compiled: dict[str, Any], count: int) -> tuple[float, float, float]:
    """Return the largest error of loops of doubles, of floats, and of single doubles."""
    points = drawn(function, count)
    with np.errstate(all="ignore"), mp.workdps(40):
        truth = _truth(function, points)
        double = errors(apply(compiled, "double", function.name, points), truth, function.floor)
        single = errors(apply(compiled, "single", function.name, points), truth, function.floor)
        short = _normal_floats(points, truth)
        values = apply(compiled, "float", function.name, short)
        floats = errors(values, _truth(function, short), function.floor)
    return double.max(), floats.max(), single.max()


def _truth(function: Function, points: np.ndarray) -> list:
    return [function.truth(*map(mp.mpf, point)) for point in points.T.astype("float64").tolist()]


def _normal_floats(points: np.ndarray, truth: list) -> np.ndarray:
    """Return the points that single precision holds, with results that are normal floats."""
    tiny, huge = float(np.finfo("float32").tiny), float(np.finfo("float32").max) / 4
    fits = [
        all(tiny < abs(v) < huge for v in (*point, result))
        for point, result in zip(points.T.tolist(), truth, strict=True)
    ]
    inner = points[:, np.array(fits)].astype("float32")
    return inner[:, (np.abs(inner) != 1).all(axis=0)]


def table(count: int) -> Iterator[str]:
    """Yield the lines of the document."""
    compiled = loops(FUNCTIONS)
    yield "# Accuracy and speed of the elementary and special functions"
    yield ""
    yield "Nanoseconds an element in loops of float64 and of float32 over 1024 ordinary numbers, and the"
    yield "largest error against mpmath in units of the last place (ULP): in loops of float64, in loops"
    yield f"of float32, and for one float64 at a time; {count} points a function. `gammaln` and `psi`,"
    yield "which have zeros, are measured in ULP of max(|value|, 0.25); `gammaln_positive` and"
    yield "`psi_positive` are what they become where the graph says that the argument is not negative."
    yield "`exp_term` is what `exp` becomes where it is only added to exp(0): in sums with 512 bits it errs by"
    yield "|x| ULP more, which are less than half an ULP of the sum; alone it is `exp`."
    yield f"Compiled for {level()}. Written by `python -m benchmarks.accuracy`."
    yield ""
    yield "| function | domain | ns, float64 | ns, float32 | float64 loop | float32 loop | one float64 | bounds |"
    yield "|---|---|---:|---:|---:|---:|---:|---|"
    for function in FUNCTIONS:
        double, short, single = measure(function, compiled, count)
        wide = nanoseconds(compiled, "double", function)
        narrow = nanoseconds(compiled, "float", function)
        bounds = ", ".join(map(str, function.bounds))
        yield (
            f"| `{function.name}` | {function.domain} | {wide:.2f} | {narrow:.2f} "
            f"| {double:.2f} | {short:.2f} | {single:.2f} | {bounds} |"
        )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    default = Path(__file__).resolve().parents[1] / "docs" / "accuracy.md"
    parser.add_argument("--output", type=Path, default=default)
    arguments = parser.parse_args()
    arguments.output.write_text("\n".join(table(arguments.points)) + "\n")
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
