"""From a symbolic graph to something that can be called.

`function` is the way in (`pytensorlite.compile.function.function`; the name `function` here is the
package in which it lives). `mode` says how to compile, `io` what to say of single inputs and
outputs, `sharedvalue` what lives between calls.
"""

from pytensorlite.compile import mode, ops, sharedvalue
from pytensorlite.compile.builders import OpFromGraph
from pytensorlite.compile.function.types import (
    AliasedMemoryError,
    Function,
    UnusedInputError,
)
from pytensorlite.compile.io import In, Out, SymbolicInput, SymbolicOutput
from pytensorlite.compile.maker import FunctionMaker, Supervisor
from pytensorlite.compile.mode import (
    CVM,
    FAST_COMPILE,
    FAST_RUN,
    JAX,
    NUMBA,
    NUMPY,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_FAST_RUN_STABLE,
    OPT_MERGE,
    OPT_NONE,
    OPT_O2,
    OPT_O3,
    OPT_STABILIZE,
    OPT_UNSAFE,
    PYTORCH,
    AddFeatureOptimizer,
    C,
    Mode,
    PrintCurrentFunctionGraph,
    get_default_mode,
    get_mode,
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensorlite.compile.ops import (
    DeepCopyOp,
    FromFunctionOp,
    ViewOp,
    as_op,
    deep_copy_op,
    view_op,
    wrap_py,
)
from pytensorlite.compile.profiling import ProfileStats
from pytensorlite.compile.sharedvalue import SharedVariable, shared, shared_constructor
from pytensorlite.tensor import sharedvar  # registers how arrays and numbers are shared
