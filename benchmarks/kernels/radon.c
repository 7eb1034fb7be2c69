/* Varying intercepts: residuals of a block as vectors, then their sums by group. */
#include "kernel.h"
enum { ROWS = 128 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(5, 0), groups = LENGTH(4, 0), *group = INDEX(5);
    const REAL mean = VALUE(0), log_tau = VALUE(1), beta = VALUE(2), log_sigma = VALUE(3);
    const REAL *restrict alpha = INPUT(4), *restrict x = INPUT(6), *restrict y = INPUT(7);
    const REAL precision = exp(-2 * log_sigma), tightness = exp(-2 * log_tau);
    PyObject *gradient = fresh(0, 1, PyArray_DIMS(in[4]));
    REAL *restrict g = DATA(gradient), squares = 0, slope = 0, spread = 0, offset = 0;
    uint64_t outside = 0;
    #pragma omp simd reduction(| : outside)
    for (int64_t i = 0; i < n; i++) outside |= (uint64_t)group[i] >= (uint64_t)groups;
    if (outside) return PyErr_Format(PyExc_IndexError, "a group is not in range");
    #pragma omp simd reduction(+ : spread, offset)
    for (int64_t j = 0; j < groups; j++) {
        const REAL a = alpha[j] - mean;
        spread += a * a, offset += a, g[j] = -tightness * a;
    }
    for (int64_t start = 0; start < n; start += ROWS) {
        const int64_t rows = n - start < ROWS ? n - start : ROWS;
        REAL r[ROWS];
        #pragma omp simd reduction(+ : squares, slope)
        for (int64_t i = 0; i < rows; i++) {
            const int64_t k = start + i;
            r[i] = y[k] - alpha[group[k]] - beta * x[k];
            squares += r[i] * r[i], slope += r[i] * x[k];
        }
        for (int64_t i = 0; i < rows; i++) g[group[start + i]] += precision * r[i];
    }
    squares *= precision, spread *= tightness;
    const REAL value = (REAL)-0.5 * (squares + spread + mean * mean + beta * beta) -
                       n * log_sigma - groups * log_tau;
    return Py_BuildValue("[NNNNNN]", fresh_scalar(value), fresh_scalar(tightness * offset - mean),
                         fresh_scalar(spread - groups), fresh_scalar(precision * slope - beta),
                         fresh_scalar(squares - n), gradient);
}
