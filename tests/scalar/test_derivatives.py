"""For every row: the derivative against central differences, to second order, in both modes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pytensorlite.graph.basic import Constant
from pytensorlite.graph.null_type import DisconnectedType, NullType, disconnected_type
from pytensorlite.graph.traversal import toposort
from pytensorlite.scalar.basic import real
from pytensorlite.scalar.dtypes import kind
from pytensorlite.scalar.op import ScalarOp
from pytensorlite.scalar.table import ROWS
from pytensorlite.scalar.type import constant, get_scalar_type
from tests.scalar.domains import DOMAINS
from tests.scalar.test_table import UNCAST, draw, seeded

#: Derivatives by the order of a Bessel function, and third ones by parameters: nobody wrote them.
UNDEFINED = {(name, 0) for name in ("jv", "iv", "ive", "kv", "kve", "gammainc_dkk")}
UNDEFINED |= {(f"betainc_d{which}", i) for which in ("aa", "ab", "bb") for i in (0, 1)}
UNDEFINED |= {(f"hyp2f1_d{which}", i) for which in ("aa", "ab", "ac", "cc") for i in range(4)}
#: Rows that jump somewhere in their domain, where differences are meaningless.
JUMPS = {"mod", "fmod", "int_div", "nextafter", "spacing", "switch"}


def float_dtypes(row: ScalarOp) -> list[str] | None:
    """Return the dtypes for which a row maps floats to a float, or None."""
    dtypes = ["float64"] * len(DOMAINS[row.name])
    if row.name == "polygamma":
        dtypes[0] = "int64"
    if row.name == "ldexp":
        dtypes[1] = "int64"
    try:
        return dtypes if kind(row.output_dtype(*dtypes)) == "f" else None
    except TypeError:
        return None


def complex_count(row: ScalarOp) -> int:
    """How many complex inputs a row takes, 0 if it takes none or answers with bool."""
    count = len(DOMAINS[row.name])
    try:
        output = row.output_dtype(*["complex128"] * count)
    except TypeError:
        return 0
    return count if kind(output) in "fc" and row.derivative is not None else 0


SMOOTH = [name for name in UNCAST if float_dtypes(ROWS[name]) and name not in JUMPS]
COMPLEX = [
    name
    for name in UNCAST
    if complex_count(ROWS[name]) and name not in ("switch", "hyp2f1", "maximum", "minimum", "psi")
]


def evaluate(outputs: list, values: dict) -> list:
    """Run a scalar graph."""
    values = dict(values)
    for node in toposort(outputs):
        storage = [[None]]
        node.op.perform(node, [_value(x, values) for x in node.inputs], storage)
        values[node.outputs[0]] = storage[0][0]
    return [_value(x, values) for x in outputs]


def _value(x, values):
    return x.data if isinstance(x, Constant) else values[x]


def pull_back(y, wrt: list, g) -> list:
    """Differentiate a scalar graph in reverse; None where `y` does not depend on a variable."""
    cotangents = {y: g}
    for node in reversed(list(toposort([y]))):
        (output,) = node.outputs
        if output not in cotangents:
            continue
        terms = node.op.pullback(node.inputs, node.outputs, [cotangents[output]])
        for x, term in zip(node.inputs, terms, strict=True):
            if not isinstance(term.type, DisconnectedType | NullType):
                cotangents[x] = cotangents[x] + term if x in cotangents else term
    return [cotangents.get(x) for x in wrt]


def variables(dtypes: list[str]) -> list:
    """Return one scalar input per dtype."""
    return [get_scalar_type(dtype)(f"x{i}") for i, dtype in enumerate(dtypes)]


def difference(f: Callable, point: list, position: int, step: complex = 1.0) -> float:
    """Return the derivative of `f` along one argument, by five points."""
    h = 2e-3 * max(1.0, abs(point[position])) * step

    def at(k: int) -> float:
        moved = list(point)
        moved[position] = moved[position] + k * h
        return f(moved)

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * abs(h))


def points(name: str, dtypes: list[str], count: int = 6) -> list[list]:
    """Draw inputs from a row's domain, a little inside it."""
    rng = seeded(name)
    columns = [
        draw(dtype, _shrunk(interval), rng, count)
        for dtype, interval in zip(dtypes, DOMAINS[name], strict=True)
    ]
    return [list(point) for point in zip(*columns, strict=True)]


