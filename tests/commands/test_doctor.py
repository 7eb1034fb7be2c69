"""`pytensorlite doctor` says what is so."""

import json
import os
import subprocess
import sys

import pytest

from pytensorlite.commands import doctor
from pytensorlite.commands.main import main
from pytensorlite.configdefaults import config
from pytensorlite.link.c import own_products


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


@pytest.mark.parametrize(
    ("used", "usual", "status"),
    [
        ("Haswell", "SkylakeX", "warn"),
        ("Nehalem", "Haswell", "warn"),
        ("Haswell", "Zen", "ok"),
        ("SkylakeX", "Haswell", "ok"),
        ("", "", "ok"),
        ("Haswell", "SomethingNew", "ok"),
    ],
)
def test_blas_that_is_told_to_run_lesser_kernels(used, usual, status, monkeypatch):
    def run(words, env, **kwargs):
        assert doctor.CORE_TYPE not in env
        return subprocess.CompletedProcess(words, 0, stdout=f"{usual}\n")

    monkeypatch.setattr(own_products, "blas_kernels", lambda: used)
    monkeypatch.setattr(doctor.subprocess, "run", run)
    monkeypatch.setenv(doctor.CORE_TYPE, used or "Haswell")
    finding = doctor.examine(doctor.check_blas)
    assert finding.status == status
    assert (doctor.CORE_TYPE in finding.message) == (status == "warn")
    monkeypatch.delenv(doctor.CORE_TYPE)
    assert doctor.examine(doctor.check_blas).status == "ok"


@pytest.mark.parametrize(
    ("kernels", "ours", "small", "large", "few"),
    [
        ("SkylakeX", 32, False, False, False),
        ("SkylakeX", 64, False, False, True),
        ("Haswell", 32, True, False, True),
        ("Haswell", 64, True, True, True),
    ],
)
def test_who_multiplies_is_told(kernels, ours, small, large, few, monkeypatch):
    monkeypatch.setattr(own_products, "blas_kernels", lambda: kernels)
    monkeypatch.setattr(own_products, "vector_bytes", lambda: ours)
    finding = doctor.examine(doctor.check_products)
    whose = {True: "C of ours", False: f"BLAS with kernels for {kernels}"}
    told = f"small by {whose[small]}, large by {whose[large]}, with few rows by {whose[few]}"
    assert (finding.status, finding.message) == ("ok", told)


@pytest.mark.parametrize("forced", ["Nehalem", "nonsense"])
def test_blas_is_asked_what_it_would_run(forced):
    """OpenBLAS in processes that are told and that are not; other libraries say nothing."""

    def ask(code, **more):
        free = {k: v for k, v in os.environ.items() if k != doctor.CORE_TYPE}
        words = [sys.executable, "-c", f"from pytensorlite.{code}"]
        done = subprocess.run(words, env=free | more, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    kernels = "link.c.own_products import blas_kernels; print(blas_kernels())"
    usual, used = ask(kernels), ask(kernels, OPENBLAS_CORETYPE=forced)
    found = ask(
        "commands.doctor import check_blas; print(check_blas().status)", OPENBLAS_CORETYPE=forced
    )
    assert found == ("ok" if usual == used else "warn")


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
