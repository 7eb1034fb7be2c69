"""Calls of BLAS: which operands it takes as they are, and how long they may be."""

from __future__ import annotations

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.plan import Plan, Product, View

SMALL = ("float32", "float64")  # what products of small matrices have a routine of ours for
LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}
LARGEST = 2**31 - 1
TOO_LONG = "BLAS and LAPACK count in 32 bits: {0} elements are too many"


def gemm(
    plan: Plan, left: View, right: View, target: View, alpha: float = 1, beta: float = 0
) -> None:
    """Append ``target = alpha * left @ right + beta * target``.

    `target` is row-major, the others may lie as they like.
    """
    left, right = matrix_operand(plan, left), matrix_operand(plan, right)
    if beta == 0 and target.dtype in SMALL and _is_transpose(plan, left, right):
        plan.run(Call(_syrk_call(plan, left, target, alpha)))
    else:
        product = Product(left, right, target, alpha) if beta == 0 else None
        plan.run(Call(gemm_call(plan, left, right, target, alpha, beta)), product=product)


def _is_transpose(plan: Plan, left: View, right: View) -> bool:
    """Whether two matrices are one, seen in two ways."""
    return (
        left.buffer == right.buffer
        and plan.canonical(left.offset) == plan.canonical(right.offset)
        and all(
            plan.canonical(a) == plan.canonical(b)
            for a, b in zip(
                (*left.shape, *left.strides),
                (*right.shape[::-1], *right.strides[::-1]),
                strict=True,
            )
        )
    )


def _syrk_call(plan: Plan, left: View, target: View, alpha: float) -> str:
    """Return the call for the product of a matrix and its transpose."""
    letter = LETTERS[target.dtype]
    routines = (f"small_{letter}gemm", f"{letter}gemm", f"{letter}syrk")
    for routine in routines:
        plan.use(routine, f"ptl_{routine}_routine *")
    n, k = (plan.canonical(x) for x in left.shape)
    order, lead = matrix_order(left) or ("N", k)
    _, target_lead = matrix_order(target) or ("N", n)
    limit(plan, n, k, lead, target_lead)
    arguments = (
        *routines, f"'{order}'", n, k,
        alpha, address(plan, left), lead, address(plan, target), target_lead,
    )  # fmt: skip
    return f"ptl_small_or_{letter}syrk({', '.join(map(str, arguments))})"


def gemm_call(
    plan: Plan, left: View, right: View, target: View, alpha: float = 1, beta: float = 0
) -> str:
    """Return the call for operands that BLAS can take, and a row-major target."""
    m, k, n = (plan.canonical(x) for x in (*left.shape, right.shape[1]))
    _, left_lead = matrix_order(left) or ("N", k)
    _, right_lead = matrix_order(right) or ("N", n)
    _, lead = matrix_order(target) or ("N", n)
    limit(plan, m, n, k, left_lead, right_lead, lead)
    return call_for_rows(plan, left, right, target, alpha, beta)


def call_for_rows(
    plan: Plan, left: View, right: View, target: View, alpha: float = 1, beta: float = 0
) -> str:
    """Return the call for some rows of operands whose lengths have been looked at."""
    routine = f"{LETTERS[target.dtype]}gemm"
    plan.use(routine, f"ptl_{routine}_routine *")
    m, k, n = (plan.canonical(x) for x in (*left.shape, right.shape[1]))
    left_order, left_lead = matrix_order(left) or ("N", k)
    right_order, right_lead = matrix_order(right) or ("N", n)
    _, lead = matrix_order(target) or ("N", n)
    name, routines = routine, [routine]
    if target.dtype in SMALL:
        name, small = f"small_or_{routine}", f"small_{routine}"
        plan.use(small, f"ptl_{small}_routine *")
        routines = [small, routine]
    arguments = (
        *routines, f"'{left_order}'", f"'{right_order}'", m, n, k,
        alpha, address(plan, left), left_lead, address(plan, right), right_lead,
        beta, address(plan, target), lead,
    )  # fmt: skip
    return f"ptl_{name}({', '.join(map(str, arguments))})"


def matrix_operand(plan: Plan, view: View) -> View:
    """Return a matrix as BLAS can take it: itself, or a copy."""
    if matrix_order(view) is not None:
        return view
    fresh = plan.scratch(view.dtype, view.shape)
    copy(plan, view, fresh)
    return fresh


def matrix_order(view: View) -> tuple[str, Index] | None:
    """Return whether rows ("N") or columns ("T") are contiguous, and the leading dimension.

    Returns
    -------
    tuple or None
        None if neither are, or if they follow each other backwards.
    """
    (height, width), (down, across) = view.shape, view.strides
    if (across == 1 or width == 1) and (height == 1 or _may_lead(down)):
        return "N", width if height == 1 else down
    if (down == 1 or height == 1) and (width == 1 or _may_lead(across)):
        return "T", height if width == 1 else across
    return None


def _may_lead(stride: Index) -> bool:
    """Whether a stride is positive: then it passes a whole row, for no view overlaps itself."""
    return stride != 0 and all(count > 0 for count in stride.terms.values())


def address(plan: Plan, view: View) -> str:
    """Return C for the address of the first element, as an argument of a call."""
    plan.touch(view.buffer)
    offset = plan.canonical(view.offset)
    return view.buffer if offset == 0 else f"{view.buffer} + {offset}"


def limit(plan: Plan, *lengths: Index) -> None:
    """Make the program refuse lengths that do not fit the integers of BLAS and LAPACK."""
    for length in map(plan.canonical, lengths):
        known_to_fit = length.constant is not None and length.constant <= LARGEST
        if not known_to_fit and length not in plan.limited:
            plan.limited.add(length)
            plan.require(f"{length} <= INT32_MAX", ValueError, TOO_LONG, (length,))
