/* Mean cross-entropy of softmax rows with integer labels, and its gradient, by blocks of rows that stay in the cache:
 * shifted by their maxima, then exponentials of the whole block as one vector, then scaled. */
#include "kernel.h"
enum { SIZE = 2048 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1), *label = INDEX(1);
    PyObject *gradient = fresh(0, 2, PyArray_DIMS(in[0]));
    const int64_t block = d > 0 && SIZE / d > 0 ? SIZE / d : 1;
    SUM total = 0;
    REAL *restrict sums = scratch(n);
    for (int64_t start = 0; start < n; start += block) {
        const int64_t end = n < start + block ? n : start + block;
        REAL *restrict e = DATA(gradient) + start * d;
        for (int64_t i = start; i < end; i++) {
            const REAL *restrict x = INPUT(0) + i * d;
            REAL *restrict g = DATA(gradient) + i * d, m = x[0];
            if (label[i] < 0 || label[i] >= d) return PyErr_Format(PyExc_IndexError, "row %ld", (long)i);
            #pragma omp simd reduction(max : m)
            for (int64_t j = 0; j < d; j++) m = x[j] > m ? x[j] : m;
            #pragma omp simd
            for (int64_t j = 0; j < d; j++) g[j] = x[j] - m;
            total -= g[label[i]];
        }
        #pragma omp simd
        for (int64_t j = 0; j < (end - start) * d; j++) e[j] = exp(e[j]);
        for (int64_t i = start; i < end; i++) {
            REAL *restrict g = DATA(gradient) + i * d;
            SUM s = 0;
            #pragma omp simd reduction(+ : s)
            for (int64_t j = 0; j < d; j++) s += g[j];
            const REAL scale = (REAL)(1 / (s * n));
            #pragma omp simd
            for (int64_t j = 0; j < d; j++) g[j] *= scale;
            g[label[i]] -= (REAL)1 / n;
            sums[i] = (REAL)s;
        }
    }
    #pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; i++) total += log(sums[i]);
    return Py_BuildValue("[NN]", fresh_scalar((REAL)(total / n)), gradient);
}
