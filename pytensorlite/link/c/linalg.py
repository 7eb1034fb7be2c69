"""Factors, solutions, inverses and determinants through LAPACK, one matrix of a batch at a time.

LAPACK reads columns where our rows are.  Where one triangle is read and written, the other
triangle is named and nothing moves; else the copy that LAPACK destroys anyway is made by columns,
so that the same numbers come out as from NumPy and SciPy, singular matrices included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pytensorlite.cgen.index import Index
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.batches import Batch
from pytensorlite.link.c.blas import limit, matrix_order
from pytensorlite.link.c.decompositions import lower_eigh, lower_eigvalsh, lower_qr, lower_svd
from pytensorlite.link.c.diagonals import lower_block_diagonal
from pytensorlite.link.c.plan import NoLowering, Plan, View
from pytensorlite.link.c.products import lower_batched_dot
from pytensorlite.tensor.blockwise import Blockwise
from pytensorlite.tensor.linalg.constructors import BlockDiagonal
from pytensorlite.tensor.linalg.decomposition.cholesky import Cholesky, CholeskyPullback
from pytensorlite.tensor.linalg.decomposition.eigen import Eigh, Eigvalsh
from pytensorlite.tensor.linalg.decomposition.lu import LU, LUFactor, PivotToPermutations
from pytensorlite.tensor.linalg.decomposition.qr import QR
from pytensorlite.tensor.linalg.decomposition.svd import SVD
from pytensorlite.tensor.linalg.inverse import MatrixInverse
from pytensorlite.tensor.linalg.solvers.general import Solve
from pytensorlite.tensor.linalg.solvers.triangular import SolveTriangular
from pytensorlite.tensor.linalg.summary import Det, SLogDet
from pytensorlite.tensor.products import Dot

BLOCK = 64  # columns that LAPACK handles together if it has room for them


def lower_matrices(plan: Plan, node: Apply) -> None:
    """Lower an op on matrices, or a `Blockwise` of one."""
    op = node.op.core_op if isinstance(node.op, Blockwise) else node.op
    if type(op) in WHOLE:
        WHOLE[type(op)](plan, node)
    elif type(op) in CORES:
        batch = Batch(plan, node)
        CORES[type(op)](batch)
        batch.finish()
    else:
        raise NoLowering(f"no lowering for {node.op}")


def triangle(lower: bool) -> str:
    """Return a triangle's name as C."""
    return "'L'" if lower else "'U'"


# -- Cholesky --------------------------------------------------------------------------------------


def lower_cholesky(batch: Batch) -> None:
    """One triangle, factored in place; NaN if the matrix is not positive definite."""
    (x,) = batch.inputs
    n = batch.square(x)
    y = batch.output(0, (n, n))
    lower = batch.op.lower
    batch.do(batch.helper("copy_triangle", triangle(lower), n, n, x, *x.strides, y))
    # A row-major triangle is the other one by columns.
    batch.fill(y, "NAN", when=f"{batch.routine('potrf', triangle(not lower), n, y)} != 0")


def lower_cholesky_pullback(batch: Batch) -> None:
    """The factorisation backwards, in place of the cotangent."""
    factor, g = batch.inputs
    n = batch.square(factor)
    batch.square(g)
    batch.equations(factor, g)
    is_lower = batch.op.lower
    y = batch.output(0, (n, n), columns=not is_lower)
    rows = batch.operand(factor if is_lower else transposed(factor), order="N")
    _, lead = matrix_order(rows) or ("N", n)
    limit(batch.plan, lead)
    g = g if is_lower else transposed(g)
    batch.do(batch.helper("copy_triangle", "'L'", n, n, g, *g.strides, y))
    routines = (batch.imported("gemm"), batch.imported("trsm"))
    batch.do(batch.helper("cholesky_pullback", *routines, n, rows, lead, y))
    batch.fill(y, "NAN", when=batch.helper("any_zero", n, rows, lead + 1))


def transposed(x: View) -> View:
    """Return a matrix by its columns."""
    return View(x.buffer, x.dtype, x.shape[::-1], x.strides[::-1], x.offset)


