"""Every op class of the library is differentiated, by a record; a class without one fails."""

import importlib
import pkgutil

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt
from pytensorlite import Lop, function
from pytensorlite.graph.op import Op
from pytensorlite.graph.traversal import ancestors
from pytensorlite.scalar.op import ScalarOp

from .evaluate import PLAIN, variables_like
from .op_records import NO_DERIVATIVE, OP_RECORDS
from .oracle import check_derivatives


def op_classes():
    """Return the names of all op classes that the package defines, but for scalar ops."""
    for module in pkgutil.walk_packages(pytensorlite.__path__, "pytensorlite."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, classes = set(), [Op]
    while classes:
        for cls in classes.pop().__subclasses__():
            if not issubclass(cls, ScalarOp):
                classes.append(cls)
                if cls.__module__.startswith("pytensorlite."):
                    found.add(cls.__name__)
    return found


def test_every_op_class_has_exactly_one_record():
    recorded = set(OP_RECORDS) | set(NO_DERIVATIVE)
    assert op_classes() - recorded == set(), "op classes without a record: add one to op_records.py"
    assert recorded - op_classes() == set(), "records of op classes that are gone"
    assert not set(OP_RECORDS) & set(NO_DERIVATIVE)


CASES = {
    f"{name} {label} {' '.join(map(str, shapes))}": (record, shapes)
    for name, records in OP_RECORDS.items()
    for label, record in records.items()
    for shapes in record.shapes
}


def draw(record, shapes, rng):
    return [np.asarray(record.draw(rng, shape), dtype="float64") for shape in shapes]


@pytest.mark.parametrize("case", CASES)
def test_derivatives(case, rng):
    record, shapes = CASES[case]
    check_derivatives(
        record.f, draw(record, shapes, rng), order=record.order, tolerance=record.tolerance
    )


@pytest.mark.parametrize("name", OP_RECORDS)
def test_records_use_their_op(name, rng):
    for record in OP_RECORDS[name].values():
        inputs = variables_like(draw(record, record.shapes[0], rng))
        ops = [v.owner.op for v in ancestors([record.f(*inputs)]) if v.owner is not None]
        ops += [op.core_op for op in ops if hasattr(op, "core_op")]
        if any(type(op).__name__ == name for op in ops):
            return
    raise AssertionError(f"none of the records of {name} applies it")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", OP_RECORDS)
def test_smaller_floats_agree_with_float64(name, dtype, rng):
    for record in OP_RECORDS[name].values():
        if dtype == "float16" and record.wide:
            continue
        small = [a.astype(dtype) for a in draw(record, record.shapes[0], rng)]
        results = []
        for arrays in (small, [a.astype("float64") for a in small]):
            inputs = variables_like(arrays)
            output = record.f(*inputs)
            pulled = Lop(output, inputs, pt.ones_like(output))
            results.append(function(inputs, pulled, mode=PLAIN)(*arrays))
        tolerance = {"float32": 2e-3, "float16": 0.1}[dtype]
        for given, expected in zip(*results, strict=True):
            assert given.dtype == dtype
            scale = max(1.0, np.max(np.abs(expected), initial=0.0))
            np.testing.assert_allclose(given, expected, rtol=0, atol=tolerance * scale)
