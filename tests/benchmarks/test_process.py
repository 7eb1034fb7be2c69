"""Contenders' processes: pinned, held to their threads, and started again when they die."""

import os
import subprocess
import sys

import pytest

from benchmarks import process
from benchmarks.contenders import thread_environment


@pytest.fixture
def contender():
    each = process.Contender("numpy", sys.executable, 1)
    yield each
    each.close()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not pin")
def test_a_contender_has_as_many_processors_as_threads(contender):
    assert os.sched_getaffinity(contender.process.pid) == process.processors(1)
    assert len(process.processors(1)) == 1


def test_every_library_is_told_its_number_of_threads():
    variables = thread_environment(2)
    assert variables["OMP_NUM_THREADS"] == variables["OPENBLAS_NUM_THREADS"] == "2"
    assert variables["PYTENSORLITE_FLAGS"].endswith("threads=2")
    assert "multi_thread_eigen=false" in thread_environment(1)["XLA_FLAGS"]


def test_what_is_measured_may_write_bytecode(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    asked = "import sys; print(sys.dont_write_bytecode)"
    found = subprocess.run(
        [sys.executable, "-c", asked], env=process.inherited(), capture_output=True, text=True
    )
    assert found.stdout.strip() == "False"


def test_a_case_is_prepared_compared_and_timed(contender):
    answer = contender.ask("prepare", workload="call_vec8", size="8", seconds=1e-4)
    assert answer["error"] == 0.0
    assert answer["count"] >= 1
    times = contender.ask("batches", label="call_vec8 8")
    assert min(times["seconds"]) > 0


def test_a_contender_that_died_is_started_again(contender):
    contender.process.kill()
    contender.process.wait()
    assert contender.ask("hello")["numpy"]


def test_a_failure_is_an_answer(contender):
    answer = contender.ask("prepare", workload="no such", size="8", seconds=1e-4)
    assert answer["failed"].startswith("KeyError")
