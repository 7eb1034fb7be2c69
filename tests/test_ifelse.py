"""`ifelse`."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.compile.ops import FromFunctionOp
from pytensorlite.gradient import grad
from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.graph.rewriting.utils import rewrite_graph
from pytensorlite.ifelse import IfElse, ifelse

from .tensor.agreement import assert_differentiable, evaluate


@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float64"])
def test_the_branch_is_chosen(condition, dtype):
    c, x, y = pt.scalar("c", dtype=dtype), pt.dvector("x"), pt.dvector("y")
    values = [np.asarray(condition, dtype=dtype), np.zeros(2), np.ones(3)]
    out = ifelse(c, x, y)
    value, shape = evaluate([out, out.shape], [c, x, y], values)
    np.testing.assert_array_equal(value, values[1 if condition else 2])
    assert shape == value.shape


def test_several_values():
    c, x = pt.bscalar("c"), pt.dvector("x")
    first, second = ifelse(c, [x, x + 1], [x + 2, x + 3])
    np.testing.assert_array_equal(evaluate([first, second], [c, x], [1, np.zeros(1)]), [[0], [1]])
    np.testing.assert_array_equal(evaluate([first, second], [c, x], [0, np.zeros(1)]), [[2], [3]])


@pytest.mark.parametrize("condition", [0, 1])
def test_derivatives(rng, condition):
    c = np.array(condition)
    build = lambda x, y: ifelse(pt.as_tensor(c), x**3, y**2)
    assert_differentiable(build, [rng.normal(size=3), rng.normal(size=3)])


def test_the_other_branch_has_a_zero_gradient():
    c, x, y = pt.bscalar("c"), pt.dvector("x"), pt.dvector("y")
    gradients = grad(ifelse(c, x, y).sum(), [x, y])
    found = evaluate(gradients, [c, x, y], [1, np.zeros(2), np.zeros(2)])
    np.testing.assert_array_equal(found, [[1, 1], [0, 0]])


def test_constants_take_the_type_of_the_other_branch():
    c, x = pt.bscalar("c"), pt.dscalar("x")
    assert ifelse(c, x, 1).type.dtype == "float64"
    assert ifelse(c, 2, x).type.dtype == "float64"


def test_an_output_is_not_an_input():
    c, x = pt.bscalar("c"), pt.dvector("x")
    value = np.zeros(2)
    assert not np.shares_memory(evaluate(ifelse(c, x, x + 1), [c, x], [1, value]), value)


def test_batches(rng):
    c, x, cs, xs = pt.bscalar("c"), pt.dvector("x"), pt.bvector("cs"), pt.dmatrix("xs")
    graph = ifelse(c, x, -x)
    values = rng.normal(size=(2, 3))
    found = evaluate(vectorize_graph(graph, {x: xs}), [c, xs], [0, values])
    np.testing.assert_array_equal(found, -values)
    found = evaluate(
        vectorize_graph(graph, {c: cs, x: xs}), [cs, xs], [np.array([1, 0], dtype="int8"), values]
    )
    np.testing.assert_array_equal(found, [values[0], -values[1]])


def test_errors():
    c, x = pt.bscalar("c"), pt.dvector("x")
    with pytest.raises(TypeError, match="truthy scalar"):
        ifelse(x, x, x)
    with pytest.raises(TypeError, match="compatible types"):
        ifelse(c, x, pt.dmatrix())
    with pytest.raises(TypeError, match="compatible types"):
        ifelse(c, x, pt.fvector())
    with pytest.raises(ValueError, match="same number"):
        ifelse(c, [x], [x, x])
    with pytest.raises(ValueError, match="both single"):
        ifelse(c, [x], x)
    with pytest.raises(ValueError, match="expected 2 values"):
        IfElse(2)(c, x, x)
    assert IfElse(1) == IfElse(1) != IfElse(2)


MODES = ["NUMPY", "FAST_COMPILE", "FAST_RUN", "DebugMode"]


@pytest.mark.parametrize("mode", MODES)
def test_only_what_is_needed_is_computed(mode):
    ran = []

    def noted(name, *inputs):
        def run(*values):
            ran.append(name)
            return sum(values)

        return FromFunctionOp(run, [x.type for x in inputs], [pt.dvector], None)(*inputs)

    x, b, c = pt.dvector("x"), pt.bscalar("b"), pt.bscalar("c")
    shared_by_all = noted("all", x)
    shared_by_two = noted("two", pt.exp(shared_by_all))
    deep = ifelse(c, noted("deep", shared_by_two), pt.log(shared_by_two) + 1)
    out = ifelse(b, deep, noted("other", shared_by_all)) + shared_by_all
    f = function([x, b, c], out, mode=mode)
    value = np.array([1.0, 2.0])
    for given_b, given_c, expected, needed in [
        (0, 0, 2 * value, ["all", "other"]),
        (0, 1, 2 * value, ["all", "other"]),
        (1, 0, 2 * value + 1, ["all", "two"]),
        (1, 1, np.exp(value) + value, ["all", "deep", "two"]),
    ]:
        ran.clear()
        np.testing.assert_allclose(f(value, given_b, given_c), expected, rtol=1e-14)
        assert sorted(set(ran)) == needed
        assert mode == "DebugMode" or len(ran) == len(needed)  # which computes things repeatedly


@pytest.mark.parametrize("mode", MODES)
def test_the_other_branch_raises_nothing(mode):
    x, a, n = pt.dvector("x"), pt.dmatrix("a"), pt.lscalar("n")
    f = function([x, a, n], ifelse(n >= 0, x[n], (a @ x).sum()), mode=mode)
    value, matrix = np.arange(3.0), np.ones((2, 3))
    assert f(value, np.ones((2, 2)), 2) == 2
    assert f(value, matrix, -9) == 6
    with pytest.raises(IndexError):
        f(value, matrix, 3)
    with pytest.raises(ValueError):
        f(value, np.ones((2, 2)), -1)


def test_a_condition_may_be_an_integer_made_of_lengths():
    x = pt.dvector("x")
    f = function([x], ifelse(x.shape[0] > 2, x[2], x.sum()))
    assert f(np.arange(4.0)) == 2
    assert f(np.arange(1.0, 3.0)) == 3


def test_memory_and_explanation_of_what_is_not_called():
    x, c = pt.dvector("x"), pt.bscalar("c")
    f = function([x, c], ifelse(c, pt.exp(x) + pt.sin(x), x + 1))
    value = np.zeros(1000)
    assert f.memory(value, 0).peak >= 8000
    assert "exp" in str(f.explain(value, 0))


def test_choices_that_are_none():
    c, x, y, z = pt.bscalar("c"), pt.dvector("x"), pt.dvector("y"), pt.dvector("z")
    rewritten = lambda out: rewrite_graph(out, include=("canonicalize",), clone=False)
    assert rewritten(ifelse(np.array(True), x, y)) is x
    assert rewritten(ifelse(np.array(False), x, y)) is y
    assert rewritten(ifelse(c, x, x)) is x
    (inner,) = rewritten(ifelse(c, ifelse(c, x, y), z)).owner.inputs[1:2]
    assert inner is x
