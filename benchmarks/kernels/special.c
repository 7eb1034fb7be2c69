/* erf x + gammaln(x² + 1) as vectors. gammaln of y >= 1: below 3 a polynomial for gammaln(2 + t), with the logarithm of y
 * below 2; above, Stirling's series; one logarithm serves both. */
#include "kernel.h"

static const double near_two[17] = {
    0x1.2383e809a67e8p-1, 0x1.1200f695b0dd9p-2, -0x1.6f0ca9a1c274bp-5, 0x1.646ae6e419451p-7, -0x1.95b11573d663fp-9,
    0x1.f7e4615efec34p-11, -0x1.4a5d12d336ae1p-12, 0x1.c135f99610f91p-14, -0x1.3957bfff00ca5p-15, 0x1.bd757d8269c78p-17,
    -0x1.413561ce0e402p-18, 0x1.d4978e156de87p-20, -0x1.58bf4a18c386bp-21, 0x1.f975577582fc7p-23, -0x1.78c519d546ae4p-24,
    0x1.4c9be66572ba9p-25, -0x1.f52bd7edb7bd0p-27};
static const double series[11] = {
    0x1.5555555555553p-4, -0x1.6c16c16bf6282p-9, 0x1.a01a00e5622e3p-11, -0x1.3813174192ecdp-11, 0x1.b9326a92f5e65p-11,
    -0x1.f3dd1d895f8ddp-10, 0x1.8f44ea0ec1548p-8, -0x1.7937174913bd7p-6, 0x1.4d2171357754ap-4, -0x1.a820884cf6c52p-3,
    0x1.0c1788f27869cp-2};
static const double short_near_two[8] = {
    0x1.2383e814198f5p-1, 0x1.1200f68e40302p-2, -0x1.6f0cfd24cbe14p-5, 0x1.646b5dcf90801p-7, -0x1.95494286101e4p-9,
    0x1.f7508e8a4c4f1p-11, -0x1.5ed87bba6da83p-12, 0x1.de5ce2e4e46c7p-14};
static const double short_series[4] = {
    0x1.55555527ee2e1p-4, -0x1.6c1053fe8f04ap-9, 0x1.9b6b1f59ee1f5p-11, -0x1.dc80ac39b23c6p-12};

#define SINGLE (sizeof(REAL) == 4)
static inline REAL polynomial(REAL x, const double *coefficients, int terms) {
    REAL sum = coefficients[terms - 1];
    for (int k = terms - 2; k >= 0; k--) sum = sum * x + (REAL)coefficients[k];
    return sum;
}

static inline REAL gammaln(REAL y) {
    const REAL a = y < 3 ? y : 2, t = a - floor(a), s = t - (REAL)0.5;
    const REAL near = SINGLE ? polynomial(s, short_near_two, 8) : polynomial(s, near_two, 17);
    const REAL l = log(y < 2 ? y : y < 3 ? 1 : y * (REAL)0x1.78b56362cef38p-2), inverse = 1 / y, w = inverse * inverse;
    const REAL rest = SINGLE ? polynomial(w, short_series, 4) : polynomial(w, series, 11);
    const REAL large = (y - (REAL)0.5) * l + ((REAL)0.41893853320467274178 + inverse * rest);
    return y < 3 ? t * near - l : large;
}

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = erf(x[i]) + gammaln(x[i] * x[i] + 1);
    return result;
}
