"""Records are joined, written into the README, and drawn."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import picture, readme, records

TIMES = {"call_vec8": ("8", 6e-8), "poly": ("1e5", 1.4e-5), "sqdist": ("1000", 1e-4)}
LIMITS = {
    f"{place} {what}": rate
    for place, rate in (("L1", 400.0), ("L2", 250.0), ("L3", 130.0), ("memory", 40.0))
    for what in ("read", "copy", "triad")
} | {"L1 bytes": 48e3, "L2 bytes": 1e6, "L3 bytes": 32e6, "fma": 140.0, "gemm": 60.0}


def record(*names, contenders=("pytensorlite", "c", "numpy", "jax"), **more):
    """A record of those workloads, each contender twice as slow as the one before."""
    rows = [
        {
            "workload": name, "size": TIMES[name][0], "contender": contender, "itemsize": 8,
            "bytes": 1.6e6, "flops": 6e5, "limit": "copy",
            **dict.fromkeys(("least", "median", "cpu"), TIMES[name][1] * 2**place),
        }
        for name in names
        for place, contender in enumerate(contenders)
    ]  # fmt: skip
    machine = {"processor": "a processor", "system": "Linux", "date": "2026-01-02"}
    versions = {name: {"version": "1.2"} for name in contenders}
    return {"machine": machine, "threads": 1, "rounds": 7, "versions": versions, "skipped": {},
            "results": rows, "limits": LIMITS, **more}  # fmt: skip


def test_pieces_of_a_run_are_joined_and_later_cases_replace_earlier_ones():
    first = record("poly", "call_vec8", skipped={"torch": "absent", "numba": "absent"})
    second = record("poly", contenders=("numba",), limits={**LIMITS, "fma": 150.0, "gemm": 1.0})
    found = records.join([first, second])
    assert [(r["workload"], r["contender"]) for r in found["results"]] == [
        ("poly", "numba"), *(("call_vec8", name) for name in first["versions"])
    ]  # fmt: skip
    assert set(found["versions"]) == {*first["versions"], "numba"}
    assert found["skipped"] == {"torch": "absent"}
    assert (found["limits"]["fma"], found["limits"]["gemm"]) == (150.0, 60.0)


@pytest.mark.parametrize("other", [{"threads": 2}, {"machine": {"processor": "b", "system": ""}}])
def test_records_that_cannot_be_compared_are_not_joined(other):
    with pytest.raises(ValueError, match="the records are of"):
        records.join([record("poly"), record("poly", **other)])


def test_a_record_tells_its_command_without_interpreters(tmp_path):
    arguments = ["run", "--python", "jax=/somewhere", "--python=numba=/else", "--rounds", "7"]
    records.save(record("poly"), str(tmp_path / "a.json"), arguments)
    found = records.read([str(tmp_path / "a.json")])
    assert found["command"] == "python -m benchmarks run --rounds 7"


def test_the_table_goes_between_its_marks():
    text = f"above\n{readme.BEGIN}\nold\n{readme.END}\nbelow\n"
    made = readme.table(record("poly", "call_vec8"), "least")
    assert readme.replaced(text, made) == (
        f"above\n{readme.BEGIN}\n{made}\n{readme.END}\nbelow\n"
    )  # fmt: skip
    with pytest.raises(ValueError, match="lacks the line"):
        readme.replaced("above\nbelow\n", made)


def test_the_table_has_ours_the_limit_the_best_rival_and_the_machine():
    lines = readme.table(record("poly", "call_vec8"), "least").splitlines()
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    assert cells[2][1:5] == ["60.0 ns", "120 ns", "240 ns", "480 ns JAX"]
    assert cells[3] == [
        "2x³ + 3x² − 4x + 5, 10⁵ doubles", "14.0 µs", "28.0 µs", "56.0 µs", "112 µs JAX",
        "114.3 GB/s, 88% of L3",
    ]  # fmt: skip
    assert "One core of a processor, the least of 7 interleaved rounds, 2026-01-02" in lines[-1]


def test_the_readme_has_the_marks():
    text = readme.README.read_text()
    assert readme.replaced(text, "").count(readme.BEGIN) == 1


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_are_drawn(tmp_path, capsys, monkeypatch, kind):
    pytest.importorskip("matplotlib")
    found = record("poly", "call_vec8", "sqdist")
    (tmp_path / "a.json").write_text(json.dumps(found))
    arguments = ["plot", str(tmp_path / "a.json"), "--to", str(tmp_path / "to"), "--format", kind]
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    written = capsys.readouterr().out.split()
    assert written == [str(tmp_path / "to" / f"{name}.{kind}") for name in ("bars", "roofline")]
    if kind == "svg":
        bars, roofline = (
            (tmp_path / "to" / f"{name}.svg").read_text() for name in ("bars", "roofline")
        )
        assert "a call: x + 1 on 8 doubles" in bars
        assert "14.0 µs" in bars
        assert "sqdist 1000" in roofline


def test_without_limits_there_is_no_roofline():
    pytest.importorskip("matplotlib")
    assert picture.roofline({**record("poly"), "limits": None}) is None


def test_without_matplotlib_a_sentence_says_what_to_do(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.json").write_text(json.dumps(record("poly")))
    monkeypatch.setattr(picture, "matplotlib_there", lambda: False)
    monkeypatch.setattr("sys.argv", ["benchmarks", "plot", str(tmp_path / "a.json")])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 1
    assert "pip install 'pytensorlite[plot]'" in capsys.readouterr().err
