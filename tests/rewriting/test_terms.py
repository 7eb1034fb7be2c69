"""Exponentials become terms where they are only added to exp(0), and nowhere else."""

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite.tensor.special import log_softmax, softmax
from tests.rewriting.tools import ops_of

x, y = pt.matrix("x"), pt.matrix("y")
ROWS = {"axis": 1, "keepdims": True}


def is_marked(*outputs):
    """Whether some exponential is a term, after all rewriting but fusion."""
    mode = pytensorlite.compile.get_mode("FAST_RUN").excluding("elemwise_fusion")
    f = pytensorlite.function([x, y], outputs, mode=mode, on_unused_input="ignore")
    return any("exp_term" in name.lower() for out in f.maker.fgraph.outputs for name in ops_of(out))


def shifted(level):
    """Return exponentials of what is measured from `level`."""
    return pt.exp(x - level)


TERMS = {
    "logsumexp": pt.logsumexp(x, axis=1),
    "of columns": pt.logsumexp(x, axis=0),
    "of all": pt.logsumexp(x),
    "of what is computed": pt.logsumexp(pt.dot(x, y), axis=1),
    "written out": pt.log(pt.exp(x).sum(axis=1)),
    "log_softmax": log_softmax(x, axis=1),
    "largest of rows": shifted(x.max(**ROWS)).sum(axis=1),
    "rows that have 1 each": shifted(x.max(**ROWS)).sum(),
    "finite": shifted(pt.switch(pt.isfinite(x.max(**ROWS)), x.max(**ROWS), 0)).sum(axis=1),
}
OTHERS = {
    "not measured": pt.exp(x).sum(axis=1),
    "measured from something else": shifted(y).sum(axis=1),
    "from the largest of another": shifted(y.max(**ROWS)).sum(axis=1),
    "from the largest of all": shifted(x.max()).sum(axis=1),
    "from the largest of columns": shifted(x.max(axis=0, keepdims=True)).sum(axis=1),
    "from another row's largest": shifted(x.max(axis=1)).sum(axis=1),
    "from the smallest": shifted(x.min(**ROWS)).sum(axis=1),
    "weighted": (y * shifted(x.max(**ROWS))).sum(axis=1),
    "multiplied": shifted(x.max(**ROWS)).prod(axis=1),
    "softmax": softmax(x, axis=1),
    "kept": [shifted(x.max(**ROWS)), shifted(x.max(**ROWS)).sum(axis=1)],
    "whole numbers": pt.exp(pt.cast(x, "int64") - pt.cast(x, "int64").max(**ROWS)).sum(axis=1),
}


@pytest.mark.parametrize("name", TERMS)
def test_what_is_only_added_to_one_is_a_term(name):
    assert is_marked(TERMS[name])


@pytest.mark.parametrize("name", OTHERS)
def test_what_somebody_sees_is_not(name):
    outputs = OTHERS[name]
    assert not is_marked(*(outputs if isinstance(outputs, list) else [outputs]))


@pytest.mark.parametrize("name", TERMS)
def test_terms_add_up_to_what_exponentials_do(name):
    values = np.random.default_rng(0).normal(size=(2, 12, 12)) * 5
    got, expected = (
        pytensorlite.function([x, y], TERMS[name], mode=mode, on_unused_input="ignore")(*values)
        for mode in ("FAST_RUN", "NUMPY")
    )
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_what_is_measured_from_its_smallest_overflows_no_more_than_it_must():
    compute = pytensorlite.function([x], pt.log(pt.exp(x - x.min(**ROWS)).sum(axis=1)))
    np.testing.assert_allclose(compute([[0.0, 1000.0]]), 1000)
