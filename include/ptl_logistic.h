/* The logistic function and its kin, accurate over the whole range.
 *
 * Branch-free, with a version each for float and double.  Include ptl_math.h first.
 */
#ifndef PTL_LOGISTIC_H
#define PTL_LOGISTIC_H

#include "ptl_polynomial.h"

/* -- an exponential in two parts -----------------------------------------------------------------------------------
 * exp(x) = scale² (1 + p), where scale is a power of two and |x - 2 log(scale)| <= log 2, so that p, returned, is
 * exp(x) - 1 itself near 0.  Squared, scale overflows and underflows where exp(x) does.  Adding 1.5 · 2^52 rounds to
 * a whole number, which then stands in the lowest bits; shifted, with the bias added, they are an exponent. */
PTL_INLINE double ptl_exp_parts_d(double x, double *scale) {
    const double shifter = 0x1.8p52 + 1023;
    const double shifted = PTL_FMA(x, 0x1.71547652b82fep-1, shifter), h = shifted - shifter;
    const double r = PTL_FMA(h, -0x1.ef35793c76730p-44, PTL_FMA(h, -0x1.62e42fefa3800p+0, x));
    int64_t bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    bits = (int64_t)((uint64_t)bits << 52);
    __builtin_memcpy(scale, &bits, sizeof bits);
    return PTL_FMA(r * r, PTL_P12(r, 0x1.fffffffffffffp-2, 0x1.5555555555555p-3, 0x1.5555555555b2ep-5,
        0x1.11111111112a0p-7, 0x1.6c16c16afad8ep-10, 0x1.a01a019f82b14p-13, 0x1.a01a04163a0a7p-16,
        0x1.71de3ba54586cp-19, 0x1.27e2837c17d6fp-22, 0x1.ae61b4c6e35efp-26, 0x1.2135777fc3390p-29,
        0x1.6392f0a6c3b00p-33), r);
}
PTL_INLINE float ptl_exp_parts_f(float x, float *scale) {
    const float shifter = 0x1.8p23f + 127;
    const float shifted = PTL_FMA(x, 0x1.71547652b82fep-1f, shifter), h = shifted - shifter;
    const float r = PTL_FMA(h, -0x1.7f7d1cf79abcap-19f, PTL_FMA(h, -0x1.62e4p+0f, x));
    int32_t bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)((uint32_t)bits << 23);
    __builtin_memcpy(scale, &bits, sizeof bits);
    return PTL_FMA(r * r, PTL_P6(r, 0x1.000002e84db35p-1, 0x1.5555569fa75f2p-3, 0x1.554e870848c9ep-5,
        0x1.110e0bcb9dd0dp-7, 0x1.70cd7d5dee12ep-10, 0x1.a4497cc3331d0p-13), r);
}
/* (atanh(q) - q) / q³ as a polynomial of v = q², for |q| <= 1/3. */
PTL_INLINE double ptl_atanh_rest_d(double v) {
    return PTL_P10(v, 0x1.5555555555555p-2, 0x1.999999999a3ddp-3, 0x1.24924923d44c6p-3, 0x1.c71c727143318p-4,
        0x1.745cf0b0e03bdp-4, 0x1.3b18b294bebf9p-4, 0x1.10ac75dc602b1p-4, 0x1.eb905e8575054p-5, 0x1.687a6e7c95176p-5,
        0x1.4b0a26c5f2aefp-4);
}
PTL_INLINE float ptl_atanh_rest_f(float v) {
    return PTL_P5(v, 0x1.5555558d7fe22p-2, 0x1.9998d485cf47ep-3, 0x1.24c926a40acd3p-3, 0x1.bc8cf8ddd5876p-4,
        0x1.dba25f0718ee6p-4);
}

/* -- the functions ----------------------------------------------------------------------------------------------------
 * LOWEST: where exp(x) has become 0. */
