/* 3x + y */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0), *restrict y = INPUT(1);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict z = DATA(result);
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) z[i] = 3 * x[i] + y[i];
    return result;
}
