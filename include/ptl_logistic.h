/* The logistic function and its kin, accurate over the whole range.
 *
 * Branch-free, with a version each for float and double.  Include ptl_math.h first.
 */
#ifndef PTL_LOGISTIC_H
#define PTL_LOGISTIC_H

#include "ptl_exponential.h"

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
 * U: unsigned, as wide as T.  BIAS: of its exponents. */
#define PTL_LOGISTIC(s, T, U, BIAS)                                                                                  \
    /* Of x and e = exp(-|x|), which never overflows; the quotient keeps denormal results. */                        \
    PTL_INLINE T ptl_sigmoid_by_##s(T x, T e) { return (x >= 0 ? (T)1 : e) / (1 + e); }                              \
    PTL_INLINE T ptl_sigmoid_##s(T x) { return ptl_sigmoid_by_##s(x, exp(-fabs(x))); }                               \
    /* expm1(2y) / (expm1(2y) + 2), of which 1 is left from 20 on. */                                                \
    PTL_BOUND(T, ptl_tanh_most_##s, 20)                                                                              \
    PTL_INLINE T ptl_tanh_##s(T x) {                                                                                 \
        const T y = PTL_AT_MOST(ptl_tanh_most_##s, fabs(x));                                                         \
        U biased;                                                                                                    \
        const T p = ptl_exp_parts_##s(y + y, BIAS, &biased), power = ptl_power_##s(biased);                          \
        const T t = PTL_FMA(p, power, power - 1);                                                                    \
        return copysign(t / (t + 2), x);                                                                             \
    }                                                                                                                \
    /* log(1 + e), for 0 <= e <= 1: 2 atanh(e / (2 + e)). */                                                         \
    PTL_INLINE T ptl_log1p_near_##s(T e) {                                                                           \
        const T twice = (e + e) / (2 + e), v = (T)0.25 * twice * twice;                                              \
        return PTL_FMA(twice * v, ptl_atanh_rest_##s(v), twice);                                                     \
    }                                                                                                                \
    /* log(1 + exp(x)), of x and l = log(1 + exp(-|x|)). */                                                          \
    PTL_INLINE T ptl_softplus_by_##s(T x, T l) { return (x > 0 ? x : (T)0) + l; }                                    \
    PTL_INLINE T ptl_softplus_##s(T x) {                                                                             \
        return ptl_softplus_by_##s(x, ptl_log1p_near_##s(ptl_exp_##s(-fabs(x))));                                    \
    }                                                                                                                \
    /* log(exp(a) + exp(b)), of both and l = log(1 + exp(-|a - b|)); equal infinities add nothing. */                \
    PTL_INLINE T ptl_logaddexp_by_##s(T a, T b, T l) {                                                               \
        return a == b ? a + (T)0.693147180559945309417 : (a > b ? a : b) + l;                                        \
    }                                                                                                                \
    PTL_INLINE T ptl_logaddexp_##s(T a, T b) {                                                                       \
        return ptl_logaddexp_by_##s(a, b, ptl_log1p_near_##s(ptl_exp_##s(-fabs(a - b))));                            \
    }                                                                                                                \
    /* log(1 - exp(x)): of -expm1(x) near 0; else of the rounded u = 1 - exp(x), whose error is known. */            \
    PTL_INLINE T ptl_log1mexp_##s(T x) {                                                                             \
        U biased;                                                                                                    \
        const T p = ptl_exp_parts_##s(PTL_AT_LEAST(ptl_exp_least_##s, x), 2 * BIAS, &biased);                        \
        const T e = ptl_exp_whole_##s(p, biased), u = 1 - e;                                                         \
        const bool near = x > (T)-0.34;                                                                              \
        const T lost = near ? (T)0 : ((1 - u) - e) / u;                                                              \
        const T l = log(near ? -p : u) + lost;                                                                       \
        return x > 0 ? (T)NAN : l;                                                                                   \
    }                                                                                                                \
    /* x log y and x log1p y, of x and the logarithm: 0 where x is 0 whatever y is. */                               \
    PTL_INLINE T ptl_times_log_##s(T x, T l) { return x == 0 ? (T)0 : x * l; }                                       \
    PTL_INLINE T ptl_xlogy_##s(T x, T y) {                                                                           \
        const T l = log(y);                                                                                          \
        return ptl_times_log_##s(x, l);                                                                              \
    }                                                                                                                \
    PTL_INLINE T ptl_xlog1py_##s(T x, T y) {                                                                         \
        const T l = log1p(y);                                                                                        \
        return ptl_times_log_##s(x, l);                                                                              \
    }

PTL_LOGISTIC(f, float, uint32_t, 127)
PTL_LOGISTIC(d, double, uint64_t, 1023)

#define ptl_sigmoid(x) PTL_BY_PRECISION(ptl_sigmoid, x)(x)
#define ptl_sigmoid_by(x, e) PTL_BY_PRECISION(ptl_sigmoid_by, x)(x, e)
#define ptl_log1p_near(x) PTL_BY_PRECISION(ptl_log1p_near, x)(x)
#define ptl_softplus_by(x, l) PTL_BY_PRECISION(ptl_softplus_by, x)(x, l)
#define ptl_logaddexp_by(a, b, l) PTL_BY_PRECISION(ptl_logaddexp_by, a)(a, b, l)
#define ptl_times_log(x, l) PTL_BY_PRECISION(ptl_times_log, x)(x, l)
#define ptl_tanh(x) PTL_BY_PRECISION(ptl_tanh, x)(x)
#define ptl_softplus(x) PTL_BY_PRECISION(ptl_softplus, x)(x)
#define ptl_logaddexp(x, y) PTL_BY_PRECISION(ptl_logaddexp, x)(x, y)
#define ptl_log1mexp(x) PTL_BY_PRECISION(ptl_log1mexp, x)(x)
#define ptl_xlogy(x, y) PTL_BY_PRECISION(ptl_xlogy, x)(x, y)
#define ptl_xlog1py(x, y) PTL_BY_PRECISION(ptl_xlog1py, x)(x, y)

#endif
