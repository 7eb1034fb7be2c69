"""The house stands on its floors: who imports whom, how long a file may be, what it must say."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted([*ROOT.glob("pytensorlite/**/*.py"), *ROOT.glob("cgen/*.py")])
CEILING = 600

# From the ground up; a file imports from its own floor and from those below.
FLOORS = [
    [
        "pytensorlite._version",
        "pytensorlite._frames",
        "pytensorlite._immutable",
        "pytensorlite.cgen",
    ],
    ["pytensorlite.configdefaults", "pytensorlite.utils"],
    ["pytensorlite.graph"],
    ["pytensorlite.scalar"],
    ["pytensorlite.tensor", "pytensorlite.gradient", "pytensorlite.printing"],
    ["pytensorlite.raise_op", "pytensorlite.ifelse"],
    ["pytensorlite.tensor.rewriting"],
    ["pytensorlite.link"],
    ["pytensorlite.compile", "pytensorlite.tensor.sharedvar", "pytensorlite.updates"],
    ["pytensorlite.commands", "pytensorlite.__main__", "pytensorlite"],
]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "cgen":
        parts = ("pytensorlite", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor(module):
    """Return the floor of the longest prefix that is listed."""
    best = max(
        (
            (len(prefix), number)
            for number, prefixes in enumerate(FLOORS)
            for prefix in prefixes
            if module == prefix or module.startswith(prefix + ".")
        ),
        default=(0, -1),
    )
    return best[1]


def imports(path):
    """Yield the package's modules that a file imports when it is itself imported."""
    package = module_name(path)
    if path.name != "__init__.py":
        package = package.rpartition(".")[0]
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [node.module])])
            names = [base]
            if base == "pytensorlite":  # from pytensorlite import scalar
                names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "pytensorlite")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_from_floors_below(path):
    own = floor(module_name(path))
    above = [name for name in imports(path) if floor(name) > own]
    assert not above, f"{path.name} (floor {own}) imports from above: {above}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_short_and_says_what_it_is_for(path):
    text = path.read_text()
    assert text.count("\n") <= CEILING, "which of its ideas should leave?"
    assert ast.get_docstring(ast.parse(text)), "a module begins with what it is for"


def test_cgen_knows_nothing_of_the_rest():
    own = ("pytensorlite.cgen", "pytensorlite._frames", "pytensorlite._immutable")
    for path in ROOT.glob("cgen/*.py"):
        for name in imports(path):
            assert name.startswith(own), f"{path.name} imports {name}"


def test_only_the_c_linker_and_the_commands_know_cgen():
    knowing = {
        module_name(path)
        for path in FILES
        if not module_name(path).startswith("pytensorlite.cgen")
        and any(name.startswith("pytensorlite.cgen") for name in imports(path))
    }
    allowed = (
        "pytensorlite.link.c",
        "pytensorlite.link.native",
        "pytensorlite.commands",
        "pytensorlite.compile.function",
    )
    strangers = {name for name in knowing if not name.startswith(allowed)}
    assert not strangers


@pytest.mark.parametrize("suffix", ["*.py", "*.c", "*.h"])
def test_nothing_is_left_for_later(suffix):
    words = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
    for path in [*ROOT.glob(f"pytensorlite/**/{suffix}"), *ROOT.glob(f"cgen/{suffix}")]:
        text = path.read_text()
        assert not any(f"{word}" in text.split() for word in words), path


def test_the_interpreter_is_one_that_is_declared():
    assert sys.version_info >= (3, 11)
