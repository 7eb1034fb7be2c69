"""What happens to machines, made to happen: killed, full, slow, missing, read-only."""

import functools
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from pytensorlite.cgen import upkeep
from pytensorlite.cgen.build import BuildError, build
from pytensorlite.cgen.cache import Cache, CacheWarning
from pytensorlite.cgen.directory import private_temporary

from .conftest import SOURCE, forget, real_compiler


def start(code, *arguments, **options):
    """Another Python with `code`; `pytensorlite.cgen.build.build` and SOURCE are there."""
    head = "import os, sys\nfrom pytensorlite.cgen.build import build\n"
    head += f"SOURCE = {SOURCE!r}\nplace = sys.argv[1]\n"
    words = [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)]
    # A job in the background ignores SIGINT, and so would its children.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(words, preexec_fn=heed, **options)


# -- compilers -----------------------------------------------------------------------------------


def test_compiler_that_crashes(place, fake_compiler):
    with pytest.raises(BuildError, match="was ended by SIGSEGV"):
        build(SOURCE, compiler=fake_compiler("kill -SEGV $$"), cache_dir=place)


def test_compiler_that_breaks_down_over_vectors(place, fake_compiler):
    fails = "echo 'source.c:1:1: internal compiler error: in vectors' >&2; exit 1"
    compiles = f'exec {real_compiler()} "$@"'
    compiler = fake_compiler(f'case "$*" in *-fno-tree-vectorize*) {compiles};; esac; {fails}')
    assert build(SOURCE, compiler=compiler, cache_dir=place).handle.plus_one(41) == 42
    (log,) = Path(place).rglob("build.log")
    assert "internal compiler error" in log.read_text()


LIES = {
    "nothing": "exit 0",
    "empty": ': > "$output"',
    "short": 'printf "short" > "$output"',
    "garbage": 'head -c 20000 /dev/urandom > "$output"',
    "directory": 'mkdir "$output"',
    "half": '{gcc} "$@" && head -c 9000 "$output" > "$output.x"; mv "$output.x" "$output"',
    "object": '{gcc} "$@" -c',
}


@pytest.mark.parametrize("body", LIES.values(), ids=LIES.keys())
def test_compiler_that_lies(place, fake_compiler, body):
    compiler = fake_compiler(body.replace("{gcc}", real_compiler()))
    with pytest.raises(BuildError, match="reported success but left no whole library"):
        build(SOURCE, label="x", compiler=compiler, cache_dir=place)
    assert Cache(place).entry_keys() == []


