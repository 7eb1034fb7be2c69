"""Which function lowers which op: the table of contents of the C back end.

An op that is not here runs through NumPy, between two native programs.  `sizes_of` names the
inputs that are lengths, bounds or positions: integers that must be known before a program starts.
"""

from __future__ import annotations

from collections.abc import Callable

from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.checks import lower_check
from pytensorlite.link.c.diagonals import lower_extract_diag
from pytensorlite.link.c.linalg import MATRIX_OPS, lower_matrices
from pytensorlite.link.c.movement import (
    lower_alloc,
    lower_alloc_empty,
    lower_arange,
    lower_argmax,
    lower_cumulative,
    lower_eye,
    lower_inc_subtensor,
    lower_join,
    lower_make_vector,
    lower_split,
)
from pytensorlite.link.c.plan import NoLowering, Plan
from pytensorlite.link.c.products import lower_add_dot, lower_dot
from pytensorlite.link.c.region import lower_fused, lower_member
from pytensorlite.link.c.views import (
    lower_dimshuffle,
    lower_reshape,
    lower_same,
    lower_specify_shape,
    lower_subtensor,
)
from pytensorlite.tensor.basic import (
    Alloc,
    AllocEmpty,
    ARange,
    Eye,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
)
from pytensorlite.tensor.checking import CheckAndRaise
from pytensorlite.tensor.cumulative import CumOp
from pytensorlite.tensor.diagonals import ExtractDiag
from pytensorlite.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensorlite.tensor.math import Argmax, Dot
from pytensorlite.tensor.rewriting.accumulate import AddDot
from pytensorlite.tensor.rewriting.fusion import Fused
from pytensorlite.tensor.rewriting.positions import Positions
from pytensorlite.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
)

Lowering = Callable[[Plan, Apply], None]

LOWERINGS: dict[type, Lowering] = {
    # loop nests
    Fused: lower_fused,
    Elemwise: lower_member,
    CAReduce: lower_member,
    Dot: lower_dot,
    AddDot: lower_add_dot,
    AdvancedSubtensor: lower_member,
    AdvancedIncSubtensor: lower_member,
    AdvancedSubtensor1: lower_member,
    AdvancedIncSubtensor1: lower_member,
    # making, moving, indexing
    Alloc: lower_alloc,
    AllocEmpty: lower_alloc_empty,
    ARange: lower_arange,
    Eye: lower_eye,
    Positions: lower_member,
    MakeVector: lower_make_vector,
    Join: lower_join,
    Split: lower_split,
    IncSubtensor: lower_inc_subtensor,
    Argmax: lower_argmax,
    CumOp: lower_cumulative,
    # linear algebra
    **dict.fromkeys(MATRIX_OPS, lower_matrices),
    # another look at the same memory
    DimShuffle: lower_dimshuffle,
    Reshape: lower_reshape,
    SpecifyShape: lower_specify_shape,
    Subtensor: lower_subtensor,
    ExtractDiag: lower_extract_diag,
    ScalarFromTensor: lower_same,
    TensorFromScalar: lower_same,
    CheckAndRaise: lower_check,
}

SIZES: dict[type, slice] = {
    Reshape: slice(1, None),
    SpecifyShape: slice(1, None),
    Subtensor: slice(1, None),
    IncSubtensor: slice(2, None),
    Alloc: slice(1, None),
    AllocEmpty: slice(0, None),
    ARange: slice(0, None),
    Eye: slice(0, None),
    Positions: slice(0, None),
    Split: slice(1, None),
    Join: slice(0, 1),
}

PURE_SIZES = (Shape, Shape_i)
SIZE_ARITHMETIC = (Elemwise, DimShuffle, ScalarFromTensor, TensorFromScalar, MakeVector)


def lowering_of(node: Apply) -> Lowering:
    """Return the function that lowers `node`.

    Raises
    ------
    NoLowering
        If there is none.
    """
    for kind in type(node.op).__mro__:
        if kind in LOWERINGS:
            return LOWERINGS[kind]
    if getattr(node.op, "is_identity", False):  # views and copies: memory is planned here anyway
        return lower_same
    raise NoLowering(f"no lowering for {node.op}")


def sizes_of(node: Apply) -> list:
    """Return the inputs of `node` that are sizes rather than data."""
    if isinstance(node.op, Fused):
        inside = node.op.sizes()
        pairs = zip(node.op.fgraph.inputs, node.inputs, strict=True)
        return [outer for inner, outer in pairs if inner in inside]
    for kind in type(node.op).__mro__:
        if kind in SIZES:
            return node.inputs[SIZES[kind]]
    return []
