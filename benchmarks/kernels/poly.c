/* 2x³ + 3x² − 4x + 5, by Horner's rule */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = ((2 * x[i] + 3) * x[i] - 4) * x[i] + 5;
    return result;
}
