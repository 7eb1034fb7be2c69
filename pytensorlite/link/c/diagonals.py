"""Diagonals: a view of one, and a matrix of matrices along one."""

from __future__ import annotations

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Const, Integer, Op
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.batches import Batch
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.movement import Nester
from pytensorlite.link.c.plan import Plan, View


def lower_extract_diag(plan: Plan, node: Apply) -> None:
    """The diagonals of two axes: a view that moves along both at once."""
    view = plan.view(node.inputs[0])
    op = node.op
    down, across = (view.strides[axis] for axis in (op.axis1, op.axis2))
    rows, columns = (view.shape[axis] for axis in (op.axis1, op.axis2))
    first_row, first_column = max(-op.offset, 0), max(op.offset, 0)
    others = [axis for axis in range(len(view.shape)) if axis not in (op.axis1, op.axis2)]
    length = _diagonal_length(plan, rows - first_row, columns - first_column)
    plan.alias(
        node.outputs[0],
        View(
            view.buffer,
            view.dtype,
            (*(view.shape[axis] for axis in others), length),
            (*(view.strides[axis] for axis in others), down + across),
            view.offset + down * first_row + across * first_column,
        ),
    )


def _diagonal_length(plan: Plan, rows: Index, columns: Index) -> Index:
    """Return the smaller of two numbers, or 0."""
    rows, columns = plan.canonical(rows), plan.canonical(columns)
    if rows == columns and all(count > 0 for count in rows.terms.values()):
        return rows
    if rows.constant is not None and columns.constant is not None:
        return Index.of(max(0, min(rows.constant, columns.constant)))
    smaller = "ptl_max_int64(0, ptl_min_int64({0}, {1}))"
    return plan.define(Op(smaller, (Integer(rows), Integer(columns)), "int64"))


def lower_block_diagonal(plan: Plan, node: Apply) -> None:
    """Zeros, and the blocks written along the diagonal."""
    (out,) = node.outputs
    batch = Batch(plan, node, out.type.dtype)
    blocks = [view.shape for view in batch.inputs]
    shape = [sum((block[axis] for block in blocks), Index.of(0)) for axis in (0, 1)]
    target = plan.allocate(out, [*batch.lengths, *shape])
    nest = Nester(plan, target.shape)
    nest.write(nest.map(target.dtype, Const(0, target.dtype)), target)
    down, across = target.strides[-2:]
    offset = target.offset
    for view, (rows, columns) in zip(batch.operands, blocks, strict=True):
        part = (*batch.lengths, rows, columns)
        copy(
            plan,
            batch.broadcast(view, part),
            View(target.buffer, target.dtype, part, target.strides, offset),
        )
        offset = offset + down * rows + across * columns
