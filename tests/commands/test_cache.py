"""`pytensorlite-cache`, word by word."""

import json
import os
import resource
import subprocess
import sys

import pytest

from pytensorlite.cgen import build as build_module
from pytensorlite.cgen.build import BuildError, build
from pytensorlite.cgen.cache import Cache
from pytensorlite.commands import cache as command
from pytensorlite.commands import main as main_module
from pytensorlite.configdefaults import config

SOURCE = "int f(void) { return 1; }\n"


@pytest.fixture
def place(tmp_path):
    yield str(tmp_path / "cache")
    build_module.open_cache.cache_clear()


@pytest.fixture
def run(place, capsys):
    """Run the command on the cache of the test; its exit code, output and errors."""

    def go(*words):
        code = command.main(["--directory", place, *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return go


@pytest.fixture
def keys(place):
    made = [
        build(SOURCE + "//" * i, label=f"program {i}", graph=f"Add {i}", cache_dir=place).key
        for i in range(3)
    ]
    with pytest.raises(BuildError):
        build("int f(void) { return x; }", cache_dir=place)
    return made


def test_info_is_the_default(run, keys, place):
    code, out, _ = run()
    assert code == 0
    assert out == run("info")[1]
    assert f"directory  {place}" in out
    assert "programs   3" in out
    assert "failed     1" in out
    facts = json.loads(run("--json")[1])
    assert facts["programs"] == 3
    assert facts["bytes"] > 30_000
    assert facts["max_bytes"] == 1_000_000_000
    assert json.loads(run("info", "--json")[1]) == facts


def test_dir_does_not_make_it(run, place):
    assert run("dir") == (0, place + "\n", "")
    assert json.loads(run("dir", "--json")[1]) == {"directory": place}
    assert not os.path.exists(place)


def test_directory_comes_from_the_configuration(tmp_path, capsys):
    with config.change_flags(cache_dir=str(tmp_path)):
        assert command.main(["dir"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}\n"


def test_list(run, keys):
    assert "the cache is empty" not in run("list")[1]
    _, out, _ = run("list", "--sort", "label")
    header, *lines = out.splitlines()
    assert header.split() == ["key", "size", "used", "compiled", "compiler", "label"]
    assert [line.split()[0] for line in lines] == [key[:12] for key in keys]
    assert "program 0" in lines[0]
    rows = json.loads(run("list", "--json")[1])
    assert {row["key"] for row in rows} == set(keys)
    assert all(row["bytes"] > 10_000 and row["trouble"] == "" for row in rows)


def test_list_of_nothing(run):
    assert run("list") == (0, "the cache is empty\n", "")
    assert json.loads(run("list", "--json")[1]) == []


@pytest.mark.parametrize("order", ["used", "created", "size", "label"])
def test_list_in_order(run, keys, order):
    assert len(run("list", "--sort", order)[1].splitlines()) == 4


def test_show(run, keys):
    code, out, _ = run("show", keys[0][:10])
    assert code == 0
    assert "label      program 0" in out
    assert "-ffp-contract=off" in out
    assert run("show", keys[1], "--source")[1] == SOURCE + "//\n"
    assert run("show", keys[1], "--graph")[1] == "Add 1\n"
    assert run("show", keys[1], "--log")[1].startswith("$ /")
    facts = json.loads(run("show", keys[1], "--json")[1])
    assert (facts["key"], facts["source"], facts["graph"]) == (keys[1], SOURCE + "//", "Add 1")
    assert json.loads(run("show", keys[1], "--graph", "--json")[1]) == {"graph": "Add 1"}


@pytest.mark.parametrize("key", ["zzz", ""])
def test_show_of_an_unclear_key(run, keys, key):
    code, out, err = run("show", key)
    assert (code, out) == (1, "")
    assert "expected the beginning of one program's key" in err


def test_stats(run, keys):
    _, out, _ = run("stats")
    assert "programs      3" in out
    facts = json.loads(run("stats", "--json")[1])
    assert facts["programs"] == facts["used_last_day"] == sum(facts["compilers"].values()) == 3
    assert facts["compile_seconds"] >= facts["slowest_seconds"] > 0


def test_stats_of_nothing(run):
    assert json.loads(run("stats", "--json")[1])["median_bytes"] == 0
    assert run("stats")[0] == 0


def test_remove(run, keys):
    assert run("remove", keys[0][:12], keys[1]) == (0, "removed 2 programs\n", "")
    assert [row["key"] for row in json.loads(run("list", "--json")[1])] == [keys[2]]
    assert run("remove", keys[0])[0] == 1


def test_clear(run, keys):
    assert run("clear")[:2] == (0, "removed 3 programs\n")
    assert json.loads(run("--json")[1])["programs"] == 0
    assert json.loads(run("clear", "--json")[1]) == {"removed": 0}


def test_prune(run, keys):
    _, out, _ = run("prune", "--max-size", "20kB", "--dry-run")
    assert "would remove 2 programs" in out
    assert "removed 0 programs" in run("prune")[1]  # config.cache_size is not reached
    gone = json.loads(run("prune", "--max-size", "20kB", "--json")[1])
    assert len(gone["removed"]) == 2
    assert gone["dry_run"] is False
    assert "removed 0 programs" in run("prune", "--older-than", "1h")[1]
    assert "removed 0 programs" in run("prune", "--stale")[1]
    assert "removed 1 programs" in run("prune", "--older-than", "0s")[1]


@pytest.mark.parametrize(("option", "word"), [("--max-size", "huge"), ("--older-than", "soon")])
def test_prune_by_nonsense(run, option, word, capsys):
    with pytest.raises(SystemExit) as caught:
        run("prune", option, word)
    assert caught.value.code == 2
    assert f"got '{word}'" in capsys.readouterr().err


def test_verify(run, keys, place):
    assert run("verify") == (0, "0 damaged, 3 programs in the cache\n", "")
    os.unlink(Cache(place).path("entries", keys[0], "kernel.so"))
    code, out, _ = run("verify")
    assert code == 1
    assert f"entry {keys[0][:12]}: its library cannot be read" in out
    code, out, _ = run("verify", "--fix", "--json")
    assert code == 0
    assert json.loads(out)["problems"][0]["fixed"]
    assert run("verify")[0] == 0


def test_export_and_import(run, keys, place, tmp_path):
    archive = str(tmp_path / "a.tar.gz")
    assert run("export", archive, keys[0][:8]) == (0, "exported 1 programs\n", "")
    assert run("export", archive) == (0, "exported 3 programs\n", "")
    run("clear")
    assert run("import", archive) == (0, "imported 3 programs, 0 records\n", "")
    assert run("verify")[0] == 0
    assert "error: " in run("import", str(tmp_path / "missing"))[2]


def test_names_that_pytensor_users_know(run, keys, place, capsys):
    assert "prune" in run("help")[1]
    assert run("unlock") == (0, "removed 0 locks\n", "")
    assert run("cleanup")[0] == 0
    assert run("basecompiledir") == (0, place + "\n", "")
    assert "entries" in run("basecompiledir", "list")[1]
    assert run("purge") == (0, f"removed {place}\n", "")
    assert not os.path.exists(place)
    assert run("purge")[0] == 0


def test_base_directory_of_the_default_place(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with config.change_flags(cache_dir=""):
        command.main(["basecompiledir"])
        assert capsys.readouterr().out == f"{tmp_path}/pytensorlite\n"
        build(SOURCE)
        build_module.open_cache.cache_clear()
        assert command.main(["basecompiledir", "purge"]) == 0
    assert os.listdir(tmp_path) == []


def test_purge_leaves_what_is_no_cache(run, place, tmp_path):
    os.makedirs(place)
    (tmp_path / "cache" / "thesis.tex").write_text("x")
    code, _, err = run("purge")
    assert code == 1
    assert "does not look like a cache" in err
    assert os.path.exists(tmp_path / "cache" / "thesis.tex")


def test_refused_directory_is_an_error(run, place):
    os.mkdir(place)
    os.chmod(place, 0o777)
    for words in ((), ("list",), ("clear",), ("purge",), ("verify",)):
        code, out, err = run(*words)
        assert (code, out) == (1, "")
        assert "others can write to it" in err


def test_wrong_words(run):
    with pytest.raises(SystemExit) as caught:
        run("nonsense")
    assert caught.value.code == 2


def test_main_leads_to_it(place, capsys):
    assert main_module.main(["cache", "--directory", place, "dir"]) == 0
    assert capsys.readouterr().out == f"{place}\n"
    assert main_module.main([]) == 0
    assert "doctor" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main_module.main(["--version"])
    assert capsys.readouterr().out.startswith("pytensorlite ")


def test_reader_that_has_seen_enough(keys, place):
    words = [sys.executable, "-m", "pytensorlite.commands.cache", "--directory", place, "list"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.timing
def test_starts_quickly_without_graphs(place):
    code = (
        "import sys; from pytensorlite.commands.cache import main; main(['dir']);"
        "print(*(name for name in ('scipy', 'numpy', 'pytensorlite.graph') if name in sys.modules))"
    )
    words = [sys.executable, "-c", code]

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    seconds()
    assert min(seconds() for _ in range(5)) < 0.3
    out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert out.splitlines()[-1] == ""
