"""The dispatcher on programs written by hand against the ABI of `ptl_runtime.h`."""

import contextlib
import ctypes
import gc
import shutil
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pytensorlite.cgen import dispatch

INCLUDE = Path(dispatch.__file__).resolve().parents[1] / "include"

PROGRAMS = r"""
#include "ptl_runtime.h"

/* y = x + 1 */
int32_t add_one_sizes(const ptl_array *in, int64_t *sizes, ptl_error *error) {
    (void)error;
    sizes[1] = in[0].shape[0];
    return PTL_OK;
}
int32_t add_one_run(const ptl_array *in, void *const *out, const int64_t *sizes, char *workspace,
                    ptl_error *error, ptl_host *host) {
    const double *x = in[0].data;
    double *y = out[0];
    (void)workspace, (void)error, (void)host;
    for (int64_t i = 0; i < sizes[1]; i++) y[i] = x[i] + 1;
    return PTL_OK;
}

/* total, product = a[i] + b[i] through the workspace, times a constant; lengths must agree */
int32_t mix_sizes(const ptl_array *in, int64_t *sizes, ptl_error *error) {
    if (in[0].shape[0] != in[1].shape[0])
        return ptl_fail(error, 7, in[0].shape[0], in[1].shape[0], 0, 0, 0, 0);
    sizes[0] = 8 * in[0].shape[0];
    sizes[1] = in[0].shape[0];
    return PTL_OK;
}
int32_t mix_run(const ptl_array *in, void *const *out, const int64_t *sizes, char *workspace,
                ptl_error *error, ptl_host *host) {
    const double *a = in[0].data, *b = in[1].data, *scale = in[2].data;
    double *sum = (double *)workspace, *total = out[0], *product = out[1];
    (void)host;
    if ((uintptr_t)workspace % PTL_ALIGNMENT) return ptl_fail(error, 9, 0, 0, 0, 0, 0, 0);
    for (int64_t i = 0; i < sizes[1]; i++) {
        if (b[i] < 0) return ptl_fail(error, 8, i, 0, 0, 0, 0, 0);
        sum[i] = a[i] + b[i];
    }
    *total = 0;
    for (int64_t i = 0; i < sizes[1]; i++) {
        *total += sum[i];
        product[i] = sum[i] * *scale;
    }
    return PTL_OK;
}

/* y = x * k of two numbers; k is an integer */
int32_t scale_sizes(const ptl_array *in, int64_t *sizes, ptl_error *error) {
    (void)in, (void)sizes, (void)error;
    return PTL_OK;
}
int32_t scale_run(const ptl_array *in, void *const *out, const int64_t *sizes, char *workspace,
                  ptl_error *error, ptl_host *host) {
    (void)sizes, (void)workspace, (void)error, (void)host;
    *(double *)out[0] = *(const double *)in[0].data * (double)*(const int64_t *)in[1].data;
    return PTL_OK;
}

/* an output of impossible size */
int32_t huge_sizes(const ptl_array *in, int64_t *sizes, ptl_error *error) {
    (void)in, (void)error;
    sizes[1] = INT64_C(1) << 40;
    return PTL_OK;
}
"""


class Failure(Exception):
    """What the tests' programs fail with."""


def describe(where, detail, shapes):
    return Failure(where, detail[0], detail[1], shapes)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The programs, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("programs")
    (folder / "programs.c").write_text(PROGRAMS)
    target = folder / "programs.so"
    command = [compiler, "-O1", "-shared", "-fPIC", f"-I{INCLUDE}", "programs.c", "-o", str(target)]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(target))


VECTOR = ("float64", 1, (None,))
ADD_ONE = (2, [VECTOR], [], [("float64", 1, (1,))])
MIX = (2, [VECTOR, VECTOR], [np.array(10.0)], [("float64", 0, ()), ("float64", 1, (1,))])
SCALE = (1, [("float64", 0, ()), ("int64", 0, ())], [], [("float64", 0, ())])


