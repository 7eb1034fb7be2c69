"""Entries and records: trusted when whole, replaced when not, private always."""

import fcntl
import json
import os
import stat
import time
import warnings

import pytest

from pytensorlite.cgen import cache as cache_module
from pytensorlite.cgen.build import build, load
from pytensorlite.cgen.cache import Cache, CacheWarning
from pytensorlite.cgen.directory import default_directory, private_temporary
from pytensorlite.cgen.sealed import read_sealed, unseal, write_sealed

from .conftest import SOURCE, forget, replace_file


def damage_truncated(folder):
    path = os.path.join(folder, "kernel.so")
    with open(path, "rb") as file:
        data = file.read()
    replace_file(path, data[: len(data) // 2])


def damage_empty(folder):
    replace_file(os.path.join(folder, "kernel.so"), b"")


def damage_garbage(folder):
    replace_file(os.path.join(folder, "kernel.so"), os.urandom(20_000))


def damage_one_bit(folder):
    path = os.path.join(folder, "kernel.so")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 1
    replace_file(path, bytes(data))


def damage_missing_library(folder):
    os.unlink(os.path.join(folder, "kernel.so"))


def damage_missing_description(folder):
    os.unlink(os.path.join(folder, "meta.json"))


def damage_empty_description(folder):
    replace_file(os.path.join(folder, "meta.json"), b"")


def damage_short_description(folder):
    path = os.path.join(folder, "meta.json")
    with open(path, "rb") as file:
        data = file.read()
    replace_file(path, data[:-40])


def damage_garbage_description(folder):
    replace_file(os.path.join(folder, "meta.json"), os.urandom(500))


def damage_deep_description(folder):
    replace_file(os.path.join(folder, "meta.json"), b"[" * 100_000)


def damage_altered_description(folder):
    path = os.path.join(folder, "meta.json")
    with open(path, "rb") as file:
        replace_file(path, file.read().replace(b'"label": "one"', b'"label": "two"'))


def damage_foreign_schema(folder):
    path = os.path.join(folder, "meta.json")
    write_sealed(path, {**read_sealed(path), "schema": 99})


def damage_other_types(folder):
    path = os.path.join(folder, "meta.json")
    write_sealed(path, {**read_sealed(path), "bytes": "many"})


def damage_library_is_a_directory(folder):
    os.unlink(os.path.join(folder, "kernel.so"))
    os.mkdir(os.path.join(folder, "kernel.so"))


DAMAGES = [value for name, value in globals().items() if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__.removeprefix("damage_"))
def test_damaged_entry_is_rebuilt_with_one_warning(place, damage):
    first = build(SOURCE, label="one", cache_dir=place)
    damage(os.path.dirname(first.path))
    forget()
    with pytest.warns(CacheWarning, match="is rebuilt") as caught:
        again = build(SOURCE, label="one", cache_dir=place)
    assert len(caught) == 1
    assert not again.from_cache
    assert again.handle.plus_one(1) == 2
    forget()
    assert build(SOURCE, cache_dir=place).from_cache


def test_swapped_entries_are_found(place):
    one = build(SOURCE, cache_dir=place)
    two = build(SOURCE.replace("n + 1", "n + 2"), cache_dir=place)
    a, b = os.path.dirname(one.path), os.path.dirname(two.path)
    os.rename(a, a + "-")
    os.rename(b, a)
    os.rename(a + "-", b)
    forget()
    with pytest.warns(CacheWarning, match="entry of another key"):
        again = build(SOURCE, cache_dir=place)
    assert not again.from_cache
    assert again.handle.plus_one(1) == 2


def test_swapped_libraries_are_found(place):
    one = build(SOURCE, cache_dir=place)
    two = build(SOURCE.replace("n + 1", "n + 2"), cache_dir=place)
    os.rename(one.path, one.path + "-")
    os.rename(two.path, one.path)
    os.rename(one.path + "-", two.path)
    forget()
    with pytest.warns(CacheWarning, match="altered"):
        again = build(SOURCE, cache_dir=place)
    assert again.handle.plus_one(1) == 2


def test_damage_in_a_cache_that_cannot_be_mended(place, monkeypatch):
    damage_one_bit(os.path.dirname(build(SOURCE, cache_dir=place).path))
    forget()
    monkeypatch.setattr(Cache, "remove", lambda self, key: False)
    with pytest.warns(CacheWarning) as caught:
        again = build(SOURCE, cache_dir=place)
    assert again.handle.plus_one(1) == 2
    assert again.path.startswith(private_temporary())
    assert len(caught) == 2  # the damage, and that nothing can be stored


# -- records -------------------------------------------------------------------------------------


def test_records_come_back(place):
    cache = Cache(place)
    record = {"library": "abc", "sizes": [1, 2, 3], "text": "é\n", "none": None, "big": 2**80}
    assert cache.get_record("k") is None
    assert cache.put_record("k", record)
    assert cache.get_record("k") == record
    assert cache.put_record("k", {})
    assert cache.get_record("k") == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"null", b"[]", b'{"body": {}, "sha256": "0"}', b"\xff\xfe", b"{" * 10_000,
     b'{"body": {"key": "k", "record": {"a": 1}}, "sha256": "' + b"0" * 64 + b'"}'],
)  # fmt: skip
def test_damaged_record_counts_as_absent(place, data):
    cache = Cache(place)
    cache.put_record("k", {"a": 1})
    replace_file(cache.path("records", "k.json"), data)
    with pytest.warns(CacheWarning, match="is damaged"):
        assert cache.get_record("k") is None
    assert cache.get_record("k") is None  # removed, and not worth a second word
    cache.put_record("k", {"a": 2})
    assert cache.get_record("k") == {"a": 2}


