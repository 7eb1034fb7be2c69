/* Stable log-sum-exp of rows: each row is read twice, the second time from the cache. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result), *restrict largest = scratch(n);
    for (int64_t i = 0; i < n; i++) {
        const REAL *restrict x = INPUT(0) + i * d;
        REAL m = x[0];
        SUM s = 0;
        #pragma omp simd reduction(max : m)
        for (int64_t j = 0; j < d; j++) m = x[j] > m ? x[j] : m;
        #pragma omp simd reduction(+ : s)
        for (int64_t j = 0; j < d; j++) s += exp(x[j] - m);
        y[i] = (REAL)s, largest[i] = m;
    }
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = log(y[i]) + largest[i];
    return result;
}
