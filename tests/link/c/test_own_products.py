"""Products by the routines that stand in for BLAS."""

import ctypes
import functools
import mmap
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import config, function
from pytensorlite.cgen import dispatch
from pytensorlite.cgen.build import BuildError, build
from pytensorlite.cgen.features import level
from pytensorlite.cgen.host import Loop
from pytensorlite.link.c import own_products, routines

TYPES = {"float64": ("d", ctypes.c_double), "float32": ("s", ctypes.c_float)}
# Shorter vectors than the processor has, as other processors run the routines.
SHORTER = {"x86-64-v3": {"ymm": ("-mno-avx512f",), "xmm": ("-mno-avx512f", "-mno-avx")}}
SHORTER["x86-64-v4"] = SHORTER["x86-64-v3"]
VECTORS = {"longest": (), **SHORTER.get(level(), {})}

# Around the edges of tiles, of panels and of blocks.
lengths = st.one_of(
    st.integers(0, 40),
    st.sampled_from([47, 48, 49, 96, 97, 130]),
    st.sampled_from([255, 256, 257, 264, 511, 512, 520, 1030]),
)
numbers = st.sampled_from([1.0, -0.01, 0.5, 2.0])
orders = st.sampled_from(["NN", "NT", "TN", "TT"])


class Crew(ctypes.Structure):
    """``ptl_crew``: blocks from the last to the first, for as many threads as are asked for."""

    _fields_ = [
        ("threads", ctypes.CFUNCTYPE(ctypes.c_int)),
        ("run_loop", ctypes.CFUNCTYPE(None, ctypes.POINTER(Loop))),
    ]

    def __init__(self):
        self.count, self.blocks = 1, 0
        asked, run = (kind for _, kind in self._fields_)
        super().__init__(asked(lambda: self.count), run(self._run))

    def _run(self, pointer):
        loop = pointer.contents
        assert loop.extent == loop.blocks
        self.blocks = loop.blocks
        for block in reversed(range(loop.blocks)):
            loop.run_step(loop.task, block, block, block + 1)


CREW = Crew()


def library(size, dtype, vectors):
    """Return a routine of ours, for vectors of some length, in a library of this test."""
    letter, _ = TYPES[dtype]
    made = build(
        own_products.SOURCES[size].format(type=own_products.TYPES[letter]),
        flags=(*own_products.flags(), "-DWITH_A_CREW_OF_ITS_OWN", *VECTORS[vectors]),
        cache_dir=config.cache_dir,
    )
    if size == "large":
        own_products.connect(made, letter, ctypes.addressof(CREW), True)
    return made


@functools.cache
def libraries(dtype, vectors):
    return {size: library(size, dtype, vectors) for size in own_products.SOURCES}


KEYS = [(dtype, name) for dtype in TYPES for name in VECTORS]


def laid_out(matrix, order, gap):
    """Return memory that holds the matrix by rows or by columns, and their distance."""
    rows = matrix if order == "N" else matrix.T
    memory = np.full((rows.shape[0], rows.shape[1] + gap), np.nan, matrix.dtype)
    memory[:, : rows.shape[1]] = rows
    return memory, max(1, rows.shape[1] + gap)


def multiply(made, alpha, a, a_order, b, b_order, beta, c, gap, small=False):
    """Call a routine for ``alpha a b + beta c``; return the result and what lies beside it."""
    _, scalar = TYPES[a.dtype.name]
    (left, left_lead), (right, right_lead) = laid_out(a, a_order, gap), laid_out(b, b_order, gap)
    target, lead = laid_out(c, "N", gap)
    call(
        made, small, scalar, a_order, b_order, (*c.shape, a.shape[1]), alpha,
        left.ctypes.data, left_lead, right.ctypes.data, right_lead, beta, target.ctypes.data, lead,
    )  # fmt: skip
    return target[:, : c.shape[1]], target[:, c.shape[1] :]


