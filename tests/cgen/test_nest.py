"""The loops that the scheduler makes of well-known regions, as C a person would have written."""

import pytest

from pytensorlite._immutable import replace
from pytensorlite.cgen import emit
from pytensorlite.cgen.blocks import strip_mine
from pytensorlite.cgen.collapse import collapse
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Integer, Op, Var
from pytensorlite.cgen.nest import (
    WRAPPED,
    Check,
    Gather,
    Map,
    Nest,
    Reduce,
    Scatter,
    Scheduler,
    Source,
)
from pytensorlite.cgen.storage import Memory, Writer

D = "float64"
N0, N1, ONE = Index.name("n0"), Index.name("n1"), Index.of(1)
ZERO = Const(0.0, D)


def var(name, dtype=D):
    return Var(name, dtype)


def matrix(name, buffer="x0"):
    return Source(name, D, ("a", "b"), buffer, (N1, ONE))


def vector(name, buffer, label, dtype=D):
    return Source(name, dtype, (label,), buffer, (ONE,))


def total(name, labels, expr, over):
    return Reduce(name, D, labels, expr, over, "{0} + {1}", ZERO)


def product(a, b):
    return Op("{0} * {1}", (var(a), var(b)), D)


def write(values, extents, outputs):
    """Return the C statements of a region, and the workspace arrays that it asks for."""
    asked = []

    def allocate(dtype, length):
        asked.append((dtype, str(length)))
        return f"w{len(asked) - 1}"

    values, extents, outputs = collapse(values, extents, outputs)
    tree = strip_mine(Scheduler(values, extents).schedule(), extents)
    body = Writer(values, tree, extents, outputs, allocate).write()
    return "\n".join(emit.statements(body, 0)) + "\n", asked


def regression():
    values = [
        matrix("X"),
        vector("w", "x1", "b"),
        vector("y", "x2", "a"),
        total("z", ("a",), product("X", "w"), ("b",)),
        Map("p", D, ("a",), Op("ptl_sigmoid({0})", (var("z"),), D), 3.0),
        Map("nll", D, ("a",), Op("ptl_softplus({0}) - {0} * {1}", (var("z"), var("y")), D), 3.0),
        total("loss", (), var("nll"), ("a",)),
        Map("r", D, ("a",), Op("{0} - {1}", (var("p"), var("y")), D)),
        total("g", ("b",), product("X", "r"), ("a",)),
    ]
    return values, {"a": N0, "b": N1}, {"loss": Memory("y0", {}), "g": Memory("y1", {"b": ONE})}


def softmax():
    values = [
        matrix("X"),
        Reduce("m", D, ("a",), var("X"), ("b",), "ptl_max({0}, {1})", Const(float("-inf"), D)),
        Map("e", D, ("a", "b"), Op("exp({0} - {1})", (var("X"), var("m")), D), 3.0),
        total("s", ("a",), var("e"), ("b",)),
        Map("p", D, ("a", "b"), Op("{0} / {1}", (var("e"), var("s")), D)),
    ]
    return values, {"a": N0, "b": N1}, {"p": Memory("y0", {"a": N1, "b": ONE})}


def varying_intercepts():
    values = [
        vector("a", "x0", "g"),
        vector("idx", "x1", "n", "int64"),
        vector("y", "x2", "n"),
        Check("bad", "idx", ("n",), N1, 0),
        Map("at", "int64", ("n",), Op(WRAPPED, (var("idx", "int64"), Integer(N1)), "int64")),
        Gather("an", D, ("n",), "a", ("at",), ("bad",)),
        Map("r", D, ("n",), Op("{0} - {1}", (var("y"), var("an")), D)),
        total("ss", (), Op("{0} * {0}", (var("r"),), D), ("n",)),
        Scatter("ga", D, ("g",), var("r"), ("at",), ("n",), "{0} + {1}", None, ("bad",)),
    ]
    return values, {"n": N0, "g": N1}, {"ss": Memory("y0", {}), "ga": Memory("y1", {"g": ONE})}


def varying_intercepts_and_a_base():
    """The same with costly residuals, added to what another loop computes."""
    values, extents, outputs = varying_intercepts()
    *values, _ = (replace(v, cost=2.0) if v.name == "r" else v for v in values)
    base = Map("prior", D, ("g",), Op("-{0}", (var("a"),), D))
    added = Scatter(
        "ga", D, ("g",), var("r"), ("at",), ("n",), "{0} + {1}", "prior", ("bad",), True
    )
    return [*values, base, added], extents, outputs


def elementwise_matrix():
    values = [matrix("X"), matrix("Y", "x1"), Map("z", D, ("a", "b"), product("X", "Y"))]
    return values, {"a": N0, "b": N1}, {"z": Memory("y0", {"a": N1, "b": ONE})}


def sums_of_rows_and_columns():
    values = [
        matrix("X"),
        total("rows", ("a",), var("X"), ("b",)),
        total("columns", ("b",), var("X"), ("a",)),
    ]
    outputs = {"rows": Memory("y0", {"a": ONE}), "columns": Memory("y1", {"b": ONE})}
    return values, {"a": N0, "b": N1}, outputs


REGIONS = [
    regression,
    softmax,
    varying_intercepts,
    varying_intercepts_and_a_base,
    elementwise_matrix,
    sums_of_rows_and_columns,
]


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.__name__)
def test_loops(region, golden):
    text, asked = write(*region())
    golden(text + f"/* workspace: {asked} */\n", f"{region.__name__}.c")


def loops(items):
    return [(item.label, loops(item.body)) for item in items if isinstance(item, Nest)]


def test_value_and_gradient_read_the_matrix_in_one_loop_over_rows():
    values, extents, _ = regression()
    assert loops(Scheduler(values, extents).schedule()) == [("a", [("b", []), ("b", [])])]


def test_softmax_visits_a_row_once():
    values, extents, _ = softmax()
    tree = Scheduler(values, extents).schedule()
    assert loops(tree) == [("a", [("b", []), ("b", []), ("b", [])])]


def test_contiguous_labels_become_one():
    values, extents, outputs = elementwise_matrix()
    _, merged, _ = collapse(values, extents, outputs)
    assert [str(n) for n in merged.values()] == ["n0*n1"]


def test_a_transposed_operand_keeps_its_labels_apart():
    values, extents, outputs = elementwise_matrix()
    values[1] = Source("Y", D, ("b", "a"), "x1", (N0, ONE))
    _, merged, _ = collapse(values, extents, outputs)
    assert set(merged) == {"a", "b"}
