"""What does a call cost?  f(x) = x + 1 on 8 doubles, against a bare C function and against NumPy.

The bare function is a METH_FASTCALL extension function, built here, that checks its argument,
allocates the result and fills it: the least that any compiled function can cost. Run it on a quiet
machine:

    python benchmarks/call_overhead.py
"""

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import timeit
from pathlib import Path

import numpy as np

import pytensorlite.tensor as pt
from pytensorlite import function, shared

BARE = r"""
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>

static PyObject *add_one(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    PyArrayObject *x = (PyArrayObject *)args[0];
    if (count != 1 || !PyArray_CheckExact(x) || PyArray_TYPE(x) != NPY_DOUBLE ||
        PyArray_NDIM(x) != 1 || !PyArray_ISCARRAY_RO(x))
        return PyErr_Format(PyExc_TypeError, "expected a contiguous vector of doubles");
    npy_intp n = PyArray_DIM(x, 0);
    PyObject *y = PyArray_SimpleNew(1, &n, NPY_DOUBLE);
    if (y == NULL) return NULL;
    const double *restrict from = PyArray_DATA(x);
    double *restrict to = PyArray_DATA((PyArrayObject *)y);
    for (npy_intp i = 0; i < n; i++) to[i] = from[i] + 1;
    return y;
}

static PyMethodDef methods[] = {
    {"add_one", (PyCFunction)(void *)add_one, METH_FASTCALL, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "bare", NULL, -1, methods};
PyMODINIT_FUNC PyInit_bare(void) { import_array(); return PyModule_Create(&definition); }
"""


def build_bare(folder):
    """Compile the extension module and return its function."""
    source, library = folder / "bare.c", folder / "bare.so"
    source.write_text(BARE)
    includes = [f"-I{sysconfig.get_paths()['include']}", f"-I{np.get_include()}"]
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run(
        [*compiler, "-O2", "-shared", "-fPIC", *includes, str(source), "-o", str(library)],
        check=True,
    )
    spec = importlib.util.spec_from_file_location("bare", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.add_one


def nanoseconds(statements, names, rounds=60):
    """Return the least time of each statement, taken in turns: noise only ever adds."""
    timers = [timeit.Timer(statement, globals=names) for statement in statements]
    counts = [max(1, int(0.004 / max(timer.timeit(10) / 10, 1e-8))) for timer in timers]
    best = [float("inf")] * len(timers)
    for _ in range(rounds):
        for position, (timer, count) in enumerate(zip(timers, counts, strict=True)):
            best[position] = min(best[position], timer.timeit(count) / count * 1e9)
    return best


def main():
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        measure(folder)


def measure(folder):
    x, a, b, c = pt.dvectors("x", "a", "b", "c")
    s = pt.dscalar("s")
    state = shared(np.zeros(8), name="state")
    names = {
        "bare": build_bare(Path(folder)),
        "add": function([x], x + 1),
        "three": function([a, b, c], [a + 1, b + 1, c + 1]),
        "number": function([s], s + 1),
        "update": function([], [], updates={state: state + 1}),
        "x": np.arange(8.0),
        "y": np.arange(8.0),
        "z": np.arange(8.0),
        "large": np.ones(1_000_000),
        "scalar": np.array(1.0),
    }
    rows = [
        ("f(x) = x + 1, 8 doubles", "add(x)", "x + 1", "bare(x)"),
        ("three in, three out", "three(x, y, z)", "x + 1, y + 1, z + 1", None),
        ("a Python number", "number(2.0)", "scalar + 1", None),
        ("a shared variable's update", "update()", "x.copy() + 1", None),
        ("f(x) = x + 1, 10^6 doubles", "add(large)", "large + 1", "bare(large)"),
    ]
    print(
        f"Python {sys.version.split()[0]}, NumPy {np.__version__}; ns per call, least of 60 rounds"
    )
    print(f"{'':<30}{'ours':>10}{'NumPy':>10}{'bare C':>10}{'/ NumPy':>9}{'/ bare':>8}")
    for label, *statements in rows:
        ours, numpys, *bare = nanoseconds([each for each in statements if each], names)
        line = f"{label:<30}{ours:>10.0f}{numpys:>10.0f}"
        line += f"{bare[0]:>10.0f}" if bare else f"{'-':>10}"
        line += f"{ours / numpys:>9.2f}"
        print(line + (f"{ours / bare[0]:>8.2f}" if bare else f"{'-':>8}"))


if __name__ == "__main__":
    main()
