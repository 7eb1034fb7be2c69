"""Matrix products: to BLAS where there is work for it, into the loops where memory is the limit."""

from __future__ import annotations

from pytensorlite import scalar as ps
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, Const, Var
from pytensorlite.cgen.nest import Reduce
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.movement import Nester
from pytensorlite.link.c.plan import Plan, View
from pytensorlite.link.c.region import copy, lower_member
from pytensorlite.link.c.scalars import apply_scalar, convert, reduction_identity

LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}
SHAPES = "Shape mismatch: x has {0} cols (and y has {1} rows)"


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
    if view_types(left, right, target) and out.type.dtype in LETTERS:
        gemm(plan, left, right, target)
    else:
        product_nest(plan, left, right, target)


def view_types(*views: View) -> bool:
    """Whether all views have one dtype."""
    return len({view.dtype for view in views}) == 1


def gemm(plan: Plan, left: View, right: View, target: View) -> None:
    """Append ``target = left @ right`` through BLAS; `target` is row-major."""
    routine = f"{LETTERS[target.dtype]}gemm"
    plan.use(routine, f"ptl_{routine}_routine *")
    m, k = (plan.canonical(n) for n in left.shape)
    n = plan.canonical(right.shape[1])
    for length in (m, n, k):
        if length.constant is None:
            text = "BLAS counts in 32 bits: a dimension of {0} is too long"
            plan.require(f"{length} <= INT32_MAX", ValueError, text, (length,))
    left, left_order, left_lead = matrix_operand(plan, left)
    right, right_order, right_lead = matrix_operand(plan, right)
    lead = target.strides[0] if target.shape[0] != 1 else n
    for view in (left, right, target):
        plan.touch(view.buffer)
    arguments = ", ".join(
        str(x)
        for x in (
            routine, f"'{left_order}'", f"'{right_order}'", m, n, k,
            1, left.pointer, left_lead, right.pointer, right_lead,
            0, target.pointer, lead,
        )
    )  # fmt: skip
    plan.run(Call(f"ptl_{routine}({arguments})"))


def matrix_operand(plan: Plan, view: View) -> tuple[View, str, Index]:
    """Return a view that BLAS can take, its order and its leading dimension."""
    (height, width), (down, across) = view.shape, view.strides
    if (across == 1 or width == 1) and (height == 1 or _may_lead(down, width)):
        return view, "N", width if height == 1 else down
    if (down == 1 or height == 1) and (width == 1 or _may_lead(across, height)):
        return view, "T", height if width == 1 else across
    fresh = plan.scratch(view.dtype, view.shape)
    copy(plan, view, fresh)
    return fresh, "N", view.shape[1]


def _may_lead(stride: Index, length: Index) -> bool:
    """Whether a stride is surely at least a row's length, as BLAS demands."""
    quotient = stride == length or all(c > 0 for c in (stride - length).terms.values())
    return stride != 0 and quotient


def product_nest(plan: Plan, left: View, right: View, target: View) -> None:
    """Append the product as loops: for dtypes that BLAS does not have."""
    dtype = "float32" if target.dtype == "float16" else target.dtype
    nest = Nester(plan, [left.shape[0], right.shape[1], left.shape[1]])
    a = nest.source(left, [0, 2])
    b = nest.source(right, [2, 1])
    expr = apply_scalar(ps.mul, [convert(a, dtype), convert(b, dtype)], dtype)
    outer = tuple(label for label in nest.labels() if label != "a2")
    if "a2" in nest.extents:
        name = nest.name()
        template = ps.add.c_for([dtype, dtype], dtype)
        zero = reduction_identity(ps.add, dtype) or Const(0, dtype)
        nest.values.append(Reduce(name, dtype, outer, expr, ("a2",), template, zero))
    else:
        name = nest.map(dtype, expr, outer)
    if dtype != target.dtype:
        name = nest.map(target.dtype, convert(Var(name, dtype), target.dtype), outer)
    nest.write(name, target)
