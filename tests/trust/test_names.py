"""Names that would be C, the end of a comment, a path or an escape, printed as they are."""

from __future__ import annotations

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, grad, shared
from pytensorlite.raise_op import Assert

HOSTILE = [
    "*/ abort(); /*",
    "*/\n#error stop\n/*",
    "x; exit(1);",
    "a\\\nb",
    "??/",
    "/*",
    "//",
    '"; system("false"); "',
    "'",
    "%s%n%d",
    "{0}{1}{x}",
    "#include </etc/passwd>",
    "../../../../tmp/x",
    "$(false)`false`",
    "\0",
    "é\udcff",
    "int",
    "x" * 5000,
]


def test_there_are_enough():
    assert len(set(HOSTILE)) >= 18


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(name):
    x, w = pt.dvector(name), shared(np.arange(3.0), name=name)
    checked = Assert(name)(x * w, pt.gt(x.sum(), 0))
    cost = pt.exp(checked).sum()
    cost.name = name
    derivative = grad(cost, x)
    f = function([x], [cost, derivative], name=name, updates=[(w, w + derivative)])
    value = np.ones(3)
    total, slope = f(value)
    np.testing.assert_allclose(total, np.exp([0.0, 1.0, 2.0]).sum())
    np.testing.assert_allclose(slope, np.arange(3.0) * np.exp([0.0, 1.0, 2.0]))
    with pytest.raises(AssertionError) as caught:
        f(-value)
    assert caught.value.args[0].startswith(name[:10])
    with pytest.raises(ValueError, match="length 2"):
        f(np.ones(2))
    assert not f.fallbacks
