"""Ops on matrices, alone or in batches: a lowering writes the statements for one matrix.

`Batch` puts them into loops over the leading dimensions that `Blockwise` adds, and knows where
each matrix begins: batches broadcast, and neighbouring dimensions that are always walked together
are one loop.  The statements call the wrappers of ``ptl_lapack.h``, one readable line each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import Call, Comment, Fail, If, Loop, Stmt
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.link.c.blas import LETTERS, address, limit, matrix_order
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.matrices import linalg_output_dtype

LOOP_NAMES = "ijkpqrtuv"
HEADER = "ptl_lapack.h"
MISMATCH = (
    "the batches do not agree: one has length {0} where another has {1}. A length of 1 broadcasts "
    "only if it is known when the graph is built; say so with "
    "pytensorlite.tensor.specify_broadcastable."
)


class Batch:
    """The matrices that a node works on, seen one at a time.

    Parameters
    ----------
    plan
        The program that the statements become part of.
    node
        Applies a core op, or `Blockwise` of one.
    dtype
        What the inputs are converted to; by default that of LAPACK's routines for them.

    Attributes
    ----------
    op
        The core op.
    operands, inputs : list of View
        Each input whole, and one matrix or vector of each.
    lengths : list of Index
        Of the batch.
    dtype, letter
        Of the elements, and how LAPACK's routines for them begin.
    """

    def __init__(self, plan: Plan, node: Apply, dtype: str | None = None):
        self.plan = plan
        self.node = node
        self.op: Any = node.op.core_op if isinstance(node.op, Blockwise) else node.op
        self.ndim = node.op.batch_ndim(node) if isinstance(node.op, Blockwise) else 0
        self.dtype = dtype or linalg_output_dtype(*(x.type.dtype for x in node.inputs))
        if dtype is None and self.dtype not in LETTERS:
            raise NoLowering(f"LAPACK has no routines for {self.dtype}")
        self.letter = LETTERS.get(self.dtype, "")
        self.body: list[Stmt] = []
        self._last: list[Stmt] = []
        self.operands = [self._operand(x) for x in node.inputs]
        self.lengths = self._lengths(self.operands)
        self._position = self._loops(self.operands)
        self.inputs = [self._one(view) for view in self.operands]

    # -- the batch ---------------------------------------------------------------------------------

    def _operand(self, x: Variable) -> View:
        """Return an input in the dtype that is computed in."""
        view = self.plan.view(x)
        if view.dtype == self.dtype:
            return view
        fresh = self.plan.scratch(self.dtype, view.shape)
        copy(self.plan, view, fresh)
        return fresh

    def _lengths(self, views: Sequence[View]) -> list[Index]:
        """Return the lengths in which the batches meet; those known to be 1 broadcast."""
        lengths = []
        for axis in range(self.ndim):
            found = [
                view.shape[axis]
                for x, view in zip(self.node.inputs, views, strict=True)
                if x.type.shape[axis] != 1
            ]
            for other in found[1:]:
                text = f"{escaped(self.op)}, dimension {axis}: {MISMATCH}"
                self.plan.require_equal(found[0], other, text)
            lengths.append(self.plan.canonical(found[0]) if found else Index.of(1))
        return lengths

    def _loops(self, views: Sequence[View]) -> list[Index]:
        """Choose the loops; return the position along each dimension, the last of its loop."""
        groups: list[list[int]] = []
        for axis in range(self.ndim):
            if groups and all(self._continues(view, axis) for view in views):
                groups[-1].append(axis)
            else:
                groups.append([axis])
        self.loops: list[tuple[str, Index]] = []
        position = [Index.of(0)] * self.ndim
        for group in groups:
            length = product(self.lengths[axis] for axis in group)
            if length != 1:
                name = LOOP_NAMES[len(self.loops)]
                self.loops.append((name, length))
                position[group[-1]] = Index.name(name)
        return position

    def _continues(self, view: View, axis: int) -> bool:
        """Whether the dimension before `axis` goes on where `axis` ends."""
        outer, inner = (self._stride(view, i) for i in (axis - 1, axis))
        if self.lengths[axis] == 1:  # has no stride that could carry the dimension before it
            return self.lengths[axis - 1] == 1
        return outer == inner * self.lengths[axis] or self.lengths[axis - 1] == 1

    def _stride(self, view: View, axis: int) -> Index:
        return Index.of(0) if view.shape[axis] == 1 else view.strides[axis]

    def _one(self, view: View) -> View:
        """Return one element of a batch, the loops' variables in its offset."""
        offset = view.offset
        for axis, where in enumerate(self._position):
            offset = offset + where * self._stride(view, axis)
        return View(
            view.buffer, view.dtype, view.shape[self.ndim :], view.strides[self.ndim :], offset
        )

    def broadcast(self, view: View, shape: tuple[Index, ...]) -> View:
        """Return an operand with the lengths of the whole batch."""
        strides = [self._stride(view, axis) for axis in range(self.ndim)]
        strides += view.strides[self.ndim :]
        return View(view.buffer, view.dtype, shape, tuple(strides), view.offset)

    # -- memory ------------------------------------------------------------------------------------

    def output(self, number: int, shape: Sequence[Index], *, columns: bool = False) -> View:
        """Return where an output goes; with `columns`, its columns are contiguous, not its rows.

        What leaves the program is turned at the end of each iteration.
        """
        out = self.node.outputs[number]
        shape = [self.plan.canonical(n) for n in shape]
        if not columns:
            return self._one(self.plan.allocate(out, [*self.lengths, *shape]))
        rows, width = shape
        if any(out is variable for variable in self.plan.outputs):
            target = self._one(self.plan.allocate(out, [*self.lengths, *shape]))
            working = self.columns(rows, width)
            self._last.append(Call(self._copy_matrix(working, target)))
            return working
        fresh = self.plan.scratch(out.type.dtype, [*self.lengths, width, rows])
        turned = View(
            fresh.buffer,
            fresh.dtype,
            (*self.lengths, rows, width),
            (*fresh.strides[:-2], Index.of(1), rows),
        )
        self.plan.alias(out, turned)
        return self._one(turned)

    def columns(self, rows: Index, width: Index) -> View:
        """Return working memory for a matrix with contiguous columns."""
        fresh = self.plan.scratch(self.dtype, [width, rows])
        return View(
            fresh.buffer, self.dtype, (rows, width), (Index.of(1), self.plan.canonical(rows))
        )

    def scratch(self, length: Index | int, dtype: str | None = None) -> str:
        """Return working memory by name."""
        return self.plan.scratch(dtype or self.dtype, [Index.of(length)]).buffer

    def work(self, length: Index | int, dtype: str | None = None) -> tuple[str, Index]:
        """Return working memory of LAPACK by name, and its length."""
        size = self.plan.canonical(length + Index.of(1))  # written to even if there is no work
        limit(self.plan, size)
        return self.scratch(size, dtype), size

    # -- shapes ------------------------------------------------------------------------------------

    def square(self, x: View) -> Index:
        """Return the side of a matrix; the program refuses one that is not square."""
        rows, columns = x.shape
        text = f"{escaped(self.op)}: expected a square matrix, got shape ({{0}}, {{1}})."
        self.plan.require_equal(rows, columns, text, np.linalg.LinAlgError)
        limit(self.plan, rows)
        return self.plan.canonical(rows)

    def equations(self, a: View, b: View) -> Index:
        """Return the number of equations; the program refuses a right-hand side that differs."""
        n = self.square(a)
        text = (
            f"{escaped(self.op)}: the matrix does not fit the right-hand side: "
            "expected {0} rows, got {1}."
        )
        self.plan.require_equal(n, b.shape[0], text)
        limit(self.plan, *b.shape)
        return self.plan.canonical(n)

    # -- statements --------------------------------------------------------------------------------

    def text(self, argument: View | Index | int | str) -> str:
        """Return an argument of a call as C."""
        if isinstance(argument, View):
            return address(self.plan, argument)
        if isinstance(argument, Index):
            argument = self.plan.canonical(argument)
        return str(argument)

    def routine(self, name: str, *arguments: View | Index | int | str) -> str:
        """Return the call of a routine of BLAS or LAPACK, whose value is LAPACK's info."""
        return self.helper(name, self.imported(name), *arguments)

    def imported(self, name: str) -> str:
        """Return the name of a routine of BLAS or LAPACK that the program borrows."""
        name = self.letter + name
        self.plan.use(name, f"ptl_{name}_routine *", HEADER)
        return name

    def helper(self, name: str, *arguments: View | Index | int | str) -> str:
        """Return the call of a function of ``ptl_lapack.h`` for these elements."""
        return self.plain(self.letter + name, *arguments)

    def plain(self, name: str, *arguments: View | Index | int | str) -> str:
        """Return the call of a function of ``ptl_lapack.h`` that has nothing to do with dtypes."""
        self.plan.include(HEADER)
        return f"ptl_{name}({', '.join(map(self.text, arguments))})"

    def do(self, call: str) -> None:
        """Append a call."""
        self.body.append(Call(call))

    def operand(self, view: View, *, order: str = "NT") -> View:
        """Return a matrix as BLAS can take it: itself, or a copy made in each iteration."""
        found = matrix_order(view)
        if found is not None and found[0] in order:
            return view
        fresh = self.plan.scratch(view.dtype, view.shape)
        self.copy(view, fresh)
        return fresh

    def copy(self, source: View, target: View) -> None:
        """Append a copy of one matrix or vector."""
        self.do(self._copy_matrix(source, target))

    def _copy_matrix(self, source: View, target: View) -> str:
        shape, down, to_down = source.shape, source.strides, target.strides
        if len(shape) == 1:  # a row
            length = shape[0]
            return self.helper(
                "copy_matrix", 1, length, source, length, down[0], target, length, to_down[0]
            )
        return self.helper("copy_matrix", *shape, source, *down, target, *to_down)

    def fill(self, target: View, value: str, *, when: str) -> None:
        """Append the filling of a whole output if a condition holds."""
        self.body.append(If(when, (Call(self.helper("fill", target.size, value, target)),)))

    def fail(self, when: str, exception: type[Exception], text: str, *details: Index) -> None:
        """Append a failure of the whole program if a condition holds."""
        where = self.plan.failure(exception, text)
        self.body.append(If(when, (Fail(where, details),)))

    def finish(self) -> None:
        """Append the loops to the program."""
        statements: tuple[Stmt, ...] = (*self.body, *self._last)
        for name, length in reversed(self.loops):
            statements = (Loop(name, self.plan.canonical(length), statements),)
        names = ", ".join(dict.fromkeys(self.plan.views[x].buffer for x in self.node.outputs))
        sources = ", ".join(view.buffer for view in self.inputs)
        self.plan.run(Comment(f"{names} = {self.op}({sources})"), *statements)


def escaped(value: object) -> str:
    """Return the text of `value` for a message that is formatted later."""
    return str(value).replace("{", "{{").replace("}", "}}")
