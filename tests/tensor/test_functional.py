"""`vectorize`."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.functional import vectorize
from pytensorlite.tensor.linalg import solve

from .agreement import assert_agrees


def test_scalars_by_default(rng):
    x, y = rng.normal(size=(2, 3)), rng.normal(size=3)
    assert_agrees(vectorize(lambda a, b: pt.maximum(a, b) + 1), [x, y], np.maximum(x, y) + 1)


def test_signature(rng):
    x, y = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 4))
    dot = vectorize(lambda a, b: (a * b).sum(), signature="(n),(n)->()")
    assert_agrees(dot, [x, y], (x * y).sum(-1))
    a = rng.normal(size=(2, 3, 3)) + 4 * np.eye(3)
    both = vectorize(lambda m, v: (solve(m, v), m.sum()), signature="(n,n),(n)->(n),()")
    b = rng.normal(size=3)
    assert_agrees(
        both, [a, b], [np.linalg.solve(a, np.tile(b[:, None], (2, 1, 1)))[..., 0], a.sum((1, 2))]
    )


def test_agrees_with_numpy_vectorize(rng):
    x = rng.normal(size=(3, 2, 4))
    expected = np.vectorize(lambda v: v[::-1] - v.mean(), signature="(n)->(n)")(x)
    assert_agrees(vectorize(lambda v: v[::-1] - v.mean(), signature="(n)->(n)"), [x], expected)


def test_errors():
    with pytest.raises(ValueError, match="too few dimensions"):
        vectorize(lambda x: x.sum(), signature="(n)->()")(pt.dscalar())
    with pytest.raises(ValueError, match="Expected 1 arguments"):
        vectorize(lambda x: x.sum(), signature="(n)->()")(pt.dvector(), pt.dvector())
    with pytest.raises(ValueError, match="expected ranks"):
        vectorize(lambda x: x, signature="(n)->()")(pt.dvector())
    with pytest.raises(TypeError, match="must return tensor variables"):
        vectorize(lambda x: 1, signature="(n)->()")(pt.dvector())
