"""`pytensorlite doctor` says what is so."""

import json
import os
import subprocess
import sys

import pytest

from pytensorlite.commands import doctor
from pytensorlite.commands.main import main
from pytensorlite.configdefaults import config


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)


@pytest.mark.parametrize("check", doctor.CHECKS, ids=lambda check: check.__name__)
def test_each_check_says_something(check):
    finding = doctor.examine(check)
    assert finding.name == check.__name__.removeprefix("check_")
    assert finding.status in ("ok", "warn")
    assert finding.message
    assert (finding.remedy == "") == (finding.status == "ok")


def test_one_line_for_each(capsys):
    assert main(["doctor"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "->" not in line]
    assert len(lines) == len(doctor.CHECKS)
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert any("compiled, loaded and called in" in line for line in lines)


def test_json(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert [check["name"] for check in found["checks"]][:2] == ["python", "compiler"]


def test_missing_compiler_fails_with_the_remedy(monkeypatch, capsys):
    monkeypatch.setenv("CC", "nonesuch")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "fail  compiler    the C compiler 'nonesuch' was not found" in out
    assert "-> install a C compiler" in out


def test_compiler_that_fails(monkeypatch):
    with config.change_flags(compile_flags="-include nonesuch.h"):
        finding = doctor.examine(doctor.check_compiler)
    assert finding.status == "fail"
    assert "ended with status" in finding.message


def test_bad_cache_directory_is_a_warning(tmp_path):
    (tmp_path / "open").mkdir()
    os.chmod(tmp_path / "open", 0o777)
    with config.change_flags(cache_dir=str(tmp_path / "open")):
        finding = doctor.examine(doctor.check_cache)
    assert finding.status == "warn"
    assert "others can write to it" in finding.message
    assert finding.remedy


def test_options_that_slow_things_down():
    with config.change_flags(linker="numpy"):
        assert doctor.examine(doctor.check_config).status == "warn"
    with config.change_flags(cache_size="big"):
        assert doctor.examine(doctor.check_config).status == "fail"
    with config.change_flags(threads=10_000):
        assert doctor.examine(doctor.check_threads).status == "warn"


def test_check_that_breaks_is_a_finding():
    def check_nothing():
        raise ZeroDivisionError("oops")

    finding = doctor.examine(check_nothing)
    assert (finding.name, finding.status) == ("nothing", "fail")
    assert "ZeroDivisionError: oops" in finding.message


@pytest.mark.parametrize("words", [[], ["--json"], ["doctor"], ["cache", "dir"]])
def test_as_a_module(words):
    done = subprocess.run([sys.executable, "-m", "pytensorlite", *words], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
