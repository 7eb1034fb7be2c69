"""Every code block of the tutorials runs and prints what it says."""

import doctest
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
