/* x + 1 into a fresh array: the least that a call can cost. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = PyArray_SIZE(in[0]);
    const REAL *restrict x = INPUT(0);
    PyObject *result = PyArray_SimpleNew(PyArray_NDIM(in[0]), PyArray_DIMS(in[0]), REAL_TYPE);
    REAL *restrict y = DATA(result);
    for (int64_t i = 0; i < n; i++) y[i] = x[i] + 1;
    return result;
}
