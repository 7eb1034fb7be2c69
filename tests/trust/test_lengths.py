"""Lengths that do not agree are an error, also where rewriting leaves nothing that would notice."""

from __future__ import annotations

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import Mode, function, grad, ifelse

x, y, X, n = pt.dvector("x"), pt.dvector("y"), pt.dmatrix("X"), pt.lscalar("n")
small = pt.bscalar("small")
MODES = {"raw": Mode("numpy", None), "numpy": "NUMPY", "quick": "FAST_COMPILE", "c": "FAST_RUN"}

# The values for x and y have 3 and 4 elements, that for X is 3 by 3.
MISMATCHES = {
    "ones_like": pt.ones_like(x) * y,
    "zeros": pt.zeros(x.shape[0]) + y,
    "alloc": pt.alloc(1.0, x.shape[0]) * y,
    "fill": pt.fill(x, y),
    "negative fill": -pt.fill(x, y),
    "full_like": pt.full_like(x, y),
    "broadcast_arrays": pt.broadcast_arrays(x, y)[1],
    "the other of broadcast_arrays": pt.broadcast_arrays(x, y)[0],
    "write everywhere": x[:].set(y),
    "write anywhere": x[...].set(y),
    "exponential of a write": pt.exp(x[:].set(y)),
    "sum of a write": x[:].set(y).sum(),
    "add everywhere": x[:].inc(y),
    "gradient": grad((x * y).sum(), x),
    "gradients": grad((pt.exp(x) + y).sum(), [x, y]),
    "one element": (x + y)[0],
    "a slice": (x + y)[:1],
    "a length": (x + y).shape[0],
    "zeros of a sum": pt.zeros_like(x + y),
    "one branch only": pt.switch(x < 0, y, y),
    "power of nought": (x * y) ** 0,
    "sum of ones times": (pt.ones_like(x) * y).sum(),
    "stack": pt.stack([x, y])[0],
    "stack, the other": pt.stack([x, y])[1],
    "length of a stack": pt.stack([x, y]).shape,
    "join": pt.concatenate([X, y[:, None]], axis=1)[:, 0],
    "reshape": x.reshape(y.shape),
    "row": x.reshape((1, y.shape[0])),
    "product": pt.dot(X, x) * pt.ones_like(y),
    "columns": pt.ones_like(X.sum(axis=0)) * y,
    "transposed": pt.ones_like(X.T) * y,
    "constant": pt.ones_like(x) * np.ones(4),
    "known length": pt.ones_like(x) * pt.specify_shape(y, 4),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("output", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_lengths_that_do_not_agree(output, mode):
    f = function([x, y, X], output, mode=MODES[mode], on_unused_input="ignore")
    values = np.arange(3.0), np.arange(4.0), np.ones((3, 3))
    before = [value.copy() for value in values]
    with pytest.raises(ValueError, match=r"3|4") as caught:
        f(*values)
    assert any("test_lengths.py" in note for note in caught.value.__notes__)
    for value, old in zip(values, before, strict=True):
        np.testing.assert_array_equal(value, old)
    f(np.arange(4.0), np.arange(4.0), np.ones((4, 4)))


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
def test_the_error_names_the_inputs_and_the_op(mode):
    f = function([x, y], pt.ones_like(x) * y, mode=mode)
    text = r"Mul: dimension 0 of x has length 3, dimension 0 of y has length 1\. .*specify_broad"
    with pytest.raises(ValueError, match=text):
        f(np.arange(3.0), np.arange(1.0))


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
def test_lengths_that_need_not_agree(mode):
    chosen = ifelse(n > 0, (x + y).sum(), x.sum())
    f = function([x, y, n], [chosen, x.reshape((-1,)), pt.stack([x[0], y[1]])], mode=mode)
    total, same, pair = f(np.arange(3.0), np.arange(3.0), 1)
    assert total == 6
    np.testing.assert_array_equal(same, [0, 1, 2])
    np.testing.assert_array_equal(pair, [0, 1])


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
def test_a_reshape_that_changes_nothing_leaves(mode):
    outputs = [x.reshape((-1,)), X.reshape(X.shape), X.reshape((X.shape[0], -1))]
    f = function([x, X], outputs, mode=mode)
    assert not f.maker.fgraph.toposort()


# -- lengths that are numbers ----------------------------------------------------------------------

# What is made of a length, in ways that leave nothing of it but the number.
MADE = {
    "sum": lambda k: pt.ones(k).sum(),
    "mean": lambda k: pt.ones(k).mean(),
    "columns": lambda k: pt.ones((k, 2)).sum(axis=0),
    "exponentials": lambda k: pt.exp(pt.zeros(k)).sum(),
    "length": lambda k: pt.zeros(k).shape[0],
    "size": lambda k: pt.empty((k, k)).size,
    "identity": lambda k: pt.eye(k, k + 1).sum(),
    "spread": lambda k: pt.broadcast_to(x.sum(), (k,)).sum(),
    "itself": lambda k: pt.zeros(k),
    "range": lambda k: pt.arange(k) * 2,
    "sum of a range": lambda k: pt.arange(k).sum(),
    "slice of a range": lambda k: pt.arange(k)[1:] + 1,
    "triangle": lambda k: pt.tri(k),
    "steps": lambda k: pt.linspace(0, 1, k),
    "beside NumPy": lambda k: [pt.ones(k).sum(), (x * 2).sum(), pt.unique(x)],
}
COUNTS = {
    "number": lambda: n,
    "small number": lambda: pt.cast(small, "int64") + 1,
    "difference": lambda: x.shape[0] - 5,
    "sum": lambda: n + x.size - X.shape[1],
    "opposite": lambda: -n,
    "product": lambda: n * x.shape[0],
}


@pytest.mark.parametrize("mode", ["numpy", "quick", "c"])
@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("count", COUNTS)
def test_negative_lengths_are_refused_as_in_the_graph_as_written(count, made, mode):
    output = MADE[made](COUNTS[count]())
    options = {"on_unused_input": "ignore"}
    plain = function([n, small, x, X], output, mode=MODES["raw"], **options)
    f = function([n, small, x, X], output, mode=MODES[mode], **options)
    for number, length in [(2, 6), (0, 5), (-3, 3), (3, 1), (-1, 0)]:
        values = number, number - 1, np.ones(length), np.ones((length, length))
        try:
            expected = plain(*values)
        except ValueError:
            with pytest.raises(ValueError, match="negative") as caught:
                f(*values)
            assert any("test_lengths.py" in note for note in caught.value.__notes__)
        else:
            for found, value in zip(_listed(f(*values)), _listed(expected), strict=True):
                assert found.dtype == value.dtype
                np.testing.assert_array_equal(found, value)


def _listed(results):
    return results if isinstance(results, list) else [results]


@pytest.mark.parametrize("mode", ["NUMPY", "FAST_RUN"])
def test_a_branch_that_is_not_taken_may_be_of_negative_length(mode):
    f = function([n], ifelse(n > 0, pt.ones(n).sum(), pt.constant(7.0)), mode=mode)
    assert (f(2), f(-2)) == (2, 7)


def test_lengths_are_compared_where_only_a_part_is_compiled():
    f = function([x, y], [pt.ones_like(x) * y, pt.exp(x).sum(), pt.unique(x)])
    assert f.fallbacks
    with pytest.raises(ValueError, match="dimension 0 of x has length 3"):
        f(np.arange(3.0), np.arange(4.0))
