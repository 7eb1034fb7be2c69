/* Sums of rows, four rows side by side. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    const REAL *restrict x = INPUT(0);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const REAL *restrict a = x + i * d, *b = a + d, *c = b + d, *e = c + d;
        SUM s = 0, t = 0, u = 0, v = 0;
        #pragma omp simd reduction(+ : s, t, u, v)
        for (int64_t j = 0; j < d; j++) s += a[j], t += b[j], u += c[j], v += e[j];
        y[i] = s, y[i + 1] = t, y[i + 2] = u, y[i + 3] = v;
    }
    for (; i < n; i++) {
        SUM s = 0;
        #pragma omp simd reduction(+ : s)
        for (int64_t j = 0; j < d; j++) s += x[i * d + j];
        y[i] = s;
    }
    return result;
}
