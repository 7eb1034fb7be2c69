"""Every example in a docstring runs and shows what it says."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import pytensorlite
import pytensorlite.cgen

MODULES = sorted(
    {
        info.name
        for package in (pytensorlite, pytensorlite.cgen)
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        if not info.name.endswith(("__main__", "._dispatch"))
    }
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    with np.printoptions(legacy=False):
        result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
