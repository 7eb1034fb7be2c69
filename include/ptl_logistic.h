/* The logistic function and its kin, accurate over the whole range.
 *
 * Branch-free, with a version each for float and double.  Include ptl_math.h first.
 */
#ifndef PTL_LOGISTIC_H
#define PTL_LOGISTIC_H

#define PTL_LOGISTIC(s, T)                                                                                           \
    /* exp(-|x|) never overflows, and the quotient keeps denormal results. */                                        \
    PTL_INLINE T ptl_sigmoid_##s(T x) {                                                                              \
        const T e = exp(-fabs(x));                                                                                   \
        return (x >= 0 ? (T)1 : e) / (1 + e);                                                                        \
    }                                                                                                                \
    PTL_INLINE T ptl_softplus_##s(T x) { return (x > 0 ? x : (T)0) + log1p(exp(-fabs(x))); }                         \
    /* log(1 - exp(x)): of -expm1(x) near 0; else of the rounded u = 1 - exp(x), whose error is known. */            \
    PTL_INLINE T ptl_log1mexp_##s(T x) {                                                                             \
        const bool near = x > (T)-0.693147180559945309417;                                                           \
        const T e = exp(x), small = -expm1(x), u = 1 - e;                                                            \
        const T lost = near ? (T)0 : ((1 - u) - e) / u;                                                              \
        return log(near ? small : u) + lost;                                                                         \
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

PTL_LOGISTIC(f, float)
PTL_LOGISTIC(d, double)

#define ptl_sigmoid(x) PTL_BY_PRECISION(ptl_sigmoid, x)(x)
#define ptl_softplus(x) PTL_BY_PRECISION(ptl_softplus, x)(x)
#define ptl_log1mexp(x) PTL_BY_PRECISION(ptl_log1mexp, x)(x)
#define ptl_xlogy(x, y) PTL_BY_PRECISION(ptl_xlogy, x)(x, y)
#define ptl_xlog1py(x, y) PTL_BY_PRECISION(ptl_xlog1py, x)(x, y)

#endif
