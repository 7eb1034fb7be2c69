/* Products of 4 × 4 matrices, unrolled. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    if (LENGTH(0, 1) != 4 || LENGTH(0, 2) != 4) return PyErr_Format(PyExc_ValueError, "not 4 x 4");
    PyObject *result = fresh(0, 3, PyArray_DIMS(in[0]));
    for (int64_t m = 0; m < n; m++) {
        const REAL *restrict a = INPUT(0) + 16 * m, *restrict b = INPUT(1) + 16 * m;
        REAL *restrict y = DATA(result) + 16 * m;
        for (int i = 0; i < 4; i++) {
            #pragma omp simd
            for (int j = 0; j < 4; j++)
                y[4 * i + j] = a[4 * i] * b[j] + a[4 * i + 1] * b[4 + j] + a[4 * i + 2] * b[8 + j] +
                               a[4 * i + 3] * b[12 + j];
        }
    }
    return result;
}
