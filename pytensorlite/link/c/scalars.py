"""Scalar ops in the loop language: templates, casts, neutral elements, and how they read."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence

import numpy as np

from pytensorlite.cgen.ir import Cast, Const, Expr, Op
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.plan import NoLowering
from pytensorlite.scalar import Cast as CastOp
from pytensorlite.scalar import ScalarOp


def convert(expr: Expr, dtype: str) -> Expr:
    """Return `expr` in `dtype`; constants are converted here and now."""
    if expr.dtype == dtype:
        return expr
    if isinstance(expr, Const):
        with np.errstate(all="ignore"):
            return Const(np.asarray(expr.value, expr.dtype).astype(dtype).item(), dtype)
    return Cast(expr, dtype)


def apply_scalar(op: ScalarOp, operands: Sequence[Expr], output_dtype: str) -> Expr:
    """Return the expression for `op`: operands cast, its C template, the result cast.

    Raises
    ------
    NoLowering
        If the op has no C template for these dtypes.
    """
    dtypes = [x.dtype for x in operands]
    template = op.c_for(dtypes, output_dtype)
    if template is None:
        raise NoLowering(f"{op} has no C template for {', '.join(dtypes)}")
    types = op.compute_types(dtypes, output_dtype)
    arguments = [convert(x, dtype) for x, dtype in zip(operands, types, strict=True)]
    computed = result_dtype(op, types, output_dtype)
    if op.nin == -1 and len(arguments) > 2:
        expr = functools.reduce(lambda a, b: Op(template, (a, b), computed), arguments)
    elif op.nin == -1 and len(arguments) == 1:
        expr = arguments[0]
    elif template == "{0}" and not isinstance(op, CastOp):
        expr = arguments[0]
    elif re.fullmatch(r"\{\d\}", template):
        expr = convert(arguments[int(template[1])], output_dtype)
    else:
        expr = Op(template, tuple(arguments), computed)
    return convert(expr, output_dtype)


def result_dtype(op: ScalarOp, types: Sequence[str], output_dtype: str) -> str:
    """Return the dtype in which the template's value is, before the final cast."""
    if output_dtype == "float16":
        return "float32"
    return output_dtype


def accumulator_dtype(node: Apply) -> str:
    """Return the dtype in which a reduction adds up."""
    dtype = getattr(node.op, "acc_dtype", None) or node.outputs[0].type.dtype
    return "float32" if dtype == "float16" else dtype


def reduction_identity(op: ScalarOp, dtype: str) -> Const | None:
    """Return the neutral element of `op` as a constant of `dtype`."""
    identity = op.identity
    if identity is None:
        return None
    if isinstance(identity, float) and math.isinf(identity):
        if dtype == "bool":
            return Const(identity > 0, dtype)
        if not dtype.startswith(("float", "complex")):
            info = np.iinfo(dtype)
            return Const(int(info.min if identity < 0 else info.max), dtype)
    if dtype.startswith("uint") and identity == -1:
        return Const(int(np.iinfo(dtype).max), dtype)
    return Const(np.asarray(identity).astype(dtype).item(), dtype)
