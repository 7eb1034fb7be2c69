"""Native programs called with and without the extension."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, shared
from pytensorlite.cgen import dispatch
from pytensorlite.link import native

x, y = pt.dvectors("x", "y")


def test_a_program_has_one_kernel():
    f = function([x], x + 1, mode="C")
    assert native.kernel_of(f.vm) is native.kernel_of(f.vm)
    assert native.kernel_of(function([x], x + 1, mode="NUMPY").vm) is None


def test_without_the_extension_all_works_after_one_warning(monkeypatch):
    total = shared(np.zeros(2), name="total")
    f = function([x, y], [x + y, total], updates={total: total + x}, mode="C")
    monkeypatch.setattr(native, "Kernel", dispatch.PythonKernel)
    monkeypatch.setattr(native, "is_native", False)
    monkeypatch.setattr(native, "_warned", [])
    with pytest.warns(RuntimeWarning, match="dispatcher was not built"):
        kernel = native.make_kernel(f.vm.native, f.vm.describe_error)
    results = kernel([np.ones(4)[::2], np.ones(2), np.full(2, 3.0)])
    np.testing.assert_array_equal(results, [[2, 2], [3, 3], [4, 4]])
    with pytest.raises(ValueError) as raised:
        kernel([np.ones(3), np.ones(2), np.ones(2)])
    assert raised.value.__notes__


def test_failures_of_native_programs_tell_the_users_line():
    f = function([x, y], x * y, mode="C")
    with pytest.raises(ValueError) as raised:
        f(np.ones(2), np.ones(3))
    assert "test_native.py" in "".join(raised.value.__notes__)
    np.testing.assert_array_equal(f(np.ones(2), np.ones(2)), [1, 1])


def test_a_program_of_nothing_native_says_so():
    x = pt.dvector("x")
    f = function([x], pt.unique(x), mode="C")
    assert [type(node.op).__name__ for node in f.fallbacks] == ["Unique"]