# -- solving ---------------------------------------------------------------------------------------


def lower_solve_triangular(batch: Batch) -> None:
    """Substitution by BLAS, in whatever order the operands lie; NaN if the diagonal has a zero."""
    a, b = batch.inputs
    n = batch.equations(a, b)
    op = batch.op
    a = batch.operand(a)
    order, lead = matrix_order(a) or ("N", n)
    matrix = (f"'{order}'", a, lead)
    kind = (triangle(op.lower), "'U'" if op.unit_diagonal else "'N'")
    limit(batch.plan, lead)
    if op.b_ndim == 1:
        x = batch.output(0, (n,))
        batch.copy(b, x)
        batch.do(batch.routine("trsv", *kind, n, *matrix, x))
    else:
        found = matrix_order(b)
        x = batch.output(0, (n, b.shape[1]), columns=found is not None and found[0] == "T")
        batch.copy(b, x)
        x_order, x_lead = matrix_order(x) or ("N", b.shape[1])
        solution = (f"'{x_order}'", x, x_lead)
        batch.do(batch.routine("trsm", *kind, n, b.shape[1], *matrix, *solution))
    if not op.unit_diagonal:
        batch.fill(x, "NAN", when=batch.helper("any_zero", n, a, a.strides[0] + a.strides[1]))


def lower_solve(batch: Batch) -> None:
    """Factor and substitute; NaN if the matrix is singular."""
    a, b = batch.inputs
    n = batch.equations(a, b)
    op = batch.op
    width = b.shape[1] if op.b_ndim == 2 else Index.of(1)
    x = batch.output(0, b.shape, columns=op.b_ndim == 2)
    if op.assume_a == "tridiagonal":
        failed = _solve_three_diagonals(batch, a, b, x, n, width)
    else:
        working = batch.columns(n, n)
        batch.copy(a, working)
        batch.copy(b, x)
        failed = _solve_by_factors(batch, working, x, n, width)
    batch.fill(x, "NAN", when=f"{failed} != 0")


def _solve_by_factors(batch: Batch, a: View, x: View, n: Index, width: Index) -> str:
    which = triangle(batch.op.lower)
    match batch.op.assume_a:
        case "gen":
            return batch.routine("gesv", n, width, a, batch.scratch(n, "int32"), x)
        case "pos":
            return batch.routine("posv", which, n, width, a, x)
        case "sym" | "her" as kind:
            name = "hesv" if kind == "her" and batch.letter in "cz" else "sysv"
            work, length = batch.work(n * BLOCK)
            pivots = batch.scratch(n, "int32")
            return batch.routine(name, which, n, width, a, pivots, x, work, length)
    raise NoLowering(f"the bandwidth of the matrix of {batch.op} is known only when it runs")


def _solve_three_diagonals(batch: Batch, a: View, b: View, x: View, n: Index, width: Index) -> str:
    diagonals = [batch.scratch(n) for _ in range(3)]
    batch.do(batch.helper("three_diagonals", n, a, *a.strides, *diagonals))
    batch.copy(b, x)
    return batch.routine("gtsv", n, width, *diagonals, x)


# -- inverse and determinant -----------------------------------------------------------------------


def lower_inverse(batch: Batch) -> None:
    """LU factors, inverted in place."""
    (x,) = batch.inputs
    n = batch.square(x)
    y = batch.output(0, (n, n), columns=True)
    pivots = batch.scratch(n, "int32")
    work, length = batch.work(n * BLOCK)
    batch.copy(x, y)
    singular = f"{batch.routine('getrf', n, y, pivots)} != 0"
    batch.fail(singular, np.linalg.LinAlgError, "Singular matrix")
    batch.do(batch.routine("getri", n, y, pivots, work, length))


def lower_slogdet(batch: Batch) -> None:
    """Sign and logarithm of the product of the pivots."""
    n, factored = _factored(batch)
    places = [f"&{_element(batch, batch.output(number, ()))}" for number in (0, 1)]
    batch.do(batch.helper("slogdet", batch.imported("getrf"), n, *factored, *places))


