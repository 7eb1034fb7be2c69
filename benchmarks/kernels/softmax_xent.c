/* Mean cross-entropy of softmax rows with integer labels, and its gradient, in one visit of each row. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1), *label = INDEX(1);
    PyObject *gradient = fresh(0, 2, PyArray_DIMS(in[0]));
    REAL total = 0, *restrict sums = scratch(n);
    for (int64_t i = 0; i < n; i++) {
        const REAL *restrict x = INPUT(0) + i * d;
        REAL *restrict g = DATA(gradient) + i * d, m = x[0], s = 0;
        if (label[i] < 0 || label[i] >= d) return PyErr_Format(PyExc_IndexError, "row %ld", (long)i);
        #pragma omp simd reduction(max : m)
        for (int64_t j = 0; j < d; j++) m = x[j] > m ? x[j] : m;
        #pragma omp simd reduction(+ : s)
        for (int64_t j = 0; j < d; j++) {
            g[j] = exp(x[j] - m);
            s += g[j];
        }
        const REAL scale = 1 / (s * n);
        #pragma omp simd
        for (int64_t j = 0; j < d; j++) g[j] *= scale;
        g[label[i]] -= (REAL)1 / n;
        total += m - x[label[i]];
        sums[i] = s;
    }
    #pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; i++) total += log(sums[i]);
    return Py_BuildValue("[NN]", fresh_scalar(total / n), gradient);
}
