/* Value and gradient of ridge logistic regression in one pass over X: blocks of rows, so that the
 * transcendental part is a vector loop; four rows at a time, so that w and g are read a quarter as often. */
#include "kernel.h"
enum { ROWS = 32 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1);
    const REAL *restrict X = INPUT(0), *restrict y = INPUT(1), *restrict w = INPUT(2);
    PyObject *gradient = fresh(0, 1, PyArray_DIMS(in[2]));
    REAL *restrict g = DATA(gradient), loss = 0, ridge = 0;
    for (int64_t j = 0; j < d; j++) g[j] = w[j], ridge += w[j] * w[j];
    for (int64_t start = 0; start < n; start += ROWS) {
        const int64_t rows = n - start < ROWS ? n - start : ROWS;
        REAL z[ROWS] = {0}, r[ROWS] = {0};
        int64_t i = 0;
        for (; i + 4 <= rows; i += 4) {
            const REAL *restrict a = X + (start + i) * d, *b = a + d, *c = b + d, *e = c + d;
            REAL za = 0, zb = 0, zc = 0, ze = 0;
            #pragma omp simd reduction(+ : za, zb, zc, ze)
            for (int64_t j = 0; j < d; j++)
                za += a[j] * w[j], zb += b[j] * w[j], zc += c[j] * w[j], ze += e[j] * w[j];
            z[i] = za, z[i + 1] = zb, z[i + 2] = zc, z[i + 3] = ze;
        }
        for (; i < rows; i++)
            for (int64_t j = 0; j < d; j++) z[i] += X[(start + i) * d + j] * w[j];
        #pragma omp simd reduction(+ : loss)
        for (i = 0; i < rows; i++) {
            const REAL e = exp(-fabs(z[i])), t = y[start + i];
            loss += (z[i] > 0 ? z[i] : 0) + log1p(e) - t * z[i];
            r[i] = (z[i] >= 0 ? 1 : e) / (1 + e) - t;
        }
        for (i = 0; i + 4 <= rows; i += 4) {
            const REAL *restrict a = X + (start + i) * d, *b = a + d, *c = b + d, *e = c + d;
            const REAL ra = r[i], rb = r[i + 1], rc = r[i + 2], re = r[i + 3];
            #pragma omp simd
            for (int64_t j = 0; j < d; j++)
                g[j] += a[j] * ra + b[j] * rb + c[j] * rc + e[j] * re;
        }
        for (; i < rows; i++)
            for (int64_t j = 0; j < d; j++) g[j] += X[(start + i) * d + j] * r[i];
    }
    return Py_BuildValue("[NN]", fresh_scalar(loss + (REAL)0.5 * ridge), gradient);
}