def _shrunk(interval):
    low, high = interval
    return low + 0.05 * (high - low), high - 0.05 * (high - low)


def smooth_positions(name: str, dtypes: list[str]) -> list[int]:
    """Return the inputs whose derivative is tested."""
    return [
        i for i, dtype in enumerate(dtypes) if dtype == "float64" and (name, i) not in UNDEFINED
    ]


@pytest.mark.parametrize("name", SMOOTH)
def test_first_derivative(name):
    row = ROWS[name]
    dtypes = float_dtypes(row)
    xs = variables(dtypes)
    y = row(*xs)
    terms = row.pullback(xs, [y], [constant(1.0, dtype="float64")])
    for point in points(name, dtypes):
        for i in smooth_positions(name, dtypes):
            expected = difference(lambda p: float(row.evaluate(*p)), point, i)
            if isinstance(terms[i].type, DisconnectedType):
                continue
            (got,) = evaluate([terms[i]], dict(zip(xs, point, strict=True)))
            np.testing.assert_allclose(got, expected, rtol=2e-7, atol=1e-8, err_msg=f"{point} {i}")


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivative(name):
    row = ROWS[name]
    dtypes = float_dtypes(row)
    xs = variables(dtypes)
    one = constant(1.0, dtype="float64")
    terms = row.pullback(xs, [row(*xs)], [one])
    for i in smooth_positions(name, dtypes):
        if isinstance(terms[i].type, DisconnectedType | NullType):
            continue
        seconds = pull_back(terms[i], xs, one)
        for point in points(name, dtypes, 3):
            values = dict(zip(xs, point, strict=True))
            for j in smooth_positions(name, dtypes):
                if seconds[j] is None:
                    continue
                expected = difference(
                    lambda p, term=terms[i]: float(
                        evaluate([term], dict(zip(xs, p, strict=True)))[0]
                    ),
                    point,
                    j,
                )
                (got,) = evaluate([seconds[j]], values)
                np.testing.assert_allclose(
                    got, expected, rtol=1e-6, atol=1e-7, err_msg=f"{point} {i} {j}"
                )


@pytest.mark.parametrize("name", SMOOTH)
def test_pushforward_is_the_transpose(name):
    row = ROWS[name]
    dtypes = float_dtypes(row)
    xs = variables(dtypes)
    y = row(*xs)
    terms = row.pullback(xs, [y], [constant(1.0, dtype="float64")])
    for i in smooth_positions(name, dtypes):
        tangents = [
            constant(1.0, dtype="float64") if j == i else disconnected_type()
            for j in range(len(xs))
        ]
        (pushed,) = row.pushforward(xs, [y], tangents)
        disconnected = isinstance(terms[i].type, DisconnectedType)
        assert disconnected == isinstance(pushed.type, DisconnectedType)
        if disconnected or isinstance(terms[i].type, NullType):
            continue
        for point in points(name, dtypes, 2):
            values = dict(zip(xs, point, strict=True))
            np.testing.assert_allclose(*evaluate([pushed, terms[i]], values), rtol=1e-12)


@pytest.mark.parametrize(("name", "position"), sorted(UNDEFINED))
def test_unwritten_derivatives_say_so(name, position):
    row = ROWS[name]
    xs = variables(["float64"] * row.nin)
    terms = row.pullback(xs, [row(*xs)], [constant(1.0, dtype="float64")])
    assert isinstance(terms[position].type, NullType)


@pytest.mark.parametrize("name", [name for name in UNCAST if ROWS[name].derivative is None])
def test_rows_without_a_rule_have_float_zeros(name):
    row = ROWS[name]
    for dtype in ("float32", "int16"):
        xs = variables([dtype] * len(DOMAINS[name]))
        try:
            y = row(*xs)
        except TypeError:
            continue
        for term in row.pullback(xs, [y], [get_scalar_type("float64")()]):
            assert term.dtype == ("float32" if dtype == "float32" else "float64")
            values = {x: np.dtype(x.dtype).type(3) for x in xs}
            assert evaluate([term], values) == [0]


