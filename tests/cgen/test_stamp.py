"""The stamp of a folder's files changes with every file that makes programs, and with no other."""

import os

import pytest

from pytensorlite.cgen import dispatch
from pytensorlite.cgen.dispatch import _python_stamp_files

STAMPS = [dispatch.stamp_files, _python_stamp_files]


@pytest.fixture
def folder(tmp_path):
    for name in ("a.py", "b.h", "note.txt", "below/a.py", "below/further/c.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    return tmp_path


def rewrite(folder):
    (folder / "below" / "a.py").write_text("other text")


def touch(folder):
    os.utime(folder / "b.h", ns=(1, 1_700_000_000_123_456_790))


def add(folder):
    (folder / "below" / "d.py").write_text("")


def remove(folder):
    (folder / "below" / "further" / "c.py").unlink()


def rename(folder):
    (folder / "a.py").rename(folder / "c.py")


def move(folder):
    (folder / "a.py").rename(folder / "below" / "b.py")


@pytest.mark.parametrize("change", [rewrite, touch, add, remove, rename, move])
@pytest.mark.parametrize("stamp", STAMPS)
def test_it_changes_with_each_file(folder, stamp, change):
    before = stamp(str(folder))
    change(folder)
    assert stamp(str(folder)) != before


@pytest.mark.parametrize("stamp", STAMPS)
def test_it_leaves_out_what_makes_no_programs(folder, stamp):
    before = stamp(str(folder))
    (folder / "note.txt").write_text("longer than it was")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.py").write_text("")
    assert stamp(str(folder)) == before


def test_both_versions_count_alike(folder):
    assert len({stamp(str(folder), str(folder / "below")) for stamp in STAMPS}) == 1


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_folder_that_is_not_there_is_an_error(tmp_path, stamp):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        stamp(str(tmp_path / "nowhere"))