KERNELS = [dispatch.PythonKernel] + ([dispatch.Kernel] if dispatch.is_native else [])
CALLERS = [dispatch.PythonCaller] + ([dispatch.Caller] if dispatch.is_native else [])
native_only = pytest.mark.skipif(not dispatch.is_native, reason="the extension was not built")


def address(library, symbol):
    return ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value


def kernel(library, name, signature, kind=dispatch.Kernel, run=None):
    n_sizes, inputs, constants, outputs = signature
    sizes, run = address(library, f"{name}_sizes"), address(library, f"{run or name}_run")
    return kind(sizes, run, n_sizes, inputs, constants, outputs, describe, library)


def caller(kernel, sources, updates=(), names=None, returned="single", base=dispatch.Caller):
    class Function(base):
        def call_generally(self, *args, **kwargs):
            return "general", args, kwargs

    if base is dispatch.Caller:
        dispatch.accelerate(Function)
    made = Function()
    count = sum(source[0] >= 0 for source in sources)
    names = tuple(sys.intern(name) for name in names) if names else (None,) * count
    made.configure(kernel, list(sources), list(updates), names, returned)
    return made


# -- kernels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KERNELS)
def test_kernel_computes_into_fresh_arrays(library, kind):
    run = kernel(library, "add_one", ADD_ONE, kind)
    x = np.arange(3.0)
    (first,), (second,) = run([x]), run((x,))
    np.testing.assert_array_equal(first, [1, 2, 3])
    assert not np.shares_memory(first, second)
    assert first.flags.owndata
    assert first.flags.writeable


def layouts():
    base = np.arange(12.0)
    misaligned = np.frombuffer(b"\0" + base.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    readonly = base.copy()
    readonly.flags.writeable = False
    return {
        "contiguous": base,
        "every second": base[::2],
        "reversed": base[::-1],
        "stride zero": np.broadcast_to(base[5], (4,)),
        "column": base.reshape(4, 3)[:, 1],
        "byte-swapped": base.astype(">f8"),
        "misaligned": misaligned,
        "read-only": readonly,
        "empty": base[:0],
        "one": base[:1],
        "one of a column": np.asfortranarray(base.reshape(12, 1))[:1, 0],
        "subclass": base.view(np.recarray),
    }


@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize("layout", layouts())
def test_kernel_takes_any_layout(library, kind, layout):
    x = layouts()[layout]
    (result,) = kernel(library, "add_one", ADD_ONE, kind)([x])
    np.testing.assert_array_equal(result, np.asarray(x, dtype=float) + 1)
    assert type(result) is np.ndarray


@pytest.mark.parametrize("kind", KERNELS)
def test_kernel_uses_constants_workspace_and_several_outputs(library, kind):
    total, product = kernel(library, "mix", MIX, kind)([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    assert total.shape == ()
    assert float(total) == 10
    np.testing.assert_array_equal(product, [40, 60])


@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize(
    ("a", "b", "failure"),
    [([1.0], [1.0, 2.0], (7, 1, 2)), ([1.0, 1.0], [0.0, -1.0], (8, 1, 0))],
)
def test_kernel_describes_failures(library, kind, a, b, failure):
    run = kernel(library, "mix", MIX, kind)
    with pytest.raises(Failure) as raised:
        run([np.array(a), np.array(b)])
    assert raised.value.args == (*failure, (np.shape(a), np.shape(b)))
    assert float(run([np.ones(2), np.ones(2)])[0]) == 4


@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "expected 1 inputs, got 0"),
        ([np.ones(1, np.float32)], "float64 and rank 1 as input 0"),
        ([np.ones((1, 1))], "rank 1 as input 0"),
        ([None], "rank 1 as input 0"),
    ],
)
def test_kernel_refuses_what_it_cannot_take(library, kind, values, message):
    with pytest.raises(TypeError, match=message):
        kernel(library, "add_one", ADD_ONE, kind)(values)