def test_swapped_records_are_found(place):
    cache = Cache(place)
    cache.put_record("a", {"is": "a"})
    cache.put_record("b", {"is": "b"})
    os.replace(cache.path("records", "a.json"), cache.path("records", "b.json"))
    with pytest.warns(CacheWarning):
        assert cache.get_record("b") is None


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".", "..", "a\0b", "é", "x" * 129, "a.json"])
def test_keys_are_names_and_nothing_else(place, key):
    cache = Cache(place)
    for action in (cache.get, cache.remove, cache.get_record):
        with pytest.raises(ValueError, match="cache key"):
            action(key)
    with pytest.raises(ValueError, match="cache key"):
        cache.put_record(key, {})


def test_sealed_text_is_json_that_any_program_reads(tmp_path):
    path = str(tmp_path / "x.json")
    write_sealed(path, {"a": [1, 2.5, None, "é"]})
    with open(path) as file:
        assert json.load(file)["body"] == {"a": [1, 2.5, None, "é"]}
    with open(path, "rb") as file:
        data = file.read()
    assert unseal(data) == {"a": [1, 2.5, None, "é"]}
    assert unseal(data.replace(b"2.5", b"2.6")) is None


# -- privacy -------------------------------------------------------------------------------------


def modes(folder):
    found = {}
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files, "."]:
            path = os.path.join(here, name)
            found[path] = (os.path.isdir(path), stat.S_IMODE(os.stat(path).st_mode))
    return found


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077, 0o177])
def test_everything_is_private_whatever_the_umask(tmp_path, umask):
    place = str(tmp_path / "new" / "cache")
    before = os.umask(umask)
    try:
        build([SOURCE, "int g(void) { return 1; }\n"], graph="graph", cache_dir=place)
        Cache(place).put_record("k", {})
    finally:
        os.umask(before)
    for path, (is_folder, mode) in modes(tmp_path / "new").items():
        assert mode == (0o700 if is_folder else 0o600), path


def use(place):
    """Build once with a cache that should be refused, and once more."""
    with pytest.warns(CacheWarning) as caught:
        library = build(SOURCE, cache_dir=place)
    assert len(caught) == 1
    build(SOURCE + "//", cache_dir=place)  # without another word
    assert library.handle.plus_one(1) == 2
    assert library.path.startswith(private_temporary())
    return str(caught[0].message)


def test_symbolic_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "symbolic link" in use(str(tmp_path / "link"))
    assert not list((tmp_path / "real").iterdir())


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o720])
def test_directory_open_to_others_is_refused(tmp_path, mode):
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(mode)
    assert "others can write to it" in use(str(place))
    assert not list(place.iterdir())


def test_foreign_directory_is_refused(tmp_path):
    place = tmp_path / "theirs"
    place.mkdir(mode=0o700)
    try:
        os.chown(place, 12345, 12345)
    except PermissionError:
        pytest.skip("only root can give a directory away")
    assert "another user" in use(str(place))


def test_entries_of_a_refused_directory_are_never_loaded(tmp_path):
    place = tmp_path / "cache"
    key = build(SOURCE, cache_dir=str(place)).key
    place.chmod(0o777)
    forget()
    with pytest.warns(CacheWarning):
        assert load(key, str(place)) is None


def test_file_instead_of_a_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "not a directory" in use(str(tmp_path / "file"))


def test_private_directory_is_new_hidden_and_ours():
    path = private_temporary()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    assert private_temporary() == path
    assert os.path.basename(path) not in ("pytensorlite", f"pytensorlite-{os.getpid()}")


def test_default_directory_is_that_of_platformdirs(monkeypatch, tmp_path):
    platformdirs = pytest.importorskip("platformdirs")
    for value in (str(tmp_path / "x"), "", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        expected = platformdirs.user_cache_dir("pytensorlite", False)
        if value != "relative":  # which the standard says to ignore
            assert os.path.dirname(default_directory()) == expected
    monkeypatch.delenv("XDG_CACHE_HOME")
    expected = platformdirs.user_cache_dir("pytensorlite", False)
    assert os.path.dirname(default_directory()) == expected


# -- a hit ---------------------------------------------------------------------------------------


def snapshot(folder):
    found = {}
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            status = os.stat(os.path.join(here, name))
            found[os.path.join(here, name)] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def test_hit_writes_nothing(place):
    library = build(SOURCE, cache_dir=place)
    before = snapshot(place)
    forget()
    assert build(SOURCE, cache_dir=place).from_cache
    assert load(library.key, place) is not None
    assert snapshot(place) == before


def test_hit_while_another_process_holds_the_lock(place):
    library = build(SOURCE, cache_dir=place)
    descriptor = os.open(os.path.join(place, "locks", library.key + ".lock"),
                         os.O_CREAT | os.O_RDWR, 0o600)  # fmt: skip
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        forget()
        start = time.perf_counter()
        assert build(SOURCE, cache_dir=place).from_cache
        assert time.perf_counter() - start < 60  # it would wait for the lock for ever
    finally:
        os.close(descriptor)


def test_use_is_noted_once_an_hour(place):
    description = os.path.join(os.path.dirname(build(SOURCE, cache_dir=place).path), "meta.json")
    for age, noted in ((100, False), (10_000, True)):
        then = time.time() - age
        os.utime(description, (then, then))
        forget()
        build(SOURCE, cache_dir=place)
        assert (os.stat(description).st_mtime > then + 1) == noted


def test_warnings_point_at_the_caller(tmp_path):
    (tmp_path / "file").write_text("")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache_module._warned.clear()
        build(SOURCE, cache_dir=str(tmp_path / "file"))
    assert caught[0].filename == __file__
