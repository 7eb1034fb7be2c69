/* Maxima of columns: eight rows are compared before the results are touched. A NaN wins: two values are compared at
 * once to find one, and a result that is one stays so. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    if (n == 0) return PyErr_Format(PyExc_ValueError, "columns are empty");
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]) + 1);
    REAL *restrict y = DATA(result);
    const REAL *restrict x = INPUT(0);
    int64_t i = 0;
    for (int64_t j = 0; j < d; j++) y[j] = x[j];
    for (; i + 8 <= n; i += 8) {
        const REAL *restrict a = x + i * d, *b = a + 4 * d;
        #pragma omp simd
        for (int64_t j = 0; j < d; j++) {
            REAL m = y[j];
            const MASK nan = isunordered(a[j], a[j + d]) | isunordered(a[j + 2 * d], a[j + 3 * d]) |
                             isunordered(b[j], b[j + d]) | isunordered(b[j + 2 * d], b[j + 3 * d]);
            for (int k = 0; k < 8; k++) m = a[j + k * d] > m ? a[j + k * d] : m;
            y[j] = nan ? (REAL)NAN : m;
        }
    }
    for (; i < n; i++)
        for (int64_t j = 0; j < d; j++) {
            const REAL v = x[i * d + j];
            y[j] = v > y[j] || v != v ? v : y[j];
        }
    return result;
}
