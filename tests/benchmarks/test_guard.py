"""The guard's own logic: dumps are read, differences taken, and only like compared with like."""

import json

import pytest

from benchmarks import guard

COUNTED = {
    "level": "x86-64-v3", "compiler": "gcc 12.2.0", "libc": "glibc-2.36", "python": "3.11",
    "numpy": "2.4", "instructions": {"poly": 1000, "radon": 500},
}  # fmt: skip


def dump(title, calls, total):
    """What callgrind writes at a request, as far as the guard reads it."""
    return (
        f"# callgrind format\nversion: 1\ndesc: Trigger: Client Request: {title}: {calls}\n"
        f"events: Ir\nfn=(0)\n0 7\ntotals: {total}\n"
    )


def with_counts(**counts):
    return {**COUNTED, "instructions": counts}


def test_a_dump_tells_its_title_calls_and_total():
    assert guard.parse_dump(dump("call, 3 in 3 out", 40, 1234)) == ("call, 3 in 3 out", 40, 1234)


def test_the_dump_at_the_end_of_the_process_is_none_of_ours():
    assert guard.parse_dump("version: 1\ndesc: Trigger: Program termination\ntotals: 5\n") is None


def test_what_surrounds_the_calls_cancels():
    dumps = [dump("poly", 0, 400), dump("poly", 40, 40_400), dump("warm start", 0, 10),
             dump("warm start", 1, 110)]  # fmt: skip
    assert guard.differences(dumps) == {"poly": 1000, "warm start": 100}


@pytest.mark.parametrize(
    ("now", "more", "word"),
    [(1000, [], ""), (1050, [], ""), (1051, ["poly"], "MORE"), (900, [], "fewer")],
)
def test_more_than_the_tolerance_is_a_regression(now, more, word):
    verdict = guard.compare(COUNTED, with_counts(poly=now), 0.05)
    assert verdict.more == more
    assert verdict.lines == [["poly", "1,000", f"{now:,}", f"{now / 1000:.3f}", word]]


def test_a_new_kernel_is_shown_and_not_judged():
    verdict = guard.compare(COUNTED, with_counts(bmm=7), 0.05)
    assert verdict.lines == [["bmm", "–", "7", "–", "new"]]
    assert not verdict.more


@pytest.mark.parametrize("what", ["level", "compiler", "libc", "python", "numpy"])
def test_counts_of_other_tools_are_not_compared(what):
    verdict = guard.compare({**COUNTED, what: "another"}, COUNTED, 0.05)
    assert not verdict.lines
    assert f"{what} is {COUNTED[what]}" in verdict.otherwise


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
def test_the_exit_status_and_the_update(tmp_path, monkeypatch, capsys, tolerance):
    monkeypatch.setattr(guard, "STORED", tmp_path / "instructions.json")
    monkeypatch.setattr(guard, "missing", lambda: "")
    monkeypatch.setattr(guard, "count_instructions", lambda: COUNTED)
    assert guard.check(update=False, tolerance=tolerance) == 0
    assert "not compared" in capsys.readouterr().out  # nothing is stored yet
    assert guard.check(update=True, tolerance=tolerance) == 0
    assert json.loads(guard.STORED.read_text()) == COUNTED
    monkeypatch.setattr(guard, "count_instructions", lambda: with_counts(poly=1200, radon=500))
    assert guard.check(update=False, tolerance=tolerance) == 1
    assert "more instructions than before: poly" in capsys.readouterr().out
    assert guard.check(update=True, tolerance=tolerance) == 0
    assert guard.check(update=False, tolerance=tolerance) == 0


def test_without_valgrind_the_guard_says_that_it_is_skipped(monkeypatch, capsys):
    monkeypatch.setattr(guard.shutil, "which", lambda name: None)
    assert guard.check(update=False, tolerance=0.05) == 0
    assert "guard: skipped: valgrind is not installed" in capsys.readouterr().out


def test_the_stored_counts_are_of_the_kernels_that_are_counted():
    from benchmarks.counting import COUNTED as TITLES

    stored = json.loads(guard.STORED.read_text())
    assert set(stored["instructions"]) == {"warm start", *(title for title, *_ in TITLES)}