def call(
    made, small, scalar, a_order, b_order, shape, alpha, a, a_lead, b, b_lead, beta, c, c_lead
):
    """Call the routine for small matrices, or the other as Fortran does."""
    (m, n, k), pointer, order = shape, ctypes.c_void_p, ctypes.c_char
    if small:
        long = ctypes.c_int64
        ctypes.CFUNCTYPE(
            None, order, order, long, long, long, scalar, pointer, long, pointer, long,
            scalar, pointer, long,
        )(made["small"].address("ptl_multiply_small"))(
            a_order.encode(), b_order.encode(), m, n, k, alpha, a, a_lead, b, b_lead, beta, c,
            c_lead,
        )  # fmt: skip
        return
    by_reference = [order(b_order.encode()), order(a_order.encode())]
    by_reference += [ctypes.c_int(length) for length in (n, m, k)]
    numbers = [scalar(alpha), scalar(beta)]
    leads = [ctypes.c_int(lead) for lead in (b_lead, a_lead, c_lead)]
    refer = ctypes.byref
    ctypes.CFUNCTYPE(None, *[pointer] * 13)(made["large"].address("ptl_multiply"))(
        *map(refer, by_reference), refer(numbers[0]), b, refer(leads[0]), a, refer(leads[1]),
        refer(numbers[1]), c, refer(leads[2]),
    )  # fmt: skip


