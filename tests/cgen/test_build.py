"""From C text to an address: found, compiled, in one piece or several."""

import ctypes
import os
import platform
import re
import shutil
import time
from pathlib import Path

import pytest

from pytensorlite.cgen.build import (
    ABI_VERSION,
    BuildError,
    build,
    build_identity,
    load,
)
from pytensorlite.cgen.toolchain import INCLUDE

from .conftest import SOURCE, forget, real_compiler


def call(library, n, symbol="plus_one"):
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.address(symbol))
    return function(n)


def test_builds_and_calls(place):
    library = build(SOURCE, label="plus one", cache_dir=place)
    assert call(library, 41) == 42
    assert not library.from_cache
    assert library.seconds > 0
    assert library.path.startswith(place)
    assert library.exports("plus_one")
    assert not library.exports("minus_one")
    with pytest.raises(AttributeError, match="exports no symbol 'minus_one'"):
        library.address("minus_one")


def test_log_holds_the_command_and_the_warnings(place):
    library = build("#warning look here\nint f(void) { return 1; }\n", cache_dir=place)
    assert "look here" in library.log
    assert "-ffp-contract=off" in library.log
    assert "-ffast-math" not in library.log
    assert "native" not in library.log


def test_second_build_is_a_hit(place):
    first = build(SOURCE, cache_dir=place)
    again = build(SOURCE, cache_dir=place)
    assert again.from_cache
    assert again.handle is first.handle
    forget()
    fresh = build(SOURCE, cache_dir=place)
    assert fresh.from_cache
    assert fresh.path == first.path
    assert call(fresh, 1) == 2


def test_load_by_key_alone(place):
    key = build(SOURCE, cache_dir=place).key
    forget()
    assert call(load(key, place), 6) == 7
    assert load("0" * 40, place) is None


def test_several_sources_become_one_library(place):
    pieces = [f"int64_t f{i}(int64_t n) {{ return n + {i}; }}\n" for i in range(5)]
    pieces = ["#include <stdint.h>\n" + piece for piece in pieces]
    calls = "".join(f"int64_t f{i}(int64_t);\n" for i in range(5))
    total = " + ".join(f"f{i}(n)" for i in range(5))
    pieces.append(f"#include <stdint.h>\n{calls}int64_t sum(int64_t n) {{ return {total}; }}\n")
    library = build(pieces, cache_dir=place)
    assert call(library, 100, "sum") == 510
    names = sorted(os.listdir(os.path.dirname(library.path)))
    assert [name for name in names if name.endswith(".c")] == [f"source_{i}.c" for i in range(6)]
    assert not [name for name in names if name.endswith(".o")]


def test_key_changes_with_everything_that_decides_the_code(place, fake_compiler, monkeypatch):
    def key(source=SOURCE, **options):
        return build(source, cache_dir=place, **options).key

    gcc = fake_compiler(f'exec {real_compiler()} "$@"')
    keys = [
        key(),
        key(SOURCE + " "),
        key([SOURCE, ""]),
        key(["", SOURCE]),
        key(flags=("-DA=1",)),
        key(flags=("-DA=1", "-DB")),
        key(compiler=gcc),
    ]
    forget()
    monkeypatch.setattr("pytensorlite.cgen.toolchain.features.level", lambda: "x86-64-v2")
    keys.append(key())
    monkeypatch.setattr("pytensorlite.cgen.build.headers_digest", lambda: "other headers")
    keys.append(key())
    monkeypatch.setattr("pytensorlite.cgen.build.ABI_VERSION", 99)
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_labels_do_not_change_the_key(place):
    first = build(SOURCE, label="one", graph="g", cache_dir=place)
    assert build(SOURCE, label="other", cache_dir=place).key == first.key


def test_source_and_graph_are_kept(place):
    asked = []
    library = build([SOURCE, "int g;\n"], graph=lambda: asked.append(1) or "Add", cache_dir=place)
    assert library.source == SOURCE + "\nint g;\n"
    with open(os.path.join(os.path.dirname(library.path), "graph.txt")) as file:
        assert file.read() == "Add"
    build([SOURCE, "int g;\n"], graph=lambda: asked.append(2), cache_dir=place)
    assert asked == [1]


def test_identity_is_for_keys_that_do_not_see_the_source(place):
    assert build_identity(cache_dir=place) == build_identity(cache_dir=place)
    assert build_identity(cache_dir=place) != build_identity(("-DA",), cache_dir=place)


@pytest.mark.parametrize("flag", ["-march=native", "-mcpu=native", "-mtune=native"])
def test_native_is_refused(place, flag):
    with pytest.raises(BuildError, match="another processor on each machine"):
        build(SOURCE, flags=(flag,), cache_dir=place)
    with pytest.raises(BuildError, match="another processor on each machine"):
        build(SOURCE, compiler=f"gcc {flag}", cache_dir=place)


