/* exp(-v²) tanh v + log1p v² + sin v */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict v = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const REAL square = v[i] * v[i];
        y[i] = exp(-square) * tanh(v[i]) + log1p(square) + sin(v[i]);
    }
    return result;
}
