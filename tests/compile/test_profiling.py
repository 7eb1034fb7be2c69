"""Profiles: what is measured and how it is told."""

import io
import subprocess
import sys

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import ProfileStats, function
from pytensorlite.compile import profiling
from pytensorlite.configdefaults import config

x = pt.dvector("x")


@pytest.mark.parametrize("mode", ["NUMPY", "C"])
def test_a_profile_counts_calls_and_time(mode):
    stats = ProfileStats(atexit_print=False, message="step")
    f = function([x], pt.exp(x).sum(), mode=mode, profile=stats)
    assert f.profile is stats
    for _ in range(3):
        f(np.ones(10))
    assert stats.fct_callcount == 3
    assert 0 < stats.vm_call_time <= stats.fct_call_time
    text = io.StringIO()
    stats.summary(file=text)
    assert "Message: step" in text.getvalue()
    assert "Time in 3 calls" in text.getvalue()
    stats.reset()
    assert (stats.fct_callcount, stats.fct_call_time) == (0, 0.0)


def test_nodes_are_listed_with_the_dearest_first():
    stats = ProfileStats(atexit_print=False)
    f = function([x], pt.cumsum(pt.sort(x)), mode="NUMPY", profile=stats)
    f(np.ones(10))
    assert set(stats.op_time()) == {node.op for node in f.maker.fgraph.apply_nodes}
    assert set(stats.op_callcount().values()) == {1}
    assert len(stats.class_time()) == len(stats.class_callcount()) == 2
    text = io.StringIO()
    stats.summary(file=text, n_ops_to_print=1)
    assert "(1 more" in text.getvalue()


def test_the_configuration_can_ask_for_it(monkeypatch):
    monkeypatch.setattr(profiling, "_printed_at_exit", [None])
    with config.change_flags(profile=True):
        f = function([x], x + 1, mode="NUMPY")
    f([1.0])
    assert f.profile.fct_callcount == 1
    assert function([x], x + 1, mode="NUMPY").profile is None
    assert f.copy(profile=ProfileStats(atexit_print=False)).profile is not f.profile


def test_summaries_are_printed_at_exit():
    program = (
        "import pytensorlite.tensor as pt; from pytensorlite import function; x = pt.dvector('x')\n"
        "f = function([x], x + 1, mode='NUMPY', profile=True, name='mine'); f([1.0]); f([1.0])\n"
        "g = function([x], x + 2, mode='NUMPY', profile='silent')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Message: mine" in done.stderr
    assert "Time in 2 calls" in done.stderr
    assert "silent" not in done.stderr
