"""None and slices as variables."""

import numpy as np
import pytest

import pytensorlite.scalar as ps
import pytensorlite.tensor as pt
from pytensorlite.tensor.conversion import as_symbolic
from pytensorlite.tensor.type_other import (
    NoneConst,
    NoneSliceConst,
    SliceConstant,
    as_int_none_variable,
    make_slice,
    none_type_t,
    slicetype,
)
from tests.tensor.tools import evaluate


def test_none():
    assert none_type_t.filter(None) is None
    assert NoneConst.data is None
    assert as_symbolic(None) is NoneConst
    with pytest.raises(TypeError, match="None"):
        none_type_t.filter(0)


def test_slices():
    assert slicetype.filter(slice(1, 2)) == slice(1, 2)
    assert NoneSliceConst.data == slice(None)
    assert as_symbolic(slice(1, None)).data == slice(1, None)
    one, other = (SliceConstant(slicetype, slice(1, 2, 3)) for _ in range(2))
    assert hash(one.signature()) == hash(other.signature())
    with pytest.raises(TypeError, match="slice"):
        slicetype.filter(3)
    with pytest.raises(TypeError, match="integers"):
        SliceConstant(slicetype, slice(1.5, None))


def test_a_slice_of_symbolic_bounds():
    n = pt.lscalar("n")
    for made in (make_slice(1, n, None), make_slice(slice(1, n)), as_symbolic(slice(1, n))):
        assert made.type == slicetype
        assert evaluate(made, {n: np.array(5)}) == slice(1, 5, None)
    assert [made.owner.op.connection_pattern(made.owner)] == [[[False]] * 3]


def test_bounds_are_integers():
    assert as_int_none_variable(None) is NoneConst
    assert as_int_none_variable(3).data == 3
    n = ps.int64("n")
    assert as_int_none_variable(n) is n
    for bound in (1.5, True, "1", pt.dscalar("x"), pt.lvector("v"), ps.float64("x")):
        with pytest.raises(TypeError, match="bound"):
            as_int_none_variable(bound)
