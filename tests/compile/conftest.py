"""Both linkers, one after the other."""

import pytest

from pytensorlite.configdefaults import config


@pytest.fixture(params=["numpy", "c"])
def linker(request):
    """Make every function of the test run in NumPy, then in C."""
    with config.change_flags(linker=request.param):
        yield request.param
