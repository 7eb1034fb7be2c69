"""Many calls, many compilations, many threads: nothing grows and nothing goes wrong."""

import contextlib
import gc
import resource
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function, shared
from pytensorlite.gradient import grad

pytestmark = pytest.mark.usefixtures("linker")

x, y = pt.dvectors("x", "y")


def memory():
    """Return the bytes that this process has ever needed at once."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def call_often(count):
    """Call a function rightly and wrongly ``count`` times; return the growth in blocks, bytes."""
    total = shared(np.zeros(2), name="total")
    f = function([x, y], [x * y, total], updates={total: x + y})
    ones, three = np.ones(2), np.ones(3)

    def calls(count):
        for _ in range(count):
            f(ones, ones)
            with contextlib.suppress(ValueError):
                f(ones, three)

    calls(1000)
    gc.collect()
    before = sys.getallocatedblocks(), memory(), [sys.getrefcount(each) for each in (ones, three)]
    calls(count)
    gc.collect()
    after = sys.getallocatedblocks(), memory(), [sys.getrefcount(each) for each in (ones, three)]
    assert before[2] == after[2]
    return after[0] - before[0], after[1] - before[1]


def test_calls_keep_nothing():
    blocks, _ = call_often(2_000)
    assert blocks < 1_000  # what a call kept would be 2 000; caches of Python and NumPy come and go


@pytest.mark.nightly
def test_a_million_calls_keep_nothing(linker):
    blocks, grown = call_often(1_000_000 if linker == "c" else 100_000)
    assert blocks < 100
    assert grown < 1 << 20


def test_compiling_the_same_graph_again_keeps_little():
    cost = pt.log1p(pt.exp(x * y)).sum()
    outputs = [cost, *grad(cost, [x, y])]

    def compile_and_call():
        function([x, y], outputs)(np.ones(3), np.ones(3))

    for _ in range(3):
        compile_and_call()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10):
            compile_and_call()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 10 < 5_000


def share_a_function(seconds):
    """Let four threads call one function on values of their own; return calls and wrong results."""
    f = function([x, y], [pt.exp(x) * y, (x * y).sum()])
    calls, wrong = [0] * 4, []
    end = time.monotonic() + seconds

    def work(number):
        a = np.full(50_000, number / 10)
        b = np.arange(50_000.0)
        expected = np.exp(a) * b, (a * b).sum()
        while time.monotonic() < end:
            calls[number] += 1
            for got, wanted in zip(f(a, b), expected, strict=True):
                if not np.allclose(got, wanted, rtol=1e-12):
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls, wrong


@pytest.mark.parametrize("seconds", [0.5, pytest.param(10, marks=pytest.mark.nightly)])
def test_threads_share_a_function(seconds):
    calls, wrong = share_a_function(seconds)
    assert all(calls)
    assert not wrong
