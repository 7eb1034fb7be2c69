/* erf x + gammaln(x² + 1) as vectors. gammaln of y >= 1: below 8, y = k + t and a polynomial for gammaln(2 + t) with the
 * logarithm of the factors between; above, Stirling's series; one logarithm serves both. */
#include "kernel.h"

static const double near_two[17] = {
    0x1.2383e809a67e8p-1, 0x1.1200f695b0dd9p-2, -0x1.6f0ca9a1c274bp-5, 0x1.646ae6e419451p-7, -0x1.95b11573d663fp-9,
    0x1.f7e4615efec34p-11, -0x1.4a5d12d336ae1p-12, 0x1.c135f99610f91p-14, -0x1.3957bfff00ca5p-15, 0x1.bd757d8269c78p-17,
    -0x1.413561ce0e402p-18, 0x1.d4978e156de87p-20, -0x1.58bf4a18c386bp-21, 0x1.f975577582fc7p-23, -0x1.78c519d546ae4p-24,
    0x1.4c9be66572ba9p-25, -0x1.f52bd7edb7bd0p-27};
static const double series[7] = {
    0x1.5555555555555p-4, -0x1.6c16c16c149f4p-9, 0x1.a01a017dcf9e1p-11, -0x1.38134d4f8896fp-11, 0x1.b92c33f9445e5p-11,
    -0x1.ef8d748aeb0f2p-10, 0x1.4bffc9d8b455bp-8};
enum { TERMS = sizeof(REAL) == 4 ? 9 : 17 };

static inline REAL gammaln(REAL y) {
    const REAL a = y < 8 ? y : 2, t = a - floor(a), s = t - (REAL)0.5;
    REAL near = near_two[TERMS - 1], rest = series[6];
    for (int k = TERMS - 2; k >= 0; k--) near = near * s + (REAL)near_two[k];
    REAL factors = a < 2 ? a : 1;
    for (int k = 3; k < 8; k++) factors *= a >= k ? a - (k - 2) : 1;
    const REAL l = log(y < 8 ? factors : y), inverse = 1 / y, w = inverse * inverse;
    for (int k = 5; k >= 0; k--) rest = rest * w + (REAL)series[k];
    const REAL large = (y - (REAL)0.5) * (l - 1) + ((REAL)0.41893853320467274178 + inverse * rest);
    return y < 8 ? t * near + (a < 2 ? -l : l) : large;
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
