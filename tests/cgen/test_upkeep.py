"""The cache stays small and clean, and travels."""

import io
import os
import sys
import tarfile
import time

import pytest

from pytensorlite.cgen import locks, upkeep
from pytensorlite.cgen.archive import export_entries, import_entries
from pytensorlite.cgen.build import BuildError, build, load
from pytensorlite.cgen.cache import Cache, CacheWarning
from pytensorlite.cgen.toolchain import MEMO

from .conftest import SOURCE, forget, replace_file


def fill(place, count, size=None):
    """Some entries, the first one used longest ago; returns their keys in this order."""
    options = {} if size is None else {"cache_size": size}
    keys = []
    now = time.time()
    for i in range(count):
        library = build(SOURCE + "//" * i, label=f"p{i}", cache_dir=place, **options)
        keys.append(library.key)
        then = now - 1000 * (count - i)
        path = os.path.join(os.path.dirname(library.path), "meta.json")
        if os.path.exists(path):
            os.utime(path, (then, then))
    return keys


# -- pruning -------------------------------------------------------------------------------------


def test_least_recently_used_leaves_first(place):
    keys = fill(place, 4)
    cache = Cache(place)
    each = upkeep.rows(cache)[0].bytes
    gone = upkeep.prune(cache, max_bytes=int(2.5 * each))
    assert [row.key for row in gone] == keys[:2]
    assert sorted(cache.entry_keys()) == sorted(keys[2:])
    forget()
    assert load(keys[3], place) is not None
    assert load(keys[0], place) is None


def test_dry_run_removes_nothing(place):
    keys = fill(place, 3)
    gone = upkeep.prune(Cache(place), max_bytes=0, dry_run=True)
    assert sorted(row.key for row in gone) == sorted(keys)
    assert sorted(Cache(place).entry_keys()) == sorted(keys)


def test_age_and_size_together(place):
    keys = fill(place, 4)  # used 4000, 3000, 2000, 1000 seconds ago
    cache = Cache(place)
    assert [row.key for row in upkeep.prune(cache, older_than=3500)] == keys[:1]
    gone = upkeep.prune(cache, older_than=2500, max_bytes=upkeep.rows(cache)[0].bytes)
    assert [row.key for row in gone] == keys[1:3]


def test_cap_holds_while_building(place):
    each = 17_000
    keys = fill(place, 12, size=5 * each)
    cache = Cache(place)
    assert upkeep.count_bytes(cache) <= 5 * each
    assert keys[-1] in cache
    assert keys[0] not in cache


def test_cap_smaller_than_one_program_still_serves_it(place):
    library = build(SOURCE, cache_dir=place, cache_size=10)
    assert library.handle.plus_one(1) == 2
    build(SOURCE + "//", cache_dir=place, cache_size="1kB")
    assert len(Cache(place).entry_keys()) == 1


def test_noted_size_is_that_of_the_files(place):
    fill(place, 3)
    cache = Cache(place)
    assert upkeep.read_size(cache) == upkeep.count_bytes(cache) > 40_000
    replace_file(cache.path("usage.json"), b"garbage")
    assert upkeep.read_size(cache) == upkeep.count_bytes(cache)


def test_records_leave_with_their_entries(place):
    keys = fill(place, 2)
    cache = Cache(place)
    cache.put_record("first", {"library": keys[0]})
    cache.put_record("both", {"library": keys})
    cache.put_record("second", {"library": [keys[1]]})
    cache.put_record("free", {"anything": 1})
    cache.remove(keys[0])
    upkeep.prune(cache)
    assert cache.record_keys() == ["free", "second"]


def test_stale_programs(place, monkeypatch, fake_compiler):
    [key] = fill(place, 1)
    cache = Cache(place)
    assert upkeep.prune(cache, stale=True, dry_run=True) == []
    monkeypatch.setattr(upkeep, "headers_digest", lambda: "changed")
    assert [row.key for row in upkeep.prune(cache, stale=True, dry_run=True)] == [key]


def test_programs_of_another_compiler_version_are_stale(place, monkeypatch, fake_compiler):
    path = fake_compiler('exec gcc "$@"')
    monkeypatch.setenv("CC", path)
    fill(place, 1)
    cache = Cache(place)
    assert upkeep.prune(cache, stale=True, dry_run=True) == []
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("99.1", "99.10"))
    forget()
    assert len(upkeep.prune(cache, stale=True, dry_run=True)) == 1
    os.unlink(path)  # gone: what it made still serves
    forget()
    assert upkeep.prune(cache, stale=True, dry_run=True) == []


# -- sweeping ------------------------------------------------------------------------------------


def test_leftovers_of_the_dead_are_swept_and_the_living_spared(place):
    cache = Cache(place)
    with cache.scratch("living") as folder:
        os.makedirs(cache.path("tmp", "dead-0", "sub"))
        with open(cache.path("tmp", "dead-0", "sub", "x.o"), "w") as file:
            file.write("x")
        os.makedirs(cache.path("locks"))
        for name in ("a", "b"):
            with open(cache.path("locks", f"{name}.lock"), "w"):
                pass
        part = cache.path("usage.json.123-abc.part")
        with open(part, "w"):
            pass
        os.utime(part, (0, 0))
        with cache.lock("a", patience=0) as held:
            assert held
            assert upkeep.sweep(cache) > 0
            assert locks.is_held(cache.path("locks", "a.lock"))
        assert os.listdir(cache.path("locks")) == []
        assert sorted(os.listdir(cache.path("tmp"))) == sorted(
            [os.path.basename(folder), os.path.basename(folder) + ".lock"]
        )
        assert not os.path.exists(part)
    assert os.listdir(cache.path("tmp")) == []


