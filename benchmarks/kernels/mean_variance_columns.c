/* Means and variances of columns in one visit: eight values of a column, in registers, have their own mean and squares
 * about it, and join what is known of the rows above. */
#include "kernel.h"
enum { ROWS = 8 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *results[2] = {fresh(0, 1, PyArray_DIMS(in[0]) + 1), fresh(1, 1, PyArray_DIMS(in[0]) + 1)};
    SUM *memory = scratch(2 * d);
    SUM *restrict mean = sums_of(DATA(results[0]), memory), *restrict variance = sums_of(DATA(results[1]), memory + d);
    int64_t i = 0;
    for (int64_t j = 0; j < d; j++) mean[j] = variance[j] = 0;
    for (; i + ROWS <= n; i += ROWS) {
        const SUM share = (SUM)ROWS / (i + ROWS), weight = share * i;
        const REAL *restrict x = INPUT(0) + i * d;
        #pragma omp simd
        for (int64_t j = 0; j < d; j++) {
            SUM s = 0, squares = 0;
            for (int k = 0; k < ROWS; k++) s += x[k * d + j];
            s /= ROWS;
            for (int k = 0; k < ROWS; k++) squares += (x[k * d + j] - s) * (x[k * d + j] - s);
            const SUM apart = s - mean[j];
            mean[j] += share * apart;
            variance[j] += squares + weight * apart * apart;
        }
    }
    for (; i < n; i++) {
        const SUM share = (SUM)1 / (i + 1);
        const REAL *restrict x = INPUT(0) + i * d;
        #pragma omp simd
        for (int64_t j = 0; j < d; j++) {
            const SUM apart = x[j] - mean[j];
            mean[j] += share * apart;
            variance[j] += share * i * apart * apart;
        }
    }
    #pragma omp simd
    for (int64_t j = 0; j < d; j++) variance[j] /= n;
    rounded(DATA(results[0]), mean, d), rounded(DATA(results[1]), variance, d);
    return Py_BuildValue("[NN]", results[0], results[1]);
}
