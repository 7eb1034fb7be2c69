"""Arrays whose axes lie across each other, around the lengths of tiles."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function

LENGTHS = st.sampled_from([0, 1, 2, 7, 8, 31, 32, 33, 63, 64, 65, 130])


@given(
    data=st.data(), rank=st.integers(2, 3), dtype=st.sampled_from(["float64", "float32", "int8"])
)
def test_turned_arrays(data, rank, dtype):
    shape = data.draw(st.tuples(*[LENGTHS] * (rank - 1), st.integers(0, 40)))
    order = data.draw(st.permutations(range(rank)))
    x, y = (pt.tensor(name, dtype=dtype, shape=(None,) * rank) for name in "xy")
    program = function([x, y], [x.transpose(order), x.transpose(order) + y], mode="C")
    assert not program.fallbacks
    a = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    turned = a.transpose(order)
    b = np.arange(turned.size).reshape(turned.shape).astype(dtype)[::-1].copy()
    alone, both = program(a, b)
    np.testing.assert_array_equal(alone, turned)
    np.testing.assert_array_equal(both, turned + b)


def test_the_new_matrix_is_not_read_where_it_is_written(rng):
    x = pt.dmatrix("x")
    for n in (5, 64, 100):
        a = rng.normal(size=(n, n))
        program = function([x], x + (x + x.T).T, mode="C")
        np.testing.assert_allclose(program(a), a + (a + a.T), rtol=1e-15)
