"""A small, very fast graph compiler with the API of PyTensor.

Build an expression as you would write NumPy, ask for derivatives, and `function` returns the value
and the gradient as one compiled C program::

    import pytensorlite as pytensor
    import pytensorlite.tensor as pt

    x = pt.dvector("x")
    f = pytensor.function([x], [pt.exp(x).sum(), pytensor.grad(pt.exp(x).sum(), x)])

Names are looked up when they are first used, so that programs which need no graph, such as
``pytensorlite-cache``, load none.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytensorlite._version import __version__

try:
    import pytensorlite.cgen
except ModuleNotFoundError as error:
    if error.name != "pytensorlite.cgen":
        raise
    raise ImportError(
        "this folder holds the sources of pytensorlite, of which pip makes the package: "
        "`pip install -e .` makes it here; or start Python in another folder to find the one that "
        "is installed"
    ) from None

if TYPE_CHECKING:
    from pytensorlite.compile.builders import OpFromGraph
    from pytensorlite.compile.function import function, function_dump
    from pytensorlite.compile.io import In, Out
    from pytensorlite.compile.maker import FunctionMaker
    from pytensorlite.compile.mode import Mode
    from pytensorlite.compile.profiling import ProfileStats
    from pytensorlite.configdefaults import config
    from pytensorlite.gradient import Lop, Rop, grad, hessian, jacobian, subgraph_grad
    from pytensorlite.graph.basic import Variable
    from pytensorlite.graph.replace import clone_replace, graph_replace
    from pytensorlite.printing import debugprint, pp, pprint
    from pytensorlite.printing import debugprint as dprint
    from pytensorlite.tensor.basic import (
        get_underlying_scalar_constant_value as get_underlying_scalar_constant,
    )
    from pytensorlite.tensor.conversion import as_symbolic
    from pytensorlite.tensor.sharedvar import shared
    from pytensorlite.updates import OrderedUpdates

# Where each public name is at home, and what it is called there if not the same.
_HOMES = {
    "In": "compile.io",
    "Out": "compile.io",
    "FunctionMaker": "compile.maker",
    "Mode": "compile.mode",
    "OpFromGraph": "compile.builders",
    "ProfileStats": "compile.profiling",
    "function": "compile.function",
    "function_dump": "compile.function",
    "config": "configdefaults",
    "Lop": "gradient",
    "Rop": "gradient",
    "grad": "gradient",
    "hessian": "gradient",
    "jacobian": "gradient",
    "subgraph_grad": "gradient",
    "Variable": "graph.basic",
    "clone_replace": "graph.replace",
    "graph_replace": "graph.replace",
    "debugprint": "printing",
    "dprint": "printing:debugprint",
    "pp": "printing",
    "pprint": "printing",
    "as_symbolic": "tensor.conversion",
    "get_underlying_scalar_constant": "tensor.basic:get_underlying_scalar_constant_value",
    "shared": "tensor.sharedvar",
    "OrderedUpdates": "updates",
}
_SUBMODULES = (
    "compile", "configdefaults", "gradient", "graph", "link", "printing", "raise_op",
    "scalar", "tensor", "updates", "utils",
)  # fmt: skip

__all__ = ["__version__", "ifelse", *_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and keep it."""
    if name in _HOMES:
        module, _, called = _HOMES[name].partition(":")
        value = getattr(import_module(f"{__name__}.{module}"), called or name)
    elif name in _SUBMODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_SUBMODULES})


class _Package(ModuleType):
    """This package: ``pytensorlite.ifelse`` is the function, not the module of that name.

    Importing that module would set the attribute to the module, were it not a property.
    """

    @property
    def ifelse(self) -> Any:
        return import_module(f"{__name__}.ifelse").ifelse

    @ifelse.setter
    def ifelse(self, module: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package
