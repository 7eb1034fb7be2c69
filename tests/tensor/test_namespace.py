"""What users find as ``pt.<name>``."""

import subprocess
import sys
from types import FunctionType, ModuleType

import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.elemwise import Elemwise

MOST_USED = [
    "as_tensor_variable",
    "log",
    "switch",
    "sqrt",
    "sum",
    "as_tensor",
    "lt",
    "exp",
    "full",
    "dot",
    "concatenate",
    "square",
    "eq",
    "broadcast_arrays",
    "le",
    "inf",
    "constant",
    "transpose",
    "power",
    "log1p",
    "set_subtensor",
    "arange",
    "scalar",
    "gt",
    "zeros_like",
    "TensorVariable",
    "ge",
    "diag",
    "shape_padright",
    "zeros",
    "stack",
    "neq",
    "reshape",
    "abs",
    "all",
    "or_",
    "gammaln",
    "pow",
    "prod",
    "where",
    "full_like",
    "floor",
    "gamma",
    "add",
    "mul",
    "clip",
    "ones",
    "reciprocal",
    "erfcx",
    "ones_like",
    "eye",
    "cumsum",
    "broadcast_to",
    "isclose",
    "log1mexp",
    "vector",
    "cast",
    "round",
    "expand_dims",
    "broadcast_shape",
    "any",
    "and_",
    "mean",
    "max",
    "atleast_1d",
    "shape",
    "sign",
    "squeeze",
    "erfc",
    "betainc",
    "erf",
    "empty",
    "logsumexp",
    "logaddexp",
    "outer",
    "maximum",
    "specify_shape",
    "alloc",
    "min",
    "sin",
    "moveaxis",
    "inc_subtensor",
    "bitwise_and",
    "softplus",
    "sigmoid",
    "ceil",
    "isinf",
    "flatten",
    "join",
    "repeat",
    "matrix",
    "sqr",
    "grad",
    "identity_like",
    "cos",
    "take_along_axis",
    "take",
    "bitwise_not",
    "erfcinv",
    "i0",
    "unique",
    "sort",
    "ivector",
    "diagonal",
    "TensorType",
    "sub",
    "jacobian",
    "dvector",
    "fvector",
    "argmax",
    "einsum",
    "allclose",
    "get_vector_length",
    "fill",
    "log1pexp",
    "arctan",
    "tan",
    "gammaincc",
    "i1",
    "diff",
    "minimum",
    "shape_padleft",
    "get_underlying_scalar_constant_value",
    "isnan",
    "sinh",
    "arcsinh",
    "cosh",
    "arccosh",
    "tanh",
    "arctanh",
    "split",
    "specify_broadcastable",
    "isneginf",
    "tensor3",
    "iscalar",
    "tile",
    "ive",
    "kv",
]


@pytest.mark.parametrize("name", MOST_USED)
def test_the_most_used_names(name):
    assert hasattr(pt, name)


@pytest.mark.parametrize("name", ["shape", "sort", "einsum", "reshape", "grad", "join_dims"])
def test_functions_win_over_modules_of_the_same_name(name):
    assert isinstance(getattr(pt, name), FunctionType | Elemwise)
    __import__(
        f"pytensorlite.tensor.{name}" if name in ("shape", "sort") else "pytensorlite.tensor"
    )
    assert not isinstance(getattr(pt, name), ModuleType)


def test_unknown_names():
    with pytest.raises(AttributeError, match="nonsense"):
        pt.nonsense


def test_nothing_slow_is_imported():
    code = (
        "import pytensorlite.tensor, sys; print([m for m in ('scipy', 'cffi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
