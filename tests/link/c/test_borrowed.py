"""No special function runs through NumPy: what is not C of our own is lent by SciPy."""

import numpy as np
import pytest

from pytensorlite import function, grad
from pytensorlite.link.c.routines import address
from pytensorlite.scalar.table import ROWS
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.type import TensorType
from tests.scalar.domains import DOMAINS

BORROWING = [name for name, row in ROWS.items() if "scipy_" in (row.c or "")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BORROWING)
def test_programs_call_them(name, dtype):
    variables = [TensorType(dtype, shape=(None,))() for _ in DOMAINS[name]]
    y = 2 * Elemwise(ROWS[name])(*variables) + variables[-1]
    native, oracle = (function(variables, y, mode=mode) for mode in ("C", "NUMPY"))
    rng = np.random.default_rng(3)
    values = [rng.uniform(*interval, 37).astype(dtype) for interval in DOMAINS[name]]
    assert native.fallbacks == []
    assert native.c_source.count("scipy_") >= 2  # in the table and in the loop
    np.testing.assert_allclose(
        native(*values), oracle(*values), rtol=1e-5 if dtype == "float32" else 1e-12
    )


def test_every_row_of_floats_has_c():
    without = [name for name, row in ROWS.items() if row.c is None]
    assert without == []


def test_gradients_by_a_parameter_are_one_program():
    k, x = TensorType("float64", shape=(None,))(), TensorType("float64", shape=(None,))()
    loss = Elemwise(ROWS["gammainc"])(k, x).sum()
    native, oracle = (function([k, x], grad(loss, [k, x]), mode=m) for m in ("C", "NUMPY"))
    values = np.linspace(0.5, 30, 9), np.linspace(0.1, 40, 9)
    assert native.fallbacks == []
    for got, expected in zip(native(*values), oracle(*values), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-15)


def test_a_program_from_the_cache_gets_them_again():
    k, x = TensorType("float64", shape=(None,))(), TensorType("float64", shape=(None,))()
    y = Elemwise(ROWS["gammaincc"])(k, x).sum()
    first, second = (function([k, x], [y, grad(y, x)], mode="C") for _ in range(2))
    values = np.linspace(1, 2, 5), np.linspace(0.1, 3, 5)
    np.testing.assert_array_equal(first(*values)[1], second(*values)[1])
    assert first.fallbacks == []


def test_what_scipy_does_not_lend_is_named(monkeypatch):
    monkeypatch.setattr("scipy.special.cython_special.__pyx_capi__", {})
    with pytest.raises(KeyError, match=r"cython_special has no 'hyp2f1'"):
        address.__wrapped__("scipy_hyp2f1")
