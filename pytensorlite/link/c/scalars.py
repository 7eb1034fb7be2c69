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
from pytensorlite.scalar.op import ScalarOp


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
    computed = computed_dtype(output_dtype)
    if op.nin == -1 and len(arguments) > 2:
        expr = functools.reduce(lambda a, b: Op(template, (a, b), computed), arguments)
    elif len(arguments) == 1 and (op.nin == -1 or template == "{0}"):
        expr = arguments[0]
    elif re.fullmatch(r"\{\d\}", template):
        expr = convert(arguments[int(template[1])], output_dtype)
    else:
        expr = Op(template, tuple(arguments), computed)
    return convert(expr, output_dtype)


def computed_dtype(output_dtype: str) -> str:
    """Return the dtype that the value of a template has in C, before the result is cast."""
    if output_dtype == "float16":
        return "float32"
    return "int32" if output_dtype in ("int8", "int16", "uint8", "uint16") else output_dtype


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
