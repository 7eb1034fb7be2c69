"""Run the programs with one of the two packages and write what came of each.

As ``python worker.py pytensor|pytensorlite MODE``; the answer goes to the standard output.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))


def compiled(package: Any, mode: Any, inputs: list[Any], outputs: list[Any], values: Any) -> Any:
    """Return dtypes and static shapes of outputs, and their values or the error."""
    types = [(out.type.dtype, out.type.shape) for out in outputs]
    try:
        f = package.function(inputs, outputs, mode=mode, on_unused_input="ignore")
    except Exception as error:
        return types, failed("compiling", error)
    try:
        found = f(*(value.copy() for value in values))
    except Exception as error:
        return types, failed("running", error)
    return types, [np.asarray(value) for value in found]


def failed(when: str, error: Exception) -> tuple[str, list[str], str]:
    """Return when it failed, the names of the exception's classes and its first line."""
    names = [cls.__name__ for cls in type(error).__mro__]
    return when, names, (str(error).splitlines() or [""])[0][:200]


def outcome(package: Any, pt: Any, mode: Any, program: Any) -> dict[str, Any]:
    """Build, run and differentiate a program."""
    values = program.values
    inputs = [
        pt.tensor(dtype=value.dtype.name, shape=static or (None,) * value.ndim)
        for value, static in zip(values, program.static, strict=True)
    ]
    try:
        built = program.build(package, pt, *inputs)
        outputs = list(built) if isinstance(built, list | tuple) else [built]
        outputs = [out if hasattr(out, "type") else pt.as_tensor(out) for out in outputs]
    except Exception as error:
        return {"value": failed("building", error)}
    result = {"value": compiled(package, mode, inputs, outputs, values)}
    if program.wrt and isinstance(result["value"][1], list):
        try:
            cost = outputs[0].sum()
            terms = package.grad(cost, inputs, disconnected_inputs="ignore")
            result["grad"] = compiled(package, mode, inputs, list(terms), values)
        except Exception as error:
            result["grad"] = failed("differentiating", error)
    return result


def main(name: str, mode: str) -> None:
    """Write the outcomes of all programs."""
    from programs import PROGRAMS

    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    package = importlib.import_module(name)
    pt = importlib.import_module(f"{name}.tensor")
    chosen = mode
    if name == "pytensor":
        chosen = package.compile.mode.Mode(linker="py", optimizer=None)
    only = os.environ.get("ONLY")
    answers = {
        program.name: outcome(package, pt, chosen, program)
        for program in PROGRAMS
        if only is None or only == program.name
    }
    sys.stdout.buffer.write(pickle.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
