"""The C text says what the loop program says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytensorlite.cgen import emit
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Buffer,
    Cast,
    Const,
    Fail,
    If,
    Kernel,
    Let,
    Load,
    Loop,
    Op,
    Store,
    Update,
    Var,
)
from pytensorlite.cgen.passes import name_loads

D = "float64"
X, Y = Var("x", D), Var("y", D)
TEMPLATES = ["{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "max({0}, {1})"]

expressions = st.recursive(
    st.one_of(st.sampled_from([X, Y]), st.integers(-3, 3).map(lambda n: Const(float(n), D))),
    lambda inner: st.one_of(
        st.builds(lambda t, a, b: Op(t, (a, b), D), st.sampled_from(TEMPLATES), inner, inner),
        inner.map(lambda a: Op("-{0}", (a,), D)),
    ),
    max_leaves=10,
)


def evaluate(expr, at):
    match expr:
        case Const(value, _):
            return np.float64(value)
        case Var(name, _):
            return np.float64(at[name])
        case Op("-{0}", (a,), _):
            return -evaluate(a, at)
        case Op(template, (a, b), _):
            left, right = evaluate(a, at), evaluate(b, at)
            operations = dict(
                zip(TEMPLATES, [np.add, np.subtract, np.multiply, np.divide, max], strict=True)
            )
            return operations[template](left, right)


@given(expressions, st.floats(0.5, 2), st.floats(0.5, 2))
def test_parentheses_are_enough(expr, x, y):
    """Python reads this C as C does."""
    at = {"x": np.float64(x), "y": np.float64(y), "max": max}
    with np.errstate(all="ignore"):
        text = emit.expression(expr)
        expected = evaluate(expr, {"x": x, "y": y})
        try:
            found = eval(text, {}, at)
        except ZeroDivisionError:  # numbers of the text divide as Python's do
            return
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(value):
    text = emit.constant(value, D)
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_single_floats_read_back(value):
    text = emit.constant(value, "float32")
    assert text.endswith("f")
    assert np.float32(text[:-1]) == np.float32(value)


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (-(2**63), "int64", "INT64_MIN"),
        (2**63 - 1, "int64", "INT64_MAX"),
        (2**64 - 1, "uint64", "18446744073709551615ULL"),
        (-0.0, D, "-0.0"),
        (5e-324, D, "5e-324"),
        (1.8e308, D, "INFINITY"),
        (float("nan"), D, "NAN"),
        (1 - 2j, "complex128", "CMPLX(1.0, -2.0)"),
        (1, "bool", "true"),
    ],
)
def test_constants(value, dtype, text):
    assert emit.constant(value, dtype) == text


def test_comments_cannot_end_early():
    hostile = "*/ int main() { /* \\\n??/ \0 é"
    text = emit.comment_text(hostile)
    assert "*/" not in text
    assert "/*" not in text
    assert "\n" not in text
    assert "\\" not in text[-1:]
    assert text.isascii()


def test_kernel_text():
    i = Index.name("i")
    body = (
        Let(Var("total", D), Const(0.0, D), mutable=True),
        Loop(
            "i",
            Index.name("n0"),
            (
                Let(Var("t", D), Op("exp({0})", (Load("x0", i, D),), D)),
                Update(Var("total", D), "{0} + {1}", Var("t", D)),
                Store("y0", i, Cast(Var("t", D), "float32")),
            ),
            kind="simd",
        ),
        If("total > 1", (Fail(2, (Index.name("n0"),)),)),
    )
    buffers = (Buffer("x0", D, False), Buffer("y0", "float32", True))
    kernel = Kernel("kernel0", buffers, ("n0",), body, ("y0[i] = exp(x0[i])",))
    assert emit.kernel(kernel) == (
        "/* y0[i] = exp(x0[i]) */\n"
        "static int32_t kernel0(const double *restrict x0, float *restrict y0, const int64_t n0,\n"
        "                       ptl_error *error)\n"
        "{\n"
        "    double total = 0.0;\n"
        "    #pragma omp simd reduction(+:total)\n"
        "    for (int64_t i = 0; i < n0; i++) {\n"
        "        const double t = exp(x0[i]);\n"
        "        total += t;\n"
        "        y0[i] = (float)t;\n"
        "    }\n"
        "    if (total > 1) {\n"
        "        return PTL_FAIL(error, 2, n0);\n"
        "    }\n"
        "    return PTL_OK;\n"
        "}\n"
    )


def test_an_element_read_twice_is_named():
    load = Load("x0", Index.name("i"), D)
    square = Op("{0} * {0}", (load,), D)
    loop = Loop("i", Index.name("n0"), (Store("y0", Index.name("i"), square),))
    assert list(emit.statements(name_loads((loop,)), 0)) == [
        "for (int64_t i = 0; i < n0; i++) {",
        "    const double x0_i = x0[i];",
        "    y0[i] = x0_i * x0_i;",
        "}",
    ]


def test_an_element_that_a_loop_does_not_change_is_read_before_it():
    total = Op("{0} + {1}", (Load("x0", Index.of(0), D), Load("x1", Index.name("i"), D)), D)
    loop = Loop("i", Index.name("n0"), (Store("y0", Index.name("i"), total),))
    assert list(emit.statements(name_loads((loop,)), 0)) == [
        "const double x0_0 = x0[0];",
        "for (int64_t i = 0; i < n0; i++) {",
        "    y0[i] = x0_0 + x1[i];",
        "}",
    ]


def test_an_element_that_is_written_is_read_each_time():
    load = Load("y0", Index.name("i"), D)
    body = (Store("y0", Index.name("i"), Op("{0} * {1}", (load, load), D)),)
    assert name_loads(body) == body


def test_long_conditions_are_wrapped_and_say_the_same():
    names = [f"argument{k}" for k in range(12)]
    fails = (Fail(1, ()),)
    long = If(f"kernel0_in_blocks({', '.join(names)})", fails)
    chain = If("n0 > 0", fails, (long,))
    lines = list(emit.statements((chain,)))
    assert max(map(len, lines)) <= emit.WIDTH
    text = " ".join(line.strip() for line in lines)
    assert f"}} else if ({long.condition}) {{" in text
    assert text.count("if (") == 2
    first, second, *_ = (line for line in lines if "argument" in line)
    assert second.index("argument") == first.index("argument")
