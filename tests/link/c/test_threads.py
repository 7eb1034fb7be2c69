"""Long loops in many threads: the same bits whatever their number, after forks, among callers."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite import config, function
from pytensorlite.cgen import dispatch, host, parallel
from pytensorlite.cgen.toolchain import INCLUDE
from pytensorlite.link.c.routines import blas_threads
from pytensorlite.link.native import is_native

x, y = pt.dmatrix("x"), pt.dmatrix("y")
v, w, labels = pt.dvector("v"), pt.dvector("w"), pt.lvector("labels")
THREADS = (1, 2, 3, 8)


def loss(scores):
    return (pt.softplus(scores) - v * scores).sum()


def grouped():
    return ((v - w[labels]) ** 2).sum()


REGIONS = {
    "map": ([x, y], [pt.exp(-x) * y, pt.maximum(x, y)]),
    "sums of all": ([x], [x.sum(), (x**2).sum(), x.max(), x.min(), (x > 0).sum(), (x > -9).all()]),
    "sums of rows": ([x], [x.sum(1), x.max(1), pt.exp(x).mean(1)]),
    "sums of columns": ([x], [x.sum(0), x.max(0), x.prod(0), x.argmax(0), x.std(0)]),
    "softmax": ([x], [pt.special.softmax(x, axis=1), pt.special.softmax(x, axis=0)]),
    "centred": ([x], [x - x.mean(), x - x.mean(0), (x - x.mean(1, keepdims=True)) / x.shape[1]]),
    "regression": ([x, w, v], [loss(x @ w), pytensor.grad(loss(x @ w), w)]),
    "groups": ([v, w, labels], [grouped(), *pytensor.grad(grouped(), [v, w])]),
    "scatter": ([v, w, labels], [pt.inc_subtensor(w[labels], v), pt.set_subtensor(w[labels], v)]),
    "narrow": ([x], [x.astype("float32").sum(), x.astype("int8").sum(0), x.astype("float16") * 2]),
    "complex": ([x, y], [(x + 1j * y).sum(), (x + 1j * y).prod(0)]),
}


def values(inputs, rows, columns, seed=0):
    """Return arrays for the inputs of a region: x, y (rows, columns); v (rows); w (columns)."""
    rng = np.random.default_rng(seed)
    shapes = {x: (rows, columns), y: (rows, columns), v: (rows,), w: (columns,)}
    return [
        rng.integers(0, columns, rows) if each is labels else rng.normal(size=shapes[each])
        for each in inputs
    ]


def compiled(name, made={}):  # noqa: B006 (compiled functions are kept on purpose)
    if name not in made:
        made[name] = function(*REGIONS[name], mode="C"), function(*REGIONS[name], mode="NUMPY")
    return made[name]


def bits(results):
    return [np.asarray(result).tobytes() for result in results]


def run_with(threads, f, arguments):
    with config.change_flags(threads=threads):
        return f(*arguments)


SHAPES = [(1, 1), (7, 300), (300, 700), (2500, 70), (150_000, 3), (2, 200_000)]


@pytest.mark.parametrize("name", REGIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_results_do_not_depend_on_threads(name, shape):
    f, numpy = compiled(name)
    arguments = values(REGIONS[name][0], *shape)
    first = run_with(1, f, arguments)
    for threads in THREADS[1:]:
        assert bits(run_with(threads, f, arguments)) == bits(first), threads
    tolerance = {"narrow": 1e-3}.get(name, 1e-9)
    for got, wanted in zip(first, numpy(*arguments), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


@given(name=st.sampled_from(list(REGIONS)), rows=st.integers(1, 40_000), columns=st.integers(1, 60),
       seed=st.integers(0, 99))  # fmt: skip
@settings(deadline=None)
def test_results_do_not_depend_on_threads_for_any_size(name, rows, columns, seed):
    f, _ = compiled(name)
    arguments = values(REGIONS[name][0], rows, columns, seed)
    first = bits(run_with(1, f, arguments))
    assert bits(run_with(2, f, arguments)) == first
    assert bits(run_with(3, f, arguments)) == first


@pytest.mark.parametrize("around", [64, 512, 1024, 32_768, 50_000, 125_000, 250_000, 500_000])
def test_sizes_around_the_borders_of_blocks(around):
    f = function([v], [v.sum(), 2 * v, v.max()])
    for n in range(around - 2, around + 3):
        a = np.random.default_rng(n).normal(size=n)
        first, second = run_with(1, f, [a]), run_with(2, f, [a])
        assert bits(first) == bits(second)
        assert np.array_equal(first[1], 2 * a)
        assert first[2] == a.max()
        assert np.isclose(first[0], a.sum())


def test_blocks_keep_the_sign_of_zero_and_nan():
    n = 400_000
    f = function([v, w, labels], [pt.inc_subtensor(w[labels], v), v.sum(), v.max()])
    base = np.full(4, -0.0)
    a = np.full(n, -0.0)
    places = np.random.default_rng(0).integers(0, 3, n)
    sums, total, _ = run_with(2, f, [a, base, places])
    assert np.signbit(sums).all()
    assert total == 0
    a[n // 2] = np.nan
    sums, total, largest = run_with(2, f, [a, base, places])
    assert np.isnan(total)
    assert np.isnan(largest)
    assert np.isnan(sums).sum() == 1


def test_a_bad_index_in_a_long_loop_is_found_and_nothing_is_changed():
    state = pytensor.shared(np.zeros(5))
    f = function([v, labels], [], updates={state: pt.inc_subtensor(state[labels], v)})
    places = np.zeros(300_000, dtype="int64")
    places[200_000] = 5
    with pytest.raises(IndexError, match="5"):
        f(np.ones(300_000), places)
    assert not state.get_value().any()


# -- what is done with it ------------------------------------------------------------------------


def test_the_number_of_threads_can_be_changed_while_the_program_runs():
    if not is_native:
        pytest.skip("the dispatcher was not built")
    f = function([v], [v.sum()])
    a = np.ones(1_000_000)
    code = """
        import numpy as np, pytensorlite.tensor as pt
        from pytensorlite import config, function
        from pytensorlite.cgen._dispatch import count_workers
        v = pt.dvector()
        f = function([v], v.sum())
        found = [count_workers()]
        for threads in (1, 2, 4, 1):
            config.threads = threads
            f(np.ones(10)), f(np.ones(1_000_000))
            found.append(count_workers())
        print(found)
    """
    assert run_python(code).stdout.strip() == "[0, 0, 1, 3, 3]"
    assert float(run_with(3, f, [a])[0]) == 1e6


def test_blas_follows_the_configuration():
    if not is_native or blas_threads() is None:
        pytest.skip("the threads of this BLAS cannot be set")
    code = """
        import ctypes, numpy as np, pytensorlite.tensor as pt
        from scipy.linalg import cython_blas
        from pytensorlite import config, function
        library = ctypes.CDLL(cython_blas.__file__)
        names = ("scipy_openblas_get_num_threads", "openblas_get_num_threads")
        [count] = [getattr(library, name) for name in names if hasattr(library, name)]
        x = pt.dmatrix()
        f = function([x], x @ x)
        usual = count()
        for threads in (0, 1, 3, 0):
            config.threads = threads
            f(np.ones((200, 200)))
            assert count() == (threads or usual), (threads, count())
        print("followed")
    """
    assert run_python(code).stdout == "followed\n"


def test_what_runs_in_threads_is_explained():
    f = function([v], pt.exp(v).sum())
    assert "over i in threads from 100 us of work" in str(f.explain())
    assert "over i in threads, about" in str(f.explain(np.ones(1_000_000)))
    assert "over i too short for threads" in str(f.explain(np.ones(10)))


def test_half_as_much_work_is_seen_in_floats_as_in_doubles():
    def verdict(dtype):
        u = pt.vector("u", dtype=dtype)
        f = function([u], 3 * u + 1)
        return str(f.explain(np.ones(150_000, dtype)))

    assert "too short for threads" in verdict("float32")
    assert "in threads, about" in verdict("float64")


def run_python(code, **kwargs):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, check=True, timeout=60, **kwargs,
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_works_after_a_call_in_threads():
    code = """
        import os, signal, numpy as np, pytensorlite.tensor as pt
        from pytensorlite import config, function
        config.threads = 4
        v = pt.dvector()
        f = function([v], [v.sum(), pt.exp(v).sum()])
        a = np.linspace(0, 1, 1_000_000)
        before = f(a)
        for _ in range(3):
            child = os.fork()
            if child == 0:
                signal.alarm(1)
                os._exit(0 if [float(r) for r in f(a)] == [float(r) for r in before] else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert [float(r) for r in f(a)] == [float(r) for r in before]
        print("done")
    """
    assert run_python(code).stdout == "done\n"


def test_many_callers_at_once():
    f, _ = compiled("regression")
    arguments = [values(REGIONS["regression"][0], 3_000, 60, seed) for seed in range(4)]
    wanted = [bits(run_with(1, f, each)) for each in arguments]
    wrong = []

    def work(number):
        for _ in range(40):
            if bits(f(*arguments[number])) != wanted[number]:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    with config.change_flags(threads=3):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


INTERRUPTED = """
    import os, signal, sys, threading, time, numpy as np, pytensorlite.tensor as pt
    from pytensorlite import config, function, shared
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    config.threads = THREADS
    n = pt.lscalar()
    total = shared(np.float64(1.0))
    terms = pt.exp(-pt.sqrt(pt.arange(n).astype("float64")))
    f = function([n], [], updates={total: total + terms.sum()})
    f(10)
    before = float(total.get_value())
    start = time.monotonic()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        f(200_000_000_000)
    except KeyboardInterrupt:
        seconds = time.monotonic() - start
    else:
        sys.exit("was not interrupted")
    assert float(total.get_value()) == before
    f(10)
    assert float(total.get_value()) > before
    print("interrupted" if seconds < 2 else seconds)
"""


@pytest.mark.skipif(not is_native, reason="the dispatcher was not built")
def test_other_signals_are_handled_and_the_loop_goes_on():
    handled = []
    usual = signal.signal(signal.SIGUSR1, lambda *_: handled.append(float(small(np.ones(200_000)))))
    small = function([v], v.sum())
    n = pt.lscalar()
    long = function([n], pt.exp(-pt.arange(n).astype("float64")).sum())
    wanted = long(300_000_000)
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert long(300_000_000) == wanted
        timer.join()
        time.sleep(0.01)
    finally:
        signal.signal(signal.SIGUSR1, usual)
    assert handled == [200_000.0]


# -- how loops are cut ---------------------------------------------------------------------------


def test_the_headers_and_python_agree():
    found = {}
    for name in ("ptl_threads.h", "ptl_host.h"):
        with open(os.path.join(INCLUDE, name)) as file:
            found.update(re.findall(r"#define (PTL_\w+) (\d+)", file.read()))
    constants = (parallel.LONG, host.BLOCK, host.MOST_BLOCKS, host.STEP)
    names = ("PTL_LONG", "PTL_BLOCK", "PTL_MOST_BLOCKS", "PTL_STEP")
    assert tuple(int(found[name]) for name in names) == constants


def test_short_loops_of_known_length_stay_where_they_are():
    u = pt.tensor("u", dtype="float64", shape=(50,))
    assert "run_loop" not in function([u], pt.exp(u).sum(), mode="C").c_source
    assert "run_loop" in function([v], pt.exp(v).sum(), mode="C").c_source


def test_what_the_python_dispatcher_computes_is_the_same(monkeypatch):
    from pytensorlite.link import native

    f, _ = compiled("regression")
    arguments = values(REGIONS["regression"][0], 4_000, 90)
    wanted = bits(run_with(2, f, arguments))
    monkeypatch.setattr(native, "Kernel", dispatch.PythonKernel)
    slow = native.make_kernel(f.vm.native, f.vm.describe_error)
    assert bits(slow(arguments)) == wanted


@pytest.mark.parametrize("threads", [1, 2])
def test_a_long_loop_can_be_interrupted(threads):
    native = run_python(INTERRUPTED.replace("THREADS", str(threads)))
    assert native.stdout == "interrupted\n"


def test_a_long_loop_can_be_interrupted_without_the_native_dispatcher():
    hidden = "    import sys\n    sys.modules['pytensorlite.cgen._dispatch'] = None\n"
    code = hidden + INTERRUPTED.replace("THREADS", "1")
    assert (
        run_python(code, env={**os.environ, "PYTHONWARNINGS": "ignore"}).stdout == "interrupted\n"
    )
