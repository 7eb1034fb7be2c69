"""A cache that is empty, compilers that misbehave, and a process that has forgotten everything."""

import os
import shutil
import stat

import pytest

from pytensorlite.cgen import build as build_module
from pytensorlite.cgen import cache as cache_module
from pytensorlite.cgen import directory as directory_module
from pytensorlite.cgen import toolchain as toolchain_module

SOURCE = "#include <stdint.h>\nint64_t plus_one(int64_t n) { return n + 1; }\n"


def forget():
    """Make this process like a new one: nothing is loaded, no compiler is known."""
    build_module._loaded.clear()
    build_module.open_cache.cache_clear()
    toolchain_module._identify.cache_clear()
    cache_module._warned.clear()
    directory_module.private_temporary.cache_clear()


@pytest.fixture(autouse=True)
def _own_world(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("CC", raising=False)
    forget()
    yield
    forget()


@pytest.fixture
def place(tmp_path):
    """Where a cache may be made."""
    return str(tmp_path / "cache")


PREAMBLE = """\
#!/bin/sh
case " $* " in *" -v "*) echo "Target: x86_64-fake"; echo "gcc version 99.1"; exit 0;; esac
for word in "$@"; do [ "$previous" = -o ] && output="$word"; previous="$word"; done
"""


@pytest.fixture
def fake_compiler(tmp_path):
    """Make a compiler out of lines of shell; `$output` is the file that it is asked for."""

    def make(body, name="fakecc"):
        path = tmp_path / name
        path.write_text(f"{PREAMBLE}{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


def real_compiler():
    """The compiler that the fake ones hand over to."""
    return shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")


def replace_file(path, data):
    """Put another file in the place of one that may be mapped."""
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(data)