@pytest.mark.parametrize("kind", KERNELS)
def test_kernel_checks_static_lengths(library, kind):
    run = kernel(library, "add_one", (2, [("float64", 1, (3,))], [], ADD_ONE[3]), kind)
    assert len(run([np.ones(3)])[0]) == 3
    with pytest.raises(TypeError, match="static shape"):
        run([np.ones(2)])


@native_only
def test_impossible_sizes_are_memory_errors(library):
    outputs = [("float64", 3, (1, 1, 1))]
    run = kernel(library, "huge", (2, [VECTOR], [], outputs), run="add_one")
    with pytest.raises(MemoryError, match="larger than any memory"):
        run([np.ones(1)])
    with pytest.raises(MemoryError):
        kernel(library, "huge", (2, [VECTOR], [], [("float64", 1, (1,))]), run="add_one")(
            [np.ones(1)]
        )


@native_only
@pytest.mark.parametrize(
    "changed",
    [{"sizes": 0}, {"outputs": [("float64", 1, (5,))]}, {"constants": [np.arange(4.0)[::2]]},
     {"inputs": [("float64", 2, (None,))]}, {"inputs": [("nonsense", 0, ())]}, {"describe": 3}],
)  # fmt: skip
def test_unsound_kernels_are_refused(library, changed):
    arguments = {
        "sizes": address(library, "add_one_sizes"), "run": address(library, "add_one_run"),
        "n_sizes": 2, "inputs": [VECTOR], "constants": [], "outputs": ADD_ONE[3],
        "describe": describe,
    }  # fmt: skip
    with pytest.raises((ValueError, TypeError)):
        dispatch.Kernel(**{**arguments, **changed})


# -- callers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", CALLERS)
def test_unusual_calls_are_general_ones(library, base):
    f = caller(kernel(library, "add_one", ADD_ONE), [(0, True, None)], base=base)
    x = np.ones(2)
    for args, kwargs in [
        ((), {}), ((x, x), {}), ((), {"x": x}), (((1.0,),), {}), (([True],), {}),
            ((x.astype("c16"),), {}),
        ((x[None],), {}), ((None,), {}), ((np.array(["a", "b"]),), {}),
        ((*[x] * 20,), {"y": 1}),
    ]:  # fmt: skip
        kind, got_args, got_kwargs = f(*args, **kwargs)
        assert kind == "general"
        assert all(a is b for a, b in zip(got_args, args, strict=True))
        assert got_kwargs == kwargs


@native_only
@pytest.mark.parametrize("layout", layouts())
def test_layouts_are_no_reason_to_enter_python(library, layout):
    x = layouts()[layout]
    f = caller(kernel(library, "add_one", ADD_ONE), [(0, True, None)])
    strict = caller(kernel(library, "add_one", ADD_ONE), [(0, False, None)])
    if layout == "subclass":
        assert f(x)[0] == "general"
        return
    np.testing.assert_array_equal(f(x), x + 1)
    if not x.flags.carray and not (x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative):
        assert strict(x)[0] == "general"


@native_only
def test_names_are_found_without_python(library):
    sources = [(0, True, None), (1, True, [np.array(5)])]
    f = caller(kernel(library, "scale", SCALE), sources, names=("x", "k"))
    for args, kwargs, expected in [
        ((), {"x": 2.0, "k": 3}, 6),
        ((), {"k": 3, "x": 2.0}, 6),
        ((2.0,), {"k": 3}, 6),
        ((), {"x": 2.0}, 10),
    ]:
        assert float(f(*args, **kwargs)) == expected
    for args, kwargs in [((), {"k": 3}), ((2.0,), {"x": 2.0}), ((2.0,), {"z": 3}), ((), {})]:
        assert f(*args, **kwargs) == ("general", args, kwargs)


