"""Matrix products: to BLAS where there is work for it, into loops where memory is the limit."""

from __future__ import annotations

from pytensorlite import scalar as ps
from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import Const, Var
from pytensorlite.cgen.nest import Reduce
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.axes import MISMATCH
from pytensorlite.link.c.batches import Batch
from pytensorlite.link.c.blas import LETTERS, gemm, gemm_call
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.movement import Nester
from pytensorlite.link.c.plan import Plan, View
from pytensorlite.link.c.region import lower_member
from pytensorlite.link.c.scalars import apply_scalar, convert, reduction_identity

SHAPES = "Shape mismatch: x has {0} cols (and y has {1} rows)"
# As many multiplications of known number take less time in loops than a call of a routine.
FEW = {"float32": 512, "float64": 512, "complex64": 64, "complex128": 64}


def lower_dot(plan: Plan, node: Apply) -> None:
    """A product of vectors or matrices."""
    x, y = node.inputs
    (out,) = node.outputs
    if x.type.ndim < 2 or y.type.ndim < 2:
        lower_member(plan, node)
        return
    left, right = plan.view(x), plan.view(y)
    plan.require_equal(left.shape[1], right.shape[0], SHAPES)
    target = plan.allocate(out, [left.shape[0], right.shape[1]])
    _multiply(plan, left, right, target)


def lower_add_dot(plan: Plan, node: Apply) -> None:
    """A product of matrices, added to a copy of a matrix."""
    c, a, b = (plan.view(x) for x in node.inputs)
    plan.require_equal(a.shape[1], b.shape[0], SHAPES)
    for mine, theirs in zip(c.shape, (a.shape[0], b.shape[1]), strict=True):
        plan.require_equal(mine, theirs, MISMATCH)
    target = plan.allocate(node.outputs[0], c.shape)
    copy(plan, c, target)
    gemm(plan, a, b, target, node.op.alpha, node.op.beta)


def lower_batched_dot(plan: Plan, node: Apply) -> None:
    """The product of each pair of matrices of two batches."""
    (out,) = node.outputs
    batch = Batch(plan, node, out.type.dtype)
    (rows, depth), (other_depth, columns) = (view.shape[-2:] for view in batch.inputs)
    plan.require_equal(depth, other_depth, SHAPES)
    left, right = batch.operands
    if prefers_loops(out.type.dtype, rows, columns, depth):
        target = plan.allocate(out, [*batch.lengths, rows, columns])
        product_nest(plan, left, right, target)
        return
    tall = _stacked(plan, left)
    if tall is not None and all(n == 1 for n in right.shape[:-2]):
        product_of_all = _stacked(plan, plan.allocate(out, [*batch.lengths, rows, columns]))
        assert product_of_all is not None  # it is contiguous
        _multiply(plan, tall, _matrix(right), product_of_all)
        return
    first, second = (batch.operand(view) for view in batch.inputs)
    batch.do(gemm_call(plan, first, second, batch.output(0, [rows, columns])))
    batch.finish()


def _stacked(plan: Plan, view: View) -> View | None:
    """Return a batch of matrices as one tall matrix, if its rows follow each other evenly."""
    step = distance = view.strides[-2]
    for axis in reversed(range(len(view.shape) - 2)):
        distance = plan.canonical(distance * view.shape[axis + 1])
        if view.strides[axis] != distance and view.shape[axis] != 1:
            return None
    shape = (product(view.shape[:-1]), view.shape[-1])
    return View(view.buffer, view.dtype, shape, (step, view.strides[-1]), view.offset)


def _matrix(view: View) -> View:
    """Return the only matrix of a batch."""
    return View(view.buffer, view.dtype, view.shape[-2:], view.strides[-2:], view.offset)


def _multiply(plan: Plan, left: View, right: View, target: View) -> None:
    if prefers_loops(target.dtype, target.shape[0], target.shape[1], left.shape[1]):
        product_nest(plan, left, right, target)
    else:
        gemm(plan, left, right, target)


def prefers_loops(dtype: str, rows: Index, columns: Index, depth: Index) -> bool:
    """Whether a product of matrices is better off in loops than in BLAS.

    BLAS gains by using elements again while they are in registers, which vectors do not allow, and
    a call costs as much as a few dozen multiplications, as a few hundred where the compiler knows
    all lengths.  Half precision and integers it does not have.
    """
    if dtype not in LETTERS:
        return True
    lengths = [n.constant for n in (rows, columns, depth)]
    if 1 in lengths:
        return True
    work = product([rows, columns, depth]).constant
    return work is not None and work <= FEW[dtype]


def product_nest(plan: Plan, left: View, right: View, target: View) -> None:
    """Append products as loops; leading dimensions are batches, those of length 1 broadcast."""
    dtype = "float32" if target.dtype == "float16" else target.dtype
    batch = list(range(len(target.shape) - 2))
    row, column, shared = (len(batch) + k for k in range(3))
    nest = Nester(plan, [*target.shape, left.shape[-1]])
    a = nest.source(left, [*batch, row, shared])
    b = nest.source(right, [*batch, shared, column])
    expr = apply_scalar(ps.mul, [convert(a, dtype), convert(b, dtype)], dtype)
    summed = f"a{shared}"
    outer = tuple(label for label in nest.labels() if label != summed)
    if summed in nest.extents:
        name = nest.name()
        template = ps.add.c_for([dtype, dtype], dtype)
        zero = reduction_identity(ps.add, dtype) or Const(0, dtype)
        nest.values.append(Reduce(name, dtype, outer, expr, (summed,), template, zero))
    else:
        name = nest.map(dtype, expr, outer)
    if dtype != target.dtype:
        name = nest.map(target.dtype, convert(Var(name, dtype), target.dtype), outer)
    nest.write(name, target)
