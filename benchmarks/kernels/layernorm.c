/* Layer norm forward and its three gradients, row by row: a row of x and dy stays in the first-level cache, where
 * those of the results are claimed meanwhile. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    const REAL *restrict scale = INPUT(1), *restrict shift = INPUT(2);
    PyObject *results[4];
    for (int k = 0; k < 4; k++) results[k] = fresh(k, k < 2 ? 2 : 1, PyArray_DIMS(in[0]) + (k < 2 ? 0 : 1));
    SUM *memory = scratch(2 * d);
    SUM *restrict d_scale = sums_of(DATA(results[2]), memory), *restrict d_shift = sums_of(DATA(results[3]), memory + d);
    for (int64_t j = 0; j < d; j++) d_scale[j] = d_shift[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        const REAL *restrict x = INPUT(0) + i * d, *restrict dy = INPUT(3) + i * d;
        REAL *restrict y = DATA(results[0]) + i * d, *restrict dx = DATA(results[1]) + i * d;
        SUM total = 0, products = 0, square = 0, t = 0;
        claim(y, n * d > 1 << 19 ? d : 0), claim(dx, n * d > 1 << 19 ? d : 0);
        #pragma omp simd reduction(+ : total, products)
        for (int64_t j = 0; j < d; j++) total += x[j], products += dy[j] * scale[j];
        const REAL mean = (REAL)(total / d), s = (REAL)(products / d);
        #pragma omp simd reduction(+ : square, t)
        for (int64_t j = 0; j < d; j++) {
            const REAL c = x[j] - mean;
            square += c * c, t += dy[j] * scale[j] * c;
        }
        const REAL r = (REAL)(1 / sqrt(square / d + (SUM)1e-5)), slope = (REAL)(t * r / d);
        #pragma omp simd
        for (int64_t j = 0; j < d; j++) {
            const REAL h = (x[j] - mean) * r;
            y[j] = h * scale[j] + shift[j];
            dx[j] = r * (dy[j] * scale[j] - s - h * slope);
            d_scale[j] += dy[j] * h;
            d_shift[j] += dy[j];
        }
    }
    rounded(DATA(results[2]), d_scale, d), rounded(DATA(results[3]), d_shift, d);
    return Py_BuildValue("[NNNN]", results[0], results[1], results[2], results[3]);
}
