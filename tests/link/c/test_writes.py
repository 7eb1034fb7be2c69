"""Parts written into arrays, and joins: straight into place, and never into what others read."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.gradient import hessian

X = pt.dvector("X")
A = pt.dmatrix("A")

bound = st.one_of(st.none(), st.integers(-4, 4))
step = st.sampled_from([None, 1, 2, -1, -2])
part = st.builds(slice, bound, bound, step)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def test_a_chain_of_writes_is_one_kernel():
    f = function([X], hessian(rosenbrock(X), X))
    assert "kernel1" not in f.c_source
    x = np.array([0.5, -1.0, 2.0])
    expected = function([X], hessian(rosenbrock(X), X), mode="NUMPY")(x)
    assert np.allclose(f(x), expected, rtol=1e-13)


def test_parts_of_a_join_are_computed_where_they_go():
    f = function([X, A], pt.concatenate([X * 2, pt.exp(A).sum(axis=0), X[::-1]]))
    assert "kernel1" not in f.c_source
    stack = function([X], pt.stack([X, X * 2, X**2], axis=1))
    assert "w0" not in stack.c_source
    x = np.arange(4.0)
    assert np.array_equal(stack(x), np.stack([x, x * 2, x**2], axis=1))


def test_parts_of_length_zero():
    empty, x = pt.tensor("e", shape=(0,), dtype="float64"), pt.dvector("x")
    f = function([empty, x], pt.join(0, empty, x.sum()[None], empty))
    np.testing.assert_array_equal(f([], [1.0, 2.0]), [3.0])


def test_a_diagonal_needs_one_row_of_memory():
    f = function([X], pt.diag(X) * 2)
    assert "bytes, 8 * n0)" in f.c_source.replace("ptl_product(8, n0)", "8 * n0")
    assert "ptl_out_of_range" not in f.c_source
    assert np.array_equal(f(np.arange(3.0)), 2 * np.diag(np.arange(3.0)))


@pytest.mark.parametrize("n", range(4))
def test_negative_zero_is_no_zero(n):
    f = function([X], (pt.alloc(-0.0, X.shape[0])[:1].set(X[:1])) * 1.0)
    assert np.array_equal(np.signbit(f(np.ones(n))), [False, True, True][:n])


def test_adding_twice_to_a_place_keeps_the_order():
    base = pt.alloc(1e16, X.shape[0])
    f = function([X], base[1:].inc(X[1:] * 1.0)[1:].inc(X[1:] + 0.0))
    assert np.array_equal(f(np.ones(4)), [1e16] * 4)  # 1e16 + (1 + 1) would be more


class Program:
    """Arrays made from each other by writes, in both worlds."""

    def __init__(self, draw):
        self.draw = draw
        n, m = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        values = np.arange(1.0, 1 + n * m).reshape(n, m), 10 + np.arange(float(n))
        self.arguments = values
        constant = np.arange(100.0, 100 + n * m).reshape(n, m)
        self.matrices = [
            (A, values[0]),
            (pt.constant(constant), constant),
            (pt.zeros_like(A), np.zeros((n, m))),
            (A * 2, values[0] * 2),
            (pt.alloc(3.0, *A.shape), np.full((n, m), 3.0)),
        ]
        self.n, self.m = n, m

    def pick(self):
        return self.draw(st.sampled_from(self.matrices))

    def write(self):
        base, array = self.pick()
        index = self.draw(st.tuples(part, part)) if self.draw(st.booleans()) else (self.draw(part),)
        if self.draw(st.booleans()) and self.n:
            index = (self.draw(st.integers(-self.n, self.n - 1)), *index[1:])
        target = array[index]
        kind = self.draw(st.sampled_from(["scalar", "same", "other"]))
        value, number = pt.constant(7.0), np.asarray(7.0)
        if kind == "same":
            value, number = base[index] + 1.0, target + 1.0
        elif kind == "other":
            other, numbers = self.pick()
            if numbers[index].shape == target.shape:
                value, number = other[index] * 0.5, numbers[index] * 0.5
        result = array.copy()
        if self.draw(st.booleans()):
            result[index] = number
            return base[index].set(value), result
        result[index] += number
        return base[index].inc(value), result

    def join(self):
        first, second = self.pick(), self.pick()
        both = np.concatenate([first[1], second[1]], axis=1)
        return pt.concatenate([first[0], second[0]], axis=1)[:, : self.m], both[:, : self.m]

    def mix(self):
        first, second = self.pick(), self.pick()
        return first[0] + second[0], first[1] + second[1]


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_chains_of_writes(data):
    program = Program(data.draw)
    for _ in range(data.draw(st.integers(1, 5))):
        step = data.draw(st.sampled_from([program.write, program.write, program.join, program.mix]))
        program.matrices.append(step())
    made = program.matrices[5:]
    wanted = [made[-1], *(m for m in made[:-1] if data.draw(st.booleans()))]
    f = function([A, X], [graph for graph, _ in wanted], on_unused_input="ignore")
    kept = [a.copy() for a in program.arguments]
    results = f(*program.arguments)
    for result, (_, expected) in zip(results, wanted, strict=True):
        assert np.array_equal(result, expected)
    assert all(np.array_equal(a, b) for a, b in zip(kept, program.arguments, strict=True))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    start=st.integers(-6, 6),
    stop=st.integers(-6, 6),
    n=st.integers(0, 5),
    by=st.sampled_from([1, 2, -1]),
    add=st.booleans(),
)
def test_bounds_that_are_known_at_run_time(start, stop, n, by, add):
    i, j = pt.lscalars("i", "j")
    key = by, add
    if key not in COMPILED:
        place = (X * 2.0)[i:j:by]
        COMPILED[key] = function([X, i, j], pt.exp((place.inc if add else place.set)(1.0)))
    x = np.arange(float(n))
    expected = x * 2.0
    expected[start:stop:by] = expected[start:stop:by] + 1 if add else 1.0
    assert np.allclose(COMPILED[key](x, start, stop), np.exp(expected), rtol=1e-14)


COMPILED: dict = {}


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "strided"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool", "complex128"])
def test_layouts_and_dtypes(layout, dtype):
    a = pt.tensor("a", shape=(None, None), dtype=dtype)
    graph = pt.set_subtensor((a | a if dtype == "bool" else a + a)[1:, ::2], a[1:, ::2])
    f = function([a], [graph, pt.concatenate([a[::-1], graph], axis=0)])
    array = (np.arange(12) % 5).reshape(3, 4).astype(dtype)
    array = {
        "C": array,
        "F": np.asfortranarray(array),
        "reversed": array[::-1, ::-1],
        "strided": array[:, ::2],
    }[layout]
    expected = array + array
    expected[1:, ::2] = array[1:, ::2]
    first, second = f(array)
    assert np.array_equal(first, expected)
    assert np.array_equal(second, np.concatenate([array[::-1], expected]))


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_long_sums_into_a_fill_add_to_it_once(dtype):
    index, values = pt.lvector("index"), pt.vector("values", dtype=dtype)
    graph = pt.alloc(np.asarray(5, dtype), 3)[index].inc(values * values)
    f = function([index, values], graph)
    where = np.arange(1_000_000) % 3
    numbers = np.ones(where.size, dtype)
    assert np.array_equal(f(where, numbers), 5 + np.bincount(where))


def test_long_joins_and_writes():
    graph = pt.concatenate([X + 1, pt.set_subtensor((X * 2)[1:-1], X[:-2]), X - 1])
    x = np.arange(1_000_000.0)
    middle = x * 2
    middle[1:-1] = x[:-2]
    assert np.array_equal(function([X], graph)(x), np.concatenate([x + 1, middle, x - 1]))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize(
    "use",
    [
        lambda a, n: a[n].inc(2.0) * 2,
        lambda a, n: a[n:].set(1.0) * 2,
        lambda a, n: a[n] + a[:n].sum(),
    ],
)
def test_an_index_of_any_integer_dtype_among_loops(use, dtype):
    n = pt.scalar("n", dtype=dtype)
    outputs = [use(pt.exp(A), n), (A * A).sum(axis=0)]
    arguments = 1, np.arange(6.0).reshape(3, 2)
    results = function([n, A], outputs)(*arguments)
    for result, expected in zip(
        results, function([n, A], outputs, mode="NUMPY")(*arguments), strict=True
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-13, strict=True)
