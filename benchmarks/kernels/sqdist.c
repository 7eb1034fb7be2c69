/* Squared distances of all pairs, summed for each point: coordinates side by side. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict total = DATA(result), *restrict a = scratch(3 * n), *b = a + n, *c = b + n;
    for (int64_t i = 0; i < n; i++) a[i] = x[3 * i], b[i] = x[3 * i + 1], c[i] = x[3 * i + 2];
    for (int64_t i = 0; i < n; i++) {
        const REAL p = a[i], q = b[i], r = c[i];
        REAL t = 0;
        #pragma omp simd reduction(+ : t)
        for (int64_t j = 0; j < n; j++)
            t += (p - a[j]) * (p - a[j]) + (q - b[j]) * (q - b[j]) + (r - c[j]) * (r - c[j]);
        total[i] = t;
    }
    return result;
}
