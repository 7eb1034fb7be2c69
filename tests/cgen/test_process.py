"""Running commands and holding locks, apart from compilers and caches."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from pytensorlite.cgen import locks, process
from pytensorlite.cgen.elf import is_whole
from pytensorlite.cgen.process import run_all
from pytensorlite.cgen.units import parse_age, parse_bytes


def shell(*bodies, timeout=10.0, jobs=1):
    return run_all([["/bin/sh", "-c", body] for body in bodies],
                   timeout=timeout, jobs=jobs, environment=dict(os.environ))  # fmt: skip


def test_status_and_output():
    [one] = shell("echo out; echo err >&2; exit 3")
    assert (one.status, one.output, one.fine) == (3, "out\nerr\n", False)
    assert one.describe() == "sh ended with status 3"


def test_signal():
    [one] = shell("kill -9 $$")
    assert one.describe() == "sh was ended by SIGKILL"


def test_interrupt_while_a_child_is_started(monkeypatch):
    """The signal comes when the child runs and nobody has noted it yet."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started, start = [], process._start

    def start_and_interrupt(*arguments):
        started.append(start(*arguments))
        os.kill(os.getpid(), signal.SIGINT)
        return started[0]

    monkeypatch.setattr(process, "_start", start_and_interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            shell("sleep 600", timeout=600)
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0].pid, 0)


def test_no_input_and_no_shell():
    [one] = run_all([["/bin/cat"]], timeout=10, environment={})
    assert one.fine
    [one] = run_all([["/bin/echo", "$HOME; ls"]], timeout=10, environment={})
    assert one.output == "$HOME; ls\n"


def test_results_are_in_the_order_of_the_commands():
    done = shell("sleep 0.2; echo a", "echo b", "sleep 0.1; echo c", jobs=3)
    assert [one.output for one in done] == ["a\n", "b\n", "c\n"]


def test_jobs_run_side_by_side():
    begin = time.perf_counter()
    shell(*["sleep 0.3"] * 6, jobs=6)
    assert time.perf_counter() - begin < 1.2


def test_nothing_is_started_after_a_failure(tmp_path):
    done = shell("exit 1", f"touch {tmp_path}/second")
    assert len(done) == 1
    assert not (tmp_path / "second").exists()


@pytest.mark.timing
def test_waiting_costs_nothing():
    def seconds():
        begin = time.perf_counter()
        shell("sleep 0.02")
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(5)) < 0.035


def test_missing_program():
    with pytest.raises(FileNotFoundError):
        run_all([["/no/such/program"]], timeout=1, environment={})


def test_output_that_is_no_text():
    [one] = shell("printf '\\377\\376ok'")
    assert one.output.endswith("ok")


def test_no_descriptor_is_left_behind():
    def count():
        return len(os.listdir("/proc/self/fd"))

    shell("true")
    before = count()
    for _ in range(20):
        shell("true", "exit 1")
        shell("sleep 5", timeout=0.01)
    assert count() == before


def test_children_that_someone_else_collects():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        [one] = shell("echo still here")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert one.output == "still here\n"


# -- locks ---------------------------------------------------------------------------------------


def test_lock_excludes_and_is_gone_afterwards(tmp_path):
    path = str(tmp_path / "a.lock")
    with locks.hold(path, patience=0) as first, locks.hold(path, patience=0.05) as second:
        assert (first, second) == (True, False)
        assert locks.is_held(path)
    assert not os.path.exists(path)
    assert not locks.is_held(path)


def test_lock_is_handed_on(tmp_path):
    path = str(tmp_path / "a.lock")
    inside = []

    def work():
        with locks.hold(path, patience=20) as held:
            assert held
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.001)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not os.path.exists(path)


def test_waiting_for_a_lock_ends_when_there_is_nothing_to_wait_for(tmp_path):
    path = str(tmp_path / "a.lock")
    with locks.hold(path, patience=0):
        begin = time.perf_counter()
        with locks.hold(path, patience=20, until=lambda: True) as held:
            assert not held
        assert time.perf_counter() - begin < 1


def test_lock_of_a_process_that_died_is_free(tmp_path):
    path = str(tmp_path / "a.lock")
    code = "import os, sys; from pytensorlite.cgen import locks\n"
    code += "with locks.hold(sys.argv[1], patience=0): os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -9
    assert os.path.exists(path)
    with locks.hold(path, patience=0) as held:
        assert held


def test_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locks.hold(str(tmp_path / "a.lock"), patience=0) as held:
        assert not held


# -- shared objects, units -----------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(200), b"#!/bin/sh\n"])
def test_not_a_shared_object(tmp_path, data):
    (tmp_path / "x.so").write_bytes(data)
    assert not is_whole(str(tmp_path / "x.so"))
    assert not is_whole(str(tmp_path))
    assert not is_whole(str(tmp_path / "missing"))


def test_every_shortened_shared_object_is_found_out(tmp_path):
    import _ctypes

    with open(_ctypes.__file__, "rb") as file:
        data = file.read()
    path = str(tmp_path / "x.so")
    for size in (*range(0, len(data), max(len(data) // 50, 1)), len(data) - 1):
        with open(path, "wb") as file:
            file.write(data[:size])
        assert not is_whole(path)
    with open(path, "wb") as file:
        file.write(data)
    assert is_whole(path)


@pytest.mark.parametrize("text", ["", "x", "1XB", "-1", "1 2", "1..2", "GB"])
def test_wrong_sizes_and_ages(text):
    with pytest.raises(ValueError, match="expected a size"):
        parse_bytes(text)
    with pytest.raises(ValueError, match="expected an age"):
        parse_age(text)
