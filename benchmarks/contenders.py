"""Who takes part, and how each turns a workload into something to call with NumPy arrays.

Everything here runs inside the contender's own process. A builder imports its package, and returns
a callable of the workload's arrays, or None where the workload has no version for it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .workload import Api, Workload

__all__ = ["BUILDERS", "PACKAGES", "thread_environment", "version"]

KERNELS = Path(__file__).parent / "kernels"

# What each contender is, for versions and for finding its interpreter.
PACKAGES = {
    "pytensorlite": "pytensorlite",
    "c": "",
    "numpy": "numpy",
    "jax": "jax",
    "jax-dev": "jax",
    "torch": "torch",
    "numba": "numba",
    "numexpr": "numexpr",
    "pytensor": "pytensor",
    "pytensor-c": "pytensor",
    "pytensor-numba": "pytensor",
}


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that hold each library to that many threads."""
    count = str(threads)
    names = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM")
    variables = {f"{name}_NUM_THREADS": count for name in names}
    flags = os.environ.get("PYTENSORLITE_FLAGS", "")
    variables["PYTENSORLITE_FLAGS"] = f"{flags},threads={count}".lstrip(",")
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables


def version(contender: str) -> str:
    """Return the version of the package, or raise when it is not installed."""
    if contender == "c":
        from pytensorlite.cgen.toolchain import find_toolchain

        tools = find_toolchain()
        return f"{tools.family} {tools.version}"
    return importlib.metadata.version(PACKAGES[contender])


def _of(workload: type[Workload], name: str) -> Callable | None:
    return getattr(workload, name, None)


def build_numpy(workload: type[Workload], arrays: tuple) -> Callable | None:
    """NumPy as a person writes it."""
    make = _of(workload, "make_numpy")
    return make(arrays) if make else workload.numpy


def _through(api: Api, workload: type[Workload], arrays: tuple, mode: Any) -> Callable | None:
    make = _of(workload, "make_function")
    if make is not None:
        return make(api, arrays, mode)
    graph = _of(workload, "graph")
    if graph is None:
        return None
    variables = api.variables(arrays, workload.shapes)
    outputs = graph(api, *variables)
    return api.module.function(variables, outputs, mode=mode)


def build_pytensorlite(workload: type[Workload], arrays: tuple) -> Callable | None:
    """The package itself."""
    import pytensorlite
    import pytensorlite.tensor as pt

    return _through(Api(pytensorlite, pt), workload, arrays, None)


def build_pytensor(linker: str) -> Callable:
    """PyTensor with its default mode, its C linker, or Numba."""

    def builder(workload: type[Workload], arrays: tuple) -> Callable | None:
        import pytensor
        import pytensor.tensor as pt

        modes = {"": None, "c": "CVM", "numba": "NUMBA"}
        function = _through(Api(pytensor, pt), workload, arrays, modes[linker])
        if function is not None and workload.trust:
            function.trust_input = True
        return function

    return builder


def _jitted(workload: type[Workload], arrays: tuple) -> tuple[Any, Callable | None]:
    import jax

    jax.config.update("jax_enable_x64", True)
    if _of(workload, "make_jax"):
        return jax, workload.make_jax(jax, arrays)
    make = _of(workload, "jax")
    return jax, jax.jit(make(jax)) if make else None


def build_jax(workload: type[Workload], arrays: tuple) -> Callable | None:
    """JAX with NumPy arrays in and out, as anything else here."""
    jax, call = _jitted(workload, arrays)
    asarray, leaves = np.asarray, jax.tree.leaves
    return call and (lambda *given: [asarray(each) for each in leaves(call(*given))])


def build_jax_dev(workload: type[Workload], arrays: tuple) -> Callable | None:
    """JAX with its inputs on the device already and its outputs left there."""
    jax, call = _jitted(workload, arrays)
    there = tuple(jax.device_put(each) for each in arrays)
    return call and (lambda *given: jax.block_until_ready(call(*there)))


def build_torch(workload: type[Workload], arrays: tuple) -> Callable | None:
    """torch.compile; arrays are wrapped without a copy."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    make, make_with_state = _of(workload, "torch"), _of(workload, "make_torch")
    if make is None and make_with_state is None:
        return None
    call = make_with_state(torch, arrays) if make_with_state else torch.compile(make(torch))
    wrap = torch.from_numpy

    def run(*given: np.ndarray) -> Any:
        found = call(*(wrap(each) for each in given))
        several = isinstance(found, (tuple, list))
        return [each.detach().numpy() for each in found] if several else found.detach().numpy()

    return run


def build_numba(workload: type[Workload], arrays: tuple) -> Callable | None:
    """Loops written by hand and compiled by Numba."""
    import numba

    make = _of(workload, "numba")
    return make(numba) if make else None


def build_numexpr(workload: type[Workload], arrays: tuple) -> Callable | None:
    """An expression as text."""
    import numexpr

    make = _of(workload, "numexpr")
    return make(numexpr) if make else None


def build_c(workload: type[Workload], arrays: tuple) -> Callable | None:
    """The kernel written by hand, compiled by the project's own compiler driver."""
    return load_kernel(workload.kernel, str(arrays[0].dtype)) if workload.kernel else None


def kernel_source(name: str) -> str:
    """Return a kernel's text with the text of our headers in the place of their names."""
    text = (KERNELS / name).read_text()
    for header in sorted(KERNELS.glob("*.h"), key=lambda path: path.name == "vector_math.h"):
        text = text.replace(f'#include "{header.name}"', header.read_text())
    return text


def load_kernel(name: str, dtype: str) -> Callable:
    """Compile a kernel as an extension module and return its function."""
    import sysconfig

    from pytensorlite import config
    from pytensorlite.cgen.build import build
    from pytensorlite.cgen.toolchain import LEFT_OUT, find_toolchain

    real = "float" if dtype == "float32" else "double"
    flags = (
        f"-I{sysconfig.get_paths()['include']}", f"-I{np.get_include()}", f"-DREAL={real}",
        f"-DREAL_TYPE=NPY_{real.upper()}", "-O3", "-ffp-contract=fast",
        "-falign-loops=32",
    )  # fmt: skip
    if find_toolchain().family == "gcc":  # what our programs do without
        flags += tuple(f"-f{name}" for name in LEFT_OUT)
    library = build(
        kernel_source(name), flags=flags, label=f"benchmark kernel {name}",
        cache_dir=config.cache_dir,
    )  # fmt: skip
    definition = importlib.util.spec_from_file_location("benchmark_kernel", library.path)
    module = importlib.util.module_from_spec(definition)
    definition.loader.exec_module(module)
    return module.run


BUILDERS: dict[str, Callable[[type[Workload], tuple], Callable | None]] = {
    "pytensorlite": build_pytensorlite,
    "c": build_c,
    "numpy": build_numpy,
    "jax": build_jax,
    "jax-dev": build_jax_dev,
    "torch": build_torch,
    "numba": build_numba,
    "numexpr": build_numexpr,
    "pytensor": build_pytensor(""),
    "pytensor-c": build_pytensor("c"),
    "pytensor-numba": build_pytensor("numba"),
}
