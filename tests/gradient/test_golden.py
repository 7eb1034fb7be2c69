"""Gradients a person can read: ten of them, printed after rewriting, against golden files."""

import pytest

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Constant
from pytensorlite.tensor.elemwise import DimShuffle, Elemwise
from pytensorlite.tensor.shape import Shape, Shape_i

from .golden_models import GOLDEN, MODELS, compiled_gradient, printed_gradient


@pytest.mark.parametrize("name", MODELS)
def test_gradients_print_as_they_did(name):
    """If this fails, read the difference; if it is better, run golden_models.py."""
    assert printed_gradient(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def value_of(variable):
    """Return the one number a constant repeats, looking through added dimensions, or None."""
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        (variable,) = variable.owner.inputs
    if isinstance(variable, Constant) and variable.data.size == 1:
        return variable.data.item()
    return None


@pytest.mark.parametrize("name", MODELS)
def test_gradients_contain_nothing_superfluous(name):
    nodes = compiled_gradient(name).maker.fgraph.toposort()
    assert len(nodes) <= MODELS[name].nodes
    assert sum(isinstance(node.op, Shape | Shape_i) for node in nodes) <= MODELS[name].lengths
    for node in nodes:
        if not isinstance(node.op, Elemwise):
            continue
        operation, operands = node.op.scalar_op, [value_of(v) for v in node.inputs]
        assert operation != ps.second, "nothing is filled"
        if operation in (ps.add, ps.sub):
            assert 0 not in operands, "no zeros are added"
        if operation == ps.mul:
            assert 1 not in operands, "no ones are multiplied"
        if operation == ps.pow:
            assert not {1, 2} & set(operands), "no trivial powers are taken"
