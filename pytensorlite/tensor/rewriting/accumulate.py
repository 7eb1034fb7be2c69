"""A product of matrices that is added to a matrix is left to BLAS, which adds as it stores.

``W - 0.01 * (x.T @ d)`` is one call that updates `W`, rather than a product that is written, read
again and subtracted.  Only where the sum is not read by loops, which could add on their way, and
where the other matrix is an input: where it is updated in place, nothing else is moved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.op import Op
from pytensorlite.graph.rewriting.basic import copy_stack_trace, in2out, node_rewriter
from pytensorlite.tensor.elemwise import Elemwise
from pytensorlite.tensor.math import Dot
from pytensorlite.tensor.rewriting.axis_labels import kind
from pytensorlite.tensor.rewriting.basic import constant_value, has_one_client, scalar_op_of

DTYPES = ("float32", "float64")


class AddDot(Op):
    """``beta * c + alpha * (a @ b)``, for matrices of one dtype.

    Parameters
    ----------
    alpha, beta : float
        Finite, and neither is zero.
    """

    __props__ = ("alpha", "beta")

    def __init__(self, alpha: float, beta: float):
        self.alpha = alpha
        self.beta = beta

    def make_node(self, c: Variable, a: Variable, b: Variable) -> Apply:
        """Return the node that adds the product of `a` and `b` to `c`."""
        return Apply(self, [c, a, b], [c.type()])

    def perform(self, node, inputs, output_storage):
        """Compute through NumPy."""
        c, a, b = inputs
        if c.shape != (a.shape[0], b.shape[1]):
            raise ValueError(f"cannot add a product of {a.shape} and {b.shape} to {c.shape}")
        alpha, beta = (np.asarray(number, c.dtype) for number in (self.alpha, self.beta))
        output_storage[0][0] = beta * c + alpha * (a @ b)


@node_rewriter([Elemwise])
def local_add_product(fgraph: Any, node: Apply) -> list[Variable] | None:
    """c + alpha * (a @ b) -> AddDot(c, a, b), and so for differences"""
    (out,) = node.outputs
    op = node.op.scalar_op
    if op not in (ps.add, ps.sub) or len(node.inputs) != 2 or out.type.dtype not in DTYPES:
        return None
    if out.type.ndim != 2 or any(kind(client) is not None for client, _ in fgraph.clients[out]):
        return None
    second_sign = -1.0 if op == ps.sub else 1.0
    for place, signs in ((1, (1.0, second_sign)), (0, (second_sign, 1.0))):
        other, product = node.inputs[1 - place], node.inputs[place]
        found = _scaled_product(fgraph, product)
        if found is None or not _is_whole_input(other, out):
            continue
        scale, dot = found
        beta, sign = signs
        result = AddDot(sign * scale, beta)(other, *dot.inputs)
        copy_stack_trace(out, result)
        return [result] if out.type.is_super(result.type) else None
    return None


def _is_whole_input(x: Variable, out: Variable) -> bool:
    known = not isinstance(x, Constant) and x.owner is None and x.type.dtype == out.type.dtype
    return known and x.type.broadcastable == out.type.broadcastable


def _scaled_product(fgraph: Any, x: Variable) -> tuple[float, Apply] | None:
    """Return a number and the product of matrices that together are `x`, which has one reader."""
    scale = 1.0
    if not has_one_client(fgraph, x):
        return None
    if scalar_op_of(x) == ps.mul and len(x.owner.inputs) == 2:
        for factor, rest in (x.owner.inputs, x.owner.inputs[::-1]):
            number = constant_value(factor)
            if number is not None and has_one_client(fgraph, rest):
                scale, x = float(number), rest
                break
    node = x.owner
    if node is None or not isinstance(node.op, Dot) or not np.isfinite(scale) or scale == 0:
        return None
    matrices = all(i.type.ndim == 2 and i.type.dtype == x.type.dtype for i in node.inputs)
    return (scale, node) if matrices and _is_worth_a_call(node) else None


def _is_worth_a_call(node: Apply) -> bool:
    """Whether BLAS may be asked for the product: of short vectors and tiny matrices it is not."""
    a, b = (x.type.shape for x in node.inputs)
    lengths = (*a, b[1])
    return 1 not in lengths and not all(n is not None and n <= 8 for n in lengths)


accumulate_products = in2out(local_add_product, name="accumulate_products")