@native_only
def test_usual_calls_never_enter_python(library):
    f = caller(kernel(library, "add_one", ADD_ONE), [(0, True, None)])
    np.testing.assert_array_equal(f(np.arange(2.0)), [1, 2])
    assert len(f(np.ones(0))) == 0


@native_only
@pytest.mark.parametrize("value", [2.0, 2, np.float64(2.0), np.array(2.0)])
@pytest.mark.parametrize("factor", [3, np.array(3)])
def test_numbers_stand_for_arrays_of_rank_zero(library, value, factor):
    f = caller(kernel(library, "scale", SCALE), [(0, True, None), (1, True, None)])
    assert float(f(value, factor)) == 6


@native_only
@pytest.mark.parametrize(
    ("value", "factor"),
    [
        (True, 3),
        ((1 << 53) + 1, 3),
        (-(1 << 70), 3),
        (2.0, True),
        (2.0, 1 << 63),
        (2.0, 3.0),
        ("2", 3),
        (np.longdouble(2), 3),
        (np.int64(1 << 62), 3),
        (2.0, np.float32(3)),
    ],
)
def test_numbers_that_need_care_take_the_general_road(library, value, factor):
    f = caller(kernel(library, "scale", SCALE), [(0, True, None), (1, True, None)])
    assert f(value, factor)[0] == "general"


@native_only
def test_strict_inputs_take_no_numbers(library):
    f = caller(kernel(library, "scale", SCALE), [(0, False, None), (1, False, None)])
    assert f(2.0, 3)[0] == "general"


@native_only
@pytest.mark.parametrize(("returned", "expected"), [(2, list), (("a", "b"), dict)])
def test_results_come_back_as_asked(library, returned, expected):
    f = caller(kernel(library, "mix", MIX), [(0, True, None), (1, True, None)], returned=returned)
    result = f(np.ones(2), np.ones(2))
    assert type(result) is expected
    if expected is dict:
        assert list(result) == ["a", "b"]
        result = list(result.values())
    assert float(result[0]) == 4


@native_only
def test_cells_are_read_and_updated_together(library):
    a, b = [np.array([1.0, 2.0])], [np.array([3.0, 4.0])]
    total = [None]
    f = caller(
        kernel(library, "mix", MIX),
        [(-1, True, a), (-1, True, b)],
        [(0, total), (1, a)],
        returned="none",
    )
    assert f() is None
    assert float(total[0]) == 10
    np.testing.assert_array_equal(a[0], [40, 60])
    b[0] = np.array([-1.0, 0.0])
    before = a[0]
    with pytest.raises(Failure):
        f()
    assert a[0] is before
    assert float(total[0]) == 10


@native_only
def test_defaults_stand_in_for_missing_arguments(library):
    default = [np.array(5)]
    f = caller(kernel(library, "scale", SCALE), [(0, True, None), (1, True, default)])
    assert float(f(2.0)) == 10
    assert float(f(2.0, 3)) == 6
    assert f()[0] == "general"
    default[0] = None
    assert f(2.0)[0] == "general"


@native_only
@pytest.mark.parametrize(
    ("sources", "updates", "returned"),
    [
        ([], [], "single"),
        ([(0, True, None)] * 2, [], "single"),
        ([(0, True, None)], [], 2),
        ([(0, True, None)], [], ("a", "b")),
        ([(0, True, None)], [], "none"),
        ([(0, True, None)], [(0, [1])], "single"),
        ([(0, True, None)], [(5, [1])], "none"),
        ([(0, True, ())], [], "single"),
        ([(0, True, [])], [], "single"),
    ],
)
def test_unsound_callers_are_refused(library, sources, updates, returned):
    with pytest.raises((ValueError, TypeError)):
        caller(kernel(library, "add_one", ADD_ONE), sources, updates, returned=returned)


@native_only
def test_a_subclass_with_a_call_of_its_own_keeps_it(library):
    @dispatch.accelerate
    class Counting(dispatch.Caller):
        def __call__(self, x):
            return "mine"

    assert Counting()(1) == "mine"
    with pytest.raises(TypeError, match="subclass of Caller"):
        dispatch.accelerate(int)