#define PTL_LOGISTIC(s, T, LOWEST)                                                                                   \
    /* exp(-|x|) never overflows, and the quotient keeps denormal results. */                                        \
    PTL_INLINE T ptl_sigmoid_##s(T x) {                                                                              \
        const T e = exp(-fabs(x));                                                                                   \
        return (x >= 0 ? (T)1 : e) / (1 + e);                                                                        \
    }                                                                                                                \
    /* expm1(2y) / (expm1(2y) + 2), of which 1 is left from 20 on. */                                                \
    PTL_INLINE T ptl_tanh_##s(T x) {                                                                                 \
        const T y = fabs(x), bounded = y > 20 ? (T)20 : y;                                                           \
        T scale;                                                                                                     \
        const T p = ptl_exp_parts_##s(bounded + bounded, &scale), square = scale * scale;                            \
        const T t = PTL_FMA(p, square, square - 1);                                                                  \
        return copysign(t / (t + 2), x);                                                                             \
    }                                                                                                                \
    /* log(1 + exp(x)) for x <= 0: with e = exp(x) it is 2 atanh(e / (2 + e)). */                                    \
    PTL_INLINE T ptl_log1pexp_##s(T x) {                                                                             \
        const T bounded = x < LOWEST ? (T)LOWEST : x;                                                                \
        T scale;                                                                                                     \
        const T p = ptl_exp_parts_##s(bounded, &scale), e = PTL_FMA(p, scale, scale) * scale;                        \
        const T twice = (e + e) / (2 + e), v = (T)0.25 * twice * twice;                                              \
        return PTL_FMA(twice * v, ptl_atanh_rest_##s(v), twice);                                                     \
    }                                                                                                                \
    PTL_INLINE T ptl_softplus_##s(T x) { return (x > 0 ? x : (T)0) + ptl_log1pexp_##s(-fabs(x)); }                   \
    /* log(exp(a) + exp(b)); equal infinities add nothing. */                                                        \
    PTL_INLINE T ptl_logaddexp_##s(T a, T b) {                                                                       \
        const T more = ptl_log1pexp_##s(-fabs(a - b));                                                               \
        return a == b ? a + (T)0.693147180559945309417 : (a > b ? a : b) + more;                                     \
    }                                                                                                                \
    /* log(1 - exp(x)): of -expm1(x) near 0; else of the rounded u = 1 - exp(x), whose error is known. */            \
    PTL_INLINE T ptl_log1mexp_##s(T x) {                                                                             \
        const T bounded = x < LOWEST ? (T)LOWEST : x;                                                                \
        T scale;                                                                                                     \
        const T p = ptl_exp_parts_##s(bounded, &scale), e = PTL_FMA(p, scale, scale) * scale, u = 1 - e;             \
        const bool near = scale == 1;                                                                                \
        const T lost = near ? (T)0 : ((1 - u) - e) / u;                                                              \
        const T l = log(near ? -p : u) + lost;                                                                       \
        return x > 0 ? (T)NAN : l;                                                                                   \
    }                                                                                                                \
    /* x log y and x log1p y, 0 where x is 0 whatever y is. */                                                       \
    PTL_INLINE T ptl_xlogy_##s(T x, T y) {                                                                           \
        const T l = log(y);                                                                                          \
        return x == 0 ? (T)0 : x * l;                                                                                \
    }                                                                                                                \
    PTL_INLINE T ptl_xlog1py_##s(T x, T y) {                                                                         \
        const T l = log1p(y);                                                                                        \
        return x == 0 ? (T)0 : x * l;                                                                                \
    }

PTL_LOGISTIC(f, float, -105)
PTL_LOGISTIC(d, double, -746)

#define ptl_sigmoid(x) PTL_BY_PRECISION(ptl_sigmoid, x)(x)
#define ptl_tanh(x) PTL_BY_PRECISION(ptl_tanh, x)(x)
#define ptl_softplus(x) PTL_BY_PRECISION(ptl_softplus, x)(x)
#define ptl_logaddexp(x, y) PTL_BY_PRECISION(ptl_logaddexp, x)(x, y)
#define ptl_log1mexp(x) PTL_BY_PRECISION(ptl_log1mexp, x)(x)
#define ptl_xlogy(x, y) PTL_BY_PRECISION(ptl_xlogy, x)(x, y)
#define ptl_xlog1py(x, y) PTL_BY_PRECISION(ptl_xlog1py, x)(x, y)

#endif
