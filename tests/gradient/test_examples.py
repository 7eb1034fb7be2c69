"""The examples run, and reach what they claim."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name):
    """Import an example by its file name."""
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_hessian_free(capsys):
    gradient_error, product_error, solution = load("hessian_free").main()
    assert gradient_error < 1e-5
    assert product_error < 1e-5
    assert solution.success
    assert "accuracy" in capsys.readouterr().out


def test_layerwise(capsys):
    difference, accuracy = load("layerwise").main(epochs=3)
    assert difference <= 1e-10
    assert accuracy > 0.85
    assert "epoch" in capsys.readouterr().out