def test_compiler_that_hangs(place, fake_compiler, tmp_path):
    # It leaves a grandchild behind, as the driver of a compiler does.
    compiler = fake_compiler(f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    begin = time.perf_counter()
    with pytest.raises(BuildError, match=r"within its time limit of 0\.3 s") as caught:
        build(SOURCE, compiler=compiler, cache_dir=place, timeout=0.3)
    assert time.perf_counter() - begin < 60  # of the 600 that it would sleep
    assert "config.compile_timeout" in str(caught.value)
    wait_for(lambda: has_ended(int((tmp_path / "pid").read_text())))


def test_compiler_that_hangs_with_its_output_closed(place, fake_compiler):
    compiler = fake_compiler("exec >&- 2>&-; exec sleep 600")
    with pytest.raises(BuildError, match="time limit"):
        build(SOURCE, compiler=compiler, cache_dir=place, timeout=0.3)


def test_compiler_that_leaves_a_child_with_its_output(place, fake_compiler):
    compiler = fake_compiler(f'sleep 100 & exec {real_compiler()} "$@"')
    begin = time.perf_counter()
    assert build(SOURCE, compiler=compiler, cache_dir=place).handle.plus_one(1) == 2
    assert time.perf_counter() - begin < 60  # of the 100 that the child sleeps


def test_compiler_that_talks_without_end(place, fake_compiler):
    compiler = fake_compiler("yes nonsense")
    with pytest.raises(BuildError, match="time limit") as caught:
        build(SOURCE, compiler=compiler, cache_dir=place, timeout=0.5)
    assert len(caught.value.log) < 2_000_000


def test_compiler_that_vanishes(place, fake_compiler):
    compiler = fake_compiler(f'exec {real_compiler()} "$@"')
    build(SOURCE, compiler=compiler, cache_dir=place)
    os.unlink(compiler)
    assert build(SOURCE, compiler=compiler, cache_dir=place).from_cache
    with pytest.raises(BuildError, match="was not found"):
        build(SOURCE + "//", compiler=compiler, cache_dir=place)
    fake_compiler(f'exec {real_compiler()} "$@"')  # and is back
    assert build(SOURCE + "//", compiler=compiler, cache_dir=place).handle.plus_one(1) == 2


def test_compiler_that_cannot_be_started(place, tmp_path):
    path = tmp_path / "cc"
    path.write_bytes(b"\x7fELF no program")
    path.chmod(0o700)
    with pytest.raises(BuildError, match="could not be started"):
        build(SOURCE, compiler=str(path), cache_dir=place)


def test_one_of_many_sources_hangs(place, fake_compiler):
    compiler = fake_compiler(
        f'case "$*" in *source_3.c*) sleep 600;; *) exec {real_compiler()} "$@";; esac'
    )
    sources = [f"int f{i}(void) {{ return {i}; }}\n" for i in range(6)]
    with pytest.raises(BuildError, match="time limit"):
        build(sources, compiler=compiler, cache_dir=place, timeout=1.0)


def test_interrupt_ends_the_compiler(place, fake_compiler, tmp_path):
    compiler = fake_compiler(f"echo $$ > {tmp_path}/pid; sleep 600")
    code = "build(SOURCE, cache_dir=place, compiler=sys.argv[2])"
    process = start(code, place, compiler, stderr=subprocess.PIPE)
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    process.send_signal(signal.SIGINT)
    begin = time.perf_counter()
    assert b"KeyboardInterrupt" in process.communicate(timeout=20)[1]
    assert time.perf_counter() - begin < 60  # of the 600 that the compiler would sleep
    wait_for(lambda: has_ended(int((tmp_path / "pid").read_text())))
    assert os.listdir(os.path.join(place, "tmp")) == []


def has_ended(pid):
    """Whether the process is gone, or dead and not yet collected."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


# -- others --------------------------------------------------------------------------------------


def test_hit_while_the_compiler_hangs_for_another_program(place, fake_compiler):
    build(SOURCE, cache_dir=place)
    compiler = fake_compiler("sleep 600")
    code = "build(SOURCE + '//', cache_dir=place, compiler=sys.argv[2])"
    process = start(code, place, compiler, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.listdir(os.path.join(place, "locks")))
        forget()
        begin = time.perf_counter()
        assert build(SOURCE, cache_dir=place).from_cache
        assert time.perf_counter() - begin < 60  # of the 600 that the other waits
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def test_one_compiles_and_the_others_wait(place, fake_compiler, tmp_path):
    compiler = fake_compiler(f'echo x >> {tmp_path}/runs; sleep 0.3; exec {real_compiler()} "$@"')
    results = []

    def work():
        results.append(build(SOURCE, compiler=compiler, cache_dir=place))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "runs").read_text() == "x\n"
    assert [library.handle.plus_one(1) for library in results] == [2] * 5
    assert sorted(library.from_cache for library in results) == [False] + [True] * 4


@pytest.mark.timing
def test_different_programs_are_compiled_at_the_same_time(place, fake_compiler):
    compiler = fake_compiler(f'sleep 0.5; exec {real_compiler()} "$@"')
    build(SOURCE, compiler=compiler, cache_dir=place)
    begin = time.perf_counter()
    options = {"compiler": compiler, "cache_dir": place}
    threads = [
        threading.Thread(target=build, args=(SOURCE + "//" * i,), kwargs=options)
        for i in range(1, 6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.perf_counter() - begin < 2.0  # one after the other: 2.5 and more
    assert len(Cache(place).entry_keys()) == 6


SWARM = """
    import pytensorlite.cgen.build
    children = []
    for i in range(int(sys.argv[2])):
        pid = os.fork()
        if pid == 0:
            try:
                library = build([SOURCE, SOURCE.replace("plus", "plus" + str(i % 3))],
                                cache_dir=place)
                status = 0 if library.handle.plus_one(41) == 42 else 1
            except BaseException as error:
                print("failed:", error, flush=True)
                status = 2
            os._exit(status)
        children.append(pid)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""


def swarm(place, processes):
    process = start(SWARM, place, processes, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate(timeout=300)[0]
    assert (process.returncode, output) == (0, b"")
    cache = Cache(str(place))
    assert len(cache.entry_keys()) == 3
    assert upkeep.verify(cache) == []
    assert os.listdir(cache.path("tmp")) == []
    assert os.listdir(cache.path("locks")) == []


def test_thirty_processes_on_one_empty_cache(place):
    swarm(place, 30)


@pytest.mark.nightly
def test_thirty_processes_on_one_empty_cache_ten_times(tmp_path):
    for i in range(10):
        swarm(tmp_path / str(i), 30)


# -- killed --------------------------------------------------------------------------------------


def kill_in_mid_build(place, rounds):
    """Kill builds of one program at random moments; then build it."""
    rng = random.Random(0)
    source = SOURCE + "".join(f"double f{i}(double x) {{ return x * {i}; }}\n" for i in range(500))
    code = f"SOURCE = {source!r}\nprint('go', flush=True)\nbuild(SOURCE, cache_dir=place)"
    done = 0
    for _ in range(rounds):
        with start(code, place, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.15))
            process.kill()
        done += len(Cache(place).entry_keys())
        if done:  # it was quick enough: begin again
            upkeep.clear(Cache(place))
            done = 0
    forget()
    library = build(source, cache_dir=place)
    assert library.handle.plus_one(1) == 2
    cache = Cache(place)
    assert upkeep.verify(cache) == []
    assert cache.entry_keys() == [library.key]
    wait_for(lambda: not os.listdir(cache.path("tmp")) or upkeep.sweep(cache))
    assert os.listdir(cache.path("tmp")) == []
    assert os.listdir(cache.path("locks")) == []


def test_killed_in_mid_build(place):
    kill_in_mid_build(place, 20)


@pytest.mark.nightly
def test_killed_in_mid_build_two_hundred_times(place):
    kill_in_mid_build(place, 200)


# -- disks ---------------------------------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path):
    """Mount a small file system of the given options; read-only once it is filled."""
    mounts = []

    def mount(options):
        point = tmp_path / f"mount{len(mounts)}"
        point.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(point)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
            pytest.skip("mounting is not permitted")
        mounts.append(str(point))
        return str(point)

    yield mount
    for point in mounts:
        subprocess.run(["umount", "-l", point], check=True)


def expect_private(place, source=SOURCE):
    with pytest.warns(CacheWarning, match="nothing can be stored") as caught:
        library = build(source, cache_dir=place)
    assert len(caught) == 1
    assert library.handle.plus_one(1) == 2
    assert library.path.startswith(private_temporary())
    again = build(source + "// another\n", cache_dir=place)  # without another word
    assert again.handle.plus_one(1) == 2


@pytest.mark.parametrize("room", ["size=8k", "size=12k", "size=16k", "size=24k", "nr_inodes=12"])
def test_full_disk(mounted, room):
    point = mounted(f"mode=700,{room}")
    place = os.path.join(point, "cache")
    expect_private(place)
    assert upkeep.verify(Cache(place)) == []
    subprocess.run(["mount", "-o", "remount,size=100m,nr_inodes=10000", point], check=True)
    forget()
    library = build(SOURCE, cache_dir=place)
    assert library.path.startswith(place)


def test_read_only_directory(mounted):
    point = mounted("mode=700,size=10m")
    place = os.path.join(point, "cache")
    key = build(SOURCE, cache_dir=place).key
    subprocess.run(["mount", "-o", "remount,ro", point], check=True)
    forget()
    assert build(SOURCE, cache_dir=place).key == key
    assert build(SOURCE, cache_dir=place).from_cache
    expect_private(place, SOURCE + "int g;\n")
    assert not Cache(place).put_record("k", {})


def test_file_system_that_forbids_execution(mounted):
    place = os.path.join(mounted("mode=700,size=10m,noexec"), "cache")
    with pytest.raises(BuildError, match="noexec"):
        build(SOURCE, cache_dir=place)


def test_directory_without_permission_to_write(place):
    build(SOURCE, cache_dir=place)
    os.chmod(place, 0o500)
    for name in ("entries", "tmp", "locks"):
        os.chmod(os.path.join(place, name), 0o500)
    if os.access(place, os.W_OK):
        pytest.skip("root may write everywhere")
    forget()
    assert build(SOURCE, cache_dir=place).from_cache
    expect_private(place, SOURCE + "int g;\n")
    os.chmod(place, 0o700)


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_home_that_cannot_be_used(home, monkeypatch):
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_CACHE_HOME")
    with pytest.warns(CacheWarning, match="is not used") as caught:
        library = build(SOURCE)
    assert len(caught) == 1
    assert library.handle.plus_one(1) == 2
    assert library.path.startswith(private_temporary())


def test_private_directory_goes_with_its_process(tmp_path):
    code = """
        import warnings
        warnings.simplefilter("ignore")
        library = build(SOURCE, cache_dir=place)
        if os.fork() == 0:
            sys.exit(0)  # a child that ends takes nothing away
        os.wait()
        assert os.path.exists(library.path)
        print(os.path.dirname(os.path.dirname(os.path.dirname(library.path))))
    """
    (tmp_path / "file").write_text("")
    with start(code, tmp_path / "file", stdout=subprocess.PIPE) as process:
        path = process.communicate()[0].decode().strip()
    assert process.returncode == 0
    assert os.path.basename(path).startswith("pytensorlite-")
    assert not os.path.exists(path)


@pytest.mark.parametrize(
    "name", ["*/ int x; /*", "a\nb", "\0", "é\udcff", "'\"\\", "x" * 5000, "%n"]
)
def test_hostile_labels(place, name):
    library = build(SOURCE, label=name, graph=name, cache_dir=place)
    assert library.handle.plus_one(1) == 2
    [row] = upkeep.rows(Cache(place))
    assert row.label == name
