"""Faults to plant: one line of the package each, as a tired person might write it.

Every `text` in the file is replaced; where the code has moved on, plant the fault anew.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A line of a file, and what is wrong with it in its place."""

    kind: str
    file: str
    text: str
    wrong: str


FAULTS: dict[str, Fault] = {
    "x - (-y) becomes x - y": Fault(
        "sign",
        "pytensorlite/tensor/rewriting/arithmetic.py",
        "return None if opposite is None else [add(x, opposite)]",
        "return None if opposite is None else [sub(x, opposite)]",
    ),
    "1 - erf(x) becomes erfc(-x)": Fault(
        "sign",
        "pytensorlite/tensor/rewriting/stabilize.py",
        "1 - erf(x),                  erfc(x)),",
        "1 - erf(x),                  erfc(neg(x))),",
    ),
    "quotients of integers are cut instead of rounded down": Fault(
        "sign",
        "include/ptl_integer.h",
        "(T)(quotient - (T)((r != 0) & ((r < 0) != (b < 0))))",
        "quotient",
    ),
    "narrow integers do not wrap": Fault(
        "sign",
        "pytensorlite/scalar/op.py",
        "return _cut_to_width(self.c_by_kind.get(kind(dtype), self.c), dtype)",
        "return self.c_by_kind.get(kind(dtype), self.c)",
    ),
    "a reduction in a loop nest runs over the axis before": Fault(
        "axis",
        "pytensorlite/link/c/region.py",
        'over = tuple(f"a{labels[i]}" for i in reduced_axes(node)',
        'over = tuple(f"a{labels[i - 1]}" for i in reduced_axes(node)',
    ),
    "a matrix product forgets that an operand is transposed": Fault(
        "axis",
        "pytensorlite/link/c/blas.py",
        "f\"'{left_order}'\"",
        "\"'N'\"",
    ),
    "a transpose keeps its strides": Fault(
        "axis",
        "pytensorlite/link/c/views.py",
        'tuple(Index.of(0) if i == "x" else view.strides[i] for i in order)',
        'tuple(Index.of(0) if i == "x" else view.strides[-1 - i] for i in order)',
    ),
    "a sum of repeated values counts one of them": Fault(
        "broadcast",
        "pytensorlite/tensor/rewriting/reduce.py",
        "total = mul(value, cast(count, dtype))",
        "total = value",
    ),
    "the step of a slice is forgotten": Fault(
        "broadcast",
        "pytensorlite/link/c/views.py",
        "strides.append(stride * part.step)",
        "strides.append(stride)",
    ),
    "memory is reused before its last reader": Fault(
        "alias",
        "pytensorlite/link/c/plan.py",
        "array.first, array.last = min(array.first, step), max(array.last, step)",
        "pass",
    ),
    "adding at a place twice adds once": Fault(
        "alias",
        "pytensorlite/link/c/region.py",
        "template = None if node.op.set_instead_of_inc else ps.add.c_for([dtype, dtype], dtype)\n"
        "        operand =",
        "template = None\n        operand =",
    ),
    "the constant -0.0 loses its sign": Fault(
        "-0.0",
        "cgen/emit.py",
        "    text = repr(number)\n",
        "    text = repr(number + 0.0)\n",
    ),
    "-x is 0 - x": Fault(
        "-0.0",
        "pytensorlite/scalar/basic.py",
        'neg = op("neg", np.negative, "-{0}",',
        'neg = op("neg", np.negative, "0 - {0}",',
    ),
    "the larger of NaN and a number is the number": Fault(
        "NaN",
        "include/ptl_math.h",
        "ptl_max_##s(T a, T b) { return ((a < b) | (b != b)) ? b : a; }",
        "ptl_max_##s(T a, T b) { return (a < b) ? b : a; }",
    ),
    "x < y is x <= y": Fault(
        "off by one",
        "pytensorlite/scalar/basic.py",
        'lt = op("lt", np.less, "{0} < {1}",',
        'lt = op("lt", np.less, "{0} <= {1}",',
    ),
    "loops of five or more leave out the first": Fault(
        "off by one",
        "cgen/emit.py",
        "{loop.var} = {loop.start};",
        "{loop.var} = {loop.start} + ({loop.stop} > 4);",
    ),
    "a running sum leaves out the element itself": Fault(
        "off by one",
        "pytensorlite/link/c/movement.py",
        "step = (Update(running, template, element), Store(target.buffer, here, running))",
        "step = (Store(target.buffer, here, running), Update(running, template, element))",
    ),
    "the third part of a join begins where the second does": Fault(
        "off by one",
        "pytensorlite/link/c/movement.py",
        "start = start + view.shape[axis]",
        "start = view.shape[axis]",
    ),
    "a running sum runs along the first axis": Fault(
        "axis",
        "pytensorlite/link/c/movement.py",
        "    axis = node.op.axis\n    walked",
        "    axis = 0\n    walked",
    ),
    "what is written is aligned with the first axes": Fault(
        "broadcast",
        "pytensorlite/link/c/movement.py",
        "axis = rank - len(view.shape) + position",
        "axis = position",
    ),
}
