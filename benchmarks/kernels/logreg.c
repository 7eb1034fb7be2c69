/* Value and gradient of ridge logistic regression in one pass over X: blocks of rows, so that the transcendental part is
 * a vector loop; eight rows at a time for the gradient, so that it is read and written an eighth as often. */
#include "kernel.h"
enum { ROWS = 32, AHEAD = 16384 / sizeof(REAL) };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    const REAL *restrict X = INPUT(0), *restrict y = INPUT(1), *restrict w = INPUT(2);
    PyObject *gradient = fresh(0, 1, PyArray_DIMS(in[2]));
    REAL *restrict g = DATA(gradient);
    SUM loss = 0, ridge = 0;
    for (int64_t j = 0; j < d; j++) g[j] = w[j], ridge += w[j] * w[j];
    for (int64_t start = 0; start < n; start += ROWS) {
        const int64_t rows = n - start < ROWS ? n - start : ROWS;
        REAL z[ROWS] = {0}, r[ROWS] = {0};
        int64_t i;
        for (i = 0; i < rows; i++) {
            const REAL *restrict x = X + (start + i) * d;
            REAL lanes[LANES] = {0}, rest = 0;
            int64_t j = 0;
            fetch(x + AHEAD, n * d > 1 << 23 ? d : 0);
            for (; j + LANES <= d; j += LANES) {
                #pragma omp simd
                for (int k = 0; k < LANES; k++) lanes[k] += x[j + k] * w[j + k];
            }
            for (; j < d; j++) rest += x[j] * w[j];
            z[i] = total(lanes) + rest;
        }
        #pragma omp simd reduction(+ : loss)
        for (i = 0; i < rows; i++) {
            const REAL e = exp(-fabs(z[i])), t = y[start + i];
            loss += (z[i] > 0 ? z[i] : 0) + log1p(e) - t * z[i];
            r[i] = (z[i] >= 0 ? 1 : e) / (1 + e) - t;
        }
        for (i = 0; i + 8 <= rows; i += 8) {
            const REAL *restrict a = X + (start + i) * d, *q = r + i;
            const REAL *restrict b = a + 4 * d;
            #pragma omp simd
            for (int64_t j = 0; j < d; j++)
                g[j] += a[j] * q[0] + a[d + j] * q[1] + a[2 * d + j] * q[2] + a[3 * d + j] * q[3] +
                        b[j] * q[4] + b[d + j] * q[5] + b[2 * d + j] * q[6] + b[3 * d + j] * q[7];
        }
        for (; i < rows; i++)
            for (int64_t j = 0; j < d; j++) g[j] += X[(start + i) * d + j] * r[i];
    }
    return Py_BuildValue("[NN]", fresh_scalar((REAL)(loss + 0.5 * ridge)), gradient);
}