def cost(call, repetitions):
    """Return by how many blocks of memory the interpreter grew."""
    call()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(repetitions):
        call()
    gc.collect()
    return sys.getallocatedblocks() - before


@native_only
@pytest.mark.parametrize("kind", ["usual", "converted", "general", "failing", "updating"])
def test_calls_leak_nothing(library, kind):
    x, negative, cell = np.ones(4), -np.ones(4), [np.ones(4)]
    mixing = kernel(library, "mix", MIX)
    f = caller(mixing, [(0, True, None), (1, True, None)], returned=2)
    g = caller(
        mixing, [(0, True, None), (-1, True, cell)], [(0, [None]), (1, [None])], returned="none"
    )

    def failing():
        with contextlib.suppress(Failure):
            f(x, negative)

    single = x.astype("f4")
    call = {
        "usual": lambda: f(x, x),
        "converted": lambda: f([1.0, 2, 3, 4], single),
        "general": lambda: f([True], x),
        "failing": failing,
        "updating": lambda: g(x),
    }[kind]
    references = [sys.getrefcount(each) for each in (x, negative, cell[0], mixing)]
    assert abs(cost(call, 20_000)) < 50
    assert references == [sys.getrefcount(each) for each in (x, negative, cell[0], mixing)]


@native_only
def test_callers_and_kernels_are_collected(library):
    made = kernel(library, "add_one", ADD_ONE)
    before = sys.getrefcount(made)
    for _ in range(10):
        f = caller(made, [(0, True, None)])
        f.itself = f
    del f
    gc.collect()
    assert sys.getrefcount(made) == before


@native_only
def test_many_inputs_fit(library):
    count = 200
    specs = [VECTOR] * count
    f = caller(
        kernel(library, "add_one", (2, specs, [], ADD_ONE[3])),
        [(i, True, None) for i in range(count)],
    )
    np.testing.assert_array_equal(f(*[np.ones(1)] * count), [2])


# -- threads and memory --------------------------------------------------------------------------


@native_only
def test_threads_do_not_share_a_workspace(library):
    f = caller(kernel(library, "mix", MIX), [(0, True, None), (1, True, None)], returned=2)
    wrong = []

    def work(number):
        a = np.full(20_000, float(number))
        for _ in range(100):
            total, product = f(a, a)
            if total != 2 * number * len(a) or (product != 20 * number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@native_only
def test_released_outputs_are_used_again_within_the_limit(library):
    from pytensorlite.cgen import _dispatch

    f = caller(kernel(library, "add_one", ADD_ONE), [(0, True, None)])
    x = np.zeros(100_000)
    dispatch.set_pool_limit(0)
    f(x)
    assert _dispatch.pool_usage() == (0, 0)
    dispatch.set_pool_limit(1_000_000)
    try:
        place = f(x).ctypes.data
        assert _dispatch.pool_usage()[1] == 1
        assert f(x).ctypes.data == place
        held = [f(x) for _ in range(5)]
        assert len({each.ctypes.data for each in held}) == 5
        del held
        assert _dispatch.pool_usage()[0] <= 1_000_000
        grown = f(x)
        grown.resize(200_000, refcheck=False)
        np.testing.assert_array_equal(grown[:100_000], 1)
    finally:
        dispatch.set_pool_limit(256_000_000)


@native_only
def test_large_outputs_own_their_memory_and_are_traced(library):
    f = caller(kernel(library, "add_one", ADD_ONE), [(0, True, None)])
    x = np.zeros(100_000)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        held = [f(x) for _ in range(3)]
        during, _ = tracemalloc.get_traced_memory()
        assert all(each.flags.owndata and each.flags.carray for each in held)
        del held
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 3 * x.nbytes <= during - before < 4 * x.nbytes
    assert after - before < x.nbytes