def test_few_failures_are_kept(place):
    for i in range(25):
        with pytest.raises(BuildError):
            build(f"int f(void) {{ return x{i}; }}", cache_dir=place)
    cache = Cache(place)
    upkeep.sweep(cache)
    assert len(os.listdir(cache.path("failed"))) == 20


def test_clear(place):
    fill(place, 2)
    cache = Cache(place)
    cache.put_record("k", {})
    assert upkeep.clear(cache) == 2
    assert (cache.entry_keys(), cache.record_keys(), upkeep.count_bytes(cache)) == ([], [], 0)


# -- verifying -----------------------------------------------------------------------------------


def test_verify_finds_and_mends(place):
    keys = fill(place, 3)
    cache = Cache(place)
    cache.put_record("good", {})
    cache.put_record("bad", {})
    assert upkeep.verify(cache) == []
    replace_file(cache.path("entries", keys[0], "kernel.so"), b"x")
    replace_file(cache.path("entries", keys[1], "meta.json"), b"x")
    replace_file(cache.path("records", "bad.json"), b"x")
    found = {(problem.kind, problem.key, problem.fixed) for problem in upkeep.verify(cache)}
    assert found == {
        ("entry", keys[0], False), ("entry", keys[1], False), ("record", "bad", False)
    }  # fmt: skip
    assert all(problem.fixed for problem in upkeep.verify(cache, fix=True))
    assert upkeep.verify(cache) == []
    assert cache.entry_keys() == [keys[2]]
    assert cache.record_keys() == ["good"]


# -- travelling ----------------------------------------------------------------------------------


def test_export_and_import(tmp_path, place, monkeypatch):
    keys = fill(place, 2)
    cache = Cache(place)
    cache.put_record("graph", {"library": keys[0]})
    cache.put_record("other", {"library": "0" * 40})
    archive = str(tmp_path / "programs.tar.gz")
    assert sorted(export_entries(cache, archive)) == sorted(keys)
    there = Cache(str(tmp_path / "there"))
    done = import_entries(there, archive)
    assert (sorted(done.entries), done.records, done.refused) == (sorted(keys), 1, {})
    assert there.get_record("graph") == {"library": keys[0]}
    assert import_entries(there, archive).entries == []  # they are there
    assert upkeep.verify(there) == []
    forget()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "path", [])
    assert build(SOURCE, cache_dir=there.directory).from_cache  # also without a compiler


def test_export_of_some(tmp_path, place):
    keys = fill(place, 2)
    archive = str(tmp_path / "programs.tar.gz")
    assert export_entries(Cache(place), archive, keys[:1]) == keys[:1]
    assert import_entries(Cache(str(tmp_path / "there")), archive).entries == keys[:1]


def test_import_refuses_what_is_not_whole(tmp_path, place):
    keys = fill(place, 2)
    cache = Cache(place)
    archive, altered = str(tmp_path / "a.tar"), str(tmp_path / "b.tar")
    export_entries(cache, archive)
    with tarfile.open(archive) as old, tarfile.open(altered, "w") as new:
        for member in old:
            data = old.extractfile(member).read()
            if member.name == f"entries/{keys[0]}/kernel.so":
                data = data[:100] + b"!" + data[101:]
            new.addfile(member, io.BytesIO(data))
    there = Cache(str(tmp_path / "there"))
    done = import_entries(there, altered)
    assert done.entries == keys[1:]
    assert list(done.refused) == keys[:1]
    assert "altered" in done.refused[keys[0]]
    assert os.listdir(there.path("tmp")) == []


def tar_of(path, name, data=b"x", kind=tarfile.REGTYPE):
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.type, member.linkname = len(data), kind, "/etc/passwd"
        archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../evil", tarfile.REGTYPE), ("/etc/evil", tarfile.REGTYPE),
     ("entries/k/../../evil", tarfile.REGTYPE), ("entries/k/evil.sh", tarfile.REGTYPE),
     ("entries/k/kernel.so", tarfile.SYMTYPE), ("entries/k", tarfile.DIRTYPE),
     ("records/../x.json", tarfile.REGTYPE)],
)  # fmt: skip
def test_import_lets_nothing_out(tmp_path, place, name, kind):
    archive = str(tmp_path / "evil.tar")
    tar_of(archive, name, kind=kind)
    with pytest.raises(ValueError, match="which"):
        import_entries(Cache(place), archive)
    assert not (tmp_path / "evil").exists()
    assert Cache(place).entry_keys() == []


@pytest.mark.parametrize("data", [b"", b"no archive", os.urandom(5000)])
def test_import_of_something_else(tmp_path, place, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match="is not"):
        import_entries(Cache(place), str(tmp_path / "x"))
    with pytest.raises(FileNotFoundError):
        import_entries(Cache(place), str(tmp_path / "missing"))


def test_imported_memory_of_compilers_is_never_run(tmp_path, place, monkeypatch):
    fill(place, 1)
    archive = str(tmp_path / "a.tar")
    export_entries(Cache(place), archive)
    there = Cache(str(tmp_path / "there"))
    import_entries(there, archive)
    assert os.path.exists(there.path(MEMO))
    forget()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(BuildError, match="was not found"):
        build("int g(void) { return 1; }", cache_dir=there.directory)


def test_warning_when_an_entry_is_lost_between_look_and_load(place):
    key = build(SOURCE, cache_dir=place).key
    forget()
    os.unlink(Cache(place).path("entries", key, "kernel.so"))
    with pytest.warns(CacheWarning, match="cannot be read"):
        assert load(key, place) is None