def test_abi_version_is_that_of_the_header():
    with open(os.path.join(INCLUDE, "ptl_runtime.h")) as file:
        [version] = re.findall(r"#define PTL_ABI_VERSION (\d+)", file.read())
    assert int(version) == ABI_VERSION


def test_runtime_header_is_found_and_has_the_layout_that_callers_assume(place):
    source = """\
#include "ptl_runtime.h"
int64_t layout(int64_t which) {
    const int64_t sizes[] = {sizeof(ptl_array), offsetof(ptl_array, strides), sizeof(ptl_error),
                             offsetof(ptl_error, detail), PTL_FAILED, ptl_round_up(1)};
    return sizes[which];
}
ptl_sizes_function sizes;
ptl_run_function run;
int64_t fits(int64_t n) { int64_t p = 1LL << 40; return ptl_size_multiply(&p, n); }
"""
    library = build(source, flags=("-Wall", "-Wextra", "-Werror"), cache_dir=place)
    assert [call(library, i, "layout") for i in range(6)] == [24, 16, 56, 8, 1, 64]
    assert [call(library, n, "fits") for n in (0, 1, 2**22, 2**23)] == [1, 1, 1, 0]


def test_source_error_teaches(place):
    source = "#include <stdint.h>\n\nint64_t f(int64_t n) {\n    return n + m;\n}\n"
    with pytest.raises(BuildError) as caught:
        build(source, label="wrong", cache_dir=place)
    error = caught.value
    text = str(error)
    assert "ended with status 1 while building 'wrong'" in text
    assert "source.c:4: error:" in text
    assert "> 4 |     return n + m;" in text
    assert "    3 | int64_t f(int64_t n) {" in text
    assert "command: " in text
    with open(os.path.join(error.kept, "source.c")) as file:
        assert file.read() == source
    with open(os.path.join(error.kept, "build.log")) as file:
        assert "error" in file.read()
    assert error.log
    assert "-ffp-contract=off" in error.command


def test_error_in_one_of_several_sources_names_it(place):
    good = "int f(void) { return 1; }\n"
    with pytest.raises(BuildError, match=r"source_1\.c:2: error"):
        build([good, "\nint g(void) { return x; }\n", "int h(void) { return 1; }\n"],
              cache_dir=place)  # fmt: skip


def test_undefined_symbol_is_found_before_anything_is_stored(place):
    with pytest.raises(BuildError, match="does not load"):
        build("int missing(void); int f(void) { return missing(); }\n", cache_dir=place)
    assert not os.path.exists(os.path.join(place, "entries"))


def test_vector_library_and_ieee_semantics(place):
    source = """\
#include <math.h>
#include <stdint.h>
int64_t nan_is_nan(int64_t n) { volatile double x = (double)n; double y = x / x; return y != y; }
int64_t minus_zero(int64_t n) { volatile double x = (double)n; return signbit(x * -1.0) != 0; }
"""
    library = build(source, cache_dir=place)
    assert call(library, 0, "nan_is_nan") == 1
    assert call(library, 0, "minus_zero") == 1


@pytest.mark.timing
def test_overhead_over_the_compiler_is_small(tmp_path):
    def overhead(i):
        start = time.perf_counter()
        library = build(SOURCE + f"// {i}\n", cache_dir=str(tmp_path / str(i)))
        return time.perf_counter() - start - library.seconds

    assert min(overhead(i) for i in range(8)) < 0.015


@pytest.mark.timing
def test_warm_hit_is_fast(place):
    build(SOURCE, cache_dir=place)

    def seconds():
        forget()
        start = time.perf_counter()
        library = build(SOURCE, cache_dir=place)
        library.address("plus_one")
        assert library.from_cache
        return time.perf_counter() - start

    assert min(seconds() for _ in range(20)) < 0.003


@pytest.mark.parametrize(
    "name", ["with space", "quote's", 'double"quote', "accént-ü", "a;b", "$HOME"]
)
def test_odd_paths(tmp_path, name, monkeypatch):
    place = str(tmp_path / name / "cache")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    library = build([SOURCE, "int g(void) { return 1; }\n"], cache_dir=place)
    assert call(library, 1) == 2
    assert library.path.startswith(place)


@pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc" or not shutil.which("gcc"),
    reason="a version of glibc's memcpy for x86",
)
def test_copies_go_by_the_version_of_the_c_library_that_knows_vectors(place):
    source = """#include "ptl_loops.h"
    void copy(double *restrict to, const double *restrict from, int64_t n) {
        memcpy(to, from, (size_t)n * sizeof *to);
    }"""
    library = build(source, compiler="gcc", cache_dir=place)
    names = Path(library.path).read_bytes().split(b"\0")
    assert b"memmove" in names
    assert b"memcpy" not in names
