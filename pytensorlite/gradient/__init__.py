"""Derivatives of graphs, as graphs.

`grad`, `Lop` and `subgraph_grad` go backward, `Rop` forward; `jacobian`, `hessian` and
`hessian_vector_product` are built from them.  `zero_grad` and its like steer what flows back, and
`verify_grad` compares the result with finite differences.

Five short modules: `walk` (the one pass over the graph), `rules` (asking a node), `reverse`,
`forward` and `derivatives` (what users call), with `arguments`, `values`, `views`, `check` and
`errors` at their side.
"""

from pytensorlite.configdefaults import config
from pytensorlite.gradient.arguments import as_list_or_tuple
from pytensorlite.gradient.check import mode_not_slow, numeric_grad, verify_grad
from pytensorlite.gradient.derivatives import hessian, hessian_vector_product, jacobian
from pytensorlite.gradient.errors import (
    DisconnectedInputError,
    GradientError,
    NullTypeGradError,
    SeveralOutputsError,
)
from pytensorlite.gradient.forward import Rop, pushforward, pushforward_through_pullback
from pytensorlite.gradient.reverse import Lop, grad, pullback, subgraph_grad
from pytensorlite.gradient.views import (
    DisconnectedGrad,
    GradClip,
    GradScale,
    UndefinedGrad,
    ViewOp,
    ZeroGrad,
    disconnected_grad,
    disconnected_grad_,
    grad_clip,
    grad_scale,
    undefined_grad,
    undefined_grad_,
    zero_grad,
    zero_grad_,
)
from pytensorlite.graph.basic import Apply, NominalVariable, Variable
from pytensorlite.graph.null_type import (
    DisconnectedType,
    NullType,
    disconnected_type,
    grad_not_implemented,
    grad_undefined,
    null_type,
)
from pytensorlite.graph.op import Op
from pytensorlite.graph.type import Type

__all__ = [
    "DisconnectedGrad",
    "DisconnectedInputError",
    "DisconnectedType",
    "GradClip",
    "GradScale",
    "GradientError",
    "Lop",
    "NullType",
    "NullTypeGradError",
    "Rop",
    "SeveralOutputsError",
    "UndefinedGrad",
    "ViewOp",
    "ZeroGrad",
    "as_list_or_tuple",
    "disconnected_grad",
    "disconnected_grad_",
    "disconnected_type",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "mode_not_slow",
    "null_type",
    "numeric_grad",
    "pullback",
    "pushforward",
    "pushforward_through_pullback",
    "subgraph_grad",
    "undefined_grad",
    "undefined_grad_",
    "verify_grad",
    "zero_grad",
    "zero_grad_",
]
