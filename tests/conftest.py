"""What every test may use."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# An example may have to wait for a compiler on a busy machine: no example has a deadline.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def rng():
    """A generator with a fixed seed: a failing test fails again."""
    return np.random.default_rng(20240229)


@pytest.fixture
def golden(request):
    """Compare a text with the file of the test's name in the folder ``golden`` beside the test."""
    folder = Path(request.path).parent / "golden"

    def compare(text: str, name: str) -> None:
        path = folder / name
        if request.config.getoption("--update-golden"):
            folder.mkdir(exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"{path} is missing: run pytest with --update-golden and read it"
        assert text == path.read_text()

    return compare
