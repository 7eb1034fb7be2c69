/* Maxima of rows, four rows side by side. A NaN wins: four rows look for one as they go, and rows that have one are
 * done again. */
#include "kernel.h"

static REAL largest(const REAL *x, int64_t d) {
    REAL m = x[0];
    for (int64_t j = 1; j < d && m == m; j++) m = x[j] > m || x[j] != x[j] ? x[j] : m;
    return m;
}

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    if (d == 0) return PyErr_Format(PyExc_ValueError, "rows are empty");
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    const REAL *restrict x = INPUT(0);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const REAL *restrict a = x + i * d, *b = a + d, *c = b + d, *e = c + d;
        REAL s = a[0], t = b[0], u = c[0], v = e[0];
        MASK nan = 0;
        #pragma omp simd reduction(max : s, t, u, v) reduction(| : nan)
        for (int64_t j = 0; j < d; j++) {
            s = a[j] > s ? a[j] : s, t = b[j] > t ? b[j] : t;
            u = c[j] > u ? c[j] : u, v = e[j] > v ? e[j] : v;
            nan |= isunordered(a[j], b[j]) | isunordered(c[j], e[j]);
        }
        y[i] = s, y[i + 1] = t, y[i + 2] = u, y[i + 3] = v;
        for (int k = 0; k < 4 && nan; k++) y[i + k] = largest(a + k * d, d);
    }
    for (; i < n; i++) y[i] = largest(x + i * d, d);
    return result;
}