# -- complex numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_derivative(name):
    """The cotangent of z is d cost/d re z + i d cost/d im z, for cost = re(conj(w) f(z))."""
    row = ROWS[name]
    count = complex_count(row)
    zs = variables(["complex128"] * count)
    y = row(*zs)
    weight = 0.7 - 0.4j if kind(y.dtype) == "c" else 0.7
    terms = row.pullback(zs, [y], [constant(weight, dtype=y.dtype)])
    for point in points(name, ["complex128"] * count, 3):
        values = dict(zip(zs, point, strict=True))

        def cost(p):
            return (np.conj(weight) * complex(row.evaluate(*p))).real

        for i, z in enumerate(zs):
            if isinstance(terms[i].type, DisconnectedType):
                continue
            expected = difference(cost, point, i) + 1j * difference(cost, point, i, 1j)
            (got,) = evaluate([terms[i]], values)
            assert terms[i].dtype == z.dtype
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_pushforward(name):
    row = ROWS[name]
    count = complex_count(row)
    zs = variables(["complex128"] * count)
    y = row(*zs)
    (point,) = points(name, ["complex128"] * count, 1)
    for i in range(count):
        tangents = [
            constant(0.3 + 0.8j, dtype="complex128") if j == i else disconnected_type()
            for j in range(count)
        ]
        (pushed,) = row.pushforward(zs, [y], tangents)
        if isinstance(pushed.type, DisconnectedType):
            continue

        def along(t, i=i):
            moved = list(point)
            moved[i] = moved[i] + t[0] * (0.3 + 0.8j)
            return complex(row.evaluate(*moved))

        expected = difference(lambda t: along(t).real, [0.0], 0) + 1j * difference(
            lambda t: along(t).imag, [0.0], 0
        )
        (got,) = evaluate([pushed], dict(zip(zs, point, strict=True)))
        np.testing.assert_allclose(complex(got), expected, rtol=1e-6, atol=1e-7)


def test_real_input_of_a_complex_product_gets_a_real_gradient():
    x, z = get_scalar_type("float64")("x"), get_scalar_type("complex128")("z")
    y = ROWS["mul"](x, z)
    by_x, by_z = ROWS["mul"].pullback([x, z], [y], [constant(2 + 1j, dtype="complex128")])
    assert (by_x.dtype, by_z.dtype) == ("float64", "complex128")
    assert evaluate([by_x, by_z], {x: 3.0, z: 1 - 1j}) == [1.0, 6 + 3j]


def test_power_has_derivatives_at_zero():
    xs = variables(["float64", "float64"])
    y = ROWS["pow"](*xs)
    terms = ROWS["pow"].pullback(xs, [y], [constant(1.0, dtype="float64")])
    for point, expected in [
        ((0.0, 0.0), (0, 0)),
        ((0.0, 2.0), (0, 0)),
        ((2.0, 0.0), (0, np.log(2))),
    ]:
        got = evaluate(terms, {x: np.float64(v) for x, v in zip(xs, point, strict=True)})
        np.testing.assert_allclose(got, expected)


def test_ties_of_extremes_go_to_the_first():
    xs = variables(["float64", "float64"])
    for name in ("maximum", "minimum", "fmax", "fmin"):
        row = ROWS[name]
        terms = row.pullback(xs, [row(*xs)], [constant(1.0, dtype="float64")])
        assert evaluate(terms, {x: np.float64(1) for x in xs}) == [1, 0]


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [(0.5, 0, 1, (1, 0, 0)), (0, 0, 1, (1, 0, 0)), (1, 0, 1, (1, 0, 0)), (2, 0, 1, (0, 0, 1)),
     (-1, 0, 1, (0, 1, 0)), (0.5, 2, 1, (0, 0, 1)), (5, 2, 1, (0, 0, 1)), (0.5, 2, 3, (0, 1, 0))],
)  # fmt: skip
def test_clip_gives_the_cotangent_to_what_it_returns(value, low, high, expected):
    xs = variables(["float64"] * 3)
    row = ROWS["clip"]
    terms = row.pullback(xs, [row(*xs)], [constant(1.0, dtype="float64")])
    values = dict(zip(xs, map(np.float64, (value, low, high)), strict=True))
    assert tuple(evaluate(terms, values)) == expected


def test_real_of_a_real_number_is_itself():
    x = get_scalar_type("float64")("x")
    (term,) = real.pullback([x], [real(x)], [constant(2.0, dtype="float64")])
    assert evaluate([term], {x: 1.0}) == [2.0]
