"""Which compiler is taken, how it is known again, and what it is told."""

import os
import shutil
import sys

import pytest

from pytensorlite.cgen import features, toolchain
from pytensorlite.cgen.build import BuildError, build, load
from pytensorlite.cgen.sealed import read_sealed, write_sealed
from pytensorlite.cgen.toolchain import MEMO, Toolchain, find_toolchain

from .conftest import SOURCE, forget, real_compiler


def test_real_compiler_is_identified(tmp_path):
    found = find_toolchain("", str(tmp_path))
    assert os.path.isabs(found.command[0])
    assert found.family in ("gcc", "clang")
    assert found.version[0].isdigit()
    assert "-" in found.target
    assert found.present


def test_cc_comes_first_and_a_request_before_it(monkeypatch, fake_compiler):
    one, two = fake_compiler("exit 1", "one"), fake_compiler("exit 1", "two")
    monkeypatch.setenv("CC", one)
    assert find_toolchain().command == (one,)
    assert find_toolchain(two).command == (two,)


@pytest.mark.parametrize("words", ["fakecc -m64", "fakecc  '-DNAME=a b'"])
def test_command_of_several_words(monkeypatch, fake_compiler, tmp_path, words):
    path = fake_compiler("exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    command = find_toolchain(words).command
    assert command[0] == path
    assert len(command) == 2
    assert "'" not in command[1]


def test_path_with_a_space_is_one_word(tmp_path, monkeypatch, fake_compiler):
    folder = tmp_path / "my tools"
    folder.mkdir()
    path = str(folder / "cc one")
    shutil.move(fake_compiler("exit 1"), path)
    monkeypatch.setenv("CC", path)
    assert find_toolchain().command == (path,)


def test_words_are_never_given_to_a_shell(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", f"gcc; touch {tmp_path}/oops")
    with pytest.raises(BuildError):
        build(SOURCE, cache_dir=str(tmp_path / "cache"))
    monkeypatch.setenv("CC", f"gcc $(touch {tmp_path}/oops)")
    with pytest.raises(BuildError):
        build(SOURCE, cache_dir=str(tmp_path / "cache"))
    assert not (tmp_path / "oops").exists()


def test_missing_compiler_teaches(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(BuildError, match="no C compiler was found") as caught:
        find_toolchain()
    assert "pip install pytensorlite[compiler]" in str(caught.value)
    monkeypatch.setenv("CC", "nonesuch")
    with pytest.raises(BuildError, match="'nonesuch' was not found"):
        find_toolchain()


def test_something_that_is_no_compiler_is_told_from_one(tmp_path):
    with pytest.raises(BuildError, match="must be gcc or clang"):
        find_toolchain("/bin/cat", str(tmp_path))
    assert not (tmp_path / MEMO).exists()


def test_compiler_is_asked_once_for_all_processes(tmp_path, fake_compiler, monkeypatch):
    asked = tmp_path / "asked"
    path = fake_compiler("exit 1")
    with open(path) as file:
        text = file.read().replace('echo "Target', f'echo x >> {asked}; echo "Target')
    with open(path, "w") as file:
        file.write(text)
    for _ in range(3):
        forget()
        find_toolchain(path, str(tmp_path))
    assert asked.read_text() == "x\n"
    with open(path, "w") as file:  # another size, another time: another compiler
        file.write(text.replace("99.1", "100.1"))
    forget()
    assert find_toolchain(path, str(tmp_path)).version == "100.1"
    assert asked.read_text() == "x\nx\n"


def test_damaged_memory_is_asked_again(tmp_path):
    first = find_toolchain("", str(tmp_path))
    (tmp_path / MEMO).write_text("{")
    forget()
    assert find_toolchain("", str(tmp_path)) == first


def test_what_is_run_never_comes_from_the_memory(tmp_path, fake_compiler):
    path = fake_compiler("exit 1")
    find_toolchain(path, str(tmp_path))
    memo = read_sealed(str(tmp_path / MEMO))
    for entry in memo["compilers"].values():
        entry["command"] = ["/bin/sh", "-c", "echo oops"]
    memo["latest"][path]["command"] = ["/bin/sh", "-c", "echo oops"]
    write_sealed(str(tmp_path / MEMO), memo)
    forget()
    assert find_toolchain(path, str(tmp_path)).command == (path,)
    os.unlink(path)
    forget()
    remembered = find_toolchain(path, str(tmp_path))
    assert not remembered.present


def test_hit_needs_no_compiler_and_a_miss_says_so(place, monkeypatch, tmp_path):
    key = build(SOURCE, cache_dir=place).key
    forget()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    again = build(SOURCE, cache_dir=place)
    assert again.from_cache
    assert again.key == key
    assert load(key, place) is not None
    with pytest.raises(BuildError, match="was not found"):
        build(SOURCE + "//", cache_dir=place)


# -- flags ---------------------------------------------------------------------------------------


def flags_for(monkeypatch, level, family="gcc", version="12.2.0", command=("/usr/bin/cc",)):
    monkeypatch.setattr(features, "level", lambda: level)
    return Toolchain(command, family, version, "x86_64-linux-gnu").compile_flags()


@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64"])
@pytest.mark.parametrize(
    ("family", "version"), [("gcc", "12.2.0"), ("clang", "19.1.7"), ("gcc", "16")]
)
def test_level_is_named(monkeypatch, level, family, version):
    flags = flags_for(monkeypatch, level, family, version)
    assert f"-march={level}" in flags
    assert ("-mprefer-vector-width=512" in flags) == (level == "x86-64-v4")
    assert not [flag for flag in flags if "native" in flag or "fast-math" in flag]


@pytest.mark.parametrize(("family", "version"), [("gcc", "10.2.1"), ("clang", "11.0")])
def test_old_compilers_are_told_the_features(monkeypatch, family, version):
    flags = flags_for(monkeypatch, "x86-64-v3", family, version)
    assert "-mavx2" in flags
    assert "-mfma" in flags
    assert not [flag for flag in flags if flag.startswith("-march")]


def test_zig_names_the_processor_in_its_way(monkeypatch):
    flags = flags_for(monkeypatch, "x86-64-v3", "clang", "20.1.2", ("/opt/zig", "cc"))
    assert "-mcpu=x86_64_v3" in flags


def test_other_architectures_keep_the_default_of_the_compiler(monkeypatch):
    flags = flags_for(monkeypatch, "aarch64")
    assert not [flag for flag in flags if flag.startswith("-m")]
    assert "-ffp-contract=off" in flags


@pytest.mark.parametrize(
    ("architecture", "libc", "target", "expected"),
    [
        ("x86_64", (2, 36), "x86_64-linux-gnu", True),
        ("x86_64", (2, 17), "x86_64-linux-gnu", False),
        ("x86_64", (0,), "x86_64-alpine-linux-musl", False),
        ("x86_64", (0,), "x86_64-apple-darwin23", False),
        ("aarch64", (2, 36), "aarch64-linux-gnu", False),
        ("aarch64", (2, 40), "aarch64-linux-gnu", True),
        ("riscv64", (2, 40), "riscv64-linux-gnu", False),
    ],
)
def test_vector_library_where_there_is_one(monkeypatch, architecture, libc, target, expected):
    monkeypatch.setattr(features, "architecture", lambda: architecture)
    monkeypatch.setattr(toolchain, "_libc_version", lambda: libc)
    flags = Toolchain(("/usr/bin/cc",), "gcc", "14.1.0", target).link_flags(["-g"])
    assert flags == (("-lmvec", "-lm") if expected else ("-lm",))


@pytest.mark.parametrize(
    ("family", "target", "asked", "spared"),
    [
        ("gcc", "x86_64-linux-gnu", [], True),
        ("gcc", "x86_64-linux-gnu", ["-fsanitize=undefined"], False),
        ("gcc", "x86_64-apple-darwin23", [], False),
        ("clang", "x86_64-linux-gnu", [], False),
    ],
)
def test_standard_libraries_are_left_out_where_nothing_else_needs_them(
    family, target, asked, spared
):
    flags = Toolchain(("/usr/bin/cc",), family, "14.1.0", target).link_flags(asked)
    assert ("-nostdlib" in flags) == spared
    assert "-lm" in flags


def test_functions_of_the_c_library_are_found_at_run_time(tmp_path):
    source = """
#include <string.h>
#include <time.h>
int answer(const char *text) {
    struct timespec now;
    char copy[64];
    strncpy(copy, text, sizeof copy);
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? memcmp(copy, "what", 4) : 1;
}
"""
    assert build(source, cache_dir=str(tmp_path)).handle.answer(b"whatever") == 0


def test_each_family_gets_the_passes_that_it_knows():
    gcc, clang = (
        Toolchain(("/usr/bin/cc",), family, "14.1.0", "x86_64-linux-gnu").compile_flags()
        for family in ("gcc", "clang")
    )
    assert {"-O2", "-funswitch-loops", "-fno-gcse"} <= set(gcc)
    assert "-O3" in clang
    assert "-fno-gcse" not in clang


# -- the processor -------------------------------------------------------------------------------


V2 = {"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"}
V3 = V2 | {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(set(), "x86-64"), (V2, "x86-64-v2"), (V3, "x86-64-v3"), (V4, "x86-64-v4"),
     (V4 - {"avx512vl"}, "x86-64-v3"), (V4 - {"fma"}, "x86-64-v2"), (V4 - {"pni"}, "x86-64")],
)  # fmt: skip
def test_level_needs_all_of_its_features(flags, expected):
    assert features.level_of(flags) == expected


def test_level_agrees_with_what_the_compiler_may_use(place):
    if not features.level().startswith("x86-64-v"):
        pytest.skip("levels are of x86-64")
    source = """\
int supported(void) {
    __builtin_cpu_init();
    return (__builtin_cpu_supports("avx512vl") ? 4 : __builtin_cpu_supports("avx2") ? 3 : 2);
}
"""
    expected = build(source, cache_dir=place).handle.supported()
    assert features.level() == f"x86-64-v{expected}"


@pytest.mark.parametrize("name", ["gcc", "clang", "zig"])
def test_every_compiler_that_is_here_builds(name, place):
    try:
        find_toolchain(name)
    except BuildError:
        pytest.skip(f"{name} is not installed")
    library = build([SOURCE, "int g(void) { return 7; }\n"], compiler=name, cache_dir=place)
    assert library.handle.plus_one(1) == 2
    assert library.handle.g() == 7


def test_real_compiler_is_here():
    assert real_compiler(), "the tests of building need a C compiler"
