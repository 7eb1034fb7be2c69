/* Running sums of rows, eight side by side: each addition waits for the one before it, so eight wait at once. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    PyObject *result = fresh(0, 2, PyArray_DIMS(in[0]));
    const REAL *restrict x = INPUT(0);
    REAL *restrict y = DATA(result);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const REAL *restrict a = x + i * d;
        REAL *restrict b = y + i * d, s[8] = {0};
        for (int64_t j = 0; j < d; j++)
            for (int k = 0; k < 8; k++) b[k * d + j] = s[k] += a[k * d + j];
    }
    for (; i < n; i++) {
        REAL s = 0;
        for (int64_t j = 0; j < d; j++) y[i * d + j] = s += x[i * d + j];
    }
    return result;
}
