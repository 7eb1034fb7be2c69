"""What every test may use."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """A generator with a fixed seed: a failing test fails again."""
    return np.random.default_rng(20240229)
