"""Run compilers: several at once, each from an argument list, all within one time limit.

The children are started with `posix_spawn`, which costs the same in a small process and in one
that holds gigabytes, and put in a process group of their own, so that a limit or a Ctrl-C ends
the compiler together with the passes it started.  Waiting is for the end of their output, which
comes at once, where `subprocess` sleeps in growing steps when it is given a limit.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

from pytensorlite._immutable import immutable

__all__ = ["Finished", "run_all"]

_LONGEST_OUTPUT = 1 << 20  # bytes kept of what one command prints


@immutable
class Finished:
    """How one command ended: `status` is its exit status, or minus the signal that ended it."""

    command: tuple[str, ...]
    status: int
    output: str
    timed_out: bool = False

    @property
    def fine(self) -> bool:
        """Whether it ended by itself, with status 0."""
        return self.status == 0 and not self.timed_out

    def describe(self) -> str:
        """One phrase for people: ``gcc ended with status 1``."""
        name = os.path.basename(self.command[0])
        if self.timed_out:
            return f"{name} did not finish within its time limit"
        if self.status < 0:
            return f"{name} was ended by {signal.Signals(-self.status).name}"
        return f"{name} ended with status {self.status}"


class _Child:
    __slots__ = ("command", "output", "pid", "pipe", "place", "status")

    def __init__(self, place: int, command: tuple[str, ...], pid: int, pipe: int) -> None:
        self.place, self.command, self.pid, self.pipe = place, command, pid, pipe
        self.output = bytearray()
        self.status = 0

    def read(self) -> None:
        data = os.read(self.pipe, 65536)
        if not data:
            os.close(self.pipe)
            self.pipe = -1
        elif len(self.output) < _LONGEST_OUTPUT:
            self.output += data

    def has_ended(self) -> bool:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # someone else collected it; what it wrote is checked later
            return True
        if pid == 0:
            return False
        self.status = os.waitstatus_to_exitcode(status)
        return True

    def finish(self, timed_out: bool = False) -> Finished:
        if self.pipe >= 0:
            os.close(self.pipe)
        text = self.output.decode("utf-8", "replace")
        return Finished(self.command, self.status, text, timed_out)


def run_all(
    commands: Sequence[Sequence[str]],
    *,
    timeout: float,
    environment: Mapping[str, str],
    jobs: int = 1,
) -> list[Finished]:
    """Run the commands, at most `jobs` at a time, and start no more once one has failed.

    The results are in the order of the commands, without those that were never started.
    A program that cannot be started raises OSError.

    Examples
    --------
    >>> [one] = run_all([["/bin/echo", "hello"]], timeout=10, environment={})
    >>> one.status, one.output
    (0, 'hello\\n')
    """
    deadline = time.monotonic() + timeout
    waiting = list(enumerate(tuple(command) for command in commands))[::-1]
    running: list[_Child] = []
    finished: dict[int, Finished] = {}
    try:
        while waiting or running:
            while waiting and len(running) < max(jobs, 1):
                with _undisturbed():
                    running.append(_start(*waiting.pop(), environment))
            _listen(running, deadline)
            for child in [child for child in running if child.has_ended()]:
                running.remove(child)
                _drain(child)
                finished[child.place] = child.finish()
                if child.status:
                    waiting.clear()
            if time.monotonic() >= deadline:
                break
    finally:  # a limit, a Ctrl-C: nothing that was started stays behind
        _kill(running)
    for child in running:
        finished[child.place] = child.finish(timed_out=True)
    return [finished[place] for place in sorted(finished)]


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put a Ctrl-C off: one that came before a child is noted would leave it behind.

    Python runs handlers in the main thread alone, whichever thread the signal reached.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *arrival: came.append(arrival))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    for arrival in came:
        handler(*arrival)


def _start(place: int, command: tuple[str, ...], environment: Mapping[str, str]) -> _Child:
    reading, writing = os.pipe()
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, writing, 1),
                (os.POSIX_SPAWN_DUP2, writing, 2),
            ],
            setpgroup=0,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE],
        )
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return _Child(place, command, pid, reading)


def _listen(running: Sequence[_Child], deadline: float) -> None:
    """Read what the children print, until one closes its output or a moment has passed."""
    poll = select.poll()
    by_pipe = {child.pipe: child for child in running if child.pipe >= 0}
    for pipe in by_pipe:
        poll.register(pipe, select.POLLIN)
    closed = len(by_pipe) < len(running)  # about to end, or hanging with its output closed
    moment = 0.0005 if closed else 0.05
    left = max(min(moment, deadline - time.monotonic()), 0.0)
    if closed:
        time.sleep(left)
        left = 0.0
    for pipe, _ in poll.poll(left * 1000):
        by_pipe[pipe].read()


def _drain(child: _Child) -> None:
    """Read what is still in the pipe of a child that has ended, without waiting for more."""
    poll = select.poll()
    while child.pipe >= 0:
        poll.register(child.pipe, select.POLLIN)
        if not poll.poll(0):
            break
        child.read()


def _kill(running: Sequence[_Child]) -> None:
    for child in running:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    patience = time.monotonic() + 1.0  # a child in an uninterruptible wait is left behind
    for child in running:
        while not child.has_ended() and time.monotonic() < patience:
            time.sleep(0.001)
