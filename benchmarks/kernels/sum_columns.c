/* Sums of columns: eight rows are added before the totals are touched. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]) + 1);
    SUM *restrict y = sums_of(DATA(result), scratch(d));
    const REAL *restrict x = INPUT(0);
    int64_t i = 0;
    for (int64_t j = 0; j < d; j++) y[j] = 0;
    for (; i + 8 <= n; i += 8) {
        const REAL *restrict a = x + i * d, *b = a + 4 * d;
        #pragma omp simd
        for (int64_t j = 0; j < d; j++)
            y[j] += (((SUM)a[j] + a[j + d]) + ((SUM)a[j + 2 * d] + a[j + 3 * d])) +
                    (((SUM)b[j] + b[j + d]) + ((SUM)b[j + 2 * d] + b[j + 3 * d]));
    }
    for (; i < n; i++)
        for (int64_t j = 0; j < d; j++) y[j] += x[i * d + j];
    rounded(DATA(result), y, d);
    return result;
}
