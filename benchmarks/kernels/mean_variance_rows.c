/* Means and variances of rows: the mean first, then squares about it from a row that is still in the cache; four rows
 * side by side. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *results[2] = {fresh(0, 1, PyArray_DIMS(in[0])), fresh(1, 1, PyArray_DIMS(in[0]))};
    REAL *restrict mean = DATA(results[0]), *restrict variance = DATA(results[1]);
    const REAL *restrict x = INPUT(0);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const REAL *restrict a = x + i * d, *b = a + d, *c = b + d, *e = c + d;
        SUM s = 0, t = 0, u = 0, v = 0, ss = 0, tt = 0, uu = 0, vv = 0;
        #pragma omp simd reduction(+ : s, t, u, v)
        for (int64_t j = 0; j < d; j++) s += a[j], t += b[j], u += c[j], v += e[j];
        s /= d, t /= d, u /= d, v /= d;
        #pragma omp simd reduction(+ : ss, tt, uu, vv)
        for (int64_t j = 0; j < d; j++) {
            ss += (a[j] - s) * (a[j] - s), tt += (b[j] - t) * (b[j] - t);
            uu += (c[j] - u) * (c[j] - u), vv += (e[j] - v) * (e[j] - v);
        }
        mean[i] = s, mean[i + 1] = t, mean[i + 2] = u, mean[i + 3] = v;
        variance[i] = ss / d, variance[i + 1] = tt / d, variance[i + 2] = uu / d, variance[i + 3] = vv / d;
    }
    for (; i < n; i++) {
        SUM s = 0, ss = 0;
        for (int64_t j = 0; j < d; j++) s += x[i * d + j];
        s /= d;
        for (int64_t j = 0; j < d; j++) ss += (x[i * d + j] - s) * (x[i * d + j] - s);
        mean[i] = s, variance[i] = ss / d;
    }
    return Py_BuildValue("[NN]", results[0], results[1]);
}