def lower_det(batch: Batch) -> None:
    """The product of the pivots, by its logarithm as in NumPy."""
    n, factored = _factored(batch)
    value = batch.output(0, ())
    call = batch.helper("det", batch.imported("getrf"), n, *factored)
    batch.do(f"{_element(batch, value)} = {call}")


def _factored(batch: Batch) -> tuple[Index, tuple[View, str]]:
    """Return the side, and a copy of the matrix with room for pivots."""
    (x,) = batch.inputs
    n = batch.square(x)
    working = batch.columns(n, n)
    batch.copy(x, working)
    return n, (working, batch.scratch(n, "int32"))


def _element(batch: Batch, view: View) -> str:
    return f"{view.buffer}[{batch.text(view.offset)}]"


# -- LU --------------------------------------------------------------------------------------------


def lower_lu_factor(batch: Batch) -> None:
    """Both factors in one matrix; exchanges counted from 0."""
    (x,) = batch.inputs
    n = batch.square(x)
    factors = batch.output(0, (n, n), columns=True)
    pivots = batch.output(1, (n,))
    batch.copy(x, factors)
    batch.do(batch.routine("getrf", n, factors, pivots))
    batch.do(batch.plain("count_from_zero", n, pivots))


def lower_lu(batch: Batch) -> None:
    """The factors apart, with the exchanges as a matrix, as numbers, or made in l."""
    op = batch.op
    n, (working, pivots) = _factored(batch)
    order = batch.scratch(n, "int32")
    *_, last = range(len(batch.node.outputs))
    upper = batch.output(last, (n, n))
    lower = batch.columns(n, n) if op.permute_l else batch.output(last - 1, (n, n))
    batch.do(batch.routine("getrf", n, working, pivots))
    batch.do(batch.helper("copy_triangle", "'U'", n, n, working, *working.strides, upper))
    batch.do(batch.helper("copy_triangle", "'L'", n, n, working, *working.strides, lower))
    batch.do(batch.helper("fill_diagonal", n, 1, lower))
    batch.do(batch.plain("order_of_rows", n, pivots, order))
    if op.permute_l:
        batch.do(batch.helper("scatter_rows", n, order, lower, batch.output(0, (n, n))))
    elif op.p_indices:
        batch.do(batch.plain("inverse_order", n, order, batch.output(0, (n,))))
    else:
        batch.do(batch.helper("permutation_matrix", n, order, batch.output(0, (n, n))))


def lower_pivots(plan: Plan, node: Apply) -> None:
    """A permutation from exchanges that are made one after another."""
    batch = Batch(plan, node, "int64")
    (pivots,) = batch.inputs
    (n,) = pivots.shape
    order = batch.output(0, (n,)) if batch.op.inverse else batch.scratch(n)
    call = batch.plain("permutation", n, pivots, pivots.strides[0], order)
    text = "a row exchange is no row: expected numbers between 0 and {0}"
    batch.fail(f"!{call}", IndexError, text, n - 1)
    if not batch.op.inverse:
        batch.do(batch.plain("inverse_permutation", n, order, batch.output(0, (n,))))
    batch.finish()


CORES: dict[type, Callable[[Batch], None]] = {
    Cholesky: lower_cholesky,
    CholeskyPullback: lower_cholesky_pullback,
    SolveTriangular: lower_solve_triangular,
    Solve: lower_solve,
    MatrixInverse: lower_inverse,
    Det: lower_det,
    SLogDet: lower_slogdet,
    LUFactor: lower_lu_factor,
    LU: lower_lu,
    Eigh: lower_eigh,
    Eigvalsh: lower_eigvalsh,
    SVD: lower_svd,
    QR: lower_qr,
}

WHOLE: dict[type, Callable[[Plan, Apply], None]] = {
    PivotToPermutations: lower_pivots,
    BlockDiagonal: lower_block_diagonal,
    Dot: lower_batched_dot,  # under Blockwise; alone it may be of vectors
}

MATRIX_OPS = (Blockwise, PivotToPermutations, BlockDiagonal, *CORES)
