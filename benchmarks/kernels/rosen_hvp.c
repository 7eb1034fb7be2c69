/* Hessian of Rosenbrock's function times a vector: a product with three diagonals, one loop. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0), *restrict v = INPUT(1);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    y[0] = (1200 * x[0] * x[0] - 400 * x[1] + 2) * v[0] - 400 * x[0] * v[1];
    #pragma omp simd
    for (int64_t i = 1; i < n - 1; i++)
        y[i] = (1200 * x[i] * x[i] - 400 * x[i + 1] + 202) * v[i] - 400 * (x[i] * v[i + 1] + x[i - 1] * v[i - 1]);
    y[n - 1] = 200 * v[n - 1] - 400 * x[n - 2] * v[n - 2];
    return result;
}
