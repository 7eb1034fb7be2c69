/* Dense Hessian of Rosenbrock's function: three diagonals in a matrix of zeros. */
#include "kernel.h"
#include <string.h>

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 2, (npy_intp[]){n, n});
    REAL *restrict h = DATA(result);
    memset(h, 0, n * n * sizeof(REAL));
    for (int64_t i = 0; i < n; i++) h[i * (n + 1)] = i > 0 ? 200 : 0;
    for (int64_t i = 0; i + 1 < n; i++) {
        h[i * (n + 1)] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
        h[i * (n + 1) + 1] = h[i * (n + 1) + n] = -400 * x[i];
    }
    return result;
}
