/* exp(−x²) + log1p|x| tanh x + sigmoid(x) sin x */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    #pragma omp simd
    for (int64_t i = 0; i < n; i++)
        y[i] = exp(-x[i] * x[i]) + log1p(fabs(x[i])) * tanh(x[i]) + sin(x[i]) / (1 + exp(-x[i]));
    return result;
}
