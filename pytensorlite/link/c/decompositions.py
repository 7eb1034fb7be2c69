"""Eigenvalues, singular values and QR through LAPACK, one matrix of a batch at a time.

The vectors come by columns and stay so: what reads them next sees a transposed array.  Workspace
is what LAPACK documents as enough, and room for blocks where they pay.
"""

from __future__ import annotations

import numpy as np

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, If, Integer, Op
from pytensorlite.link.c.batches import Batch
from pytensorlite.link.c.blas import limit
from pytensorlite.link.c.plan import NoLowering, Plan, View

BLOCK = 32  # columns that LAPACK reflects together if it has room for them


def _real_only(batch: Batch) -> None:
    if batch.letter not in "sd":
        raise NoLowering(f"no lowering for {batch.op} of complex matrices")


# -- symmetric eigenvalues -------------------------------------------------------------------------


def lower_eigh(batch: Batch) -> None:
    """Eigenvalues and vectors by the routine that the op names."""
    _real_only(batch)
    driver = batch.op.driver
    if driver not in ("evr", "evd", "ev"):
        raise NoLowering(f"no lowering for the driver of {batch.op}")
    (x,) = batch.inputs
    n = batch.square(x)
    values, vectors = batch.output(0, (n,)), batch.output(1, (n, n), columns=True)
    if driver == "evr":
        working = _finite_copy(batch, x, batch.columns(n, n))
        failed = _by_representations(batch, "'V'", working, values, vectors)
    else:  # the vectors replace the matrix
        working = _finite_copy(batch, x, vectors)
        failed = _in_place(batch, driver, working, values)
    text = "Internal Error." if driver == "evr" else "The algorithm failed to converge."
    batch.fail(f"{failed} != 0", np.linalg.LinAlgError, text)


def lower_eigvalsh(batch: Batch) -> None:
    """Eigenvalues alone."""
    _real_only(batch)
    (x,) = batch.inputs
    n = batch.square(x)
    values = batch.output(0, (n,))
    working = _finite_copy(batch, x, batch.columns(n, n))
    failed = _by_representations(batch, "'N'", working, values, working)
    batch.fail(f"{failed} != 0", np.linalg.LinAlgError, "Internal Error.")


def _finite_copy(batch: Batch, x: View, working: View) -> View:
    """Copy a matrix; the program refuses one with NaN or infinity, as SciPy does."""
    batch.copy(x, working)
    infinite = f"!{batch.helper('all_finite', working.size, working)}"
    batch.fail(infinite, ValueError, "array must not contain infs or NaNs")
    return working


def _by_representations(batch: Batch, job: str, a: View, values: View, vectors: View) -> str:
    n = a.shape[0]
    # As much as SciPy gives: with blocks of another width some vectors would change their sign.
    work, length = batch.work(n * 33)
    numbers, count = batch.work(n * 10, "int32")
    support = batch.scratch(n * 2, "int32")
    return batch.routine(
        "syevr", job, _triangle(batch), n, a, values, vectors, support, work, length, numbers, count
    )


def _in_place(batch: Batch, driver: str, a: View, values: View) -> str:
    n = a.shape[0]
    if driver == "ev":
        work, length = batch.work(n * (BLOCK + 2))
        return batch.routine("syev", "'V'", _triangle(batch), n, a, values, work, length)
    work, length = batch.work(n * n * 2 + n * (BLOCK + 6))
    numbers, count = batch.work(n * 5 + 2, "int32")
    return batch.routine(
        "syevd", "'V'", _triangle(batch), n, a, values, work, length, numbers, count
    )


def _triangle(batch: Batch) -> str:
    return "'L'" if batch.op.lower else "'U'"


# -- singular values -------------------------------------------------------------------------------


def lower_svd(batch: Batch) -> None:
    """Singular values and vectors by divide and conquer."""
    _real_only(batch)
    (x,) = batch.inputs
    m, n = x.shape
    k = smaller(batch.plan, m, n)
    limit(batch.plan, m, n)
    working = batch.columns(m, n)
    batch.copy(x, working)
    numbers = batch.scratch(k * 8, "int32")
    if not batch.op.compute_uv:
        work, length = batch.work(k * 10 + (m + n) * BLOCK)
        values = batch.output(0, (k,))
        job, places = "'N'", (values, working, working, Index.of(1))
    else:
        work, length = batch.work(k * k * 4 + k * 7 + (m + n) * BLOCK)
        full = batch.op.full_matrices
        u = batch.output(0, (m, m if full else k), columns=True)
        values = batch.output(1, (k,))
        vt = batch.output(2, (n if full else k, n), columns=True)
        job, places = "'A'" if full else "'S'", (values, u, vt, vt.shape[0])
    call = batch.routine("gesdd", job, m, n, working, *places, work, length, numbers)
    batch.fail(f"{call} != 0", np.linalg.LinAlgError, "SVD did not converge")
    if batch.op.compute_uv and batch.op.full_matrices and k.constant in (None, 0):
        identities = [Call(batch.helper("identity", side, a)) for side, a in ((m, u), (n, vt))]
        batch.body.append(If(f"{k} == 0", tuple(identities)))


def smaller(plan: Plan, a: Index, b: Index) -> Index:
    """Return the smaller of two lengths."""
    a, b = plan.canonical(a), plan.canonical(b)
    if a == b:
        return a
    if a.constant is not None and b.constant is not None:
        return Index.of(min(a.constant, b.constant))
    return plan.define(Op("ptl_min_int64({0}, {1})", (Integer(a), Integer(b)), "int64"))


# -- QR --------------------------------------------------------------------------------------------


def lower_qr(batch: Batch) -> None:
    """Reflections, then the matrix that they make."""
    op = batch.op
    if op.mode == "raw" or (op.pivoting and batch.letter not in "sd"):
        raise NoLowering(f"no lowering for {op}")
    (x,) = batch.inputs
    m, n = x.shape
    k = smaller(batch.plan, m, n)
    limit(batch.plan, m, n)
    working = batch.columns(m, n)
    batch.copy(x, working)
    scales = batch.scratch(k)
    work, length = batch.work((n + 1) * (BLOCK + 2) + (m * BLOCK if op.mode == "full" else 0))
    if op.pivoting:
        order = batch.output(len(batch.node.outputs) - 1, (n,))
        batch.do(batch.routine("geqp3", m, n, working, order, scales, work, length))
        batch.do(batch.plain("count_from_zero", n, order))
    else:
        batch.do(batch.routine("geqrf", m, n, working, scales, work, length))
    height = k if op.mode == "economic" else m
    r = batch.output(0 if op.mode == "r" else 1, (height, n))
    batch.do(batch.helper("copy_triangle", "'U'", height, n, working, *working.strides, r))
    if op.mode != "r":
        q = batch.output(0, (m, height), columns=True)
        batch.do(batch.helper("copy_matrix", m, k, working, *working.strides, q, *q.strides))
        generate = "orgqr" if batch.letter in "sd" else "ungqr"
        batch.do(batch.routine(generate, m, height, k, q, scales, work, length))
