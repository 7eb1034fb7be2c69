"""The functions of `pytensorlite.tensor.math` that are more than a row of the op table."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor import math
from pytensorlite.tensor.elemwise import Elemwise
from tests.tensor.tools import check, check_gradient

VALUES = np.array([[0.3, -1.5, 2.5], [0.0, -0.5, 1.0]])
SPECIAL = np.array([1.0, np.nan, np.inf, -np.inf, -0.0, 0.0])


def test_public_names_are_sorted_and_there():
    assert sorted(math.__all__) == math.__all__
    assert all(callable(getattr(math, name)) for name in math.__all__)


@pytest.mark.parametrize("name", [name for name in math.__all__ if hasattr(ps, name)])
def test_names_of_the_op_table_are_lifted(name):
    function = getattr(math, name)
    if isinstance(function, Elemwise):
        assert function.scalar_op is getattr(ps, name)
        assert function.__doc__


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("square", "sqr"),
        ("expit", "sigmoid"),
        ("log1pexp", "softplus"),
        ("digamma", "psi"),
        ("greater", "gt"),
        ("less_equal", "le"),
        ("equal", "eq"),
        ("not_equal", "neq"),
        ("bitwise_and", "and_"),
        ("bitwise_not", "invert"),
        ("floor_div", "int_div"),
        ("sgn", "sign"),
        ("conj", "conjugate"),
    ],
)
def test_second_names(alias, name):
    assert getattr(pt, alias) is getattr(pt, name)


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "isposinf", "isneginf"])
def test_questions_about_special_values(name):
    check(getattr(pt, name), [SPECIAL], getattr(np, name)(SPECIAL))
    check(getattr(pt, name), [np.arange(3)], getattr(np, name)(np.arange(3)))


def test_round():
    halves = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 0.2])
    check(pt.round, [halves], halves.round())
    check(lambda x: pt.round(x, "half_away_from_zero"), [halves], np.array([1, 2, 3, -1, -2, 0.0]))
    check(pt.iround, [halves], halves.round().astype("int64"))
    with pytest.raises(ValueError, match="mode"):
        pt.round(pt.vector("x"), "up")


@pytest.mark.parametrize("equal_nan", [False, True])
def test_isclose(equal_nan):
    a = np.array([1.0, 1.0, np.nan, np.inf, np.inf, -np.inf, 1.0, 0.0])
    b = np.array([1.0 + 1e-9, 1.1, np.nan, np.inf, -np.inf, 1.0, np.inf, 1e-9])
    expected = np.isclose(a, b, equal_nan=equal_nan)
    check(lambda x, y: pt.isclose(x, y, equal_nan=equal_nan), [a, b], expected)
    check(lambda x, y: pt.allclose(x, y, rtol=1), [a[:2], b[:2]], np.True_)
    check(pt.isclose, [np.uint8([3, 3]), np.uint8([3, 5])], np.array([True, False]))


def test_nan_to_num():
    check(pt.nan_to_num, [SPECIAL], np.nan_to_num(SPECIAL))
    check(lambda x: pt.nan_to_num(x, 1, 2, 3), [SPECIAL], np.nan_to_num(SPECIAL, True, 1, 2, 3))
    check(pt.nan_to_num, [np.float32(SPECIAL)], np.nan_to_num(np.float32(SPECIAL)))
    check(pt.nan_to_num, [SPECIAL * (1 + 1j)], np.nan_to_num(SPECIAL * (1 + 1j)))
    x = pt.lvector("x")
    assert pt.nan_to_num(x) is x


def test_division_of_integers():
    a, b = np.array([7, -7, 8, 0]), np.array([2, 2, 4, 3])
    check(pt.ceil_intdiv, [a, b], -(-a // b))
    for i in range(2):
        check(lambda x, y, i=i: pt.divmod(x, y)[i], [a, b], divmod(a, b)[i])


def test_power():
    check(pt.power, [np.abs(VALUES), VALUES], np.abs(VALUES) ** VALUES)
    check(lambda x: pt.power(x, 2), [np.int8([3, 4])], np.int8([9, 16]))


def test_clip_switch_where():
    check(lambda x: pt.clip(x, -0.5, 0.5), [VALUES], VALUES.clip(-0.5, 0.5))
    check_gradient(lambda x: pt.clip(x, -0.6, 0.6), [VALUES], order=1)
    check(lambda x: pt.where(x > 0, x, -x), [VALUES], np.abs(VALUES))
    check(lambda x: pt.switch(x, x, np.float64(9)), [VALUES], np.where(VALUES, VALUES, 9))
    with pytest.raises(ValueError, match="both cases"):
        pt.where(pt.vector("x"), 1)


def test_derivative_of_a_branch_that_is_nan_where_it_is_not_taken():
    check_gradient(lambda x: pt.switch(x > 0, x**2, 0.0 * x), [VALUES + 0.1], order=1)


def test_cast():
    check(lambda x: pt.cast(x, "int8"), [VALUES], VALUES.astype("int8"))
    check(lambda x: pt.cast(x, bool), [VALUES], VALUES.astype(bool))
    check(lambda x: pt.cast(x, "complex64"), [VALUES], VALUES.astype("complex64"))
    x = pt.dvector("x")
    assert pt.cast(x, "float64") is x
    assert pt.cast(3, "float32").type.dtype == "float32"
    with pytest.raises(TypeError, match="ambiguous"):
        pt.cast(pt.zvector("z"), "float64")
    with pytest.raises(TypeError):
        pt.cast(x, "foo")


def test_complex_numbers():
    z = VALUES + 1j * VALUES[::-1]
    for name in ("real", "imag", "conj", "abs", "angle"):
        check(getattr(pt, name), [z], getattr(np, name)(z))
    check(pt.complex, [VALUES, VALUES[::-1]], z)
    x = pt.dvector("x")
    assert pt.conj(x) is x


def test_distributions_and_bessel_functions():
    special = pytest.importorskip("scipy.special")
    chi2 = pytest.importorskip("scipy.stats").chi2
    positive = np.abs(VALUES) + 0.1
    check(lambda x: pt.chi2sf(x, np.float64(3)), [positive], chi2.sf(positive, 3))
    check(lambda x: pt.kn(1, x), [positive], special.kn(1, positive))
    check(lambda x: pt.kv(0.5, x), [positive], special.kv(0.5, positive))
    check(lambda x: pt.iv(0.5, x), [positive], special.iv(0.5, positive))
