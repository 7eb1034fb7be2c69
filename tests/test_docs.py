"""Every code block of the tutorials runs and prints what it says."""

import contextlib
import doctest
import io
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = ["functions.md", "gradients.md"]


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks(page):
    failures, attempted = doctest.testfile(
        str(DOCS / page), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert attempted > 20
    assert failures == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_block_has_prompts(page):
    """A block without a prompt would not run, so there is none."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = text.split("```")[1::2]
    assert blocks
    for block in blocks:
        language, _, body = block.partition("\n")
        assert language == "pycon"
        assert body.startswith(">>> ")


def test_the_readme_shows_what_its_example_becomes():
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    example, shown = (
        text.split(f"```{language}\n")[1].split("```")[0] for language in ("python", "c")
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    lines, all_lines = shown.splitlines(), printed.getvalue().splitlines()
    (first,) = (k for k, line in enumerate(all_lines) if line.strip() == lines[0])
    assert lines == textwrap.dedent("\n".join(all_lines[first : first + len(lines)])).splitlines()
