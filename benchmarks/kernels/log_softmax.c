/* Logarithms of softmax rows, by blocks of rows that stay in the cache: shifted by their maxima, then exponentials of
 * the whole block as one vector, so that narrow rows have no remainders, and the logarithms of all its sums together. */
#include "kernel.h"
enum { SIZE = 2048, ROWS = 64 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *result = fresh(0, 2, PyArray_DIMS(in[0]));
    const int64_t fit = d > 0 && SIZE / d > 0 ? SIZE / d : 1, block = fit < ROWS ? fit : ROWS;
    REAL *restrict e = scratch(block * d);
    for (int64_t start = 0; start < n; start += block) {
        const int64_t rows = n - start < block ? n - start : block;
        const REAL *restrict x = INPUT(0) + start * d;
        REAL *restrict y = DATA(result) + start * d, sums[ROWS];
        for (int64_t i = 0; i < rows; i++) {
            REAL m = x[i * d];
            #pragma omp simd reduction(max : m)
            for (int64_t j = 0; j < d; j++) m = x[i * d + j] > m ? x[i * d + j] : m;
            #pragma omp simd
            for (int64_t j = 0; j < d; j++) y[i * d + j] = x[i * d + j] - m;
        }
        #pragma omp simd
        for (int64_t j = 0; j < rows * d; j++) e[j] = exp(y[j]);
        for (int64_t i = 0; i < rows; i++) {
            SUM s = 0;
            #pragma omp simd reduction(+ : s)
            for (int64_t j = 0; j < d; j++) s += e[i * d + j];
            sums[i] = s;
        }
        #pragma omp simd
        for (int64_t i = 0; i < rows; i++) sums[i] = log(sums[i]);
        for (int64_t i = 0; i < rows; i++) {
            #pragma omp simd
            for (int64_t j = 0; j < d; j++) y[i * d + j] -= sums[i];
        }
    }
    return result;
}