def problem(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    m, n, k = shape
    return (rng.normal(size=size).astype(dtype) for size in [(m, k), (k, n), (m, n)])


def check(found, alpha, a, b, beta, c):
    """Compare with sums in more digits: each term and each step may err by a unit of roundoff."""
    unit = np.finfo(a.dtype).eps / 2
    exact = np.float64 if a.dtype == np.float32 else np.longdouble
    wide = [x.astype(exact) for x in (a, b, c)]
    expected = alpha * (wide[0] @ wide[1]) + beta * wide[2]
    size = abs(alpha) * (abs(a) @ abs(b)) + abs(beta * c)
    assert (abs(found - expected) <= (a.shape[1] + 4) * unit * size + np.finfo(a.dtype).tiny).all()


@given(
    shape=st.tuples(lengths, lengths, lengths),
    order=orders,
    scales=st.tuples(numbers, st.one_of(st.just(0.0), numbers)),
    gap=st.integers(0, 3),
    dtype=st.sampled_from(list(TYPES)),
    vectors=st.sampled_from(list(VECTORS)),
    threads=st.sampled_from([1, 2, 3, 16]),
    seed=st.integers(0, 99),
)
def test_any_lengths_orders_and_scales(shape, order, scales, gap, dtype, vectors, threads, seed):
    a, b, c = problem(shape, dtype, seed)
    alpha, beta = scales
    made = libraries(dtype, vectors)
    CREW.count = threads
    small = shape[2] <= 256
    found, beside = multiply(made, alpha, a, order[0], b, order[1], beta, c, gap)
    check(found, alpha, a, b, beta, c)
    assert np.isnan(beside).all()
    if small:
        again, beside = multiply(made, alpha, a, order[0], b, order[1], beta, c, gap, small=True)
        check(again, alpha, a, b, beta, c)
        assert np.isnan(beside).all()


@given(
    shape=st.tuples(*[st.integers(250, 600)] * 3),
    order=orders,
    beta=st.sampled_from([0.0, 0.5]),
    dtype=st.sampled_from(list(TYPES)),
    vectors=st.sampled_from(list(VECTORS)),
)
def test_results_do_not_depend_on_threads(shape, order, beta, dtype, vectors):
    a, b, c = problem(shape, dtype)
    made = libraries(dtype, vectors)
    CREW.count = 1
    alone, _ = multiply(made, 1.5, a, order[0], b, order[1], beta, c, 0)
    for CREW.count in (2, 5, 64):
        CREW.blocks = 0
        shared, _ = multiply(made, 1.5, a, order[0], b, order[1], beta, c, 0)
        assert shared.tobytes() == alone.tobytes()
        assert CREW.blocks > 1


@given(
    n=lengths,
    k=st.one_of(st.integers(9, 40), st.sampled_from([0, 5, 287, 288, 289, 600])),
    triangle=st.sampled_from("LU"),
    order=st.sampled_from("NT"),
    beta=st.sampled_from([0.0, 0.5]),
    dtype=st.sampled_from(list(TYPES)),
    vectors=st.sampled_from(list(VECTORS)),
    threads=st.sampled_from([1, 3]),
)
def test_a_matrix_and_its_transpose(n, k, triangle, order, beta, dtype, vectors, threads):
    """Fortran's order "T" is that of rows; its lower triangle is the upper one of rows."""
    a, _, c = problem((n, n, k), dtype)
    c = c + c.T
    memory, lead = laid_out(a, "N" if order == "T" else "T", 1)
    target, target_lead = laid_out(c, "N", 2)
    CREW.count = threads
    refer, pointer, scalar = ctypes.byref, ctypes.c_void_p, TYPES[dtype][1]
    letters = [ctypes.c_char(letter.encode()) for letter in (triangle, order)]
    leads = [ctypes.c_int(length) for length in (n, k, lead, target_lead)]
    ctypes.CFUNCTYPE(None, *[pointer] * 10)(
        libraries(dtype, vectors)["large"].address("ptl_multiply_transposed")
    )(
        *map(refer, letters), refer(leads[0]), refer(leads[1]), refer(scalar(0.5)),
        memory.ctypes.data, refer(leads[2]), refer(scalar(beta)), target.ctypes.data,
        refer(leads[3]),
    )  # fmt: skip
    half = (np.triu if triangle == "L" else np.tril)(target[:, :n])
    whole = half + half.T - np.diag(np.diag(half))
    check(whole, 0.5, a, a.T, beta, c)
    assert np.isnan(target[:, n:]).all()


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_what_counts_for_nothing_is_not_read(key, small):
    made, nan = libraries(*key), np.nan
    a, b, c = (np.full(size, 1.0, key[0]) for size in [(21, 13), (13, 35), (21, 35)])
    found, _ = multiply(made, 1.0, a, "N", b, "N", 0.0, c * nan, 0, small)
    np.testing.assert_array_equal(found, np.full((21, 35), 13.0))
    found, _ = multiply(made, 0.0, a * nan, "N", b, "T", 2.0, c, 0, small)
    np.testing.assert_array_equal(found, np.full((21, 35), 2.0))
    a[20, 12], b[0, 34] = np.inf, nan
    found, _ = multiply(made, 1.0, a, "N", b, "N", 0.0, c, 0, small)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(found, a @ b)


class Fenced:
    """An array that ends where no memory is."""

    def __init__(self, array):
        page = mmap.PAGESIZE
        self.map = mmap.mmap(-1, -(-array.nbytes // page) * page + page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        end = start + len(self.map) - page
        protect = ctypes.CDLL(None).mprotect
        assert protect(ctypes.c_void_p(end), ctypes.c_size_t(page), 0) == 0
        self.address = end - array.nbytes
        ctypes.memmove(self.address, array.ctypes.data, array.nbytes)


@pytest.mark.skipif(sys.platform != "linux", reason="mprotect by its usual name")
@pytest.mark.parametrize("order", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_nothing_is_read_behind_a_matrix(key, order):
    for shape in [(8, 24, 8), (9, 49, 17), (3, 5, 9), (40, 33, 12), (270, 30, 31)]:
        a, b, c = problem(shape, key[0])
        matrices = [laid_out(x, o, 0) for x, o in zip((a, b, c), (*order, "N"), strict=True)]
        (left, left_lead), (right, right_lead), (target, lead) = (
            (Fenced(memory), lead) for memory, lead in matrices
        )
        call(
            libraries(*key), False, TYPES[key[0]][1], *order, shape, 1.0, left.address, left_lead,
            right.address, right_lead, 1.0, target.address, lead,
        )  # fmt: skip
        ctypes.memmove(matrices[2][0].ctypes.data, target.address, c.nbytes)
        check(matrices[2][0], 1.0, a, b, 1.0, c)


@pytest.mark.parametrize("n", [63, 64, 65, 257])
def test_products_are_the_same_on_both_sides_of_the_limit(rng, n):
    a, b = pt.dmatrices("a", "b")
    product = function([a, b], [a @ b, a.T @ b.T, a @ b.T])
    left, right = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    for found, expected in zip(
        product(left, right), [left @ right, left.T @ right.T, left @ right.T], strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_large_products_with_threads_and_within_blocks_of_a_loop(rng):
    """Each of a batch's products is worth threads itself, but may run in a block of the batch."""
    if not own_products.own_routine("dsyrk"):
        pytest.skip("BLAS multiplies, and promises less")
    x, y = pt.dtensor3("x"), pt.dmatrix("y")
    programs = [function([x, y], x @ y), function([x, y], [x @ x.mT, y @ y.T])]
    first, second = rng.normal(size=(6, 250, 300)), rng.normal(size=(300, 320))
    results = []
    for threads in (1, 2, 3):
        with config.change_flags(threads=threads):
            found = [programs[0](first, second), *programs[1](first, second)]
            results.append([array.tobytes() for array in found])
    assert results[0] == results[1] == results[2]
    np.testing.assert_allclose(programs[0](first, second), first @ second, atol=1e-10)


@pytest.mark.skipif(not dispatch.is_native, reason="the Python dispatcher has no threads")
def test_parts_are_run_by_the_threads_of_the_dispatcher():
    """They are started for the first long loop, and this program has no other."""
    code = """
import numpy as np, pytensorlite.tensor as pt
from pytensorlite import config, function
from pytensorlite.cgen._dispatch import count_workers
from pytensorlite.link.c import own_products
own_products.blas_kernels = lambda: "Nehalem"
own_products.vector_bytes = lambda: 64
config.threads = 3
a = pt.dmatrix("a")
function([a], a @ a)(np.ones((500, 500)))
print(count_workers())
"""
    words = [sys.executable, "-c", code]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "2\n"


def test_calls_in_many_threads_at_once(rng):
    if not own_products.own_routine("dsyrk"):
        pytest.skip("BLAS multiplies, and promises less")
    a, b = pt.dmatrices("a", "b")
    product = function([a, b], a.T @ b)
    problems = [rng.normal(size=(2, n, n)) for n in (180, 256, 301, 350)]
    with config.change_flags(threads=2):
        alone = [product(*pair).tobytes() for pair in problems]
        copies = [product.copy() for _ in problems]
        with ThreadPoolExecutor(len(problems)) as pool:
            calls = [
                (number, pool.submit(copies[number], *problems[number]))
                for number in range(len(problems))
                for _ in range(20)
            ]
            for number, call in calls:
                assert call.result().tobytes() == alone[number]


def test_without_the_routines_blas_multiplies(rng, monkeypatch, tmp_path):
    def fail(*args, **kwargs):
        raise BuildError("no compiler today")

    monkeypatch.setattr(own_products, "build", fail)
    monkeypatch.setattr(own_products, "blas_kernels", lambda: "Haswell")
    monkeypatch.setattr(own_products, "library_of", own_products.library_of.__wrapped__)
    monkeypatch.setattr(routines, "address", routines.address.__wrapped__)
    a, b = pt.fmatrices("a", "b")
    with (
        config.change_flags(cache_dir=str(tmp_path)),
        pytest.warns(UserWarning, match="left to BLAS: no compiler today"),
    ):
        product = function([a, b], a @ b)
    left, right = rng.normal(size=(2, 4, 4)).astype("float32")
    np.testing.assert_allclose(product(left, right), left @ right, rtol=1e-5)


@pytest.mark.parametrize(
    ("kernels", "ours", "small", "gemm", "syrk"),
    [
        ("SkylakeX", 64, False, True, False),
        ("SkylakeX", 32, False, False, False),
        ("Haswell", 64, True, True, True),
        ("Haswell", 32, True, True, False),
        ("Zen", 64, True, True, True),
        ("Nehalem", 32, True, True, True),
        ("", 64, True, False, False),
        ("SomethingNew", 64, True, False, False),
    ],
)
def test_who_multiplies(kernels, ours, small, gemm, syrk, monkeypatch):
    monkeypatch.setattr(own_products, "blas_kernels", lambda: kernels)
    monkeypatch.setattr(own_products, "vector_bytes", lambda: ours)
    for letter in "sd":
        assert (own_products.own_routine(f"small_{letter}gemm") != 0) == small
        assert (own_products.own_routine(f"{letter}gemm") != 0) == gemm
        assert (own_products.own_routine(f"{letter}syrk") != 0) == syrk


@pytest.mark.parametrize("is_wider", [True, False])
@pytest.mark.parametrize(
    ("shape", "of_few_rows"),
    [((16, 40, 30), True), ((64, 40, 30), True), ((128, 40, 30), False), ((17, 40, 30), False)],
)
def test_what_is_left_to_blas(shape, of_few_rows, is_wider):
    """With vectors as long as those of BLAS only products of few rows, in whole tiles, are ours."""
    made, asked = library("large", "float64", "longest"), []
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)
    instead = kind(lambda *_: asked.append(True))
    a, b, c = problem(shape, "float64")
    try:
        own_products.connect(made, "d", 0, is_wider)
        address = ctypes.cast(instead, ctypes.c_void_p).value
        ctypes.c_void_p.in_dll(made.handle, "ptl_blas_gemm").value = address
        multiply({"large": made}, 1.0, a, "N", b, "N", 0.0, c, 0)
    finally:
        own_products.connect(made, "d", ctypes.addressof(CREW), True)
    assert bool(asked) == (not is_wider and not of_few_rows)


def test_where_blas_is_quick_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(own_products, "blas_kernels", lambda: "SkylakeX")
    monkeypatch.setattr(own_products, "vector_bytes", lambda: 32)
    monkeypatch.setattr(own_products, "library_of", lambda *_: pytest.fail("not needed"))
    for name in ("small_dgemm", "dgemm", "dsyrk"):
        assert own_products.own_routine(name) == 0
    assert isinstance(own_products.blas_kernels(), str)
