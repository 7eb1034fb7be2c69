"""Every row of the op table as a C loop: one translation unit per level of optimisation.

Real floats are compiled like programs are, so that their loops are vectors and call the vector
library; the rest at -O1, where the meaning is the same and gcc is quick.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pytensorlite.link.c.routines import address, declarations
from pytensorlite.scalar.borrowed import borrowed_by
from pytensorlite.scalar.dtypes import all_dtypes
from pytensorlite.scalar.headers import headers_of
from pytensorlite.scalar.op import ScalarOp
from pytensorlite.scalar.table import ROWS

INCLUDE = Path(__file__).resolve().parents[2] / "include"
FLAGS = [
    "-std=gnu11",
    "-fPIC",
    "-shared",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp-simd",
    "-ffp-contract=off",
    "-w",
]

C_TYPES = {dtype: f"{dtype}_t" for dtype in all_dtypes if "int" in dtype} | {
    "bool": "bool",
    "float16": "_Float16",
    "float32": "float",
    "float64": "double",
    "complex64": "float complex",
    "complex128": "double complex",
}


class Case(NamedTuple):
    """A row with the dtypes of its inputs."""

    name: str
    dtypes: tuple[str, ...]

    @property
    def row(self) -> ScalarOp:
        """The op."""
        return ROWS[self.name]

    @property
    def is_vector(self) -> bool:
        """Whether its loop is compiled as in a program."""
        return self.dtypes[-1] in ("float32", "float64")

    @property
    def touches_half(self) -> bool:
        """Whether float16 is read or written, a type that older compilers do not know."""
        return "float16" in (*self.dtypes, self.row.output_dtype(*self.dtypes))

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join(dict.fromkeys(self.dtypes))}"


def arity(row: ScalarOp) -> int:
    """How many inputs a row is tried with."""
    return 2 if row.nin == -1 else row.nin


def dtype_choices(row: ScalarOp) -> list[tuple[str, ...]]:
    """Return the input dtypes that a row accepts: all alike, but for rows with an integer order."""
    choices: list[tuple[str, ...]] = []
    for dtype in all_dtypes:
        alike = (dtype,) * arity(row)
        if row.computes_in in ("first", "last") and row.nin == 2:
            alike = (dtype, "int32") if row.computes_in == "first" else ("int32", dtype)
        choices.append(alike)
    if row.computes_in == "inputs" and row.nin == 2:
        choices += [("int64", "uint64"), ("uint64", "int64"), ("int32", "float32")]
    if row.name == "switch":
        choices += [("bool", "float64", "float64"), ("float32", "int64", "int8")]
    return [choice for choice in choices if _accepts(row, choice)]


def _accepts(row: ScalarOp, dtypes: tuple[str, ...]) -> bool:
    try:
        row.output_dtype(*dtypes)
    except TypeError:
        return False
    return True


def cases() -> list[Case]:
    """Return every row with every choice of dtypes for which there is C."""
    return [
        Case(name, dtypes)
        for name, row in ROWS.items()
        for dtypes in dtype_choices(row)
        if row.c_for(dtypes) is not None
    ]


def symbol(case: Case) -> str:
    """Return the C name of a case."""
    return f"row_{case.name}__{'_'.join(case.dtypes)}"


def loop(case: Case) -> str:
    """Return the C function that applies a row to arrays."""
    row, dtypes = case.row, case.dtypes
    output = row.output_dtype(*dtypes)
    template, types = row.c_for(dtypes, output), row.compute_types(dtypes, output)
    parameters = [f"const {C_TYPES[d]} *restrict x{i}" for i, d in enumerate(dtypes)]
    operands = [
        f"const {C_TYPES[t]} a{i} = x{i}[n];" if t != "bool" else f"const bool a{i} = x{i}[n] != 0;"
        for i, t in enumerate(types)
    ]
    result = template.format(*(f"a{i}" for i in range(len(types))))  # type: ignore[union-attr]
    pragma = "#pragma omp simd\n" if case.is_vector else ""
    return (
        f"void {symbol(case)}({', '.join(parameters)}, {C_TYPES[output]} *restrict y, long k) {{\n"
        f"{pragma}for (long n = 0; n < k; n++) {{ {' '.join(operands)} y[n] = {result}; }}\n}}\n"
    )


class CompiledRows:
    """The compiled cases, callable on arrays."""

    def __init__(self, directory: Path, *flags: str, chosen: Sequence[Case] | None = None) -> None:
        chosen = cases() if chosen is None else chosen
        self.has_half = _knows_half(directory)
        if not self.has_half:
            chosen = [case for case in chosen if not case.touches_half]
        vector = [case for case in chosen if case.is_vector]
        rest = [case for case in chosen if not case.is_vector]
        jobs = [
            _start(directory / "vector", vector, "-O3", *flags),
            _start(directory / "rest", rest, "-O1", *flags),
        ]
        self.libraries = [_finish(*job) for job in jobs]

    def __call__(self, case: Case, *arrays: np.ndarray) -> np.ndarray:
        """Apply a row by C."""
        arrays = tuple(np.ascontiguousarray(a) for a in np.broadcast_arrays(*arrays))
        result = np.empty(arrays[0].shape, case.row.output_dtype(*case.dtypes))
        function = getattr(self.libraries[0 if case.is_vector else 1], symbol(case))
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, result)]
        function(*pointers, ctypes.c_long(result.size))
        return result


def _knows_half(directory: Path) -> bool:
    source = directory / "half.c"
    source.write_text("_Float16 half(float x) { return (_Float16)x; }\n")
    command = [os.environ.get("CC", "gcc"), *FLAGS, str(source), "-o", str(directory / "half.so")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _start(stem: Path, chosen: Sequence[Case], *flags: str) -> tuple[Any, Path]:
    code = "\n".join(map(loop, chosen))
    headers = ["stddef.h", "ptl_math.h", *headers_of(code)]
    table = "\n".join(declarations(borrowed_by(code), "rows")) + "\n"
    source = stem.with_suffix(".c")
    source.write_text("\n".join(f'#include "{h}"' for h in headers) + "\n" + table + code)
    library = stem.with_suffix(".so")
    command = [os.environ.get("CC", "gcc"), *FLAGS, *flags, f"-I{INCLUDE}", str(source)]
    process = subprocess.Popen(
        [*command, "-o", str(library), "-lmvec", "-lm"], stderr=subprocess.PIPE, text=True
    )
    return process, library


def _finish(process: Any, library: Path) -> ctypes.CDLL:
    _, errors = process.communicate()
    assert process.returncode == 0, errors[:3000]
    loaded = ctypes.CDLL(str(library))
    _lend(loaded)
    return loaded


def _lend(library: ctypes.CDLL) -> None:
    """Give the rows that borrow from SciPy its functions."""
    if not hasattr(library, "rows_imports"):
        return
    names = ctypes.cast(library.rows_import_names, ctypes.POINTER(ctypes.c_char_p))
    table = ctypes.cast(library.rows_imports, ctypes.POINTER(ctypes.c_void_p))
    position = 0
    while (name := names[position]) is not None:
        table[position] = address(name.decode())
        position += 1
